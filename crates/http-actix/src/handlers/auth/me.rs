use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{AuthenticateError, DeleteAccountError, UpdateProfileError, UseCases};
use portcullis_domain::{Change, Name, Password, ProfileChange, Username};
use utoipa::ToSchema;

use crate::authenticated::{Authenticated, NoAccount, OwnAccount};
use crate::body::Body;
use crate::client::ClientOf;
use crate::dto::UserDto;
use crate::fields::{self, Fields, FromFields};
use crate::problem::{Problem, Problems};
use crate::schemas;

/// What shall be different: a field that is left out stays as it is, null clears it.
#[derive(ToSchema)]
pub(crate) struct ProfileUpdate {
    #[schema(schema_with = schemas::name, required = false)]
    name: Change<Name>,
    #[schema(schema_with = schemas::username, required = false)]
    username: Change<Username>,
    #[schema(schema_with = schemas::first_name, required = false)]
    first_name: Change<Name>,
    #[schema(schema_with = schemas::last_name, required = false)]
    last_name: Change<Name>,
}

impl FromFields for ProfileUpdate {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.change("name", Name::parse);
        let username = fields.change("username", Username::parse);
        let first_name = fields.change("first_name", Name::parse);
        let last_name = fields.change("last_name", Name::parse);
        Some(Self { name: name?, username: username?, first_name: first_name?, last_name: last_name? })
    }
}

/// What shows that an account is the caller's to erase.
#[derive(ToSchema)]
pub(crate) struct AccountDeletion {
    #[schema(schema_with = schemas::claimed_password, required)]
    password: Option<Password>,
}

impl FromFields for AccountDeletion {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let password = fields.required("password", fields::claimed_password);
        Some(Self { password: password? })
    }
}

/// Shows the caller's account
#[utoipa::path(
    get,
    path = "/api/v1/auth/me",
    tag = "Accounts",
    responses((status = 200, description = "The account.", body = UserDto), Problems<AuthenticateError>)
)]
pub(crate) async fn read_me(Authenticated(principal): Authenticated) -> HttpResponse {
    HttpResponse::Ok().json(UserDto::from(&principal.user))
}

/// Changes what the caller is called
#[utoipa::path(
    method(patch, put),
    path = "/api/v1/auth/me",
    tag = "Accounts",
    request_body = ProfileUpdate,
    responses((status = 200, description = "The account as it is now.", body = UserDto), Problems<UpdateProfileError, NoAccount>)
)]
pub(crate) async fn update_me(
    account: OwnAccount,
    Body(update): Body<ProfileUpdate>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let ProfileUpdate { name, username, first_name, last_name } = update;
    let change = ProfileChange { username, name, first_name, last_name };
    let user = use_cases.update_profile.update(account.of_whom()?.user, change, client).await?;
    Ok(HttpResponse::Ok().json(UserDto::from(&user)))
}

/// Erases the caller's account
///
/// And all that hangs on it. A wrong password counts towards the lockout of the account.
#[utoipa::path(
    delete,
    path = "/api/v1/auth/me",
    tag = "Accounts",
    request_body = AccountDeletion,
    responses((status = 204, description = "The account is gone."), Problems<DeleteAccountError, NoAccount>)
)]
pub(crate) async fn delete_me(
    account: OwnAccount,
    Body(AccountDeletion { password }): Body<AccountDeletion>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    use_cases.delete_account.delete(&account.of_whom()?, password, client).await?;
    Ok(HttpResponse::NoContent().finish())
}
