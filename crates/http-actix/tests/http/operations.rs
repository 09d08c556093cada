use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use insta::assert_json_snapshot;
use portcullis_http_actix::{Answered, Authentication, HttpObserver, MetricsReader, RouteGroup, route_names};
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
async fn before_the_start_is_over_the_process_lives_and_is_not_ready() {
    let service = Installation { has_started: false, ..Installation::default() }.serve_operations();
    assert_eq!(service.get("/health/live").await.status, 200);
    for path in ["/health", "/health/ready"] {
        assert_eq!(service.get(path).await.problem(), "503 store_unavailable");
    }
}

struct Figures;

#[async_trait]
impl MetricsReader for Figures {
    async fn read(&self) -> String {
        "portcullis_answer 42\n".to_owned()
    }
}

#[tokio::test]
async fn figures_are_told_at_the_operations_address_alone() {
    let installation = || Installation { metrics: Some(Arc::new(Figures)), ..Installation::default() };
    let operations = installation().serve_operations();
    let told = operations.get("/metrics").await;
    assert_eq!((told.status.as_u16(), told.text.as_str()), (200, "portcullis_answer 42\n"));
    assert_eq!(told.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let api = installation().serve();
    let hidden = api.send_undocumented(api.request(Method::GET, "/metrics")).await;
    assert_eq!(hidden.problem(), "404 not_found");
}

/// What an observer was told: method, route and status of answers, and groups of refusals.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl HttpObserver for Heard {
    fn answered(&self, answer: &Answered<'_>) {
        assert!(answer.took < Duration::from_mins(1));
        let Answered { method, route, status, .. } = answer;
        assert!(route.is_none_or(|route| route_names().contains(&route)), "{route:?} is a name of a route");
        self.0.lock().expect("nobody panics").push(format!("{method} {} {status}", route.unwrap_or("-")));
    }

    fn rate_limited(&self, group: RouteGroup) {
        self.0.lock().expect("nobody panics").push(group.to_string());
    }
}

#[tokio::test]
async fn an_observer_hears_of_every_answer_by_the_pattern_of_its_route() {
    let heard = Arc::new(Heard::default());
    let observer: Arc<dyn HttpObserver> = heard.clone();
    let service =
        Installation { observer: Some(observer), calls_a_minute: Some(1), ..Installation::default() }.serve();
    let id = "0197c5a0-0000-7000-8000-000000000000";
    for (method, path) in [
        (Method::GET, "/health"),
        (Method::HEAD, "/health/live"),
        (Method::DELETE, &format!("/api/v1/auth/sessions/{id}")),
        (Method::GET, "/api/v1/auth/me"),
        (Method::PUT, "/api/v1/auth/login"),
        (Method::GET, "/no/such/path?secret"),
    ] {
        service.send_undocumented(service.request(method, path)).await;
    }
    let expected = [
        "GET /health 200",
        "HEAD /health/live 200",
        "DELETE /api/v1/auth/sessions/{id} 401",
        "other",
        "GET /api/v1/auth/me 429",
        "PUT /api/v1/auth/login 405",
        "GET - 404",
    ];
    assert_eq!(*heard.0.lock().unwrap(), expected);
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
