//! Cases of steps that fail half-way: all of a step is stored or nothing, whichever of its writes fails.
//!
//! Only a store can break in the middle of a step, so an adapter takes part that has a [`FaultInjector`]: a
//! trigger that raises in a database, a failpoint in a server, a switch in a fake. Without one the case
//! [`a_change_whose_event_cannot_be_stored_is_not_made`](super::audit) is what holds steps together: there
//! the store refuses the event by itself.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::audit::{AuditEvent, AuditKind};
use portcullis_domain::mail::{MailKind, MailRecord};
use portcullis_domain::ports::{
    LockoutPolicy, NewAccount, PasswordChange, PrivateRegistration, StorageError, UserUpdate,
};
use portcullis_domain::{PasswordHash, ProfileChange, Session, SessionId, Timestamp, TokenDigest, User};

use super::steps::{HOUR, deletion, everything, opening};
use super::tokens::steps::{
    change_address, confirmed_change, find_reset, find_verification, mail_reset, mail_verification, reset,
    would_change,
};
use super::trail::EVERYTHING;
use crate::Storage;
use crate::fixtures::{
    NOW, account, account_attempts, account_of, email, event, mail, other_hash, password_hash, session,
    session_opened_at, user,
};

/// A storage adapter whose store can be broken in the middle of a step.
#[derive(Clone)]
pub struct FaultSetup {
    /// Every storage port, on a fresh, empty store.
    pub storage: Storage,
    /// Breaks that store.
    pub faults: Arc<dyn FaultInjector>,
}

/// Breaks a part of a store: an adapter's tests implement it with what their store has for that.
///
/// Panics when the store fails. It is not raced.
#[async_trait]
pub trait FaultInjector: Send + Sync {
    /// Makes every write to `part` fail from now on, which takes nothing back that the same step wrote before.
    async fn break_writes_to(&self, part: Part);

    /// Ends that.
    async fn mend(&self);
}

/// What a step writes to, however the store lays it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Accounts with their passwords, profiles and addresses, but not the roles that they hold.
    Accounts,
    /// Sessions.
    Sessions,
    /// One-time secrets of every kind.
    Secrets,
    /// Counts of wrong passwords.
    Counts,
    /// Mails that wait.
    Mails,
    /// The audit trail.
    Events,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 6] =
        [Self::Accounts, Self::Sessions, Self::Secrets, Self::Counts, Self::Mails, Self::Events];
}

/// Somebody who has some of everything.
struct Person {
    user: User,
    /// None when they never signed in.
    kept_session: Option<SessionId>,
    link: TokenDigest,
    reset: TokenDigest,
    change: Option<TokenDigest>,
}

/// What whoever is signed in is locked out by.
const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 1, duration: HOUR };

impl Person {
    /// Somebody who claimed an address and never signed in.
    async fn who_claims(storage: &Storage, address: &str) -> Self {
        let user = storage.register(account(address)).await;
        let link = mail_verification(storage, &user).await;
        let reset = mail_reset(storage, &user).await;
        Self { user, kept_session: None, link, reset, change: None }
    }

    /// Somebody who is signed in twice, is locked out elsewhere, moves to another address and has mail.
    async fn signed_in(storage: &Storage, address: &str) -> Self {
        let claimant = Self::who_claims(storage, address).await;
        let user = claimant.user;
        storage.sign_in(user.id).await;
        let kept_session = storage.sign_in(user.id).await.id;
        let change = change_address(storage, &user, kept_session, &format!("new.{address}")).await;
        storage.count_wrong_password(account_attempts(user.id), NOW, LOCKOUT).await;
        let waiting = mail(MailKind::AddressAlreadyRegistered, address);
        storage.mails.enqueue(waiting).await.expect("enqueue");
        Self { user, kept_session: Some(kept_session), change: Some(change), ..claimant }
    }

    fn kept_session(&self) -> SessionId {
        self.kept_session.expect("they are signed in")
    }

