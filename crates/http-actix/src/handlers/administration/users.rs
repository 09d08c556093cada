use std::collections::BTreeSet;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use portcullis_domain::ports::UserFilter;
use portcullis_domain::use_cases::{
    CreateUserCommand, CreateUserError, DeleteUserError, FindUserError, ListUsersError, UnlockUserError,
    UpdateUserCommand, UpdateUserError, UseCases, VerifyUserError,
};
use portcullis_domain::{
    Change, EmailAddress, Name, PageLimit, Password, ProfileChange, ProfileNames, RoleName, SearchPrefix,
    UserId, Username,
};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use crate::authenticated::Acting;
use crate::body::Body;
use crate::dto::{UserDto, UsersDto};
use crate::fields::{self, Each, Fields, Flag, FromFields};
use crate::mount_point::MountPoint;
use crate::path_id::PathId;
use crate::problem::{Problem, Problems};
use crate::query::Query;
use crate::schemas;

/// Which users are asked for; what is left out does not matter.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// How many to give at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<PageLimit>,
    /// Where to go on: the `next_cursor` of the page before. It is good for the same query only; `limit` may
    /// differ.
    #[param(value_type = Option<String>)]
    cursor: Option<Zeroizing<String>>,
    /// How the e-mail address, the username or one of the names begins, regardless of case.
    #[param(value_type = Option<String>, min_length = 1, max_length = 255, example = "ada")]
    q: Option<SearchPrefix>,
    /// The name of a role that they hold.
    #[param(value_type = Option<String>, example = "admin")]
    role: Option<RoleName>,
    /// Whether their address is verified.
    email_verified: Option<bool>,
    /// Whether they may use their account.
    is_active: Option<bool>,
}

impl FromFields for UsersQuery {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let limit = fields.optional("limit", fields::page_limit);
        let cursor = fields.optional("cursor", fields::verbatim);
        let q = fields.optional("q", SearchPrefix::parse);
        let role = fields.optional("role", fields::role_name);
        let email_verified = fields.optional("email_verified", fields::flag);
        let is_active = fields.optional("is_active", fields::flag);
        Some(Self {
            limit: limit?,
            cursor: cursor?,
            q: q?,
            role: role?,
            email_verified: email_verified?,
            is_active: is_active?,
        })
    }
}

/// The account to be made.
#[derive(ToSchema)]
pub(crate) struct UserCreation {
    #[schema(schema_with = schemas::email)]
    email: EmailAddress,
    #[schema(schema_with = schemas::optional_new_password, required = false)]
    password: Option<Password>,
    #[schema(schema_with = schemas::username, required = false)]
    username: Option<Username>,
    #[schema(schema_with = schemas::name, required = false)]
    name: Option<Name>,
    #[schema(schema_with = schemas::first_name, required = false)]
    first_name: Option<Name>,
    #[schema(schema_with = schemas::last_name, required = false)]
    last_name: Option<Name>,
    /// Whether the address counts as verified; false if left out.
    email_verified: Option<bool>,
    /// Whether the account may be used; true if left out.
    is_active: Option<bool>,
    #[schema(schema_with = schemas::optional_role_names, required = false)]
    roles: Option<BTreeSet<RoleName>>,
}

impl FromFields for UserCreation {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", EmailAddress::parse);
        let password = fields.optional("password", fields::new_password);
        let username = fields.optional("username", Username::parse);
        let name = fields.optional("name", Name::parse);
        let first_name = fields.optional("first_name", Name::parse);
        let last_name = fields.optional("last_name", Name::parse);
        let email_verified = fields.optional("email_verified", Flag);
        let is_active = fields.optional("is_active", Flag);
        let roles = fields.optional("roles", Each(fields::role_name));
        Some(Self {
            email: email?,
            password: password?,
            username: username?,
            name: name?,
            first_name: first_name?,
            last_name: last_name?,
            email_verified: email_verified?,
            is_active: is_active?,
            roles: roles?,
        })
    }
}

impl From<UserCreation> for CreateUserCommand {
    fn from(creation: UserCreation) -> Self {
        let UserCreation { email, password, username, name, first_name, last_name, .. } = creation;
        Self {
            email,
            password,
            username,
            profile: ProfileNames { name, first_name, last_name },
            email_verified: creation.email_verified.unwrap_or(false),
            is_active: creation.is_active.unwrap_or(true),
            roles: creation.roles.unwrap_or_default(),
            // The language of who asks is not that of who is invited.
            locale: None,
        }
    }
}

/// What shall be different: a field that is left out stays as it is, null clears it.
#[derive(ToSchema)]
pub(crate) struct UserChange {
    #[schema(schema_with = schemas::email, required = false)]
    email: Option<EmailAddress>,
    #[schema(schema_with = schemas::username, required = false)]
    username: Change<Username>,
    #[schema(schema_with = schemas::name, required = false)]
    name: Change<Name>,
    #[schema(schema_with = schemas::first_name, required = false)]
    first_name: Change<Name>,
    #[schema(schema_with = schemas::last_name, required = false)]
    last_name: Change<Name>,
    /// Whether the account may be used; false ends every session.
    #[schema(value_type = bool, required = false)]
    is_active: Option<bool>,
}

