//! What the contract says, as a machine without a store, a clock or a socket.
//!
//! It knows passwords in the clear and forgets nothing; what has ended is marked. Times are whole seconds since
//! the walk began.

mod accounts;
mod administration;
mod attempts;
mod secrets;
mod sessions;

use std::collections::BTreeMap;

use self::accounts::Account;
use self::attempts::{Codes, Passwords};
use self::secrets::Mailed;
use self::sessions::{Session, Spent};
use crate::call::{
    AccountNumber, Answer, Call, Caller, Code, ListedSession, LoginName, MailName, MailNumber, Profile,
    RefreshToken, SessionNumber,
};

pub(crate) use self::sessions::{ABSOLUTE, IDLE};

/// A moment or a duration, in seconds.
pub(crate) type Moment = u64;

const MINUTE: Moment = 60;
const HOUR: Moment = 60 * MINUTE;
const DAY: Moment = 24 * HOUR;

const SHORTEST_PASSWORD: usize = 8;

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    now: Moment,
    accounts: Vec<Account>,
    sessions: Vec<Session>,
    mailed: Vec<Mailed>,
    /// By the names that no account had.
    guesses_at_nobody: BTreeMap<String, Passwords>,
    /// By address.
    codes: BTreeMap<String, Codes>,
    /// What the call in hand mails.
    outbox: Vec<(MailName, String)>,
}

/// How a call ends that does not do what it asks.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    status: u16,
    code: &'static str,
    retry_after: Option<Moment>,
}

impl Refusal {
    fn new(status: u16, code: &'static str) -> Self {
        Self { status, code, retry_after: None }
    }

    fn for_now(code: &'static str, seconds: Moment) -> Self {
        Self { status: 429, code, retry_after: Some(seconds) }
    }
}

impl From<Refusal> for Answer {
    fn from(Refusal { status, code, retry_after }: Refusal) -> Self {
        Self { code: Some(code.to_owned()), retry_after, ..Self::status(status) }
    }
}

impl Model {
    pub(crate) fn advance(&mut self, seconds: Moment) {
        self.now += seconds;
    }

    /// What has expired is removed. Nobody can tell, but by a count of wrong codes that are all dead.
    pub(crate) fn sweep(&mut self) {
        let now = self.now;
        self.codes.retain(|_, codes| !codes.are_stale(now));
    }

    pub(crate) fn apply(&mut self, call: &Call) -> Answer {
        let mut answer = self.answer(call).unwrap_or_else(Answer::from);
        answer.mails = std::mem::take(&mut self.outbox);
        answer.mails.sort();
        answer
    }

    fn answer(&mut self, call: &Call) -> Result<Answer, Refusal> {
        match call {
            Call::Register { email, username, password } => {
                self.register(email, username.as_deref(), password)
            }
            Call::ResendVerification { email } => {
                self.mail_verification(email);
                Ok(Answer::status(202))
            }
            Call::VerifyByLink { mail } => self.verify_by_link(*mail),
            Call::VerifyByCode { email, code } => self.verify_by_code(email, *code),
            Call::SignIn { name, password } => self.sign_in(name, password),
            Call::Refresh { token } => self.refresh(*token),
            Call::Logout { by, of } => self.logout(*by, *of),
            Call::LogoutAll { by } => {
                let (account, _) = self.authenticate(*by)?;
                self.end_sessions(account, None);
                Ok(Answer::status(204))
            }
            Call::EndSession { by, session } => {
                let (account, _) = self.authenticate(*by)?;
                let ended = self.end_session_of(account, *session);
                if ended { Ok(Answer::status(204)) } else { Err(Refusal::new(404, "not_found")) }
            }
            Call::ChangePassword { by, current, new } => self.change_password(*by, current, new),
            Call::RequestReset { email } => {
                self.mail_reset(email, MailName::ResetPassword);
                Ok(Answer::status(200))
            }
            Call::ConfirmReset { mail, password } => self.confirm_reset(*mail, password),
            Call::RequestEmailChange { by, email, password } => {
                self.request_email_change(*by, email, password)
            }
            Call::ConfirmEmailChange { mail } => self.confirm_email_change(*mail),
            Call::SetUsername { by, username } => self.set_username(*by, username.as_deref()),
            Call::DeleteMe { by, password } => {
                let (account, _) = self.authenticate(*by)?;
                self.check_password(account, password)?;
                self.delete(account)?;
                Ok(Answer::status(204))
            }
            Call::Administer { by, task } => self.administer(*by, task),
        }
    }

