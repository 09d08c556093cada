use std::slice;

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::try_join;
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::mail::QueuedMail;
use portcullis_domain::ports::{
    NewAccount, PrivateRegistration, PrivateRegistrationOutcome, RegisterOutcome,
};
use portcullis_domain::{
    EmailAddress, Name, PasswordHash, Principal, RoleName, Session, User, UserId, Username,
};
use uuid::Uuid;

use crate::audit_trail::{append, store_event_if_any, with_event};
use crate::errors::{Failure, names_unknown_role};
use crate::locks::lock_holder;
use crate::mail_queue::{enqueue, enqueue_if_any, with_mails};
use crate::moment::Moment;
use crate::rows::{UserRow, folded};
use crate::schema::{accounts, users};
use crate::sessions;
use crate::sessions::with_session;
use crate::statement::{Statement, statement};
use crate::transaction::{begin, commit, or_roll_back};

/// The columns of a user whose values are given by [`with_account`], in its order.
macro_rules! inserted_columns {
    () => {
        "id, email, email_canonical, email_verified, username, username_canonical, name, name_folded,
        first_name, first_name_folded, last_name, last_name_folded, password_hash, is_active, locale,
        created_at, updated_at, last_login_at"
    };
}
pub(crate) use inserted_columns;

/// Gives the next nineteen placeholders the values of a user and the names of their roles.
pub(crate) fn with_account<'a>(
    statement: Statement<'a>,
    user: &'a User,
    password_hash: Option<&'a PasswordHash>,
) -> Statement<'a> {
    let statement = statement
        .bind::<sql::Uuid, _>(user.id.uuid())
        .bind::<sql::Text, _>(user.email.as_str())
        .bind::<sql::Text, _>(user.email.canonical())
        .bind::<sql::Bool, _>(user.email_verified);
    with_names(statement, user)
        .bind::<sql::Nullable<sql::Text>, _>(password_hash.map(PasswordHash::as_str))
        .bind::<sql::Bool, _>(user.is_active)
        .bind::<sql::Text, _>(user.locale.as_str())
        .bind::<sql::Timestamptz, _>(Moment(user.created_at))
        .bind::<sql::Nullable<sql::Timestamptz>, _>(user.updated_at.map(Moment))
        .bind::<sql::Nullable<sql::Timestamptz>, _>(user.last_login_at.map(Moment))
        .bind::<sql::Array<sql::Text>, _>(user.roles.iter().map(RoleName::as_str).collect::<Vec<_>>())
}

/// Gives the next eight placeholders what a user is called: the username, the name, the first and the last
/// name, each with the form by which it is compared.
fn with_names<'a>(statement: Statement<'a>, user: &'a User) -> Statement<'a> {
    let statement = statement
        .bind::<sql::Nullable<sql::Text>, _>(user.username.as_ref().map(Username::as_str))
        .bind::<sql::Nullable<sql::Text>, _>(user.username.as_ref().map(Username::canonical));
    user.profile.as_array().into_iter().fold(statement, |statement, name| {
        statement
            .bind::<sql::Nullable<sql::Text>, _>(name.map(Name::as_str))
            .bind::<sql::Nullable<sql::Text>, _>(name.map(folded))
    })
}

