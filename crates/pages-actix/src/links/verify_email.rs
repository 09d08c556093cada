//! `/verify-email`: shows that an address is its reader's.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{LinkKind, UseCases, VerifyEmailError};

use super::language::Language;
use super::link::{self, ReturnedToken};
use crate::client::ClientOf;
use crate::form::Form;
use crate::problem::Problem;
use crate::query::Query;

pub(super) const PATH: &str = "/verify-email";

pub(super) async fn show(
    language: Language,
    Query(ReturnedToken(token)): Query<ReturnedToken>,
    domain: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let Some(token) = token else {
        return Ok(dead_link(language));
    };
    let texts = &language.texts().verify_email;
    Ok(match domain.inspect_link.inspect(LinkKind::Verification, &token).await? {
        Some(link) if link.user.email_verified => link::tell_success(language, &texts.done, &link.address),
        Some(link) => link::ask(language, PATH, &texts.question, &link.address, &token),
        None => dead_link(language),
    })
}

pub(super) async fn act(
    language: Language,
    Form(ReturnedToken(token)): Form<ReturnedToken>,
    ClientOf(client): ClientOf,
    domain: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let Some(token) = token else {
        return Ok(dead_link(language));
    };
    match domain.verify_email.verify(&token, client).await {
        Ok(user) => Ok(link::tell_success(language, &language.texts().verify_email.done, &user.email)),
        Err(VerifyEmailError::InvalidToken) => Ok(dead_link(language)),
        Err(VerifyEmailError::Storage(error)) => Err(error.into()),
    }
}

fn dead_link(language: Language) -> HttpResponse {
    link::tell_problem(language, StatusCode::BAD_REQUEST, &language.texts().verify_email.dead_link)
}
