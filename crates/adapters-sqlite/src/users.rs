//! [`UserRepository`]: accounts, from registration to erasure.

use async_trait::async_trait;
use diesel::dsl::{exists, select};
use diesel::prelude::*;
use portcullis_domain::mail::QueuedMail;
use portcullis_domain::ports::{
    DeleteOutcome, NewAccount, PasswordChange, ProfileOutcome, RegisterOutcome, StorageError, UserRepository,
};
use portcullis_domain::{
    Account, AttemptKey, Change, EmailAddress, LoginIdentifier, PasswordHash, ProfileChange, RoleName,
    Timestamp, User, UserId, Username,
};

use crate::errors::Failure;
use crate::rows::{AccountRow, NewUserRow, ProfileRow, UserRow};
use crate::schema::{accounts, roles, user_roles, users};
use crate::store::SqliteStore;
use crate::{lockout, mail_queue, sessions, tokens};

#[async_trait]
impl UserRepository for SqliteStore {
    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        self.write(move |connection| register(connection, &account)).await
    }

    async fn register_privately(
        &self,
        account: NewAccount,
        notice_to_owner: QueuedMail,
    ) -> Result<RegisterOutcome, StorageError> {
        self.write(move |connection| register_privately(connection, &account, &notice_to_owner)).await
    }

    async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<Option<Account>, StorageError> {
        let identifier = identifier.clone();
        self.read(move |connection| find_by_login(connection, &identifier)).await
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

    async fn update_profile(
        &self,
        id: UserId,
        change: ProfileChange,
        now: Timestamp,
    ) -> Result<ProfileOutcome, StorageError> {
        self.write(move |connection| update_profile(connection, id, change, now)).await
    }

    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError> {
        self.write(move |connection| change_password(connection, &change)).await
    }

    async fn delete(&self, id: UserId, attempts: AttemptKey) -> Result<DeleteOutcome, StorageError> {
        self.write(move |connection| delete(connection, id, attempts)).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.read(|connection| Ok(roles::table.select(roles::name).get_result::<String>(connection)?))
            .await?;
        // Begins and ends a transaction, for which SQLite takes the lock.
        self.write(|_| Ok(())).await
    }
}

fn register(connection: &mut SqliteConnection, account: &NewAccount) -> Result<RegisterOutcome, Failure> {
    if is_username_taken(connection, account.user.username.as_ref(), None)? {
        Ok(RegisterOutcome::UsernameTaken)
    } else if find_by_address(connection, &account.user.email)?.is_some() {
        Ok(RegisterOutcome::EmailTaken)
    } else {
        insert(connection, account)
    }
}

fn register_privately(
    connection: &mut SqliteConnection,
    account: &NewAccount,
    notice_to_owner: &QueuedMail,
) -> Result<RegisterOutcome, Failure> {
    let owner = find_by_address(connection, &account.user.email)?;
    let claim = owner.as_ref().filter(|owner| is_mere_claim(owner)).map(|owner| owner.id);
    if is_username_taken(connection, account.user.username.as_ref(), claim)? {
        return Ok(RegisterOutcome::UsernameTaken);
    }
    match (owner, claim) {
        (None, _) => return insert(connection, account),
        (Some(_), None) => mail_queue::enqueue(connection, notice_to_owner)?,
        (Some(_), Some(claim)) => replace_claim(connection, claim, account)?,
    }
    Ok(RegisterOutcome::Registered(None))
}

/// Whether an account is no more than somebody's word that the address is theirs.
fn is_mere_claim(user: &User) -> bool {
    !user.email_verified
        && user.last_login_at.is_none()
        && user.roles.iter().all(|role| *role == RoleName::user())
}

fn insert(connection: &mut SqliteConnection, account: &NewAccount) -> Result<RegisterOutcome, Failure> {
    let NewAccount { user, password_hash, session, mail } = account;
    diesel::insert_into(users::table)
        .values(NewUserRow::new(user, password_hash.as_ref()))
        .execute(connection)?;
    for role in &user.roles {
        grant(connection, user.id, role)?;
    }
    if let Some(mail) = mail {
        mail_queue::enqueue(connection, mail)?;
    }
    let Some(session) = session else {
        return Ok(RegisterOutcome::Registered(None));
    };
    sessions::insert(connection, session)?;
    let principal = sessions::principal(connection, session.id, session.created_at)?;
    Ok(RegisterOutcome::Registered(principal.map(Box::new)))
}

