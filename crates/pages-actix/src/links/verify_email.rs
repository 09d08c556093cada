//! `/verify-email`: shows that an address is its reader's.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{LinkKind, UseCases, VerifyEmailError};
use portcullis_http_actix::building_blocks::{ClientOf, Form, Problem, Query};

use super::{ReturnedToken, ask, tell_problem, tell_success};
use crate::frame::Frame;
use crate::linked_pages::VERIFY_EMAIL;

pub(crate) async fn show(
    frame: Frame,
    Query(ReturnedToken(token)): Query<ReturnedToken>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let Some(token) = token else {
        return Ok(dead_link(&frame));
    };
    let texts = &frame.texts().verify_email;
    Ok(match use_cases.inspect_link.inspect(LinkKind::Verification, &token).await? {
        Some(link) if link.user.email_verified => tell_success(&frame, &texts.done, &link.address),
        Some(link) => ask(&frame, VERIFY_EMAIL, &texts.question, &link.address, &token),
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
    match use_cases.verify_email.verify(&token, client).await {
        Ok(user) => Ok(tell_success(&frame, &frame.texts().verify_email.done, &user.email)),
        Err(VerifyEmailError::InvalidToken) => Ok(dead_link(&frame)),
        Err(VerifyEmailError::Storage(error)) => Err(error.into()),
    }
}

fn dead_link(frame: &Frame) -> HttpResponse {
    tell_problem(frame, StatusCode::BAD_REQUEST, &frame.texts().verify_email.dead_link)
}
