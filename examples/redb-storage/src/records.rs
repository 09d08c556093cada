//! The tables there are, and what several ports look up or change in them.

use std::collections::BTreeSet;

use portcullis_domain::archive::{
    CodeAttempts, IssuedPasswordReset, IssuedVerification, PasswordAttempts, PendingEmailChange,
};
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::mail::{MailRecord, MailState, QueuedMail};
use portcullis_domain::ports::StorageError;
use portcullis_domain::{
    Account, AttemptKey, AuditEventId, EmailAddress, MailId, Permissions, Principal, Role, RoleId, RoleName,
    Session, SessionId, SigningKey, Timestamp, TokenDigest, User, UserId, Username,
};
use redb::WriteTransaction;

use crate::codec::Stored;
use crate::tables::{Reads, Table, Writes};

pub(crate) const ACCOUNTS: Table<UserId, Account> = Table::new("accounts");
/// Whose an address is, by its canonical form.
const EMAILS: Table<String, UserId> = Table::new("emails");
/// Whose a username is, by its canonical form.
const USERNAMES: Table<String, UserId> = Table::new("usernames");
pub(crate) const ROLES: Table<RoleId, Role> = Table::new("roles");
const ROLE_NAMES: Table<RoleName, RoleId> = Table::new("role_names");
pub(crate) const SESSIONS: Table<SessionId, Session> = Table::new("sessions");
const SESSIONS_OF_USERS: Table<(UserId, SessionId), SessionId> = Table::new("sessions_of_users");
pub(crate) const WRONG_PASSWORDS: Table<AttemptKey, PasswordAttempts> = Table::new("wrong_passwords");
pub(crate) const WRONG_CODES: Table<AttemptKey, CodeAttempts> = Table::new("wrong_codes");
pub(crate) const MAILS: Table<MailId, MailRecord> = Table::new("mails");
/// By their positions.
pub(crate) const SIGNING_KEYS: Table<u32, (u32, SigningKey)> = Table::new("signing_keys");
pub(crate) const EVENTS: Table<AuditEventId, AuditEvent> = Table::new("audit_events");

/// What a mailed link redeems. A user has one of a kind.
pub(crate) trait Secret: Stored {
    const TABLE: Table<UserId, Self>;
    /// Whose it is, by what its link carries.
    const LINKS: Table<TokenDigest, UserId>;

    fn user(&self) -> UserId;

    /// None while no link has been mailed.
    fn link(&self) -> Option<TokenDigest>;
}

impl Secret for IssuedVerification {
    const TABLE: Table<UserId, Self> = Table::new("verifications");
    const LINKS: Table<TokenDigest, UserId> = Table::new("verification_links");

    fn user(&self) -> UserId {
        self.user
    }

    fn link(&self) -> Option<TokenDigest> {
        Some(self.link)
    }
}

impl Secret for IssuedPasswordReset {
    const TABLE: Table<UserId, Self> = Table::new("password_resets");
    const LINKS: Table<TokenDigest, UserId> = Table::new("password_reset_links");

    fn user(&self) -> UserId {
        self.user
    }

    fn link(&self) -> Option<TokenDigest> {
        Some(self.digest)
    }
}

impl Secret for PendingEmailChange {
    const TABLE: Table<UserId, Self> = Table::new("email_changes");
    const LINKS: Table<TokenDigest, UserId> = Table::new("email_change_links");

    fn user(&self) -> UserId {
        self.user
    }

    fn link(&self) -> Option<TokenDigest> {
        self.link.map(|link| link.digest)
    }
}

/// Makes the tables and the built-in roles that are not there.
pub(crate) fn prepare(store: &WriteTransaction) -> Result<(), StorageError> {
    fn secrets<S: Secret>(store: &WriteTransaction) -> Result<(), StorageError> {
        store.open(&S::TABLE)?;
        store.open(&S::LINKS).map(drop)
    }
    store.open(&ACCOUNTS)?;
    store.open(&EMAILS)?;
    store.open(&USERNAMES)?;
    store.open(&ROLES)?;
    store.open(&ROLE_NAMES)?;
    store.open(&SESSIONS)?;
    store.open(&SESSIONS_OF_USERS)?;
    store.open(&WRONG_PASSWORDS)?;
    store.open(&WRONG_CODES)?;
    store.open(&MAILS)?;
    store.open(&SIGNING_KEYS)?;
    store.open(&EVENTS)?;
    secrets::<IssuedVerification>(store)?;
    secrets::<IssuedPasswordReset>(store)?;
    secrets::<PendingEmailChange>(store)?;
    for role in Role::all_built_in() {
        if store.role(role.id)?.is_none() {
            store.put_role(&role)?;
        }
    }
    Ok(())
}

