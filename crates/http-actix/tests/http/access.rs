use portcullis_domain::OwnPermission;
use portcullis_http_actix::{Access, RouteRule, routes};
use reqwest::Method;
use serde_json::json;

use crate::service::{ADA, Service};

/// A call that does no harm: its ids name nothing, and its body says nothing.
async fn call(service: &Service, rule: RouteRule, token: Option<&str>) -> (u16, String) {
    let nothing = "00000000-0000-7000-8000-000000000000";
    let path = rule.path.replace("{id}", nothing).replace("{role_id}", nothing);
    let method = Method::from_bytes(rule.method.as_bytes()).expect("a method");
    let mut request = service.request(method, &path).json(&json!({}));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let reply = service.send(request).await;
    let code = if reply.status.is_success() { String::new() } else { reply.problem() };
    (reply.status.as_u16(), code)
}

#[tokio::test]
async fn who_may_call_is_what_the_table_says() {
    let service = Service::start();
    service.verified(ADA).await;
    service.verified("holder@example.com").await;
    service.verified("other@example.com").await;
    service.administrator().await;
    for rule in routes() {
        // Some of the calls end the session that they are made with.
        let plain = service.signed_in_again(ADA).await.access;
        let nobody = call(&service, rule, None).await;
        let plain = call(&service, rule, Some(&plain)).await;
        let nonsense = call(&service, rule, Some("nonsense")).await;
        match rule.access {
            Access::Open => {
                let asks_for_another_token = rule.path.ends_with("/auth/refresh");
                for (status, code) in [nobody, plain, nonsense] {
                    assert!(![403, 500].contains(&status), "{rule:?}: {code}");
                    assert!(asks_for_another_token || status != 401, "{rule:?}: {code}");
                }
            }
            Access::SignedIn => {
                assert_eq!(nobody.1, "401 unauthenticated", "{rule:?}");
                assert_eq!(nonsense.1, "401 invalid_access_token", "{rule:?}");
                assert!(![401, 403, 500].contains(&plain.0), "{rule:?}: {}", plain.1);
            }
            Access::HoldingAll(_) => unreachable!("no call of the API takes several: {rule:?}"),
            Access::Holding(permission) => {
                assert_eq!(nobody.1, "401 unauthenticated", "{rule:?}");
                assert_eq!(nonsense.1, "401 invalid_access_token", "{rule:?}");
                assert_eq!(plain.1, "403 forbidden", "{rule:?}");
                let holder = service.signed_in_again("holder@example.com").await;
                let exact = format!("only_{}", permission.name().replace(':', "-"));
                service.set_roles(&holder.user_id, &[(&exact, &[permission.name()])]).await;
                let holder = call(&service, rule, Some(&holder.access)).await;
                assert!(![401, 403, 500].contains(&holder.0), "{rule:?}: {}", holder.1);
                let other = service.signed_in_again("other@example.com").await;
                let others: Vec<_> = OwnPermission::ALL
                    .iter()
                    .filter(|&&other| other != permission)
                    .map(|other| other.name())
                    .collect();
                let all_but = format!("all_but_{}", permission.name().replace(':', "-"));
                service.set_roles(&other.user_id, &[(&all_but, &others)]).await;
                assert_eq!(call(&service, rule, Some(&other.access)).await.1, "403 forbidden", "{rule:?}");
                let admin = service.signed_in_again("admin@example.com").await;
                let admin = call(&service, rule, Some(&admin.access)).await;
                assert_eq!(admin, holder, "{rule:?}: an administrator may all that a holder may");
            }
        }
    }
}

#[tokio::test]
async fn a_permission_counts_from_the_next_call_on_and_no_longer() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let list = async || service.get_as(&tokens.access, "/api/v1/users").await.status.as_u16();
    assert_eq!(list().await, 403);
    service.set_roles(&tokens.user_id, &[("clerk", &["users:read"])]).await;
    assert_eq!(list().await, 200);
    service.set_roles(&tokens.user_id, &[]).await;
    assert_eq!(list().await, 403);
}
