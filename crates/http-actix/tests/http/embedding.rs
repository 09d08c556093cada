//! The interface inside of other applications.

use std::rc::Rc;

use actix_web::http::{Method, header};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Scope};
use futures_util::future::LocalBoxFuture;
use portcullis_domain::Actor;
use portcullis_domain::use_cases::{ClaimedIdentifier, CreateUserCommand, LoginCommand};
use portcullis_http_actix::{Api, Authenticated, Authorized, RequiredPermission};
use portcullis_testkit::fixtures;
use serde_json::{Value, json};

use crate::service::{ADA, Installation, PASSWORD, Service};

/// What an application around lets people do.
struct ReadReports;

impl RequiredPermission for ReadReports {
    const NAME: &'static str = "reports:read";
}

async fn reports(caller: Authorized<ReadReports>) -> String {
    format!("reports for {}", caller.principal.user.email)
}

async fn greeting(Authenticated(caller): Authenticated) -> String {
    format!("hello {}", caller.user.email)
}

fn own_routes(routes: &mut ServiceConfig) {
    routes.route("/reports", web::get().to(reports)).route("/greeting", web::get().to(greeting));
}

struct Answer {
    status: u16,
    location: Option<String>,
    challenge: Option<String>,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }
}

/// An application around.
struct Host(Box<dyn Fn(TestRequest) -> LocalBoxFuture<'static, Answer>>);

impl Host {
    async fn new(configure: impl FnOnce(&mut ServiceConfig)) -> Self {
        let app = Rc::new(init_service(App::new().configure(configure)).await);
        Self(Box::new(move |request| {
            let app = Rc::clone(&app);
            Box::pin(async move {
                let response = call_service(app.as_ref(), request.to_request()).await;
                let text = |name| {
                    response
                        .headers()
                        .get(name)
                        .map(|value| value.to_str().expect("visible ASCII").to_owned())
                };
                let (location, challenge) = (text(header::LOCATION), text(header::WWW_AUTHENTICATE));
                let status = response.status().as_u16();
                let text = String::from_utf8(read_body(response).await.to_vec()).expect("UTF-8");
                Answer { status, location, challenge, text }
            })
        }))
    }

    async fn send(&self, request: TestRequest) -> Answer {
        (self.0)(request).await
    }
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(path)
}

fn get_as(token: &str, path: &str) -> TestRequest {
    get(path).insert_header((header::AUTHORIZATION, format!("Bearer {token}")))
}

fn post(path: &str, body: &Value) -> TestRequest {
    TestRequest::post().uri(path).set_json(body)
}

fn ada() -> Value {
    json!({"email": ADA, "password": PASSWORD})
}

/// An installation whose ids and tokens are unlike those of others.
fn installation(seed: u64) -> Installation {
    Installation { seed: Some(seed), ..Installation::default() }
}

/// The access token of somebody who holds these permissions.
async fn token(service: &Service, permissions: &[&str]) -> String {
    let name = format!("holder{}", permissions.len());
    let address = format!("{name}@example.com");
    service.role(&name, permissions).await;
    let command = CreateUserCommand { roles: [fixtures::role(&name)].into(), ..fixtures::new_user(&address) };
    service.use_cases.create_user.create(&Actor::operator(), command).await.expect("an account");
    let command = LoginCommand {
        identifier: ClaimedIdentifier::Email(address),
        password: Some(fixtures::password(fixtures::PASSWORD)),
        client: fixtures::client(),
    };
    service.use_cases.login.login(command).await.expect("a login").tokens.access_token.to_string()
}

#[actix_web::test]
async fn what_is_mounted_in_a_scope_is_found_there_and_says_so() {
    for (scope, prefix) in [("/accounts", "/accounts"), ("/{tenant}/people", "/acm%65/people")] {
        let (api, service) = Installation::default().embedded();
        let host = Host::new(|routes| {
            routes.service(mounted(scope, &api)).route("/", web::get().to(async || "home"));
        });
        let host = host.await;

        let registered = host.send(post(&format!("{prefix}/api/v1/auth/register"), &ada())).await;
        assert_eq!(registered.status, 201, "{}", registered.text);
        let location = registered.location.unwrap();
        let id = registered_id(&registered.text);
        assert_eq!(location, format!("{prefix}/api/v1/users/{id}"));
        let token = token(&service, &["users:read"]).await;
        assert_eq!(host.send(get_as(&token, &location)).await.json()["email"], ADA);

        let document = host.send(get(&format!("{prefix}/openapi.json"))).await.json();
        assert_eq!(document["servers"], json!([{"url": prefix}]));
        assert_eq!(host.send(get(&format!("{prefix}/docs/"))).await.status, 200);
        let unknown = host.send(get(&format!("{prefix}/nothing"))).await;
        assert_eq!((unknown.status, &unknown.json()["code"]), (404, &json!("not_found")));

        assert_eq!(host.send(get("/")).await.text, "home");
        let elsewhere = host.send(get("/api/v1/auth/me")).await;
        assert_eq!((elsewhere.status, elsewhere.text.as_str()), (404, ""), "it is not at the root");
    }
}

fn registered_id(text: &str) -> String {
    let body: Value = serde_json::from_str(text).expect("JSON");
    body["id"].as_str().expect("an id").to_owned()
}

#[actix_web::test]
async fn at_the_root_paths_are_as_they_are_documented() {
    let (api, _service) = Installation::default().embedded();
    let host = Host::new(|routes| api.configure(routes)).await;
    let registered = host.send(post("/api/v1/auth/register", &ada())).await;
    let id = registered_id(&registered.text);
    assert_eq!(registered.location.unwrap(), format!("/api/v1/users/{id}"));
    let document = host.send(get("/openapi.json")).await.json();
    assert_eq!(document["servers"], Value::Null);
}

#[actix_web::test]
async fn routes_of_the_application_know_who_is_calling_and_what_they_may() {
    let (api, service) = Installation::default().embedded();
    let host = Host::new(|routes| {
        routes.service(mounted("/accounts", &api));
        api.recognise_callers(routes);
        own_routes(routes);
    });
    let host = host.await;

    for path in ["/reports", "/greeting"] {
        let anonymous = host.send(get(path)).await;
        assert_eq!((anonymous.status, anonymous.challenge.as_deref()), (401, Some("Bearer")));
        let forged = host.send(get_as("forged", path)).await;
        assert_eq!(forged.json()["code"], "invalid_access_token");
    }
    let nobody = token(&service, &[]).await;
    assert_eq!(host.send(get_as(&nobody, "/greeting")).await.text, "hello holder0@example.com");
    let refused = host.send(get_as(&nobody, "/reports")).await.json();
    assert_eq!(refused["code"], "forbidden");
    assert_eq!(refused["detail"], "This call needs the permission `reports:read`.");
    let analyst = token(&service, &["reports:read"]).await;
    assert_eq!(host.send(get_as(&analyst, "/reports")).await.text, "reports for holder1@example.com");
}

#[actix_web::test]
async fn what_a_role_loses_is_lost_at_the_next_call() {
    let (api, service) = Installation::default().embedded();
    let host = Host::new(|routes| {
        api.recognise_callers(routes);
        own_routes(routes);
    });
    let host = host.await;
    let analyst = token(&service, &["reports:read"]).await;
    assert_eq!(host.send(get_as(&analyst, "/reports")).await.status, 200);
    let role = service.role("holder1", &[]).await;
    let operator = Actor::operator();
    service.use_cases.delete_role.delete(&operator, role).await.unwrap();
    assert_eq!(host.send(get_as(&analyst, "/reports")).await.status, 403);
}

#[actix_web::test]
async fn where_nobody_was_told_who_calls_nobody_is_let_in() {
    let host = Host::new(own_routes).await;
    assert_eq!(host.send(get_as("whatever", "/greeting")).await.status, 500);
}

/// Two installations in one application, each in a scope, with routes of the application beside.
async fn two_in_one() -> (Host, [Service; 2]) {
    let (staff, staff_service) = Installation { calls_a_minute: Some(3), ..installation(7) }.embedded();
    let (customers, customers_service) = installation(8).embedded();
    let beside = |path: &str, api: &Api| {
        web::scope(path).configure(|routes| api.recognise_callers(routes)).configure(own_routes)
    };
    let host = Host::new(|routes| {
        routes.service(mounted("/staff", &staff)).service(mounted("/customers", &customers));
        routes.service(beside("/office", &staff)).service(beside("/shop", &customers));
    });
    (host.await, [staff_service, customers_service])
}

fn mounted(path: &str, api: &Api) -> Scope {
    web::scope(path).configure(|routes| api.configure(routes))
}

#[actix_web::test]
async fn two_installations_in_one_application_know_other_people() {
    let (host, [staff, customers]) = two_in_one().await;
    let colleague = token(&staff, &["reports:read"]).await;
    let customer = token(&customers, &["reports:read"]).await;
    for (token, path, status) in [
        (&colleague, "/staff/api/v1/auth/me", 200),
        (&colleague, "/customers/api/v1/auth/me", 401),
        (&customer, "/customers/api/v1/auth/me", 200),
        (&customer, "/staff/api/v1/auth/me", 401),
        (&colleague, "/office/reports", 200),
        (&colleague, "/shop/reports", 401),
        (&customer, "/shop/reports", 200),
        (&customer, "/office/reports", 401),
    ] {
        assert_eq!(host.send(get_as(token, path)).await.status, status, "{path}");
    }
}

#[actix_web::test]
async fn two_installations_in_one_application_count_and_close_apart() {
    let (host, [staff, _customers]) = two_in_one().await;
    for _ in 0..3 {
        assert_eq!(host.send(post("/staff/api/v1/auth/login", &ada())).await.status, 401);
    }
    assert_eq!(host.send(post("/staff/api/v1/auth/login", &ada())).await.status, 429);
    assert_eq!(host.send(post("/customers/api/v1/auth/login", &ada())).await.status, 401);

    staff.readiness.begin_shutdown();
    assert_eq!(host.send(get("/staff/health/ready")).await.status, 503);
    assert_eq!(host.send(get("/customers/health/ready")).await.status, 200);

    staff.storage.fail_next_call_to("UserRepository::ping");
    assert_eq!(host.send(get("/customers/health")).await.status, 200);
    assert_eq!(host.send(get("/staff/health")).await.status, 503);
}

#[actix_web::test]
async fn an_installation_inside_of_another_keeps_to_itself() {
    let (inner, inner_service) = installation(9).embedded();
    let (outer, outer_service) = installation(10).embedded();
    let outer = outer.with(move |routes| {
        routes.service(mounted("/inner", &inner));
    });
    let host = Host::new(|routes| outer.configure(routes)).await;
    let inside = token(&inner_service, &[]).await;
    let outside = token(&outer_service, &[]).await;
    for (token, path, status) in [
        (&inside, "/inner/api/v1/auth/me", 200),
        (&outside, "/inner/api/v1/auth/me", 401),
        (&outside, "/api/v1/auth/me", 200),
        (&inside, "/api/v1/auth/me", 401),
    ] {
        assert_eq!(host.send(get_as(token, path)).await.status, status, "{path}");
    }
    let request = TestRequest::default().method(Method::DELETE).uri("/inner/api/v1/auth/login");
    assert_eq!(host.send(request).await.status, 405);
}
