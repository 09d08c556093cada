//! The one table of paths and methods, of who may call them, and how often.

use std::future::ready;
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceRequest;
use actix_web::guard::{self, GuardContext};
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route};
use portcullis_domain::OwnPermission::{
    AuditRead, RolesAssign, RolesRead, RolesWrite, SessionsRead, SessionsRevoke, TokensIntrospect,
    UsersDelete, UsersRead, UsersWrite,
};

use crate::access::Access::{self, Holding, Open, SignedIn};
use crate::handlers::administration::{audit_events, permissions, roles, user_roles, user_sessions, users};
use crate::handlers::auth::{
    check, email_change, login, logout, me, password_change, password_reset, refresh, register, sessions,
    verification,
};
use crate::handlers::{documentation, health, introspection, keys, metrics};
use crate::matched_route::MatchedRoute;
use crate::panics;
use crate::problem::Problem;
use crate::rate_limit::RouteGroup::{self, Login, Other, Refresh, Register, Reset, Verify};
use crate::rate_limit::enforce;
use crate::use_case_span::UseCaseSpan;

/// Everything that the document describes.
pub(crate) fn api() -> Vec<Endpoint> {
    let mut endpoints = account_journeys();
    endpoints.extend(administration());
    endpoints.push(at("/.well-known/jwks.json").get(Open, Other, keys::public_keys));
    endpoints.extend(operations());
    endpoints
}

fn account_journeys() -> Vec<Endpoint> {
    vec![
        at("/api/v1/auth/register").post(Open, Register, register::register),
        at("/api/v1/auth/verify-email/{token}").get(Open, Verify, verification::verify_by_link),
        at("/api/v1/auth/verify").post(Open, Verify, verification::verify_by_code),
        at("/api/v1/auth/verify/resend").post(Open, Verify, verification::resend_verification),
        at("/api/v1/auth/login").post(Open, Login, login::login),
        at("/api/v1/auth/refresh").post(Open, Refresh, refresh::refresh),
        at("/api/v1/auth/logout").post(SignedIn, Other, logout::logout),
        at("/api/v1/auth/logout-all").post(SignedIn, Other, logout::logout_all),
        at("/api/v1/auth/sessions").get(SignedIn, Other, sessions::list_sessions),
        at("/api/v1/auth/sessions/{id}").delete(SignedIn, Other, sessions::end_session),
        at("/api/v1/auth/password-reset/request").post(Open, Reset, password_reset::request_password_reset),
        at("/api/v1/auth/password-reset/confirm").post(Open, Reset, password_reset::confirm_password_reset),
        at("/api/v1/auth/password-change").post(SignedIn, Login, password_change::change_password),
        me_at("/api/v1/auth/me"),
        me_at("/api/v1/users/me"),
        at("/api/v1/auth/email-change").post(SignedIn, Login, email_change::request_email_change),
        at("/api/v1/auth/email-change/confirm").post(Open, Verify, email_change::confirm_email_change),
        // Asked once for each request to whatever stands behind the proxy, so a limit here would be one there.
        at("/api/v1/auth/check").any_but_preflight(SignedIn, UNLIMITED, check::check),
    ]
}

/// What is done to accounts, roles and tokens of others.
fn administration() -> Vec<Endpoint> {
    vec![
        at("/api/v1/users").get(Holding(UsersRead), Other, users::list_users).post(
            Holding(UsersWrite),
            Other,
            users::create_user,
        ),
        at("/api/v1/users/{id}")
            .get(Holding(UsersRead), Other, users::read_user)
            .patch(Holding(UsersWrite), Other, users::update_user)
            .put(Holding(UsersWrite), Other, users::update_user)
            .delete(Holding(UsersDelete), Other, users::delete_user),
        at("/api/v1/users/{id}/verify").post(Holding(UsersWrite), Other, users::verify_user),
        at("/api/v1/users/{id}/unlock").post(Holding(UsersWrite), Other, users::unlock_user),
        at("/api/v1/users/{id}/sessions")
            .get(Holding(SessionsRead), Other, user_sessions::list_user_sessions)
            .delete(Holding(SessionsRevoke), Other, user_sessions::revoke_user_sessions),
        at("/api/v1/users/{id}/roles").get(Holding(RolesRead), Other, user_roles::list_user_roles),
        at("/api/v1/users/{id}/roles/{role_id}")
            .post(Holding(RolesAssign), Other, user_roles::assign_role)
            .delete(Holding(RolesAssign), Other, user_roles::revoke_role),
        at("/api/v1/roles").get(Holding(RolesRead), Other, roles::list_roles).post(
            Holding(RolesWrite),
            Other,
            roles::create_role,
        ),
        at("/api/v1/roles/{id}")
            .get(Holding(RolesRead), Other, roles::read_role)
            .patch(Holding(RolesWrite), Other, roles::update_role)
            .put(Holding(RolesWrite), Other, roles::update_role)
            .delete(Holding(RolesWrite), Other, roles::delete_role),
        at("/api/v1/permissions").get(Holding(RolesRead), Other, permissions::list_permissions),
        at("/api/v1/audit-events").get(Holding(AuditRead), Other, audit_events::list_audit_events),
        at("/api/v1/introspect").post(Holding(TokensIntrospect), Other, introspection::introspect),
    ]
}

/// What operators ask, also at an address of its own.
pub(crate) fn operations() -> Vec<Endpoint> {
    vec![
        at("/health").get(Open, UNLIMITED, health::health),
        at("/health/live").get(Open, UNLIMITED, health::live),
        at("/health/ready").get(Open, UNLIMITED, health::ready),
    ]
}