/// What several ports look up.
pub(crate) trait Lookups: Reads {
    fn account(&self, id: UserId) -> Result<Option<Account>, StorageError> {
        self.get(&ACCOUNTS, &id)
    }

    fn user(&self, id: UserId) -> Result<Option<User>, StorageError> {
        Ok(self.account(id)?.map(|account| account.user))
    }

    fn account_with_email(&self, address: &EmailAddress) -> Result<Option<Account>, StorageError> {
        match self.get(&EMAILS, &address.canonical().to_owned())? {
            Some(id) => self.account(id),
            None => Ok(None),
        }
    }

    fn user_with_email(&self, address: &EmailAddress) -> Result<Option<User>, StorageError> {
        Ok(self.account_with_email(address)?.map(|account| account.user))
    }

    fn holder_of(&self, username: &Username) -> Result<Option<UserId>, StorageError> {
        self.get(&USERNAMES, &username.canonical().to_owned())
    }

    /// Whether somebody else has the username.
    fn is_taken(&self, username: Option<&Username>, by_anybody_but: UserId) -> Result<bool, StorageError> {
        let Some(username) = username else { return Ok(false) };
        Ok(self.holder_of(username)?.is_some_and(|holder| holder != by_anybody_but))
    }

    fn role(&self, id: RoleId) -> Result<Option<Role>, StorageError> {
        self.get(&ROLES, &id)
    }

    fn role_named(&self, name: &RoleName) -> Result<Option<Role>, StorageError> {
        match self.get(&ROLE_NAMES, name)? {
            Some(id) => self.role(id),
            None => Ok(None),
        }
    }

    /// In alphabetical order.
    fn roles_named(&self, names: &[RoleName]) -> Result<Vec<Role>, StorageError> {
        let roles = names.iter().filter_map(|name| self.role_named(name).transpose());
        roles.collect()
    }

    /// The roles with these names, in alphabetical order; none when one of them does not exist.
    fn existing_roles(&self, names: &[RoleName]) -> Result<Option<Vec<RoleName>>, StorageError> {
        let names: BTreeSet<_> = names.iter().cloned().collect();
        let names: Vec<_> = names.into_iter().collect();
        let all_exist = self.roles_named(&names)?.len() == names.len();
        Ok(all_exist.then_some(names))
    }

    /// What these roles allow together.
    fn permissions(&self, held: &[RoleName]) -> Result<Permissions, StorageError> {
        let all = |roles: Vec<Role>| roles.into_iter().flat_map(|role| role.permissions);
        if held.iter().any(RoleName::is_admin) {
            Ok(Permissions::every(all(self.all(&ROLES, |_| true)?)))
        } else {
            Ok(Permissions::only(all(self.roles_named(held)?)))
        }
    }

    /// Whether the user has no permission that `authority` lacks.
    fn is_covered(&self, user: &User, authority: &Permissions) -> Result<bool, StorageError> {
        Ok(authority.cover(&self.permissions(&user.roles)?))
    }

    /// Whether nobody else is an active administrator.
    fn is_last_admin(&self, user: &User) -> Result<bool, StorageError> {
        let is_active_admin = |user: &User| user.is_active && user.roles.iter().any(RoleName::is_admin);
        if !is_active_admin(user) {
            return Ok(false);
        }
        let is_another = |other: &Account| other.user.id != user.id && is_active_admin(&other.user);
        Ok(self.first(&ACCOUNTS, 1, is_another)?.is_empty())
    }

    fn live_session(&self, id: SessionId, now: Timestamp) -> Result<Option<Session>, StorageError> {
        Ok(self.get(&SESSIONS, &id)?.filter(|session| session.is_live(now)))
    }

    fn sessions_of(&self, user: UserId) -> Result<Vec<Session>, StorageError> {
        let ids = self.beginning_with(&SESSIONS_OF_USERS, &user)?;
        ids.iter().filter_map(|id| self.get(&SESSIONS, id).transpose()).collect()
    }

    /// Whom the session lets in, if its user is there and active.
    fn principal_of(&self, session: Session) -> Result<Option<Principal>, StorageError> {
        let Some(user) = self.user(session.user_id)?.filter(|user| user.is_active) else {
            return Ok(None);
        };
        let permissions = self.permissions(&user.roles)?;
        Ok(Some(Principal { user, session, permissions }))
    }

    /// What the link that carries this redeems.
    fn secret_behind<S: Secret>(&self, link: TokenDigest) -> Result<Option<S>, StorageError> {
        match self.get(&S::LINKS, &link)? {
            Some(user) => self.get(&S::TABLE, &user),
            None => Ok(None),
        }
    }

