//! Mails to send, and what to write them with.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis_adapters_smtp::{
    Composer, FileMailer, LinkTemplate, LinkTemplates, Mailbox, Sender, StoredMail, Templates,
};
use portcullis_domain::mail::{MailContent, OutgoingMail};
use portcullis_domain::ports::Mailer as _;
use portcullis_domain::{EmailAddress, Locale, MailId, OneTimeCode, TokenSecret};
use portcullis_testkit::{FrozenClock, ScriptedEntropy};

pub(crate) const TOKEN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
pub(crate) const CODE: &str = "042137";
pub(crate) const SENDER: &str = "Example Shop <no-reply@shop.example>";

pub(crate) fn token() -> TokenSecret {
    TokenSecret::parse(TOKEN).unwrap()
}

pub(crate) fn locale(tag: &str) -> Locale {
    Locale::parse(tag).unwrap()
}

pub(crate) fn verify_email() -> MailContent {
    MailContent::VerifyEmail {
        token: token(),
        link_lifetime: Duration::from_hours(24),
        code: OneTimeCode::parse(CODE).unwrap(),
        code_lifetime: Duration::from_mins(10),
    }
}

pub(crate) fn reset_password() -> MailContent {
    MailContent::ResetPassword { token: token(), lifetime: Duration::from_mins(30) }
}

/// Every mail there is, with a name for its snapshots.
pub(crate) fn every_content() -> [(&'static str, MailContent); 8] {
    let confirm = MailContent::ConfirmEmailChange { token: token(), lifetime: Duration::from_hours(24) };
    [
        ("verify-email", verify_email()),
        ("reset-password", reset_password()),
        ("confirm-email-change", confirm),
        ("invitation", MailContent::Invitation { token: token(), lifetime: Duration::from_hours(7 * 24) }),
        ("email-change-requested", MailContent::EmailChangeRequested),
        ("email-changed", MailContent::EmailChanged),
        ("password-changed", MailContent::PasswordChanged),
        ("address-already-registered", MailContent::AddressAlreadyRegistered),
    ]
}

/// A mail in English to `to`, always under the same id.
pub(crate) fn mail(to: &str, content: MailContent) -> OutgoingMail {
    OutgoingMail {
        id: MailId::generate(FrozenClock::START, &ScriptedEntropy::default()),
        to: EmailAddress::parse(to).unwrap(),
        locale: Locale::english(),
        content,
    }
}

pub(crate) fn links() -> LinkTemplates {
    let link = |page| LinkTemplate::to_page("https://shop.example", page).unwrap();
    LinkTemplates {
        verify: link("verify-email"),
        reset: link("reset-password"),
        email_change: link("confirm-email-change"),
    }
}

pub(crate) fn composer_with(templates: Templates, links: LinkTemplates, sender: &str) -> Composer {
    Composer::new(templates, links, Sender::parse(sender).unwrap())
}

/// Writes as the product does when nothing is configured but the sender.
pub(crate) fn composer() -> Composer {
    composer_with(built_in_templates(), links(), SENDER)
}

pub(crate) fn built_in_templates() -> Templates {
    Templates::load(None, &Locale::english()).unwrap()
}

pub(crate) fn clock() -> Arc<FrozenClock> {
    Arc::new(FrozenClock::default())
}

/// The mail as a reader gets it: written to a file and parsed again.
pub(crate) async fn as_read(composer: Composer, mail: &OutgoingMail) -> StoredMail {
    let folder = tempfile::tempdir().unwrap();
    let mailer = FileMailer::open(folder.path(), composer, clock()).unwrap();
    mailer.send(mail).await.unwrap();
    let [read] = mails_in(folder.path()).await.try_into().unwrap();
    read
}

pub(crate) async fn mails_in(folder: &Path) -> Vec<StoredMail> {
    Mailbox::new(folder).newest().await.unwrap()
}
