//! Cases of [`Mailer`].

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use portcullis_domain::mail::{MailContent, OutgoingMail};
use portcullis_domain::ports::{Mailer, MailerError};
use portcullis_domain::{EmailAddress, Locale, MailId, OneTimeCode, TokenSecret};
use tokio::task::JoinSet;

use crate::ScriptedEntropy;
use crate::fixtures::{NOW, email};

/// A mailer adapter as the contract suite meets it.
#[derive(Clone)]
pub struct MailerSetup {
    /// Sends mails.
    pub mailer: Arc<dyn Mailer>,
    /// Reads what became of them.
    pub delivered: Arc<dyn Delivered>,
    /// Lives as long as the mailer: a directory, an SMTP server, `Arc::new(())`.
    pub guard: Arc<dyn Any + Send + Sync>,
}

/// Reads what was delivered: an adapter's tests implement it for the place where their mails end up.
pub trait Delivered: Send + Sync {
    /// Every mail that was delivered so far, in any order.
    fn mails(&self) -> Vec<DeliveredMail>;
}

/// A mail where it ended up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveredMail {
    /// Whom it was delivered to: for SMTP the recipients of the envelope, not the header `To`.
    pub to: Vec<String>,
    /// What it says: all its text parts, decoded.
    pub text: String,
}

const LIFETIME: Duration = Duration::from_mins(30);

static ENTROPY: ScriptedEntropy = ScriptedEntropy::seeded(0x3A11);

fn outgoing(to: &str, content: MailContent) -> OutgoingMail {
    OutgoingMail { id: MailId::generate(NOW, &ENTROPY), to: email(to), locale: Locale::english(), content }
}

fn verification() -> MailContent {
    MailContent::VerifyEmail {
        token: TokenSecret::generate(&ENTROPY),
        link_lifetime: LIFETIME,
        code: OneTimeCode::generate(&ENTROPY),
        code_lifetime: LIFETIME,
    }
}

/// A mail of every kind.
fn every_kind() -> Vec<MailContent> {
    vec![
        verification(),
        MailContent::ResetPassword { token: TokenSecret::generate(&ENTROPY), lifetime: LIFETIME },
        MailContent::Invitation { token: TokenSecret::generate(&ENTROPY), lifetime: LIFETIME },
        MailContent::ConfirmEmailChange { token: TokenSecret::generate(&ENTROPY), lifetime: LIFETIME },
        MailContent::EmailChangeRequested,
        MailContent::EmailChanged,
        MailContent::PasswordChanged,
        MailContent::AddressAlreadyRegistered,
    ]
}

/// What the recipient of a mail needs to find in it.
fn secrets(content: &MailContent) -> Vec<String> {
    match content {
        MailContent::VerifyEmail { token, code, .. } => {
            vec![token.expose().to_string(), code.expose().to_owned()]
        }
        MailContent::ResetPassword { token, .. }
        | MailContent::Invitation { token, .. }
        | MailContent::ConfirmEmailChange { token, .. } => vec![token.expose().to_string()],
        MailContent::EmailChangeRequested
        | MailContent::EmailChanged
        | MailContent::PasswordChanged
        | MailContent::AddressAlreadyRegistered => vec![],
    }
}

fn is_for(delivered: &DeliveredMail, recipient: &EmailAddress) -> bool {
    delivered.to.iter().any(|to| EmailAddress::parse(to).is_ok_and(|to| to == *recipient))
}

/// Sends a mail, and expects that it and nothing else was delivered, once, to its recipient alone.
async fn expect_delivery(setup: &MailerSetup, mail: &OutgoingMail) -> DeliveredMail {
    let before = setup.delivered.mails();
    setup.mailer.send(mail).await.expect("the mail is sent");
    let mut delivered = setup.delivered.mails();
    delivered.retain(|mail| !before.contains(mail));
    let [delivered] = &delivered[..] else {
        panic!("one mail is delivered once, before the mailer returns: {delivered:?}");
    };
    assert_eq!(delivered.to.len(), 1, "a mail has one recipient: {delivered:?}");
    assert!(is_for(delivered, &mail.to), "it is delivered to {}: {delivered:?}", mail.to);
    delivered.clone()
}

