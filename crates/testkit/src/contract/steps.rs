//! What the cases do to arrange and to look, in one line each.

use std::time::Duration;

use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::QueuedMail;
use portcullis_domain::ports::{
    DeleteOutcome, Deletion, EndAllOutcome, FailedAttempt, FailureOutcome, LockoutPolicy, NewAccount,
    OpenOutcome, RegisterOutcome, RoleAssignment, RoleAssignmentOutcome, RoleCreation, RoleCreationOutcome,
    SessionEnding, SessionOpening, SessionsEnding,
};
use portcullis_domain::{
    Account, AttemptKey, EmailAddress, LoginIdentifier, Permissions, Principal, Role, RoleId, RoleName,
    Session, SessionId, Timestamp, User, UserId,
};

use crate::Storage;
use crate::fixtures::{
    NOW, account_attempts, custom_role, event, password_hash, role, session_opened_at, user,
};

/// The smallest difference between two moments.
pub(super) const TICK: Duration = Duration::from_micros(1);

pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const DAY: Duration = Duration::from_hours(24);

/// The authority of who may do everything.
pub(super) fn everything() -> Permissions {
    Permissions::every([])
}

/// A user who holds exactly these roles.
pub(super) fn holding(address: &str, roles: &[&str]) -> User {
    User { roles: roles.iter().map(|name| role(name)).collect(), ..user(address) }
}

/// Opens this session for a user whose password is the one of all fixtures.
pub(super) fn opening(session: Session) -> SessionOpening {
    let event = event(AuditKind::Login).about(session.user_id);
    let attempts = account_attempts(session.user_id);
    SessionOpening { session, attempts, verified_hash: password_hash(), renewed_hash: None, event }
}

/// Erases an account with every authority.
pub(super) fn deletion(user: UserId) -> Deletion {
    let event = event(AuditKind::UserDeletion).about(user);
    let attempts = account_attempts(user);
    Deletion { user, authority: everything(), verified_hash: None, attempts, event }
}

/// A wrong password, to be counted under `key`.
pub(super) fn wrong_password(key: AttemptKey, now: Timestamp, policy: LockoutPolicy) -> FailedAttempt {
    let (failure, lock) = (event(AuditKind::Login), event(AuditKind::AccountLock));
    FailedAttempt { key, now, policy, failure, lock }
}

/// Gives or takes a role with every authority.
pub(super) fn role_assignment(user: UserId, role: RoleId) -> RoleAssignment {
    let event = event(AuditKind::RoleAssignment).about(user);
    RoleAssignment { user, role, authority: everything(), event }
}

impl Storage {
    /// Registers an account which nothing stands in the way of.
    pub(super) async fn register(&self, account: NewAccount) -> User {
        let user = account.user.clone();
        let outcome = self.users.register(account).await.expect("register");
        assert!(matches!(outcome, RegisterOutcome::Registered(_)), "{}: {outcome:?}", user.email);
        user
    }

    /// Signs in a user whose password is the one of all fixtures.
    pub(super) async fn sign_in(&self, user: UserId) -> Session {
        self.sign_in_at(user, NOW).await
    }

    /// Signs in at `moment` a user whose password is the one of all fixtures.
    pub(super) async fn sign_in_at(&self, user: UserId, moment: Timestamp) -> Session {
        self.open(session_opened_at(user, moment)).await.session
    }

    /// Opens this session for a user whose password is the one of all fixtures.
    pub(super) async fn open(&self, session: Session) -> Principal {
        match self.sessions.open(opening(session)).await.expect("open") {
            OpenOutcome::Opened(principal) => *principal,
            refused => panic!("an active user whose password was checked signs in: {refused:?}"),
        }
    }

    /// Who calls with this session at [`NOW`].
    pub(super) async fn caller(&self, session: &Session) -> Option<Principal> {
        self.sessions.principal(session.id, NOW).await.expect("principal")
    }

    /// Whether this session lets somebody in at [`NOW`].
    pub(super) async fn is_live(&self, session: &Session) -> bool {
        self.caller(session).await.is_some()
    }

    /// The account that must be there.
    pub(super) async fn stored(&self, id: UserId) -> Account {
        self.users.find_by_id(id).await.expect("find").expect("the account is stored")
    }

    /// The account that has this address, if one has.
    pub(super) async fn holder(&self, address: &EmailAddress) -> Option<Account> {
        let identifier = LoginIdentifier::Email(address.clone());
        self.users.find_by_login(&identifier).await.expect("find")
    }

    /// Ends this session at `now`, and says whether it was the user's and live.
    pub(super) async fn end(&self, user: UserId, session: SessionId, now: Timestamp) -> bool {
        let event = event(AuditKind::Logout).about(user);
        self.sessions.end(SessionEnding { user, session, now, event }).await.expect("end")
    }

    /// Ends every session of a user who must be there.
    pub(super) async fn end_all(&self, user: UserId) {
        let event = event(AuditKind::LogoutAll).about(user);
        let ending = SessionsEnding { user, authority: everything(), event };
        assert_eq!(self.sessions.end_all(ending).await.expect("end"), EndAllOutcome::Ended);
    }

    /// Erases an account with every authority.
    pub(super) async fn delete(&self, user: UserId) -> DeleteOutcome {
        self.users.delete(deletion(user)).await.expect("delete")
    }

    /// Counts a wrong password.
    pub(super) async fn count_wrong_password(
        &self,
        key: AttemptKey,
        now: Timestamp,
        policy: LockoutPolicy,
    ) -> FailureOutcome {
        self.lockouts.record_failure(wrong_password(key, now, policy)).await.expect("record")
    }

    /// Adds a role with these permissions whose name must be free.
    pub(super) async fn add_role(&self, name: &str, permissions: &[&str]) -> Role {
        let role = custom_role(name, permissions);
        let creation = RoleCreation { role: role.clone(), event: event(AuditKind::RoleCreation) };
        let outcome = self.roles.create(creation).await.expect("create");
        assert_eq!(outcome, RoleCreationOutcome::Created, "the role {name} is made");
        role
    }

    /// The role with this name, which must exist.
    pub(super) async fn role(&self, name: &RoleName) -> Role {
        let found = self.roles.find_by_name(name).await.expect("find");
        found.unwrap_or_else(|| panic!("the role {name} exists"))
    }

    /// Gives this role to a user who does not hold it.
    pub(super) async fn give_role(&self, user: UserId, role: &RoleName) {
        let assignment = role_assignment(user, self.role(role).await.id);
        let outcome = self.roles.assign(assignment).await.expect("assign");
        assert_eq!(outcome, RoleAssignmentOutcome::Changed, "the role {role} is given");
    }

    /// Takes this role from a user who holds it.
    pub(super) async fn take_role(&self, user: UserId, role: &RoleName) {
        let assignment = role_assignment(user, self.role(role).await.id);
        let outcome = self.roles.revoke(assignment).await.expect("revoke");
        assert_eq!(outcome, RoleAssignmentOutcome::Changed, "the role {role} is taken");
    }

    /// Takes every mail that is due at [`NOW`] out of the queue.
    pub(super) async fn take_mails(&self) -> Vec<QueuedMail> {
        self.take_mails_due_at(NOW).await
    }

    /// Takes every mail that is due at `moment` out of the queue.
    pub(super) async fn take_mails_due_at(&self, moment: Timestamp) -> Vec<QueuedMail> {
        let mut taken = Vec::new();
        while let Some(claim) = self.mails.claim(moment, Timestamp::MAX).await.expect("claim") {
            self.mails.complete(&claim).await.expect("complete");
            taken.push(claim.mail);
        }
        taken
    }
}
