//! Moving an account to another address, which its owner confirms by a mailed link.

use diesel::dsl::{exists, select};
use diesel::prelude::*;
use portcullis_domain::ports::{
    EmailChangeOutcome, EmailChangeRefusal, EmailChangeRequest, EmailChangeRequestOutcome, LinkRedemption,
};
use portcullis_domain::{EmailAddress, SessionId, Timestamp, TokenDigest, User, UserId};
use uuid::Uuid;

use super::{end_all, end_email_change};
use crate::errors::Failure;
use crate::kept::ExecuteKept as _;
use crate::rows::{InColumn as _, UserRow};
use crate::schema::{accounts, email_changes, users};
use crate::users::{find as find_user, find_by_address, usable_under};
use crate::{audit_trail, mail_queue, sessions};

pub(super) fn request(
    connection: &mut SqliteConnection,
    request: &EmailChangeRequest,
) -> Result<EmailChangeRequestOutcome, Failure> {
    let EmailChangeRequest { user, session, new_address, verified_hash, mails, event, if_taken } = request;
    if !select(exists(usable_under(*user, verified_hash))).get_result(connection)? {
        return Ok(EmailChangeRequestOutcome::Refused);
    }
    let is_taken = find_by_address(connection, new_address)?.is_some_and(|holder| holder.id != *user);
    let (outcome, mails, event) = match if_taken {
        _ if !is_taken => {
            diesel::replace_into(email_changes::table)
                .values((
                    email_changes::user_id.eq(user.uuid().into_bytes()),
                    email_changes::session_id.eq(session.uuid().into_bytes()),
                    email_changes::new_email.eq(new_address.as_str()),
                    email_changes::new_email_canonical.eq(new_address.canonical()),
                ))
                .execute(connection)?;
            (EmailChangeRequestOutcome::Requested, mails, event)
        }
        Some(EmailChangeRefusal { mails, event }) => {
            end_email_change(connection, *user)?;
            (EmailChangeRequestOutcome::OwnerTold, mails, event)
        }
        None => return Ok(EmailChangeRequestOutcome::EmailTaken),
    };
    mail_queue::enqueue_all(connection, mails)?;
    audit_trail::insert(connection, event)?;
    Ok(outcome)
}

pub(super) fn issue(
    connection: &mut SqliteConnection,
    user: UserId,
    new_address: &EmailAddress,
    digest: TokenDigest,
    expires_at: Timestamp,
) -> Result<Option<User>, Failure> {
    let pending = email_changes::table
        .find(user.uuid().into_bytes())
        .filter(email_changes::new_email_canonical.eq(new_address.canonical()));
    let issued = diesel::update(pending)
        .set((
            email_changes::digest.eq(digest.as_bytes()),
            email_changes::expires_at.eq(expires_at.unix_micros()),
        ))
        .execute_kept(connection)?;
    if issued == 0 { Ok(None) } else { find_user(connection, user) }
}

/// An e-mail change that its secret authorises.
pub(super) struct PendingEmailChange {
    pub(super) user: User,
    pub(super) new_address: EmailAddress,
    asking_session: SessionId,
}

pub(super) fn find(
    connection: &mut SqliteConnection,
    digest: TokenDigest,
    now: Timestamp,
) -> Result<Option<PendingEmailChange>, Failure> {
    let found: Option<(UserRow, String, Vec<u8>)> = email_changes::table
        .inner_join(accounts::table)
        .filter(email_changes::digest.eq(digest.as_bytes()))
        .filter(email_changes::expires_at.gt(now.unix_micros()))
        .select((UserRow::as_select(), email_changes::new_email, email_changes::session_id))
        .get_result(connection)
        .optional()?;
    let Some((user, new_email, session)) = found else {
        return Ok(None);
    };
    Ok(Some(PendingEmailChange {
        user: user.try_into_domain()?,
        new_address: EmailAddress::parse(&new_email).in_column("email_changes.new_email")?,
        asking_session: Uuid::from_slice(&session).in_column("email_changes.session_id")?.into(),
    }))
}

pub(super) fn redeem(
    connection: &mut SqliteConnection,
    redemption: &LinkRedemption,
) -> Result<EmailChangeOutcome, Failure> {
    let Some(pending) = find(connection, redemption.digest, redemption.now)? else {
        return Ok(EmailChangeOutcome::Invalid);
    };
    let PendingEmailChange { mut user, new_address, asking_session } = pending;
    if find_by_address(connection, &new_address)?.is_some_and(|holder| holder.id != user.id) {
        return Ok(EmailChangeOutcome::EmailTaken);
    }
    user.email = new_address;
    user.email_verified = true;
    user.updated_at = Some(redemption.now);
    diesel::update(users::table.find(user.id.uuid().into_bytes()))
        .set((
            users::email.eq(user.email.as_str()),
            users::email_canonical.eq(user.email.canonical()),
            users::email_verified.eq(true),
            users::updated_at.eq(redemption.now.unix_micros()),
        ))
        .execute_kept(connection)?;
    end_all(connection, user.id)?;
    sessions::end_others(connection, user.id, asking_session)?;
    audit_trail::insert_about(connection, &redemption.event, user.id)?;
    Ok(EmailChangeOutcome::Changed(Box::new(user)))
}
