//! `/confirm-email-change`: moves an account to the address that the link was mailed to.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{ConfirmEmailChangeError, LinkKind, UseCases};
use portcullis_http_actix::building_blocks::{ClientOf, Form, Problem, Query};

use super::{ReturnedToken, ask, tell_problem, tell_success};
use crate::frame::Frame;
use crate::linked_pages::CONFIRM_EMAIL_CHANGE;

pub(crate) async fn show(
    frame: Frame,
    Query(ReturnedToken(token)): Query<ReturnedToken>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let Some(token) = token else {
        return Ok(dead_link(&frame));
    };
    let question = &frame.texts().confirm_email_change.question;
    Ok(match use_cases.inspect_link.inspect(LinkKind::EmailChange, &token).await? {
        Some(link) => ask(&frame, CONFIRM_EMAIL_CHANGE, question, &link.address, &token),
        None => dead_link(&frame),
    })
}

pub(crate) async fn act(
    frame: Frame,
    Form(ReturnedToken(token)): Form<ReturnedToken>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let Some(token) = token else {
        return Ok(dead_link(&frame));
    };
    let texts = &frame.texts().confirm_email_change;
    match use_cases.confirm_email_change.confirm(&token, client).await {
        Ok(user) => Ok(tell_success(&frame, &texts.done, &user.email)),
        Err(ConfirmEmailChangeError::InvalidToken) => Ok(dead_link(&frame)),
        Err(ConfirmEmailChangeError::EmailTaken) => {
            Ok(tell_problem(&frame, StatusCode::CONFLICT, &texts.taken))
        }
        Err(ConfirmEmailChangeError::Storage(error)) => Err(error.into()),
    }
}

fn dead_link(frame: &Frame) -> HttpResponse {
    tell_problem(frame, StatusCode::BAD_REQUEST, &frame.texts().confirm_email_change.dead_link)
}
