use std::collections::{BTreeMap, BTreeSet, HashMap};

use portcullis_domain::archive::{
    CodeAttempts, IssuedPasswordReset, IssuedVerification, PasswordAttempts, PendingEmailChange,
};
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::mail::{MailRecord, MailState, QueuedMail};
use portcullis_domain::ports::StorageError;
use portcullis_domain::{
    Account, AttemptKey, AuditEventId, EmailAddress, Permissions, Principal, Role, RoleName, Session,
    SessionId, SigningKey, User, UserId, Username,
};

/// Everything that is stored. What several ports look up or end is here; the steps are with their ports.
#[derive(Clone)]
pub(super) struct State {
    pub(super) roles: BTreeMap<RoleName, Role>,
    pub(super) accounts: HashMap<UserId, Account>,
    pub(super) sessions: HashMap<SessionId, Session>,
    pub(super) verifications: HashMap<UserId, IssuedVerification>,
    pub(super) resets: HashMap<UserId, IssuedPasswordReset>,
    pub(super) email_changes: HashMap<UserId, PendingEmailChange>,
    pub(super) wrong_passwords: HashMap<AttemptKey, PasswordAttempts>,
    pub(super) wrong_codes: HashMap<AttemptKey, CodeAttempts>,
    pub(super) mails: Vec<MailRecord>,
    /// By their positions.
    pub(super) signing_keys: BTreeMap<u32, SigningKey>,
    pub(super) events: BTreeMap<AuditEventId, AuditEvent>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            roles: Role::all_built_in().map(|role| (role.name.clone(), role)).into(),
            accounts: HashMap::new(),
            sessions: HashMap::new(),
            verifications: HashMap::new(),
            resets: HashMap::new(),
            email_changes: HashMap::new(),
            wrong_passwords: HashMap::new(),
            wrong_codes: HashMap::new(),
            mails: Vec::new(),
            signing_keys: BTreeMap::new(),
            events: BTreeMap::new(),
        }
    }
}

impl State {
    pub(super) fn user(&self, id: UserId) -> Option<&User> {
        self.accounts.get(&id).map(|account| &account.user)
    }

    pub(super) fn account_mut(&mut self, id: UserId) -> Result<&mut Account, StorageError> {
        self.accounts.get_mut(&id).ok_or_else(|| StorageError::broken("a row names a user who is not stored"))
    }

    pub(super) fn user_with_email(&self, address: &EmailAddress) -> Option<&User> {
        self.accounts.values().map(|account| &account.user).find(|user| user.email == *address)
    }

    pub(super) fn user_with_username(&self, username: &Username) -> Option<&User> {
        let has_it = |user: &&User| user.username.as_ref() == Some(username);
        self.accounts.values().map(|account| &account.user).find(has_it)
    }

    /// Whom the session lets in, if its user is there and active.
    pub(super) fn principal(&self, session: &Session) -> Option<Principal> {
        let user = self.user(session.user_id).filter(|user| user.is_active)?;
        let permissions = self.permissions(&user.roles);
        Some(Principal { user: user.clone(), session: session.clone(), permissions })
    }

    /// What these roles allow together.
    fn permissions(&self, held: &[RoleName]) -> Permissions {
        if held.iter().any(RoleName::is_admin) {
            Permissions::every(self.roles.values().flat_map(|role| role.permissions.iter().cloned()))
        } else {
            let held = held.iter().filter_map(|name| self.roles.get(name));
            Permissions::only(held.flat_map(|role| role.permissions.iter().cloned()))
        }
    }

    /// Whether the user has no permission that `authority` lacks.
    pub(super) fn is_covered(&self, user: &User, authority: &Permissions) -> bool {
        authority.cover(&self.permissions(&user.roles))
    }

    /// Whether nobody else is an active administrator.
    pub(super) fn is_last_admin(&self, user: &User) -> bool {
        let is_active_admin = |user: &User| user.is_active && user.roles.iter().any(RoleName::is_admin);
        let mut others =
            self.accounts.values().map(|account| &account.user).filter(|other| other.id != user.id);
        is_active_admin(user) && !others.any(is_active_admin)
    }

    /// The roles with these names, in alphabetical order; none when one of them does not exist.
    pub(super) fn existing_roles(&self, names: &[RoleName]) -> Option<Vec<RoleName>> {
        let names: BTreeSet<_> = names.iter().cloned().collect();
        let all_exist = names.iter().all(|name| self.roles.contains_key(name));
        all_exist.then(|| names.into_iter().collect())
    }

    /// Stores an event. Steps do so before they change anything: when it fails, nothing has happened.
    pub(super) fn record(&mut self, event: AuditEvent) -> Result<(), StorageError> {
        self.record_all([event])
    }

    /// Stores all of these events or none.
    pub(super) fn record_all<const N: usize>(&mut self, events: [AuditEvent; N]) -> Result<(), StorageError> {
        if events.iter().any(|event| self.events.contains_key(&event.id)) {
            return Err(StorageError::broken("the id of a new event is in use"));
        }
        self.events.extend(events.map(|event| (event.id, event)));
        Ok(())
    }

    pub(super) fn end_sessions_except(&mut self, user: UserId, kept: Option<SessionId>) {
        self.sessions.retain(|id, session| session.user_id != user || Some(*id) == kept);
    }

    pub(super) fn end_secrets(&mut self, user: UserId) {
        self.verifications.remove(&user);
        self.resets.remove(&user);
        self.email_changes.remove(&user);
    }

    pub(super) fn queue_all(&mut self, mails: impl IntoIterator<Item = QueuedMail>) {
        for mail in mails {
            self.queue(mail);
        }
    }

    /// Queues a mail unless one like it waits already.
    pub(super) fn queue(&mut self, mail: QueuedMail) {
        if !self.one_like_it_waits(&mail) {
            let state = MailState::Waiting { due_at: mail.queued_at };
            self.mails.push(MailRecord { mail, attempts: 0, state, last_failure: None });
        }
    }

    pub(super) fn one_like_it_waits(&self, mail: &QueuedMail) -> bool {
        self.mails.iter().any(|record| {
            let waits = matches!(record.state, MailState::Waiting { .. });
            waits && record.mail.kind == mail.kind && record.mail.recipient == mail.recipient
        })
    }
}

/// How many items `removed` yields, which removes them, up to `limit`.
pub(super) fn remove_up_to<T>(limit: u32, removed: impl Iterator<Item = T>) -> u32 {
    // The range comes first: what it does not count is never taken out.
    (0..limit).zip(removed).map(|_| 1).sum()
}
