use std::sync::Arc;

use actix_cors::Cors;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Scope};
use portcullis_domain::use_cases::UseCases;

use crate::envelope::envelope;
use crate::problem::{Code, Problem};
use crate::rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::routes::{self, Endpoint};
use crate::{HttpOptions, Readiness};

/// The HTTP interface of one installation, to be [served](crate::serve) or mounted into an application of
/// one's own, at its root or in any scope. Clones share all they have; two that were made apart share nothing.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use portcullis_domain::use_cases::UseCases;
/// # use portcullis_http_actix::{Authenticated, HttpOptions};
/// # fn example(use_cases: Arc<UseCases>, options: HttpOptions) {
/// use actix_web::{App, HttpServer, web};
/// use portcullis_http_actix::Api;
///
/// let accounts = Api::new(use_cases, options);
/// HttpServer::new(move || {
///     App::new()
///         .service(web::scope("/accounts").configure(|routes| accounts.configure(routes)))
///         .configure(|routes| accounts.recognise_callers(routes))
///         .route("/greeting", web::get().to(greeting))
/// });
///
/// async fn greeting(Authenticated(caller): Authenticated) -> String {
///     format!("Hello {}", caller.user.email)
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Api {
    use_cases: Arc<UseCases>,
    options: web::Data<HttpOptions>,
    readiness: Readiness,
    others: Vec<Mount>,
}

/// Mounts an interface.
type Mount = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

impl Api {
    /// The interface to `use_cases`, whose start is over.
    #[must_use]
    pub fn new(use_cases: Arc<UseCases>, options: HttpOptions) -> Self {
        let options = web::Data::new(options);
        Self { use_cases, options, readiness: Readiness::default(), others: Vec::new() }.in_service()
    }

    /// The same, which `readiness` tells when a shutdown begins.
    #[must_use]
    pub fn with_readiness(self, readiness: Readiness) -> Self {
        Self { readiness, ..self }.in_service()
    }

    /// The same with another interface beside it, made of the same [building blocks](crate::building_blocks).
    /// What the API answers itself never reaches it.
    #[must_use]
    pub fn with(mut self, mount: impl Fn(&mut ServiceConfig) + Send + Sync + 'static) -> Self {
        self.others.push(Arc::new(mount));
        self
    }

    fn in_service(self) -> Self {
        self.readiness.begin_service(self.use_cases.clone());
        self
    }

    /// Mounts everything into an application or a scope, for good: what comes after it in `routes` is never asked.
    pub fn configure(&self, routes: &mut ServiceConfig) {
        let root = scope().app_data(web::Data::new(self.readiness.clone())).configure(|routes| {
            self.recognise_callers(routes);
            let mut endpoints = routes::api();
            endpoints.extend(routes::documentation());
            // One after the other is tried, and one with parameters takes as long as ten without.
            endpoints.sort_by_key(Endpoint::has_parameters);
            for endpoint in endpoints {
                endpoint.mount(routes);
            }
            for mount in &self.others {
                mount(routes);
            }
        });
        let cors = Condition::new(!self.options.cors_origins.is_empty(), self.cors());
        routes.service(root.wrap(cors).wrap(from_fn(envelope)));
    }

    /// Lets handlers in the application or scope of `routes` ask this installation who is calling, with
    /// [`Authenticated`](crate::Authenticated) and [`Authorized`](crate::Authorized).
    pub fn recognise_callers(&self, routes: &mut ServiceConfig) {
        routes.app_data(web::Data::from(self.use_cases.clone())).app_data(self.options.clone());
    }

    /// Lets pages of the configured origins call. The API knows no cookies, so credentials are not involved.
    fn cors(&self) -> Cors {
        const AN_HOUR: usize = 3600;
        let cors = Cors::default()
            .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
            .allowed_headers([AUTHORIZATION, CONTENT_TYPE])
            .expose_headers(["x-request-id"])
            .expose_headers([RATE_LIMIT, RATE_LIMIT_POLICY])
            .expose_headers([RETRY_AFTER, WWW_AUTHENTICATE, LOCATION])
            .max_age(AN_HOUR);
        self.options.cors_origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
    }
}

/// What operators ask of an installation, from its first moment on: also while it is starting and has no
/// [`Api`] yet.
#[derive(Clone)]
pub struct Operations {
    options: web::Data<HttpOptions>,
    readiness: web::Data<Readiness>,
}

impl Operations {
    /// What is told of the installation that `readiness` belongs to.
    #[must_use]
    pub fn new(options: HttpOptions, readiness: Readiness) -> Self {
        Self { options: web::Data::new(options), readiness: web::Data::new(readiness) }
    }

    /// Mounts it and nothing else.
    pub fn configure(&self, routes: &mut ServiceConfig) {
        let root =
            scope().app_data(self.options.clone()).app_data(self.readiness.clone()).configure(|routes| {
                for endpoint in routes::operations().into_iter().chain([routes::metrics()]) {
                    endpoint.mount(routes);
                }
            });
        routes.service(root.wrap(from_fn(envelope)));
    }
}

/// The root, where what is not found is told so.
fn scope() -> Scope {
    web::scope("").default_service(web::to(async || Err::<HttpResponse, _>(Problem::new(Code::NotFound))))
}
