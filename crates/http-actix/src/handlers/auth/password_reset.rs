use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::{ResetPasswordCommand, ResetPasswordError, UseCases};
use portcullis_domain::{EmailAddress, Password, TokenSecret};
use utoipa::ToSchema;

use crate::body::Body;
use crate::client::ClientOf;
use crate::dto::MessageDto;
use crate::fields::{self, Fault, Fields, FromFields};
use crate::locale::PreferredLocale;
use crate::problem::{FieldCode, Problem, Problems};
use crate::rate_limit::{MailPace, RouteGroup};
use crate::schemas;

/// Who has forgotten their password.
#[derive(ToSchema)]
pub(crate) struct PasswordResetRequest {
    #[schema(schema_with = schemas::email)]
    email: EmailAddress,
}

impl FromFields for PasswordResetRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", EmailAddress::parse);
        Some(Self { email: email? })
    }
}

/// The link of a reset mail, and the password to be set.
#[derive(ToSchema)]
pub(crate) struct PasswordResetConfirmation {
    #[schema(schema_with = schemas::link_token, required)]
    token: Option<TokenSecret>,
    #[schema(schema_with = schemas::new_password)]
    new_password: Password,
    #[schema(schema_with = schemas::repeated_password, required = false)]
    #[expect(dead_code, reason = "compared when it is read, and described to the document")]
    password_confirm: Option<()>,
}

impl FromFields for PasswordResetConfirmation {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("token", fields::verbatim);
        let new_password = fields.required("new_password", fields::new_password);
        let repeats = |text: &str| match &new_password {
            Some(new_password) if !is_same(text, new_password) => {
                Err(Fault::new(FieldCode::Mismatch, "differs from `new_password`"))
            }
            _ => Ok(()),
        };
        let password_confirm = fields.optional("password_confirm", repeats);
        Some(Self {
            token: TokenSecret::parse(&token?),
            new_password: new_password?,
            password_confirm: password_confirm?,
        })
    }
}

/// Whether `text` is this password, however its keyboard composed it.
fn is_same(text: &str, password: &Password) -> bool {
    Password::parse(text).is_ok_and(|repeated| repeated.expose() == password.expose())
}

/// Mails a link that sets a new password
///
/// Answers the same, in the same time, for every address.
#[utoipa::path(
    post,
    path = "/api/v1/auth/password-reset/request",
    tag = "Passwords",
    request_body = PasswordResetRequest,
    responses((status = 200, description = "Whoever reads mails to the address hears more.", body = MessageDto), Problems<StorageError>)
)]
pub(crate) async fn request_password_reset(
    Body(PasswordResetRequest { email }): Body<PasswordResetRequest>,
    PreferredLocale(locale): PreferredLocale,
    pace: MailPace,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    if pace.admit(RouteGroup::Reset, &email).await {
        use_cases.request_password_reset.request(email, locale).await?;
    }
    Ok(MessageDto::respond(
        StatusCode::OK,
        "If there is an account with this e-mail address, a mail is on its way.",
    ))
}

/// Sets a new password by the link of the mail
///
/// All sessions end, the lockout is lifted, and the address counts as verified. A refused password leaves the
/// link good.
#[utoipa::path(
    post,
    path = "/api/v1/auth/password-reset/confirm",
    tag = "Passwords",
    request_body = PasswordResetConfirmation,
    responses((status = 200, description = "The password is set.", body = MessageDto), Problems<ResetPasswordError>)
)]
pub(crate) async fn confirm_password_reset(
    Body(PasswordResetConfirmation { token, new_password, .. }): Body<PasswordResetConfirmation>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    use_cases.reset_password.reset(ResetPasswordCommand { token, new_password, client }).await?;
    Ok(MessageDto::respond(StatusCode::OK, "The password has been changed."))
}
