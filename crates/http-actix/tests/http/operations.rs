use insta::assert_json_snapshot;
use portcullis_http_actix::Authentication;
use reqwest::Method;
use serde_json::json;

use crate::service::{Installation, Service};

#[tokio::test]
async fn health_asks_the_store_and_liveness_does_not() {
    let service = Service::start();
    let health = service.get("/health").await;
    let expected = json!({"status": "healthy", "version": env!("CARGO_PKG_VERSION"), "auth_enabled": true});
    assert_eq!(health.json(), expected);
    service.storage.fail_next();
    assert_eq!(service.get("/health/live").await.status, 200);
    assert_eq!(service.get("/health").await.problem(), "503 store_unavailable");
    service.storage.fail_next();
    assert_eq!(service.get("/health/ready").await.problem(), "503 store_unavailable");
    assert_eq!(service.get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn readiness_ends_when_a_shutdown_begins() {
    let service = Service::start();
    service.readiness.begin_shutdown();
    assert_eq!(service.get("/health/ready").await.problem(), "503 shutting_down");
    assert_eq!(service.get("/health/live").await.status, 200);
    assert_eq!(service.get("/health").await.status, 200);
}

#[tokio::test]
async fn health_tells_when_nobody_has_to_say_who_they_are() {
    let service =
        Installation { authentication: Authentication::BuiltInAdministrator, ..Installation::default() }
            .serve();
    assert_eq!(service.get("/health").await.json()["auth_enabled"], false);
}

#[tokio::test]
async fn the_operations_address_answers_health_and_nothing_else() {
    let service = Installation::default().serve_operations();
    for path in ["/health", "/health/live", "/health/ready"] {
        assert_eq!(service.get(path).await.status, 200);
        let head = service.send(service.request(Method::HEAD, path)).await;
        assert_eq!(head.status, 200);
        let post = service.send(service.request(Method::POST, path)).await;
        assert_eq!(post.problem(), "405 method_not_allowed");
    }
    for path in ["/", "/api/v1/auth/me", "/openapi.json", "/docs/", "/.well-known/jwks.json"] {
        let reply = service.send_undocumented(service.request(Method::GET, path)).await;
        assert_eq!(reply.problem(), "404 not_found", "{path}");
    }
}

#[tokio::test]
async fn the_public_keys_may_be_kept_for_a_while() {
    let service = Service::start();
    assert_json_snapshot!(service.get("/.well-known/jwks.json").await.snapshot());
}

#[tokio::test]
async fn the_document_and_its_page_need_nothing_from_elsewhere() {
    let service = Service::start();
    let document = service.get("/openapi.json").await;
    assert_eq!(document.header("content-type"), Some("application/json"));
    assert_eq!(document.json()["openapi"], "3.1.0");
    assert_eq!(document.json()["info"]["title"], "Portcullis");

    let redirected = service.get("/docs").await;
    assert_eq!((redirected.status.as_u16(), redirected.header("location")), (308, Some("docs/")));
    let page = service.get("/docs/").await;
    assert_eq!(page.header("content-type"), Some("text/html"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert!(!page.text.contains("<script>"), "no script stands in the page itself");
    let is_link = |part: &&str| part.contains(".js") || part.contains(".css") || part.contains(".png");
    let links: Vec<&str> = page.text.split('"').filter(is_link).collect();
    assert!(links.len() >= 4, "{links:?}");
    for link in links {
        assert!(!link.contains("//"), "{link} leads elsewhere");
        let file = link.trim_start_matches("./");
        assert_eq!(service.get(&format!("/docs/{file}")).await.status, 200, "{file}");
    }
    let initializer = service.get("/docs/swagger-initializer.js").await;
    assert!(initializer.text.contains("../openapi.json"), "{}", initializer.text);
    assert_eq!(service.get("/docs/nothing.js").await.problem(), "404 not_found");
    assert_eq!(service.get("/docs/../openapi.json").await.status, 200);
}
