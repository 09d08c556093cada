//! Rows as they are stored, and the entities that they become.

use diesel::prelude::*;
use portcullis_domain::{
    Account, Client, EmailAddress, Generation, Locale, Name, PasswordHash, Permission, Permissions,
    Principal, ProfileNames, Role, RoleDescription, RoleName, SearchPrefix, Session, User, UserAgent,
    Username,
};
use uuid::Uuid;

use crate::errors::UnreadableRow;
use crate::moment::Moment;
use crate::schema::{accounts, roles_with_permissions, sessions};

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

/// The form by which a name is searched for: as much of it as a [prefix](SearchPrefix) can
/// ask for. An entry of an index holds no more than 2,704 octets, and folding can make a name many times as long.
pub(crate) fn folded(name: &Name) -> String {
    name.canonical().chars().take(SearchPrefix::MAX_CHARACTERS).collect()
}

/// Reads what a client called itself.
pub(crate) fn user_agent(
    text: Option<String>,
    column: &'static str,
) -> Result<Option<UserAgent>, UnreadableRow> {
    text.map(|text| UserAgent::sanitized(&text).in_column(column)).transpose()
}

/// Reads the names of permissions.
fn permissions<All: FromIterator<Permission>>(names: &[String]) -> Result<All, UnreadableRow> {
    let permissions = names.iter().map(|name| Permission::parse(name));
    permissions.collect::<Result<_, _>>().in_column("role_permissions.permission")
}

/// A user as stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(crate) struct UserRow {
    id: Uuid,
    email: String,
    email_verified: bool,
    username: Option<String>,
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    is_active: bool,
    roles: Vec<String>,
    locale: String,
    created_at: Moment,
    updated_at: Option<Moment>,
    last_login_at: Option<Moment>,
}

/// The columns of a [`UserRow`], in its order, from what is called `accounts`.
macro_rules! user_columns {
    () => {
        "accounts.id, accounts.email, accounts.email_verified, accounts.username, accounts.name, \
         accounts.first_name, accounts.last_name, accounts.is_active, accounts.roles, accounts.locale, \
         accounts.created_at, accounts.updated_at, accounts.last_login_at"
    };
}
pub(crate) use user_columns;

impl UserRow {
    pub(crate) fn try_into_domain(self) -> Result<User, UnreadableRow> {
        let name =
            |text: Option<String>, column| text.map(|text| Name::parse(&text)).transpose().in_column(column);
        let roles = self.roles.iter().map(|name| RoleName::parse(name));
        let mut roles = roles.collect::<Result<Vec<_>, _>>().in_column("roles.name")?;
        roles.sort_unstable();
        Ok(User {
            id: self.id.into(),
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
            created_at: self.created_at.0,
            updated_at: self.updated_at.map(|moment| moment.0),
            last_login_at: self.last_login_at.map(|moment| moment.0),
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

/// The columns of an [`AccountRow`], in its order, from what is called `accounts`.
macro_rules! account_columns {
    () => {
        concat!($crate::rows::user_columns!(), ", accounts.password_hash")
    };
}
pub(crate) use account_columns;

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
    id: Uuid,
    user_id: Uuid,
    generation: i64,
    created_at: Moment,
    last_used_at: Moment,
    expires_at: Moment,
    ends_at: Moment,
    ip: Option<String>,
    user_agent: Option<String>,
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        Self {
            id: session.id.uuid(),
            user_id: session.user_id.uuid(),
            generation: session.generation.number().into(),
            created_at: Moment(session.created_at),
            last_used_at: Moment(session.last_used_at),
            expires_at: Moment(session.expires_at),
            ends_at: Moment(session.ends_at),
            ip: session.client.ip.map(|ip| ip.to_string()),
            user_agent: session.client.user_agent.as_ref().map(UserAgent::to_string),
        }
    }
}

impl SessionRow {
    pub(crate) fn try_into_domain(self) -> Result<Session, UnreadableRow> {
        Ok(Session {
            id: self.id.into(),
            user_id: self.user_id.into(),
            generation: Generation::new(self.generation.try_into().in_column("sessions.generation")?),
            created_at: self.created_at.0,
            last_used_at: self.last_used_at.0,
            expires_at: self.expires_at.0,
            ends_at: self.ends_at.0,
            client: Client {
                ip: self.ip.map(|text| text.parse()).transpose().in_column("sessions.ip")?,
                user_agent: user_agent(self.user_agent, "sessions.user_agent")?,
            },
        })
    }
}

/// A user with what they may do, as stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(crate) struct CallerRow {
    #[diesel(embed)]
    user: UserRow,
    permissions: Vec<String>,
}

/// The columns of a [`CallerRow`], in its order, from what is called `accounts`.
macro_rules! caller_columns {
    () => {
        concat!($crate::rows::user_columns!(), ", accounts.permissions")
    };
}
pub(crate) use caller_columns;

impl CallerRow {
    /// Who calls with this session of theirs.
    pub(crate) fn calling_with(self, session: Session) -> Result<Principal, UnreadableRow> {
        let user = self.user.try_into_domain()?;
        let named: Vec<_> = permissions(&self.permissions)?;
        let permissions = if user.roles.iter().any(RoleName::is_admin) {
            Permissions::every(named)
        } else {
            Permissions::only(named)
        };
        Ok(Principal { user, session, permissions })
    }
}

/// A session with its user and what they may do.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub(crate) struct PrincipalRow {
    #[diesel(embed)]
    session: SessionRow,
    #[diesel(embed)]
    caller: CallerRow,
}

/// The columns of a [`PrincipalRow`], in its order, from what is called `sessions` and `accounts`.
macro_rules! principal_columns {
    () => {
        concat!(
            "sessions.id, sessions.user_id, sessions.generation, sessions.created_at, sessions.last_used_at, \
             sessions.expires_at, sessions.ends_at, sessions.ip, sessions.user_agent, ",
            $crate::rows::caller_columns!()
        )
    };
}
pub(crate) use principal_columns;

impl PrincipalRow {
    pub(crate) fn try_into_domain(self) -> Result<Principal, UnreadableRow> {
        self.caller.calling_with(self.session.try_into_domain()?)
    }
}

/// A role with its permissions, as stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = roles_with_permissions)]
pub(crate) struct RoleRow {
    id: Uuid,
    name: String,
    description: Option<String>,
    built_in: bool,
    permissions: Vec<String>,
}

/// The columns of a [`RoleRow`], in its order, from what is called `roles_with_permissions`.
macro_rules! role_columns {
    () => {
        "roles_with_permissions.id, roles_with_permissions.name, roles_with_permissions.description, \
         roles_with_permissions.built_in, roles_with_permissions.permissions"
    };
}
pub(crate) use role_columns;

impl RoleRow {
    pub(crate) fn try_into_domain(self) -> Result<Role, UnreadableRow> {
        let description = self.description.map(|text| RoleDescription::parse(&text));
        Ok(Role {
            id: self.id.into(),
            name: RoleName::parse(&self.name).in_column("roles.name")?,
            description: description.transpose().in_column("roles.description")?,
            built_in: self.built_in,
            permissions: permissions(&self.permissions)?,
        })
    }
}
