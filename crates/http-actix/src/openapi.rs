//! The `OpenAPI` document, made from the annotations of the handlers.

use std::collections::HashSet;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi as _};

use crate::handlers::auth::{
    check, email_change, login, logout, me, password_change, password_reset, refresh, register, sessions,
    verification,
};
use crate::handlers::{health, keys};
use crate::problem::{self, Code, ProblemBody};

/// The `OpenAPI` 3.1 document of everything that programs call.
#[must_use]
pub fn openapi() -> OpenApi {
    Document::openapi()
}

/// User accounts over HTTP: JSON in, JSON out. Every error is `application/problem+json` (RFC 9457), whose
/// `code` is for programs and whose `detail` is for people. Fields that are not described are ignored. `HEAD`
/// works wherever `GET` does.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Portcullis"),
    paths(
        register::register,
        verification::verify_by_link,
        verification::verify_by_code,
        verification::resend_verification,
        login::login,
        refresh::refresh,
        logout::logout,
        logout::logout_all,
        sessions::list_sessions,
        sessions::end_session,
        password_reset::request_password_reset,
        password_reset::confirm_password_reset,
        password_change::change_password,
        me::read_me,
        me::update_me,
        me::delete_me,
        email_change::request_email_change,
        email_change::confirm_email_change,
        check::check,
        keys::public_keys,
        health::health,
        health::live,
        health::ready,
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "Accounts", description = "Registering, verifying, reading, changing and erasing one's account."),
        (name = "Sessions", description = "Signing in, staying signed in, and signing out."),
        (name = "Passwords", description = "Changing a password, and setting one that was forgotten."),
        (name = "Operations", description = "Health and public keys."),
    ),
    modifiers(&BearerScheme, &CommonProblems, &Twins)
)]
struct Document;

/// How calls say who is calling.
struct BearerScheme;

impl Modify for BearerScheme {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The access token of a login or a refresh."));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme.build()));
    }
}

/// The problems that follow from what an operation takes, and that no handler has to name.
struct CommonProblems;

impl Modify for CommonProblems {
    fn modify(&self, document: &mut OpenApi) {
        for (_, operation) in document.paths.paths.values_mut().flat_map(operations) {
            let is_secured = operation.security.is_some();
            let takes_body = operation.request_body.is_some();
            let takes_query = operation.parameters.iter().flatten().any(is_query);
            let rules: [(bool, &[Code]); 4] = [
                (is_secured, &[Code::Unauthenticated, Code::InvalidAccessToken]),
                (takes_body, &[Code::MalformedBody, Code::PayloadTooLarge, Code::UnsupportedMediaType]),
                (takes_body || takes_query, &[Code::ValidationFailed]),
                (true, &[Code::Internal]),
            ];
            for code in rules.iter().filter(|(applies, _)| *applies).flat_map(|(_, codes)| *codes) {
                problem::document(&mut operation.responses, *code);
            }
            operation.responses.responses.insert("default".to_owned(), any_problem());
        }
    }
}

/// The same operations at a second path or method, under names of their own.
struct Twins;

impl Modify for Twins {
    fn modify(&self, document: &mut OpenApi) {
        let paths = &mut document.paths.paths;
        if let Some(mut me) = paths.get("/api/v1/auth/me").cloned() {
            for (_, operation) in operations(&mut me) {
                rename(operation, |id| id.replace("_me", "_users_me"));
            }
            paths.insert("/api/v1/users/me".to_owned(), me);
        }
        let mut names = HashSet::new();
        for (method, operation) in paths.values_mut().flat_map(operations) {
            if !names.insert(operation.operation_id.clone()) {
                rename(operation, |id| format!("{id}_by_{method}"));
            }
        }
    }
}

fn rename(operation: &mut Operation, new_name: impl FnOnce(&str) -> String) {
    operation.operation_id = operation.operation_id.as_deref().map(new_name);
}

/// The operations of a path, with their methods.
fn operations(path: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, post, patch, put, delete, options, trace, .. } = path;
    let all = [
        ("get", get),
        ("post", post),
        ("patch", patch),
        ("put", put),
        ("delete", delete),
        ("options", options),
        ("trace", trace),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn is_query(parameter: &RefOr<Parameter>) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query)
}

/// What clients should be ready for beside what an operation lists, such as 405 or what a proxy adds.
fn any_problem() -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response =
        ResponseBuilder::new().description("Any other problem.").content(problem::MEDIA_TYPE, content);
    RefOr::T(response.build())
}