impl FromFields for UserChange {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.replacement("email", EmailAddress::parse);
        let username = fields.change("username", Username::parse);
        let name = fields.change("name", Name::parse);
        let first_name = fields.change("first_name", Name::parse);
        let last_name = fields.change("last_name", Name::parse);
        let is_active = fields.replacement("is_active", Flag);
        Some(Self {
            email: email?,
            username: username?,
            name: name?,
            first_name: first_name?,
            last_name: last_name?,
            is_active: is_active?,
        })
    }
}

impl From<UserChange> for UpdateUserCommand {
    fn from(change: UserChange) -> Self {
        let UserChange { email, username, name, first_name, last_name, is_active } = change;
        let profile = ProfileChange { username, name, first_name, last_name };
        Self { profile, email, is_active }
    }
}

/// Lists users
///
/// A page at a time, the newest first. Who is there all along is in one of the pages that follow each other,
/// whoever comes and goes meanwhile.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "Users",
    params(UsersQuery),
    responses((status = 200, description = "A page of the list.", body = UsersDto), Problems<ListUsersError>)
)]
pub(crate) async fn list_users(
    Query(query): Query<UsersQuery>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let UsersQuery { limit, cursor, q, role, email_verified, is_active } = query;
    let filter = UserFilter { prefix: q, role, email_verified, is_active };
    let cursor = cursor.as_ref().map(|cursor| cursor.as_str());
    let page = use_cases.list_users.list(filter, cursor, limit.unwrap_or_default()).await?;
    Ok(HttpResponse::Ok().json(UsersDto::from(&page)))
}

/// Makes an account
///
/// Without a password its owner is invited: a mail brings a link, good for seven days unless configured, with
/// which `password-reset/confirm` sets the first password. To give roles takes the permission `roles:assign`,
/// and every permission that the roles have.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    tag = "Users",
    request_body = UserCreation,
    responses(
        (status = 201, description = "The account is there.", body = UserDto,
            headers(("Location" = String, description = "Where the user is found."))),
        Problems<CreateUserError>,
    )
)]
pub(crate) async fn create_user(
    Acting(actor): Acting,
    Body(creation): Body<UserCreation>,
    mount_point: MountPoint,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = use_cases.create_user.create(&actor, creation.into()).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("{mount_point}/api/v1/users/{}", user.id)))
        .json(UserDto::from(&user)))
}

/// Shows a user
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}",
    tag = "Users",
    params(("id" = uuid::Uuid, Path, description = "Of the user.")),
    responses((status = 200, description = "The user.", body = UserDto), Problems<FindUserError>)
)]
pub(crate) async fn read_user(
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = use_cases.find_user.find(id.named()?).await?;
    Ok(HttpResponse::Ok().json(UserDto::from(&user)))
}

/// Changes a user
///
/// Another address is unverified again, and both addresses are told by mail. Whoever is deactivated is signed
/// out everywhere. Whoever has no password yet is invited again when they become active or have another address.
#[utoipa::path(
    method(patch, put),
    path = "/api/v1/users/{id}",
    tag = "Users",
    params(("id" = uuid::Uuid, Path, description = "Of the user.")),
    request_body = UserChange,
    responses((status = 200, description = "The user as they are now.", body = UserDto), Problems<UpdateUserError>)
)]
pub(crate) async fn update_user(
    Acting(actor): Acting,
    id: PathId<UserId>,
    Body(change): Body<UserChange>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = use_cases.update_user.update(&actor, id.named()?, change.into()).await?;
    Ok(HttpResponse::Ok().json(UserDto::from(&user)))
}

/// Erases a user
///
/// And all that hangs on the account. What the audit trail tells of it stays.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}",
    tag = "Users",
    params(("id" = uuid::Uuid, Path, description = "Of the user.")),
    responses((status = 204, description = "The account is gone."), Problems<DeleteUserError>)
)]
pub(crate) async fn delete_user(
    Acting(actor): Acting,
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    use_cases.delete_user.delete(&actor, id.named()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes a user's address for verified
#[utoipa::path(
    post,
    path = "/api/v1/users/{id}/verify",
    tag = "Users",
    params(("id" = uuid::Uuid, Path, description = "Of the user.")),
    responses((status = 200, description = "The user, verified.", body = UserDto), Problems<VerifyUserError>)
)]
pub(crate) async fn verify_user(
    Acting(actor): Acting,
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = use_cases.verify_user.verify(&actor, id.named()?).await?;
    Ok(HttpResponse::Ok().json(UserDto::from(&user)))
}

/// Lifts a user's lockout
///
/// Wrong passwords and wrong codes count from zero again.
#[utoipa::path(
    post,
    path = "/api/v1/users/{id}/unlock",
    tag = "Users",
    params(("id" = uuid::Uuid, Path, description = "Of the user.")),
    responses((status = 200, description = "The user, not locked.", body = UserDto), Problems<UnlockUserError>)
)]
pub(crate) async fn unlock_user(
    Acting(actor): Acting,
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = use_cases.unlock_user.unlock(&actor, id.named()?).await?;
    Ok(HttpResponse::Ok().json(UserDto::from(&user)))
}
