//! Setting a password by a mailed link.

use diesel::prelude::*;
use portcullis_domain::ports::PasswordReset;
use portcullis_domain::{EmailAddress, Timestamp, TokenDigest, User};

use super::end_all;
use crate::errors::Failure;
use crate::kept::ExecuteKept as _;
use crate::rows::UserRow;
use crate::schema::{accounts, password_resets, users};
use crate::users::find_by_address;
use crate::{audit_trail, lockout, mail_queue, sessions};

pub(super) fn issue(
    connection: &mut SqliteConnection,
    address: &EmailAddress,
    digest: TokenDigest,
    expires_at: Timestamp,
) -> Result<Option<User>, Failure> {
    let Some(user) = find_by_address(connection, address)?.filter(|user| user.is_active) else {
        return Ok(None);
    };
    diesel::replace_into(password_resets::table)
        .values((
            password_resets::user_id.eq(user.id.uuid().into_bytes()),
            password_resets::email_canonical.eq(address.canonical()),
            password_resets::digest.eq(digest.as_bytes()),
            password_resets::expires_at.eq(expires_at.unix_micros()),
        ))
        .execute(connection)?;
    Ok(Some(user))
}

pub(super) fn find(
    connection: &mut SqliteConnection,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<Option<User>, Failure> {
    let row = password_resets::table
        .inner_join(accounts::table)
        .filter(password_resets::digest.eq(digest.as_bytes()))
        .filter(password_resets::expires_at.gt(now.unix_micros()))
        .filter(password_resets::email_canonical.eq(accounts::email_canonical))
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(UserRow::try_into_domain).transpose()?)
}

pub(super) fn redeem(connection: &mut SqliteConnection, reset: &PasswordReset) -> Result<bool, Failure> {
    let Some(user) = find(connection, reset.digest, reset.now)? else {
        return Ok(false);
    };
    diesel::update(users::table.find(user.id.uuid().into_bytes()))
        .set((users::password_hash.eq(reset.new_hash.as_str()), users::email_verified.eq(true)))
        .execute_kept(connection)?;
    end_all(connection, user.id)?;
    sessions::end_all(connection, user.id)?;
    lockout::forget(connection, reset.attempts)?;
    mail_queue::enqueue(connection, &reset.notice)?;
    audit_trail::insert(connection, &reset.event)?;
    Ok(true)
}