    /// The mail like this one that waits.
    fn one_like_it_waits(&self, mail: &QueuedMail) -> Result<bool, StorageError> {
        let is_alike = |record: &MailRecord| {
            matches!(record.state, MailState::Waiting { .. })
                && record.mail.kind == mail.kind
                && record.mail.recipient == mail.recipient
        };
        Ok(!self.first(&MAILS, 1, is_alike)?.is_empty())
    }
}

impl<T: Reads> Lookups for T {}

/// What several ports change.
pub(crate) trait Changes: Writes + Lookups {
    /// Keeps the account in the place of what is known of it.
    fn put_account(&self, account: &Account) -> Result<(), StorageError> {
        let user = &account.user;
        self.remove_account(user.id)?;
        self.put(&ACCOUNTS, &user.id, account)?;
        self.put(&EMAILS, &user.email.canonical().to_owned(), &user.id)?;
        match &user.username {
            Some(username) => self.put(&USERNAMES, &username.canonical().to_owned(), &user.id),
            None => Ok(()),
        }
    }

    fn remove_account(&self, id: UserId) -> Result<Option<Account>, StorageError> {
        let removed = self.remove(&ACCOUNTS, &id)?;
        if let Some(Account { user, .. }) = &removed {
            self.remove(&EMAILS, &user.email.canonical().to_owned())?;
            if let Some(username) = &user.username {
                self.remove(&USERNAMES, &username.canonical().to_owned())?;
            }
        }
        Ok(removed)
    }

    /// Changes an account that must be there.
    fn change_account(&self, id: UserId, change: impl FnOnce(&mut Account)) -> Result<Account, StorageError> {
        let account = self.account(id)?;
        let mut account =
            account.ok_or_else(|| StorageError::broken("a record names a user who is not stored"))?;
        change(&mut account);
        self.put_account(&account)?;
        Ok(account)
    }

    fn put_role(&self, role: &Role) -> Result<(), StorageError> {
        self.remove_role(role.id)?;
        self.put(&ROLES, &role.id, role)?;
        self.put(&ROLE_NAMES, &role.name, &role.id)
    }

    fn remove_role(&self, id: RoleId) -> Result<(), StorageError> {
        if let Some(role) = self.remove(&ROLES, &id)? {
            self.remove(&ROLE_NAMES, &role.name)?;
        }
        Ok(())
    }

    fn put_session(&self, session: &Session) -> Result<(), StorageError> {
        self.put(&SESSIONS, &session.id, session)?;
        self.put(&SESSIONS_OF_USERS, &(session.user_id, session.id), &session.id)
    }

    fn remove_session(&self, session: &Session) -> Result<(), StorageError> {
        self.remove(&SESSIONS, &session.id)?;
        self.remove(&SESSIONS_OF_USERS, &(session.user_id, session.id)).map(drop)
    }

    fn end_sessions_except(&self, user: UserId, kept: Option<SessionId>) -> Result<(), StorageError> {
        let sessions = self.sessions_of(user)?;
        let mut ended = sessions.iter().filter(|session| Some(session.id) != kept);
        ended.try_for_each(|session| self.remove_session(session))
    }

    fn put_secret<S: Secret>(&self, secret: &S) -> Result<(), StorageError> {
        self.remove_secret::<S>(secret.user())?;
        self.put(&S::TABLE, &secret.user(), secret)?;
        match secret.link() {
            Some(link) => self.put(&S::LINKS, &link, &secret.user()),
            None => Ok(()),
        }
    }

    fn remove_secret<S: Secret>(&self, user: UserId) -> Result<(), StorageError> {
        if let Some(link) = self.remove(&S::TABLE, &user)?.and_then(|secret| secret.link()) {
            self.remove(&S::LINKS, &link)?;
        }
        Ok(())
    }

    fn end_secrets(&self, user: UserId) -> Result<(), StorageError> {
        self.remove_secret::<IssuedVerification>(user)?;
        self.remove_secret::<IssuedPasswordReset>(user)?;
        self.remove_secret::<PendingEmailChange>(user)
    }

    /// Queues a mail unless one like it waits already.
    fn queue(&self, mail: QueuedMail) -> Result<(), StorageError> {
        if self.one_like_it_waits(&mail)? {
            return Ok(());
        }
        let state = MailState::Waiting { due_at: mail.queued_at };
        self.put(&MAILS, &mail.id.clone(), &MailRecord { mail, attempts: 0, state, last_failure: None })
    }

    /// Stores an event, whose id has to be new.
    fn record(&self, event: &AuditEvent) -> Result<(), StorageError> {
        match self.get(&EVENTS, &event.id)? {
            Some(_) => Err(StorageError::broken("the id of a new event is in use")),
            None => self.put(&EVENTS, &event.id, event),
        }
    }
}

impl<T: Writes + Lookups> Changes for T {}
