//! Mails over SMTP, against a server in this process.

use std::path::Path;
use std::time::{Duration, Instant};

use mail_parser::MessageParser;
use portcullis_adapters_smtp::{Composer, SmtpMailer, SmtpSettings, SmtpSetupError, SmtpUrl, Templates};
use portcullis_domain::Locale;
use portcullis_domain::ports::{Mailer as _, MailerError};
use tempfile::NamedTempFile;

use crate::fixtures::{
    SENDER, TOKEN, clock, composer, composer_with, links, mail, reset_password, verify_email,
};
use crate::smtp_server::{Fault, Offer, SmtpServer, TestCa, Tls};

const PASSWORD: &str = "correct horse";
const USER_AND_PASSWORD: &str = "shop:correct%20horse";

fn mailer(url: &str, ca_file: Option<&Path>, composer: Composer) -> SmtpMailer {
    SmtpMailer::new(&settings(url, ca_file), composer, clock()).unwrap()
}

fn settings(url: &str, ca_file: Option<&Path>) -> SmtpSettings {
    SmtpSettings {
        url: SmtpUrl::parse(url).unwrap(),
        ca_file: ca_file.map(Path::to_owned),
        timeout: SmtpSettings::TIMEOUT,
    }
}

fn plain(server: &SmtpServer) -> SmtpMailer {
    mailer(&format!("smtp://{}", server.authority()), None, composer())
}

fn file_of(ca: &TestCa) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &ca.pem).unwrap();
    file
}

async fn transient(mailer: &SmtpMailer) -> String {
    match mailer.send(&mail("ada@example.com", reset_password())).await {
        Err(MailerError::Transient(reason)) => reason,
        other => panic!("not a transient failure: {other:?}"),
    }
}

async fn permanent(mailer: &SmtpMailer) -> String {
    match mailer.send(&mail("ada@example.com", reset_password())).await {
        Err(MailerError::Permanent(reason)) => reason,
        other => panic!("not a permanent failure: {other:?}"),
    }
}

#[tokio::test]
async fn a_mail_goes_to_its_recipient_and_to_nobody_else() {
    let server = SmtpServer::start(Offer::default()).await;
    let sent = mail("Ada.Lovelace@Example.com", verify_email());
    plain(&server).send(&sent).await.unwrap();

    let [received] = server.mails().try_into().unwrap();
    assert_eq!(received.from, "no-reply@shop.example");
    assert_eq!(received.to, ["Ada.Lovelace@example.com"]);
    let message = MessageParser::default().parse(&received.content).unwrap();
    assert_eq!(message.message_id(), Some(format!("{}@shop.example", sent.id).as_str()));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-03-01T12:00:00Z");
    assert_eq!(message.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    let text = message.body_text(0).unwrap();
    let link = format!("https://shop.example/verify-email?token={TOKEN}");
    assert!(text.lines().any(|line| line == link), "{text}");
}

#[tokio::test]
async fn a_line_that_starts_with_a_dot_arrives_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("en")).unwrap();
    let source = "{% block subject %}Dots{% endblock %}Dots:\n.\n..two\n{{ link }}";
    std::fs::write(folder.path().join("en/reset-password.txt"), source).unwrap();
    let templates = Templates::load(Some(folder.path()), &Locale::english()).unwrap();
    let server = SmtpServer::start(Offer::default()).await;
    let url = format!("smtp://{}", server.authority());
    let mailer = mailer(&url, None, composer_with(templates, links(), SENDER));
    mailer.send(&mail("ada@example.com", reset_password())).await.unwrap();

    let [received] = server.mails().try_into().unwrap();
    let message = MessageParser::default().parse(&received.content).unwrap();
    let text = message.body_text(0).unwrap().into_owned();
    assert!(text.contains("\r\n.\r\n..two\r\nhttps://"), "{text:?}");
}

