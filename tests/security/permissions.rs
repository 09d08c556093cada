//! Who may call what, of every route that there is (S50).

use std::collections::BTreeSet;

use portcullis_http_actix::{Access, RouteRule, routes};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, PASSWORD, Server, ServerBuilder, SignedIn, id};

const ANYBODY: &str = "anybody";
const SIGNED_IN: &str = "signed in";

/// Who may call what, as the documentation says it: a route that is not here has no rule.
const DOCUMENTED: &[(&str, &[&str], &str)] = &[
    ("/api/v1/auth/register", &["POST"], ANYBODY),
    ("/api/v1/auth/verify-email/{token}", &["GET"], ANYBODY),
    ("/api/v1/auth/verify", &["POST"], ANYBODY),
    ("/api/v1/auth/verify/resend", &["POST"], ANYBODY),
    ("/api/v1/auth/login", &["POST"], ANYBODY),
    ("/api/v1/auth/refresh", &["POST"], ANYBODY),
    ("/api/v1/auth/logout", &["POST"], SIGNED_IN),
    ("/api/v1/auth/logout-all", &["POST"], SIGNED_IN),
    ("/api/v1/auth/sessions", &["GET"], SIGNED_IN),
    ("/api/v1/auth/sessions/{id}", &["DELETE"], SIGNED_IN),
    ("/api/v1/auth/password-reset/request", &["POST"], ANYBODY),
    ("/api/v1/auth/password-reset/confirm", &["POST"], ANYBODY),
    ("/api/v1/auth/password-change", &["POST"], SIGNED_IN),
    ("/api/v1/auth/me", &["GET", "PATCH", "PUT", "DELETE"], SIGNED_IN),
    ("/api/v1/users/me", &["GET", "PATCH", "PUT", "DELETE"], SIGNED_IN),
    ("/api/v1/auth/email-change", &["POST"], SIGNED_IN),
    ("/api/v1/auth/email-change/confirm", &["POST"], ANYBODY),
    ("/api/v1/auth/check", &["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"], SIGNED_IN),
    ("/api/v1/users", &["GET"], "users:read"),
    ("/api/v1/users", &["POST"], "users:write"),
    ("/api/v1/users/{id}", &["GET"], "users:read"),
    ("/api/v1/users/{id}", &["PATCH", "PUT"], "users:write"),
    ("/api/v1/users/{id}", &["DELETE"], "users:delete"),
    ("/api/v1/users/{id}/verify", &["POST"], "users:write"),
    ("/api/v1/users/{id}/unlock", &["POST"], "users:write"),
    ("/api/v1/users/{id}/sessions", &["GET"], "sessions:read"),
    ("/api/v1/users/{id}/sessions", &["DELETE"], "sessions:revoke"),
    ("/api/v1/users/{id}/roles", &["GET"], "roles:read"),
    ("/api/v1/users/{id}/roles/{role_id}", &["POST", "DELETE"], "roles:assign"),
    ("/api/v1/roles", &["GET"], "roles:read"),
    ("/api/v1/roles", &["POST"], "roles:write"),
    ("/api/v1/roles/{id}", &["GET"], "roles:read"),
    ("/api/v1/roles/{id}", &["PATCH", "PUT", "DELETE"], "roles:write"),
    ("/api/v1/permissions", &["GET"], "roles:read"),
    ("/api/v1/audit-events", &["GET"], "audit:read"),
    ("/api/v1/introspect", &["POST"], "tokens:introspect"),
    ("/.well-known/jwks.json", &["GET"], ANYBODY),
    ("/health", &["GET"], ANYBODY),
    ("/health/live", &["GET"], ANYBODY),
    ("/health/ready", &["GET"], ANYBODY),
];

fn documented() -> BTreeSet<(&'static str, &'static str, &'static str)> {
    DOCUMENTED
        .iter()
        .flat_map(|(path, methods, who)| methods.iter().map(move |method| (*path, *method, *who)))
        .collect()
}

fn who_may(access: Access) -> &'static str {
    match access {
        Access::Open => ANYBODY,
        Access::SignedIn => SIGNED_IN,
        Access::Holding(permission) => permission.name(),
        Access::HoldingAll(_) => unreachable!("no call of the API takes several"),
    }
}

/// Those who call.
struct Callers {
    admin: SignedIn,
    /// Holds every permission of the product's own in turn, or all but one.
    holder: SignedIn,
    role: String,
    plain: SignedIn,
}

impl Callers {
    async fn of(server: &Server) -> Self {
        let admin = server.administrator("admin@example.com").await;
        let holder = server.holding(&admin, "holder@example.com", &[]).await;
        let role = server.role_called(&admin, "holder").await;
        server.made_user(&admin, "plain@example.com").await;
        let plain = server.login("plain@example.com", PASSWORD).await;
        Self { admin, holder, role, plain }
    }

    /// Lets the holder hold exactly these from here on, whatever their token says.
    async fn let_hold(&self, server: &Server, permissions: &[&str]) {
        let admin = server.login("admin@example.com", PASSWORD).await;
        let path = format!("/api/v1/roles/{}", self.role);
        let change = json!({ "permissions": permissions });
        server.patch_as(&admin.access_token, &path, change).await.json(200);
    }
}

