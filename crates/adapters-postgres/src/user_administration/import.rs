//! Accounts of another system, many in one statement.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::try_join;
use portcullis_domain::ports::ImportOutcome;
use portcullis_domain::{Account, Name, PasswordHash, RoleName, Username};
use uuid::Uuid;

use crate::errors::{Failure, is_taken, names_unknown_role};
use crate::moment::Moment;
use crate::rows::folded;
use crate::statement::statement;
use crate::transaction::{begin, commit, or_roll_back};
use crate::users::inserted_columns;

/// To look for what stands in the way of each account takes a fifth of the time, and mostly nothing does: so they
/// are added as if nothing did, and again with a look when something does.
pub(super) async fn import(
    connection: &AsyncPgConnection,
    accounts: &[Account],
) -> Result<Vec<ImportOutcome>, Failure> {
    match add(connection, accounts, Attempt::BESIDE_OTHERS).await {
        Err(failure) if is_taken(&failure) || failure.is_conflict() => {
            add(connection, accounts, Attempt::ALONE).await
        }
        outcomes => outcomes,
    }
}

/// How accounts are added.
struct Attempt {
    lock: &'static str,
    insert: &'static str,
}

impl Attempt {
    /// While others import, too. Two who bring in the same accounts in another order wait for each other in a
    /// circle, until the server gives one of them up.
    const BESIDE_OTHERS: Self =
        Self { lock: "SELECT pg_advisory_xact_lock_shared(x'696D706F7274'::bigint)", insert: INSERT_ALL };
    /// While nobody else imports, so that what could not be done beside others is done now.
    const ALONE: Self =
        Self { lock: "SELECT pg_advisory_xact_lock(x'696D706F7274'::bigint)", insert: INSERT_OTHERS };
}

async fn add(
    connection: &AsyncPgConnection,
    accounts: &[Account],
    attempt: Attempt,
) -> Result<Vec<ImportOutcome>, Failure> {
    or_roll_back(connection, async {
        try_join!(begin(connection), lock(connection, attempt.lock), plan_for_many(connection))?;
        let (mut imported, mut position) = (HashMap::new(), 0);
        for batch in batches(accounts) {
            let ids = insert(connection, batch, attempt.insert).await?;
            let positions = batch.iter().map(|account| account.user.id.uuid()).zip(position..);
            imported.extend(positions.filter(|(id, _)| ids.contains(id)));
            position += batch.len();
        }
        let (outcomes, ()) = try_join!(judge(connection, accounts, &imported), commit(connection))?;
        Ok(outcomes)
    })
    .await
}

async fn lock(mut connection: &AsyncPgConnection, lock: &'static str) -> Result<(), Failure> {
    statement(lock).execute(&mut connection).await?;
    Ok(())
}

/// A plan that serves any number of accounts is made for few: joining them by loops would take the square of the
/// time for many. To ask for a plan of its own for each statement would be worse, because the check of each foreign
/// key is a statement, too.
async fn plan_for_many(mut connection: &AsyncPgConnection) -> Result<(), Failure> {
    statement("SET LOCAL enable_nestloop = off").execute(&mut connection).await?;
    Ok(())
}

/// The accounts in parts, in each of which no id is there twice: what is inserted is told by its id.
fn batches(accounts: &[Account]) -> Vec<&[Account]> {
    let id = |account: &Account| account.user.id;
    let mut ids: HashSet<_> = accounts.first().map(id).into_iter().collect();
    let mut begins_batch = |account: &Account| {
        let is_repeated = !ids.insert(id(account));
        if is_repeated {
            ids = HashSet::from([id(account)]);
        }
        is_repeated
    };
    accounts.chunk_by(|_, next| !begins_batch(next)).collect()
}