/// The figures, for the address of operators alone.
pub(crate) fn metrics() -> Endpoint {
    at(METRICS).get(Open, UNLIMITED, metrics::metrics)
}

/// The document itself, and a page to read it in. They cost no more than a refusal.
pub(crate) fn documentation() -> Vec<Endpoint> {
    vec![
        at("/openapi.json").get(Open, UNLIMITED, documentation::document),
        at("/docs").get(Open, UNLIMITED, documentation::slash),
        at("/docs/{file:.*}").get(Open, UNLIMITED, documentation::page),
    ]
}

fn me_at(path: &'static str) -> Endpoint {
    at(path)
        .get(SignedIn, Other, me::read_me)
        .patch(SignedIn, Other, me::update_me)
        .put(SignedIn, Other, me::update_me)
        .delete(SignedIn, Login, me::delete_me)
}

/// Who may call a path with a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteRule {
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The method; `HEAD` goes with `GET`.
    pub method: &'static str,
    /// Who may.
    pub access: Access,
    /// In which group their calls are counted; none when they are not.
    pub group: Option<RouteGroup>,
}

/// Who may call what: every operation of the [document](crate::openapi()), as the routes have it.
#[must_use]
pub fn routes() -> Vec<RouteRule> {
    api().iter().flat_map(Endpoint::rules).collect()
}

/// In the place of a group: calls are not counted.
pub const UNLIMITED: Option<RouteGroup> = None;

/// The patterns of the paths, as they are told in logs and figures: with their parameters in braces. An interface
/// [beside](crate::Api::with) this one has patterns of its own.
#[must_use]
pub fn route_names() -> Vec<&'static str> {
    api().into_iter().chain(documentation()).map(|endpoint| endpoint.path).chain([METRICS]).collect()
}

/// The path of the figures, at the address for operators.
pub(crate) const METRICS: &str = "/metrics";

/// A path, and what each of its methods does.
pub struct Endpoint {
    path: &'static str,
    rules: Vec<RouteRule>,
    routes: Vec<Route>,
    #[cfg(test)]
    extractors: Vec<&'static str>,
}

/// The endpoint at `path`, which knows no method yet.
#[must_use]
pub fn at(path: &'static str) -> Endpoint {
    Endpoint {
        path,
        rules: Vec::new(),
        routes: Vec::new(),
        #[cfg(test)]
        extractors: Vec::new(),
    }
}

macro_rules! methods {
    ($($name:ident $method:ident;)+) => {$(
        /// Answers this method with `handler`, for who has `access`; calls are counted in `group`.
        #[must_use]
        pub fn $name<F, Args>(
            self,
            access: Access,
            group: impl Into<Option<RouteGroup>>,
            handler: F,
        ) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + 'static,
            F::Output: Responder + 'static,
        {
            let route = web::method(Method::$method);
            self.method(&[stringify!($method)], access, group.into(), route, handler)
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

    /// Answers every method. A CORS preflight carries no credentials, and what it asks is not for us to tell.
    fn any_but_preflight<F, Args>(self, access: Access, group: Option<RouteGroup>, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];
        self.method(&METHODS, access, group, web::route().guard(guard::Not(is_preflight)), handler)
    }

    fn method<F, Args>(
        mut self,
        methods: &[&'static str],
        access: Access,
        group: Option<RouteGroup>,
        route: Route,
        handler: F,
    ) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.routes.push(limited(access.guard(route.to(UseCaseSpan::around(handler))), group));
        for method in methods {
            self.rules.push(RouteRule { path: self.path, method, access, group });
            #[cfg(test)]
            self.extractors.push(std::any::type_name::<Args>());
        }
        self
    }

    /// Mounts it. Other methods are answered 405.
    pub fn mount(self, routes: &mut ServiceConfig) {
        let route = Arc::new(MatchedRoute::new(self.path));
        let allow = self.allow();
        let refuse = move || ready(Err::<HttpResponse, _>(Problem::method_not_allowed(allow.clone())));
        let resource = self.routes.into_iter().fold(web::resource(self.path), Resource::route);
        routes.service(resource.default_service(web::to(refuse)).wrap(from_fn(
            move |request: ServiceRequest, next: Next<BoxBody>| {
                route.tell(&request);
                panics::contained(request, next)
            },
        )));
    }

    /// Whether its path has any.
    pub(crate) fn has_parameters(&self) -> bool {
        self.path.contains('{')
    }

    /// Who may call each of its methods, and how often.
    pub fn rules(&self) -> impl Iterator<Item = RouteRule> {
        self.rules.iter().copied()
    }

    /// The methods as the header `Allow` lists them; `HEAD` is there where `GET` is.
    fn allow(&self) -> String {
        let mut allowed: Vec<&str> = self.rules.iter().map(|rule| rule.method).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_handler_asks_who_calls_where_anybody_may() {
        let mut asking = 0;
        for endpoint in api().iter().chain(&documentation()) {
            for (rule, extractors) in endpoint.rules().zip(&endpoint.extractors) {
                let asks_who_calls = extractors.contains("::authenticated::");
                assert!(!(asks_who_calls && rule.access == Open), "{rule:?}: {extractors}");
                asking += usize::from(asks_who_calls);
            }
        }
        assert!(asking > 0, "extractors that ask are told by the module they are in");
    }
}
