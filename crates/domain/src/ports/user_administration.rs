use async_trait::async_trait;

use super::StorageError;
use crate::audit::AuditEvent;
use crate::mail::QueuedMail;
use crate::secrets::AttemptKey;
use crate::user::{Account, ProfileChange, User};
use crate::values::Timestamp;
use crate::values::{EmailAddress, PasswordHash, Permissions, RoleName, SearchPrefix, UserId};

/// Shows and changes accounts for who administers them: another view of the store behind
/// [`UserRepository`](super::UserRepository).
///
/// A change MUST be refused when the authority that comes with it lacks a permission that the user holds at
/// that moment, and MUST be refused when it would leave no active user who holds the role `admin`, however it
/// is raced against whatever else would.
///
/// Proven by the cases `nobody_administers_who_holds_what_they_lack`, `the_last_administrator_stays`,
/// `raced_demotions_leave_an_administrator` and `administered_changes_are_in_the_trail`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UserAdministration: Send + Sync {
    /// The users that `query` asks for, the greatest id first.
    ///
    /// MUST find them by an index, however many there are, and MUST give every user who is there all along in
    /// one of the pages that follow each other.
    ///
    /// Proven by the cases `users_are_listed_newest_first_in_pages`, `users_are_filtered`,
    /// `users_are_found_by_how_they_begin`, `names_are_found_however_they_were_given`,
    /// `many_who_begin_alike_are_listed_in_pages`, `pages_hold_while_users_come_and_go` and
    /// `users_are_listed_by_the_roles_that_they_hold_now`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StorageError>;

    /// Changes an account, in all or nothing, and notes the time.
    ///
    /// With another address than the one that the account has, MUST take it for unverified, end every
    /// one-time secret and pending e-mail change, and queue `update.mails`; one that is only spelt differently
    /// changes the spelling alone. A user who is verified keeps what they had otherwise. A user who is
    /// deactivated MUST lose every session, one-time secret and pending e-mail change. For one who was inactive and
    /// becomes active it MUST queue `update.mails`, too.
    ///
    /// Where the user is not as `update.seen` says, MUST change nothing: the mails are for somebody else by now.
    ///
    /// Proven by the cases `an_administered_change_keeps_the_rest`,
    /// `a_new_address_is_unverified_and_ends_what_was_mailed_before`, `deactivation_ends_all_sessions`,
    /// `an_activation_queues_its_mails_once`, `mails_go_to_the_addresses_that_they_were_chosen_for`,
    /// `an_administered_change_to_something_taken_changes_nothing` and
    /// `an_administered_change_is_made_whole_or_not_at_all`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is changed.
    async fn update(&self, update: UserUpdate) -> Result<UserUpdateOutcome, StorageError>;

    /// Lifts the lockout of an account: its wrong passwords count from zero again, and so do its wrong codes.
    ///
    /// Proven by the case `unlocking_lets_passwords_and_codes_count_from_zero`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is changed.
    async fn unlock(&self, unlocking: Unlocking) -> Result<UnlockOutcome, StorageError>;

    /// Gives an account another password, or its first.
    ///
    /// MUST with the same step end every session, every one-time secret but those that verify the address, a
    /// pending e-mail change and the lockout, and queue the notice.
    ///
    /// Proven by the cases `a_password_that_is_set_ends_what_hung_on_the_old_one` and
    /// `raced_logins_do_not_outlive_a_password_that_is_set`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is changed.
    async fn set_password(&self, setting: PasswordSetting) -> Result<SetPasswordOutcome, StorageError>;

    /// Stores accounts of another system, and says of each, in their order, what became of it.
    ///
    /// An account that is refused MUST NOT keep the others from being stored; all that are not refused MUST be
    /// stored with the same step. Earlier ones in the batch count for later ones. An account that is there
    /// already, with the same address and the same hash, is no refusal: so what was interrupted can be done
    /// again.
    ///
    /// Proven by the cases `imported_accounts_serve`, `a_refused_import_spares_the_rest`,
    /// `importing_again_changes_nothing` and `raced_imports_store_each_account_once`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn import(&self, accounts: Vec<Account>) -> Result<Vec<ImportOutcome>, StorageError>;
}

