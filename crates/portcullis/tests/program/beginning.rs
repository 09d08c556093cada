//! Where an installation begins, and where one is only looked for.

use std::fs;

use crate::accounts::{PASSWORD, create};
use crate::process::Installation;

/// What wants an installation that is there.
const ON_WHAT_IS_THERE: [&[&str]; 15] = [
    &["migrate", "--check"],
    &["keys", "list"],
    &["keys", "rotate"],
    &["mail", "list"],
    &["mail", "retry", "--all"],
    &["role", "list"],
    &["audit", "list"],
    &["user", "list"],
    &["user", "show", "ada"],
    &["user", "verify", "ada"],
    &["user", "sign-out", "ada"],
    &["user", "disable", "ada"],
    &["user", "delete", "ada", "--yes"],
    &["user", "grant", "ada", "admin"],
    &["user", "export", "users.csv"],
];

#[test]
fn in_the_wrong_folder_nothing_is_made_and_the_remedy_is_said() {
    let installation = Installation::new();
    for arguments in ON_WHAT_IS_THERE {
        let finished = installation.run(arguments);
        let message = finished.failure();
        assert!(message.starts_with("there is no installation in ./data: "), "{arguments:?}: {message}");
        assert!(message.contains("PORTCULLIS_DATA_DIR") && message.contains("user create"), "{message}");
    }
    assert_eq!(fs::read_dir(installation.path("")).unwrap().count(), 0, "nothing is made");
}

#[test]
fn a_database_that_is_not_where_it_is_said_to_be_is_named() {
    let installation = Installation::new();
    installation.run(&["migrate"]).output();
    let finished = installation.run(&["user", "list", "--database-url", "sqlite://data/other.db"]);
    assert!(finished.failure().starts_with("there is no installation in data/other.db: "), "{finished:?}");
    let by_url = ["user", "list", "--database-url", "sqlite://data/portcullis.db", "--data-dir", "elsewhere"];
    let finished = installation.run(&by_url);
    assert!(finished.failure().starts_with("there is no installation in elsewhere: "), "{finished:?}");
    assert!(!installation.path("data/other.db").exists() && !installation.path("elsewhere").exists());
}

#[test]
fn what_an_operator_begins_with_begins_an_installation() {
    for (arguments, input) in [
        (&["migrate"][..], ""),
        (&["user", "create", "--email", "ada@example.com", "--password-stdin"], PASSWORD),
        (&["user", "import", "-", "--as", "jsonl"], "{\"email\": \"ada@example.com\"}"),
    ] {
        let installation = Installation::new();
        installation.run_with_input(arguments, input).output();
        installation.run(&["user", "list"]).output();
    }
}

#[test]
fn a_schema_that_is_old_is_left_so_by_all_but_what_begins() {
    let installation = Installation::new();
    fs::create_dir(installation.path("data")).unwrap();
    fs::write(installation.path("data/portcullis.db"), "").unwrap();
    for _ in 0..2 {
        let finished = installation.run(&["user", "list"]);
        assert!(finished.failure().starts_with("the database lacks the migrations "), "{finished:?}");
        assert!(finished.failure().ends_with("`portcullis migrate` applies them"), "{finished:?}");
    }
    create(&installation, &["--email", "ada@example.com"], PASSWORD).output();
    installation.run(&["user", "list"]).output();
}

#[test]
fn a_command_makes_no_mailbox() {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com"], PASSWORD).output();
    installation.run(&["user", "list"]).output();
    assert!(!installation.path("data/mailbox").exists());
}
