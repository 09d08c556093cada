//! Lists of users: from the newest on, and by how their addresses and names begin.
//!
//! A list is in the order of the ids, and what begins alike lies together in an index: no index has both
//! orders. So it matters how many begin with a prefix. If they are few, they are found by their indexes and
//! sorted. If they are many, a page of them is near wherever it begins: users are looked at one after the
//! other, from the newest on, until it is full. Both find the same, so it does no harm when others begin with
//! the prefix between counting and finding.

use diesel::dsl::{auto_type, exists};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text};
use portcullis_domain::ports::UserQuery;
use portcullis_domain::{SearchPrefix, User};

use crate::errors::Failure;
use crate::roles::id_of;
use crate::rows::UserRow;
use crate::schema::{accounts, user_roles, users};

/// So many are few: to find and sort them takes a few milliseconds.
const FEW: i64 = 1_000;

pub(super) fn list(connection: &mut SqliteConnection, query: &UserQuery) -> Result<Vec<User>, Failure> {
    let mut role_id = None;
    if let Some(name) = &query.filter.role {
        let Some(id) = id_of(connection, name)? else {
            return Ok(Vec::new());
        };
        role_id = Some(id);
    }
    let page = Page { query, before: before(query), role_id };
    let rows = match &query.filter.prefix {
        Some(prefix) => {
            let prefix = Prefix::of(prefix);
            if are_many(connection, &prefix, &page.before)? {
                page.find_from_newest(connection, Some(&prefix))?
            } else {
                page.find_among_few(connection, &prefix)?
            }
        }
        None => page.find_from_newest(connection, None)?,
    };
    Ok(rows.into_iter().map(UserRow::try_into_domain).collect::<Result<_, _>>()?)
}

/// The octets of the id before which a page is. Every id comes before seventeen of the highest octets.
fn before(query: &UserQuery) -> Vec<u8> {
    query.before.map_or_else(|| vec![u8::MAX; 17], |id| id.uuid().into_bytes().into())
}

/// How a canonical form begins: from the prefix itself up to, and without, the end.
struct Prefix {
    start: String,
    end: String,
    characters: i32,
}

impl Prefix {
    fn of(prefix: &SearchPrefix) -> Self {
        // After the highest character there is none. No name has so many of it.
        let end_of_all = || char::MAX.to_string().repeat(256);
        Self {
            start: prefix.as_str().to_owned(),
            end: prefix.end().unwrap_or_else(end_of_all),
            characters: i32::try_from(prefix.as_str().chars().count()).unwrap_or(i32::MAX),
        }
    }
}

/// Users one of whose canonical forms lies in a range: each form is found by its index.
#[auto_type(no_type_alias)]
fn begin_between<'a>(start: &'a str, end: &'a str) -> _ {
    let email = users::email_canonical.ge(start).and(users::email_canonical.lt(end));
    let username = users::username_canonical.ge(start).and(users::username_canonical.lt(end));
    let name = users::name_folded.ge(start).and(users::name_folded.lt(end));
    let first_name = users::first_name_folded.ge(start).and(users::first_name_folded.lt(end));
    let last_name = users::last_name_folded.ge(start).and(users::last_name_folded.lt(end));
    email.nullable().or(username).or(name).or(first_name).or(last_name)
}

diesel::define_sql_function! {
    fn substr(text: Nullable<Text>, start: Integer, length: Integer) -> Nullable<Text>;
}

/// Accounts that begin with a prefix, said so that no index serves it.
#[auto_type(no_type_alias)]
fn begin_with<'a>(prefix: &'a str, characters: i32) -> _ {
    let email = substr(accounts::email_canonical.nullable(), 1_i32, characters).eq(prefix);
    let username = substr(accounts::username_canonical, 1_i32, characters).eq(prefix);
    let name = substr(accounts::name_folded, 1_i32, characters).eq(prefix);
    let first_name = substr(accounts::first_name_folded, 1_i32, characters).eq(prefix);
    let last_name = substr(accounts::last_name_folded, 1_i32, characters).eq(prefix);
    email.or(username).or(name).or(first_name).or(last_name)
}

/// Whether more than a few users before an id begin with a prefix: whether one comes after so many.
fn are_many(connection: &mut SqliteConnection, prefix: &Prefix, before: &[u8]) -> QueryResult<bool> {
    let one_more: Option<Vec<u8>> = users::table
        .filter(begin_between(&prefix.start, &prefix.end))
        .filter(users::id.lt(before))
        .offset(FEW)
        .limit(1)
        .select(users::id)
        .get_result(connection)
        .optional()?;
    Ok(one_more.is_some())
}

/// A page of users that a filter lets through.
struct Page<'a> {
    query: &'a UserQuery,
    before: Vec<u8>,
    role_id: Option<Vec<u8>>,
}

/// Gives a list of accounts its order and its bounds, and lets through what a filter says of each.
///
/// A macro, because diesel gives every list a type of its own.
macro_rules! narrowed {
    ($accounts:expr, by $id:expr, $page:expr) => {{
        let filter = &$page.query.filter;
        let mut narrowed = $accounts
            .filter($id.lt(&$page.before))
            .order($id.desc())
            .limit($page.query.limit.into())
            .select(UserRow::as_select())
            .into_boxed();
        if let Some(email_verified) = filter.email_verified {
            narrowed = narrowed.filter(accounts::email_verified.eq(email_verified));
        }
        if let Some(is_active) = filter.is_active {
            narrowed = narrowed.filter(accounts::is_active.eq(is_active));
        }
        narrowed
    }};
}

impl Page<'_> {
    /// Found from the newest on: of all, or of those who hold the role.
    fn find_from_newest(
        &self,
        connection: &mut SqliteConnection,
        prefix: Option<&Prefix>,
    ) -> QueryResult<Vec<UserRow>> {
        if let Some(role_id) = &self.role_id {
            let holders =
                user_roles::table.inner_join(accounts::table).filter(user_roles::role_id.eq(role_id));
            let mut page = narrowed!(holders, by user_roles::user_id, self);
            if let Some(prefix) = prefix {
                page = page.filter(begin_with(&prefix.start, prefix.characters));
            }
            page.load(connection)
        } else {
            let mut page = narrowed!(accounts::table, by accounts::id, self);
            if let Some(prefix) = prefix {
                page = page.filter(begin_with(&prefix.start, prefix.characters));
            }
            page.load(connection)
        }
    }

    /// Found by what begins with the prefix, then put in order.
    fn find_among_few(
        &self,
        connection: &mut SqliteConnection,
        prefix: &Prefix,
    ) -> QueryResult<Vec<UserRow>> {
        let few = users::table
            .filter(begin_between(&prefix.start, &prefix.end))
            .filter(users::id.lt(&self.before))
            .select(users::id);
        let mut page = narrowed!(accounts::table.filter(accounts::id.eq_any(few)), by accounts::id, self);
        if let Some(role_id) = &self.role_id {
            let held = user_roles::table
                .filter(user_roles::user_id.eq(accounts::id))
                .filter(user_roles::role_id.eq(role_id));
            page = page.filter(exists(held));
        }
        page.load(connection)
    }
}
