use async_trait::async_trait;

use super::StorageError;
use crate::audit::AuditEvent;
use crate::mail::QueuedMail;
use crate::secrets::{AttemptKey, CodeDigest, TokenDigest};
use crate::user::User;
use crate::values::{EmailAddress, PasswordHash, SessionId, Timestamp, UserId};

/// Keeps the digests of one-time secrets: one of each kind for a user, a newer one ending the older.
///
/// Expiry MUST be checked at use. A secret is bound to the address that it was mailed to: it is worth
/// nothing once the user has another.
///
/// Proven by the cases `secrets_expire_at_use` and `a_secret_is_good_for_its_own_kind`.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait TokenRepository: Send + Sync {
    /// Stores the secrets of a verification mail for the active, unverified user with this address,
    /// and returns that user; none when there is no such user.
    ///
    /// MUST end older secrets of this kind, and MUST let wrong codes for the address count from zero
    /// again within the hourly limit, whether or not it has an account.
    ///
    /// Proven by the cases `a_newer_verification_ends_the_older`,
    /// `a_new_code_frees_the_address_within_the_hourly_limit` and
    /// `verification_is_for_active_unverified_users`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn issue_verification(
        &self,
        address: &EmailAddress,
        secrets: VerificationSecrets,
    ) -> Result<Option<User>, StorageError>;

    /// Whom a verification link would verify at `now`, or has verified; changes nothing.
    ///
    /// Proven by the case `finding_a_secret_changes_nothing`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn find_verification(
        &self,
        link: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError>;

    /// Verifies the address of the user whom the link names, whom the event then concerns.
    ///
    /// MUST say so again while the link lives, and store the event once. MUST end a code of the same mail and a
    /// pending e-mail change that was asked for before: an address counts as the owner's only from here on.
    ///
    /// Proven by the cases `a_verification_link_repeats_while_it_lives`,
    /// `verification_ends_a_pending_email_change`, `verification_verifies_whom_it_was_mailed_to`,
    /// `a_repeated_verification_spares_a_later_email_change`, `a_used_link_ends_its_code` and
    /// `a_verification_is_in_the_trail_once`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn redeem_verification_link(
        &self,
        redemption: LinkRedemption,
    ) -> Result<VerificationOutcome, StorageError>;

    /// Verifies the address by a code.
    ///
    /// MUST count every wrong code under `redemption.attempts`, atomically, also for an address without
    /// an account or without a code, and MUST answer [`CodeOutcome::Exhausted`], uncounted and whatever
    /// the code, once `limits.per_code` wrong ones came since the last one was issued or
    /// `limits.per_hour` within an hour of the first. MUST store `redemption.failure` with each wrong code that
    /// is counted. Both events concern the user who has the address, if there is one. A right code is spent;
    /// the link of the same mail lives on. Otherwise as [`redeem_verification_link`](Self::redeem_verification_link).
    ///
    /// Proven by the cases `raced_codes_verify_once`, `raced_wrong_codes_are_all_counted`,
    /// `the_hourly_limit_outlives_new_codes`, `wrong_codes_count_for_unknown_addresses_alike`,
    /// `a_right_code_is_spent_and_its_link_lives_on`, `verification_verifies_whom_it_was_mailed_to`,
    /// `a_verification_is_in_the_trail_once` and `wrong_codes_are_in_the_trail`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored or counted.
    async fn redeem_verification_code(&self, redemption: CodeRedemption)
    -> Result<CodeOutcome, StorageError>;

    /// Stores the secret of a reset mail for the active user with this address, and returns that
    /// user; none when there is no such user. MUST end older secrets of this kind.
    ///
    /// Proven by the cases `a_newer_reset_ends_the_older` and `resets_are_for_active_users`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn issue_password_reset(
        &self,
        address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError>;

    /// Whose password this secret would set at `now`; changes nothing.
    ///
    /// Proven by the case `finding_a_secret_changes_nothing`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn find_password_reset(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError>;

    /// Sets the password of the user whom the secret names, and returns `true`; `false` when the secret
    /// is not good at `now`.
    ///
    /// MUST, in one step: spend the secret (of raced redemptions exactly one wins, and only its
    /// password counts), end every session, every other one-time secret and a pending e-mail change,
    /// lift the lockout, take the address for verified, and queue the notice.
    ///
    /// Proven by the cases `raced_resets_have_one_winner`, `a_reset_ends_all_that_was_set_before`,
    /// `a_refused_reset_changes_nothing`, `a_reset_sets_a_first_password`,
    /// `resets_and_email_changes_are_in_the_trail` and `a_password_reset_is_made_whole_or_not_at_all`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored, the secret is as good as before.
    async fn redeem_password_reset(&self, reset: PasswordReset) -> Result<bool, StorageError>;

    /// Notes that a user wants another address, and queues the mails that say so.
    ///
    /// MUST replace a pending change of the same user. Leaves the address as it is. MUST store nothing when the account
    /// is gone or inactive, or when its password hash is not `request.verified_hash` any more: what a password that was
    /// reset while it was being checked asks for would outlive the reset.
    ///
    /// When another account has the address, MUST store nothing, or with `request.if_taken` do that instead, and end a
    /// pending change all the same: whether an older secret is still good would tell.
    ///
    /// Proven by the cases `an_email_change_is_asked_for_only_under_the_password_that_was_checked`,
    /// `a_taken_address_is_not_asked_for`,
    /// `a_taken_address_that_is_asked_for_privately_is_told_to_its_owner`,
    /// `a_requested_email_change_waits_for_its_confirmation`, `a_newer_email_change_replaces_the_older` and
    /// `resets_and_email_changes_are_in_the_trail`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored or queued.
    async fn request_email_change(
        &self,
        request: EmailChangeRequest,
    ) -> Result<EmailChangeRequestOutcome, StorageError>;

    /// Stores the secret of the mail that confirms the user's pending change to `new_address`, and
    /// returns that user; none when that change is not pending any more.
    ///
    /// Proven by the case `a_newer_email_change_replaces_the_older`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored.
    async fn issue_email_change(
        &self,
        user: UserId,
        new_address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError>;

    /// Who would get which new address by this secret at `now`; changes nothing.
    ///
    /// Proven by the case `finding_a_secret_changes_nothing`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn find_email_change(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(User, EmailAddress)>, StorageError>;

    /// Gives the user whom the secret names, and whom the event then concerns, their new address.
    ///
    /// MUST, in one step: spend the secret (of raced redemptions exactly one wins), take the new address
    /// for verified, end every other one-time secret, and end every session but the one that asked.
    /// MUST leave everything as it is when the address has been taken meanwhile.
    ///
    /// Proven by the cases `a_requested_email_change_waits_for_its_confirmation`,
    /// `raced_email_changes_have_one_winner`,
    /// `an_email_change_ends_all_that_was_mailed_before`,
    /// `an_email_change_to_a_taken_address_changes_nothing`, `an_email_change_can_respell_the_own_address`,
    /// `resets_and_email_changes_are_in_the_trail` and `an_email_change_is_made_whole_or_not_at_all`.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing is stored, the secret is as good as before.
    async fn redeem_email_change(
        &self,
        redemption: LinkRedemption,
    ) -> Result<EmailChangeOutcome, StorageError>;

    /// Deletes up to `limit` secrets that expired before `now`, and says how many it deleted.
    ///
    /// Proven by the cases `expired_secrets_are_deleted_in_batches` and
    /// `deleting_expired_secrets_spares_what_still_lives`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError>;
}

