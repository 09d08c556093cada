//! Mails that were not delivered yet, as operators see and retry them.

use std::time::{Duration, Instant};

use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::MailId;
use portcullis_domain::mail::{MailKind, QueuedMail};
use portcullis_domain::ports::MailQueue as _;
use portcullis_testkit::fixtures::{NOW, mail, user};
use serde_json::{Value, json};

use crate::process::Installation;

const LEASE: Duration = Duration::from_mins(2);

/// An installation whose schema is there, and its store.
async fn installation() -> (Installation, SqliteStore) {
    let installation = Installation::new();
    installation.run(&["migrate"]).output();
    let store = SqliteStore::open(&SqliteOptions::new(installation.path("data/portcullis.db"))).await;
    (installation, store.expect("the database opens"))
}

async fn parked(store: &SqliteStore, mail: QueuedMail, reason: &str) -> MailId {
    store.enqueue(mail).await.expect("enqueue");
    let claim = store.claim(NOW, NOW + LEASE).await.expect("claim").expect("a mail is due");
    store.park(&claim, reason).await.expect("park");
    claim.mail.id
}

fn listed(installation: &Installation) -> Vec<Value> {
    let listed = installation.run(&["mail", "list", "--json"]).json();
    listed.as_array().expect("a list").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mail_is_listed_with_how_it_stands() {
    let (installation, store) = installation().await;
    assert_eq!(listed(&installation), Vec::<Value>::new());

    let ada = user("ada@example.com").id;
    let parked = parked(&store, mail(MailKind::PasswordChanged, "eve@example.com"), "550 \u{1b}[2J no").await;
    let claimed = mail(MailKind::ConfirmEmailChange(ada), "ada@example.com");
    store.enqueue(claimed.clone()).await.expect("enqueue");
    store.claim(NOW, NOW + LEASE).await.expect("claim").expect("a mail is due");
    let waiting = mail(MailKind::VerifyEmail, "ada@example.com");
    store.enqueue(waiting.clone()).await.expect("enqueue");

    let mails = listed(&installation);
    assert_eq!(mails.len(), 3);
    let find = |id: MailId| mails.iter().find(|mail| mail["id"] == id.to_string()).expect("it is listed");
    let of = |mail: &Value| {
        ["kind", "user_id", "recipient", "state", "attempts", "last_failure"].map(|key| mail[key].clone())
    };
    assert_eq!(
        of(find(parked)),
        [
            json!("password_changed"),
            json!(null),
            json!("eve@example.com"),
            json!("parked"),
            json!(1),
            json!("550 \u{1b}[2J no"),
        ]
    );
    assert_eq!(
        of(find(claimed.id)),
        [
            json!("confirm_email_change"),
            json!(ada.to_string()),
            json!("ada@example.com"),
            json!("claimed"),
            json!(1),
            json!(null),
        ]
    );
    assert_eq!((&find(waiting.id)["state"], &find(waiting.id)["attempts"]), (&json!("waiting"), &json!(0)));
    assert_eq!(find(waiting.id)["due_at"], find(waiting.id)["queued_at"]);
    assert_eq!(find(parked)["due_at"], json!(null));

    let table = installation.run(&["mail", "list"]);
    assert_eq!(table.output().lines().count(), 4, "a head and a line for each: {}", table.stdout);
    assert!(!table.stdout.contains('\u{1b}'), "what a mail server says is quoted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_queue_is_listed_to_its_end() {
    let (installation, store) = installation().await;
    for number in 0..450 {
        let mail = mail(MailKind::VerifyEmail, &format!("ada{number}@example.com"));
        store.enqueue(mail).await.expect("enqueue");
    }
    let ids: Vec<_> = listed(&installation).iter().map(|mail| mail["id"].to_string()).collect();
    assert_eq!(ids.len(), 450);
    assert!(ids.is_sorted());
    let finished = installation.run_for_nobody(&["mail", "list"]);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "a reader may hang up");
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_that_were_set_aside_are_sent_again_and_delivered() {
    let (installation, store) = installation().await;
    let mut ids = Vec::new();
    for recipient in ["ada@example.com", "bob@example.com", "eve@example.com"] {
        ids.push(parked(&store, mail(MailKind::PasswordChanged, recipient), "550").await.to_string());
    }
    let states = || -> Vec<_> {
        let state = |id: &String| listed(&installation).iter().find(|mail| mail["id"] == **id).cloned();
        ids.iter().map(|id| state(id).expect("it is listed")["state"].clone()).collect()
    };
    let one = installation.run(&["mail", "retry", &ids[1]]);
    assert_eq!(one.output(), "1 mail will be sent again\n");
    assert_eq!(states(), ["parked", "waiting", "parked"]);
    assert_eq!(
        installation.run(&["mail", "retry", "--all"]).output(),
        "2 mails will be sent again\n",
        "one that waits is not parked"
    );
    assert_eq!(states(), ["waiting"; 3]);

    let _serving = installation.serve();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !listed(&installation).is_empty() {
        assert!(Instant::now() < deadline, "the service delivers them");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_names_no_mail_is_said_and_keeps_no_other_back() {
    let (installation, store) = installation().await;
    let gone = mail(MailKind::PasswordChanged, "ada@example.com").id.to_string();
    let retry = |ids: &[&str]| installation.run(&[&["mail", "retry"], ids].concat());
    assert_eq!(retry(&[&gone]).failure(), format!("the queue has no mail {gone}"));
    let parked = parked(&store, mail(MailKind::PasswordChanged, "eve@example.com"), "550").await.to_string();
    let both = retry(&[&gone, &parked]);
    assert_eq!((both.code, both.stdout.as_str()), (Some(1), "1 mail will be sent again\n"));
    assert_eq!(listed(&installation)[0]["state"], "waiting");
    assert_eq!(installation.run(&["mail", "retry", "--all"]).output(), "0 mails will be sent again\n");
}
