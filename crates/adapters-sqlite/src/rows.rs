//! Rows as they are stored, and the entities that they become. Ids are stored as the octets of their
//! UUID, moments as microseconds, roles and permissions read as names between commas.

use std::collections::BTreeSet;

use diesel::prelude::*;
use portcullis_domain::{
    Account, Client, EmailAddress, Generation, Locale, Name, PasswordHash, Permission, Permissions,
    Principal, ProfileNames, Role, RoleDescription, RoleName, Session, Timestamp, User, UserAgent, Username,
};
use uuid::Uuid;

use crate::errors::UnreadableRow;
use crate::schema::{accounts, complete_roles, sessions, users};

/// Says of a value that could not be read which column it came from.
pub(crate) trait InColumn<T> {
    fn in_column(self, column: &'static str) -> Result<T, UnreadableRow>;
}

impl<T, E> InColumn<T> for Result<T, E> {
    fn in_column(self, column: &'static str) -> Result<T, UnreadableRow> {
        self.map_err(|_| UnreadableRow { column })
    }
}

impl<T> InColumn<T> for Option<T> {
    fn in_column(self, column: &'static str) -> Result<T, UnreadableRow> {
        self.ok_or(UnreadableRow { column })
    }
}

/// A user to be stored.
#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(crate) struct NewUserRow {
    id: [u8; 16],
    email: String,
    email_canonical: String,
    email_verified: bool,
    #[diesel(embed)]
    profile: ProfileRow,
    password_hash: Option<String>,
    is_active: bool,
    locale: String,
    created_at: i64,
    updated_at: Option<i64>,
    last_login_at: Option<i64>,
}

impl NewUserRow {
    pub(crate) fn new(user: &User, password_hash: Option<&PasswordHash>) -> Self {
        Self {
            id: user.id.uuid().into_bytes(),
            email: user.email.as_str().to_owned(),
            email_canonical: user.email.canonical().to_owned(),
            email_verified: user.email_verified,
            profile: ProfileRow::from(user),
            password_hash: password_hash.map(|hash| hash.as_str().to_owned()),
            is_active: user.is_active,
            locale: user.locale.as_str().to_owned(),
            created_at: user.created_at.unix_micros(),
            updated_at: user.updated_at.map(Timestamp::unix_micros),
            last_login_at: user.last_login_at.map(Timestamp::unix_micros),
        }
    }
}

/// What users are called, to be stored.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(crate) struct ProfileRow {
    username: Option<String>,
    username_canonical: Option<String>,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    name_folded: Option<String>,
    first_name_folded: Option<String>,
    last_name_folded: Option<String>,
}

impl From<&User> for ProfileRow {
    fn from(user: &User) -> Self {
        let names = user.profile.as_array();
        let [name, first_name, last_name] = names.map(|name| name.map(Name::to_string));
        let [name_folded, first_name_folded, last_name_folded] = names.map(|name| name.map(Name::canonical));
        Self {
            username: user.username.as_ref().map(|username| username.as_str().to_owned()),
            username_canonical: user.username.as_ref().map(|username| username.canonical().to_owned()),
            name,
            first_name,
            last_name,
            name_folded,
            first_name_folded,
            last_name_folded,
        }
    }
}

/// A user as stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(crate) struct UserRow {
    id: Vec<u8>,
    email: String,
    email_verified: bool,
    username: Option<String>,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    is_active: bool,
    roles: Option<String>,
    locale: String,
    created_at: i64,
    updated_at: Option<i64>,
    last_login_at: Option<i64>,
}

impl UserRow {
    pub(crate) fn try_into_domain(self) -> Result<User, UnreadableRow> {
        let name =
            |text: Option<String>, column| text.map(|text| Name::parse(&text)).transpose().in_column(column);
        let mut roles = names(self.roles.as_deref())
            .map(RoleName::parse)
            .collect::<Result<Vec<_>, _>>()
            .in_column("roles.name")?;
        roles.sort_unstable();
        Ok(User {
            id: Uuid::from_slice(&self.id).in_column("users.id")?.into(),
            email: EmailAddress::parse(&self.email).in_column("users.email")?,
            email_verified: self.email_verified,
            username: self
                .username
                .map(|text| Username::parse(&text))
                .transpose()
                .in_column("users.username")?,
            profile: ProfileNames {
                name: name(self.name, "users.name")?,
                first_name: name(self.first_name, "users.first_name")?,
                last_name: name(self.last_name, "users.last_name")?,
            },
            is_active: self.is_active,
            roles,
            locale: Locale::parse(&self.locale).in_column("users.locale")?,
            created_at: Timestamp::from_unix_micros(self.created_at),
            updated_at: self.updated_at.map(Timestamp::from_unix_micros),
            last_login_at: self.last_login_at.map(Timestamp::from_unix_micros),
        })
    }
}

