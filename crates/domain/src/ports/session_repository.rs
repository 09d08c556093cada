use std::time::Duration;

use async_trait::async_trait;

use super::StorageError;
use crate::audit::AuditEvent;
use crate::secrets::{AttemptKey, Generation};
use crate::session::{Principal, Session, SessionLifetime};
use crate::values::{PasswordHash, Permissions, SessionId, Timestamp, UserId};

/// Keeps sessions: one row each, however often it is refreshed.
///
/// Wherever a [`Principal`] is returned, its user, roles and permissions MUST be those in force at
/// that moment.
///
/// Proven by the case `authority_is_read_at_each_call`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait SessionRepository: Send + Sync {
    /// Opens a session for a user whose password was just checked, and notes the login.
    ///
    /// MUST refuse while the count `opening.attempts` is locked, whatever else it would refuse for, and MUST else set
    /// it to zero: as [`LockoutRepository::record_success`](super::LockoutRepository::record_success) does.
    /// MUST refuse when the account is gone or inactive, or when its password hash is not
    /// `verified_hash` any more: a password that was reset while it was being checked opens nothing.
    /// When `renewed_hash` is given it MUST replace the other with the same step. What is refused MUST change nothing.
    ///
    /// Proven by the cases `a_session_opens_only_under_the_password_that_was_checked`,
    /// `a_session_opens_only_while_no_lockout_holds`, `login_renews_the_hash`,
    /// `raced_logins_all_open_sessions`, `a_login_is_noted`, `logins_and_logouts_are_in_the_trail` and
    /// `a_login_is_stored_whole_or_not_at_all`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn open(&self, opening: SessionOpening) -> Result<OpenOutcome, StorageError>;

    /// Who calls with this session at `now`; none when it ended or expired, or its user is inactive.
    ///
    /// Proven by the cases `an_ended_session_has_no_principal`, `expiry_is_checked_at_use`,
    /// `an_inactive_user_has_no_principal` and `a_session_is_kept_as_it_was_given`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn principal(&self, id: SessionId, now: Timestamp) -> Result<Option<Principal>, StorageError>;

    /// Spends a refresh token.
    ///
    /// MUST, in one step: for the session's current generation, make the next one current, note the
    /// time and prolong the session; for the one before it, less than the grace after it was spent, change
    /// nothing and give the current one again; for any older one, end the session
    /// and store `rotation.reuse`, which then concerns its user. However it is raced,
    /// a generation MUST have one successor. A session that ended or expired, whose user is inactive, or
    /// that never had this generation is refused, and nothing changes.
    ///
    /// Proven by the cases `raced_rotation_has_one_successor`, `a_retry_within_the_grace_repeats`,
    /// `a_retry_after_the_grace_ends_the_session`, `an_older_generation_ends_the_session`,
    /// `rotation_prolongs_up_to_the_absolute_end`, `raced_rotation_and_logout_leave_no_session`,
    /// `a_reuse_is_in_the_trail`, `raced_reuse_ends_the_session`,
    /// `a_generation_that_never_was_changes_nothing` and `generations_reach_the_end_of_their_range`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: the token is as good as before.
    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StorageError>;

    /// The user's live sessions at `now`, the newest first.
    ///
    /// Proven by the cases `sessions_are_listed_newest_first` and `a_session_is_kept_as_it_was_given`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn list(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>, StorageError>;

    /// Ends a session if it is live and the user's own, and says whether it was.
    ///
    /// Proven by the cases `somebody_elses_session_stays`, `raced_endings_end_a_session_once` and
    /// `logins_and_logouts_are_in_the_trail`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it goes on.
    async fn end(&self, ending: SessionEnding) -> Result<bool, StorageError>;

    /// Ends every session of a user, if `ending.authority` covers them.
    ///
    /// Proven by the cases `ending_all_sessions_spares_those_of_others`,
    /// `nobody_administers_who_holds_what_they_lack`, `ending_all_sessions_of_nobody_is_told` and
    /// `logins_and_logouts_are_in_the_trail`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: all go on.
    async fn end_all(&self, ending: SessionsEnding) -> Result<EndAllOutcome, StorageError>;

    /// Deletes up to `limit` sessions that expired before `now`, and says how many it deleted.
    ///
    /// Proven by the case `expired_sessions_are_deleted_in_batches`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError>;
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct SessionOpening {
    /// The session.
    pub session: Session,
    /// Where wrong passwords for the account are counted.
    pub attempts: AttemptKey,
    /// The hash against which the password was checked.
    pub verified_hash: PasswordHash,
    /// A hash by today's settings, when the checked one is outdated.
    pub renewed_hash: Option<PasswordHash>,
    /// Tells of it.
    pub event: AuditEvent,
}

/// Whether a session was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// It was; who signed in.
    Opened(Box<Principal>),
    /// There were too many wrong passwords before the right one.
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// The password that was checked is not the account's any more, or the account is not usable.
    Refused,
}

/// A refresh token to be spent.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The session that it names.
    pub session: SessionId,
    /// The generation that it names.
    pub generation: Generation,
    /// The moment.
    pub now: Timestamp,
    /// How long the session lives on.
    pub lifetime: SessionLifetime,
    /// How long after its rotation the immediate predecessor gets the same successor again.
    pub grace: Duration,
    /// Tells of it when the token was spent before.
    pub reuse: AuditEvent,
}

/// A session to be ended.
#[derive(Clone, Debug)]
pub struct SessionEnding {
    /// Whose it is.
    pub user: UserId,
    /// Which one.
    pub session: SessionId,
    /// The moment.
    pub now: Timestamp,
    /// Tells of it.
    pub event: AuditEvent,
}

/// The sessions of a user to be ended.
#[derive(Clone, Debug)]
pub struct SessionsEnding {
    /// Whose.
    pub user: UserId,
    /// Of who ends them.
    pub authority: Permissions,
    /// Tells of it, whether or not there were any.
    pub event: AuditEvent,
}

/// What ending a user's sessions came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndAllOutcome {
    /// None is left.
    Ended,
    /// The user has a permission that the authority lacks, and all go on.
    Outranked,
    /// There is no such user.
    NotFound,
}

/// What spending a refresh token came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationOutcome {
    /// The session's current generation is the token's successor, now made or given again.
    Current(Box<Principal>),
    /// The token was spent before: the session has been ended, and that is stored.
    Reused(UserId),
    /// There is no such session, or it cannot be used.
    Unknown,
}