async fn call(server: &Server, rule: &RouteRule, path: &str, token: Option<&str>) -> Answer {
    let method = Method::from_bytes(rule.method.as_bytes()).expect("a method");
    let request = server.request(method, path).json(&json!({}));
    server.send(if let Some(token) = token { request.bearer_auth(token) } else { request }).await
}

#[tokio::test]
async fn s50_every_route_lets_in_whom_the_documentation_says_and_nobody_else() {
    let actual: BTreeSet<_> =
        routes().iter().map(|rule| (rule.path, rule.method, who_may(rule.access))).collect();
    assert_eq!(actual, documented(), "every route has the rule that is documented, and no route is new");

    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let callers = Callers::of(&server).await;
    let own: BTreeSet<_> = DOCUMENTED.iter().map(|(.., who)| *who).filter(|who| who.contains(':')).collect();
    let nothing = "00000000-0000-7000-8000-000000000000";
    for rule in routes() {
        let harmless = rule.path.replace("{id}", nothing).replace("{role_id}", nothing);
        // Some of the calls end the session that they are made with.
        let again = async |email: &str| server.login(email, PASSWORD).await.access_token;
        let (plain, admin) = (again("plain@example.com").await, again("admin@example.com").await);
        let nobody = call(&server, &rule, &harmless, None).await;
        let nonsense = call(&server, &rule, &harmless, Some("nonsense")).await;
        let refresh = call(&server, &rule, &harmless, Some(&callers.plain.refresh_token)).await;
        let as_plain = call(&server, &rule, &harmless, Some(&plain)).await;
        let as_admin = call(&server, &rule, &harmless, Some(&admin)).await;
        let is_let_in = |answer: &Answer| ![401, 403].contains(&answer.status) && answer.status < 500;
        if rule.access == Access::Open {
            let asks_for_another_token = rule.path.ends_with("/auth/refresh");
            for answer in [&nobody, &as_plain, &as_admin] {
                assert!(is_let_in(answer) || asks_for_another_token, "{rule:?}: {}", answer.text);
            }
            continue;
        }
        nobody.problem(401, "unauthenticated");
        nonsense.problem(401, "invalid_access_token");
        refresh.problem(401, "invalid_access_token");
        assert!(is_let_in(&as_admin), "{rule:?}: {}", as_admin.text);
        let Access::Holding(permission) = rule.access else {
            assert!(is_let_in(&as_plain), "{rule:?}: {}", as_plain.text);
            continue;
        };
        let who = permission.name();
        as_plain.problem(403, "forbidden");
        let others = rule.path.replace("{id}", &callers.admin.user_id).replace("{role_id}", &callers.role);
        call(&server, &rule, &others, Some(&plain)).await.problem(403, "forbidden");
        let themselves =
            rule.path.replace("{id}", &callers.plain.user_id).replace("{role_id}", &callers.role);
        call(&server, &rule, &themselves, Some(&plain)).await.problem(403, "forbidden");

        callers.let_hold(&server, &[who]).await;
        let as_holder = call(&server, &rule, &harmless, Some(&callers.holder.access_token)).await;
        assert!(is_let_in(&as_holder), "{rule:?}: {}", as_holder.text);
        assert_eq!(as_holder.status, as_admin.status, "{rule:?}: an administrator may all that a holder may");
        if rule.path.contains("{id}") {
            as_holder.problem(404, "not_found");
        }
        let all_but: Vec<_> = own.iter().copied().filter(|permission| *permission != who).collect();
        callers.let_hold(&server, &all_but).await;
        let as_other = call(&server, &rule, &harmless, Some(&callers.holder.access_token)).await;
        as_other.problem(403, "forbidden");
        if rule.method == "GET" {
            let head = server.request(Method::HEAD, &harmless).bearer_auth(&plain);
            server.send(head).await.empty(403);
        }
    }
}

#[tokio::test]
async fn ids_that_name_nothing_are_told_alike() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator("admin@example.com").await;
    let role = server.role_called(&admin, "user").await;
    for no_id in ["00000000-0000-7000-8000-000000000000", "no-uuid", "0", "%00", "%ff", &"9".repeat(500)] {
        for rule in routes().iter().filter(|rule| rule.path.contains("{id}")) {
            let path = rule.path.replace("{id}", no_id).replace("{role_id}", &role);
            call(&server, rule, &path, Some(&admin.access_token)).await.problem(404, "not_found");
            let path = rule.path.replace("{id}", &admin.user_id).replace("{role_id}", no_id);
            if rule.path.contains("{role_id}") {
                call(&server, rule, &path, Some(&admin.access_token)).await.problem(404, "not_found");
            }
        }
    }
    // A role's id names no user, nor the other way round.
    for path in [format!("/api/v1/users/{role}"), format!("/api/v1/roles/{}", admin.user_id)] {
        server.get_as(&admin.access_token, &path).await.problem(404, "not_found");
    }
    assert_eq!(id(&server.get_as(&admin.access_token, "/api/v1/auth/me").await.json(200)), admin.user_id);
}
