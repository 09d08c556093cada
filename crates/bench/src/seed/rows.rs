//! Rows as both stores keep them. Column by column their tables are alike, but for how each writes a value.

use std::collections::BTreeMap;
use std::net::IpAddr;

use anyhow::Context as _;
use portcullis_domain::{Account, Name, RoleId, RoleName, Session, Timestamp, User, UserAgent, UserId};

/// A table, and the columns that are written.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
}

pub(crate) const USERS: Table = Table {
    name: "users",
    columns: &[
        "id",
        "email",
        "email_canonical",
        "email_verified",
        "username",
        "username_canonical",
        "name",
        "name_folded",
        "first_name",
        "first_name_folded",
        "last_name",
        "last_name_folded",
        "password_hash",
        "is_active",
        "locale",
        "created_at",
        "updated_at",
        "last_login_at",
    ],
};

pub(crate) const USER_ROLES: Table = Table { name: "user_roles", columns: &["user_id", "role_id"] };

pub(crate) const SESSIONS: Table = Table {
    name: "sessions",
    columns: &[
        "id",
        "user_id",
        "generation",
        "created_at",
        "last_used_at",
        "expires_at",
        "ends_at",
        "ip",
        "user_agent",
    ],
};

pub(crate) const PASSWORD_RESETS: Table =
    Table { name: "password_resets", columns: &["user_id", "email_canonical", "digest", "expires_at"] };

/// What stands in a column of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Nothing,
    Id([u8; 16]),
    Digest([u8; 32]),
    Text(String),
    Flag(bool),
    Number(i64),
    Moment(Timestamp),
}

impl Cell {
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn of<T>(value: Option<T>, cell: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Nothing, cell)
    }
}

/// A cell for each column of its table.
pub(crate) type Row = Vec<Cell>;

/// Rows of one table.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) table: &'static Table,
    pub(crate) rows: Vec<Row>,
}

pub(crate) fn user(account: &Account) -> Row {
    let Account { user, password_hash } = account;
    let User { id, email, email_verified, username, profile, .. } = user;
    let names = profile.as_array();
    let [name, first_name, last_name] = names.map(|name| Cell::of(name, |name| Cell::Text(name.to_string())));
    let [folded, first_folded, last_folded] =
        names.map(|name| Cell::of(name.map(Name::canonical), Cell::Text));
    vec![
        Cell::Id(id.uuid().into_bytes()),
        Cell::text(email.as_str()),
        Cell::text(email.canonical()),
        Cell::Flag(*email_verified),
        Cell::of(username.as_ref(), |username| Cell::text(username.as_str())),
        Cell::of(username.as_ref(), |username| Cell::text(username.canonical())),
        name,
        folded,
        first_name,
        first_folded,
        last_name,
        last_folded,
        Cell::of(password_hash.as_ref(), |hash| Cell::text(hash.as_str())),
        Cell::Flag(user.is_active),
        Cell::text(user.locale.as_str()),
        Cell::Moment(user.created_at),
        Cell::of(user.updated_at, Cell::Moment),
        Cell::of(user.last_login_at, Cell::Moment),
    ]
}

/// One for each role of a user, whose ids are these.
pub(crate) fn user_roles(user: &User, ids: &BTreeMap<RoleName, RoleId>) -> anyhow::Result<Vec<Row>> {
    let row = |role: &RoleName| {
        let id = ids.get(role).with_context(|| format!("there is no role {role}"))?;
        Ok(vec![Cell::Id(user.id.uuid().into_bytes()), Cell::Id(id.uuid().into_bytes())])
    };
    user.roles.iter().map(row).collect()
}

pub(crate) fn session(session: &Session) -> Row {
    vec![
        Cell::Id(session.id.uuid().into_bytes()),
        Cell::Id(session.user_id.uuid().into_bytes()),
        Cell::Number(session.generation.number().into()),
        Cell::Moment(session.created_at),
        Cell::Moment(session.last_used_at),
        Cell::Moment(session.expires_at),
        Cell::Moment(session.ends_at),
        Cell::of(session.client.ip.as_ref(), |ip: &IpAddr| Cell::Text(ip.to_string())),
        Cell::of(session.client.user_agent.as_ref(), |agent: &UserAgent| Cell::text(agent.as_str())),
    ]
}

/// The secret of a reset mail to this user, by its digest.
pub(crate) fn password_reset(user: &User, digest: [u8; 32], expires_at: Timestamp) -> Row {
    let id: UserId = user.id;
    vec![
        Cell::Id(id.uuid().into_bytes()),
        Cell::text(user.email.canonical()),
        Cell::Digest(digest),
        Cell::Moment(expires_at),
    ]
}
