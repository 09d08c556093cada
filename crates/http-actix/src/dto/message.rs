use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// Tells people what has happened.
#[derive(Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct MessageDto {
    /// One or two sentences for people.
    #[schema(examples("The password has been changed."))]
    pub(crate) message: &'static str,
}

impl MessageDto {
    /// An answer that says no more than this.
    pub(crate) fn respond(status: StatusCode, message: &'static str) -> HttpResponse {
        HttpResponse::build(status).json(Self { message })
    }
}
