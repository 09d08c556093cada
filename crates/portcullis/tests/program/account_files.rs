//! What is said of files of accounts, and of the way in and out.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use portcullis_account_files::AccountRecord;
use serde_json::json;

use crate::accounts::{PASSWORD, create};
use crate::process::Installation;

/// The names between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_field_is_documented_and_no_other() {
    let page = include_str!("../../../../docs/coming-from-fastapi.md");
    let (_, table) = page.split_once("| field | what |\n|---|---|\n").expect("the table is there");
    let (table, _) = table.split_once("\n\n").expect("something follows it");
    let names = |row: &'static str| quoted(row.split('|').nth(1).expect("a first cell"));
    let mut documented: Vec<_> = table.lines().flat_map(names).collect();
    let mut fields = AccountRecord::FIELDS;
    documented.sort_unstable();
    fields.sort_unstable();
    assert_eq!(documented, fields);

    let help = Installation::new().run(&["user", "import", "--help"]);
    let told: Vec<_> = quoted(help.output()).filter(|name| fields.contains(name)).collect();
    assert_eq!(told.len(), fields.len(), "each is told once: {told:?}");
}

#[test]
fn an_export_that_goes_on_counts_what_was_there() {
    let installation = Installation::new();
    for name in ["ada", "bob", "eve"] {
        create(&installation, &["--email", &format!("{name}@example.com")], PASSWORD).output();
    }
    let export = || installation.run(&["user", "export", "users.csv"]);
    let first = export();
    assert_eq!(first.output(), "3 accounts written to users.csv\n");
    assert_eq!(first.stderr, "exporting: 3 of 3\n");

    let whole = fs::read_to_string(installation.path("users.csv")).unwrap();
    let lines: Vec<_> = whole.lines().collect();
    fs::write(installation.path("users.csv.part"), format!("{}\n", lines[..3].join("\n"))).unwrap();
    let again = export();
    let words = "3 accounts written to users.csv, 2 of them by an export that was interrupted\n";
    assert_eq!((again.output(), again.stderr.as_str()), (words, "exporting: 3 of 3\n"));
}

#[test]
fn an_export_does_not_go_on_with_accounts_of_long_ago() {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com"], PASSWORD).output();
    let export = || installation.run(&["user", "export", "users.csv"]);
    export().output();
    let unfinished = installation.path("users.csv.part");
    fs::rename(installation.path("users.csv"), &unfinished).unwrap();
    let file = File::options().write(true).open(&unfinished).unwrap();
    file.set_modified(file.metadata().unwrap().modified().unwrap() - Duration::from_hours(75)).unwrap();
    let refused = export();
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("interrupted 3 days ago"), "{}", refused.stderr);
    fs::remove_file(&unfinished).unwrap();
    assert_eq!(export().output(), "1 accounts written to users.csv\n");
}

#[test]
fn a_report_does_not_overwrite_what_is_imported() {
    let installation = Installation::new();
    let account = "{\"email\":\"ada@example.com\"}\n";
    fs::write(installation.path("users.jsonl"), account).unwrap();
    let refused = installation.run(&["user", "import", "users.jsonl", "--report", "./users.jsonl"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("would overwrite"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(installation.path("users.jsonl")).unwrap(), account);
}

/// A pipe with a name.
fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("there is a mkfifo").success());
}

#[test]
fn an_export_replaces_nothing_but_a_file() {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com"], PASSWORD).output();
    make_fifo(&installation.path("fifo"));
    fs::create_dir(installation.path("folder")).unwrap();
    symlink("nowhere.csv", installation.path("dangling")).unwrap();
    for (target, reason) in [
        ("fifo", "fifo is no file that can be replaced; `-` writes to standard output"),
        ("folder", "folder is no file that can be replaced; `-` writes to standard output"),
        ("dangling", "dangling cannot be looked at: No such file or directory (os error 2)"),
    ] {
        let refused = installation.run(&["user", "export", target, "--as", "csv"]);
        assert_eq!(refused.failure(), reason);
        assert!(!installation.path(&format!("{target}.part")).exists());
    }
    assert!(installation.path("fifo").metadata().unwrap().file_type().is_fifo());
    assert!(installation.path("folder").is_dir());
}

