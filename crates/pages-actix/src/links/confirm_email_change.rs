//! `/confirm-email-change`: moves an account to the address that the link was mailed to.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{ConfirmEmailChangeError, LinkKind, UseCases};

use super::language::Language;
use super::link::{self, ReturnedToken};
use crate::client::ClientOf;
use crate::form::Form;
use crate::problem::Problem;
use crate::query::Query;

pub(super) const PATH: &str = "/confirm-email-change";

pub(super) async fn show(
    language: Language,
    Query(ReturnedToken(token)): Query<ReturnedToken>,
    domain: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let Some(token) = token else {
        return Ok(dead_link(language));
    };
    let question = &language.texts().confirm_email_change.question;
    Ok(match domain.inspect_link.inspect(LinkKind::EmailChange, &token).await? {
        Some(link) => link::ask(language, PATH, question, &link.address, &token),
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
    let texts = &language.texts().confirm_email_change;
    match domain.confirm_email_change.confirm(&token, client).await {
        Ok(user) => Ok(link::tell_success(language, &texts.done, &user.email)),
        Err(ConfirmEmailChangeError::InvalidToken) => Ok(dead_link(language)),
        Err(ConfirmEmailChangeError::EmailTaken) => {
            Ok(link::tell_problem(language, StatusCode::CONFLICT, &texts.taken))
        }
        Err(ConfirmEmailChangeError::Storage(error)) => Err(error.into()),
    }
}

fn dead_link(language: Language) -> HttpResponse {
    link::tell_problem(language, StatusCode::BAD_REQUEST, &language.texts().confirm_email_change.dead_link)
}
