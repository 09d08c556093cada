use std::time::Duration;

use portcullis_throwaway_postgres::Wire;

use crate::every_method::Calls;
use crate::{ONE_AT_A_TIME, TEMPLATE, connect};

/// What each call costs on a connection that has seen it before. More than one are what could not be
/// decided by one statement, and are not what people usually do.
const ROUND_TRIPS: &[(&str, usize)] = &[
    ("register", 1),
    ("register, with a session", 1),
    ("register, a taken address", 2),
    ("register, with an unknown role", 1),
    ("register_privately, a free address", 2),
    ("register_privately, over a mere claim", 2),
    ("register_privately, a taken address", 2),
    ("register_privately, a taken username", 2),
    ("find_by_login, an address", 1),
    ("find_by_login, a username", 1),
    ("find_by_id", 1),
    ("update_profile", 1),
    ("change_password", 1),
    ("delete, refused", 1),
    ("delete", 1),
    ("delete, an administrator", 1),
    ("ping", 1),
    ("open", 1),
    // Why is asked afterwards.
    ("open, refused", 2),
    ("principal", 1),
    ("rotate", 1),
    ("rotate, a retry", 2),
    ("rotate, a stolen token", 3),
    ("rotate, an ended session", 2),
    ("list sessions", 1),
    ("end", 1),
    ("end_all", 1),
    ("delete_expired sessions", 1),
    ("issue_verification", 1),
    ("find_verification", 1),
    ("redeem_verification_code, a wrong one", 1),
    ("redeem_verification_code, the right one", 1),
    ("redeem_verification_code, too many wrong ones", 1),
    ("redeem_verification_link", 1),
    ("delete_expired secrets", 1),
    ("issue_password_reset", 1),
    ("find_password_reset", 1),
    ("redeem_password_reset", 1),
    ("request_email_change, a taken address", 2),
    ("request_email_change, a taken address in private", 2),
    ("request_email_change, refused", 2),
    ("request_email_change", 2),
    ("issue_email_change", 1),
    ("find_email_change", 1),
    ("redeem_email_change", 1),
    ("record_failure, uncounted", 1),
    ("record_failure", 1),
    ("record_failure, locked", 1),
    ("locked_until", 1),
    ("record_success", 1),
    ("delete_stale", 1),
    ("enqueue", 1),
    ("claim", 1),
    ("retry, park, complete, send_again", 4),
    ("list mails", 1),
    ("backlog", 1),
    ("list keys", 1),
    ("succeed, and delete_expired keys", 2),
    ("list users", 1),
    ("list users, verified", 1),
    ("list users, inactive", 1),
    ("list users, with a role", 1),
    ("list users, who begin alike", 1),
    ("list users, verified, who begin alike", 1),
    ("list users, inactive, who begin alike", 1),
    ("list users, with a role, who begin alike", 1),
    ("list users, one", 1),
    ("update_user", 1),
    ("update_user, deactivating", 1),
    ("unlock", 1),
    ("set_password", 1),
    ("import", 3),
    ("import, again", 6),
    ("create role", 1),
    ("list roles", 1),
    ("find role", 1),
    ("find_by_name", 1),
    ("update role", 1),
    ("assign", 1),
    ("held_by", 1),
    ("revoke", 1),
    ("delete role", 1),
    ("append", 1),
    ("list events", 1),
    ("list events, of a user", 1),
    ("list events, of a kind", 1),
    ("list events, of a time", 1),
    ("list events, of a user, a kind and a time", 1),
    ("count_by_day", 1),
    ("delete_older", 1),
    ("read_page, of roles", 1),
    ("read_page, of the ten other kinds", 10),
    ("write_page", 3),
    ("write_page, again", 4),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_method_takes_as_many_round_trips_as_it_must() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let database = TEMPLATE.database().await;
    let (wire, url) = Wire::before(&database.url(), Duration::from_millis(30)).await.unwrap();
    let store = connect(&url).await;
    Calls::new(&store, "first", || 0).make_all().await;
    let mut passes = Vec::new();
    for round in ["second", "third", "fourth"] {
        let mut calls = Calls::new(&store, round, || wire.take_count());
        calls.make_all().await;
        passes.push(calls.made);
    }
    // On a busy machine an answer may come before the client has said all: that adds trips, and never takes one away.
    let fewest = passes.into_iter().reduce(|fewest, pass| {
        fewest.into_iter().zip(pass).map(|((what, one), (_, other))| (what, one.min(other))).collect()
    });
    assert_eq!(fewest.expect("there are three passes"), ROUND_TRIPS);
}