    /// Whose access token it is, and of which session.
    fn authenticate(&self, caller: Caller) -> Result<(AccountNumber, SessionNumber), Refusal> {
        let session = caller.ok_or_else(|| Refusal::new(401, "unauthenticated"))?;
        if self.has_access(session) {
            Ok((self.sessions[session].account, session))
        } else {
            Err(Refusal::new(401, "invalid_access_token"))
        }
    }

    fn sign_in(&mut self, name: &LoginName, password: &str) -> Result<Answer, Refusal> {
        let if_wrong = Refusal::new(401, "invalid_credentials");
        let account = match name {
            LoginName::Email(email) => self.with_email(email),
            LoginName::Username(username) => self.with_username(username),
        };
        let Some(number) = account else {
            let (LoginName::Email(name) | LoginName::Username(name)) = name;
            let guesses = self.guesses_at_nobody.entry(canonical(name)).or_default();
            return Err(wrong_guess(guesses, self.now, if_wrong));
        };
        self.check(number, password, if_wrong)?;
        let account = &mut self.accounts[number];
        if !account.is_active {
            return Err(Refusal::new(403, "account_disabled"));
        }
        if !account.email_verified {
            return Err(Refusal::new(403, "email_not_verified"));
        }
        account.last_login_at = Some(self.now);
        let session = Session::open(self.sessions.len(), number, self.now);
        let tokens = session.tokens(self.now);
        self.sessions.push(session);
        Ok(Answer { tokens: Some(tokens), ..self.about(200, number) })
    }

    fn refresh(&mut self, token: Option<RefreshToken>) -> Result<Answer, Refusal> {
        let spent = token.map(|token| self.sessions[token.session].spend(token.generation, self.now));
        match spent {
            Some(Spent::Good(tokens)) => Ok(Answer { tokens: Some(tokens), ..Answer::status(200) }),
            Some(Spent::Refused) | None => Err(Refusal::new(401, "invalid_refresh_token")),
        }
    }

    fn logout(&mut self, by: Caller, of: Option<RefreshToken>) -> Result<Answer, Refusal> {
        let (account, own) = self.authenticate(by)?;
        let session = of.map_or(own, |token| token.session);
        let ended = self.end_session_of(account, session);
        if ended { Ok(Answer::status(204)) } else { Err(Refusal::new(401, "invalid_refresh_token")) }
    }

    /// Ends a session if it is live and the account's own, and says whether it was.
    fn end_session_of(&mut self, account: AccountNumber, session: SessionNumber) -> bool {
        let now = self.now;
        let session = &mut self.sessions[session];
        let may_end = session.account == account && session.is_live(now);
        session.has_ended |= may_end;
        may_end
    }

    fn end_sessions(&mut self, account: AccountNumber, but: Option<SessionNumber>) {
        for session in self.sessions.iter_mut().filter(|session| session.account == account) {
            session.has_ended |= Some(session.number) != but;
        }
    }

    fn verify_by_link(&mut self, mail: Option<MailNumber>) -> Result<Answer, Refusal> {
        let account = self.redeem(mail, |mailed| mailed.name == MailName::VerifyEmail)?;
        self.verify(account);
        Ok(self.about(200, account))
    }

    fn verify_by_code(&mut self, email: &str, code: Code) -> Result<Answer, Refusal> {
        let codes = self.codes.entry(canonical(email)).or_default();
        if let Some(seconds) = codes.closed_for(self.now) {
            return Err(Refusal::for_now("too_many_attempts", seconds));
        }
        let mailed = match code {
            Code::Mailed(number) => Some(&self.mailed[number]),
            Code::Wrong => None,
        };
        let is_right =
            |mailed: &&Mailed| mailed.code_is_good(self.now) && canonical(&mailed.to) == canonical(email);
        let Some(account) = mailed.filter(is_right).map(|mailed| mailed.account) else {
            codes.count(self.now);
            return Err(Refusal::new(400, "invalid_code"));
        };
        self.verify(account);
        Ok(self.about(200, account))
    }

