use portcullis_domain::{Name, Page, RoleName, User, Username};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::moment::Moment;

/// Somebody who has an account.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserDto<'a> {
    /// Names the account for good: a `UUIDv7`.
    #[schema(examples("019ca0f4-3c00-7cc1-8000-5d2e3b7f7a10"))]
    id: Uuid,
    /// The address as its owner first wrote it.
    #[schema(format = Email, examples("ada@example.com"))]
    email: &'a str,
    /// Whether the owner has shown that they read mails to the address.
    email_verified: bool,
    /// A name to sign in with.
    #[schema(required, examples("ada"))]
    username: Option<&'a str>,
    /// The whole name, or a nickname.
    #[schema(required, examples("Ada Lovelace"))]
    name: Option<&'a str>,
    /// The given name.
    #[schema(required, examples("Ada"))]
    first_name: Option<&'a str>,
    /// The family name.
    #[schema(required, examples("Lovelace"))]
    last_name: Option<&'a str>,
    /// Whether the account may be used.
    is_active: bool,
    /// The names of the roles held, in alphabetical order.
    #[schema(examples(json!(["user"])))]
    roles: Vec<&'a str>,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime, examples("2026-03-01T12:00:00.123456Z"))]
    created_at: Moment,
    /// When the profile last changed.
    #[schema(value_type = Option<String>, required, format = DateTime, examples("2026-03-02T08:30:00Z"))]
    updated_at: Option<Moment>,
    /// When somebody last signed in.
    #[schema(value_type = Option<String>, required, format = DateTime, examples("2026-03-02T08:00:00Z"))]
    last_login_at: Option<Moment>,
}

/// Some users.
#[derive(Serialize, ToSchema)]
#[schema(as = Users)]
pub(crate) struct UsersDto<'a> {
    /// The newest first.
    items: Vec<UserDto<'a>>,
    /// With which the list goes on; null at its end.
    #[schema(required)]
    next_cursor: Option<&'a str>,
}

impl<'a> From<&'a Page<User>> for UsersDto<'a> {
    fn from(page: &'a Page<User>) -> Self {
        Self { items: page.items.iter().map(Into::into).collect(), next_cursor: page.next_cursor.as_deref() }
    }
}

impl<'a> From<&'a User> for UserDto<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id.uuid(),
            email: user.email.as_str(),
            email_verified: user.email_verified,
            username: user.username.as_ref().map(Username::as_str),
            name: user.profile.name.as_ref().map(Name::as_str),
            first_name: user.profile.first_name.as_ref().map(Name::as_str),
            last_name: user.profile.last_name.as_ref().map(Name::as_str),
            is_active: user.is_active,
            roles: user.roles.iter().map(RoleName::as_str).collect(),
            created_at: Moment(user.created_at),
            updated_at: user.updated_at.map(Moment),
            last_login_at: user.last_login_at.map(Moment),
        }
    }
}