/// A user with their password hash as stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(crate) struct AccountRow {
    #[diesel(embed)]
    user: UserRow,
    password_hash: Option<String>,
}

impl AccountRow {
    pub(crate) fn try_into_domain(self) -> Result<Account, UnreadableRow> {
        Ok(Account {
            user: self.user.try_into_domain()?,
            password_hash: self.password_hash.map(PasswordHash::new),
        })
    }
}

/// A session, stored or to be stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
pub(crate) struct SessionRow {
    id: Vec<u8>,
    user_id: Vec<u8>,
    generation: i64,
    created_at: i64,
    last_used_at: i64,
    expires_at: i64,
    ends_at: i64,
    ip: Option<String>,
    user_agent: Option<String>,
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.uuid().into_bytes().into(),
            user_id: session.user_id.uuid().into_bytes().into(),
            generation: session.generation.number().into(),
            created_at: session.created_at.unix_micros(),
            last_used_at: session.last_used_at.unix_micros(),
            expires_at: session.expires_at.unix_micros(),
            ends_at: session.ends_at.unix_micros(),
            ip: session.client.ip.map(|ip| ip.to_string()),
            user_agent: session.client.user_agent.as_ref().map(UserAgent::to_string),
        }
    }
}

impl SessionRow {
    pub(crate) fn try_into_domain(self) -> Result<Session, UnreadableRow> {
        Ok(Session {
            id: Uuid::from_slice(&self.id).in_column("sessions.id")?.into(),
            user_id: Uuid::from_slice(&self.user_id).in_column("sessions.user_id")?.into(),
            generation: Generation::new(self.generation.try_into().in_column("sessions.generation")?),
            created_at: Timestamp::from_unix_micros(self.created_at),
            last_used_at: Timestamp::from_unix_micros(self.last_used_at),
            expires_at: Timestamp::from_unix_micros(self.expires_at),
            ends_at: Timestamp::from_unix_micros(self.ends_at),
            client: client(
                self.ip.as_deref(),
                self.user_agent.as_deref(),
                "sessions.ip",
                "sessions.user_agent",
            )?,
        })
    }
}

/// The client that two columns tell of.
pub(crate) fn client(
    ip: Option<&str>,
    user_agent: Option<&str>,
    ip_column: &'static str,
    user_agent_column: &'static str,
) -> Result<Client, UnreadableRow> {
    let user_agent = user_agent.map(|text| UserAgent::sanitized(text).in_column(user_agent_column));
    Ok(Client {
        ip: ip.map(str::parse).transpose().in_column(ip_column)?,
        user_agent: user_agent.transpose()?,
    })
}

/// A user with what they may do.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(crate) struct AuthorityRow {
    #[diesel(embed)]
    user: UserRow,
    permissions: Option<String>,
}

impl AuthorityRow {
    pub(crate) fn try_into_domain(self) -> Result<(User, Permissions), UnreadableRow> {
        let user = self.user.try_into_domain()?;
        let named = permissions(self.permissions.as_deref())?;
        let permissions = if user.roles.iter().any(RoleName::is_admin) {
            Permissions::every(named)
        } else {
            Permissions::Only(named)
        };
        Ok((user, permissions))
    }
}

/// A session with its user and what they may do.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(crate) struct PrincipalRow {
    #[diesel(embed)]
    session: SessionRow,
    #[diesel(embed)]
    authority: AuthorityRow,
}

impl PrincipalRow {
    pub(crate) fn try_into_domain(self) -> Result<Principal, UnreadableRow> {
        let (user, permissions) = self.authority.try_into_domain()?;
        Ok(Principal { user, session: self.session.try_into_domain()?, permissions })
    }
}

/// A role as stored, with its permissions.
#[derive(Queryable, Selectable)]
#[diesel(table_name = complete_roles)]
pub(crate) struct RoleRow {
    id: Vec<u8>,
    name: String,
    description: Option<String>,
    built_in: bool,
    permissions: Option<String>,
}

impl RoleRow {
    pub(crate) fn try_into_domain(self) -> Result<Role, UnreadableRow> {
        let description = self.description.map(|text| RoleDescription::parse(&text));
        Ok(Role {
            id: Uuid::from_slice(&self.id).in_column("roles.id")?.into(),
            name: RoleName::parse(&self.name).in_column("roles.name")?,
            description: description.transpose().in_column("roles.description")?,
            built_in: self.built_in,
            permissions: permissions(self.permissions.as_deref())?,
        })
    }
}

fn permissions(list: Option<&str>) -> Result<BTreeSet<Permission>, UnreadableRow> {
    names(list).map(Permission::parse).collect::<Result<_, _>>().in_column("role_permissions.permission")
}

/// The names in a list that a view made.
fn names(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.into_iter().flat_map(|list| list.split(','))
}
