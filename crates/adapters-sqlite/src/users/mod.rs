//! [`UserRepository`]: accounts, from registration to erasure.

mod registration;

use async_trait::async_trait;
use diesel::dsl::{auto_type, exists, select};
use diesel::prelude::*;
use portcullis_domain::ports::{
    DeleteOutcome, Deletion, NewAccount, PasswordChange, PrivateRegistration, PrivateRegistrationOutcome,
    ProfileOutcome, ProfileUpdate, RegisterOutcome, StorageError, UserRepository,
};
use portcullis_domain::{
    Account, Change, EmailAddress, LoginIdentifier, PasswordHash, ProfileChange, User, UserId, Username,
};

use crate::authority::{self, Found, is_last_admin};
use crate::errors::Failure;
use crate::kept::ExecuteKept as _;
use crate::rows::{AccountRow, ProfileRow, UserRow};
use crate::schema::{accounts, roles, users};
use crate::store::SqliteStore;
use crate::writer::Scope;
use crate::{audit_trail, lockout, mail_queue, sessions, tokens};

#[async_trait]
impl UserRepository for SqliteStore {
    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        let registered =
            self.transaction(Scope::Shared, move |connection| registration::register(connection, &account));
        match registered.await {
            // The failure has taken it back: nothing is stored.
            Err(Failure::UnknownRole(_)) => Ok(RegisterOutcome::UnknownRole),
            outcome => Ok(outcome?),
        }
    }

    async fn register_privately(
        &self,
        registration: PrivateRegistration,
    ) -> Result<PrivateRegistrationOutcome, StorageError> {
        self.write(move |connection| registration::register_privately(connection, &registration)).await
    }

    async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<Option<Account>, StorageError> {
        let identifier = identifier.clone();
        self.look_up(move |connection| find_by_login(connection, &identifier)).await
    }

    async fn find_by_id(&self, id: UserId) -> Result<Option<Account>, StorageError> {
        self.read(move |connection| {
            let row = accounts::table
                .find(id.uuid().into_bytes())
                .select(AccountRow::as_select())
                .get_result(connection)
                .optional()?;
            Ok(row.map(AccountRow::try_into_domain).transpose()?)
        })
        .await
    }

    async fn update_profile(&self, update: ProfileUpdate) -> Result<ProfileOutcome, StorageError> {
        self.write(move |connection| update_profile(connection, update)).await
    }

    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError> {
        self.write(move |connection| change_password(connection, &change)).await
    }

    async fn delete(&self, deletion: Deletion) -> Result<DeleteOutcome, StorageError> {
        self.write(move |connection| delete(connection, &deletion)).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.read(|connection| Ok(roles::table.select(roles::name).get_result::<String>(connection)?))
            .await?;
        // Begins and ends a transaction, for which SQLite takes the lock.
        self.write(|_| Ok(())).await
    }
}

/// Whether an account has the username; that of `holder` does not count.
pub(crate) fn is_username_taken(
    connection: &mut SqliteConnection,
    username: Option<&Username>,
    holder: Option<UserId>,
) -> QueryResult<bool> {
    let Some(username) = username else {
        return Ok(false);
    };
    let found: Option<Vec<u8>> = users::table
        .filter(users::username_canonical.eq(username.canonical()))
        .select(users::id)
        .get_result(connection)
        .optional()?;
    Ok(found.is_some_and(|found| holder.is_none_or(|holder| found != holder.uuid().as_bytes())))
}

/// The user who has an address.
pub(crate) fn find_by_address(
    connection: &mut SqliteConnection,
    address: &EmailAddress,
) -> Result<Option<User>, Failure> {
    let row = accounts::table
        .filter(accounts::email_canonical.eq(address.canonical()))
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(UserRow::try_into_domain).transpose()?)
}

pub(crate) fn find(connection: &mut SqliteConnection, id: UserId) -> Result<Option<User>, Failure> {
    let row = accounts::table
        .find(id.uuid().into_bytes())
        .select(UserRow::as_select())
        .get_result(connection)
        .optional()?;
    Ok(row.map(UserRow::try_into_domain).transpose()?)
}