/// The secrets of one verification mail, as they are kept.
#[derive(Clone, Copy, Debug)]
pub struct VerificationSecrets {
    /// Of the link.
    pub link: TokenDigest,
    /// When the link dies.
    pub link_expires_at: Timestamp,
    /// Of the code.
    pub code: CodeDigest,
    /// When the code dies.
    pub code_expires_at: Timestamp,
    /// Where wrong codes for the address are counted.
    pub attempts: AttemptKey,
}

/// A link that somebody followed.
#[derive(Clone, Debug)]
pub struct LinkRedemption {
    /// Of its secret.
    pub digest: TokenDigest,
    /// The moment.
    pub now: Timestamp,
    /// Tells of what it did.
    pub event: AuditEvent,
}

/// What a verification link came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerificationOutcome {
    /// The address of this user is verified from here on.
    Verified(Box<User>),
    /// It was before.
    VerifiedBefore(Box<User>),
    /// The link is not good.
    Invalid,
}

/// A code that somebody typed.
#[derive(Clone, Debug)]
pub struct CodeRedemption {
    /// For which address.
    pub address: EmailAddress,
    /// The digest of what was typed; none when it can be no code.
    pub code: Option<CodeDigest>,
    /// Where wrong ones are counted.
    pub attempts: AttemptKey,
    /// How many wrong ones there may be.
    pub limits: CodeLimits,
    /// The moment.
    pub now: Timestamp,
    /// Tells of the verification.
    pub event: AuditEvent,
    /// Tells of a wrong code.
    pub failure: AuditEvent,
}

