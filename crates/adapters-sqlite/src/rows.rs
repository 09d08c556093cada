//! Rows as they are stored, and the entities that they become. Ids are stored as the octets of their
//! UUID, moments as microseconds, roles and permissions read as names between commas.

use diesel::prelude::*;
use portcullis_domain::{
    Account, Client, EmailAddress, Generation, Locale, Name, PasswordHash, Permission, Permissions,
    Principal, ProfileNames, RoleName, Session, Timestamp, User, UserAgent, Username,
};
use uuid::Uuid;

use crate::errors::UnreadableRow;
use crate::schema::{accounts, sessions, users};

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
}

impl From<&User> for ProfileRow {
    fn from(user: &User) -> Self {
        let [name, first_name, last_name] = user.profile.as_array().map(|name| name.map(Name::to_string));
        Self {
            username: user.username.as_ref().map(|username| username.as_str().to_owned()),
            username_canonical: user.username.as_ref().map(|username| username.canonical().to_owned()),
            name,
            first_name,
            last_name,
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
        let user_agent = |text: String| UserAgent::sanitized(&text).in_column("sessions.user_agent");
        Ok(Session {
            id: Uuid::from_slice(&self.id).in_column("sessions.id")?.into(),
            user_id: Uuid::from_slice(&self.user_id).in_column("sessions.user_id")?.into(),
            generation: Generation::new(self.generation.try_into().in_column("sessions.generation")?),
            created_at: Timestamp::from_unix_micros(self.created_at),
            last_used_at: Timestamp::from_unix_micros(self.last_used_at),
            expires_at: Timestamp::from_unix_micros(self.expires_at),
            ends_at: Timestamp::from_unix_micros(self.ends_at),
            client: Client {
                ip: self.ip.map(|text| text.parse()).transpose().in_column("sessions.ip")?,
                user_agent: self.user_agent.map(user_agent).transpose()?,
            },
        })
    }
}

/// A session with its user and what they may do.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(crate) struct PrincipalRow {
    #[diesel(embed)]
    session: SessionRow,
    #[diesel(embed)]
    user: UserRow,
    permissions: Option<String>,
}

impl PrincipalRow {
    pub(crate) fn try_into_domain(self) -> Result<Principal, UnreadableRow> {
        let user = self.user.try_into_domain()?;
        let named = names(self.permissions.as_deref())
            .map(Permission::parse)
            .collect::<Result<Vec<_>, _>>()
            .in_column("role_permissions.permission")?;
        let permissions = if user.roles.iter().any(RoleName::is_admin) {
            Permissions::every(named)
        } else {
            Permissions::only(named)
        };
        Ok(Principal { user, session: self.session.try_into_domain()?, permissions })
    }
}

/// The names in a list that the view `accounts` made.
fn names(list: Option<&str>) -> impl Iterator<Item = &str> {
    list.into_iter().flat_map(|list| list.split(','))
}
