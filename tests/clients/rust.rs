//! The client for Rust, on the real service.

#[path = "rust/journey.rs"]
mod journey;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use portcullis_client::{
    AuditKind, AuditOutcome, AuditQuery, BoxError, Change, Client, Code, Credentials, Error, FieldCode,
    Profile, ProfileChange, Registered, Registration, RoleChange, RoleCreation, Secret, SignedIn, TokenKind,
    TokenStore, Tokens, UserChange, UserCreation, UserQuery, async_trait,
};
use serde_json::Value;

use crate::harness::{Mail, PASSWORD, Server, ServerBuilder};

const NEW_PASSWORD: &str = "NewSecurePass456!";

/// Remembers the tokens of a session.
#[derive(Default)]
struct Memory(Mutex<Option<Tokens>>);

#[async_trait]
impl TokenStore for Memory {
    async fn store(&self, tokens: &Tokens) -> Result<(), BoxError> {
        *self.0.lock().expect("no holder panics") = Some(tokens.clone());
        Ok(())
    }

    async fn clear(&self) -> Result<(), BoxError> {
        *self.0.lock().expect("no holder panics") = None;
        Ok(())
    }
}

impl Memory {
    fn tokens(&self) -> Option<Tokens> {
        self.0.lock().expect("no holder panics").clone()
    }
}