#[tokio::test]
async fn one_connection_carries_many_mails() {
    let server = SmtpServer::start(Offer::default()).await;
    let mailer = plain(&server);
    for _ in 0..5 {
        mailer.send(&mail("ada@example.com", reset_password())).await.unwrap();
    }
    assert_eq!((server.mails().len(), server.connections()), (5, 1));
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let server = SmtpServer::start(Offer::default()).await;
    let mailer = plain(&server);
    mailer.send(&mail("ada@example.com", reset_password())).await.unwrap();
    server.hang_up();
    mailer.send(&mail("ada@example.com", reset_password())).await.unwrap();
    assert_eq!((server.mails().len(), server.connections()), (2, 2));
}

#[tokio::test]
async fn credentials_travel_encrypted_by_starttls_and_by_tls() {
    let ca = TestCa::for_server("localhost");
    let ca_file = file_of(&ca);
    for (scheme, tls) in
        [("smtp+starttls", Tls::OnDemand(ca.server.clone())), ("smtps", Tls::FromTheStart(ca.server.clone()))]
    {
        let account = Some(("shop", PASSWORD));
        let server = SmtpServer::start(Offer { tls, account, ..Offer::default() }).await;
        let url = format!("{scheme}://{USER_AND_PASSWORD}@{}", server.authority());
        let mailer = mailer(&url, Some(ca_file.path()), composer());
        mailer.check().await.unwrap();
        mailer.send(&mail("ada@example.com", reset_password())).await.unwrap();

        let [received] = server.mails().try_into().unwrap();
        assert!(received.encrypted, "{scheme}");
        assert_eq!(received.user.as_deref(), Some("shop"), "{scheme}");
        assert_eq!(server.connections(), 1, "the connection of the check serves the mail too");
    }
}

