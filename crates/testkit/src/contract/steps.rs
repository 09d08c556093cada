//! What the cases do to arrange and to look, in one line each.

use std::time::Duration;

use portcullis_domain::mail::QueuedMail;
use portcullis_domain::ports::{NewAccount, OpenOutcome, RegisterOutcome, SessionOpening};
use portcullis_domain::{
    Account, EmailAddress, LoginIdentifier, Principal, Session, Timestamp, User, UserId,
};

use crate::Storage;
use crate::fixtures::{NOW, password_hash, session_opened_at};

/// The smallest difference between two moments.
pub(super) const TICK: Duration = Duration::from_micros(1);

pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const DAY: Duration = Duration::from_hours(24);

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
        let opening = SessionOpening { session, verified_hash: password_hash(), renewed_hash: None };
        match self.sessions.open(opening).await.expect("open") {
            OpenOutcome::Opened(principal) => *principal,
            OpenOutcome::Refused => panic!("an active user whose password was checked signs in"),
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