async fn mailed_code(service: &str, email: &str) -> String {
    for _ in 0..1_200 {
        let mailbox =
            reqwest::get(format!("{service}/dev/mailbox.json?to={email}")).await.expect("a mailbox");
        let mailbox: Value = mailbox.json().await.expect("JSON");
        if let Some(code) = mailbox["items"][0]["code"].as_str() {
            return code.to_owned();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no code was mailed to {email}");
}

#[tokio::test]
async fn a_rust_client_walks_the_journey() {
    let server = Server::start().await;
    journey::journey([server.url(), "ada@example.com", PASSWORD, NEW_PASSWORD]).await.expect("it goes well");
}

/// A session whose access token is spent, and where its tokens are kept.
async fn on_a_spent_access_token(server: &Server, email: &str) -> (SignedIn, Arc<Memory>) {
    server.register_verified(email).await;
    let memory = Arc::new(Memory::default());
    let client = Client::new(server.url()).expect("a client").with_token_store(memory.clone());
    client.login(&Credentials::by_email(email, PASSWORD)).await.expect("somebody signs in");
    let tokens = memory.tokens().expect("they are stored");
    (client.resume(Tokens { access_token: "spent".into(), ..tokens }), memory)
}

/// How often the service has answered this.
async fn count(server: &Server, call: &str) -> usize {
    // What comes after it in the log is told by a call that comes after it.
    server.get("/health").await.json(200);
    let log = server.log_with("\"/health\"").await;
    calls(&log).filter(|(made, _)| made == call).count()
}

/// The calls in a log: method and route, and the status that was answered.
fn calls(log: &str) -> impl Iterator<Item = (String, u64)> {
    let records = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records.filter(|record| record["target"] == "portcullis::access").map(|record| {
        let text = |field: &str| record[field].as_str().expect("a text");
        (format!("{} {}", text("method"), text("route")), record["status"].as_u64().expect("a status"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_calls_on_a_spent_access_token_refresh_once() {
    let server = Server::start().await;
    let (ada, memory) = on_a_spent_access_token(&server, "ada@example.com").await;
    let before = memory.tokens().expect("tokens");
    for me in join_all((0..50).map(|_| ada.me())).await {
        assert_eq!(me.expect("each succeeds").email, "ada@example.com");
    }
    assert_eq!(count(&server, "POST /api/v1/auth/refresh").await, 1);
    let after = memory.tokens().expect("tokens");
    assert_ne!(before.refresh_token.expose(), after.refresh_token.expose());

    // Whoever goes on in another run goes on with the tokens that were stored last.
    let later = Client::new(server.url()).expect("a client").resume(after);
    later.me().await.expect("the session goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_elsewhere_ends_for_all_who_call() {
    let server = Server::start().await;
    let (ada, memory) = on_a_spent_access_token(&server, "ada@example.com").await;
    let elsewhere = server.login("ada@example.com", PASSWORD).await;
    server.post_as(&elsewhere.access_token, "/api/v1/auth/logout-all", Value::Null).await.empty(204);
    for me in join_all((0..50).map(|_| ada.me())).await {
        assert!(matches!(me, Err(Error::SessionEnded)), "{me:?}");
    }
    assert_eq!(count(&server, "POST /api/v1/auth/refresh").await, 1);
    assert!(memory.tokens().is_none(), "there is nothing to go on with");
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong_with_which_field_and_when_to_come_back() {
    let server = ServerBuilder::new().with("PORTCULLIS_LOCKOUT_THRESHOLD", "1").start().await;
    let client = Client::new(server.url()).expect("a client");
    let invalid = client.register(&Registration::new("nowhere", "short")).await.unwrap_err();
    assert_eq!(invalid.code(), Some(&Code::ValidationFailed));
    let fields: Vec<_> =
        invalid.field_errors().iter().map(|error| (error.field.as_str(), &error.code)).collect();
    assert_eq!(fields, [("email", &FieldCode::Invalid), ("password", &FieldCode::TooShort)]);

    let guess = Credentials::by_email("nobody@example.com", "a guess");
    assert_eq!(client.login(&guess).await.unwrap_err().code(), Some(&Code::InvalidCredentials));
    let locked = client.login(&guess).await.unwrap_err();
    assert_eq!(locked.code(), Some(&Code::AccountLocked));
    assert!(locked.retry_after().is_some_and(|time| time > Duration::from_mins(1)), "{locked:?}");
}

#[tokio::test]
async fn where_verification_is_optional_a_registration_signs_in() {
    let server = ServerBuilder::new().with("PORTCULLIS_EMAIL_VERIFICATION", "optional").start().await;
    let client = Client::new(server.url()).expect("a client");
    let registered =
        client.register(&Registration::new("ada@example.com", PASSWORD)).await.expect("an account");
    let Registered::Created { user, signed_in: Some(ada) } = registered else { panic!("{registered:?}") };
    assert_eq!(ada.me().await.expect("an account").id, user.id);
}

#[tokio::test]
async fn where_registration_is_private_nothing_is_told() {
    let server = ServerBuilder::new().with("PORTCULLIS_REGISTRATION", "private").start().await;
    let client = Client::new(server.url()).expect("a client");
    let registered = client.register(&Registration::new("ada@example.com", PASSWORD)).await;
    assert!(matches!(registered, Ok(Registered::Pending)), "{registered:?}");
}

/// What the document calls by other names too, or what is not for a client in a program.
fn is_left_out(operation: &str) -> bool {
    let is_twin =
        operation.contains("_by_put") || operation.contains("users_me") || operation.starts_with("check_by");
    // For what starts and stops instances, and for what verifies tokens.
    is_twin || ["live", "ready", "public_keys"].contains(&operation)
}

#[tokio::test]
async fn the_rust_client_makes_every_call_that_the_document_has() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    walk_as_a_user(&server).await;
    walk_as_an_administrator(&server).await;
    let log = server.log_with("\"/health\"").await;
    let made: BTreeSet<_> =
        calls(&log).filter(|(_, status)| (200..300).contains(status)).map(|(call, _)| call).collect();

    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).expect("JSON");
    let mut expected = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let (call, id) = (format!("{} {path}", method.to_uppercase()), operation["operationId"].as_str());
            let is_left_out = is_left_out(id.expect("a name"));
            expected += usize::from(!is_left_out);
            assert!(
                is_left_out || made.contains(&call),
                "{call} was never made, or never succeeded:\n{made:#?}"
            );
        }
    }
    assert!(expected > 35, "the document is read: {expected}");
}

async fn mailed_token(server: &Server, email: &str, page: &str) -> Secret {
    let leads_there = |mail: &Mail| mail.links.iter().any(|link| link.contains(page));
    server.nth_mail_to(email, 1, leads_there).await.token().into()
}

async fn walk_as_a_user(server: &Server) {
    let client = Client::new(&format!("{}/", server.url())).expect("a client");
    let profile = Profile { username: Some("ada".to_owned()), ..Profile::default() };
    let account = Registration { profile, ..Registration::new("ada@example.com", PASSWORD) };
    let registered = client.register(&account).await.expect("an account");
    assert!(matches!(registered, Registered::Created { signed_in: None, .. }), "{registered:?}");
    let link = mailed_token(server, "ada@example.com", "/verify-email").await;
    assert!(client.verify_by_link(&link).await.expect("verified").email_verified);

    client.register(&Registration::new("grace@example.com", PASSWORD)).await.expect("an account");
    // A mail that still waits would stand for both.
    server.mail_to("grace@example.com", 1).await;
    client.resend_verification("grace@example.com").await.expect("a mail");
    let second = server.mail_to("grace@example.com", 2).await;
    client.verify_by_code("grace@example.com", second.code()).await.expect("verified");

    let memory = Arc::new(Memory::default());
    let keeping = client.clone().with_token_store(memory.clone());
    let (ada, user) = keeping.login(&Credentials::by_username("ada", PASSWORD)).await.expect("signed in");
    assert_eq!((user.username.as_deref(), user.last_login_at.is_some()), (Some("ada"), true));
    let change = ProfileChange {
        name: Change::To("Ada Lovelace".to_owned()),
        username: Change::Clear,
        ..ProfileChange::default()
    };
    let user = ada.update_me(&change).await.expect("changed");
    assert_eq!((user.name.as_deref(), user.username), (Some("Ada Lovelace"), None));

    let (phone, _) =
        client.login(&Credentials::by_email("ada@example.com", PASSWORD)).await.expect("signed in");
    let sessions = ada.sessions().await.expect("sessions");
    let other = sessions.iter().find(|session| !session.current).expect("two sessions");
    assert!(other.user_agent.as_ref().is_some_and(|agent| agent.starts_with("portcullis-client/")));
    ada.end_session(other.id).await.expect("ended");
    assert!(matches!(phone.me().await, Err(Error::SessionEnded)));
    assert!(!ada.may("users:read").await.expect("an answer"));

    let (password, new_password) = (Secret::from(PASSWORD), Secret::from(NEW_PASSWORD));
    ada.change_password(&password, &new_password).await.expect("changed");
    ada.request_email_change("countess@example.com", &new_password).await.expect("mails");
    let link = mailed_token(server, "countess@example.com", "/confirm-email-change").await;
    assert_eq!(client.confirm_email_change(&link).await.expect("moved").email, "countess@example.com");
    assert_eq!(ada.me().await.expect("an account").email, "countess@example.com");

    let tokens = memory.tokens().expect("tokens");
    let resumed = keeping.resume(Tokens { access_token: "spent".into(), ..tokens });
    resumed.me().await.expect("refreshed");
    resumed.logout().await.expect("signed out");
    assert!(memory.tokens().is_none());

    client.request_password_reset("countess@example.com").await.expect("a mail");
    let link = mailed_token(server, "countess@example.com", "/reset-password").await;
    client.confirm_password_reset(&link, &password).await.expect("set");
    let credentials = Credentials::by_email("countess@example.com", PASSWORD);
    let (ada, _) = client.login(&credentials).await.expect("signed in");
    ada.logout_all().await.expect("signed out");
    let (ada, _) = client.login(&credentials).await.expect("signed in");
    ada.delete_me(&password).await.expect("erased");
    assert!(matches!(ada.me().await, Err(Error::SessionEnded)));
    assert_eq!(
        client.login(&credentials).await.expect_err("there is no account").code(),
        Some(&Code::InvalidCredentials)
    );
}

async fn walk_as_an_administrator(server: &Server) {
    server.administrator("root@example.com").await;
    let client = Client::new(server.url()).expect("a client");
    let (root, root_user) =
        client.login(&Credentials::by_email("root@example.com", PASSWORD)).await.expect("signed in");
    let (users, roles) = (root.users(), root.roles());

    let support = roles.create(&RoleCreation::new("support", ["users:read"])).await.expect("a role");
    let change = RoleChange {
        description: Change::To("Answers the telephone".to_owned()),
        permissions: Some(vec!["users:read".to_owned(), "tickets:answer".to_owned()]),
        ..RoleChange::default()
    };
    let support = roles.update(support.id, &change).await.expect("changed");
    assert_eq!(support.permissions, ["tickets:answer", "users:read"]);
    assert_eq!(roles.read(support.id).await.expect("a role"), support);
    assert!(roles.list().await.expect("roles").contains(&support));
    let known = roles.permissions().await.expect("permissions");
    assert!(known.iter().any(|known| known.name == "tickets:answer" && known.description.is_none()));

    let linus = users
        .create(&UserCreation {
            password: Some(PASSWORD.into()),
            roles: vec!["support".to_owned()],
            ..UserCreation::new("linus@example.com")
        })
        .await
        .expect("an account");
    assert!(users.verify(linus.id).await.expect("verified").email_verified);
    let change = UserChange { email: Some("linus@example.org".to_owned()), ..UserChange::default() };
    assert!(!users.update(linus.id, &change).await.expect("changed").email_verified);
    users.verify(linus.id).await.expect("verified");
    users.unlock(linus.id).await.expect("not locked");
    assert_eq!(users.roles(linus.id).await.expect("roles").len(), 2);
    users.revoke_role(linus.id, support.id).await.expect("taken");
    users.assign_role(linus.id, support.id).await.expect("given");

    let credentials = Credentials::by_email("linus@example.org", PASSWORD);
    let (signed_in, _) = client.login(&credentials).await.expect("signed in");
    assert!(signed_in.may("tickets:answer").await.expect("an answer"));
    let access_token = signed_in.access_token().await.expect("a token");
    let active = root.introspect(&access_token).await.expect("an answer").expect("a good token");
    assert_eq!((active.sub, active.token_type), (linus.id, TokenKind::Bearer));
    assert_eq!(users.sessions(linus.id).await.expect("sessions").len(), 1);
    users.revoke_sessions(linus.id).await.expect("signed out");
    assert!(matches!(signed_in.me().await, Err(Error::SessionEnded)));
    assert_eq!(root.introspect(&access_token).await.expect("an answer"), None);

    let mut query = UserQuery { limit: Some(1), role: Some("user".to_owned()), ..UserQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = users.list(&query).await.expect("a page");
        found.extend(page.items.into_iter().map(|user| user.id));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    assert!(found.len() >= 2 && found.contains(&linus.id) && found.contains(&root_user.id), "{found:?}");

    let query = AuditQuery {
        user_id: Some(linus.id),
        kind: Some(AuditKind::Login),
        since: Some(root_user.created_at),
        ..AuditQuery::default()
    };
    let events = root.audit_events(&query).await.expect("events").items;
    assert_eq!((events.len(), events[0].outcome), (1, AuditOutcome::Success));

    roles.delete(support.id).await.expect("gone");
    users.delete(linus.id).await.expect("erased");
    assert_eq!(users.read(linus.id).await.expect_err("there is no account").code(), Some(&Code::NotFound));
    users.read(root_user.id).await.expect("an account");
    assert!(client.health().await.expect("health").auth_enabled);
}

/// The names that the document has for a schema.
fn names_of(schema: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).expect("JSON");
    let names = document["components"]["schemas"][schema]["enum"].as_array().expect("names").clone();
    assert!(!names.is_empty());
    names.iter().map(|name| name.as_str().expect("a text").to_owned()).collect()
}

#[test]
fn the_rust_client_knows_every_name_that_the_document_has() {
    for name in names_of("ProblemCode") {
        assert!(!matches!(Code::from(name.clone()), Code::Other(_)), "{name}");
    }
    for name in names_of("FieldCode") {
        assert!(!matches!(FieldCode::from(name.clone()), FieldCode::Other(_)), "{name}");
    }
    for name in names_of("AuditKind") {
        assert!(!matches!(AuditKind::from(name.clone()), AuditKind::Other(_)), "{name}");
    }
    for name in names_of("IntrospectedTokenType") {
        assert!(!matches!(TokenKind::from(name.clone()), TokenKind::Other(_)), "{name}");
    }
}
