//! The one table of paths and methods.

use std::future::ready;

use actix_web::body::BoxBody;
use actix_web::guard::{self, GuardContext};
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route};

use crate::handlers::auth::{
    check, email_change, login, logout, me, password_change, password_reset, refresh, register, sessions,
    verification,
};
use crate::handlers::{documentation, health, keys};
use crate::panics;
use crate::problem::Problem;
use crate::rate_limit::RouteGroup::{self, Login, Other, Refresh, Register, Reset, Verify};
use crate::rate_limit::enforce;

/// Everything that the document describes.
pub(crate) fn api() -> Vec<Endpoint> {
    let mut endpoints = vec![
        at("/api/v1/auth/register").post(Register, register::register),
        at("/api/v1/auth/verify-email/{token}").get(Verify, verification::verify_by_link),
        at("/api/v1/auth/verify").post(Verify, verification::verify_by_code),
        at("/api/v1/auth/verify/resend").post(Verify, verification::resend_verification),
        at("/api/v1/auth/login").post(Login, login::login),
        at("/api/v1/auth/refresh").post(Refresh, refresh::refresh),
        at("/api/v1/auth/logout").post(Other, logout::logout),
        at("/api/v1/auth/logout-all").post(Other, logout::logout_all),
        at("/api/v1/auth/sessions").get(Other, sessions::list_sessions),
        at("/api/v1/auth/sessions/{id}").delete(Other, sessions::end_session),
        at("/api/v1/auth/password-reset/request").post(Reset, password_reset::request_password_reset),
        at("/api/v1/auth/password-reset/confirm").post(Reset, password_reset::confirm_password_reset),
        at("/api/v1/auth/password-change").post(Login, password_change::change_password),
        me_at("/api/v1/auth/me"),
        me_at("/api/v1/users/me"),
        at("/api/v1/auth/email-change").post(Login, email_change::request_email_change),
        at("/api/v1/auth/email-change/confirm").post(Verify, email_change::confirm_email_change),
        // Asked once for each request to whatever stands behind the proxy, so a limit here would be one there.
        at("/api/v1/auth/check").any_but_preflight(UNLIMITED, check::check),
        at("/.well-known/jwks.json").get(Other, keys::public_keys),
    ];
    endpoints.extend(operations());
    endpoints
}

/// What operators ask, also at an address of its own.
pub(crate) fn operations() -> Vec<Endpoint> {
    vec![
        at("/health").get(UNLIMITED, health::health),
        at("/health/live").get(UNLIMITED, health::live),
        at("/health/ready").get(UNLIMITED, health::ready),
    ]
}

/// The document itself, and a page to read it in. They cost no more than a refusal.
pub(crate) fn documentation() -> Vec<Endpoint> {
    vec![
        at("/openapi.json").get(UNLIMITED, documentation::document),
        at("/docs").get(UNLIMITED, documentation::slash),
        at("/docs/{file:.*}").get(UNLIMITED, documentation::page),
    ]
}

fn me_at(path: &'static str) -> Endpoint {
    at(path)
        .get(Other, me::read_me)
        .patch(Other, me::update_me)
        .put(Other, me::update_me)
        .delete(Login, me::delete_me)
}

/// In the place of a group: calls are not counted.
pub(crate) const UNLIMITED: Option<RouteGroup> = None;

/// A path, and what each of its methods does.
///
/// Each method says which group its calls are counted in, or that they are not.
pub(crate) struct Endpoint {
    path: &'static str,
    methods: Vec<(Method, Option<RouteGroup>)>,
    routes: Vec<Route>,
}

pub(crate) fn at(path: &'static str) -> Endpoint {
    Endpoint { path, methods: Vec::new(), routes: Vec::new() }
}

macro_rules! methods {
    ($($name:ident $method:ident;)+) => {$(
        pub(crate) fn $name<F, Args>(self, group: impl Into<Option<RouteGroup>>, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            self.method(Method::$method, group.into(), handler)
        }
    )+};
}

impl Endpoint {
    methods! {
        get GET;
        post POST;
        put PUT;
        patch PATCH;
        delete DELETE;
    }

    fn method<F, Args>(mut self, method: Method, group: Option<RouteGroup>, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.routes.push(limited(web::method(method.clone()).to(handler), group));
        self.methods.push((method, group));
        self
    }

    /// Answers every method. A CORS preflight carries no credentials, and what it asks is not for us to tell.
    fn any_but_preflight<F, Args>(mut self, group: Option<RouteGroup>, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.routes.push(limited(web::route().guard(guard::Not(is_preflight)).to(handler), group));
        let methods = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
            Method::TRACE,
        ];
        self.methods = methods.map(|method| (method, group)).into();
        self
    }

    /// Mounts it. Other methods are answered 405.
    pub(crate) fn mount(self, routes: &mut ServiceConfig) {
        let allow = self.allow();
        let refuse = move || ready(Err::<HttpResponse, _>(Problem::method_not_allowed(allow.clone())));
        let resource = self.routes.into_iter().fold(web::resource(self.path), Resource::route);
        routes.service(resource.default_service(web::to(refuse)).wrap(from_fn(panics::contained)));
    }

    /// Its path with each of its methods and their groups.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&'static str, &Method, Option<RouteGroup>)> {
        self.methods.iter().map(|(method, group)| (self.path, method, *group))
    }

    /// The methods as the header `Allow` lists them; `HEAD` is there where `GET` is.
    fn allow(&self) -> String {
        let mut allowed: Vec<&str> = self.methods.iter().map(|(method, _)| method.as_str()).collect();
        if let Some(get) = allowed.iter().position(|method| *method == "GET") {
            allowed.insert(get + 1, "HEAD");
        }
        allowed.join(", ")
    }
}

/// Counts the calls of a route before anything else is done for them.
fn limited(route: Route, group: Option<RouteGroup>) -> Route {
    match group {
        Some(group) => route.wrap(from_fn(move |request, next: Next<BoxBody>| enforce(group, request, next))),
        None => route,
    }
}

fn is_preflight(context: &GuardContext<'_>) -> bool {
    let headers = context.head().headers();
    context.head().method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
