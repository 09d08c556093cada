use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, HeaderValue};
use portcullis_http_actix::building_blocks::{Code, Problem};
use portcullis_http_actix::{ProblemPage, ProblemPages};
use reqwest::Method;
use serde_json::json;

use crate::service::{ADA, Installation, Reply, Service};

/// Shows people a page of its own, and programs what they know, but for what is not found.
struct Apology;

impl ProblemPages for Apology {
    fn page(&self, problem: &Problem, request: &HttpRequest, id: uuid::Uuid) -> Option<ProblemPage> {
        let is_for_people = request.headers().get(ACCEPT).is_some_and(|accepted| accepted == "text/html");
        let page = |content_type, policy: Option<_>, body| ProblemPage {
            content_type: HeaderValue::from_static(content_type),
            content_security_policy: policy.map(HeaderValue::from_static),
            body,
        };
        if is_for_people {
            let body = format!("<h1>{}</h1><p>{id}</p>", problem.detail());
            return Some(page("text/html; charset=utf-8", Some("default-src 'self'"), body));
        }
        (problem.code() == Code::NotFound).then(|| page("text/plain", None, "no such thing".to_owned()))
    }
}

fn service() -> Service {
    let problem_pages = Some(Arc::new(Apology) as Arc<dyn ProblemPages>);
    Installation { problem_pages, ..Installation::default() }.serve()
}

async fn in_a_browser(service: &Service, path: &str) -> Reply {
    let response = service
        .request(Method::GET, path)
        .header(ACCEPT.as_str(), "text/html")
        .send()
        .await
        .expect("an answer");
    Reply {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.expect("text"),
    }
}

#[tokio::test]
async fn a_page_takes_the_place_of_a_problem_and_leaves_status_and_headers() {
    let reply = in_a_browser(&service(), "/api/v1/auth/me").await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(reply.header("content-security-policy"), Some("default-src 'self'"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let id = reply.header("x-request-id").unwrap();
    assert_eq!(reply.text, format!("<h1>This call needs an access token.</h1><p>{id}</p>"));
}

#[tokio::test]
async fn what_no_handler_answers_has_the_page_too_and_loads_nothing_unless_it_says_so() {
    let service = service();
    let response = service.request(Method::GET, "/nowhere").send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "text/plain");
    assert_eq!(response.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(response.text().await.unwrap(), "no such thing");
}

#[tokio::test]
async fn what_has_no_page_stays_a_problem() {
    let service = service();
    assert_eq!(service.get("/api/v1/auth/me").await.problem(), "401 unauthenticated");
    let malformed = service.post("/api/v1/auth/login", json!({"email": ADA})).await;
    assert_eq!(malformed.faults(), "password required");
}
