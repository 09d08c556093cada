//! nginx with the configurations of `docs/reverse-proxies.md`, which are there to be pasted.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Nginx, PASSWORD, Server, Upstream, snippet};

const DOCUMENT: &str = include_str!("../../docs/reverse-proxies.md");
const PORTCULLIS: &str = "127.0.0.1:8080";
const APPLICATION: &str = "127.0.0.1:3000";

/// An nginx that asks `portcullis` before it lets anything through to `application`.
async fn nginx_that_asks(portcullis: &str, application: &Upstream) -> Nginx {
    let replacements = [(PORTCULLIS, portcullis), (APPLICATION, &application.address())];
    Nginx::start(snippet(DOCUMENT, "nginx check"), &replacements).await
}

fn address_of(server: &Server) -> &str {
    server.url().strip_prefix("http://").expect("an address")
}

#[tokio::test]
async fn who_is_signed_in_reaches_the_application_with_their_identity() {
    let server = Server::start().await;
    let application = Upstream::start().await;
    let nginx = nginx_that_asks(address_of(&server), &application).await;
    let user = server.signed_in("j\u{f6}rg@example.com").await;

    let request = nginx.request(Method::POST, "/orders?permission=not:asked").bearer_auth(&user.access_token);
    let answer = nginx.send(request.body(vec![b'x'; 100_000])).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "upstream"));

    let [arrived] = &application.arrived()[..] else { panic!("one request arrives") };
    assert_eq!(arrived.line, "POST /orders?permission=not:asked HTTP/1.1");
    assert_eq!(arrived.body.len(), 100_000);
    assert_eq!(arrived.header("x-auth-user-id"), [user.user_id.as_str()]);
    assert_eq!(arrived.header("x-auth-email"), ["j%C3%B6rg@example.com"]);
    assert_eq!(arrived.header("x-auth-roles"), ["user"]);
    assert_eq!(arrived.header("x-forwarded-for"), ["127.0.0.1"]);
}

#[tokio::test]
async fn who_is_not_signed_in_reaches_nothing_and_is_told_why() {
    let server = Server::start().await;
    let application = Upstream::start().await;
    let nginx = nginx_that_asks(address_of(&server), &application).await;

    let nothing_sent = nginx.get("/orders").await;
    assert_eq!(nothing_sent.status, 401);
    assert_eq!(nothing_sent.header("www-authenticate"), Some("Bearer"));
    let refused = nginx.get_as("nonsense", "/orders").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));

    let user = server.signed_in("user@example.com").await;
    assert_eq!(nginx.get_as(&user.access_token, "/orders").await.status, 200);
    application.arrived();
    server.post_as(&user.access_token, "/api/v1/auth/logout", json!({})).await.empty(204);
    assert_eq!(nginx.get_as(&user.access_token, "/orders").await.status, 401, "the session has ended");

    // The check itself is not for clients.
    assert_eq!(nginx.get_as(&user.access_token, "/_portcullis/check").await.status, 404);
    assert!(application.arrived().is_empty());
}

#[tokio::test]
async fn who_lacks_the_permission_of_a_path_is_refused_there() {
    let server = Server::start().await;
    let application = Upstream::start().await;
    let nginx = nginx_that_asks(address_of(&server), &application).await;
    let user = server.signed_in("user@example.com").await;
    for path in
        ["/reports", "/reports/1?permission=not:asked", "//reports", "/orders/../reports", "/%72eports"]
    {
        assert_eq!(nginx.get_as(&user.access_token, path).await.status, 403, "{path}");
        assert_eq!(nginx.get(path).await.status, 401, "{path}");
    }
    assert!(application.arrived().is_empty());
}