/// How many wrong codes an address may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeLimits {
    /// Since the last code was issued.
    pub per_code: u32,
    /// Within an hour of the first, over all codes.
    pub per_hour: u32,
}

/// What a typed code came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeOutcome {
    /// It was right, and is spent.
    Verified(Box<User>),
    /// It was wrong, and is counted; for the user who has the address, if there is one.
    Wrong(Option<UserId>),
    /// There were too many wrong ones before it.
    Exhausted {
        /// When the hourly limit lets codes count again, if that is what refuses them.
        until: Option<Timestamp>,
    },
}

/// A password reset that its secret authorises.
#[derive(Clone, Debug)]
pub struct PasswordReset {
    /// Of the secret.
    pub digest: TokenDigest,
    /// The moment.
    pub now: Timestamp,
    /// Of the new password.
    pub new_hash: PasswordHash,
    /// Where the account's wrong passwords are counted, to be set to zero.
    pub attempts: AttemptKey,
    /// Tells the owner.
    pub notice: QueuedMail,
    /// Tells of it.
    pub event: AuditEvent,
}

/// A wish for another address.
#[derive(Clone, Debug)]
pub struct EmailChangeRequest {
    /// Whose.
    pub user: UserId,
    /// The session that asks: it outlives the change.
    pub session: SessionId,
    /// The address wanted.
    pub new_address: EmailAddress,
    /// The hash against which the password was checked.
    pub verified_hash: PasswordHash,
    /// To the new address for confirmation, and to the old one as a notice.
    pub mails: Vec<QueuedMail>,
    /// Tells of it.
    pub event: AuditEvent,
    /// What is done in its place when another account has the address, where an answer must not tell a taken
    /// address from a free one.
    pub if_taken: Option<EmailChangeRefusal>,
}

/// A wish for another address that comes to nothing without a word to who has it.
#[derive(Clone, Debug)]
pub struct EmailChangeRefusal {
    /// To the owner of the address, and to the old one as a notice.
    pub mails: Vec<QueuedMail>,
    /// Tells of the refusal.
    pub event: AuditEvent,
}

/// What a wish for another address came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailChangeRequestOutcome {
    /// It waits for its confirmation.
    Requested,
    /// Another account has the address, and its owner is told.
    OwnerTold,
    /// Another account has the address.
    EmailTaken,
    /// The password that was checked is not the account's any more, or the account is not usable.
    Refused,
}

/// What redeeming an e-mail change came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailChangeOutcome {
    /// The user has the new address.
    Changed(Box<User>),
    /// The secret is not good.
    Invalid,
    /// Somebody else has the address by now.
    EmailTaken,
}
