use actix_web::{HttpResponse, web};
use portcullis_domain::ports::StorageError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Answers, Code, Problem, Problems};
use crate::{Authentication, HttpOptions, Readiness};

/// How the service is.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
struct HealthDto {
    status: Healthy,
    /// The version of the service.
    #[schema(examples("0.1.0"))]
    version: &'static str,
    /// Whether calls have to say who is calling; false on a developer's machine only.
    auth_enabled: bool,
}

/// All is well.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Healthy {
    /// It answers.
    Healthy,
}

/// That all is well.
#[derive(Serialize, ToSchema)]
#[schema(as = Probe)]
struct ProbeDto {
    status: Healthy,
}

/// Tells how the service is
///
/// Asks the store.
#[utoipa::path(
    get,
    path = "/health",
    tag = "Operations",
    responses((status = 200, description = "The store answers.", body = HealthDto), Problems<StorageError>)
)]
pub(crate) async fn health(
    readiness: web::Data<Readiness>,
    options: web::Data<HttpOptions>,
) -> Result<HttpResponse, Problem> {
    readiness.check_store().await?;
    Ok(HttpResponse::Ok().json(HealthDto {
        status: Healthy::Healthy,
        version: env!("CARGO_PKG_VERSION"),
        auth_enabled: options.authentication == Authentication::AccessTokens,
    }))
}

/// Tells whether the process lives
///
/// Asks nothing of anybody: what restarts a process that does not answer uses this.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "Operations",
    responses((status = 200, description = "The process lives.", body = ProbeDto))
)]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(ProbeDto { status: Healthy::Healthy })
}

/// Tells whether to send requests here
///
/// Asks the store, and says no as soon as a shutdown begins: what balances load uses this.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "Operations",
    responses((status = 200, description = "Requests are welcome.", body = ProbeDto), Problems<NotReady>)
)]
pub(crate) async fn ready(readiness: web::Data<Readiness>) -> Result<HttpResponse, Problem> {
    if readiness.is_shutting_down() {
        return Err(NotReady::ShuttingDown.into());
    }
    readiness.check_store().await.map_err(NotReady::Storage)?;
    Ok(HttpResponse::Ok().json(ProbeDto { status: Healthy::Healthy }))
}

/// Why requests should go elsewhere.
enum NotReady {
    ShuttingDown,
    Storage(StorageError),
}

impl From<NotReady> for Problem {
    fn from(reason: NotReady) -> Self {
        match reason {
            NotReady::ShuttingDown => Self::new(Code::ShuttingDown),
            NotReady::Storage(error) => error.into(),
        }
    }
}

impl Answers for NotReady {
    const CODES: &'static [Code] = &[Code::ShuttingDown];
}
