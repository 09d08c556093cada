//! The one table of paths and methods.

use std::future::ready;

use actix_web::guard::{self, GuardContext};
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route};

use crate::handlers::auth::{
    check, email_change, login, logout, me, password_change, password_reset, refresh, register, sessions,
    verification,
};
use crate::handlers::{documentation, health, keys};
use crate::panics;
use crate::problem::Problem;

/// Everything that the document describes.
pub(crate) fn api() -> Vec<Endpoint> {
    let mut endpoints = vec![
        at("/api/v1/auth/register").post(register::register),
        at("/api/v1/auth/verify-email/{token}").get(verification::verify_by_link),
        at("/api/v1/auth/verify").post(verification::verify_by_code),
        at("/api/v1/auth/verify/resend").post(verification::resend_verification),
        at("/api/v1/auth/login").post(login::login),
        at("/api/v1/auth/refresh").post(refresh::refresh),
        at("/api/v1/auth/logout").post(logout::logout),
        at("/api/v1/auth/logout-all").post(logout::logout_all),
        at("/api/v1/auth/sessions").get(sessions::list_sessions),
        at("/api/v1/auth/sessions/{id}").delete(sessions::end_session),
        at("/api/v1/auth/password-reset/request").post(password_reset::request_password_reset),
        at("/api/v1/auth/password-reset/confirm").post(password_reset::confirm_password_reset),
        at("/api/v1/auth/password-change").post(password_change::change_password),
        me_at("/api/v1/auth/me"),
        me_at("/api/v1/users/me"),
        at("/api/v1/auth/email-change").post(email_change::request_email_change),
        at("/api/v1/auth/email-change/confirm").post(email_change::confirm_email_change),
        at("/api/v1/auth/check").any_but_preflight(check::check),
        at("/.well-known/jwks.json").get(keys::public_keys),
    ];
    endpoints.extend(operations());
    endpoints
}

/// What operators ask, also at an address of its own.
pub(crate) fn operations() -> Vec<Endpoint> {
    vec![
        at("/health").get(health::health),
        at("/health/live").get(health::live),
        at("/health/ready").get(health::ready),
    ]
}

/// The document itself, and a page to read it in.
pub(crate) fn documentation() -> Vec<Endpoint> {
    vec![
        at("/openapi.json").get(documentation::document),
        at("/docs").get(documentation::slash),
        at("/docs/{file:.*}").get(documentation::page),
    ]
}

fn me_at(path: &'static str) -> Endpoint {
    at(path).get(me::read_me).patch(me::update_me).put(me::update_me).delete(me::delete_me)
}

/// A path, and what each of its methods does.
pub(crate) struct Endpoint {
    path: &'static str,
    methods: Vec<Method>,
    routes: Vec<Route>,
}

pub(crate) fn at(path: &'static str) -> Endpoint {
    Endpoint { path, methods: Vec::new(), routes: Vec::new() }
}

macro_rules! methods {
    ($($name:ident $method:ident;)+) => {$(
        pub(crate) fn $name<F, Args>(self, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            self.method(Method::$method, handler)
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

    fn method<F, Args>(mut self, method: Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.routes.push(web::method(method.clone()).to(handler));
        self.methods.push(method);
        self
    }

    /// Answers every method. A CORS preflight carries no credentials, and what it asks is not for us to tell.
    fn any_but_preflight<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.routes.push(web::route().guard(guard::Not(is_preflight)).to(handler));
        self.methods = vec![
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
            Method::TRACE,
        ];
        self
    }

    /// Mounts it. Other methods are answered 405.
    pub(crate) fn mount(self, routes: &mut ServiceConfig) {
        let allow = self.allow();
        let refuse = move || ready(Err::<HttpResponse, _>(Problem::method_not_allowed(allow.clone())));
        let resource = self.routes.into_iter().fold(web::resource(self.path), Resource::route);
        routes.service(resource.default_service(web::to(refuse)).wrap(from_fn(panics::contained)));
    }

    /// Each path with a method, as the document names them.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = (String, String)> {
        self.methods.iter().map(|method| (self.path.to_owned(), method.to_string()))
    }

    /// The methods as the header `Allow` lists them; `HEAD` is there where `GET` is.
    fn allow(&self) -> String {
        let mut allowed: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        if let Some(get) = allowed.iter().position(|method| *method == "GET") {
            allowed.insert(get + 1, "HEAD");
        }
        allowed.join(", ")
    }
}

fn is_preflight(context: &GuardContext<'_>) -> bool {
    let headers = context.head().headers();
    context.head().method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
