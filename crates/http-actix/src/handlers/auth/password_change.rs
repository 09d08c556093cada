use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::Password;
use portcullis_domain::use_cases::{ChangePasswordCommand, ChangePasswordError, UseCases};
use utoipa::ToSchema;

use crate::authenticated::{NoAccount, OwnAccount};
use crate::body::Body;
use crate::client::ClientOf;
use crate::dto::MessageDto;
use crate::fields::{self, Fields, FromFields};
use crate::problem::{Problem, Problems};
use crate::schemas;

/// The password that an account has, and the one that it shall have.
#[derive(ToSchema)]
pub(crate) struct PasswordChangeRequest {
    #[schema(schema_with = schemas::claimed_password, required)]
    current_password: Option<Password>,
    #[schema(schema_with = schemas::new_password)]
    new_password: Password,
}

impl FromFields for PasswordChangeRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let current_password = fields.required("current_password", fields::claimed_password);
        let new_password = fields.required("new_password", fields::new_password);
        Some(Self { current_password: current_password?, new_password: new_password? })
    }
}

/// Changes the caller's password
///
/// All their other sessions end. A wrong current password counts towards the lockout of the account.
#[utoipa::path(
    post,
    path = "/api/v1/auth/password-change",
    tag = "Passwords",
    request_body = PasswordChangeRequest,
    responses((status = 200, description = "The password is changed.", body = MessageDto), Problems<ChangePasswordError, NoAccount>)
)]
pub(crate) async fn change_password(
    account: OwnAccount,
    Body(request): Body<PasswordChangeRequest>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let PasswordChangeRequest { current_password, new_password } = request;
    let command = ChangePasswordCommand { current_password, new_password, client };
    use_cases.change_password.change(&account.of_whom()?, command).await?;
    Ok(MessageDto::respond(StatusCode::OK, "The password has been changed."))
}
