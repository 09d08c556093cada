//! Installations that move to another store.

use std::fs;

use serde_json::Value;

use crate::accounts::{PASSWORD, create};
use crate::newer_version;
use crate::process::{Finished, Installation};

/// An installation with one user, and the folder of the store that it is to move to.
fn installation() -> Installation {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com", "--admin"], PASSWORD).output();
    fs::create_dir(installation.path("new")).expect("a folder can be made");
    installation
}

const FROM: &str = "sqlite://data/portcullis.db";
const TO: &str = "sqlite://new/portcullis.db";

fn copy(installation: &Installation) -> Finished {
    installation.run(&["copy", "--from", FROM, "--to", TO, "--json"])
}

fn of_kind<'a>(copied: &'a Value, kind: &str) -> &'a Value {
    let kinds = copied.as_array().expect("an array");
    kinds.iter().find(|copied| copied["kind"] == kind).expect("every kind is told")
}

/// What a failure says in the end, after how far it came.
#[track_caller]
fn failure(finished: &Finished) -> &str {
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished:?}");
    finished
        .stderr
        .lines()
        .last()
        .and_then(|line| line.strip_prefix("error: "))
        .expect("it says that it failed")
}

#[test]
fn a_copy_tells_what_it_copied_and_what_to_mind() {
    let copied = installation().run(&["copy", "--from", FROM, "--to", TO]);
    let lines: Vec<_> = copied.output().lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["KIND", "RECORDS", "NEW", "SHA-256", "OF", "BOTH"]
    );
    let columns = |line: &str| line.split_whitespace().take(3).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(columns(lines[1]), ["roles", "2", "0"]);
    assert_eq!(columns(lines[2]), ["users", "1", "1"]);
    assert_eq!(lines.len(), 14, "a head, eleven kinds, an empty line and a closing one");
    assert!(lines[13].contains("PORTCULLIS_SECRET_KEY"), "{}", lines[13]);
    let steps: Vec<_> = copied.stderr.lines().collect();
    assert_eq!(steps[..2], ["comparing roles: 2 of 2", "copying roles: 2 of 2"], "{}", copied.stderr);
    assert!(steps.contains(&"copying users: 1 of 1") && steps.contains(&"verifying users: 2 of 2"));
}

#[test]
fn a_copy_is_a_whole_installation() {
    let installation = installation();
    installation.run(&["keys", "rotate"]).output();
    let copied = copy(&installation).json();
    assert_eq!(of_kind(&copied, "users")["new"], 1);
    assert_eq!(of_kind(&copied, "signing_keys")["records"], 1);
    let keys = |store: &str| installation.run(&["keys", "list", "--json", "--database-url", store]).json();
    assert_eq!(keys(TO), keys(FROM));
    let again = copy(&installation).json();
    assert!(again.as_array().unwrap().iter().all(|kind| kind["new"] == 0), "{again}");
    assert_eq!(of_kind(&again, "users")["sha256"], of_kind(&copied, "users")["sha256"]);
}

#[test]
fn a_copy_goes_on_with_what_its_source_gained() {
    let installation = installation();
    copy(&installation).json();
    create(&installation, &["--email", "bob@example.com"], PASSWORD).output();
    let copied = copy(&installation).json();
    let users = of_kind(&copied, "users");
    assert_eq!((&users["records"], &users["new"]), (&2.into(), &1.into()));
}

#[test]
fn a_target_that_was_used_meanwhile_is_left_alone() {
    let installation = installation();
    copy(&installation).json();
    create(&installation, &["--email", "eve@example.com", "--database-url", TO], PASSWORD).output();
    create(&installation, &["--email", "bob@example.com"], PASSWORD).output();
    let refused = copy(&installation);
    assert!(
        failure(&refused).starts_with("the target holds users that the source does not hold"),
        "{refused:?}"
    );
    let bob = ["--email", "bob@example.com", "--database-url", TO];
    create(&installation, &bob, PASSWORD).output();
}

#[test]
fn the_stores_can_be_named_by_the_environment() {
    let installation = installation().with("PORTCULLIS_COPY_FROM", FROM).with("PORTCULLIS_COPY_TO", TO);
    assert_eq!(of_kind(&installation.run(&["copy", "--json"]).json(), "users")["new"], 1);
    let misspelled = installation.with("PORTCULLIS_COPY_FORM", FROM).run(&["copy"]);
    assert!(failure(&misspelled).contains("PORTCULLIS_COPY_FORM"), "{misspelled:?}");
}

#[test]
fn a_source_that_is_not_there_or_not_ready_is_not_made() {
    let installation = installation();
    let missing = installation.run(&["copy", "--from", "sqlite://old.db", "--to", TO]);
    assert!(
        failure(&missing).starts_with("the source cannot be copied: there is no database"),
        "{missing:?}"
    );
    assert!(!installation.path("old.db").exists() && !installation.path("new/portcullis.db").exists());
    fs::write(installation.path("empty.db"), "").unwrap();
    let stale = installation.run(&["copy", "--from", "sqlite://empty.db", "--to", TO]);
    let message = "the source cannot be copied: the database lacks the migrations";
    assert!(failure(&stale).starts_with(message), "{stale:?}");
}

#[test]
fn a_store_of_a_newer_version_is_neither_read_nor_written() {
    let installation = installation();
    copy(&installation).json();
    for (newer, refused) in [
        ("new/portcullis.db", "the target cannot take a copy"),
        ("data/portcullis.db", "the source cannot be copied"),
    ] {
        newer_version::apply_migration(&installation.path(newer));
        let finished = copy(&installation);
        let told = failure(&finished);
        assert!(told.starts_with(refused) && told.contains(newer_version::MIGRATION), "{told}");
    }
}

#[test]
fn stores_that_make_no_sense_are_refused_without_showing_their_passwords() {
    let secret = "postgres://ada:hunter2@db:port/app";
    let by_environment = Installation::new().with("PORTCULLIS_COPY_FROM", secret);
    for (installation, arguments) in [
        (&Installation::new(), &["copy", "--from", secret, "--to", TO][..]),
        (&by_environment, &["copy", "--to", TO]),
        (&by_environment, &["copy", "--help"]),
        (&Installation::new(), &["copy", "--from", FROM]),
        (&Installation::new(), &["copy", "--from", FROM, "--to", FROM]),
    ] {
        let finished = installation.run(arguments);
        let expected = if arguments.contains(&"--help") { 0 } else { 2 };
        assert_eq!(finished.code, Some(expected), "{finished:?}");
        assert!(!format!("{finished:?}").contains("hunter2"), "{finished:?}");
    }
}
