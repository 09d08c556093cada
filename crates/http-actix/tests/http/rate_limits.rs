use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::service::{Installation, PASSWORD, Reply, Service};

const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/auth/me";

fn allowing(calls_a_minute: u32) -> Service {
    Installation { calls_a_minute: Some(calls_a_minute), ..Installation::default() }.serve()
}

async fn login(service: &Service) -> Reply {
    service.login("nobody@example.com", PASSWORD).await
}

/// The two headers that tell what is left.
fn told(reply: &Reply) -> (Option<&str>, Option<&str>) {
    (reply.header("ratelimit-policy"), reply.header("ratelimit"))
}

#[tokio::test]
async fn every_answer_of_a_limited_route_says_what_is_left() {
    let service = allowing(3);
    for left in [r#""login";r=2;t=20"#, r#""login";r=1;t=20"#, r#""login";r=0;t=20"#] {
        let reply = login(&service).await;
        assert_eq!(reply.problem(), "401 invalid_credentials");
        assert_eq!(told(&reply), (Some(r#""login";q=3;w=60"#), Some(left)));
    }
    let reply = login(&service).await;
    assert_eq!(reply.problem(), "429 rate_limited");
    assert_eq!(reply.header("retry-after"), Some("20"));
    assert_eq!(told(&reply), (Some(r#""login";q=3;w=60"#), Some(r#""login";r=0;t=20"#)));
    let other = service.get(ME).await;
    assert_eq!(told(&other), (Some(r#""other";q=3;w=60"#), Some(r#""other";r=2;t=20"#)));
    assert_eq!(other.problem(), "401 unauthenticated", "another group has calls left");
}

#[tokio::test]
async fn a_call_too_many_is_refused_before_anything_is_done_for_it() {
    let service = allowing(1);
    login(&service).await;
    let hashed = service.hasher.verifications();
    let bodies = [("application/json", "{"), ("text/plain", "x"), ("application/json", "[]")];
    for (media_type, body) in bodies {
        let request = service.request(Method::POST, LOGIN).header(CONTENT_TYPE, media_type).body(body);
        assert_eq!(service.send(request).await.problem(), "429 rate_limited");
    }
    assert_eq!(login(&service).await.problem(), "429 rate_limited");
    let large = service.request(Method::POST, LOGIN).body("x".repeat(1_000_000));
    assert_eq!(service.send(large).await.problem(), "429 rate_limited");
    assert_eq!(service.hasher.verifications(), hashed);
    service.get(ME).await;
    assert_eq!(service.get_as("nonsense", ME).await.problem(), "429 rate_limited", "before the token");
}

#[tokio::test]
async fn however_many_ask_few_mails_are_sent_to_an_address_and_nobody_is_told() {
    const RESET: &str = "/api/v1/auth/password-reset/request";
    const RESEND: &str = "/api/v1/auth/verify/resend";
    let service = allowing(1_000);
    service.verified("known@example.com").await;
    let reset_mails = async |address: &str| {
        let before = service.mailer.sent().len();
        let mut answers = Vec::new();
        for _ in 0..10 {
            let reply = service.post(RESET, json!({ "email": address })).await;
            answers.push((reply.status, reply.text));
            service.deliver_mails().await;
        }
        assert!(answers.iter().all(|answer| answer.0 == 200 && *answer == answers[0]), "{answers:?}");
        service.mailer.sent().len() - before
    };
    assert_eq!(reset_mails("known@example.com").await, 6);
    assert_eq!(reset_mails("KNOWN@example.com").await, 0, "it is one address");

    service.post("/api/v1/auth/register", json!({ "email": "new@example.com", "password": PASSWORD })).await;
    service.deliver_mails().await;
    let registered = service.mailer.sent().len();
    for _ in 0..10 {
        assert_eq!(service.post(RESEND, json!({ "email": "new@example.com" })).await.status, 202);
        service.deliver_mails().await;
    }
    assert_eq!(service.mailer.sent().len() - registered, 6, "whoever forgot a password does not count here");
}

#[tokio::test]
async fn where_nothing_is_there_nothing_is_counted() {
    let service = allowing(1);
    for _ in 0..3 {
        let unknown = service.get("/api/v1/auth/nothing").await;
        assert_eq!((unknown.problem().as_str(), told(&unknown)), ("404 not_found", (None, None)));
        let wrong_method = service.get(LOGIN).await;
        assert_eq!(
            (wrong_method.problem().as_str(), told(&wrong_method)),
            ("405 method_not_allowed", (None, None))
        );
    }
    assert_eq!(login(&service).await.problem(), "401 invalid_credentials");
}

/// Calls every operation of the document, once all calls that there are have been made.
#[tokio::test]
async fn the_document_says_which_operations_are_limited() {
    let service = allowing(1);
    let document = service.get("/openapi.json").await.json();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = &operation["responses"]["429"]["content"]["application/problem+json"]["examples"];
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            operations.push((method, path, answers["rate_limited"].is_object()));
        }
    }
    let call = async |method: &Method, path: &str| {
        let path = path.replace("{token}", "x").replace("{id}", "x");
        service.send(service.request(method.clone(), &path).json(&json!({}))).await
    };
    for (method, path, _) in &operations {
        call(method, path).await;
    }
    for (method, path, is_limited) in operations {
        let reply = call(&method, path).await;
        let code = match reply.text.as_str() {
            "" => Value::Null,
            _ => reply.json()["code"].clone(),
        };
        assert_eq!(code == "rate_limited", is_limited, "{method} {path}: {code}");
        assert_eq!(told(&reply).0.is_some(), is_limited, "{method} {path}");
    }
    for path in ["/health", "/health/live", "/health/ready", "/openapi.json", "/docs/"] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_a_browser_asks_beforehand_is_not_counted() {
    let origin = "https://app.example.com";
    let cors_origins = vec![origin.to_owned()];
    let service = Installation { cors_origins, calls_a_minute: Some(1), ..Installation::default() }.serve();
    for _ in 0..3 {
        let preflight = service
            .request(Method::OPTIONS, LOGIN)
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "POST");
        assert_eq!(service.send_undocumented(preflight).await.status, 200);
    }
    let login = || service.request(Method::POST, LOGIN).header("Origin", origin).json(&json!({}));
    assert_eq!(service.send(login()).await.problem(), "422 validation_failed");
    let refused = service.send(login()).await;
    assert_eq!(refused.problem(), "429 rate_limited");
    assert_eq!(refused.header("access-control-allow-origin"), Some(origin), "the page can read it");
}

#[tokio::test]
async fn without_limits_nothing_is_said_of_them() {
    let service = Installation { calls_a_minute: None, ..Installation::default() }.serve();
    assert_eq!(told(&login(&service).await), (None, None));
}