/// The account with this id, if who has just given the password of `hash` may use it.
#[auto_type(no_type_alias)]
pub(crate) fn usable_under(user: UserId, hash: &PasswordHash) -> _ {
    let id: Vec<u8> = user.uuid().into_bytes().into();
    let hash: String = hash.as_str().to_owned();
    users::table.find(id).filter(users::is_active).filter(users::password_hash.eq(hash))
}

fn find_by_login(
    connection: &mut SqliteConnection,
    identifier: &LoginIdentifier,
) -> Result<Option<Account>, Failure> {
    let columns = AccountRow::as_select();
    let row = match identifier {
        LoginIdentifier::Email(address) => accounts::table
            .filter(accounts::email_canonical.eq(address.canonical()))
            .select(columns)
            .get_result(connection),
        LoginIdentifier::Username(username) => accounts::table
            .filter(accounts::username_canonical.eq(username.canonical()))
            .select(columns)
            .get_result(connection),
    };
    Ok(row.optional()?.map(AccountRow::try_into_domain).transpose()?)
}

fn update_profile(
    connection: &mut SqliteConnection,
    update: ProfileUpdate,
) -> Result<ProfileOutcome, Failure> {
    let ProfileUpdate { user: id, change, now, event } = update;
    if would_take_username(connection, &change, id)? {
        return Ok(ProfileOutcome::UsernameTaken);
    }
    let Some(mut user) = find(connection, id)? else {
        return Ok(ProfileOutcome::NotFound);
    };
    change.apply(&mut user);
    user.updated_at = Some(now);
    diesel::update(users::table.find(id.uuid().into_bytes()))
        .set((ProfileRow::from(&user), users::updated_at.eq(now.unix_micros())))
        .execute_kept(connection)?;
    audit_trail::insert(connection, &event)?;
    Ok(ProfileOutcome::Updated(Box::new(user)))
}

/// Whether a change asks for the username of another account than `user`.
pub(crate) fn would_take_username(
    connection: &mut SqliteConnection,
    change: &ProfileChange,
    user: UserId,
) -> QueryResult<bool> {
    match &change.username {
        Change::Set(username) => is_username_taken(connection, Some(username), Some(user)),
        Change::Keep | Change::Clear => Ok(false),
    }
}

fn change_password(connection: &mut SqliteConnection, change: &PasswordChange) -> Result<bool, Failure> {
    let account = users::table
        .find(change.user.uuid().into_bytes())
        .filter(users::password_hash.eq(change.verified_hash.as_str()));
    let changed = diesel::update(account)
        .set(users::password_hash.eq(change.new_hash.as_str()))
        .execute_kept(connection)?;
    if changed == 0 {
        return Ok(false);
    }
    sessions::end_others(connection, change.user, change.kept_session)?;
    tokens::end_password_reset(connection, change.user)?;
    tokens::end_email_change(connection, change.user)?;
    mail_queue::enqueue(connection, &change.notice)?;
    audit_trail::insert(connection, &change.event)?;
    Ok(true)
}

fn delete(connection: &mut SqliteConnection, deletion: &Deletion) -> Result<DeleteOutcome, Failure> {
    let user = match authority::find(connection, deletion.user, &deletion.authority)? {
        Found::Covered(user) => user,
        Found::Outranking => return Ok(DeleteOutcome::Outranked),
        Found::Nobody => return Ok(DeleteOutcome::NotFound),
    };
    if let Some(hash) = &deletion.verified_hash
        && !select(exists(usable_under(user.id, hash))).get_result(connection)?
    {
        return Ok(DeleteOutcome::Refused);
    }
    if is_last_admin(connection, &user)? {
        return Ok(DeleteOutcome::LastAdmin);
    }
    mail_queue::remove_all(connection, &user)?;
    lockout::forget(connection, deletion.attempts)?;
    // Sessions, secrets and the roles held go with it.
    diesel::delete(users::table.find(user.id.uuid().into_bytes())).execute(connection)?;
    audit_trail::insert(connection, &deletion.event)?;
    Ok(DeleteOutcome::Deleted)
}