/// A mail of every kind is delivered once, to its recipient and to nobody else.
pub async fn every_kind_of_mail_reaches_its_recipient(setup: &MailerSetup) {
    for (number, content) in every_kind().into_iter().enumerate() {
        let delivered =
            expect_delivery(setup, &outgoing(&format!("user{number}@example.com"), content)).await;
        assert!(!delivered.text.trim().is_empty(), "a mail says something");
    }
}

/// The recipient finds in a mail what it was sent for: the secret of its link, unbroken, and its code.
pub async fn a_mail_carries_its_secrets(setup: &MailerSetup) {
    for (number, content) in every_kind().into_iter().enumerate() {
        let secrets = secrets(&content);
        let delivered =
            expect_delivery(setup, &outgoing(&format!("user{number}@example.com"), content)).await;
        for secret in secrets {
            assert!(
                delivered.text.contains(&secret),
                "a secret stands in the text as a whole: {delivered:?}"
            );
        }
    }
}

/// No address that can be written makes a mail go anywhere else.
pub async fn an_odd_address_has_no_second_recipient(setup: &MailerSetup) {
    for address in [
        "ada+tag@example.com",
        "ada%example.net@example.com",
        "example.net!ada@example.com",
        "o'hara@example.com",
        "!#$%&'*+/?=^_`{|}~-@example.com",
        "{{token}}@example.com",
    ] {
        expect_delivery(setup, &outgoing(address, verification())).await;
    }
}

/// An international domain is written in whichever form it can travel in. An international local part
/// is delivered as it is, or refused for good where the way does not take it.
pub async fn an_international_address_is_kept(setup: &MailerSetup) {
    expect_delivery(setup, &outgoing("info@bücher.example", verification())).await;

    let mail = outgoing("Андрей@example.com", verification());
    let before = setup.delivered.mails().len();
    match setup.mailer.send(&mail).await {
        Ok(()) => {
            let delivered = setup.delivered.mails();
            let theirs = delivered.iter().filter(|delivered| is_for(delivered, &mail.to)).count();
            assert_eq!(theirs, 1, "{} gets the mail that was sent to them: {delivered:?}", mail.to);
        }
        Err(MailerError::Permanent(_)) => {
            assert_eq!(setup.delivered.mails().len(), before, "a mail that was refused goes nowhere");
        }
        Err(error @ MailerError::Transient(_)) => {
            panic!("an address that cannot be written now can never be: {error}");
        }
    }
}

/// Mails that are sent at once all arrive, each with its own words.
pub async fn mails_sent_at_once_all_arrive(setup: &MailerSetup) {
    const MAILS: usize = 20;
    let mut sending = JoinSet::new();
    let mut mails = Vec::new();
    for number in 0..MAILS {
        let mail = outgoing(&format!("user{number}@example.com"), verification());
        mails.push(mail.clone());
        let mailer = Arc::clone(&setup.mailer);
        sending.spawn(async move { mailer.send(&mail).await });
    }
    for sent in sending.join_all().await {
        assert_eq!(sent, Ok(()), "every mail is sent");
    }
    let delivered = setup.delivered.mails();
    assert_eq!(delivered.len(), MAILS, "every mail arrives once");
    for mail in mails {
        let theirs = delivered.iter().find(|delivered| is_for(delivered, &mail.to));
        let theirs = theirs.unwrap_or_else(|| panic!("{} gets a mail", mail.to));
        for secret in secrets(&mail.content) {
            assert!(theirs.text.contains(&secret), "{} gets their own secrets", mail.to);
        }
    }
}
