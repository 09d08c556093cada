//! The whole application over HTTP, with its accounts in a temporary folder.

use std::path::Path;
use std::time::Duration;

use actix_web::{App, HttpServer};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use example_actix_application::{Accounts, DAYS_WITH_US, configure, hooks};
use portcullis_domain::use_cases::CreateRoleCommand;
use portcullis_domain::{Actor, Permission, RoleName, UserId};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// The application, for one test.
struct Application {
    url: String,
    accounts: Accounts,
    folder: tempfile::TempDir,
    client: Client,
}

impl Application {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let accounts = Accounts::open(folder.path(), hooks()).await.expect("the accounts open");
        let api = accounts.api.clone();
        let server = HttpServer::new(move || App::new().configure(|routes| configure(routes, &api)))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .expect("a free port");
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, accounts, folder, client: Client::new() }
    }

    async fn get(&self, path: &str, token: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(token);
        request.send().await.expect("an answer")
    }

    async fn post(&self, path: &str, body: Value) -> Response {
        let request = self.client.post(format!("{}/accounts/api/v1/auth/{path}", self.url)).json(&body);
        request.send().await.expect("an answer")
    }

    /// Registers somebody, follows the link that they are mailed, and signs them in.
    async fn signed_in(&self, email: &str) -> SignedIn {
        let body = json!({"email": email, "password": PASSWORD});
        assert_eq!(self.post("register", body.clone()).await.status(), StatusCode::CREATED);
        let token = mailed_token(&self.folder.path().join("mailbox")).await;
        let verified = self.get(&format!("/accounts/api/v1/auth/verify-email/{token}"), "").await;
        assert_eq!(verified.status(), StatusCode::OK);
        let answer: Value = self.post("login", body).await.json().await.expect("tokens");
        SignedIn {
            token: answer["access_token"].as_str().expect("a token").to_owned(),
            user: UserId::parse(answer["user"]["id"].as_str().expect("an id")).expect("an id"),
        }
    }
}

struct SignedIn {
    token: String,
    user: UserId,
}

/// What the link in the one mail of the mailbox carries, as soon as it is there.
async fn mailed_token(mailbox: &Path) -> String {
    for _ in 0..1_000 {
        let mail = std::fs::read_dir(mailbox).expect("a mailbox").flatten().find_map(|entry| {
            let text = std::fs::read_to_string(entry.path()).ok()?.replace("=\r\n", "").replace("=3D", "=");
            let (_, token) = text.split_once("/welcome?token=")?;
            Some(token.chars().take_while(|character| !character.is_whitespace()).collect())
        });
        if let Some(token) = mail {
            return token;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no mail has come")
}

#[actix_web::test]
async fn own_routes_let_in_who_may() {
    let application = Application::start().await;
    assert_eq!(application.get("/", "").await.status(), StatusCode::OK);
    assert_eq!(application.get("/greeting", "forged").await.status(), StatusCode::UNAUTHORIZED);
    let SignedIn { token, user } = application.signed_in("ada@example.com").await;
    let greeting = application.get("/greeting", &token).await.text().await.expect("text");
    assert_eq!(greeting, "Hello ada@example.com");
    assert_eq!(application.get("/reports", &token).await.status(), StatusCode::FORBIDDEN);

    let command = CreateRoleCommand {
        name: RoleName::parse("analyst").expect("a name"),
        description: None,
        permissions: [Permission::parse("reports:read").expect("a permission")].into(),
    };
    let use_cases = &application.accounts.use_cases;
    let role = use_cases.create_role.create(&Actor::operator(), command).await.expect("a role");
    use_cases.assign_role.assign(&Actor::operator(), user, role.id).await.expect("it is given");
    let reports = application.get("/reports", &token).await.text().await.expect("text");
    assert_eq!(reports, "The reports for ada@example.com");
}

#[actix_web::test]
async fn tokens_say_how_long_somebody_has_been_here() {
    let application = Application::start().await;
    let SignedIn { token, .. } = application.signed_in("ada@example.com").await;
    let payload = token.split('.').nth(1).expect("a payload");
    let claims = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    assert_eq!(claims[DAYS_WITH_US.as_str()], 0);
}

#[actix_web::test]
async fn only_colleagues_register() {
    let application = Application::start().await;
    let refused =
        application.post("register", json!({"email": "eve@example.org", "password": PASSWORD})).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let problem: Value = refused.json().await.expect("a problem");
    assert_eq!(problem["detail"], "Only addresses at example.com can register here.");
}

#[actix_web::test]
async fn people_see_a_page_where_programs_see_a_problem() {
    let application = Application::start().await;
    let url = format!("{}/accounts/nowhere", application.url);
    let page = application.client.get(&url).header("Accept", "text/html").send().await.expect("an answer");
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().await.expect("text").contains("<h1>404 Not Found</h1>"));
    let problem = application.client.get(&url).send().await.expect("an answer");
    assert_eq!(problem.headers()["content-type"], "application/problem+json");
}

#[actix_web::test]
async fn accounts_are_there_when_the_application_starts_again() {
    let application = Application::start().await;
    let SignedIn { token, user } = application.signed_in("ada@example.com").await;
    application.accounts.background.stop().await;
    let again = Accounts::open(application.folder.path(), hooks()).await.expect("the accounts open");
    let principal = again.use_cases.authenticate.authenticate(&token).await.expect("the token still counts");
    assert_eq!(principal.user.id, user);
}
