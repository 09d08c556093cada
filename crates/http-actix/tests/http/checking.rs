use reqwest::Method;

use crate::service::{ADA, Service};

const CHECK: &str = "/api/v1/auth/check";

#[tokio::test]
async fn a_proxy_learns_who_is_calling_whatever_the_method() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let reply = service.send(service.request(method.clone(), CHECK).bearer_auth(&tokens.access)).await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""), "{method}");
        assert_eq!(reply.header("x-auth-user-id"), Some(tokens.user_id.as_str()));
        assert_eq!(reply.header("x-auth-email"), Some(ADA));
        assert_eq!(reply.header("x-auth-roles"), Some("user"));
    }
}

#[tokio::test]
async fn a_preflight_is_not_up_to_who_is_calling() {
    let service = Service::start();
    let preflight = service
        .request(Method::OPTIONS, CHECK)
        .header("Origin", "https://app.example.com")
        .header("Access-Control-Request-Method", "GET");
    let refused = service.send_undocumented(preflight).await;
    assert_eq!(refused.problem(), "405 method_not_allowed");
}

#[tokio::test]
async fn permissions_are_those_of_this_moment() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    let check = async |permission: &str| {
        service.get_as(&tokens.access, &format!("{CHECK}?permission={permission}")).await
    };
    assert_eq!(check("reports:read").await.problem(), "403 forbidden");
    service.set_roles(&tokens.user_id, &[("analyst", &["reports:read"]), ("editor", &["posts:write"])]).await;
    let reply = check("reports:read").await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("x-auth-roles"), Some("analyst,editor,user"));
    assert_eq!(check("reports%3Aread").await.status, 204);
    assert_eq!(check("reports:write").await.problem(), "403 forbidden");
    service.set_roles(&tokens.user_id, &[("admin", &[])]).await;
    assert_eq!(check("anything:whatever").await.status, 204, "an administrator holds every permission");
}

#[tokio::test]
async fn a_query_that_names_no_permission_is_told() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    for query in ["permission=", "permission=reports", "permission=a:b:c", "permission=A:b", "permission=%FF"]
    {
        let reply = service.get_as(&tokens.access, &format!("{CHECK}?{query}")).await;
        assert_eq!(reply.faults(), "permission invalid", "{query}");
    }
    let twice = service.get_as(&tokens.access, &format!("{CHECK}?permission=a:b&permission=c:d")).await;
    assert_eq!(twice.faults(), "permission invalid");
    assert_eq!(service.get_as(&tokens.access, &format!("{CHECK}?unknown=1")).await.status, 204);
}

#[tokio::test]
async fn who_is_not_signed_in_is_not_let_through() {
    let service = Service::start();
    assert_eq!(service.get(CHECK).await.problem(), "401 unauthenticated");
    assert_eq!(service.get_as("nonsense", CHECK).await.problem(), "401 invalid_access_token");
}

#[tokio::test]
async fn an_address_is_percent_encoded_so_that_no_two_look_alike() {
    let service = Service::start();
    for (address, encoded) in [
        ("zoë@exämple.com", "zo%C3%AB@ex%C3%A4mple.com"),
        ("zo%C3%AB@example.com", "zo%25C3%25AB@example.com"),
    ] {
        let tokens = service.signed_in(address).await;
        let reply = service.get_as(&tokens.access, CHECK).await;
        assert_eq!(reply.header("x-auth-email"), Some(encoded));
    }
}