/// Adds an account, unless its address or its username is taken. A role that does not exist has no id, and
/// a row without one is refused with all the rest.
const INSERT: &str = concat!(
    "
WITH registered AS (
    INSERT INTO users (",
    inserted_columns!(),
    ")
    VALUES ($17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)
    ON CONFLICT DO NOTHING
    RETURNING users.id
), granted AS (
    INSERT INTO user_roles (user_id, role_id)
    SELECT registered.id, (SELECT roles.id FROM roles WHERE roles.name = wanted.name)
    FROM registered, unnest($35::text[]) AS wanted (name)
), opened AS (
    INSERT INTO sessions (
        user_id, id, generation, created_at, last_used_at, expires_at, ends_at, ip, user_agent
    )
    SELECT registered.id, $36, $37, $38, $39, $40, $41, $42, $43 FROM registered
    WHERE $36::uuid IS NOT NULL
), queued AS (",
    enqueue_if_any!("registered"),
    "), told AS (",
    store_event_if_any!("registered"),
    ")
SELECT registered.id FROM registered"
);

/// What became of an account that was to be added.
enum Insertion {
    Done,
    /// Its address or its username is taken.
    Taken,
    /// One of its roles does not exist.
    UnknownRole,
}

/// Adds an account with all that comes with it, or nothing.
async fn insert(mut connection: &AsyncPgConnection, account: &NewAccount) -> Result<Insertion, Failure> {
    let NewAccount { user, password_hash, session, mail, event } = account;
    let insert = with_mails(with_event(statement(INSERT), event), mail.as_slice());
    let insert = with_session(with_account(insert, user, password_hash.as_ref()), session.as_ref());
    match insert.execute(&mut connection).await {
        Ok(0) => Ok(Insertion::Taken),
        Ok(_) => Ok(Insertion::Done),
        Err(error) if names_unknown_role(&error) => Ok(Insertion::UnknownRole),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn register(
    connection: &AsyncPgConnection,
    account: &NewAccount,
) -> Result<RegisterOutcome, Failure> {
    let insert = insert(connection, account);
    let (insertion, principal) = try_join!(insert, first_principal(connection, account.session.as_ref()))?;
    match insertion {
        Insertion::Done => Ok(RegisterOutcome::Registered(principal.map(Box::new))),
        Insertion::UnknownRole => Ok(RegisterOutcome::UnknownRole),
        Insertion::Taken => {
            let user = &account.user;
            let holder = holder_of_username(connection, user.username.as_ref());
            match try_join!(holder, find_by_address(connection, &user.email))? {
                (Some(_), _) => Ok(RegisterOutcome::UsernameTaken),
                (None, Some(_)) => Ok(RegisterOutcome::EmailTaken),
                (None, None) => Err(Failure::Overtaken),
            }
        }
    }
}

/// Who signed in by the session that a registration opens.
async fn first_principal(
    connection: &AsyncPgConnection,
    session: Option<&Session>,
) -> Result<Option<Principal>, Failure> {
    match session {
        Some(session) => sessions::principal(connection, session.id, session.created_at).await,
        None => Ok(None),
    }
}

/// Looks, decides and changes in two round trips for every address, so that the time it takes does not
/// tell which ones have an account.
pub(super) async fn register_privately(
    connection: &AsyncPgConnection,
    registration: &PrivateRegistration,
) -> Result<PrivateRegistrationOutcome, Failure> {
    let PrivateRegistration { account, notice_to_owner, way_in_for_owner, refusal } = registration;
    let user = &account.user;
    or_roll_back(connection, async {
        let lock = async { lock_holder(connection, &user.email).await.map_err(Failure::from) };
        let owner = find_by_address(connection, &user.email);
        let holder = holder_of_username(connection, user.username.as_ref());
        let ((), (), owner, holder) = try_join!(begin(connection), lock, owner, holder)?;
        let claim = owner.as_ref().filter(|owner| owner.is_mere_claim()).map(|owner| owner.id);
        let is_username_taken = holder.is_some_and(|holder| claim.is_none_or(|claim| holder != claim.uuid()));
        match (owner, claim) {
            _ if is_username_taken => {
                commit(connection).await?;
                Ok(PrivateRegistrationOutcome::UsernameTaken)
            }
            (None, _) => {
                try_join!(insert_privately(connection, account), commit(connection))?;
                Ok(PrivateRegistrationOutcome::Registered)
            }
            (Some(owner), None) => {
                let refusal = refusal.clone().about(owner.id);
                let refuse = async { Ok(append(connection, &refusal).await?) };
                let notify = async { Ok(enqueue(connection, notice_to_owner).await?) };
                try_join!(refuse, notify, commit(connection))?;
                Ok(PrivateRegistrationOutcome::OwnerTold(owner.id))
            }
            (Some(_), Some(claim)) => {
                let refusal = refusal.clone().about(claim);
                try_join!(end_claim(connection, claim, way_in_for_owner, &refusal), commit(connection))?;
                Ok(PrivateRegistrationOutcome::ClaimEnded(claim))
            }
        }
    })
    .await
}

/// Adds an account whose address and username were found free.
async fn insert_privately(connection: &AsyncPgConnection, account: &NewAccount) -> Result<(), Failure> {
    match insert(connection, account).await? {
        Insertion::Done => Ok(()),
        Insertion::Taken => Err(Failure::Overtaken),
        Insertion::UnknownRole => Err(Failure::UnknownRole(account.user.roles.clone())),
    }
}

const END_CLAIM: &str = concat!(
    "
WITH claim AS (
    UPDATE users SET password_hash = NULL WHERE users.id = $17 RETURNING users.id
), ended_sessions AS (
    DELETE FROM sessions USING claim WHERE sessions.user_id = claim.id
), ended_verification AS (
    DELETE FROM verifications USING claim WHERE verifications.user_id = claim.id
), ended_reset AS (
    DELETE FROM password_resets USING claim WHERE password_resets.user_id = claim.id
), ended_email_change AS (
    DELETE FROM email_changes USING claim WHERE email_changes.user_id = claim.id
), queued AS (",
    enqueue_if_any!("claim"),
    "), told AS (",
    store_event_if_any!("claim"),
    ")
SELECT claim.id FROM claim"
);

/// Takes from an account all that lets anybody in, and queues the way in to who reads its mails.
async fn end_claim(
    mut connection: &AsyncPgConnection,
    claim: UserId,
    way_in: &QueuedMail,
    refusal: &AuditEvent,
) -> Result<(), Failure> {
    let end = with_mails(with_event(statement(END_CLAIM), refusal), slice::from_ref(way_in));
    end.bind::<sql::Uuid, _>(claim.uuid()).execute(&mut connection).await?;
    Ok(())
}

/// The account that has a username.
async fn holder_of_username(
    mut connection: &AsyncPgConnection,
    username: Option<&Username>,
) -> Result<Option<Uuid>, Failure> {
    let Some(username) = username else {
        return Ok(None);
    };
    let holder = users::table.filter(users::username_canonical.eq(username.canonical())).select(users::id);
    Ok(holder.get_result(&mut connection).await.optional()?)
}

/// The user who has an address.
async fn find_by_address(
    mut connection: &AsyncPgConnection,
    address: &EmailAddress,
) -> Result<Option<User>, Failure> {
    let row: Option<UserRow> = accounts::table
        .filter(accounts::email_canonical.eq(address.canonical()))
        .select(UserRow::as_select())
        .get_result(&mut connection)
        .await
        .optional()?;
    Ok(row.map(UserRow::try_into_domain).transpose()?)
}
