//! The service over HTTP: on fakes, and once on what it runs on.

use std::sync::Arc;
use std::time::Duration;

use example_axum_service::{Accounts, service};
use example_http_mailer::MailApi;
use portcullis_domain::policy::{EmailVerification, Policy};
use portcullis_domain::use_cases::UseCases;
use portcullis_testkit::{TestDomain, fixtures};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The service, for one test.
struct Service {
    url: String,
    client: Client,
}

impl Service {
    async fn start(use_cases: Arc<UseCases>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async { axum::serve(listener, service(use_cases)).await });
        Self { url, client: Client::new() }
    }

    async fn post(&self, path: &str, email: &str, password: &str) -> Response {
        let body = json!({"email": email, "password": password});
        self.client.post(format!("{}{path}", self.url)).json(&body).send().await.expect("an answer")
    }

    async fn me(&self, token: &str) -> Response {
        self.client.get(format!("{}/me", self.url)).bearer_auth(token).send().await.expect("an answer")
    }
}

async fn access_token(answer: Response) -> String {
    let answer: Value = answer.json().await.expect("JSON");
    answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

const ADA: &str = "ada@example.com";
const PASSWORD: &str = fixtures::PASSWORD;

fn domain() -> TestDomain {
    TestDomain::under(Policy { email_verification: EmailVerification::Optional, ..Policy::default() })
}

#[tokio::test]
async fn who_signs_up_is_signed_in_until_the_token_expires() {
    let domain = domain();
    let service = Service::start(domain.use_cases.clone()).await;
    let token = access_token(service.post("/sign-up", ADA, PASSWORD).await).await;
    let me: Value = service.me(&token).await.json().await.expect("JSON");
    assert_eq!(me["email"], ADA);
    domain.clock.advance(Duration::from_hours(1));
    assert_eq!(service.me(&token).await.status(), StatusCode::UNAUTHORIZED);
    let token = access_token(service.post("/sign-in", ADA, PASSWORD).await).await;
    assert_eq!(service.me(&token).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn each_failure_has_its_answer() {
    let domain = domain();
    let service = Service::start(domain.use_cases.clone()).await;
    service.post("/sign-up", ADA, PASSWORD).await;
    for (path, email, password, status) in [
        ("/sign-up", ADA, PASSWORD, StatusCode::CONFLICT),
        ("/sign-up", "no address", PASSWORD, StatusCode::UNPROCESSABLE_ENTITY),
        ("/sign-up", "bob@example.com", "password123", StatusCode::UNPROCESSABLE_ENTITY),
        ("/sign-in", ADA, "wrong horse battery", StatusCode::UNAUTHORIZED),
        ("/sign-in", "nobody@example.com", PASSWORD, StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(service.post(path, email, password).await.status(), status, "{path} {email} {password}");
    }
    domain.storage.fail_next();
    assert_eq!(service.post("/sign-in", ADA, PASSWORD).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(service.me("forged").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn it_runs_on_redb_and_remembers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = async || {
        let mails = MailApi {
            url: "http://127.0.0.1:1/mails".to_owned(),
            key: String::new(),
            from: "accounts@example.com".to_owned(),
            pages_url: "https://example.com".to_owned(),
        };
        let path = folder.path().join("accounts.redb");
        Accounts::open(&path, &fixtures::secret_key(), "https://example.com", mails).await.expect("accounts")
    };
    let accounts = open().await;
    let command = fixtures::registration(ADA);
    accounts.use_cases.register.register(command).await.expect("a registration");
    accounts.background.stop().await;
    drop(accounts.use_cases);

    let service = Service::start(open().await.use_cases).await;
    let token = access_token(service.post("/sign-in", ADA, PASSWORD).await).await;
    assert_eq!(service.me(&token).await.status(), StatusCode::OK);
}
