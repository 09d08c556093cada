//! [`TokenRepository`]: the digests of what is mailed, and what it comes to when it comes back.

mod code_count;
mod email_change;
mod password_reset;
mod verification;

use async_trait::async_trait;
use diesel::prelude::*;
use portcullis_domain::ports::{
    CodeOutcome, CodeRedemption, EmailChangeOutcome, EmailChangeRequest, EmailChangeRequestOutcome,
    LinkRedemption, PasswordReset, StorageError, TokenRepository, VerificationOutcome, VerificationSecrets,
};
use portcullis_domain::{EmailAddress, Timestamp, TokenDigest, User, UserId};

use crate::schema::{email_changes, password_resets, verifications};
use crate::store::SqliteStore;
use crate::sweep::delete_oldest;

#[async_trait]
impl TokenRepository for SqliteStore {
    async fn issue_verification(
        &self,
        address: &EmailAddress,
        secrets: VerificationSecrets,
    ) -> Result<Option<User>, StorageError> {
        let address = address.clone();
        self.write(move |connection| verification::issue(connection, &address, &secrets)).await
    }

    async fn find_verification(
        &self,
        link: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read(move |connection| verification::find(connection, link, now)).await
    }

    async fn redeem_verification_link(
        &self,
        redemption: LinkRedemption,
    ) -> Result<VerificationOutcome, StorageError> {
        self.write(move |connection| verification::redeem_link(connection, &redemption)).await
    }

    async fn redeem_verification_code(
        &self,
        redemption: CodeRedemption,
    ) -> Result<CodeOutcome, StorageError> {
        self.write(move |connection| verification::redeem_code(connection, &redemption)).await
    }

    async fn issue_password_reset(
        &self,
        address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let address = address.clone();
        self.write(move |connection| password_reset::issue(connection, &address, digest, expires_at)).await
    }

    async fn find_password_reset(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        self.read(move |connection| password_reset::find(connection, digest, now)).await
    }

    async fn redeem_password_reset(&self, reset: PasswordReset) -> Result<bool, StorageError> {
        self.write(move |connection| password_reset::redeem(connection, &reset)).await
    }

    async fn request_email_change(
        &self,
        request: EmailChangeRequest,
    ) -> Result<EmailChangeRequestOutcome, StorageError> {
        self.write(move |connection| email_change::request(connection, &request)).await
    }

    async fn issue_email_change(
        &self,
        user: UserId,
        new_address: &EmailAddress,
        digest: TokenDigest,
        expires_at: Timestamp,
    ) -> Result<Option<User>, StorageError> {
        let new_address = new_address.clone();
        self.write(move |connection| email_change::issue(connection, user, &new_address, digest, expires_at))
            .await
    }

    async fn find_email_change(
        &self,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(User, EmailAddress)>, StorageError> {
        self.read(move |connection| {
            let pending = email_change::find(connection, digest, now)?;
            Ok(pending.map(|pending| (pending.user, pending.new_address)))
        })
        .await
    }

    async fn redeem_email_change(
        &self,
        redemption: LinkRedemption,
    ) -> Result<EmailChangeOutcome, StorageError> {
        self.write(move |connection| email_change::redeem(connection, &redemption)).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write_alone(move |connection| Ok(delete_expired(connection, now, limit)?)).await
    }
}

/// Ends every one-time secret of a user, and a pending change of their address.
pub(crate) fn end_all(connection: &mut SqliteConnection, user: UserId) -> QueryResult<()> {
    diesel::delete(verifications::table.find(user.uuid().into_bytes())).execute(connection)?;
    end_password_reset(connection, user)?;
    end_email_change(connection, user)
}

pub(crate) fn end_password_reset(connection: &mut SqliteConnection, user: UserId) -> QueryResult<()> {
    diesel::delete(password_resets::table.find(user.uuid().into_bytes())).execute(connection)?;
    Ok(())
}

pub(crate) fn end_email_change(connection: &mut SqliteConnection, user: UserId) -> QueryResult<()> {
    diesel::delete(email_changes::table.find(user.uuid().into_bytes())).execute(connection)?;
    Ok(())
}

fn delete_expired(connection: &mut SqliteConnection, now: Timestamp, limit: u32) -> QueryResult<u32> {
    let mut left = limit;
    left -= delete_oldest!(verifications, key: user_id, moment: expires_at, connection, now, left)?;
    left -= delete_oldest!(password_resets, key: user_id, moment: expires_at, connection, now, left)?;
    left -= delete_oldest!(email_changes, key: user_id, moment: expires_at, connection, now, left)?;
    Ok(limit - left)
}