pub(crate) fn grant(connection: &mut SqliteConnection, user: UserId, role: &RoleName) -> Result<(), Failure> {
    let role_id: Vec<u8> = roles::table
        .filter(roles::name.eq(role.as_str()))
        .select(roles::id)
        .get_result(connection)
        .optional()?
        .ok_or_else(|| Failure::UnknownRole(role.clone()))?;
    diesel::insert_into(user_roles::table)
        .values((user_roles::user_id.eq(user.uuid().into_bytes()), user_roles::role_id.eq(role_id)))
        .execute(connection)?;
    Ok(())
}

/// Lets a later claim on an address stand instead of an earlier one, of which nothing goes on.
fn replace_claim(connection: &mut SqliteConnection, claim: UserId, new: &NewAccount) -> Result<(), Failure> {
    let NewAccount { user, password_hash, mail, session: _ } = new;
    diesel::update(users::table.find(claim.uuid().into_bytes()))
        .set((
            ProfileRow::from(user),
            users::password_hash.eq(password_hash.as_ref().map(PasswordHash::as_str)),
            users::locale.eq(user.locale.as_str()),
        ))
        .execute(connection)?;
    tokens::end_all(connection, claim)?;
    sessions::end_all(connection, claim)?;
    if let Some(mail) = mail {
        mail_queue::enqueue(connection, mail)?;
    }
    Ok(())
}

/// Whether an account has the username; that of `holder` does not count.
fn is_username_taken(
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
    id: UserId,
    change: ProfileChange,
    now: Timestamp,
) -> Result<ProfileOutcome, Failure> {
    if let Change::Set(username) = &change.username
        && is_username_taken(connection, Some(username), Some(id))?
    {
        return Ok(ProfileOutcome::UsernameTaken);
    }
    let Some(mut user) = find(connection, id)? else {
        return Ok(ProfileOutcome::NotFound);
    };
    user.username = change.username.apply(user.username);
    user.profile.name = change.name.apply(user.profile.name);
    user.profile.first_name = change.first_name.apply(user.profile.first_name);
    user.profile.last_name = change.last_name.apply(user.profile.last_name);
    user.updated_at = Some(now);
    diesel::update(users::table.find(id.uuid().into_bytes()))
        .set((ProfileRow::from(&user), users::updated_at.eq(now.unix_micros())))
        .execute(connection)?;
    Ok(ProfileOutcome::Updated(Box::new(user)))
}

fn change_password(connection: &mut SqliteConnection, change: &PasswordChange) -> Result<bool, Failure> {
    let account = users::table
        .find(change.user.uuid().into_bytes())
        .filter(users::password_hash.eq(change.verified_hash.as_str()));
    let changed =
        diesel::update(account).set(users::password_hash.eq(change.new_hash.as_str())).execute(connection)?;
    if changed == 0 {
        return Ok(false);
    }
    sessions::end_others(connection, change.user, change.kept_session)?;
    tokens::end_password_reset(connection, change.user)?;
    tokens::end_email_change(connection, change.user)?;
    mail_queue::enqueue(connection, &change.notice)?;
    Ok(true)
}

fn delete(
    connection: &mut SqliteConnection,
    id: UserId,
    attempts: AttemptKey,
) -> Result<DeleteOutcome, Failure> {
    let Some(user) = find(connection, id)? else {
        return Ok(DeleteOutcome::NotFound);
    };
    let is_active_admin = user.is_active && user.roles.iter().any(RoleName::is_admin);
    if is_active_admin && !is_another_admin_active(connection, id)? {
        return Ok(DeleteOutcome::LastAdmin);
    }
    mail_queue::remove_all(connection, &user)?;
    lockout::forget(connection, attempts)?;
    // Sessions, secrets and the roles held go with it.
    diesel::delete(users::table.find(id.uuid().into_bytes())).execute(connection)?;
    Ok(DeleteOutcome::Deleted)
}

fn is_another_admin_active(connection: &mut SqliteConnection, id: UserId) -> QueryResult<bool> {
    let others = user_roles::table
        .inner_join(roles::table)
        .inner_join(users::table)
        .filter(roles::name.eq(RoleName::admin().as_str().to_owned()))
        .filter(users::is_active)
        .filter(users::id.ne(id.uuid().into_bytes()));
    select(exists(others)).get_result(connection)
}