    /// The address is the owner's from here on: a code is spent, and what somebody else may have set going ends.
    fn verify(&mut self, account: AccountNumber) {
        for mailed in self.mailed.iter_mut().filter(|mailed| mailed.account == account) {
            mailed.code_has_ended = true;
        }
        if !self.accounts[account].email_verified {
            self.accounts[account].email_verified = true;
            self.end_mailed(account, |mailed| mailed.name == MailName::ConfirmEmailChange);
        }
    }

    fn confirm_reset(&mut self, mail: Option<MailNumber>, password: &'static str) -> Result<Answer, Refusal> {
        accept(password)?;
        let account = self.redeem(mail, Mailed::sets_password)?;
        self.end_mailed(account, |_| true);
        self.end_sessions(account, None);
        let account = &mut self.accounts[account];
        account.password = Some(password);
        account.email_verified = true;
        account.guesses = Passwords::default();
        self.outbox.push((MailName::PasswordChanged, account.email.clone()));
        Ok(Answer::status(200))
    }

    fn change_password(&mut self, by: Caller, current: &str, new: &'static str) -> Result<Answer, Refusal> {
        let (account, session) = self.authenticate(by)?;
        accept(new)?;
        self.check_password(account, current)?;
        self.end_sessions(account, Some(session));
        self.end_mailed(account, |mailed| mailed.name != MailName::VerifyEmail);
        let account = &mut self.accounts[account];
        account.password = Some(new);
        self.outbox.push((MailName::PasswordChanged, account.email.clone()));
        Ok(Answer::status(200))
    }

    fn request_email_change(&mut self, by: Caller, email: &str, password: &str) -> Result<Answer, Refusal> {
        let (account, session) = self.authenticate(by)?;
        self.check_password(account, password)?;
        if self.with_email(email).is_some_and(|holder| holder != account) {
            return Err(Refusal::new(409, "email_taken"));
        }
        let old = self.accounts[account].email.clone();
        self.outbox.push((MailName::EmailChangeRequested, old));
        self.mail_secret(MailName::ConfirmEmailChange, account, email, Some(session));
        Ok(Answer::status(202))
    }

    fn confirm_email_change(&mut self, mail: Option<MailNumber>) -> Result<Answer, Refusal> {
        let account = self.redeem(mail, |mailed| mailed.name == MailName::ConfirmEmailChange)?;
        let Mailed { to, asked_by, .. } =
            mail.map(|mail| self.mailed[mail].clone()).expect("it was redeemed");
        if self.with_email(&to).is_some_and(|holder| holder != account) {
            return Err(Refusal::new(409, "email_taken"));
        }
        self.end_mailed(account, |_| true);
        self.end_sessions(account, asked_by);
        self.accounts[account].email = to;
        self.accounts[account].email_verified = true;
        Ok(self.about(200, account))
    }

    /// Whose link it is, if it is one of these and still good.
    fn redeem(
        &self,
        mail: Option<MailNumber>,
        is_one: impl Fn(&Mailed) -> bool,
    ) -> Result<AccountNumber, Refusal> {
        let mailed = mail.map(|mail| &self.mailed[mail]);
        mailed
            .filter(|mailed| is_one(mailed) && mailed.link_is_good(self.now))
            .map(|mailed| mailed.account)
            .ok_or_else(|| Refusal::new(400, "invalid_token"))
    }

    fn end_mailed(&mut self, account: AccountNumber, which: impl Fn(&Mailed) -> bool) {
        let of_account = self.mailed.iter_mut().filter(|mailed| mailed.account == account);
        of_account.filter(|mailed| which(mailed)).for_each(Mailed::end);
    }

    fn mail_verification(&mut self, email: &str) {
        self.codes.entry(canonical(email)).or_default().begin_anew();
        let waits = |account: &AccountNumber| {
            self.accounts[*account].is_active && !self.accounts[*account].email_verified
        };
        if let Some(account) = self.with_email(email).filter(waits) {
            let to = self.accounts[account].email.clone();
            self.mail_secret(MailName::VerifyEmail, account, &to, None);
        }
    }

    fn mail_reset(&mut self, email: &str, name: MailName) {
        let is_active = |account: &AccountNumber| self.accounts[*account].is_active;
        if let Some(account) = self.with_email(email).filter(is_active) {
            let to = self.accounts[account].email.clone();
            self.mail_secret(name, account, &to, None);
        }
    }