    fn change(&self) -> TokenDigest {
        self.change.expect("they move to another address")
    }
}

/// What a step could change.
#[derive(Debug, PartialEq)]
struct Stored {
    account: Option<(User, Option<PasswordHash>)>,
    sessions: Vec<Session>,
    /// Whether the link, the reset and the change of address are good.
    secrets: [bool; 3],
    locked_until: Option<Timestamp>,
    mails: Vec<MailRecord>,
    events: Vec<AuditEvent>,
}

impl Stored {
    async fn of(storage: &Storage, person: &Person) -> Self {
        let id = person.user.id;
        let changes = match person.change {
            Some(change) => would_change(storage, change).await,
            None => false,
        };
        let account = storage.users.find_by_id(id).await.expect("find");
        Self {
            account: account.map(|account| (account.user, account.password_hash)),
            sessions: storage.sessions.list(id, NOW).await.expect("list"),
            secrets: [
                find_verification(storage, person.link, NOW).await.is_some(),
                find_reset(storage, person.reset, NOW).await.is_some(),
                changes,
            ],
            locked_until: storage.lockouts.locked_until(account_attempts(id), NOW).await.expect("look"),
            mails: storage.mails.list(None, u32::MAX).await.expect("list"),
            events: storage.audit_trail.list(EVERYTHING).await.expect("list"),
        }
    }
}

/// Expects of `step`, which writes to all of these parts, that nothing comes of it when one of its writes fails,
/// and that it can be taken when none does any more.
async fn all_or_nothing<T: Debug>(
    setup: &FaultSetup,
    parts: &[Part],
    is_signed_in: bool,
    step: impl AsyncFn(&Storage, &Person) -> Result<T, StorageError>,
) {
    let FaultSetup { storage, faults } = setup;
    for part in parts {
        let address = format!("{part:?}@example.com").to_lowercase();
        let person = if is_signed_in {
            Person::signed_in(storage, &address).await
        } else {
            Person::who_claims(storage, &address).await
        };
        let before = Stored::of(storage, &person).await;
        faults.break_writes_to(*part).await;
        let outcome = step(storage, &person).await;
        faults.mend().await;
        assert!(outcome.is_err(), "a step that cannot write to {part:?} says so: {outcome:?}");
        let after = Stored::of(storage, &person).await;
        assert_eq!(after, before, "nothing comes of a step that could not write to {part:?}");
        let again = step(storage, &person).await;
        assert!(again.is_ok(), "what could not write to {part:?} can when it is mended: {again:?}");
        assert_ne!(Stored::of(storage, &person).await, before, "then all of it is done");
    }
}

/// A registration stores the account, its first session, its mail and its event, or nothing.
pub async fn a_registration_is_stored_whole_or_not_at_all(setup: &FaultSetup) {
    const PARTS: [Part; 4] = [Part::Accounts, Part::Sessions, Part::Mails, Part::Events];
    all_or_nothing(setup, &PARTS, false, async |storage, person| {
        let address = format!("other.{}", person.user.email);
        let other = user(&address);
        let first_session = session(other.id);
        let registered = storage
            .users
            .register(NewAccount {
                session: Some(first_session.clone()),
                mail: Some(mail(MailKind::VerifyEmail, &address)),
                ..account_of(other.clone())
            })
            .await;
        let is_stored = storage.holder(&other.email).await.is_some();
        assert_eq!(is_stored, registered.is_ok(), "the account is stored with the rest");
        assert_eq!(storage.is_live(&first_session).await, registered.is_ok(), "so is its session");
        registered
    })
    .await;
}

