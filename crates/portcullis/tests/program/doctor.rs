//! What the doctor finds, and what it says to do.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::thread::JoinHandle;
use std::time::Duration;

use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::Timestamp;
use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::AuditTrail as _;
use portcullis_testkit::fixtures::event_at;
use serde_json::Value;

use crate::accounts::{PASSWORD, create};
use crate::newer_version;
use crate::process::{Finished, Installation, NOWHERE};

const CHECKS: [&str; 12] = [
    "store",
    "mail",
    "clock",
    "secrets",
    "keys",
    "administrator",
    "files",
    "passwords",
    "pages",
    "public_url",
    "rate_limits",
    "settings",
];

/// An installation with an administrator that was started once.
fn healthy() -> Installation {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com", "--admin"], PASSWORD).output();
    installation.serve().end("TERM");
    installation
}

fn examine(installation: &Installation) -> Finished {
    installation.run(&["doctor", "--json"])
}

/// What was found at `check`: the status, and the words.
#[track_caller]
fn found<'a>(findings: &'a Value, check: &str) -> (&'a str, String) {
    let finding = findings.as_array().expect("a list").iter().find(|finding| finding["check"] == check);
    let finding = finding.expect("every check is told");
    let words = [&finding["result"], &finding["remedy"]].map(|words| words.as_str().unwrap_or_default());
    (finding["status"].as_str().expect("text"), words.join("; "))
}

/// What was found at `check` by an examination that failed there.
#[track_caller]
fn failure(finished: &Finished, check: &str) -> String {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let findings = serde_json::from_str(&finished.stdout).expect("the findings are JSON");
    let (status, words) = found(&findings, check);
    assert_eq!(status, "failed", "{words}");
    words
}

#[test]
fn a_healthy_installation_is_found_healthy() {
    let installation = healthy();
    let findings = examine(&installation).json();
    for check in CHECKS {
        assert_eq!(found(&findings, check).0, "ok", "{findings}");
    }
    let serving = installation.serve();
    let report = installation.run(&["doctor"]);
    let lines: Vec<_> = report.output().lines().collect();
    assert_eq!(lines.len(), CHECKS.len(), "one line each, also while it serves: {}", report.stdout);
    assert!(lines.iter().all(|line| line.starts_with("ok ")), "{}", report.stdout);
    assert_eq!(report.stderr, "");
    serving.end("TERM");
}

#[test]
fn nothing_is_made_where_there_is_nothing() {
    let installation = Installation::new();
    let finished = examine(&installation);
    assert!(failure(&finished, "store").contains("portcullis migrate"), "{finished:?}");
    let findings = serde_json::from_str(&finished.stdout).unwrap();
    for check in ["clock", "secrets", "keys", "administrator"] {
        assert_eq!(found(&findings, check).0, "skipped", "{findings}");
    }
    assert_eq!(found(&findings, "mail").0, "ok", "the folder could be made: {findings}");
    assert_eq!(finished.stderr, "error: 1 of 12 checks failed\n");
    assert!(!installation.path("data").exists());
}

#[test]
fn what_cannot_be_looked_at_is_not_taken_for_missing() {
    let installation = Installation::new().with("PORTCULLIS_DATA_DIR", "file/data");
    fs::write(installation.path("file"), "").unwrap();
    let finished = examine(&installation);
    for check in ["store", "files"] {
        let words = failure(&finished, check);
        assert!(words.contains("Not a directory") && words.contains("the user that the service"), "{words}");
        assert!(!words.contains("portcullis migrate"), "{words}");
    }
}

#[test]
fn a_stale_schema_is_found_and_left_as_it_is() {
    let installation = Installation::new();
    fs::create_dir(installation.path("data")).unwrap();
    fs::write(installation.path("data/portcullis.db"), "").unwrap();
    for _ in 0..2 {
        let words = failure(&examine(&installation), "store");
        assert!(words.contains("lacks the migrations") && words.contains("portcullis migrate"), "{words}");
    }
    installation.run(&["migrate"]).output();
    assert!(failure(&examine(&installation), "administrator").contains("portcullis user create"));
}

