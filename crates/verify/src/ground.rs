use serde_json::json;

use crate::accounts::Accounts;
use crate::administrator::Administrator;
use crate::api::{REGISTER, RESET_REQUEST};
use crate::mailbox::{Mail, Mailbox};
use crate::outcome::{Finding, Unshown};
use crate::report::{Installation, Registration, Verification};
use crate::service::Service;

/// What rows stand on.
pub(crate) struct Ground<'a> {
    pub(crate) service: &'a Service,
    pub(crate) accounts: &'a Accounts,
    pub(crate) mailbox: Option<&'a Mailbox>,
    pub(crate) installation: Installation,
    /// How many race.
    pub(crate) at_once: usize,
    /// How many wrong passwords in a row lock an account.
    pub(crate) lockout_threshold: usize,
}

impl Ground<'_> {
    pub(crate) fn administrator(&self) -> &Administrator {
        &self.accounts.administrator
    }

    pub(crate) fn mailbox(&self) -> Finding<&Mailbox> {
        self.mailbox.ok_or_else(|| Unshown::NotRun("there is no mailbox to read".to_owned()))
    }

    /// The next mail to `address` with a link.
    pub(crate) async fn next_link_to(&self, address: &str) -> Finding<Mail> {
        Ok(self.mailbox()?.next_link_to(address).await?)
    }

    /// Asks for a reset, and gives the mail with its link.
    pub(crate) async fn reset_mail(&self, address: &str) -> Finding<Mail> {
        // Before a mail is sent that nobody can read.
        self.mailbox()?;
        self.service.post(RESET_REQUEST, json!({ "email": address })).await?.json(200)?;
        self.next_link_to(address).await
    }
}

impl Installation {
    /// Finds out how accounts come to be here.
    pub(crate) async fn discover(service: &Service, accounts: &Accounts) -> Finding<Self> {
        let body = json!({ "email": accounts.fresh_address(), "password": Accounts::fresh_password() });
        let answer = service.post(REGISTER, body).await?;
        let registration = match answer.status {
            201 => Registration::Open,
            202 => Registration::Private,
            _ => {
                answer.problem(403, "registration_closed")?;
                Registration::Closed
            }
        };
        let unverified = accounts.make_unverified().await?;
        let login = accounts.login(&unverified.email, &unverified.password).await?;
        let verification = if login.status == 200 {
            Verification::Optional
        } else {
            login.problem(403, "email_not_verified")?;
            Verification::Required
        };
        Ok(Self { registration, verification })
    }
}
