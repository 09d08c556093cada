//! The `OpenAPI` document, made from the annotations of the handlers.

use std::collections::HashSet;
use std::iter;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Schema};
use utoipa::{Modify, OpenApi as _};

use crate::access::Access;
use crate::handlers::administration::{audit_events, permissions, roles, user_roles, user_sessions, users};
use crate::handlers::auth::{
    check, email_change, login, logout, me, password_change, password_reset, refresh, register, sessions,
    verification,
};
use crate::handlers::{health, introspection, keys};
use crate::problem::{self, Code, ProblemBody};
use crate::routes::{RouteRule, routes};

/// The `OpenAPI` 3.1 document of everything that programs call.
#[must_use]
pub fn openapi() -> OpenApi {
    Document::openapi()
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Portcullis",
        description = "User accounts over HTTP: JSON in, JSON out. Every error is `application/problem+json` \
            (RFC 9457), whose `code` is for programs and whose `detail` is for people. Fields that are not \
            described are ignored. `HEAD` works wherever `GET` does, and changes nothing. A body has to arrive \
            within ten seconds, else it counts as malformed. Calls are counted by client address and kind: where an \
            answer can be `rate_limited`, every answer says what is left, in `RateLimit-Policy` and `RateLimit` \
            (draft-ietf-httpapi-ratelimit-headers), unless the installation counts no calls. The \
            security requirement of an operation names the permission that it needs, if any: permissions are read \
            from the store at each call, and nobody hands out, or acts on a user with, a permission that they lack. Where \
            `/health` tells `auth_enabled` as false, every call acts as a built-in administrator, who has no \
            account: what would change it is answered 404."
    ),
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
        users::list_users,
        users::create_user,
        users::read_user,
        users::update_user,
        users::delete_user,
        users::verify_user,
        users::unlock_user,
        user_sessions::list_user_sessions,
        user_sessions::revoke_user_sessions,
        user_roles::list_user_roles,
        user_roles::assign_role,
        user_roles::revoke_role,
        roles::list_roles,
        roles::create_role,
        roles::read_role,
        roles::update_role,
        roles::delete_role,
        permissions::list_permissions,
        audit_events::list_audit_events,
        introspection::introspect,
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
        (name = "Users", description = "Administering the accounts of others."),
        (name = "Roles", description = "Who may do what: roles, their permissions, and who holds them."),
        (name = "Tokens", description = "Finding out what a token is good for."),
        (name = "Audit", description = "What happened that matters to security."),
        (name = "Operations", description = "Health and public keys."),
    ),
    modifiers(&BearerScheme, &OptionalBodies, &Twins, &WhoMayCall, &CommonProblems, &RateLimits)
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

/// A body that may be left out is not one that may be `null`.
struct OptionalBodies;

impl Modify for OptionalBodies {
    fn modify(&self, document: &mut OpenApi) {
        let operations = document.paths.paths.values_mut().flat_map(operations);
        for body in operations.filter_map(|(_, operation)| operation.request_body.as_mut()) {
            let RefOr::T(body) = body else { continue };
            for content in body.content.values_mut() {
                let RefOr::T(content) = content else { continue };
                if let Some(RefOr::T(Schema::OneOf(alternatives))) = &content.schema {
                    let given = alternatives.items.iter().find(|schema| matches!(schema, RefOr::Ref(_)));
                    content.schema = given.cloned();
                    body.required = Some(Required::False);
                }
            }
        }
    }
}

/// Who may call an operation, as the table of routes has it. A permission stands where `OpenAPI` has scopes,
/// and in words.
struct WhoMayCall;

