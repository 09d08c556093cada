//! What every test starts from: a server of its own, a client, and the mails that the server sent.

mod account;
mod answer;
mod mailbox;
mod server;
mod smtp_sink;

pub(crate) use account::{PASSWORD, SignedIn};
pub(crate) use answer::Answer;
pub(crate) use mailbox::Mail;
pub(crate) use server::{Server, ServerBuilder};
pub(crate) use smtp_sink::{Received, SmtpSink};
