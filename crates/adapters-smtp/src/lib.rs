//! Mailers: SMTP for production, `.eml` files for development, and the words of every mail.
//!
//! - [`Templates`] are the words, built in for English and German, replaceable file by file;
//! - [`LinkTemplates`] say where the links in mails lead;
//! - a [`Composer`] makes a finished mail of the two;
//! - [`SmtpMailer`] and [`FileMailer`] hand it on; both are a [`Mailer`](portcullis_domain::ports::Mailer);
//! - [`Mailbox`] reads back what a [`FileMailer`] wrote.

mod composer;
mod file_mailer;
mod file_name;
mod lifetime;
mod links;
mod mail_template;
mod mailbox;
mod redaction;
mod sender;
mod smtp_connections;
mod smtp_mailer;
mod smtp_url;
mod template_files;
mod templates;

pub use composer::Composer;
pub use file_mailer::FileMailer;
pub use links::{InvalidLinkTemplate, LinkTemplate, LinkTemplates};
pub use mailbox::{Mailbox, StoredMail};
pub use sender::{InvalidSender, Sender};
pub use smtp_mailer::{SmtpMailer, SmtpSettings, SmtpSetupError};
pub use smtp_url::{InvalidSmtpUrl, SmtpUrl};
pub use templates::{TemplateError, Templates};
