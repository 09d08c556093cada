use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::http::{Method, StatusCode};
use actix_web::rt::Runtime;
use actix_web::test::{TestRequest, call_service, init_service};
use portcullis_domain::policy::Policy;
use portcullis_http_actix::{Api, Authentication, HttpOptions, RouteRule, routes};
use portcullis_testkit::{Fakes, ScriptedEntropy};
use serde_json::Value;

/// More than any body of this API has, and little enough to be below its limit however it is written.
const MAX_OCTETS: usize = 8 * 1024;
/// After so many calls the twins begin anew, with nobody in their stores.
const CALLS: u32 = 2000;

/// The first octet chooses an operation, the rest is its body.
///
/// Every answer is a success or a problem of the client's that says what is wrong; and what one reader of JSON takes
/// for the same as another does is answered alike: two installations that were asked the same so far are asked once
/// in these words and once in those that `serde_json` writes after reading them.
pub fn request_bodies(octets: &[u8]) {
    // Never dropped with its thread: by then actix has dropped what it keeps of requests for the thread.
    thread_local!(static TWINS: RefCell<Option<ManuallyDrop<Twins>>> = const { RefCell::new(None) });
    let Some((choice, body)) = octets.split_first() else { return };
    if body.len() > MAX_OCTETS {
        return;
    }
    TWINS.with_borrow_mut(|twins| {
        let twins = twins.get_or_insert_with(|| ManuallyDrop::new(Twins::new()));
        if twins.calls == CALLS {
            **twins = Twins::new();
        }
        twins.ask(*choice, body);
    });
}

/// Two installations that are alike.
struct Twins {
    operations: Vec<RouteRule>,
    one: Installation,
    other: Installation,
    calls: u32,
}

impl Twins {
    fn new() -> Self {
        let takes_body = |rule: &RouteRule| matches!(rule.method, "POST" | "PUT" | "PATCH" | "DELETE");
        let operations = routes().into_iter().filter(takes_body).collect();
        let runtime = Rc::new(Runtime::new().expect("a runtime starts"));
        Self { operations, one: installation(Rc::clone(&runtime)), other: installation(runtime), calls: 0 }
    }

    fn ask(&mut self, choice: u8, body: &[u8]) {
        self.calls += 1;
        let operation = self.operations[usize::from(choice) % self.operations.len()];
        let request = |body: &[u8]| request(operation, body);
        let answer = (self.one)(request(body));
        answer.check();
        // What names a key twice is none to the service, and the last of both to `serde_json`.
        let read = if answer.is_malformed_body() { None } else { serde_json::from_slice::<Value>(body).ok() };
        let rewritten = read.map(|value| value.to_string());
        let other = (self.other)(request(rewritten.as_deref().map_or(body, str::as_bytes)));
        assert_eq!(answer, other, "{operation:?}: {rewritten:?}");
    }
}

fn request(operation: RouteRule, body: &[u8]) -> TestRequest {
    const ID: &str = "01952a4e-5b00-7cc1-8000-5d2e3b7f7a10";
    let path = operation.path.replace("{id}", ID).replace("{role_id}", ID);
    let media_type = match operation.path {
        "/api/v1/introspect" => "application/x-www-form-urlencoded",
        _ => "application/json",
    };
    TestRequest::with_uri(&path)
        .method(Method::from_bytes(operation.method.as_bytes()).expect("a method"))
        .insert_header((CONTENT_TYPE, media_type))
        .set_payload(body.to_vec())
}

type Installation = Box<dyn Fn(TestRequest) -> Answer>;

/// The service as it is, on fakes, where every call acts as an administrator.
fn installation(runtime: Rc<Runtime>) -> Installation {
    let fakes = Fakes::default();
    let options = HttpOptions {
        authentication: Authentication::BuiltInAdministrator,
        rate_limiting: None,
        ..HttpOptions::new(fakes.clock.clone(), Arc::new(ScriptedEntropy::seeded(1)))
    };
    let use_cases = Arc::new(fakes.use_cases(Policy::default()));
    let api = Api::new(use_cases, options);
    let app = App::new().configure(|routes| api.configure(routes));
    let service = runtime.block_on(init_service(app));
    Box::new(move |request| {
        runtime.block_on(async {
            let response = call_service(&service, request.to_request()).await;
            Answer::read(response).await
        })
    })
}

/// What is compared of an answer.
#[derive(Debug, PartialEq)]
struct Answer {
    status: StatusCode,
    media_type: Option<String>,
    body: Value,
}

impl Answer {
    async fn read(response: ServiceResponse) -> Self {
        let status = response.status();
        let media_type = response.headers().get(CONTENT_TYPE);
        let media_type = media_type.map(|media_type| media_type.to_str().expect("it is text").to_owned());
        let octets = to_bytes(response.into_body()).await.expect("the body arrives");
        let body = match octets.as_ref() {
            b"" => Value::Null,
            octets => serde_json::from_slice(octets).expect("bodies are JSON"),
        };
        Self { status, media_type, body }
    }

    fn is_malformed_body(&self) -> bool {
        self.body["code"] == "malformed_body"
    }

    fn check(&self) {
        if self.status.is_success() {
            return;
        }
        assert!(self.status.is_client_error(), "{self:?}");
        assert_eq!(self.media_type.as_deref(), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.body["status"], self.status.as_u16(), "{self:?}");
        assert!(self.body["code"].is_string(), "{self:?}");
        let told = self.body["errors"].as_array().is_some_and(|errors| !errors.is_empty());
        assert_eq!(told, self.status == StatusCode::UNPROCESSABLE_ENTITY, "{self:?}");
    }
}
