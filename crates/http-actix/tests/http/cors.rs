use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::service::{Installation, Service};

const APP: &str = "https://app.example.com";
const LOGIN: &str = "/api/v1/auth/login";

fn with_cors() -> Service {
    Installation { cors_origins: vec![APP.to_owned()], ..Installation::default() }.serve()
}

fn preflight(service: &Service, origin: &str, path: &str, method: &str) -> RequestBuilder {
    service
        .request(Method::OPTIONS, path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", "authorization,content-type")
}

#[tokio::test]
async fn no_origin_is_let_in_unless_configured() {
    let service = Service::start();
    let refused = service.send(preflight(&service, APP, LOGIN, "POST")).await;
    assert_eq!(refused.problem(), "405 method_not_allowed");
    let request = service.request(Method::GET, "/health/live").header("Origin", APP);
    assert_eq!(service.send(request).await.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_configured_origin_may_call() {
    let service = with_cors();
    for path in [LOGIN, "/api/v1/auth/check"] {
        let allowed = service.send_undocumented(preflight(&service, APP, path, "POST")).await;
        assert_eq!(allowed.status, 200);
        assert_eq!(allowed.header("access-control-allow-origin"), Some(APP));
        assert_eq!(allowed.header("access-control-max-age"), Some("3600"));
        assert_eq!(allowed.header("access-control-allow-credentials"), None);
        let methods = allowed.header("access-control-allow-methods").unwrap();
        assert!(
            ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().all(|method| methods.contains(method)),
            "{methods}"
        );
    }
    let call = service.request(Method::POST, LOGIN).header("Origin", APP).json(&json!({}));
    let reply = service.send(call).await;
    assert_eq!(reply.problem(), "422 validation_failed", "errors can be read too");
    assert_eq!(reply.header("access-control-allow-origin"), Some(APP));
    let exposed = reply.header("access-control-expose-headers").unwrap().to_lowercase();
    for name in
        ["x-request-id", "retry-after", "ratelimit", "ratelimit-policy", "www-authenticate", "location"]
    {
        assert!(exposed.contains(name), "{exposed}");
    }
    assert!(reply.header("vary").unwrap().to_lowercase().contains("origin"));
}

#[tokio::test]
async fn another_origin_may_not() {
    let service = with_cors();
    for origin in
        ["https://evil.example", "null", "https://app.example.com.evil.example", "http://app.example.com"]
    {
        let refused = service.send(preflight(&service, origin, LOGIN, "POST")).await;
        assert_eq!(refused.problem(), "403 forbidden", "{origin}");
        assert_eq!(refused.header("access-control-allow-origin"), None);
        let call = service.request(Method::GET, "/health/live").header("Origin", origin);
        assert_eq!(service.send(call).await.header("access-control-allow-origin"), None);
    }
    let method = service.send(preflight(&service, APP, LOGIN, "PROPFIND")).await;
    assert_eq!(method.problem(), "403 forbidden");
}
