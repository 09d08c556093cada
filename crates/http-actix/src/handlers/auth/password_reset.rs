use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::ports::StorageError;
use portcullis_domain::use_cases::{ResetPasswordCommand, ResetPasswordError, UseCases};
use portcullis_domain::{EmailAddress, Password, TokenSecret};
use utoipa::ToSchema;

use crate::body::Body;
use crate::dto::MessageDto;
use crate::fields::{self, Fault, Fields, FromFields};
use crate::locale::PreferredLocale;
use crate::problem::{FieldCode, Problem, Problems};

/// Who has forgotten their password.
#[derive(ToSchema)]
pub(crate) struct PasswordResetRequest {
    /// The address of the account.
    #[schema(value_type = String, format = Email, max_length = 254, examples("ada@example.com"))]
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
    /// The secret of the link.
    #[schema(value_type = String, examples("c2l4dHktZml2ZS1jaGFyYWN0ZXJzLW9mLWJhc2U2NHVybA"))]
    token: Option<TokenSecret>,
    /// The password to be set: 8 to 128 Unicode characters after NFKC; more than 8 where the installation asks
    /// for it. Neither a common one nor one that contains the e-mail address, the username or a name.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128, examples("correct horse battery"))]
    new_password: Password,
    /// The same again, for forms that ask twice.
    #[schema(value_type = Option<String>, format = Password)]
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
    domain: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    domain.request_password_reset.request(email, locale).await?;
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
    domain: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    domain.reset_password.reset(ResetPasswordCommand { token, new_password }).await?;
    Ok(MessageDto::respond(StatusCode::OK, "The password has been changed."))
}
