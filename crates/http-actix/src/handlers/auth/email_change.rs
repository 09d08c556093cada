use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{
    ConfirmEmailChangeError, RequestEmailChangeCommand, RequestEmailChangeError, UseCases,
};
use portcullis_domain::{EmailAddress, Password, TokenSecret};
use serde::Serialize;
use utoipa::ToSchema;

use crate::authenticated::{NoAccount, OwnAccount};
use crate::body::Body;
use crate::client::ClientOf;
use crate::dto::{MessageDto, UserDto};
use crate::fields::{self, Fields, FromFields};
use crate::problem::{Problem, Problems};
use crate::rate_limit::MailPace;
use crate::schemas;

/// Where an account shall move, and what shows that it is the caller's.
#[derive(ToSchema)]
pub(crate) struct EmailChangeRequest {
    #[schema(schema_with = schemas::email)]
    new_email: EmailAddress,
    #[schema(schema_with = schemas::claimed_password, required)]
    password: Option<Password>,
}

impl FromFields for EmailChangeRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let new_email = fields.required("new_email", EmailAddress::parse);
        let password = fields.required("password", fields::claimed_password);
        Some(Self { new_email: new_email?, password: password? })
    }
}

/// The link of the mail to the new address.
#[derive(ToSchema)]
pub(crate) struct EmailChangeConfirmation {
    #[schema(schema_with = schemas::link_token, required)]
    token: Option<TokenSecret>,
}

impl FromFields for EmailChangeConfirmation {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", fields::verbatim);
        Some(Self { token: TokenSecret::parse(&token?) })
    }
}

/// A user at their new address.
#[derive(Serialize, ToSchema)]
#[schema(as = EmailChanged)]
struct EmailChangedDto<'a> {
    /// One or two sentences for people.
    #[schema(examples("The e-mail address has been changed."))]
    message: &'static str,
    user: UserDto<'a>,
}

/// Asks to move the caller's account to another address
///
/// The new address gets a mail with a link that confirms it, the old one a notice. A wrong password counts
/// towards the lockout of the account. Where the installation keeps to itself who has an account, a taken
/// address is answered like a free one, and its owner is told by mail.
#[utoipa::path(
    post,
    path = "/api/v1/auth/email-change",
    tag = "Accounts",
    request_body = EmailChangeRequest,
    responses((status = 202, description = "The mails are on their way.", body = MessageDto), Problems<RequestEmailChangeError, NoAccount>)
)]
pub(crate) async fn request_email_change(
    account: OwnAccount,
    Body(request): Body<EmailChangeRequest>,
    ClientOf(client): ClientOf,
    pace: MailPace,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let principal = account.of_whom()?;
    let EmailChangeRequest { new_email, password } = request;
    let command = RequestEmailChangeCommand { new_email, password, client };
    pace.request_email_change(use_cases, principal, command).await?;
    Ok(MessageDto::respond(
        StatusCode::ACCEPTED,
        "A mail to the new e-mail address, whose link confirms it, is on its way.",
    ))
}

/// Moves an account to the address that the link was mailed to
///
/// All its sessions end but the one that asked.
#[utoipa::path(
    post,
    path = "/api/v1/auth/email-change/confirm",
    tag = "Accounts",
    request_body = EmailChangeConfirmation,
    responses((status = 200, description = "The account has moved.", body = EmailChangedDto), Problems<ConfirmEmailChangeError>)
)]
pub(crate) async fn confirm_email_change(
    Body(EmailChangeConfirmation { token }): Body<EmailChangeConfirmation>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let token = token.ok_or(ConfirmEmailChangeError::InvalidToken)?;
    let user = use_cases.confirm_email_change.confirm(&token, client).await?;
    let message = "The e-mail address has been changed.";
    Ok(HttpResponse::Ok().json(EmailChangedDto { message, user: (&user).into() }))
}
