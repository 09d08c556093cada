use reqwest::Method;

use crate::harness::Server;

const CHECK: &str = "/api/v1/auth/check";

#[tokio::test]
async fn a_reverse_proxy_learns_who_is_calling() {
    let server = Server::start().await;
    let signed_in = server.signed_in("j\u{f6}rg@example.com").await;
    for method in [Method::GET, Method::POST, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        let request = server.request(method, CHECK).bearer_auth(&signed_in.access_token);
        let answer = server.send(request).await;
        answer.empty(204);
        assert_eq!(answer.header("x-auth-user-id"), Some(signed_in.user_id.as_str()));
        assert_eq!(answer.header("x-auth-email"), Some("j%C3%B6rg@example.com"));
        assert_eq!(answer.header("x-auth-roles"), Some("user"));
    }
    let answer = server.get(CHECK).await;
    answer.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_permission_can_be_asked_for() {
    let server = Server::start().await;
    let user = server.signed_in("user@example.com").await;
    let path = format!("{CHECK}?permission=users:read");
    server.get_as(&user.access_token, &path).await.problem(403, "forbidden");
    let path = format!("{CHECK}?permission=nonsense");
    server.get_as(&user.access_token, &path).await.invalid(&[("permission", "invalid")]);
}
