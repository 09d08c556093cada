//! An installation that moves to another store: what was true of the one is true of the other.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use portcullis_throwaway_port::Port;
use portcullis_throwaway_postgres::Template;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{MAIL_PATIENCE, PASSWORD, PATIENCE, Server, ServerBuilder, SignedIn, SmtpSink};

/// What [`ServerBuilder::on_postgres`] gives to those on PostgreSQL.
const SECRET_KEY: &str = "++xK5kHBBpFjFQ/hZHMYWFYrmRWDeqV0a0ZYjectB3M=";

fn builder(mail_server: SocketAddr) -> ServerBuilder {
    ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_EMAIL_VERIFICATION", "optional")
        .with("PORTCULLIS_PUBLIC_URL", "http://accounts.test")
        .with("PORTCULLIS_SMTP_URL", format!("smtp://{mail_server}"))
        .with("PORTCULLIS_SECRET_KEY", SECRET_KEY)
}

fn json_of(mut command: Command) -> Value {
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Registers somebody whose mail comes to be in this state.
async fn register_with_mail(server: &Server, email: &str, state: &str) -> SignedIn {
    let body = json!({ "email": email, "password": PASSWORD });
    server.post("/api/v1/auth/register", body).await.json(201);
    let began = Instant::now();
    loop {
        let mails = json_of(server.command(&["mail", "list", "--json"]));
        let is_so =
            |mail: &Value| mail["recipient"] == email && mail["state"] == state && mail["attempts"] != 0;
        if mails.as_array().expect("an array").iter().any(is_so) {
            return server.login(email, PASSWORD).await;
        }
        assert!(began.elapsed() < PATIENCE, "{mails}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn stop(server: &Server) {
    Server::signal(server.process_id(), "TERM");
    assert!(server.wait_for_end().await.success(), "{}", server.log());
}

fn new_records(copied: &Value, kind: &str) -> u64 {
    let kinds = copied.as_array().expect("an array");
    let copied = kinds.iter().find(|copied| copied["kind"] == kind).expect("every kind is told");
    copied["new"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_moves_to_another_store_and_goes_on_there() {
    let port = Port::keep().expect("a free port");
    let mail_server = port.address();
    let sink = SmtpSink::start(mail_server).await;
    let source = builder(mail_server).start().await;
    sink.refuse(Some("550 5.1.1 no such mailbox"));
    let ada = register_with_mail(&source, "ada@example.com", "parked").await;
    sink.refuse(Some("451 4.7.1 greylisted"));
    let bob = register_with_mail(&source, "bob@example.com", "waiting").await;
    let bob = source.refreshed(&bob).await;
    let wrong = json!({ "email": "ada@example.com", "password": "a wrong one" });
    source.post("/api/v1/auth/login", wrong).await.problem(401, "invalid_credentials");
    let keys = source.get("/.well-known/jwks.json").await.json(200);
    stop(&source).await;

    let folder = TempDir::new().expect("a temporary folder");
    let file = format!("sqlite://{}/moved.db", folder.path().display());
    let from = match source.database() {
        Some(database) => database.url(),
        None => format!("sqlite://{}/portcullis.db", source.data_dir().display()),
    };
    let copied = json_of(source.command(&["copy", "--json", "--from", &from, "--to", &file]));
    let kinds = ["users", "sessions", "password_attempts", "mails", "signing_keys"];
    assert_eq!(kinds.map(|kind| new_records(&copied, kind)), [2, 4, 1, 2, 1], "{copied}");

    let database = if crate::ON_POSTGRES { Some(Template::empty_database().await) } else { None };
    let target = match &database {
        // And from the file to another database.
        Some(database) => {
            let mut command = source.command(&["copy", "--json"]);
            command.env("PORTCULLIS_COPY_FROM", &file).env("PORTCULLIS_COPY_TO", database.url());
            assert_eq!(json_of(command), copied, "what was copied twice is the same");
            builder(mail_server).on_postgres(&database.url())
        }
        None => builder(mail_server).with("PORTCULLIS_DATABASE_URL", file),
    };
    let mails = json_of(source.command(&["mail", "list", "--json"]));
    assert_eq!(json_of(target.command(&["mail", "list", "--json"])), mails);
    sink.refuse(None);
    let target = target.start().await;
    assert_eq!(target.get("/.well-known/jwks.json").await.json(200), keys);
    target.get_as(&ada.access_token, "/api/v1/auth/me").await.json(200);
    target.login("ada@example.com", PASSWORD).await;
    target.refreshed(&bob).await;
    let began = Instant::now();
    while sink.mails().is_empty() {
        assert!(began.elapsed() < MAIL_PATIENCE, "the mail that waited is delivered");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mails = json_of(target.command(&["mail", "list", "--json"]));
    assert_eq!((&mails[0]["recipient"], &mails[0]["state"]), (&"ada@example.com".into(), &"parked".into()));
}
