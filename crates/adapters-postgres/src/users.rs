//! [`UserRepository`]: accounts, from registration to erasure.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt as _, try_join};
use portcullis_domain::mail::QueuedMail;
use portcullis_domain::ports::{
    DeleteOutcome, NewAccount, PasswordChange, ProfileOutcome, RegisterOutcome, StorageError, UserRepository,
};
use portcullis_domain::{
    Account, AttemptKey, Change, EmailAddress, LoginIdentifier, Name, PasswordHash, Principal, ProfileChange,
    RoleName, Session, Timestamp, User, UserId, Username,
};
use uuid::Uuid;

use crate::errors::{Failure, violates, violates_not_null};
use crate::mail_queue::{enqueue, enqueue_if_any, with_mails};
use crate::moment::Moment;
use crate::rows::{AccountRow, UserRow, user_columns};
use crate::schema::{accounts, users};
use crate::sessions;
use crate::sessions::with_session;
use crate::statement::{Statement, statement};
use crate::store::PostgresStore;
use crate::transaction::{begin, commit, locked, or_roll_back};

#[async_trait]
impl UserRepository for PostgresStore {
    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        self.write(account, |connection, account| register(connection, account).boxed()).await
    }

    async fn register_privately(
        &self,
        account: NewAccount,
        notice_to_owner: QueuedMail,
    ) -> Result<RegisterOutcome, StorageError> {
        self.write((account, notice_to_owner), |connection, (account, notice_to_owner)| {
            register_privately(connection, account, notice_to_owner).boxed()
        })
        .await
    }

    async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<Option<Account>, StorageError> {
        self.read(identifier.clone(), |connection, identifier| find_by_login(connection, identifier).boxed())
            .await
    }

    async fn find_by_id(&self, id: UserId) -> Result<Option<Account>, StorageError> {
        self.read(id, |mut connection, &id| {
            async move {
                let row: Option<AccountRow> = accounts::table
                    .find(id.uuid())
                    .select(AccountRow::as_select())
                    .get_result(&mut connection)
                    .await
                    .optional()?;
                Ok(row.map(AccountRow::try_into_domain).transpose()?)
            }
            .boxed()
        })
        .await
    }

    async fn update_profile(
        &self,
        id: UserId,
        change: ProfileChange,
        now: Timestamp,
    ) -> Result<ProfileOutcome, StorageError> {
        self.write((id, change, now), |connection, (id, change, now)| {
            update_profile(connection, *id, change, *now).boxed()
        })
        .await
    }

    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError> {
        self.write(change, |connection, change| change_password(connection, change).boxed()).await
    }

    async fn delete(&self, id: UserId, attempts: AttemptKey) -> Result<DeleteOutcome, StorageError> {
        self.write((id, attempts), |connection, &(id, attempts)| delete(connection, id, attempts).boxed())
            .await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.read((), |mut connection, ()| {
            async move {
                statement(READ_AND_WRITE).execute(&mut connection).await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }
}

/// A server that only reads refuses the deletion, though there is nothing to delete.
const READ_AND_WRITE: &str = "
WITH writable AS (DELETE FROM sessions WHERE FALSE)
SELECT roles.id FROM roles WHERE roles.name = 'admin'";

/// Adds an account, unless its address or its username is taken. A role that does not exist has no id, and
/// a row without one is refused with all the rest.
const INSERT: &str = concat!(
    "
WITH registered AS (
    INSERT INTO users (
        id, email, email_canonical, email_verified, username, username_canonical, name, first_name,
        last_name, password_hash, is_active, locale, created_at, updated_at, last_login_at
    )
    VALUES ($8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
    ON CONFLICT DO NOTHING
    RETURNING users.id
), granted AS (
    INSERT INTO user_roles (user_id, role_id)
    SELECT registered.id, (SELECT roles.id FROM roles WHERE roles.name = wanted.name)
    FROM registered, unnest($23::text[]) AS wanted (name)
), opened AS (
    INSERT INTO sessions (
        user_id, id, generation, created_at, last_used_at, expires_at, ends_at, ip, user_agent
    )
    SELECT registered.id, $24, $25, $26, $27, $28, $29, $30, $31 FROM registered
    WHERE $24::uuid IS NOT NULL
), queued AS (",
    enqueue_if_any!("registered"),
    ")
SELECT registered.id FROM registered"
);

/// Adds an account with all that comes with it, and says whether nothing stood in the way.
async fn insert(mut connection: &AsyncPgConnection, account: &NewAccount) -> Result<bool, Failure> {
    let NewAccount { user, password_hash, session, mail } = account;
    let insert = with_mails(INSERT, mail.as_slice())
        .bind::<sql::Uuid, _>(user.id.uuid())
        .bind::<sql::Text, _>(user.email.as_str())
        .bind::<sql::Text, _>(user.email.canonical())
        .bind::<sql::Bool, _>(user.email_verified);
    let insert = with_names(insert, user)
        .bind::<sql::Nullable<sql::Text>, _>(password_hash.as_ref().map(PasswordHash::as_str))
        .bind::<sql::Bool, _>(user.is_active)
        .bind::<sql::Text, _>(user.locale.as_str())
        .bind::<sql::Timestamptz, _>(Moment(user.created_at))
        .bind::<sql::Nullable<sql::Timestamptz>, _>(user.updated_at.map(Moment))
        .bind::<sql::Nullable<sql::Timestamptz>, _>(user.last_login_at.map(Moment))
        .bind::<sql::Array<sql::Text>, _>(user.roles.iter().map(RoleName::as_str).collect::<Vec<_>>());
    match with_session(insert, session.as_ref()).execute(&mut connection).await {
        Ok(inserted) => Ok(inserted == 1),
        Err(error) if violates_not_null(&error, "role_id") => Err(Failure::UnknownRole(user.roles.clone())),
        Err(error) => Err(error.into()),
    }
}

async fn register(connection: &AsyncPgConnection, account: &NewAccount) -> Result<RegisterOutcome, Failure> {
    let insert = insert(connection, account);
    let (inserted, principal) = try_join!(insert, first_principal(connection, account.session.as_ref()))?;
    if inserted {
        return Ok(RegisterOutcome::Registered(principal.map(Box::new)));
    }
    let user = &account.user;
    let holder = holder_of_username(connection, user.username.as_ref());
    let (holder, owner) = try_join!(holder, find_by_address(connection, &user.email))?;
    match (holder, owner) {
        (Some(_), _) => Ok(RegisterOutcome::UsernameTaken),
        (None, Some(_)) => Ok(RegisterOutcome::EmailTaken),
        (None, None) => Err(Failure::Overtaken),
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
async fn register_privately(
    connection: &AsyncPgConnection,
    account: &NewAccount,
    notice_to_owner: &QueuedMail,
) -> Result<RegisterOutcome, Failure> {
    let user = &account.user;
    or_roll_back(connection, async {
        let lock = async { lock_holder(connection, &user.email).await.map_err(Failure::from) };
        let owner = find_by_address(connection, &user.email);
        let holder = holder_of_username(connection, user.username.as_ref());
        let ((), (), owner, holder) = try_join!(begin(connection), lock, owner, holder)?;
        let claim = owner.as_ref().filter(|owner| is_mere_claim(owner)).map(|owner| owner.id);
        let is_username_taken = holder.is_some_and(|holder| claim.is_none_or(|claim| holder != claim.uuid()));
        match (owner, claim) {
            _ if is_username_taken => {
                commit(connection).await?;
                return Ok(RegisterOutcome::UsernameTaken);
            }
            (None, _) => {
                let insert = async {
                    if insert(connection, account).await? { Ok(()) } else { Err(Failure::Overtaken) }
                };
                let principal = first_principal(connection, account.session.as_ref());
                let ((), principal, ()) = try_join!(insert, principal, commit(connection))?;
                return Ok(RegisterOutcome::Registered(principal.map(Box::new)));
            }
            (Some(_), None) => {
                let notify = async { Ok(enqueue(connection, notice_to_owner).await?) };
                try_join!(notify, commit(connection))?;
            }
            (Some(_), Some(claim)) => {
                try_join!(replace_claim(connection, claim, account), commit(connection))?;
            }
        }
        Ok(RegisterOutcome::Registered(None))
    })
    .await
}

/// Whether an account is no more than somebody's word that the address is theirs.
fn is_mere_claim(user: &User) -> bool {
    !user.email_verified
        && user.last_login_at.is_none()
        && user.roles.iter().all(|role| *role == RoleName::user())
}

const REPLACE_CLAIM: &str = concat!(
    "
WITH replaced AS (
    UPDATE users
    SET username = $9, username_canonical = $10, name = $11, first_name = $12, last_name = $13,
        password_hash = $14, locale = $15
    WHERE users.id = $8
    RETURNING users.id
), ended_sessions AS (
    DELETE FROM sessions USING replaced WHERE sessions.user_id = replaced.id
), ended_verification AS (
    DELETE FROM verifications USING replaced WHERE verifications.user_id = replaced.id
), ended_reset AS (
    DELETE FROM password_resets USING replaced WHERE password_resets.user_id = replaced.id
), ended_email_change AS (
    DELETE FROM email_changes USING replaced WHERE email_changes.user_id = replaced.id
), queued AS (",
    enqueue_if_any!("replaced"),
    ")
SELECT replaced.id FROM replaced"
);

/// Lets a later claim on an address stand instead of an earlier one, of which nothing goes on.
async fn replace_claim(
    mut connection: &AsyncPgConnection,
    claim: UserId,
    new: &NewAccount,
) -> Result<(), Failure> {
    let NewAccount { user, password_hash, mail, session: _ } = new;
    let replace = with_mails(REPLACE_CLAIM, mail.as_slice()).bind::<sql::Uuid, _>(claim.uuid());
    let replaced = with_names(replace, user)
        .bind::<sql::Nullable<sql::Text>, _>(password_hash.as_ref().map(PasswordHash::as_str))
        .bind::<sql::Text, _>(user.locale.as_str())
        .execute(&mut connection)
        .await
        .map_err(Failure::from);
    match replaced {
        // Somebody took the username while this one looked.
        Err(failure) if violates(&failure, "users_username") => Err(Failure::Overtaken),
        replaced => replaced.map(|_| ()),
    }
}

/// Gives the next five placeholders what a user is called: the username and its canonical form, the name,
/// the first and the last name.
fn with_names<'a>(statement: Statement<'a>, user: &'a User) -> Statement<'a> {
    let [name, first_name, last_name] = user.profile.as_array().map(|name| name.map(Name::as_str));
    statement
        .bind::<sql::Nullable<sql::Text>, _>(user.username.as_ref().map(Username::as_str))
        .bind::<sql::Nullable<sql::Text>, _>(user.username.as_ref().map(Username::canonical))
        .bind::<sql::Nullable<sql::Text>, _>(name)
        .bind::<sql::Nullable<sql::Text>, _>(first_name)
        .bind::<sql::Nullable<sql::Text>, _>(last_name)
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

/// Holds the row of the user who has an address, if one has.
pub(crate) async fn lock_holder(
    mut connection: &AsyncPgConnection,
    address: &EmailAddress,
) -> QueryResult<()> {
    let holder = users::table.filter(users::email_canonical.eq(address.canonical()));
    holder.select(users::id).for_no_key_update().execute(&mut connection).await?;
    Ok(())
}

async fn find_by_login(
    mut connection: &AsyncPgConnection,
    identifier: &LoginIdentifier,
) -> Result<Option<Account>, Failure> {
    let columns = AccountRow::as_select();
    let row: QueryResult<AccountRow> = match identifier {
        LoginIdentifier::Email(address) => {
            let named = accounts::table.filter(accounts::email_canonical.eq(address.canonical()));
            named.select(columns).get_result(&mut connection).await
        }
        LoginIdentifier::Username(username) => {
            let named = accounts::table.filter(accounts::username_canonical.eq(username.canonical()));
            named.select(columns).get_result(&mut connection).await
        }
    };
    Ok(row.optional()?.map(AccountRow::try_into_domain).transpose()?)
}

/// Of each field whether it stays, and what it becomes otherwise.
const UPDATE_PROFILE: &str = concat!(
    "
UPDATE accounts SET
    username = CASE WHEN $3 THEN accounts.username ELSE $4 END,
    username_canonical = CASE WHEN $3 THEN accounts.username_canonical ELSE $5 END,
    name = CASE WHEN $6 THEN accounts.name ELSE $7 END,
    first_name = CASE WHEN $8 THEN accounts.first_name ELSE $9 END,
    last_name = CASE WHEN $10 THEN accounts.last_name ELSE $11 END,
    updated_at = $2
WHERE accounts.id = $1
RETURNING ",
    user_columns!()
);

async fn update_profile(
    mut connection: &AsyncPgConnection,
    id: UserId,
    change: &ProfileChange,
    now: Timestamp,
) -> Result<ProfileOutcome, Failure> {
    let ProfileChange { username, name, first_name, last_name } = change;
    let updated: QueryResult<UserRow> = statement(UPDATE_PROFILE)
        .bind::<sql::Uuid, _>(id.uuid())
        .bind::<sql::Timestamptz, _>(Moment(now))
        .bind::<sql::Bool, _>(username.is_keep())
        .bind::<sql::Nullable<sql::Text>, _>(new_text(username, Username::as_str))
        .bind::<sql::Nullable<sql::Text>, _>(new_text(username, Username::canonical))
        .bind::<sql::Bool, _>(name.is_keep())
        .bind::<sql::Nullable<sql::Text>, _>(new_text(name, Name::as_str))
        .bind::<sql::Bool, _>(first_name.is_keep())
        .bind::<sql::Nullable<sql::Text>, _>(new_text(first_name, Name::as_str))
        .bind::<sql::Bool, _>(last_name.is_keep())
        .bind::<sql::Nullable<sql::Text>, _>(new_text(last_name, Name::as_str))
        .returning::<UserRow>()
        .get_result(&mut connection)
        .await;
    match updated.optional().map_err(Failure::from) {
        Ok(Some(user)) => Ok(ProfileOutcome::Updated(Box::new(user.try_into_domain()?))),
        Ok(None) => Ok(ProfileOutcome::NotFound),
        Err(failure) if violates(&failure, "users_username") => Ok(ProfileOutcome::UsernameTaken),
        Err(failure) => Err(failure),
    }
}

/// What a field becomes, unless it stays.
fn new_text<'a, T>(change: &'a Change<T>, text: fn(&'a T) -> &'a str) -> Option<&'a str> {
    match change {
        Change::Set(value) => Some(text(value)),
        Change::Keep | Change::Clear => None,
    }
}

const CHANGE_PASSWORD: &str = concat!(
    "
WITH changed AS (
    UPDATE users SET password_hash = $8 WHERE users.id = $9 AND users.password_hash = $10
    RETURNING users.id
), ended_sessions AS (
    DELETE FROM sessions USING changed WHERE sessions.user_id = changed.id AND sessions.id <> $11
), ended_reset AS (
    DELETE FROM password_resets USING changed WHERE password_resets.user_id = changed.id
), ended_email_change AS (
    DELETE FROM email_changes USING changed WHERE email_changes.user_id = changed.id
), queued AS (",
    enqueue_if_any!("changed"),
    ")
SELECT changed.id FROM changed"
);

async fn change_password(
    mut connection: &AsyncPgConnection,
    change: &PasswordChange,
) -> Result<bool, Failure> {
    let user = users::table.find(change.user.uuid()).select(users::id).for_no_key_update();
    let change = with_mails(CHANGE_PASSWORD, std::slice::from_ref(&change.notice))
        .bind::<sql::Text, _>(change.new_hash.as_str())
        .bind::<sql::Uuid, _>(change.user.uuid())
        .bind::<sql::Text, _>(change.verified_hash.as_str())
        .bind::<sql::Uuid, _>(change.kept_session.uuid());
    locked(connection, async { user.execute(&mut &*connection).await }, async {
        Ok(change.execute(&mut connection).await? == 1)
    })
    .await
}

/// Keeps everybody from granting the user a role.
const LOCK_USER_AND_ROLES: &str = "SELECT users.id FROM users WHERE users.id = $1 FOR UPDATE";

/// Lets those who would take away an administrator do it one after the other.
const LOCK_ADMIN_IF_HELD: &str = "
SELECT roles.id FROM roles JOIN user_roles ON user_roles.role_id = roles.id
WHERE roles.name = 'admin' AND user_roles.user_id = $1
FOR NO KEY UPDATE OF roles";

/// Deletes the user, and with it by the foreign keys all that hangs on it; except for the last active
/// administrator. Says which of the two it was.
const DELETE: &str = "
WITH admins AS (
    SELECT users.id FROM roles
        JOIN user_roles ON user_roles.role_id = roles.id
        JOIN users ON users.id = user_roles.user_id
    WHERE roles.name = 'admin' AND users.is_active
), doomed AS (
    SELECT users.id, users.email_canonical,
        users.id IN (SELECT admins.id FROM admins)
            AND NOT EXISTS (SELECT FROM admins WHERE admins.id <> users.id) AS is_last_admin
    FROM users WHERE users.id = $1
), forgotten AS (
    DELETE FROM password_attempts USING doomed WHERE password_attempts.key = $2 AND NOT doomed.is_last_admin
), unsent AS (
    DELETE FROM mail_queue USING doomed
    WHERE (mail_queue.recipient_canonical = doomed.email_canonical OR mail_queue.user_id = doomed.id)
        AND NOT doomed.is_last_admin
), deleted AS (
    DELETE FROM users USING doomed WHERE users.id = doomed.id AND NOT doomed.is_last_admin
)
SELECT doomed.is_last_admin FROM doomed";

async fn delete(
    mut connection: &AsyncPgConnection,
    id: UserId,
    attempts: AttemptKey,
) -> Result<DeleteOutcome, Failure> {
    let lock_user = statement(LOCK_USER_AND_ROLES).bind::<sql::Uuid, _>(id.uuid());
    let lock_admin = statement(LOCK_ADMIN_IF_HELD).bind::<sql::Uuid, _>(id.uuid());
    let lock =
        async { try_join!(lock_user.execute(&mut &*connection), lock_admin.execute(&mut &*connection)) };
    let delete = statement(DELETE)
        .bind::<sql::Uuid, _>(id.uuid())
        .bind::<sql::Binary, _>(attempts.as_bytes().as_slice())
        .returning_columns::<sql::Bool>();
    let is_last_admin: Option<bool> =
        locked(connection, lock, async { Ok(delete.get_result(&mut connection).await.optional()?) }).await?;
    Ok(match is_last_admin {
        Some(false) => DeleteOutcome::Deleted,
        Some(true) => DeleteOutcome::LastAdmin,
        None => DeleteOutcome::NotFound,
    })
}
