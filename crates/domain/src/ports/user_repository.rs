use async_trait::async_trait;

use super::StorageError;
use crate::audit::AuditEvent;
use crate::mail::QueuedMail;
use crate::secrets::AttemptKey;
use crate::session::{Principal, Session};
use crate::user::{Account, LoginIdentifier, ProfileChange, User};
use crate::values::{PasswordHash, Permissions, SessionId, Timestamp, UserId};

/// Keeps accounts.
///
/// Addresses and usernames are unique by their canonical forms, which the values carry: a store
/// compares those octet by octet, and folds nothing itself.
///
/// An event that comes with a change MUST be stored in the [audit trail](super::AuditTrail) with it: both or
/// neither, here and in every other port.
///
/// Proven by the cases `a_change_whose_event_cannot_be_stored_is_not_made` and
/// `account_changes_are_in_the_trail`. That no step is stored by half, where a store can be broken in the
/// middle of one, is proven by the cases of `fault_contract!`, whose names end with `whole_or_not_at_all`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserRepository: Send + Sync {
    /// Stores a new account with its roles, its first session and its mail.
    ///
    /// MUST store all of it or nothing. However registrations are raced, an address and a username
    /// MUST have one account. When both are taken the answer is [`RegisterOutcome::UsernameTaken`].
    ///
    /// Proven by the cases `raced_registrations_leave_one_account`, `a_refused_registration_stores_nothing`,
    /// `look_alike_addresses_never_meet`, `an_unknown_role_is_refused_with_all_that_came_with_it`,
    /// `a_registration_signs_in_and_queues_its_mail` and `a_registration_is_stored_whole_or_not_at_all`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError>;

    /// As [`register`](Self::register), for answers that must not tell a taken address from a free one.
    ///
    /// For an address whose account is a [mere claim](User::is_mere_claim), MUST take its password away, end its
    /// one-time secrets and sessions, and queue the way in to its owner; the username of that claim does not count as
    /// taken. Of two who claim an address, neither one's password is worth anything: who reads its mails sets one. For
    /// an address whose account is more than a claim, MUST leave that account as it is and queue the notice. Either way
    /// MUST store the refusal, which then concerns that account's user, and nothing of the new account.
    ///
    /// Proven by the cases `private_registration_of_a_taken_address_tells_its_owner`,
    /// `private_registration_ends_an_unverified_claim`, `private_registrations_are_in_the_trail`,
    /// `private_registration_of_a_free_address_registers`,
    /// `private_registration_of_a_taken_username_changes_nothing`,
    /// `raced_private_registrations_leave_one_account` and
    /// `a_claim_ends_whole_or_not_at_all`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn register_privately(
        &self,
        registration: PrivateRegistration,
    ) -> Result<PrivateRegistrationOutcome, StorageError>;

    /// The account that `identifier` names.
    ///
    /// Proven by the cases `an_account_is_kept_as_it_was_given` and `look_alike_addresses_never_meet`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<Option<Account>, StorageError>;

    /// The account with this id.
    ///
    /// Proven by the cases `an_account_is_kept_as_it_was_given` and `roles_are_held_in_alphabetical_order`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn find_by_id(&self, id: UserId) -> Result<Option<Account>, StorageError>;

    /// Changes a profile and notes the time.
    ///
    /// MUST change all or nothing, and no field that the change keeps, whoever changes that one meanwhile.
    ///
    /// Proven by the cases `a_profile_change_keeps_the_rest`, `raced_changes_of_one_profile_lose_none`,
    /// `a_profile_change_to_a_taken_username_changes_nothing` and `raced_profile_changes_leave_one_holder`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is changed.
    async fn update_profile(&self, update: ProfileUpdate) -> Result<ProfileOutcome, StorageError>;

    /// Replaces the password of a user who just gave the old one.
    ///
    /// MUST do nothing and return `false` when the hash is not `change.verified_hash` any more. MUST
    /// with the same step end every session but `change.kept_session`, pending password resets and
    /// e-mail changes, and queue the notice.
    ///
    /// Proven by the cases `raced_password_changes_have_one_winner`,
    /// `a_password_change_ends_the_other_sessions`, `raced_logins_do_not_outlive_the_password` and
    /// `a_password_change_is_made_whole_or_not_at_all`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is changed.
    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError>;

    /// Erases an account and all that hangs on it: sessions, secrets, roles held, queued mails, attempts
    /// counted. What the audit trail says of it, by its id, stays.
    ///
    /// With `deletion.verified_hash`, MUST erase nothing when the account is inactive or has another hash by now: a
    /// password that was reset while it was being checked costs nobody their account.
    ///
    /// MUST refuse to erase the last active user who holds the role `admin`, however it is raced, and MUST
    /// NOT refuse for any other account that `deletion.authority` covers: a user without the role can always
    /// go, and so can an inactive administrator.
    ///
    /// Proven by the cases `deletion_erases_all_that_hangs_on_the_account`,
    /// `raced_deletions_leave_an_administrator`, `only_active_administrators_count`,
    /// `nobody_administers_who_holds_what_they_lack`,
    /// `an_account_is_deleted_by_its_holder_only_under_the_password_that_was_checked` and
    /// `a_deletion_is_made_whole_or_not_at_all`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is erased.
    async fn delete(&self, deletion: Deletion) -> Result<DeleteOutcome, StorageError>;

    /// Returns when the store can be read and written.
    ///
    /// Proven by the case `a_store_that_answers_says_so`.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when it cannot.
    async fn ping(&self) -> Result<(), StorageError>;
}

