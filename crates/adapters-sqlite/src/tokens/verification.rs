//! Verifying an address, by the link or the code of one mail.

use diesel::prelude::*;
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::ports::{
    CodeOutcome, CodeRedemption, LinkRedemption, VerificationOutcome, VerificationSecrets,
};
use portcullis_domain::{EmailAddress, Timestamp, TokenDigest, User};

use super::code_count::CodeCount;
use super::end_email_change;
use crate::audit_trail;
use crate::errors::Failure;
use crate::kept::ExecuteKept as _;
use crate::rows::UserRow;
use crate::schema::{accounts, users, verifications};
use crate::users::find_by_address;

pub(super) fn issue(
    connection: &mut SqliteConnection,
    address: &EmailAddress,
    secrets: &VerificationSecrets,
) -> Result<Option<User>, Failure> {
    CodeCount::begin_anew(connection, secrets.attempts)?;
    let awaits_it = |user: &User| user.is_active && !user.email_verified;
    let Some(user) = find_by_address(connection, address)?.filter(awaits_it) else {
        return Ok(None);
    };
    diesel::replace_into(verifications::table)
        .values((
            verifications::user_id.eq(user.id.uuid().into_bytes()),
            verifications::email_canonical.eq(address.canonical()),
            verifications::link.eq(secrets.link.as_bytes()),
            verifications::link_expires_at.eq(secrets.link_expires_at.unix_micros()),
            verifications::code.eq(secrets.code.as_bytes()),
            verifications::code_expires_at.eq(secrets.code_expires_at.unix_micros()),
        ))
        .execute(connection)?;
    Ok(Some(user))
}

pub(super) fn find(
    connection: &mut SqliteConnection,
    link: TokenDigest,
    now: Timestamp,
) -> Result<Option<User>, Failure> {
    let row = verifications::table
        .inner_join(accounts::table)
        .filter(verifications::link.eq(link.as_bytes()))
        .filter(verifications::link_expires_at.gt(now.unix_micros()))
        .filter(verifications::email_canonical.eq(accounts::email_canonical))
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(UserRow::try_into_domain).transpose()?)
}

pub(super) fn redeem_link(
    connection: &mut SqliteConnection,
    redemption: &LinkRedemption,
) -> Result<VerificationOutcome, Failure> {
    let Some(user) = find(connection, redemption.digest, redemption.now)? else {
        return Ok(VerificationOutcome::Invalid);
    };
    let was_verified = user.email_verified;
    let user = Box::new(verify(connection, user)?);
    if was_verified {
        return Ok(VerificationOutcome::VerifiedBefore(user));
    }
    audit_trail::insert_about(connection, &redemption.event, user.id)?;
    Ok(VerificationOutcome::Verified(user))
}

/// Takes the user's address for their own, and spends the code that goes with the link.
fn verify(connection: &mut SqliteConnection, mut user: User) -> QueryResult<User> {
    let id = user.id.uuid().into_bytes();
    diesel::update(verifications::table.find(id))
        .set((verifications::code.eq(None::<&[u8]>), verifications::code_expires_at.eq(None::<i64>)))
        .execute_kept(connection)?;
    // Only before the first time can it have been somebody else who asked for another address.
    if !user.email_verified {
        end_email_change(connection, user.id)?;
        user.email_verified = true;
        diesel::update(users::table.find(id)).set(users::email_verified.eq(true)).execute_kept(connection)?;
    }
    Ok(user)
}

pub(super) fn redeem_code(
    connection: &mut SqliteConnection,
    redemption: &CodeRedemption,
) -> Result<CodeOutcome, Failure> {
    let count = CodeCount::find(connection, redemption)?;
    if let Some(exhausted) = count.exhausted(redemption) {
        Ok(exhausted)
    } else if let Some(user) = user_of_code(connection, redemption)? {
        let user = verify(connection, user)?;
        audit_trail::insert_about(connection, &redemption.event, user.id)?;
        Ok(CodeOutcome::Verified(Box::new(user)))
    } else {
        count.store_one_more(connection, redemption)?;
        let user = find_by_address(connection, &redemption.address)?.map(|user| user.id);
        let failure = user.into_iter().fold(redemption.failure.clone(), AuditEvent::about);
        audit_trail::insert(connection, &failure)?;
        Ok(CodeOutcome::Wrong(user))
    }
}

/// The user with the address, if the code that was mailed to it is the one that was typed.
fn user_of_code(
    connection: &mut SqliteConnection,
    redemption: &CodeRedemption,
) -> Result<Option<User>, Failure> {
    let found: Option<(UserRow, Option<Vec<u8>>)> = verifications::table
        .inner_join(accounts::table)
        .filter(accounts::email_canonical.eq(redemption.address.canonical()))
        .filter(verifications::email_canonical.eq(accounts::email_canonical))
        .filter(verifications::code_expires_at.gt(redemption.now.unix_micros()))
        .select((UserRow::as_select(), verifications::code))
        .get_result(connection)
        .optional()?;
    let Some((row, Some(mailed))) = found else {
        return Ok(None);
    };
    let is_right = redemption.code.is_some_and(|typed| typed.matches(&mailed));
    Ok(is_right.then(|| row.try_into_domain()).transpose()?)
}