/// Adds the accounts whose roles exist, in their order.
macro_rules! insert {
    ($on_conflict:literal) => {
        concat!(
            "
WITH wanted AS MATERIALIZED (
    SELECT wanted.user_id, (SELECT roles.id FROM roles WHERE roles.name = wanted.role) AS role_id
    FROM unnest($19::uuid[], $20::text[]) AS wanted (user_id, role)
), imported AS (
    INSERT INTO users (",
            inserted_columns!(),
            ")
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::boolean[], $15::text[],
        $16::timestamptz[], $17::timestamptz[], $18::timestamptz[]
    ) AS given (",
            inserted_columns!(),
            ")
    WHERE given.id NOT IN (SELECT wanted.user_id FROM wanted WHERE wanted.role_id IS NULL)
    ",
            $on_conflict,
            "
    RETURNING users.id
), granted AS (
    INSERT INTO user_roles (user_id, role_id)
    SELECT wanted.user_id, wanted.role_id FROM wanted JOIN imported ON imported.id = wanted.user_id
    ON CONFLICT DO NOTHING
)
SELECT imported.id FROM imported"
        )
    };
}

/// Adds none when something stands in the way of one.
const INSERT_ALL: &str = insert!("");
/// Leaves out those that something stands in the way of.
const INSERT_OTHERS: &str = insert!("ON CONFLICT DO NOTHING");

/// Gives the ids of those who were added.
async fn insert(
    mut connection: &AsyncPgConnection,
    accounts: &[Account],
    insert_batch: &'static str,
) -> Result<HashSet<Uuid>, Failure> {
    fn column<'a, T>(accounts: &'a [Account], value: impl Fn(&'a Account) -> T) -> Vec<T> {
        accounts.iter().map(value).collect()
    }
    type Texts = sql::Array<sql::Text>;
    type MaybeTexts = sql::Array<sql::Nullable<sql::Text>>;
    type Moments = sql::Array<sql::Timestamptz>;
    type MaybeMoments = sql::Array<sql::Nullable<sql::Timestamptz>>;

    let roles = accounts
        .iter()
        .flat_map(|account| account.user.roles.iter().map(|role| (account.user.id.uuid(), role.as_str())));
    let (users, roles): (Vec<_>, Vec<_>) = roles.unzip();
    let mut insert = statement(insert_batch)
        .bind::<sql::Array<sql::Uuid>, _>(column(accounts, |account| account.user.id.uuid()))
        .bind::<Texts, _>(column(accounts, |account| account.user.email.as_str()))
        .bind::<Texts, _>(column(accounts, |account| account.user.email.canonical()))
        .bind::<sql::Array<sql::Bool>, _>(column(accounts, |account| account.user.email_verified))
        .bind::<MaybeTexts, _>(column(accounts, |account| {
            account.user.username.as_ref().map(Username::as_str)
        }))
        .bind::<MaybeTexts, _>(column(accounts, |account| {
            account.user.username.as_ref().map(Username::canonical)
        }));
    for index in 0..3 {
        let names = column(accounts, |account| account.user.profile.as_array()[index]);
        let folded: Vec<_> = names.iter().map(|name| name.map(folded)).collect();
        let names: Vec<_> = names.into_iter().map(|name| name.map(Name::as_str)).collect();
        insert = insert.bind::<MaybeTexts, _>(names).bind::<MaybeTexts, _>(folded);
    }
    let imported: Result<Vec<Uuid>, _> = insert
        .bind::<MaybeTexts, _>(column(accounts, |account| {
            account.password_hash.as_ref().map(PasswordHash::as_str)
        }))
        .bind::<sql::Array<sql::Bool>, _>(column(accounts, |account| account.user.is_active))
        .bind::<Texts, _>(column(accounts, |account| account.user.locale.as_str()))
        .bind::<Moments, _>(column(accounts, |account| Moment(account.user.created_at)))
        .bind::<MaybeMoments, _>(column(accounts, |account| account.user.updated_at.map(Moment)))
        .bind::<MaybeMoments, _>(column(accounts, |account| account.user.last_login_at.map(Moment)))
        .bind::<sql::Array<sql::Uuid>, _>(users)
        .bind::<Texts, _>(roles)
        .returning_columns::<sql::Uuid>()
        .load(&mut connection)
        .await;
    match imported {
        Ok(imported) => Ok(imported.into_iter().collect()),
        // It existed when the statement began.
        Err(error) if names_unknown_role(&error) => Err(Failure::Overtaken),
        Err(error) => Err(error.into()),
    }
}

/// Who has the id, the address and the username of each account that was left out, and whether a role of it does
/// not exist.
const JUDGE: &str = "
SELECT
    (SELECT users.id FROM users WHERE users.id = given.id),
    (SELECT users.id FROM users WHERE users.email_canonical = given.email),
    (SELECT users.password_hash FROM users WHERE users.email_canonical = given.email),
    (SELECT users.id FROM users WHERE users.username_canonical = given.username),
    EXISTS (
        SELECT FROM unnest(string_to_array(given.roles, ',')) AS wanted (name)
        WHERE (SELECT roles.id FROM roles WHERE roles.name = wanted.name) IS NULL
    )
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])
    WITH ORDINALITY AS given (id, email, username, roles, number)
