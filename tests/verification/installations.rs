//! Installations that are as they should be.

use serde_json::{Value, json};

use super::{accounts, examine, examine_with, make_administrator};
use crate::harness::{Impostor, Lie, PASSWORD, Reply, Server, ServerBuilder};

#[tokio::test]
async fn a_default_installation_keeps_every_row() {
    let server = Server::start().await;
    make_administrator(&server).await;
    let examined = examine(&server, server.url(), &[]).await;
    examined.assert_good();
    assert!(examined.rows("passed").len() > 20, "{:#}", examined.report);
    assert_eq!(
        examined.report["installation"],
        json!({ "registration": "open", "verification": "required" })
    );
    assert_eq!(accounts(&server).await, 1, "what was made is gone");
}

#[tokio::test]
async fn every_way_to_get_an_account_can_be_verified() {
    for (registration, verification) in
        [("open", "optional"), ("private", "required"), ("closed", "required"), ("closed", "optional")]
    {
        let server = ServerBuilder::new()
            .with_cheap_hashes()
            .with("PORTCULLIS_REGISTRATION", registration)
            .with("PORTCULLIS_EMAIL_VERIFICATION", verification)
            .start()
            .await;
        make_administrator(&server).await;
        // The time of a hash that costs nothing says nothing.
        let examined = examine(&server, server.url(), &["--except", "S20"]).await;
        examined.assert_good();
        assert_eq!(examined.rows("left_out"), ["S20"]);
        let installation = json!({ "registration": registration, "verification": verification });
        assert_eq!(examined.report["installation"], installation);
        assert_eq!(accounts(&server).await, 1);
    }
}

#[tokio::test]
async fn limits_of_rates_are_waited_for() {
    let server = ServerBuilder::new()
        .with_cheap_hashes()
        .with("PORTCULLIS_RATE_LIMIT", "on")
        .with("PORTCULLIS_RATE_LIMITS", "login=10/1s,register=4/1s,reset=3/1s,verify=6/1s,refresh=10/1s")
        .start()
        .await;
    make_administrator(&server).await;
    let examined = examine(&server, server.url(), &["--only", "S1,S4,S5,S6,S7,S23"]).await;
    examined.assert_good();
    assert!(examined.report["waited_for_limits_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0));

    let impatient = examine(&server, server.url(), &["--only", "S7,S23", "--patience", "100ms"]).await;
    assert_eq!(impatient.code, Some(1));
    assert!(!impatient.rows("not_run").is_empty(), "{:#}", impatient.report);
    assert!(impatient.rows("failed").is_empty(), "{:#}", impatient.report);
}

#[tokio::test]
async fn rows_that_need_mails_are_not_run_without_a_mailbox_and_say_so() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    make_administrator(&server).await;
    let examined = examine_with(&server, server.url(), &["--only", "S2,S4,S10,S22"]).await;
    assert_eq!(examined.code, Some(1));
    assert_eq!((examined.rows("passed"), examined.rows("not_run")), (vec!["S2", "S10"], vec!["S4", "S22"]));
    let rows = examined.report["rows"].as_array().expect("rows");
    let reason = rows.iter().find(|row| row["id"] == "S22").expect("it is listed");
    assert_eq!(reason["seen"], "there is no mailbox to read");
}

#[tokio::test]
async fn mails_can_be_read_where_mailpit_caught_them() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    make_administrator(&server).await;
    // The mails of the service itself, in the words of Mailpit (https://mailpit.axllent.org/docs/api-v1/).
    let mailpit = Impostor::before(
        &server,
        Lie {
            before: |_, call| {
                call.headers.push(("asked-for".to_owned(), call.path.clone()));
                "/dev/mailbox.json".clone_into(&mut call.path);
                None
            },
            after: |_, call, reply| {
                let asked_for = call.headers.last().map_or("", |(_, path)| path.as_str());
                let mails = reply.json();
                *reply = in_the_words_of_mailpit(asked_for, mails["items"].as_array().expect("items"));
            },
        },
    )
    .await;
    let examined =
        examine_with(&server, server.url(), &["--mailbox", mailpit.url(), "--only", "S4,S12,S22,S28"]).await;
    examined.assert_good();
}

/// Finds everything whatever is searched for, the newest first, or shows one mail.
fn in_the_words_of_mailpit(asked_for: &str, mails: &[Value]) -> Reply {
    if asked_for.starts_with("/api/v1/search?query=to") {
        let messages: Vec<_> = mails.iter().map(|mail| json!({ "ID": mail["id"] })).collect();
        return Reply::new(200, &json!({ "messages": messages, "total": messages.len() }));
    }
    let shown = mails
        .iter()
        .find(|mail| asked_for == format!("/api/v1/message/{}", mail["id"].as_str().unwrap_or("")));
    shown.map_or_else(
        || Reply::problem(404, "not_found"),
        |mail| {
            let to = json!([{ "Name": "", "Address": mail["to"] }]);
            let message = json!({ "ID": mail["id"], "To": to, "Text": mail["text"], "HTML": mail["html"] });
            Reply::new(200, &message)
        },
    )
}

#[tokio::test]
async fn people_read_a_line_for_each_row_and_sign_in_with_a_token() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    let admin = server.administrator(super::ROOT).await;
    let token = format!("{}\n", admin.access_token);
    let command = ["verify", server.url(), "--token-stdin", "--only", "S30,s32"];
    let finished = server.run_with(&command, token.as_bytes()).await;
    let lines: Vec<_> = finished.output().lines().collect();
    let of =
        |id: &str| lines.iter().find(|line| line.split_whitespace().any(|word| word == id)).expect("a line");
    assert!(of("S30").starts_with("passed "), "{lines:?}");
    assert!(of("S31").starts_with("left out "), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("2 passed, 0 failed, 0 not run, ")), "{lines:?}");
    assert!(!finished.stdout.contains(&admin.access_token));

    let user = server.signed_in("user@example.com").await;
    let refused = server.run_with(&command, user.access_token.as_bytes()).await;
    assert_eq!(refused.failure(), "who was to make accounts lacks the role admin");
    let refused = server.run_with(&command, b"nonsense").await;
    assert!(refused.failure().starts_with("the administrator is not signed in: "), "{refused:?}");
    let command = ["verify", server.url(), "--email", super::ROOT, "--password-stdin", "--only", "S30"];
    server.run_with(&command, format!("{PASSWORD}\r\n").as_bytes()).await.output();
}