/// An account to be registered.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The user, with the names of the roles to hold.
    pub user: User,
    /// The hash of the password; none when an invitation is to set it.
    pub password_hash: Option<PasswordHash>,
    /// A session to open with it.
    pub session: Option<Session>,
    /// A mail to queue with it.
    pub mail: Option<QueuedMail>,
    /// Tells of it.
    pub event: AuditEvent,
}

/// An account to be registered without telling whether its address is taken.
#[derive(Clone, Debug)]
pub struct PrivateRegistration {
    /// The account.
    pub account: NewAccount,
    /// Tells the owner of a taken address.
    pub notice_to_owner: QueuedMail,
    /// Lets the owner of an address that was only claimed set a password.
    pub way_in_for_owner: QueuedMail,
    /// Tells of the refusal then, in place of the account's event.
    pub refusal: AuditEvent,
}

/// What a registration came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// It is stored; with a session, who signed in by it.
    Registered(Option<Box<Principal>>),
    /// Another account has the address.
    EmailTaken,
    /// Another account has the username.
    UsernameTaken,
    /// A role to hold does not exist.
    UnknownRole,
}

/// What a private registration came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrivateRegistrationOutcome {
    /// The account is stored.
    Registered,
    /// The address was claimed before, by the account with this id, and whoever owns it is asked.
    ClaimEnded(UserId),
    /// The owner of the address is told.
    OwnerTold(UserId),
    /// Another account has the username.
    UsernameTaken,
}

/// A change of a user's profile.
#[derive(Clone, Debug)]
pub struct ProfileUpdate {
    /// Whose.
    pub user: UserId,
    /// What shall be different.
    pub change: ProfileChange,
    /// The moment.
    pub now: Timestamp,
    /// Tells of it.
    pub event: AuditEvent,
}

/// What a profile change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileOutcome {
    /// The user as they are now.
    Updated(Box<User>),
    /// Another account has the username.
    UsernameTaken,
    /// There is no such user.
    NotFound,
}

/// A new password for a user who just gave the old one.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// Whose.
    pub user: UserId,
    /// The hash against which the old one was checked.
    pub verified_hash: PasswordHash,
    /// Of the new password.
    pub new_hash: PasswordHash,
    /// The session that asks: it goes on.
    pub kept_session: SessionId,
    /// Tells the owner.
    pub notice: QueuedMail,
    /// Tells of it.
    pub event: AuditEvent,
}

/// An account to be erased.
#[derive(Clone, Debug)]
pub struct Deletion {
    /// Whose.
    pub user: UserId,
    /// Of who erases it.
    pub authority: Permissions,
    /// The hash against which the password was checked of somebody who erases their own; none when others do.
    pub verified_hash: Option<PasswordHash>,
    /// Where the account's wrong passwords are counted.
    pub attempts: AttemptKey,
    /// Tells of it.
    pub event: AuditEvent,
}

/// What a deletion came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteOutcome {
    /// Nothing of the account is left.
    Deleted,
    /// Its holder has a permission that the authority lacks, and it stays.
    Outranked,
    /// The password that was checked is not its own any more, or it is not usable, and it stays.
    Refused,
    /// It is the last active administrator's, and stays.
    LastAdmin,
    /// There is no such user.
    NotFound,
}