ORDER BY given.number";

/// What is in the way of an account that was left out.
#[derive(Queryable)]
struct Obstacles {
    holder_of_id: Option<Uuid>,
    holder_of_email: Option<Uuid>,
    hash_of_holder: Option<String>,
    holder_of_username: Option<Uuid>,
    has_unknown_role: bool,
}

type ObstacleColumns = (
    sql::Nullable<sql::Uuid>,
    sql::Nullable<sql::Uuid>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Uuid>,
    sql::Bool,
);

/// Says of each account what became of it. Of those that were `imported`, the positions are known.
async fn judge(
    mut connection: &AsyncPgConnection,
    accounts: &[Account],
    imported: &HashMap<Uuid, usize>,
) -> Result<Vec<ImportOutcome>, Failure> {
    let is_imported = |position, account: &Account| imported.get(&account.user.id.uuid()) == Some(&position);
    let left_out: Vec<_> =
        accounts.iter().enumerate().filter(|(position, account)| !is_imported(*position, account)).collect();
    let mut outcomes = vec![ImportOutcome::Imported; accounts.len()];
    if left_out.is_empty() {
        return Ok(outcomes);
    }
    let users = || left_out.iter().map(|(_, account)| &account.user);
    let canonical = |username: Option<&Username>| username.map(|username| username.canonical().to_owned());
    let roles = |roles: &[RoleName]| roles.iter().map(RoleName::as_str).collect::<Vec<_>>().join(",");
    let obstacles: Vec<Obstacles> = statement(JUDGE)
        .bind::<sql::Array<sql::Uuid>, _>(users().map(|user| user.id.uuid()).collect::<Vec<_>>())
        .bind::<sql::Array<sql::Text>, _>(users().map(|user| user.email.canonical()).collect::<Vec<_>>())
        .bind::<sql::Array<sql::Nullable<sql::Text>>, _>(
            users().map(|user| canonical(user.username.as_ref())).collect::<Vec<_>>(),
        )
        .bind::<sql::Array<sql::Text>, _>(users().map(|user| roles(&user.roles)).collect::<Vec<_>>())
        .returning_columns::<ObstacleColumns>()
        .load(&mut connection)
        .await?;
    for (&(position, account), obstacles) in left_out.iter().zip(obstacles) {
        // What was imported later was not in the way.
        let was_there = |holder: &Uuid| imported.get(holder).is_none_or(|&imported| imported < position);
        outcomes[position] = obstacles.outcome(account, was_there).ok_or(Failure::Overtaken)?;
    }
    Ok(outcomes)
}

impl Obstacles {
    /// What became of the account; nothing that is known when what was in the way is gone by now.
    fn outcome(self, account: &Account, was_there: impl Fn(&Uuid) -> bool) -> Option<ImportOutcome> {
        let hash = account.password_hash.as_ref().map(PasswordHash::as_str);
        let email_is_taken = self.holder_of_email.is_some_and(|holder| was_there(&holder));
        if email_is_taken && self.hash_of_holder.as_deref() == hash {
            Some(ImportOutcome::Present)
        } else if self.holder_of_id.is_some_and(|holder| was_there(&holder)) {
            Some(ImportOutcome::IdTaken)
        } else if email_is_taken {
            Some(ImportOutcome::EmailTaken)
        } else if self.holder_of_username.is_some_and(|holder| was_there(&holder)) {
            Some(ImportOutcome::UsernameTaken)
        } else {
            self.has_unknown_role.then_some(ImportOutcome::UnknownRole)
        }
    }
}