#[tokio::test]
async fn refused_credentials_are_tried_again_and_not_told() {
    let account = Some(("shop", "another password"));
    let server = SmtpServer::start(Offer { account, ..Offer::default() }).await;
    let url = format!("smtp://{USER_AND_PASSWORD}@{}", server.authority());
    let mailer = mailer(&url, None, composer());
    let reason = transient(&mailer).await;
    assert_eq!(reason, format!("{}: the server refused the credentials", server.authority()));
    assert_eq!(mailer.check().await, Err(MailerError::Transient(reason)));
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_server_that_wants_credentials_is_tried_again() {
    let account = Some(("shop", PASSWORD));
    let server = SmtpServer::start(Offer { account, ..Offer::default() }).await;
    let reason = transient(&plain(&server)).await;
    assert!(reason.contains("530 5.7.0 authentication required"), "{reason}");
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_cannot_prove_its_name() {
    let trusted = TestCa::for_server("localhost");
    let trusted_file = file_of(&trusted);
    let stranger = TestCa::for_server("localhost");
    let misnamed = TestCa::for_server("mail.example.com");
    let misnamed_file = file_of(&misnamed);
    for (case, server_tls, ca_file) in [
        ("of another authority", &stranger, Some(trusted_file.path())),
        ("that the system does not trust", &stranger, None),
        ("for another name", &misnamed, Some(misnamed_file.path())),
    ] {
        for (scheme, tls) in [
            ("smtp+starttls", Tls::OnDemand(server_tls.server.clone())),
            ("smtps", Tls::FromTheStart(server_tls.server.clone())),
        ] {
            let server = SmtpServer::start(Offer { tls, ..Offer::default() }).await;
            let url = format!("{scheme}://{USER_AND_PASSWORD}@{}", server.authority());
            let reason = transient(&mailer(&url, ca_file, composer())).await;
            assert!(reason.contains("certificate"), "a certificate {case}: {reason}");
            assert!(server.mails().is_empty());
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_when_starttls_is_not_offered() {
    let server = SmtpServer::start(Offer::default()).await;
    let mailer = mailer(&format!("smtp+starttls://{}", server.authority()), None, composer());
    let reason = transient(&mailer).await;
    assert!(reason.contains("STARTTLS"), "{reason}");
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn refusals_for_now_and_for_good_are_told_apart() {
    for answer in ["550 5.1.1 no such user", "553 bad mailbox", "554 5.7.1 refused", "552 mailbox full"] {
        let server = SmtpServer::with_fault(Fault::Recipient(answer)).await;
        let reason = permanent(&plain(&server)).await;
        assert_eq!(reason, format!("{}: {answer}", server.authority()));
    }
    for answer in ["450 greylisted", "451 4.3.0 try later", "421 closing", "530 sign in first"] {
        let server = SmtpServer::with_fault(Fault::Recipient(answer)).await;
        let reason = transient(&plain(&server)).await;
        assert_eq!(reason, format!("{}: {answer}", server.authority()));
    }
}

#[tokio::test]
async fn a_server_that_turns_clients_away_is_tried_again() {
    let server = SmtpServer::with_fault(Fault::Greeting("554 5.7.1 no mail from your network")).await;
    let reason = transient(&plain(&server)).await;
    assert!(reason.contains("554 5.7.1 no mail from your network"), "{reason}");
}

#[tokio::test]
async fn a_refusal_that_quotes_the_mail_is_told_without_its_secret() {
    let server = SmtpServer::with_fault(Fault::QuotingRefusal("554 5.7.1 blocked:")).await;
    let reason = permanent(&plain(&server)).await;
    assert!(reason.ends_with(": 554 5.7.1 blocked: [redacted]"), "{reason}");
}

#[tokio::test]
async fn a_silent_server_costs_the_timeout_and_no_mail() {
    for fault in [Fault::SilentGreeting, Fault::SilentAfterMail] {
        let server = SmtpServer::with_fault(fault).await;
        let timeout = Duration::from_secs(2);
        let settings = SmtpSettings { timeout, ..settings(&format!("smtp://{}", server.authority()), None) };
        let mailer = SmtpMailer::new(&settings, composer(), clock()).unwrap();
        let started = Instant::now();
        let reason = transient(&mailer).await;
        assert!(reason.contains("took longer than 2s"), "{reason}");
        assert!(started.elapsed() < Duration::from_secs(20));

        server.set_fault(Fault::None);
        mailer.send(&mail("ada@example.com", reset_password())).await.unwrap();
        assert_eq!(
            (server.mails().len(), server.connections()),
            (1, 2),
            "a hung connection is not used again"
        );
    }
}

#[tokio::test]
async fn a_connection_lost_within_the_mail_is_tried_again() {
    let server = SmtpServer::with_fault(Fault::DropWithinMail).await;
    let mailer = plain(&server);
    transient(&mailer).await;
    assert!(server.mails().is_empty());

    server.set_fault(Fault::None);
    mailer.send(&mail("ada@example.com", reset_password())).await.unwrap();
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let server = SmtpServer::start(Offer::default()).await;
    let mailer = plain(&server);
    drop(server);
    let reason = transient(&mailer).await;
    assert!(reason.contains("refused"), "{reason}");
    assert!(matches!(mailer.check().await, Err(MailerError::Transient(_))));
}

#[tokio::test]
async fn an_international_address_needs_a_server_that_takes_it() {
    let sent = mail("jürgen@bücher.example", reset_password());

    let server = SmtpServer::start(Offer::default()).await;
    let Err(MailerError::Permanent(reason)) = plain(&server).send(&sent).await else {
        panic!("a server without SMTPUTF8 cannot take this mail")
    };
    assert!(reason.contains("does not take international addresses (SMTPUTF8)"), "{reason}");
    assert!(server.mails().is_empty());

    let server = SmtpServer::start(Offer { international: true, ..Offer::default() }).await;
    plain(&server).send(&sent).await.unwrap();
    let [received] = server.mails().try_into().unwrap();
    assert_eq!(received.to, ["jürgen@xn--bcher-kva.example"]);
    assert!(
        String::from_utf8(received.content).unwrap().contains("\r\nTo: jürgen@xn--bcher-kva.example\r\n")
    );
}

#[test]
fn certificates_that_cannot_be_used_are_refused_by_their_file() {
    let new = |path: &Path| {
        SmtpMailer::new(&settings("smtps://localhost:465", Some(path)), composer(), clock()).err().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();

    let missing = folder.path().join("missing.pem");
    assert!(matches!(new(&missing), SmtpSetupError::Unreadable { path, .. } if path == missing));
    for content in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"] {
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, content).unwrap();
        assert!(matches!(new(&file), SmtpSetupError::NoCertificate { path } if path == file), "{content:?}");
    }
}
