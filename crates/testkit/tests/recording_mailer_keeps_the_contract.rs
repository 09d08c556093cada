//! The mailer that records is held to what every mailer is held to.

use std::sync::Arc;

use portcullis_domain::mail::{MailContent, MailKind, OutgoingMail};
use portcullis_domain::ports::{Mailer as _, MailerError};
use portcullis_testkit::contract::mailer::MailerSetup;
use portcullis_testkit::fixtures::mail;
use portcullis_testkit::{RecordingMailer, mailer_contract};

mailer_contract!(setup());

fn setup() -> MailerSetup {
    let mailer = Arc::new(RecordingMailer::default());
    MailerSetup { delivered: mailer.clone(), mailer, guard: Arc::new(()) }
}

#[tokio::test]
async fn a_mailer_told_to_fail_fails_as_often_as_it_was_told() {
    let mailer = RecordingMailer::default();
    let errors = [MailerError::Transient("451".to_owned()), MailerError::Permanent("550".to_owned())];
    for error in &errors {
        mailer.fail_next(error.clone());
    }
    let queued = mail(MailKind::PasswordChanged, "ada@example.com");
    let (id, to, locale) = (queued.id, queued.recipient, queued.locale);
    let mail = OutgoingMail { id, to, locale, content: MailContent::PasswordChanged };
    for error in errors {
        assert_eq!(mailer.send(&mail).await, Err(error));
        assert!(mailer.sent().is_empty(), "what failed was not sent");
    }
    assert_eq!(mailer.send(&mail).await, Ok(()));
    assert_eq!(mailer.last_to("ADA@example.com").map(|mail| mail.id), Some(mail.id));
}
