//! [`TokenRepository`]: the digests of what is mailed, and what it comes to when it comes back.
//!
//! Whoever issues or redeems a user's secrets holds the user's row. So of several who redeem one secret at
//! once, each looks at what the one before has left.

mod email_change;
mod password_reset;
mod verification;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use portcullis_domain::ports::{
    CodeOutcome, CodeRedemption, EmailChangeOutcome, EmailChangeRequest, EmailChangeRequestOutcome,
    LinkRedemption, PasswordReset, StorageError, TokenRepository, VerificationOutcome, VerificationSecrets,
};
use portcullis_domain::{EmailAddress, Timestamp, TokenDigest, User, UserId};

use crate::store::PostgresStore;
use crate::sweep::{Sweep, sweep};

#[async_trait]
impl TokenRepository for PostgresStore {
    async fn issue_verification(
        &self,
        address: &EmailAddress,
        secrets: VerificationSecrets,
    ) -> Result<Option<User>, StorageError> {
        self.write((address.clone(), secrets), |connection, (address, secrets)| {
            verification::issue(connection, address, secrets).boxed()
        })
        .await
    }

    async fn find_verification(
        &self,
        link: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read((link, now), |connection, &(link, now)| verification::find(connection, link, now).boxed())
            .await
    }

    async fn redeem_verification_link(
        &self,
        redemption: LinkRedemption,
    ) -> Result<VerificationOutcome, StorageError> {
        self.write(redemption, |connection, redemption| {
            verification::redeem_link(connection, redemption).boxed()
        })
        .await
    }

    async fn redeem_verification_code(
        &self,
        redemption: CodeRedemption,
    ) -> Result<CodeOutcome, StorageError> {
        self.write(redemption, |connection, redemption| {
            verification::redeem_code(connection, redemption).boxed()
        })
        .await
    }

    async fn issue_password_reset(
        &self,
        address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.write((address.clone(), digest, expires_at), |connection, (address, digest, expires_at)| {
            password_reset::issue(connection, address, *digest, *expires_at).boxed()
        })
        .await
    }

    async fn find_password_reset(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read((digest, now), |connection, &(digest, now)| {
            password_reset::find(connection, digest, now).boxed()
        })
        .await
    }

    async fn redeem_password_reset(&self, reset: PasswordReset) -> Result<bool, StorageError> {
        self.write(reset, |connection, reset| password_reset::redeem(connection, reset).boxed()).await
    }

    async fn request_email_change(
        &self,
        request: EmailChangeRequest,
    ) -> Result<EmailChangeRequestOutcome, StorageError> {
        self.write(request, |connection, request| email_change::request(connection, request).boxed()).await
    }

    async fn issue_email_change(
        &self,
        user: UserId,
        new_address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let argument = (user, new_address.clone(), digest, expires_at);
        self.write(argument, |connection, (user, new_address, digest, expires_at)| {
            email_change::issue(connection, *user, new_address, *digest, *expires_at).boxed()
        })
        .await
    }

    async fn find_email_change(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(User, EmailAddress)>, StorageError> {
        self.read((digest, now), |connection, &(digest, now)| {
            email_change::find(connection, digest, now).boxed()
        })
        .await
    }

    async fn redeem_email_change(
        &self,
        redemption: LinkRedemption,
    ) -> Result<EmailChangeOutcome, StorageError> {
        self.write(redemption, |connection, redemption| email_change::redeem(connection, redemption).boxed())
            .await
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write(Sweep { before: now, limit }, |connection, expired| {
            sweep(connection, DELETE_EXPIRED, expired).boxed()
        })
        .await
    }
}

const DELETE_EXPIRED: &str = "
WITH ended_verifications AS (
    DELETE FROM verifications WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM verifications WHERE expires_at < $1
        ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
), ended_resets AS (
    DELETE FROM password_resets WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM password_resets WHERE expires_at < $1
        ORDER BY expires_at LIMIT $2 - (SELECT count(*) FROM ended_verifications) FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
), ended AS (
    SELECT (SELECT count(*) FROM ended_verifications) + (SELECT count(*) FROM ended_resets) AS count
), ended_email_changes AS (
    DELETE FROM email_changes WHERE user_id = ANY (ARRAY(
        SELECT user_id FROM email_changes WHERE expires_at < $1
        ORDER BY expires_at LIMIT $2 - (SELECT count FROM ended) FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
)
SELECT (SELECT count FROM ended) + (SELECT count(*) FROM ended_email_changes)";