/// Which users are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserQuery {
    /// Those that are like this.
    pub filter: UserFilter,
    /// Those with a smaller id than this one.
    pub before: Option<UserId>,
    /// So many at most.
    pub limit: u32,
}

/// What users are like; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// How the canonical form of their address, their username or one of their names begins.
    pub prefix: Option<SearchPrefix>,
    /// A role that they hold.
    pub role: Option<RoleName>,
    /// Whether their address is verified.
    pub email_verified: Option<bool>,
    /// Whether they may use their account.
    pub is_active: Option<bool>,
}

/// A change of somebody's account.
#[derive(Clone, Debug)]
pub struct UserUpdate {
    /// Whose.
    pub user: UserId,
    /// Of who changes it.
    pub authority: Permissions,
    /// Of what they are called.
    pub profile: ProfileChange,
    /// Their new address.
    pub email: Option<EmailAddress>,
    /// Whether the address they have then counts as verified; only `true` changes anything.
    pub verifies_email: bool,
    /// Whether they may use their account from here on.
    pub is_active: Option<bool>,
    /// The moment.
    pub now: Timestamp,
    /// To be queued when the address is another, or the user becomes active.
    pub mails: Vec<QueuedMail>,
    /// How the user was when these were chosen, if that mattered.
    pub seen: Option<SeenUser>,
    /// Tells of it.
    pub event: AuditEvent,
}

impl UserUpdate {
    /// Whether `user`, whom it is to change, is otherwise by now than they were seen.
    #[must_use]
    pub fn is_overtaken(&self, user: &User) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.email != user.email || seen.is_active != user.is_active)
    }
}

/// How a user was when mails about a change of theirs were chosen.
#[derive(Clone, Debug)]
pub struct SeenUser {
    /// Their address.
    pub email: EmailAddress,
    /// Whether they might use their account.
    pub is_active: bool,
}

/// What a change of an account came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserUpdateOutcome {
    /// The user as they are now.
    Updated(Box<User>),
    /// There is no such user.
    NotFound,
    /// They have a permission that the authority lacks.
    Outranked,
    /// Nobody else is an active administrator.
    LastAdmin,
    /// Another account has the address.
    EmailTaken,
    /// Another account has the username.
    UsernameTaken,
    /// They are no longer as they were seen.
    Overtaken,
}

/// A lockout to be lifted.
#[derive(Clone, Debug)]
pub struct Unlocking {
    /// Whose.
    pub user: UserId,
    /// Of who lifts it.
    pub authority: Permissions,
    /// Where wrong passwords and wrong codes are counted.
    pub attempts: Vec<AttemptKey>,
    /// Tells of it.
    pub event: AuditEvent,
}

/// What lifting a lockout came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnlockOutcome {
    /// Whose is lifted, whether or not there was one.
    Unlocked(Box<User>),
    /// There is no such user.
    NotFound,
    /// They have a permission that the authority lacks.
    Outranked,
}

/// A password to be set.
#[derive(Clone, Debug)]
pub struct PasswordSetting {
    /// Whose.
    pub user: UserId,
    /// Of who sets it.
    pub authority: Permissions,
    /// Of the new password.
    pub new_hash: PasswordHash,
    /// Where wrong passwords are counted.
    pub attempts: AttemptKey,
    /// Tells the owner.
    pub notice: QueuedMail,
    /// Tells of it.
    pub event: AuditEvent,
}

/// What setting a password came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetPasswordOutcome {
    /// It is set.
    Set,
    /// There is no such user.
    NotFound,
    /// They have a permission that the authority lacks.
    Outranked,
}

/// What became of one account that was brought in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is stored.
    Imported,
    /// It was there before, with this address and this hash.
    Present,
    /// Another account has its id.
    IdTaken,
    /// Another account has its address.
    EmailTaken,
    /// Another account has its username.
    UsernameTaken,
    /// It names a role that does not exist.
    UnknownRole,
}