#[test]
fn an_export_follows_a_link_to_a_file() {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com"], PASSWORD).output();
    fs::create_dir(installation.path("elsewhere")).unwrap();
    fs::write(installation.path("elsewhere/users.csv"), "").unwrap();
    symlink("elsewhere/users.csv", installation.path("link.csv")).unwrap();
    let exported = installation.run(&["user", "export", "link.csv"]);
    assert_eq!(exported.output(), "1 accounts written to link.csv\n");
    assert!(installation.path("link.csv").is_symlink());
    assert!(
        fs::read_to_string(installation.path("elsewhere/users.csv")).unwrap().contains("ada@example.com")
    );
}

#[test]
fn an_export_does_not_go_on_with_accounts_of_another_installation() {
    let [there, here] =
        [("there@example.com", Installation::new()), ("here@example.com", Installation::new())].map(
            |(email, installation)| {
                create(&installation, &["--email", email], PASSWORD).output();
                installation
            },
        );
    there.run(&["user", "export", "users.csv"]).output();
    let unfinished = here.path("users.csv.part");
    fs::copy(there.path("users.csv"), &unfinished).unwrap();
    let export = || here.run(&["user", "export", "users.csv"]);
    assert_eq!(
        export().failure(),
        "users.csv.part cannot be written: it ends with an account that is not in this installation, or no longer: \
         delete it to begin anew"
    );
    fs::remove_file(&unfinished).unwrap();
    assert_eq!(export().output(), "1 accounts written to users.csv\n");
}

#[test]
fn two_exports_do_not_write_one_file_at_once() {
    let installation = Installation::new();
    create(&installation, &["--email", "ada@example.com"], PASSWORD).output();
    let other = File::create(installation.path("users.csv.part")).unwrap();
    other.lock().unwrap();
    let export = || installation.run(&["user", "export", "users.csv"]);
    assert_eq!(export().failure(), "users.csv.part cannot be written: another export is writing it");
    drop(other);
    assert_eq!(export().output(), "1 accounts written to users.csv\n");
}

/// An account, and what is none, as many together as are stored with one step.
fn batch_with_one_account() -> String {
    format!("{{\"email\":\"ada@example.com\"}}\n{}", "{}\n".repeat(4_999))
}

#[test]
fn an_import_that_is_asked_to_end_says_and_notes_what_it_did() {
    let installation = Installation::new();
    installation.run(&["migrate"]).output();
    let mut import =
        installation.begin(&["user", "import", "-", "--as", "jsonl", "--report", "refused.jsonl"]);
    import.write(&batch_with_one_account());
    while installation.run(&["user", "show", "ada@example.com"]).code != Some(0) {
        assert!(import.is_running());
    }
    import.signal("TERM");
    let ended = import.end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "1 imported, 0 were there already, 4999 refused\n");
    assert!(
        ended.stderr.ends_with(
            "error: the import was interrupted; what was imported stays, and importing the file again goes on: \
             a signal asked for its end\n"
        ),
        "{}",
        ended.stderr
    );
    let report = fs::read_to_string(installation.path("refused.jsonl")).unwrap();
    assert_eq!(report.lines().count(), 4_999);
    let events = installation.run(&["audit", "list", "--kind", "user_import", "--json"]).json();
    let detail = json!({"by": "operator", "imported": "1", "present": "0", "refused": "4999"});
    assert_eq!((events.as_array().unwrap().len(), &events[0]["detail"]), (1, &detail));
}

#[test]
fn an_import_that_cannot_come_to_an_end_is_ended_by_a_second_signal() {
    let installation = Installation::new();
    make_fifo(&installation.path("report"));
    let mut import = installation.begin(&["user", "import", "-", "--as", "jsonl", "--report", "report"]);
    let mut report = File::open(installation.path("report")).unwrap();
    // The second one waits for the first, since it has the same account.
    import.write(&batch_with_one_account().repeat(2));
    // Once it has begun to write, with more than fits into a pipe, it waits for somebody to read on.
    report.read_exact(&mut [0]).unwrap();
    import.signal("TERM");
    import.signal("INT");
    let ended = import.end();
    assert_eq!(
        ended.failure(),
        "the import was ended at once, and does not stand in the audit trail; what was imported stays, and importing \
         the file again goes on"
    );
}
