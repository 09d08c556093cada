use portcullis_http_actix::{Access, RouteRule, routes};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::service::{ADA, Reply, Service};

/// Every call that needs somebody who is signed in, with ids that name nothing and that are none, and with
/// parameters that are not valid.
fn secured() -> Vec<(&'static str, String)> {
    let mut calls = Vec::new();
    for RouteRule { path, method, access, .. } in routes() {
        if access != Access::Open {
            for id in ["00000000-0000-7000-8000-000000000000", "no-uuid"] {
                let path = path.replace("{id}", id).replace("{role_id}", id);
                calls.push((method, format!("{path}?permission=nonsense&limit=nonsense")));
            }
        }
    }
    assert!(calls.len() > 50);
    calls
}

/// Bodies that would be refused for four other reasons.
fn bad_bodies() -> [(&'static str, String); 4] {
    [
        ("text/plain", "x".to_owned()),
        ("application/json", "x".repeat(70_000)),
        ("application/json", "{".to_owned()),
        ("application/json", json!({"password": 1, "name": 1}).to_string()),
    ]
}

async fn send(
    service: &Service,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: (&str, String),
) -> Reply {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = service.request(method, path).header(CONTENT_TYPE, body.0).body(body.1);
    if let Some(token) = token {
        request = request.header("Authorization", token);
    }
    service.send(request).await
}

#[tokio::test]
async fn who_is_calling_comes_before_what_they_say() {
    let service = Service::start();
    for (method, path) in &secured() {
        for body in bad_bodies() {
            let nobody = send(&service, method, path, None, body.clone()).await;
            assert_eq!(nobody.problem(), "401 unauthenticated", "{method} {path}");
            assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
            let other_scheme = send(&service, method, path, Some("Basic YTpi"), body.clone()).await;
            assert_eq!(other_scheme.problem(), "401 unauthenticated");
            let refused = send(&service, method, path, Some("Bearer nonsense"), body).await;
            assert_eq!(refused.problem(), "401 invalid_access_token", "{method} {path}");
            assert_eq!(refused.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
        }
    }
}

#[tokio::test]
async fn whether_they_may_comes_before_what_they_say() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let bearer = format!("Bearer {}", tokens.access);
    for RouteRule { path, method, access, .. } in routes() {
        if let Access::Holding(_) = access {
            for id in ["00000000-0000-7000-8000-000000000000", "no-uuid"] {
                let path = path.replace("{id}", id).replace("{role_id}", id);
                for body in bad_bodies() {
                    let path = format!("{path}?limit=nonsense&cursor=nonsense");
                    let reply = send(&service, method, &path, Some(&bearer), body).await;
                    assert_eq!(reply.problem(), "403 forbidden", "{method} {path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_scheme_is_spelled_in_any_case_and_the_token_comes_once() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let get = async |values: &[String]| {
        let mut request = service.request(Method::GET, "/api/v1/auth/me");
        for value in values {
            request = request.header("Authorization", value);
        }
        service.send(request).await
    };
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(get(&[format!("{scheme} {}", tokens.access)]).await.status, 200);
    }
    let good = format!("Bearer {}", tokens.access);
    assert_eq!(get(&[good.clone(), good.clone()]).await.problem(), "401 invalid_access_token");
    assert_eq!(get(&["Basic YTpi".to_owned(), good]).await.problem(), "401 invalid_access_token");
    assert_eq!(get(&["Bearer ".to_owned()]).await.problem(), "401 invalid_access_token");
    assert_eq!(get(&[format!("Bearer {}", tokens.refresh)]).await.problem(), "401 invalid_access_token");
}

#[tokio::test]
async fn the_route_comes_first_of_all() {
    let service = Service::start();
    for body in bad_bodies() {
        let unknown = send(&service, "POST", "/api/v1/auth/nothing", None, body.clone()).await;
        assert_eq!(unknown.problem(), "404 not_found");
        let wrong_method = send(&service, "DELETE", "/api/v1/auth/logout", None, body).await;
        assert_eq!(wrong_method.problem(), "405 method_not_allowed");
    }
}

#[tokio::test]
async fn the_form_of_a_body_comes_before_its_fields_and_they_before_the_rest() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let bearer = format!("Bearer {}", tokens.access);
    let expected = ["415 unsupported_media_type", "413 payload_too_large", "400 malformed_body"];
    for (method, path) in
        [("PATCH", "/api/v1/auth/me"), ("DELETE", "/api/v1/auth/me"), ("POST", "/api/v1/auth/logout")]
    {
        for (body, problem) in bad_bodies().into_iter().zip(expected) {
            let reply = send(&service, method, path, Some(&bearer), body).await;
            assert_eq!(reply.problem(), problem, "{method} {path}");
        }
    }
    let invalid = json!({"current_password": "wrong horse battery", "new_password": 1});
    let reply = service.post_as(&tokens.access, "/api/v1/auth/password-change", invalid).await;
    assert_eq!(reply.faults(), "new_password invalid", "before the password is found wrong");
    let invalid = json!({"token": "nonsense", "new_password": "short"});
    let reply = service.post("/api/v1/auth/password-reset/confirm", invalid).await;
    assert_eq!(reply.faults(), "new_password too_short", "before the token is found invalid");
}

#[tokio::test]
async fn what_is_said_comes_before_what_is_named_and_that_before_the_rest() {
    let service = Service::start();
    let admin = service.administrator().await;
    let clerk = service.holding(&["users:write", "users:delete", "roles:write", "roles:assign"]).await;
    let (bearer, nothing) = (format!("Bearer {}", admin.access), "00000000-0000-7000-8000-000000000000");
    let expected = ["415 unsupported_media_type", "413 payload_too_large", "400 malformed_body"];
    for path in ["users", "roles"] {
        for id in ["no-uuid", nothing] {
            let path = format!("/api/v1/{path}/{id}");
            for (body, problem) in bad_bodies().into_iter().zip(expected) {
                let reply = send(&service, "PATCH", &path, Some(&bearer), body).await;
                assert_eq!(reply.problem(), problem, "{path}");
            }
            let invalid = service.patch_as(&admin.access, &path, json!({"name": 1})).await;
            assert_eq!(invalid.faults(), "name invalid", "{path}");
            for body in [json!({}), json!({"name": "analyst", "permissions": ["users:read"]})] {
                let missing = service.patch_as(&clerk.access, &path, body).await;
                assert_eq!(missing.problem(), "404 not_found", "before what the caller lacks, at {path}");
            }
        }
    }
    let body = json!({"email": admin.user_id, "is_active": false});
    let reply = service.patch_as(&clerk.access, &format!("/api/v1/users/{}", admin.user_id), body).await;
    assert_eq!(reply.faults(), "email invalid", "before the user is found out of reach");
    let body = json!({"email": "eve@example.com", "roles": ["admin", "nobody"]});
    let reply = service.post_as(&clerk.access, "/api/v1/users", body).await;
    assert_eq!(reply.faults(), "roles unknown", "before the roles are found out of reach");
    let body = json!({"email": "eve@example.com", "password": "eve@example.com", "roles": ["admin"]});
    let reply = service.post_as(&clerk.access, "/api/v1/users", body).await;
    assert_eq!(reply.faults(), "password contains_identity", "before the roles are found out of reach");
    let body = json!({"email": "admin@example.com", "roles": ["admin"]});
    let reply = service.post_as(&clerk.access, "/api/v1/users", body).await;
    assert_eq!(reply.problem(), "403 forbidden", "before the address is found taken");
}

#[tokio::test]
async fn what_is_no_id_names_nothing() {
    let service = Service::start();
    let admin = service.administrator().await;
    let calls: Vec<_> = routes().into_iter().filter(|rule| rule.path.contains("{id}")).collect();
    assert!(calls.len() > 10);
    for RouteRule { path, method, .. } in calls {
        for id in ["no-uuid", "1", "%00", "00000000-0000-7000-8000-000000000000"] {
            let path = path.replace("{id}", id).replace("{role_id}", id);
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let reply = service.call_as(&admin.access, method, &path, json!({})).await;
            assert_eq!(reply.problem(), "404 not_found", "{path}");
        }
    }
}