#[test]
fn a_schema_of_a_newer_version_is_found_and_served() {
    let installation = healthy();
    newer_version::apply_migration(&installation.path("data/portcullis.db"));
    let words = warning(&installation, "store");
    assert!(words.contains(newer_version::MIGRATION), "{words}");
    installation.serve().end("TERM");
}

#[test]
fn a_store_that_does_not_answer_is_not_waited_for() {
    let installation = Installation::new()
        .with("PORTCULLIS_DATABASE_URL", format!("postgres://ada:hunter2@{NOWHERE}/app?sslmode=disable"))
        .with("PORTCULLIS_SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
        .with("PORTCULLIS_DATABASE_WAIT", "10m");
    let finished = examine(&installation);
    assert!(failure(&finished, "store").contains(NOWHERE), "{finished:?}");
    assert!(!format!("{finished:?}").contains("hunter2"), "{finished:?}");
}

/// What was found at `check` by an examination that failed nowhere.
#[track_caller]
fn warning(installation: &Installation, check: &str) -> String {
    let findings = examine(installation).json();
    let (status, words) = found(&findings, check);
    assert_eq!(status, "warning", "{words}");
    words
}

/// A mail server that takes one connection and answers what it is given.
fn mail_server(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        let (connection, _) = listener.accept().expect("somebody connects");
        let mut commands = BufReader::new(&connection).lines();
        for answer in answers {
            (&connection).write_all(answer.as_bytes()).expect("they listen");
            commands.next();
        }
    });
    address.to_string()
}

#[test]
fn a_mail_server_is_tried_and_signed_in_to() {
    let smtp = |url: String| healthy().with("PORTCULLIS_SMTP_URL", url);
    let willing = mail_server(&["220 ready\r\n", "250-here\r\n250 AUTH PLAIN\r\n", "235 come in\r\n"]);
    let findings = examine(&smtp(format!("smtp://ada:hunter2@{willing}"))).json();
    assert_eq!(found(&findings, "mail").0, "ok", "{findings}");
    assert_eq!(found(&findings, "settings").0, "warning", "the sender is the default: {findings}");

    let strict = mail_server(&["220 ready\r\n", "250-here\r\n250 AUTH PLAIN\r\n", "535 no\r\n"]);
    let refused = failure(&examine(&smtp(format!("smtp://ada:hunter2@{strict}"))), "mail");
    assert!(refused.contains("credentials") && !refused.contains("hunter2"), "{refused}");

    let unreachable = failure(&examine(&smtp(format!("smtp://{NOWHERE}"))), "mail");
    assert!(unreachable.contains("PORTCULLIS_SMTP_URL"), "{unreachable}");
}

