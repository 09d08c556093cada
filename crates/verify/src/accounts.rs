//! The accounts that rows do things to: made for it, and erased afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::administrator::Administrator;
use crate::answer::Answer;
use crate::api::{LOGIN, ME, REFRESH, ROLES, USERS};
use crate::outcome::{Finding, ensure};
use crate::randomness;
use crate::service::{Service, ServiceError};

/// Makes accounts whose names all begin with what nobody else's do.
pub(crate) struct Accounts {
    service: Arc<Service>,
    pub(crate) administrator: Administrator,
    /// What every address and role begins with.
    prefix: String,
    domain: String,
    count: AtomicUsize,
}

/// An account with a password.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) password: String,
}

/// The tokens of a session.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl Session {
    pub(crate) fn read(answer: &Answer) -> Finding<Self> {
        answer.json(200)?;
        Ok(Self {
            access_token: answer.text_of("access_token")?,
            refresh_token: answer.text_of("refresh_token")?,
        })
    }
}

impl Accounts {
    pub(crate) fn new(service: Arc<Service>, administrator: Administrator, domain: &str) -> Self {
        let prefix = format!("verify-{}-", randomness::hex(6));
        Self { service, administrator, prefix, domain: domain.to_owned(), count: AtomicUsize::new(0) }
    }

    /// What every address and every role that is made here begins with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// An address, or the name of a role, that was not used before.
    pub(crate) fn fresh_name(&self) -> String {
        format!("{}{}", self.prefix, self.count.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn fresh_address(&self) -> String {
        format!("{}@{}", self.fresh_name(), self.domain)
    }

    /// A password that no policy refuses and nobody guesses.
    pub(crate) fn fresh_password() -> String {
        format!("Pw-{}", randomness::hex(12))
    }

    /// An account whose address is verified.
    pub(crate) async fn make(&self) -> Finding<Account> {
        self.make_with(Self::fresh_password(), true).await
    }

    /// An account whose address is not: a link and a code are mailed to it.
    pub(crate) async fn make_unverified(&self) -> Finding<Account> {
        self.make_with(Self::fresh_password(), false).await
    }

    pub(crate) async fn make_with(&self, password: String, is_verified: bool) -> Finding<Account> {
        let email = self.fresh_address();
        let body = json!({ "email": email, "password": password, "email_verified": is_verified });
        let answer = self.administrator.post(USERS, body).await?;
        answer.json(201)?;
        Ok(Account { id: answer.text_of("id")?, email, password })
    }

    /// An account and a session of it.
    pub(crate) async fn make_signed_in(&self) -> Finding<(Account, Session)> {
        let account = self.make().await?;
        let session = self.sign_in(&account).await?;
        Ok((account, session))
    }

    pub(crate) async fn sign_in(&self, account: &Account) -> Finding<Session> {
        Session::read(&self.login(&account.email, &account.password).await?)
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<Answer, ServiceError> {
        self.service.post(LOGIN, json!({ "email": email, "password": password })).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Result<Answer, ServiceError> {
        self.service.post(REFRESH, json!({ "refresh_token": refresh_token })).await
    }

    pub(crate) async fn refreshed(&self, session: &Session) -> Finding<Session> {
        Session::read(&self.refresh(&session.refresh_token).await?)
    }

    /// Holds if neither token of the session is accepted any more.
    pub(crate) async fn ended(&self, session: &Session, by: &str) -> Finding<()> {
        let me = self.service.get_as(&session.access_token, ME).await?;
        ensure(me.status == 401, || {
            format!("after {by} the access token is still answered {}", me.summary())
        })?;
        let refresh = self.refresh(&session.refresh_token).await?;
        ensure(refresh.status == 401, || {
            format!("after {by} the refresh token is still answered {}", refresh.summary())
        })
    }

    /// Holds if both tokens of the session are accepted, and gives the next ones.
    pub(crate) async fn still_live(&self, session: &Session, after: &str) -> Finding<Session> {
        let me = self.service.get_as(&session.access_token, ME).await?;
        ensure(me.status == 200, || format!("after {after} another session is answered {}", me.summary()))?;
        self.refreshed(session).await
    }

    /// The accounts that an administrator finds under the beginning of an address or username.
    pub(crate) async fn found(&self, beginning: &str) -> Finding<Vec<Value>> {
        self.items(&format!("{USERS}?limit=200&q={beginning}")).await
    }

    async fn items(&self, path: &str) -> Finding<Vec<Value>> {
        let answer = self.administrator.get(path).await?.json(200)?;
        Ok(answer["items"].as_array().cloned().unwrap_or_default())
    }

    /// Erases all that was made, and names what could not be erased.
    pub(crate) async fn erase(&self) -> Vec<String> {
        // What is found is erased until nothing new comes: there may be more than one page.
        for _ in 0..20 {
            let Ok(users) = self.made_users().await else {
                break;
            };
            let mut erased = 0;
            for (id, _) in &users {
                let answer = self.administrator.delete(&format!("{USERS}/{id}")).await;
                erased += usize::from(answer.is_ok_and(|answer| answer.is_success()));
            }
            if erased == 0 {
                break;
            }
        }
        for (id, _) in self.made_roles().await.unwrap_or_default() {
            // Looked for again below.
            self.administrator.delete(&format!("{ROLES}/{id}")).await.ok();
        }
        match (self.made_users().await, self.made_roles().await) {
            (Ok(users), Ok(roles)) => users.into_iter().chain(roles).map(|(_, name)| name).collect(),
            (Err(error), _) | (_, Err(error)) => {
                vec![format!("perhaps accounts and roles that begin with {} ({error})", self.prefix)]
            }
        }
    }

    async fn made_users(&self) -> Finding<Vec<(String, String)>> {
        let users = self.found(&self.prefix).await?;
        Ok(self.of_own(&users, "email"))
    }

    async fn made_roles(&self) -> Finding<Vec<(String, String)>> {
        let roles = self.items(ROLES).await?;
        Ok(self.of_own(&roles, "name"))
    }

    /// Ids and names of those whose name begins, in either case, as those do that were made here.
    fn of_own(&self, items: &[Value], name: &str) -> Vec<(String, String)> {
        let own = items.iter().filter_map(|item| {
            let name = item[name].as_str()?;
            let beginning = name.get(..self.prefix.len())?;
            beginning.eq_ignore_ascii_case(&self.prefix).then_some(())?;
            Some((item["id"].as_str()?.to_owned(), name.to_owned()))
        });
        own.collect()
    }
}