    /// A newer secret of a kind ends the older.
    fn mail_secret(&mut self, name: MailName, account: AccountNumber, to: &str, by: Caller) {
        let of_the_kind = |mailed: &Mailed| {
            mailed.name == name
                || mailed.sets_password() && matches!(name, MailName::ResetPassword | MailName::Invitation)
        };
        self.end_mailed(account, of_the_kind);
        self.outbox.push((name, to.to_owned()));
        self.mailed.push(Mailed {
            number: self.mailed.len(),
            name,
            account,
            to: to.to_owned(),
            at: self.now,
            link_has_ended: false,
            code_has_ended: false,
            asked_by: by,
        });
    }
}

/// What can be seen, and what the next step may be about.
impl Model {
    /// What `GET /me` shows with the newest access token of a session; nothing when it is refused.
    pub(crate) fn me(&self, session: SessionNumber) -> Option<Profile> {
        self.has_access(session).then(|| self.accounts[self.sessions[session].account].profile())
    }

    /// How many sessions were ever opened.
    pub(crate) fn session_count(&self) -> usize {
        self.sessions.len()
    }

    pub(crate) fn has_access(&self, session: SessionNumber) -> bool {
        self.sessions[session].has_access(self.now)
    }

    pub(crate) fn account_of(&self, session: SessionNumber) -> AccountNumber {
        self.sessions[session].account
    }

    pub(crate) fn sessions_with_access(&self) -> Vec<SessionNumber> {
        (0..self.sessions.len()).filter(|session| self.has_access(*session)).collect()
    }

    /// A session in which an administrator can act.
    pub(crate) fn administrator_with_access(&self) -> Caller {
        let is_admin = |session: &SessionNumber| self.accounts[self.sessions[*session].account].is_admin;
        self.sessions_with_access().into_iter().find(is_admin)
    }

    /// What the owner of a session sees in their list, the oldest first.
    pub(crate) fn listed_with(&self, session: SessionNumber) -> Vec<ListedSession> {
        let account = self.sessions[session].account;
        let live = self.live_sessions_of(account).into_iter();
        live.map(|number| {
            let Session { created_at, last_used_at, expires_at, .. } = self.sessions[number];
            let is_current = number == session;
            ListedSession { number, created_at, last_used_at, expires_at, is_current }
        })
        .collect()
    }

    pub(crate) fn live_sessions_of(&self, account: AccountNumber) -> Vec<SessionNumber> {
        let sessions = self.sessions.iter();
        let live = sessions.filter(|session| session.account == account && session.is_live(self.now));
        live.map(|session| session.number).collect()
    }

    /// Every session that anybody ever had with the account.
    pub(crate) fn sessions_of(&self, account: AccountNumber) -> Vec<SessionNumber> {
        let sessions = self.sessions.iter();
        sessions.filter(|session| session.account == account).map(|session| session.number).collect()
    }

    /// The newest refresh token of a session.
    pub(crate) fn newest_refresh_token(&self, session: SessionNumber) -> RefreshToken {
        RefreshToken { session, generation: self.sessions[session].generation }
    }

    /// The mails of a kind to an address, the oldest first.
    pub(crate) fn mails_to(&self, name: MailName, email: &str) -> Vec<MailNumber> {
        let mailed = self.mailed.iter();
        mailed
            .filter(|mailed| mailed.name == name && canonical(&mailed.to) == canonical(email))
            .map(|mailed| mailed.number)
            .collect()
    }
}

/// Names and addresses are compared like this.
fn canonical(name: &str) -> String {
    name.to_lowercase()
}

fn accept(password: &str) -> Result<(), Refusal> {
    let is_long_enough = password.chars().count() >= SHORTEST_PASSWORD;
    is_long_enough.then_some(()).ok_or_else(|| Refusal::new(422, "validation_failed"))
}

/// How a wrong password is answered: as `if_wrong`, and counted, unless there were too many before it.
fn wrong_guess(guesses: &mut Passwords, now: Moment, if_wrong: Refusal) -> Refusal {
    if let Some(seconds) = guesses.locked_for(now) {
        return Refusal::for_now("account_locked", seconds);
    }
    guesses.count(now);
    if_wrong
}
