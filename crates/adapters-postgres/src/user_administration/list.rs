//! Lists of users: found by an index, however many there are.
//!
//! A list that asks for a prefix first gathers who matches. Where these are few, it sorts them; where they are
//! many, and in a list without a prefix, it walks down an index from the newest user and stops when the page is
//! full. Which index is settled here, by which one leads past the fewest users who are not asked for.
//!
//! What is looked up about one user is a subquery of its own, so that the planner finds it by the key and
//! never joins whole tables for it.

use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use portcullis_domain::ports::{UserFilter, UserQuery};
use portcullis_domain::{RoleName, SearchPrefix, User, UserId};
use uuid::Uuid;

use crate::errors::Failure;
use crate::rows::{UserRow, user_columns};
use crate::statement::{Statement, statement};
use crate::transaction::begun_with;

// The placeholders of all statements below: $1 the greatest id that may be among them, $2 how many, $3 the name of a
// role, $4 whether verified and $5 whether active, each NULL where it does not matter, $6 and $7 where texts with
// the prefix begin and end.

/// The id of the role that is asked for.
macro_rules! role {
    () => {
        "(SELECT roles.id FROM roles WHERE roles.name = $3)"
    };
}

/// Whether those in what is called `users` are verified and active as is asked for.
macro_rules! flags_fit {
    () => {
        "($4::boolean IS NULL OR users.email_verified = $4) AND ($5::boolean IS NULL OR users.is_active = $5)"
    };
}

/// Whether those in what is called `users` hold the role that is asked for.
macro_rules! role_fits {
    () => {
        concat!(
            "($3::text IS NULL OR (
                SELECT TRUE FROM user_roles WHERE user_roles.user_id = users.id AND user_roles.role_id = ",
            role!(),
            "
            ))"
        )
    };
}

/// Whether something about those in what is called `users` has the prefix.
macro_rules! prefix_fits {
    () => {
        "(starts_with(users.email_canonical, $6) OR starts_with(users.username_canonical, $6)
            OR starts_with(users.name_folded, $6) OR starts_with(users.first_name_folded, $6)
            OR starts_with(users.last_name_folded, $6))"
    };
}

/// The ids of a page, by the ids of users or an index that begins with a flag: `$narrowed` says which, and what
/// else is asked for.
macro_rules! walk_users {
    ($narrowed:expr) => {
        concat!(
            "SELECT users.id FROM users WHERE users.id <= $1 AND ",
            $narrowed,
            " AND ",
            flags_fit!(),
            " AND ",
            role_fits!(),
            " ORDER BY users.id DESC LIMIT $2"
        )
    };
}

/// The ids of a page, by those who hold a role: `$narrowed` says what else is asked for.
macro_rules! walk_role {
    ($narrowed:expr) => {
        concat!(
            "SELECT user_roles.user_id AS id FROM user_roles WHERE user_roles.role_id = ",
            role!(),
            " AND user_roles.user_id <= $1 AND (
                SELECT ",
            $narrowed,
            " AND ",
            flags_fit!(),
            " FROM users WHERE users.id = user_roles.user_id
            ) ORDER BY user_roles.user_id DESC LIMIT $2"
        )
    };
}

/// The users whose ids `$found` gives.
macro_rules! page {
    ($found:expr) => {
        concat!(
            "SELECT ",
            user_columns!(),
            " FROM (",
            $found,
            ") AS found, LATERAL (
                SELECT accounts.* FROM accounts WHERE accounts.id = found.id LIMIT 1
            ) AS accounts
            ORDER BY accounts.id DESC"
        )
    };
}

/// Up to 1,001 of the users in whose `$column` something has the prefix. Nothing else is asked of them here: who has
/// to be read for it would be read for all of them.
macro_rules! matches {
    ($column:literal) => {
        concat!(
            "(SELECT users.id FROM users WHERE users.",
            $column,
            " >= $6 AND users.",
            $column,
            " < $7 ORDER BY users.",
            $column,
            " LIMIT 1001)"
        )
    };
}

/// The users whose ids `$walk` gives if many match the prefix, and else those of the few who are asked for.
macro_rules! search {
    ($walk:expr) => {
        concat!(
            "WITH matches AS MATERIALIZED (",
            matches!("email_canonical"),
            " UNION ",
            matches!("username_canonical"),
            " UNION ",
            matches!("name_folded"),
            " UNION ",
            matches!("first_name_folded"),
            " UNION ",
            matches!("last_name_folded"),
            ") ",
            page!(concat!(
                "(SELECT matches.id FROM matches
                WHERE matches.id <= $1 AND (SELECT count(*) FROM matches) <= 1000 AND (
                    SELECT ",
                flags_fit!(),
                " AND ",
                role_fits!(),
                " FROM users WHERE users.id = matches.id
                ) ORDER BY matches.id DESC LIMIT $2)
                UNION ALL
                (",
                $walk,
                ")"
            ))
        )
    };
}

