//! How an account comes to be: by registration, openly or without telling a taken address from a free one.

use diesel::prelude::*;
use portcullis_domain::ports::{
    NewAccount, PrivateRegistration, PrivateRegistrationOutcome, RegisterOutcome,
};
use portcullis_domain::{Principal, UserId};

use super::{find_by_address, is_username_taken};
use crate::errors::Failure;
use crate::kept::ExecuteKept as _;
use crate::roles::grant_all;
use crate::rows::NewUserRow;
use crate::schema::users;
use crate::{audit_trail, mail_queue, sessions, tokens};

pub(super) fn register(
    connection: &mut SqliteConnection,
    account: &NewAccount,
) -> Result<RegisterOutcome, Failure> {
    if is_username_taken(connection, account.user.username.as_ref(), None)? {
        Ok(RegisterOutcome::UsernameTaken)
    } else if find_by_address(connection, &account.user.email)?.is_some() {
        Ok(RegisterOutcome::EmailTaken)
    } else {
        let principal = insert(connection, account)?;
        Ok(RegisterOutcome::Registered(principal.map(Box::new)))
    }
}

pub(super) fn register_privately(
    connection: &mut SqliteConnection,
    registration: &PrivateRegistration,
) -> Result<PrivateRegistrationOutcome, Failure> {
    let PrivateRegistration { account, notice_to_owner, way_in_for_owner, refusal } = registration;
    let owner = find_by_address(connection, &account.user.email)?;
    let claim = owner.as_ref().filter(|owner| owner.is_mere_claim()).map(|owner| owner.id);
    if is_username_taken(connection, account.user.username.as_ref(), claim)? {
        return Ok(PrivateRegistrationOutcome::UsernameTaken);
    }
    Ok(match (owner, claim) {
        (None, _) => {
            insert(connection, account)?;
            PrivateRegistrationOutcome::Registered
        }
        (Some(owner), None) => {
            mail_queue::enqueue(connection, notice_to_owner)?;
            audit_trail::insert_about(connection, refusal, owner.id)?;
            PrivateRegistrationOutcome::OwnerTold(owner.id)
        }
        (Some(_), Some(claim)) => {
            end_claim(connection, claim)?;
            mail_queue::enqueue(connection, way_in_for_owner)?;
            audit_trail::insert_about(connection, refusal, claim)?;
            PrivateRegistrationOutcome::ClaimEnded(claim)
        }
    })
}

/// Stores an account, and gives who signed in by it.
fn insert(connection: &mut SqliteConnection, account: &NewAccount) -> Result<Option<Principal>, Failure> {
    let NewAccount { user, password_hash, session, mail, event } = account;
    diesel::insert_into(users::table)
        .values(NewUserRow::new(user, password_hash.as_ref()))
        .execute(connection)?;
    grant_all(connection, user.id, &user.roles)?;
    if let Some(mail) = mail {
        mail_queue::enqueue(connection, mail)?;
    }
    audit_trail::insert(connection, event)?;
    let Some(session) = session else {
        return Ok(None);
    };
    sessions::insert(connection, session)?;
    sessions::principal(connection, session.id, session.created_at)
}

/// Takes from an account all that lets anybody in.
fn end_claim(connection: &mut SqliteConnection, claim: UserId) -> QueryResult<()> {
    diesel::update(users::table.find(claim.uuid().into_bytes()))
        .set(users::password_hash.eq(None::<&str>))
        .execute_kept(connection)?;
    tokens::end_all(connection, claim)?;
    sessions::end_all(connection, claim)?;
    Ok(())
}
