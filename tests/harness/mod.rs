//! What every test starts from: a server of its own, a client, the mails that the server sent, and what
//! stands around it: a mail server, a reverse proxy, an application.

mod account;
mod administration;
mod answer;
mod impostor;
mod mailbox;
mod nginx;
mod operator;
mod server;
mod smtp_sink;
mod snippet;
mod upstream;

use std::time::Duration;

use portcullis_domain::use_cases::DeliverMail;

pub(crate) use account::{PASSWORD, SignedIn, claims};
pub(crate) use administration::{each, encoded, id, items};
pub(crate) use answer::Answer;
pub(crate) use impostor::{Call, Impostor, Lie, Memory, Reply};
pub(crate) use mailbox::Mail;
pub(crate) use nginx::Nginx;
pub(crate) use server::{Server, ServerBuilder};
pub(crate) use smtp_sink::{Received, SmtpSink};
pub(crate) use snippet::snippet;
pub(crate) use upstream::Upstream;

/// How long a test waits for what is about to come: far longer than it takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The same for a mail: one that a server had in hand when it was killed is nobody else's until its lease ends.
pub(crate) const MAIL_PATIENCE: Duration = DeliverMail::LEASE.saturating_add(PATIENCE);
