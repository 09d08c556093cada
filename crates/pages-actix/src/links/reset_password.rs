//! `/reset-password`: sets a new password.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{LinkKind, ResetPasswordCommand, ResetPasswordError, UseCases};
use portcullis_domain::{EmailAddress, Password, PasswordRefusal, TokenSecret};
use portcullis_http_actix::building_blocks::{ClientOf, Fields, Form, FromFields, Problem, Query, fields};
use zeroize::Zeroizing;

use super::{ReturnedToken, form, tell_problem, tell_success};
use crate::elements::{Card, Field, Page, Sign};
use crate::frame::{Frame, Powers};
use crate::linked_pages::RESET_PASSWORD;
use crate::texts::RefusalsTexts;

pub(crate) struct ResetForm {
    token: ReturnedToken,
    new_password: Zeroizing<String>,
    password_confirm: Zeroizing<String>,
}

impl FromFields for ResetForm {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = ReturnedToken::from_fields(fields);
        let new_password = fields.optional("new_password", fields::verbatim);
        let password_confirm = fields.optional("password_confirm", fields::verbatim);
        Some(Self {
            token: token?,
            new_password: new_password?.unwrap_or_default(),
            password_confirm: password_confirm?.unwrap_or_default(),
        })
    }
}

pub(crate) async fn show(
    frame: Frame,
    Query(ReturnedToken(token)): Query<ReturnedToken>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let Some(token) = token else {
        return Ok(dead_link(&frame));
    };
    Ok(match use_cases.inspect_link.inspect(LinkKind::PasswordReset, &token).await? {
        Some(link) => show_form(&frame, &link.address, &token, None),
        None => dead_link(&frame),
    })
}

pub(crate) async fn act(
    frame: Frame,
    Form(ResetForm { token, new_password, password_confirm }): Form<ResetForm>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let ReturnedToken(Some(token)) = token else {
        return Ok(dead_link(&frame));
    };
    let Some(link) = use_cases.inspect_link.inspect(LinkKind::PasswordReset, &token).await? else {
        return Ok(dead_link(&frame));
    };
    let refuse = |refusal| Ok(show_form(&frame, &link.address, &token, Some(refusal)));
    let Ok(password) = Password::parse(&new_password) else {
        return refuse(Refusal::TooLong);
    };
    if new_password != password_confirm {
        return refuse(Refusal::Mismatch);
    }
    let command = ResetPasswordCommand { token: Some(token.clone()), new_password: password, client };
    match use_cases.reset_password.reset(command).await {
        Ok(()) => Ok(tell_success(&frame, &frame.texts().reset_password.done, &link.address)),
        Err(ResetPasswordError::PasswordRefused(refusal)) => refuse(Refusal::ByPolicy(refusal)),
        Err(ResetPasswordError::InvalidToken) => Ok(dead_link(&frame)),
        Err(ResetPasswordError::Overloaded(error)) => Err(error.into()),
        Err(ResetPasswordError::Storage(error)) => Err(error.into()),
    }
}

/// Why the form is shown again.
#[derive(Clone, Copy)]
enum Refusal {
    TooLong,
    ByPolicy(PasswordRefusal),
    /// The second password is not the first.
    Mismatch,
}

impl Refusal {
    fn in_words(self, words: &RefusalsTexts) -> String {
        match self {
            Self::TooLong => words.too_long.replace("{maximum}", &Password::MAX_CHARACTERS.to_string()),
            Self::ByPolicy(PasswordRefusal::TooShort { minimum }) => {
                words.too_short.replace("{minimum}", &minimum.to_string())
            }
            Self::ByPolicy(PasswordRefusal::Common | PasswordRefusal::Breached) => words.common.clone(),
            Self::ByPolicy(PasswordRefusal::ContainsIdentity) => words.contains_identity.clone(),
            Self::Mismatch => words.mismatch.clone(),
        }
    }
}

fn show_form(
    frame: &Frame,
    address: &EmailAddress,
    token: &TokenSecret,
    refusal: Option<Refusal>,
) -> HttpResponse {
    let (texts, common) = (&frame.texts().reset_password.form, &frame.texts().common);
    let words = refusal.map(|refusal| refusal.in_words(&frame.texts().refusals));
    let (first, second) = match refusal {
        Some(Refusal::Mismatch) => (None, words),
        Some(Refusal::TooLong | Refusal::ByPolicy(_)) | None => (words, None),
    };
    let minimum = frame.site.options.password.minimum().to_string();
    let mut form = form(frame, RESET_PASSWORD, &texts.button, token)
        .field(
            Field::new_password("new_password", &common.new_password, &common.show)
                .hint(common.password_hint.replace("{minimum}", &minimum))
                .error(first),
        )
        .field(Field::new_password("password_confirm", &common.password_confirm, &common.show).error(second));
    form.account = Some(address.to_string());
    let card = Card {
        address: Some(address.to_string()),
        text: texts.text.clone(),
        forms: vec![form],
        ..Card::new(Sign::Password, &texts.title)
    };
    let status = if refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    frame.respond(Page::from(card).with_status(status), Powers::Link, None)
}

fn dead_link(frame: &Frame) -> HttpResponse {
    tell_problem(frame, StatusCode::BAD_REQUEST, &frame.texts().reset_password.dead_link)
}
