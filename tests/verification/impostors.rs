//! Services that are not as they should be. Each is the real one with one lie in front of it, and the rows
//! that must notice are named beside it; of the others that are run none may.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};

use super::{accounts, examine, make_administrator};
use crate::harness::{Call, Impostor, Lie, Memory, Reply, ServerBuilder};

const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";
const REFRESH: &str = "/api/v1/auth/refresh";
const VERIFY: &str = "/api/v1/auth/verify";
const RESET_REQUEST: &str = "/api/v1/auth/password-reset/request";
const SESSIONS: &str = "/api/v1/auth/sessions";
const USERS: &str = "/api/v1/users";

/// What is wrong, the rows that are run, those of them that fail, and how it comes about.
type Wrong = (&'static str, &'static str, &'static [&'static str], Lie);

const WRONGS: &[Wrong] = &[
    (
        "whatever looks like an access token is believed",
        "S2,S10,S30,S31,S32,S52",
        &["S2", "S10", "S30", "S31", "S32"],
        Lie::after(|_, call, reply| {
            if ["/api/v1/auth/me", "/api/v1/auth/check"].contains(&call.path.as_str()) && reply.status == 401
            {
                *reply = Reply::new(200, &json!({}));
            }
        }),
    ),
    ("a refresh is answered as it was before", "S1,S2,S3", &["S2"], Lie { before: replayed, after: kept }),
    (
        "every refresh gets a successor of its own",
        "S1,S3",
        &["S1", "S3"],
        Lie::after(|memory, call, reply| {
            if call.is(&Method::POST, REFRESH) && reply.status == 200 {
                let mut notes = memory.notes();
                let number = notes.len();
                notes.insert(number.to_string(), String::new());
                *reply = Reply::new(200, &with(reply.json(), "refresh_token", json!(number.to_string())));
            }
        }),
    ),
    (
        "a secret that was spent is taken again",
        "S2,S4,S12",
        &["S4", "S12"],
        Lie::after(|_, call, reply| {
            if call.path.ends_with("/confirm") && reply.status == 400 {
                *reply = Reply::new(200, &json!({ "message": "done" }));
            }
        }),
    ),
    (
        "a name that is taken is given again",
        "S5,S51",
        &["S5"],
        Lie::after(|_, call, reply| {
            if call.is(&Method::POST, REGISTER) && reply.status == 409 {
                *reply = Reply::new(201, &json!({ "id": "made up" }));
            }
        }),
    ),
    (
        "codes can be guessed without end",
        "S4,S6",
        &["S6"],
        Lie::after(|_, call, reply| {
            if call.is(&Method::POST, VERIFY) && reply.status == 429 {
                *reply = Reply::problem(400, "invalid_code");
            }
        }),
    ),
    (
        "passwords can be guessed without end",
        "S6,S7,S41",
        &["S7", "S41"],
        Lie::after(|_, call, reply| {
            if call.is(&Method::POST, LOGIN) && reply.status == 429 {
                *reply = Reply::problem(401, "invalid_credentials");
            }
        }),
    ),
    (
        "a role is good as long as a token names it",
        "S10,S11",
        &["S11"],
        Lie::after(|_, call, reply| {
            if call.path.starts_with(USERS) && reply.status == 403 {
                *reply = Reply::new(200, &json!({ "items": [] }));
            }
        }),
    ),
    (
        "an unknown account is told by the answer",
        "S20,S21",
        &["S20"],
        Lie::after(|memory, call, reply| {
            remember_accounts(memory, call);
            if call.is(&Method::POST, LOGIN) && reply.status == 401 && !is_known(memory, call) {
                *reply = Reply::problem(404, "not_found");
            }
        }),
    ),
    (
        "an unknown account is told by the time",
        "S20,S21",
        &["S20"],
        Lie::after(|memory, call, reply| {
            remember_accounts(memory, call);
            if call.is(&Method::POST, LOGIN) && is_known(memory, call) {
                reply.delay = Duration::from_millis(300);
            }
        }),
    ),
    (
        "a reset request tells who has an account",
        "S21,S22",
        &["S21"],
        Lie::after(|memory, call, reply| {
            remember_accounts(memory, call);
            if call.is(&Method::POST, RESET_REQUEST) && reply.status == 200 && !is_known(memory, call) {
                *reply = Reply::problem(404, "not_found");
            }
        }),
    ),
    ("a link leads where a header says", "S12,S22", &["S22"], Lie::before(mailed_elsewhere)),
    (
        "of several addresses the first is taken",
        "S22,S23",
        &["S23"],
        Lie::before(|_, call| {
            if let Some(first) = call.body["email"].get(0).cloned() {
                call.set("email", first);
            }
            None
        }),
    ),
    (
        "a scanner that opens a link verifies the address",
        "S4,S28",
        &["S28"],
        Lie::before(|_, call| {
            if call.method == Method::HEAD && call.path.starts_with("/api/v1/auth/verify-email/") {
                call.method = Method::GET;
            }
            None
        }),
    ),
    (
        "passwords count up to their 72nd octet",
        "S7,S44",
        &["S44"],
        Lie::before(|_, call| {
            let cut = call.text("password").get(..72).map(str::to_owned);
            // What is huge is passed on, to be refused as it must.
            if let Some(cut) = cut.filter(|_| call.text("password").len() <= 128) {
                call.set("password", json!(cut));
            }
            None
        }),
    ),
    (
        "passwords of any length are looked at",
        "S44",
        &["S44"],
        Lie::after(|_, call, reply| {
            if call.is(&Method::POST, LOGIN) && reply.status == 413 {
                *reply = Reply::problem(401, "invalid_credentials");
            }
        }),
    ),
    (
        "users choose their roles",
        "S51,S52",
        &["S51"],
        Lie::after(|memory, call, reply| {
            if call.body["roles"].is_array() {
                memory.notes().insert("wished".to_owned(), String::new());
            }
            if call.path.starts_with(USERS) && memory.notes().contains_key("wished") {
                reply.body = reply.body.replace(r#"["user"]"#, r#"["admin","user"]"#);
            }
        }),
    ),
    (
        "a session that is somebody else's is told as such",
        "S51,S52",
        &["S52"],
        Lie::after(|memory, call, reply| {
            if call.is(&Method::GET, SESSIONS) {
                memory.notes().insert(reply.body.clone(), String::new());
            }
            let id = call.path.rsplit('/').next().unwrap_or_default();
            if reply.status == 404 && memory.notes().keys().any(|list| list.contains(id)) {
                *reply = Reply::problem(403, "forbidden");
            }
        }),
    ),
];

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

fn replayed(memory: &Memory, call: &mut Call) -> Option<Reply> {
    let body = memory.notes().get(call.text("refresh_token")).cloned()?;
    let tokens = serde_json::from_str(&body).expect("it was an answer");
    call.is(&Method::POST, REFRESH).then(|| Reply::new(200, &tokens))
}

fn kept(memory: &Memory, call: &Call, reply: &mut Reply) {
    if call.is(&Method::POST, REFRESH) && reply.status == 200 {
        memory.notes().insert(call.text("refresh_token").to_owned(), reply.body.clone());
    }
}

fn remember_accounts(memory: &Memory, call: &Call) {
    if call.is(&Method::POST, USERS) {
        memory.notes().insert(call.text("email").to_owned(), String::new());
    }
}

fn is_known(memory: &Memory, call: &Call) -> bool {
    memory.notes().contains_key(call.text("email"))
}

fn mailed_elsewhere(memory: &Memory, call: &mut Call) -> Option<Reply> {
    let host = call.headers.iter().find(|(name, _)| name == "x-forwarded-host")?.1.clone();
    let link = format!("https://{host}/reset-password?token={}", "A".repeat(43));
    let mail = format!("To: {}\r\nSubject: Reset\r\n\r\n{link}\r\n", call.text("email"));
    std::fs::write(memory.mailbox.join("poisoned.eml"), mail).expect("the mailbox can be written");
    Some(Reply::new(200, &json!({ "message": "mailed" })))
}

#[tokio::test]
async fn each_wrong_is_noticed_by_its_rows_and_by_no_others() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    make_administrator(&server).await;
    let examinations = WRONGS.iter().map(async |(what, run, failing, lie)| {
        let impostor = Impostor::before(&server, *lie).await;
        let examined = examine(&server, impostor.url(), &["--only", run]).await;
        assert_eq!(examined.rows("failed"), *failing, "{what}: {:#}", examined.report);
        assert_eq!(examined.rows("not_run"), [""; 0], "{what}: {:#}", examined.report);
        assert_eq!(examined.code, Some(1), "{what}: {}", examined.stderr);
    });
    // More at once would be noticed in the times.
    stream::iter(examinations).buffer_unordered(4).collect::<()>().await;
    assert_eq!(accounts(&server).await, 1, "what was made is gone");
}

#[tokio::test]
async fn an_honest_messenger_changes_nothing() {
    let server = ServerBuilder::new().with_cheap_hashes().start().await;
    make_administrator(&server).await;
    let messenger = Impostor::before(&server, Lie::NONE).await;
    examine(&server, messenger.url(), &["--except", "S20"]).await.assert_good();
}

#[tokio::test]
async fn an_installation_without_a_grace_is_told_by_the_rows_that_need_it() {
    let server =
        ServerBuilder::new().with_cheap_hashes().with("PORTCULLIS_REFRESH_GRACE", "0s").start().await;
    make_administrator(&server).await;
    let examined = examine(&server, server.url(), &["--only", "S1,S2,S3"]).await;
    assert_eq!((examined.code, examined.rows("failed")), (Some(1), vec!["S1", "S3"]));
}