impl Modify for WhoMayCall {
    fn modify(&self, document: &mut OpenApi) {
        for RouteRule { path, method, access, .. } in routes() {
            let Some(item) = document.paths.paths.get_mut(path) else { continue };
            let Some((_, operation)) = operations(item).find(|(name, _)| name.eq_ignore_ascii_case(method))
            else {
                continue;
            };
            if access == Access::Open {
                continue;
            }
            let scopes = access.permissions().iter().map(ToString::to_string);
            operation.security = Some(vec![SecurityRequirement::new("bearer", scopes)]);
            for permission in access.permissions() {
                let needs = format!("Needs the permission `{permission}`.");
                let description = operation.description.take().into_iter().chain(iter::once(needs));
                operation.description = Some(description.collect::<Vec<_>>().join("\n\n"));
                problem::document(&mut operation.responses, Code::Forbidden);
            }
        }
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

/// The problem of the routes whose calls are counted.
struct RateLimits;

impl Modify for RateLimits {
    fn modify(&self, document: &mut OpenApi) {
        let limited: HashSet<_> = routes()
            .iter()
            .filter(|rule| rule.group.is_some())
            .map(|rule| (rule.path, rule.method.to_lowercase()))
            .collect();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                if limited.contains(&(path.as_str(), method.to_owned())) {
                    problem::document(&mut operation.responses, Code::RateLimited);
                }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};
    use utoipa::IntoParams;

    use super::*;
    use crate::fields::{Fields, FromFields};

    fn document() -> Value {
        serde_json::to_value(openapi()).unwrap()
    }

    fn operations_of(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = document["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
    }

    #[test]
    fn the_table_has_routes_of_every_kind() {
        let is = |access: fn(Access) -> bool| routes().into_iter().any(|rule| access(rule.access));
        assert!(is(|access| access == Access::Open));
        assert!(is(|access| access == Access::SignedIn));
        for &permission in portcullis_domain::OwnPermission::ALL {
            let is_asked_for = routes().iter().any(|rule| rule.access == Access::Holding(permission));
            assert!(is_asked_for, "no call asks for {permission}");
        }
    }

    #[test]
    fn what_is_documented_is_routed_and_what_is_routed_is_documented() {
        let document = document();
        let documented: BTreeSet<_> = operations_of(&document)
            .map(|(path, method, _)| (path.to_owned(), method.to_uppercase()))
            .collect();
        let routed: BTreeSet<_> =
            routes().iter().map(|rule| (rule.path.to_owned(), rule.method.to_owned())).collect();
        assert_eq!(documented, routed);
    }

    #[test]
    fn operations_have_names_of_their_own_and_say_what_they_do() {
        let document = document();
        let mut names = BTreeSet::new();
        for (path, method, operation) in operations_of(&document) {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{method} {path}: {name} is taken");
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value, document: &Value) {
            match value {
                Value::Object(members) => {
                    if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                        let target = document.pointer(reference.trim_start_matches('#'));
                        assert!(target.is_some(), "{reference}");
                    }
                    members.values().for_each(|member| check(member, document));
                }
                Value::Array(items) => items.iter().for_each(|item| check(item, document)),
                _ => {}
            }
        }
        let document = document();
        check(&document, &document);
    }

    /// The properties of a schema, and those that are required; of alternatives, what any and what all name.
    fn properties(schema: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
        if let Some(alternatives) = schema["oneOf"].as_array() {
            let mut all = alternatives.iter().map(properties);
            let first = all.next().unwrap();
            return all.fold(first, |(any, every), (properties, required)| {
                (&any | &properties, &every & &required)
            });
        }
        let names = |value: &Value| value.as_array().into_iter().flatten().map(text).collect();
        (schema["properties"].as_object().unwrap().keys().cloned().collect(), names(&schema["required"]))
    }

    fn text(value: &Value) -> String {
        value.as_str().unwrap().to_owned()
    }

    fn owned(names: BTreeSet<&str>) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_schema_of_a_request_names_the_fields_that_are_read() {
        fn fields<T: FromFields>() -> (BTreeSet<String>, BTreeSet<String>) {
            let (all, required) = Fields::of::<T>();
            (owned(all), owned(required))
        }
        let document = document();
        let readers = [
            ("RegisterRequest", fields::<register::RegisterRequest>()),
            ("VerifyRequest", fields::<verification::VerifyRequest>()),
            ("ResendRequest", fields::<verification::ResendRequest>()),
            ("RefreshRequest", fields::<refresh::RefreshRequest>()),
            ("LogoutRequest", fields::<logout::LogoutRequest>()),
            ("PasswordResetRequest", fields::<password_reset::PasswordResetRequest>()),
            ("PasswordResetConfirmation", fields::<password_reset::PasswordResetConfirmation>()),
            ("PasswordChangeRequest", fields::<password_change::PasswordChangeRequest>()),
            ("ProfileUpdate", fields::<me::ProfileUpdate>()),
            ("AccountDeletion", fields::<me::AccountDeletion>()),
            ("EmailChangeRequest", fields::<email_change::EmailChangeRequest>()),
            ("EmailChangeConfirmation", fields::<email_change::EmailChangeConfirmation>()),
            ("UserCreation", fields::<users::UserCreation>()),
            ("UserChange", fields::<users::UserChange>()),
            ("RoleCreation", fields::<roles::RoleCreation>()),
            ("RoleChange", fields::<roles::RoleChange>()),
            ("IntrospectionRequest", fields::<introspection::IntrospectionRequest>()),
        ];
        for (name, fields) in &readers {
            let schema = &document["components"]["schemas"][name];
            assert_eq!(&properties(schema), fields, "{name}");
        }
        let login = properties(&document["components"]["schemas"]["LoginRequest"]);
        let (fields, required) = fields::<login::LoginRequest>();
        assert_eq!(login.0, fields);
        assert!(required.is_superset(&login.1), "one of the names is required too");

        let mut read: BTreeSet<_> = readers.iter().map(|(name, _)| (*name).to_owned()).collect();
        read.insert("LoginRequest".to_owned());
        let taken: BTreeSet<_> = operations_of(&document)
            .filter_map(|(_, _, operation)| operation.pointer("/requestBody/content")?.as_object())
            .flat_map(|content| content.values())
            .filter_map(|content| Some(content["schema"]["$ref"].as_str()?.rsplit('/').next()?.to_owned()))
            .collect();
        assert_eq!(taken, read, "every body that is taken is looked at here");
    }

    #[test]
    fn the_parameters_of_a_query_are_those_that_are_read() {
        fn compare<T: IntoParams + FromFields>() {
            let names: BTreeSet<_> =
                T::into_params(|| None).into_iter().map(|parameter| parameter.name).collect();
            assert_eq!(names, owned(Fields::of::<T>().0));
        }
        compare::<check::CheckQuery>();
        compare::<users::UsersQuery>();
        compare::<audit_events::AuditEventsQuery>();
    }

    #[test]
    fn who_may_call_is_documented() {
        let document = document();
        for RouteRule { path, method, access, .. } in routes() {
            let operation = &document["paths"][path][method.to_lowercase()];
            let names: Vec<_> = access.permissions().iter().map(|permission| permission.name()).collect();
            let security = if access == Access::Open { Value::Null } else { json!([{"bearer": names}]) };
            assert_eq!(operation["security"], security, "{method} {path}");
            let answers = |status: u16, code: &str| {
                let examples = "content/application~1problem+json/examples";
                operation.pointer(&format!("/responses/{status}/{examples}/{code}")).is_some()
            };
            let takes_another_token = path == "/api/v1/auth/refresh";
            let is_open = access == Access::Open && !takes_another_token;
            assert_eq!(answers(401, "unauthenticated"), !is_open, "{method} {path}");
            for permission in access.permissions() {
                assert!(answers(403, "forbidden"), "{method} {path}");
                let words = operation["description"].as_str().unwrap();
                assert!(words.contains(&format!("`{permission}`")), "{method} {path}: {words}");
            }
        }
    }
}
