//! What administrators do to the accounts of others, and to their own.

use super::accounts::Account;
use super::attempts::Passwords;
use super::{Model, Refusal, canonical};
use crate::call::{AccountNumber, Answer, Caller, MailName, Task};

impl Model {
    pub(super) fn administer(&mut self, by: Caller, task: &Task) -> Result<Answer, Refusal> {
        let (caller, _) = self.authenticate(by)?;
        if !self.accounts[caller].is_admin {
            return Err(Refusal::new(403, "forbidden"));
        }
        match task {
            Task::Create { email, password, email_verified } => {
                self.create(email, *password, *email_verified)
            }
            Task::SetActive { account, is_active } => {
                self.find(*account)?;
                if !is_active {
                    self.leave_an_administrator_besides(*account)?;
                    self.end_sessions(*account, None);
                    self.end_mailed(*account, |_| true);
                }
                self.accounts[*account].is_active = *is_active;
                Ok(self.about(200, *account))
            }
            Task::SetEmail { account, email } => self.set_email(*account, email),
            Task::Verify { account } => {
                self.find(*account)?;
                self.accounts[*account].email_verified = true;
                Ok(self.about(200, *account))
            }
            Task::Unlock { account } => {
                self.find(*account)?;
                self.codes.remove(&canonical(&self.accounts[*account].email));
                self.accounts[*account].guesses = Passwords::default();
                Ok(self.about(200, *account))
            }
            Task::Delete { account } => {
                self.find(*account)?;
                self.delete(*account)?;
                Ok(Answer::status(204))
            }
            Task::RevokeSessions { account } => {
                self.find(*account)?;
                self.end_sessions(*account, None);
                Ok(Answer::status(204))
            }
            Task::GrantAdmin { account } => {
                self.find(*account)?;
                self.accounts[*account].is_admin = true;
                Ok(Answer::status(204))
            }
            Task::RevokeAdmin { account } => {
                self.find(*account)?;
                self.leave_an_administrator_besides(*account)?;
                self.accounts[*account].is_admin = false;
                Ok(Answer::status(204))
            }
        }
    }

    fn find(&self, account: AccountNumber) -> Result<(), Refusal> {
        let is_there = !self.accounts[account].is_erased;
        is_there.then_some(()).ok_or_else(|| Refusal::new(404, "not_found"))
    }

    fn create(
        &mut self,
        email: &str,
        password: Option<&'static str>,
        email_verified: bool,
    ) -> Result<Answer, Refusal> {
        if self.with_email(email).is_some() {
            return Err(Refusal::new(409, "email_taken"));
        }
        self.accounts.push(Account { email_verified, ..Account::new(email, password) });
        match (password, email_verified) {
            (None, _) => self.mail_reset(email, MailName::Invitation),
            (Some(_), false) => self.mail_verification(email),
            (Some(_), true) => {}
        }
        Ok(self.about(201, self.newest_account()))
    }

    /// Another address is unverified, and ends all that was mailed; another spelling of the same is only that.
    fn set_email(&mut self, number: AccountNumber, email: &str) -> Result<Answer, Refusal> {
        self.find(number)?;
        if self.with_email(email).is_some_and(|holder| holder != number) {
            return Err(Refusal::new(409, "email_taken"));
        }
        let old = std::mem::replace(&mut self.accounts[number].email, email.to_owned());
        if canonical(&old) != canonical(email) {
            self.accounts[number].email_verified = false;
            self.end_mailed(number, |_| true);
            self.mail_verification(email);
            self.outbox.push((MailName::EmailChanged, old));
        }
        Ok(self.about(200, number))
    }
}
