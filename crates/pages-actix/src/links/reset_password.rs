//! `/reset-password`: sets a new password.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use minijinja::context;
use minijinja::value::Serde;
use portcullis_domain::use_cases::{LinkKind, ResetPasswordCommand, ResetPasswordError, UseCases};
use portcullis_domain::{EmailAddress, Password, PasswordRefusal, TokenSecret};
use zeroize::Zeroizing;

use super::language::Language;
use super::layout::{Page, Place};
use super::link::{self, ReturnedToken};
use super::texts::PasswordRefusals;
use crate::client::ClientOf;
use crate::fields::{self, Fields, FromFields};
use crate::form::Form;
use crate::problem::Problem;
use crate::query::Query;

pub(super) const PATH: &str = "/reset-password";

pub(super) struct ResetForm {
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

pub(super) async fn show(
    language: Language,
    Query(ReturnedToken(token)): Query<ReturnedToken>,
    domain: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let Some(token) = token else {
        return Ok(dead_link(language));
    };
    Ok(match domain.inspect_link.inspect(LinkKind::PasswordReset, &token).await? {
        Some(link) => show_form(language, &link.address, &token, None),
        None => dead_link(language),
    })
}

pub(super) async fn act(
    language: Language,
    Form(form): Form<ResetForm>,
    ClientOf(client): ClientOf,
    domain: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let ReturnedToken(Some(token)) = form.token else {
        return Ok(dead_link(language));
    };
    let Some(link) = domain.inspect_link.inspect(LinkKind::PasswordReset, &token).await? else {
        return Ok(dead_link(language));
    };
    let refuse = |refusal| Ok(show_form(language, &link.address, &token, Some(refusal)));
    let Ok(new_password) = Password::parse(&form.new_password) else {
        return refuse(Refusal::TooLong);
    };
    if form.new_password != form.password_confirm {
        return refuse(Refusal::Mismatch);
    }
    let command = ResetPasswordCommand { token: Some(token.clone()), new_password, client };
    match domain.reset_password.reset(command).await {
        Ok(()) => Ok(link::tell_success(language, &language.texts().reset_password.done, &link.address)),
        Err(ResetPasswordError::PasswordRefused(refusal)) => refuse(Refusal::ByPolicy(refusal)),
        Err(ResetPasswordError::InvalidToken) => Ok(dead_link(language)),
        Err(ResetPasswordError::Hashing(error)) => Err(error.into()),
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
    fn in_words(self, words: &PasswordRefusals) -> String {
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
    language: Language,
    address: &EmailAddress,
    token: &TokenSecret,
    refusal: Option<Refusal>,
) -> HttpResponse {
    let texts = &language.texts().reset_password;
    let words = refusal.map(|refusal| refusal.in_words(&texts.refusals));
    let (new_password_error, password_confirm_error) = match refusal {
        Some(Refusal::Mismatch) => (None, words),
        Some(Refusal::TooLong | Refusal::ByPolicy(_)) | None => (words, None),
    };
    let content = context! {
        action => link::relative(PATH),
        form => Serde(&texts.form),
        address => address.as_str(),
        token => token.expose().as_str(),
        new_password_error,
        password_confirm_error,
    };
    let status = if refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Page { status, language, template: "reset-password.html", content, place: Place::Root }.respond()
}

fn dead_link(language: Language) -> HttpResponse {
    link::tell_problem(language, StatusCode::BAD_REQUEST, &language.texts().reset_password.dead_link)
}
