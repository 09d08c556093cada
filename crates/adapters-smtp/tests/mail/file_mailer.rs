//! Mails as files, written and read back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis_adapters_smtp::{FileMailer, Mailbox};
use portcullis_domain::mail::MailContent;
use portcullis_domain::ports::{Mailer as _, MailerError};
use portcullis_testkit::FrozenClock;

use crate::fixtures::{CODE, TOKEN, clock, composer, mail, mails_in, reset_password, verify_email};

fn open(folder: &Path) -> FileMailer {
    FileMailer::open(folder, composer(), clock()).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_mail_becomes_a_private_file_named_by_time_and_id() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("data/mailbox");
    let sent = mail("ada@example.com", verify_email());
    open(&folder).send(&sent).await.unwrap();

    let file = format!("20260301T120000.000000Z-{}.eml", sent.id);
    assert_eq!(names(&folder), [file.as_str()], "no unfinished file stays behind");
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join(file)), 0o600);
}

#[tokio::test]
async fn the_mailbox_reads_a_mail_back() {
    let folder = tempfile::tempdir().unwrap();
    let sent = mail("ada@example.com", verify_email());
    open(folder.path()).send(&sent).await.unwrap();

    let [read] = mails_in(folder.path()).await.try_into().unwrap();
    assert_eq!(read.id, format!("20260301T120000.000000Z-{}", sent.id));
    assert_eq!(read.to, "ada@example.com");
    assert_eq!(read.from, "Example Shop <no-reply@shop.example>");
    assert_eq!(read.subject, "Confirm your e-mail address");
    assert_eq!(read.date, FrozenClock::START);
    assert_eq!(read.links, [format!("https://shop.example/verify-email?token={TOKEN}")]);
    assert_eq!(read.code.as_deref(), Some(CODE));
    assert_eq!(Mailbox::new(folder.path()).find(&read.id).await.unwrap(), Some(read.clone()));
    assert!(!format!("{read:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_mail_without_link_and_code_shows_none() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).send(&mail("ada@example.com", MailContent::PasswordChanged)).await.unwrap();
    let [read] = mails_in(folder.path()).await.try_into().unwrap();
    assert_eq!((read.links, read.code), (vec![], None));
}

#[tokio::test]
async fn a_mail_that_is_sent_again_gets_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = Arc::new(open(folder.path()));
    let attempts: Vec<_> = (0..16)
        .map(|_| {
            let mailer = Arc::clone(&mailer);
            tokio::spawn(async move { mailer.send(&mail("ada@example.com", reset_password())).await })
        })
        .collect();
    for attempt in attempts {
        attempt.await.unwrap().unwrap();
    }
    assert_eq!(mails_in(folder.path()).await.len(), 16);
}

#[tokio::test]
async fn what_a_crash_left_unfinished_is_neither_read_nor_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let sent = mail("ada@example.com", reset_password());
    let unfinished = format!(".20260301T120000.000000Z-{}.unfinished", sent.id);
    fs::write(folder.path().join(&unfinished), "From: half").unwrap();
    open(folder.path()).send(&sent).await.unwrap();
    assert_eq!(mails_in(folder.path()).await.len(), 1);
}

#[tokio::test]
async fn the_newest_mails_come_first_and_not_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let clock = clock();
    let mailer = FileMailer::open(folder.path(), composer(), clock.clone()).unwrap();
    for _ in 0..=Mailbox::LIMIT {
        clock.advance(Duration::from_secs(1));
        mailer.send(&mail("ada@example.com", reset_password())).await.unwrap();
    }
    let mails = mails_in(folder.path()).await;
    assert_eq!(mails.len(), Mailbox::LIMIT);
    assert_eq!(mails[0].date, FrozenClock::START + Duration::from_secs(201));
    assert!(mails.is_sorted_by_key(|mail| std::cmp::Reverse(mail.date)));
}

#[tokio::test]
async fn foreign_files_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).send(&mail("ada@example.com", reset_password())).await.unwrap();
    let id = "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b";
    let path = |name: &str| folder.path().join(name);
    fs::write(path("notes.txt"), "From: me").unwrap();
    fs::write(path("other.eml"), "From: eve@example.com\r\n\r\nhello").unwrap();
    fs::write(path(&format!("20270101T000000.000000Z-{id}.eml")), "").unwrap();
    fs::write(path(&format!("20270101T000000.000001Z-{id}.eml")), b"\xFF\xFE\x00 no mail").unwrap();
    fs::write(path(&format!("20270101T000000.000002Z-{id}.eml")), vec![b'x'; 2 << 20]).unwrap();
    fs::create_dir(path(&format!("20270101T000000.000003Z-{id}.eml"))).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", path(&format!("20270101T000000.000004Z-{id}.eml"))).unwrap();
    let mails = mails_in(folder.path()).await;
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["ada@example.com"]);
}

#[tokio::test]
async fn an_id_that_is_a_path_finds_nothing() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("mailbox");
    open(&folder).send(&mail("ada@example.com", reset_password())).await.unwrap();
    let id = mails_in(&folder).await[0].id.clone();
    let elsewhere = data.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(folder.join(format!("{id}.eml")), elsewhere.join(format!("{id}.eml"))).unwrap();

    assert!(Mailbox::new(&elsewhere).find(&id).await.unwrap().is_some());
    for id in [format!("../elsewhere/{id}"), elsewhere.join(&id).display().to_string(), id, String::new()] {
        assert_eq!(Mailbox::new(&folder).find(&id).await.unwrap(), None, "{id}");
    }
}

#[tokio::test]
async fn a_mailbox_without_a_folder_is_empty() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(mails_in(&data.path().join("mailbox")).await, []);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_is_tried_again_later() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("mailbox");
    let mailer = open(&folder);
    fs::remove_dir(&folder).unwrap();
    let error = mailer.send(&mail("ada@example.com", reset_password())).await.unwrap_err();
    assert!(matches!(&error, MailerError::Transient(reason) if reason.contains("mailbox")), "{error}");
    assert!(!error.to_string().contains(TOKEN));
}