/// Whether many match the prefix, and something of those in what is called `users` has it.
macro_rules! many_match {
    () => {
        concat!("(SELECT count(*) FROM matches) > 1000 AND ", prefix_fits!())
    };
}

const ALL_BY_ID: &str = page!(walk_users!("TRUE"));
const ALL_BY_ACTIVITY: &str = page!(walk_users!("users.is_active = $5"));
const ALL_BY_VERIFICATION: &str = page!(walk_users!("users.email_verified = $4"));
const ALL_BY_ROLE: &str = page!(walk_role!("TRUE"));
const MATCHING_BY_ID: &str = search!(walk_users!(many_match!()));
const MATCHING_BY_ACTIVITY: &str = search!(walk_users!(concat!("users.is_active = $5 AND ", many_match!())));
const MATCHING_BY_VERIFICATION: &str =
    search!(walk_users!(concat!("users.email_verified = $4 AND ", many_match!())));
const MATCHING_BY_ROLE: &str = search!(walk_role!(many_match!()));

/// Which way down the users leads past the fewest who are not asked for.
enum Walk {
    Ids,
    Activity,
    Verification,
    Role,
}

impl Walk {
    /// Everybody holds `user`, few hold another role; most are active.
    fn of(filter: &UserFilter) -> Self {
        match filter {
            UserFilter { role: Some(role), .. } if *role != RoleName::user() => Self::Role,
            UserFilter { is_active: Some(false), .. } => Self::Activity,
            UserFilter { email_verified: Some(_), .. } => Self::Verification,
            UserFilter { is_active: Some(true), .. } => Self::Activity,
            UserFilter { .. } => Self::Ids,
        }
    }

    fn statement(&self, has_prefix: bool) -> &'static str {
        match (self, has_prefix) {
            (Self::Ids, false) => ALL_BY_ID,
            (Self::Ids, true) => MATCHING_BY_ID,
            (Self::Activity, false) => ALL_BY_ACTIVITY,
            (Self::Activity, true) => MATCHING_BY_ACTIVITY,
            (Self::Verification, false) => ALL_BY_VERIFICATION,
            (Self::Verification, true) => MATCHING_BY_VERIFICATION,
            (Self::Role, false) => ALL_BY_ROLE,
            (Self::Role, true) => MATCHING_BY_ROLE,
        }
    }
}

pub(super) async fn list(
    mut connection: &AsyncPgConnection,
    query: &UserQuery,
) -> Result<Vec<User>, Failure> {
    let UserQuery { filter, before, limit } = query;
    let Some(greatest) = greatest_before(*before) else {
        return Ok(Vec::new());
    };
    let text = Walk::of(filter).statement(filter.prefix.is_some());
    let list = statement(text)
        .bind::<sql::Uuid, _>(greatest)
        .bind::<sql::BigInt, _>(i64::from(*limit))
        .bind::<sql::Nullable<sql::Text>, _>(filter.role.as_ref().map(RoleName::as_str))
        .bind::<sql::Nullable<sql::Bool>, _>(filter.email_verified)
        .bind::<sql::Nullable<sql::Bool>, _>(filter.is_active);
    let rows: Vec<UserRow> = match &filter.prefix {
        Some(prefix) => {
            let search = with_range(list, prefix).returning::<UserRow>();
            let found = async |mut connection: &AsyncPgConnection| Ok(search.load(&mut connection).await?);
            begun_with(connection, gather_nothing(connection), found(connection)).await?
        }
        None => list.returning::<UserRow>().load(&mut connection).await?,
    };
    Ok(rows.into_iter().map(UserRow::try_into_domain).collect::<Result<_, _>>()?)
}

/// In a plan for any prefix, PostgreSQL would rather gather all who have it, and sort, than read the indexes in their
/// order and stop.
async fn gather_nothing(mut connection: &AsyncPgConnection) -> Result<(), Failure> {
    statement("SET LOCAL enable_bitmapscan = off").execute(&mut connection).await?;
    Ok(())
}

/// The greatest id of all, or of those before one, if there is any.
fn greatest_before(before: Option<UserId>) -> Option<Uuid> {
    match before {
        None => Some(Uuid::max()),
        Some(before) => before.uuid().as_u128().checked_sub(1).map(Uuid::from_u128),
    }
}

/// Gives the next two placeholders where texts with a prefix begin, and where they have ended.
fn with_range<'a>(statement: Statement<'a>, prefix: &'a SearchPrefix) -> Statement<'a> {
    // No text that is kept is as long as this one, and what is shorter comes before it.
    let end_of_all = || String::from_iter([char::MAX; SearchPrefix::MAX_CHARACTERS + 1]);
    statement
        .bind::<sql::Text, _>(prefix.as_str())
        .bind::<sql::Text, _>(prefix.end().unwrap_or_else(end_of_all))
}