#[tokio::test]
async fn identity_headers_of_clients_do_not_get_through() {
    let server = Server::start().await;
    let application = Upstream::start().await;
    let nginx = nginx_that_asks(address_of(&server), &application).await;
    let user = server.signed_in("user@example.com").await;
    let forged = |request: reqwest::RequestBuilder| {
        ["X-Auth-User-Id", "X-Auth-Email", "X-Auth-Roles", "X_Auth_Roles", "X.Auth.Roles", "Forwarded"]
            .iter()
            .fold(request, |request, name| request.header(*name, "admin"))
            .header("X-Forwarded-For", "203.0.113.7")
            .header("Connection", "X-Auth-User-Id")
    };

    let request = forged(nginx.request(Method::GET, "/orders").bearer_auth(&user.access_token));
    assert_eq!(nginx.send(request).await.status, 200);
    let preflight = forged(nginx.request(Method::OPTIONS, "/reports"))
        .header("Origin", "https://app.example.com")
        .header("Access-Control-Request-Method", "GET");
    assert_eq!(nginx.send(preflight).await.status, 200, "a preflight is the application's to answer");
    let no_preflight = forged(nginx.request(Method::OPTIONS, "/reports"));
    assert_eq!(nginx.send(no_preflight).await.status, 401);

    let [checked, preflight] = &application.arrived()[..] else { panic!("two requests arrive") };
    assert_eq!(checked.header("x-auth-user-id"), [user.user_id.as_str()]);
    assert_eq!(checked.header("x-auth-roles"), ["user"]);
    for name in ["x-auth-user-id", "x-auth-email", "x-auth-roles"] {
        assert!(preflight.header(name).is_empty(), "{preflight:?}");
    }
    for arrived in [checked, preflight] {
        for name in ["x_auth_roles", "x.auth.roles", "forwarded"] {
            assert!(arrived.header(name).is_empty(), "{arrived:?}");
        }
        assert_eq!(arrived.header("x-forwarded-for"), ["127.0.0.1"]);
    }
}

#[tokio::test]
async fn while_nobody_can_be_asked_nobody_is_let_through() {
    let application = Upstream::start().await;
    let portcullis = Upstream::start().await;
    let nginx = nginx_that_asks(&portcullis.address(), &application).await;
    for status in [302, 404, 422, 429, 500, 503] {
        portcullis.answer_with(status);
        let answer = nginx.get_as("token", "/orders").await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, Some("1")),
            "when it answers {status}"
        );
    }

    let server = Server::start().await;
    let user = server.signed_in("user@example.com").await;
    let nginx = nginx_that_asks(address_of(&server), &application).await;
    server.kill();
    for path in ["/orders", "/reports"] {
        let answer = nginx.get_as(&user.access_token, path).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "when it is down");
    }
    assert!(application.arrived().is_empty());
}

#[tokio::test]
async fn an_error_of_the_application_stays_its_own() {
    let application = Upstream::start().await;
    let portcullis = Upstream::start().await;
    let nginx = nginx_that_asks(&portcullis.address(), &application).await;
    for status in [401, 418, 500] {
        application.answer_with(status);
        let answer = nginx.get_as("token", "/orders").await;
        assert_eq!((answer.status, answer.text.as_str()), (status, "upstream"));
    }
}

#[tokio::test]
async fn a_check_carries_what_is_needed_over_a_connection_that_is_kept() {
    let application = Upstream::start().await;
    let portcullis = Upstream::start().await;
    portcullis.answer_with(204);
    let nginx = nginx_that_asks(&portcullis.address(), &application).await;
    for _ in 0..5 {
        let request = nginx.request(Method::POST, "/orders").bearer_auth("token").header("Cookie", "id=1");
        assert_eq!(nginx.send(request.body("order")).await.status, 200);
    }
    assert_eq!(nginx.get_as("token", "/reports").await.status, 200);

    let asked = portcullis.arrived();
    assert_eq!(asked.len(), 6);
    for check in &asked[..5] {
        assert_eq!(check.line, "GET /api/v1/auth/check HTTP/1.1");
        assert_eq!(check.header("authorization"), ["Bearer token"]);
        assert_eq!(check.header("x-forwarded-for"), ["127.0.0.1"]);
        assert!(check.header("cookie").is_empty() && check.body.is_empty());
    }
    assert_eq!(asked[5].line, "GET /api/v1/auth/check?permission=reports:read HTTP/1.1");
    assert_eq!((portcullis.connections(), application.connections()), (1, 1));
}

#[tokio::test]
async fn portcullis_is_served_by_the_proxy_in_front_of_it() {
    let server = Server::start().await;
    let replacements = [(PORTCULLIS, address_of(&server))];
    let nginx = Nginx::start(snippet(DOCUMENT, "nginx front"), &replacements).await;
    server.register_verified("user@example.com").await;
    let body = json!({ "email": "user@example.com", "password": PASSWORD });
    let login = nginx.send(nginx.request(Method::POST, "/api/v1/auth/login").json(&body)).await.json(200);
    let access_token = login["access_token"].as_str().expect("a token");
    let me = nginx.get_as(access_token, "/api/v1/auth/me").await.json(200);
    assert_eq!(me["email"], "user@example.com");
    nginx.get("/api/v1/auth/me").await.problem(401, "unauthenticated");

    server.get("/dev/mailbox.json").await.json(200);
    assert_eq!(nginx.get("/dev/mailbox.json").await.status, 404, "no mail is shown to the world");
}
