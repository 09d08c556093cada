//! Accounts: who has which address, name and password.

use super::attempts::Passwords;
use super::{Model, Moment, Refusal, accept, canonical, wrong_guess};
use crate::call::{AccountNumber, Answer, Caller, Profile};

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is true of an account by itself")]
pub(super) struct Account {
    /// As it was given.
    pub(super) email: String,
    pub(super) email_verified: bool,
    pub(super) username: Option<String>,
    /// None until its owner sets one.
    pub(super) password: Option<&'static str>,
    pub(super) is_active: bool,
    pub(super) is_admin: bool,
    pub(super) last_login_at: Option<Moment>,
    pub(super) guesses: Passwords,
    pub(super) is_erased: bool,
}

impl Account {
    pub(super) fn new(email: &str, password: Option<&'static str>) -> Self {
        Self {
            email: email.to_owned(),
            email_verified: false,
            username: None,
            password,
            is_active: true,
            is_admin: false,
            last_login_at: None,
            guesses: Passwords::default(),
            is_erased: false,
        }
    }

    pub(super) fn profile(&self) -> Profile {
        let roles: &[&str] = if self.is_admin { &["admin", "user"] } else { &["user"] };
        Profile {
            email: self.email.clone(),
            email_verified: self.email_verified,
            username: self.username.clone(),
            is_active: self.is_active,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            last_login_at: self.last_login_at,
        }
    }
}

impl Model {
    /// An administrator whom nobody signed in yet.
    pub(crate) fn with_administrator(email: &str, password: &'static str) -> Self {
        let account = Account { email_verified: true, is_admin: true, ..Account::new(email, Some(password)) };
        Self { accounts: vec![account], ..Self::default() }
    }

    /// Every account there is, by address.
    pub(crate) fn profiles(&self) -> Vec<Profile> {
        let mut profiles: Vec<_> = self.there().map(Account::profile).collect();
        profiles.sort();
        profiles
    }

    /// With what people would sign in.
    pub(crate) fn credentials(&self) -> Vec<(String, &'static str)> {
        self.there().filter_map(|account| Some((account.email.clone(), account.password?))).collect()
    }

    fn there(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(|account| !account.is_erased)
    }

    pub(crate) fn with_email(&self, email: &str) -> Option<AccountNumber> {
        let has_it = |account: &Account| !account.is_erased && canonical(&account.email) == canonical(email);
        self.accounts.iter().position(has_it)
    }

    pub(crate) fn with_username(&self, username: &str) -> Option<AccountNumber> {
        let has_it = |account: &Account| {
            let theirs = account.username.as_deref().map(canonical);
            !account.is_erased && theirs == Some(canonical(username))
        };
        self.accounts.iter().position(has_it)
    }

    /// The account made last of those that were ever there.
    pub(crate) fn newest_account(&self) -> AccountNumber {
        self.accounts.len() - 1
    }

    pub(crate) fn password_of(&self, account: AccountNumber) -> Option<&'static str> {
        self.accounts[account].password
    }

    pub(super) fn register(
        &mut self,
        email: &str,
        username: Option<&str>,
        password: &'static str,
    ) -> Result<Answer, Refusal> {
        accept(password)?;
        if username.is_some_and(|username| self.with_username(username).is_some()) {
            return Err(Refusal::new(409, "username_taken"));
        }
        if self.with_email(email).is_some() {
            return Err(Refusal::new(409, "email_taken"));
        }
        let username = username.map(str::to_owned);
        self.accounts.push(Account { username, ..Account::new(email, Some(password)) });
        self.mail_verification(email);
        Ok(self.about(201, self.newest_account()))
    }

    pub(super) fn set_username(&mut self, by: Caller, username: Option<&str>) -> Result<Answer, Refusal> {
        let (account, _) = self.authenticate(by)?;
        let holder = username.and_then(|username| self.with_username(username));
        if holder.is_some_and(|holder| holder != account) {
            return Err(Refusal::new(409, "username_taken"));
        }
        self.accounts[account].username = username.map(str::to_owned);
        Ok(self.about(200, account))
    }

    /// Checks the password of somebody who is signed in.
    pub(super) fn check_password(&mut self, account: AccountNumber, password: &str) -> Result<(), Refusal> {
        self.check(account, password, Refusal::new(403, "wrong_password"))
    }

    pub(super) fn check(
        &mut self,
        account: AccountNumber,
        password: &str,
        if_wrong: Refusal,
    ) -> Result<(), Refusal> {
        let now = self.now;
        let Account { guesses, password: right, .. } = &mut self.accounts[account];
        if *right != Some(password) {
            return Err(wrong_guess(guesses, now, if_wrong));
        }
        if let Some(seconds) = guesses.locked_for(now) {
            return Err(Refusal::for_now("account_locked", seconds));
        }
        *guesses = Passwords::default();
        Ok(())
    }

    /// Erases an account, unless nobody else is an active administrator.
    pub(super) fn delete(&mut self, account: AccountNumber) -> Result<(), Refusal> {
        self.leave_an_administrator_besides(account)?;
        self.accounts[account].is_erased = true;
        self.end_sessions(account, None);
        self.end_mailed(account, |_| true);
        Ok(())
    }

    pub(super) fn leave_an_administrator_besides(&self, account: AccountNumber) -> Result<(), Refusal> {
        let counts = |account: &Account| account.is_admin && account.is_active && !account.is_erased;
        let others = self.accounts.iter().enumerate().filter(|(number, _)| *number != account);
        if counts(&self.accounts[account]) && !others.map(|(_, other)| other).any(counts) {
            return Err(Refusal::new(409, "last_admin"));
        }
        Ok(())
    }

    /// An answer that shows an account.
    pub(super) fn about(&self, status: u16, account: AccountNumber) -> Answer {
        Answer { user: Some(self.accounts[account].profile()), ..Answer::status(status) }
    }
}