#[test]
fn a_mailbox_that_cannot_be_written_is_found() {
    let installation = healthy();
    let before = fs::read_dir(installation.path("data/mailbox")).unwrap().count();
    examine(&installation).json();
    assert_eq!(fs::read_dir(installation.path("data/mailbox")).unwrap().count(), before, "it leaves nothing");
    fs::remove_dir_all(installation.path("data/mailbox")).unwrap();
    fs::write(installation.path("data/mailbox"), "").unwrap();
    assert!(failure(&examine(&installation), "mail").contains("mailbox"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_behind_what_the_store_has_seen_is_found() {
    let installation = healthy();
    let store = SqliteStore::open(&SqliteOptions::new(installation.path("data/portcullis.db"))).await;
    let tomorrow = Timestamp::MAX - Duration::from_hours(24);
    store.expect("it opens").append(event_at(AuditKind::Login, tomorrow)).await.expect("append");
    let words = failure(&examine(&installation), "clock");
    assert!(words.contains("9999-12-30") && words.contains("NTP"), "{words}");
}

#[test]
fn a_secret_key_that_is_missing_or_another_is_found_and_not_made() {
    let installation = healthy();
    let another = installation.path("data/secret.key");
    fs::rename(&another, installation.path("kept.key")).unwrap();
    assert!(failure(&examine(&installation), "secrets").contains("PORTCULLIS_SECRET_KEY"));
    assert!(!another.exists());
    fs::write(&another, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    assert!(failure(&examine(&installation), "secrets").contains("does not open signing key"));
    fs::write(&another, "c2hvcnQ=").unwrap();
    assert!(failure(&examine(&installation), "secrets").contains("holds no secret key"));
    fs::rename(installation.path("kept.key"), another).unwrap();
    examine(&installation).json();
}

#[test]
fn users_without_an_administrator_are_found() {
    let installation = Installation::new();
    create(&installation, &["--email", "bob@example.com"], PASSWORD).output();
    assert!(failure(&examine(&installation), "administrator").contains("--admin"));
    installation.run(&["user", "grant", "bob@example.com", "admin"]).output();
    examine(&installation).json();
}

#[test]
fn settings_that_are_perhaps_not_wanted_are_named_and_no_failure() {
    let installation = healthy().with("PORTCULLIS_AUTH_ENABLED", "false");
    let report = installation.run(&["doctor"]);
    let warning = report.output().lines().last().unwrap();
    assert!(
        warning.starts_with("warning  settings") && warning.contains("PORTCULLIS_AUTH_ENABLED"),
        "{warning}"
    );
}

/// A mail server that takes one mail, unless it answers a recipient otherwise, and the commands and text that it got.
fn mail_server_for_one(recipients: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = listener.local_addr().expect("it has an address");
    let conversation = std::thread::spawn(move || {
        let (connection, _) = listener.accept().expect("somebody connects");
        let (mut heard, mut in_mail) = (String::new(), false);
        let say = |words: &str| write!(&connection, "{words}\r\n").expect("they listen");
        say("220 ready");
        for line in BufReader::new(&connection).lines() {
            let Ok(line) = line else { break };
            heard.extend([line.as_str(), "\n"]);
            match line.split([' ', ':']).next() {
                Some(".") if in_mail => {
                    in_mail = false;
                    say("250 taken");
                }
                _ if in_mail => {}
                Some("DATA") => {
                    in_mail = true;
                    say("354 go on");
                }
                Some("RCPT") => say(recipients),
                Some("QUIT") => break,
                _ => say("250 fine"),
            }
        }
        heard
    });
    (format!("smtp://{address}"), conversation)
}

#[test]
fn a_mail_is_sent_to_who_waits_for_it() {
    let send = ["doctor", "--json", "--send-to", "ada@example.com"];
    let (url, conversation) = mail_server_for_one("250 fine");
    let installation = healthy().with("PORTCULLIS_SMTP_URL", url);
    let findings = installation.run(&send).json();
    let (status, words) = found(&findings, "mail");
    assert!(status == "ok" && words.contains("see whether it arrives"), "{words}");
    let heard = conversation.join().expect("it takes the mail");
    for part in ["RCPT TO:<ada@example.com>", "To: ada@example.com", "Subject: Mails of Portcullis arrive"] {
        assert!(heard.contains(part), "{part}: {heard}");
    }

    let (url, _conversation) = mail_server_for_one("550 5.1.1 no such user");
    let installation = healthy().with("PORTCULLIS_SMTP_URL", url);
    assert!(failure(&installation.run(&send), "mail").contains("no such user"));

    let finished = healthy().run(&["doctor", "--send-to", "no address"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
}

#[test]
fn without_a_mail_server_the_mail_is_in_the_mailbox() {
    let installation = healthy();
    let findings = installation.run(&["doctor", "--json", "--send-to", "ada@example.com"]).json();
    assert!(found(&findings, "mail").1.contains("no mail server"), "{findings}");
    let mails: Vec<_> = fs::read_dir(installation.path("data/mailbox")).unwrap().collect();
    let [mail] = mails.try_into().expect("one mail");
    let mail = fs::read_to_string(mail.unwrap().path()).unwrap();
    assert!(mail.contains("To: ada@example.com") && mail.contains("Nothing is to be done."), "{mail}");
}

#[test]
fn files_that_others_may_read_are_found() {
    let installation = healthy();
    let allow = |path: &str, mode| {
        fs::set_permissions(installation.path(path), Permissions::from_mode(mode)).unwrap();
    };
    allow("data/secret.key", 0o640);
    let words = failure(&examine(&installation), "files");
    assert!(words.contains("chmod go= ") && words.contains("data/secret.key"), "{words}");
    allow("data/secret.key", 0o600);
    for folder in ["data", "data/mailbox"] {
        allow(folder, 0o750);
        let words = warning(&installation, "files");
        assert!(words.contains("chmod go= ") && words.ends_with(&format!("{folder}`")), "{words}");
        allow(folder, 0o700);
    }
    assert_eq!(found(&examine(&installation).json(), "files").0, "ok");
}

#[test]
fn a_list_of_leaked_passwords_that_is_none_is_found() {
    let installation = healthy();
    let path = installation.path("leaked.txt");
    fs::write(&path, "0000000A0E3B9F25FF41DE4B5AC238C2D545C7A8:15\n").unwrap();
    let installation = installation.with("PORTCULLIS_BREACHED_PASSWORDS", path.display().to_string());
    assert_eq!(found(&examine(&installation).json(), "passwords").0, "ok");
    fs::write(&path, "password\n").unwrap();
    let words = failure(&examine(&installation), "passwords");
    assert!(words.contains("PORTCULLIS_BREACHED_PASSWORDS") && words.contains("octet 0"), "{words}");
    fs::remove_file(&path).unwrap();
    let words = failure(&examine(&installation), "passwords");
    assert!(words.contains("cannot be read"), "{words}");
}

#[test]
fn a_redis_that_does_not_answer_is_found_and_no_failure() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let installation =
        healthy().with("PORTCULLIS_RATE_LIMIT_REDIS_URL", format!("redis://ada:hunter2@{free}"));
    let words = warning(&installation, "rate_limits");
    assert!(words.contains("PORTCULLIS_RATE_LIMIT_REDIS_URL") && !words.contains("hunter2"), "{words}");
}

#[test]
fn a_look_of_the_pages_that_cannot_be_had_is_found() {
    let found_with = |setting: &'static str, file: &str, content: &[u8]| {
        let installation = healthy();
        let path = installation.path(file);
        fs::write(&path, content).unwrap();
        examine(&installation.with(setting, path.display().to_string()))
    };
    for (setting, file, content, told) in [
        ("PORTCULLIS_PAGES_LOGO", "logo.gif", &b"GIF89a"[..], "neither SVG, PNG, JPEG nor WebP"),
        ("PORTCULLIS_PAGES_CSS", "own.css", b"\xff\xfe", "utf-8"),
    ] {
        let words = failure(&found_with(setting, file, content), "pages");
        assert!(words.contains(setting) && words.contains(told), "{words}");
    }
    let fine =
        found_with("PORTCULLIS_PAGES_LOGO", "logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>").json();
    assert_eq!(found(&fine, "pages").0, "ok", "{fine}");
    let missing = healthy().with("PORTCULLIS_PAGES_CSS", "/nowhere/own.css");
    let words = failure(&examine(&missing), "pages");
    assert!(words.contains("/nowhere/own.css cannot be read"), "{words}");
}

#[test]
fn a_secret_key_that_somebody_thought_of_is_found() {
    // "This is the secret key of the tests."
    const CHOSEN: &str = "VGhpcyBpcyB0aGUgc2VjcmV0IGtleSBvZiB0aGUgdGVzdHMu";
    let installation = Installation::new().with("PORTCULLIS_SECRET_KEY", CHOSEN);
    create(&installation, &["--email", "ada@example.com", "--admin"], PASSWORD).output();
    let served = installation.serve().end("TERM");
    assert!(format!("{served:?}").contains("the secret key does not look random"), "{served:?}");
    let words = warning(&installation, "secrets");
    assert!(words.contains("openssl rand") && !words.contains(CHOSEN), "{words}");
}

#[test]
fn a_public_url_that_suits_neither_links_nor_cookies_is_found() {
    let at =
        |bind: &str, url: &str| healthy().with("PORTCULLIS_BIND", bind).with("PORTCULLIS_PUBLIC_URL", url);
    let words = warning(&at("0.0.0.0:0", "http://localhost:8080"), "public_url");
    assert!(words.contains("links"), "{words}");
    let words = warning(&at("127.0.0.1:0", "https://example.com/accounts"), "public_url");
    assert!(words.contains("cookies"), "{words}");
    for url in ["https://accounts.example.com", "http://localhost:8080"] {
        assert_eq!(found(&examine(&at("127.0.0.1:0", url)).json(), "public_url").0, "ok", "{url}");
    }
}