/// A later claim on an address ends all of the earlier one, or nothing.
pub async fn a_claim_ends_whole_or_not_at_all(setup: &FaultSetup) {
    const PARTS: [Part; 4] = [Part::Accounts, Part::Secrets, Part::Mails, Part::Events];
    all_or_nothing(setup, &PARTS, false, async |storage, person| {
        let address = person.user.email.as_str();
        let registration = PrivateRegistration {
            account: account(address),
            notice_to_owner: mail(MailKind::AddressAlreadyRegistered, address),
            way_in_for_owner: mail(MailKind::ResetPassword, address),
            refusal: event(AuditKind::Registration),
        };
        storage.users.register_privately(registration).await
    })
    .await;
}

/// A login opens its session, is noted, sets the count of wrong passwords to zero, and is in the trail, or it did not
/// happen.
pub async fn a_login_is_stored_whole_or_not_at_all(setup: &FaultSetup) {
    const PARTS: [Part; 4] = [Part::Accounts, Part::Sessions, Part::Counts, Part::Events];
    all_or_nothing(setup, &PARTS, true, async |storage, person| {
        let after_the_lockout = NOW + LOCKOUT.duration;
        storage.sessions.open(opening(session_opened_at(person.user.id, after_the_lockout))).await
    })
    .await;
}

/// A new password ends what hung on the old one and tells the owner, or it is not the password.
pub async fn a_password_change_is_made_whole_or_not_at_all(setup: &FaultSetup) {
    const PARTS: [Part; 5] = [Part::Accounts, Part::Sessions, Part::Secrets, Part::Mails, Part::Events];
    all_or_nothing(setup, &PARTS, true, async |storage, person| {
        let change = PasswordChange {
            user: person.user.id,
            verified_hash: password_hash(),
            new_hash: other_hash("changed"),
            kept_session: person.kept_session(),
            notice: mail(MailKind::PasswordChanged, person.user.email.as_str()),
            event: event(AuditKind::PasswordChange).about(person.user.id),
        };
        storage.users.change_password(change).await
    })
    .await;
}

/// A reset sets the password, spends its secret, ends every session, lifts the lockout and tells the owner, or
/// none of it.
pub async fn a_password_reset_is_made_whole_or_not_at_all(setup: &FaultSetup) {
    all_or_nothing(setup, &Part::ALL, true, async |storage, person| {
        let reset = reset(&person.user, person.reset, other_hash("reset"), NOW);
        storage.tokens.redeem_password_reset(reset).await
    })
    .await;
}

/// A change of address moves the account and ends what was mailed to the old one, or none of it.
pub async fn an_email_change_is_made_whole_or_not_at_all(setup: &FaultSetup) {
    const PARTS: [Part; 4] = [Part::Accounts, Part::Sessions, Part::Secrets, Part::Events];
    all_or_nothing(setup, &PARTS, true, async |storage, person| {
        storage.tokens.redeem_email_change(confirmed_change(person.change(), NOW)).await
    })
    .await;
}

/// Whoever administers an account changes all that they asked for, with what ends by it, or nothing.
pub async fn an_administered_change_is_made_whole_or_not_at_all(setup: &FaultSetup) {
    const PARTS: [Part; 5] = [Part::Accounts, Part::Sessions, Part::Secrets, Part::Mails, Part::Events];
    all_or_nothing(setup, &PARTS, true, async |storage, person| {
        let address = person.user.email.as_str();
        let update = UserUpdate {
            user: person.user.id,
            authority: everything(),
            profile: ProfileChange::default(),
            email: Some(email(&format!("moved.{address}"))),
            verifies_email: true,
            is_active: Some(false),
            now: NOW,
            mails: vec![mail(MailKind::EmailChanged, address)],
            seen: None,
            event: event(AuditKind::UserUpdate).about(person.user.id),
        };
        storage.administration.update(update).await
    })
    .await;
}

/// A deletion erases the account with all that hangs on it, or nothing.
pub async fn a_deletion_is_made_whole_or_not_at_all(setup: &FaultSetup) {
    all_or_nothing(setup, &Part::ALL, true, async |storage, person| {
        storage.users.delete(deletion(person.user.id)).await
    })
    .await;
}
