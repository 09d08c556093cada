use reqwest::Method;

use crate::service::{ADA, Service};

#[tokio::test]
async fn what_is_not_there_is_told_as_a_problem() {
    let service = Service::start();
    for path in [
        "/",
        "/api",
        "/api/v1/auth",
        "/api/v1/auth/login/",
        "/api/v1/AUTH/login",
        "/api/v2/auth/login",
        "//api/v1/auth/me",
        "/api/v1/auth/%2e%2e/me",
        "/%c0%af",
        "/%",
        "/api/v1/auth/verify-email/a/b",
        "/metrics",
    ] {
        assert_eq!(service.get(path).await.problem(), "404 not_found", "{path}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_there_is_told_with_those_that_are() {
    let service = Service::start();
    for (method, path, allow) in [
        ("GET", "/api/v1/auth/login", "POST"),
        ("HEAD", "/api/v1/auth/login", "POST"),
        ("OPTIONS", "/api/v1/auth/login", "POST"),
        ("POST", "/api/v1/auth/me", "GET, HEAD, PATCH, PUT, DELETE"),
        ("TRACE", "/api/v1/users/me", "GET, HEAD, PATCH, PUT, DELETE"),
        ("GET", "/api/v1/auth/sessions/x", "DELETE"),
        ("DELETE", "/api/v1/auth/verify-email/x", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("PUT", "/.well-known/jwks.json", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("DELETE", "/docs/index.html", "GET, HEAD"),
        ("PROPFIND", "/api/v1/auth/me", "GET, HEAD, PATCH, PUT, DELETE"),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let reply = service.send(service.request(method.clone(), path)).await;
        assert_eq!(reply.status, 405, "{method} {path}");
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
        if method != Method::HEAD {
            assert_eq!(reply.problem(), "405 method_not_allowed");
        }
    }
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    for path in [
        "/api/v1/auth/me",
        "/api/v1/auth/sessions",
        "/health",
        "/health/live",
        "/.well-known/jwks.json",
        "/openapi.json",
        "/docs/",
        "/nothing",
    ] {
        let get = service.get_as(&tokens.access, path).await;
        let request = format!(
            "HEAD {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            tokens.access
        );
        let head = service.send_raw(request.as_bytes()).await;
        let (head, body) = head.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "", "{path}");
        assert!(head.starts_with(&format!("HTTP/1.1 {}", get.status.as_u16())), "{head}");
        let length = format!("content-length: {}", get.text.len());
        assert!(head.to_lowercase().contains(&length), "{path}: {head}");
    }
}

#[tokio::test]
async fn every_request_gets_an_id_of_our_own() {
    let service = Service::start();
    let sent = "00000000-0000-7000-8000-000000000000";
    let ask = async || {
        let request = service.request(Method::GET, "/health/live").header("X-Request-Id", sent);
        service.send(request).await.header("x-request-id").unwrap().to_owned()
    };
    let (one, other) = (ask().await, ask().await);
    assert_ne!(one, sent);
    assert_ne!(one, other);
}

#[tokio::test]
async fn answers_are_kept_by_no_cache() {
    let service = Service::start();
    let tokens = service.signed_in(ADA).await;
    for path in ["/api/v1/auth/me", "/api/v1/auth/sessions", "/health", "/nothing"] {
        let reply = service.get_as(&tokens.access, path).await;
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(
            reply.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn nonsense_on_the_wire_harms_nobody() {
    let service = Service::start();
    let requests: [&[u8]; 5] = [
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ];
    for request in requests {
        let answer = service.send_raw(request).await;
        let line = answer.lines().next().unwrap_or_default().to_owned();
        assert!(line.is_empty() || line.starts_with("HTTP/1.1 4"), "{line}");
    }
    assert_eq!(service.get("/health/live").await.status, 200);
}
