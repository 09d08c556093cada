//! The pages that mailed links lead to. They know no cookies: the secret of the link is all that counts, and shows
//! by itself that a form is not forged.

pub(crate) mod confirm_email_change;
pub(crate) mod reset_password;
pub(crate) mod verify_email;

use std::convert::Infallible;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use portcullis_domain::{EmailAddress, TokenSecret};
use portcullis_http_actix::building_blocks::{Fields, FromFields};

use crate::elements::{Card, Form, Link, Page, Sign};
use crate::frame::{Frame, Powers};
use crate::texts::{Notice, Question};

/// The secret of a link as it comes back, in the query of its page or in a hidden field of the form there; none
/// when what came can be none.
pub(crate) struct ReturnedToken(pub(crate) Option<TokenSecret>);

impl FromFields for ReturnedToken {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.optional("token", |text: &str| Ok::<_, Infallible>(TokenSecret::parse(text)))?;
        Some(Self(token.flatten()))
    }
}

/// A form that sends the secret back to the page at `path`.
fn form(frame: &Frame, path: &str, button: &'static str, token: &TokenSecret) -> Form {
    Form::new(frame.to(path), button).hidden("token", token.expose())
}

/// Asks for the press of a button.
fn ask(
    frame: &Frame,
    path: &str,
    question: &'static Question,
    address: &EmailAddress,
    token: &TokenSecret,
) -> HttpResponse {
    let card = Card {
        address: Some(address.to_string()),
        text: question.text.clone(),
        forms: vec![form(frame, path, &question.button, token)],
        ..Card::new(Sign::Mail, &question.title)
    };
    frame.respond(Page::from(card), Powers::Link, None)
}

/// Tells what is done.
fn tell_success(frame: &Frame, notice: &Notice, address: &EmailAddress) -> HttpResponse {
    let card = Card { address: Some(address.to_string()), ..card(frame, Sign::Success, notice) };
    frame.respond(Page::from(card), Powers::Link, None)
}

/// Tells what cannot be done, and what to do instead.
fn tell_problem(frame: &Frame, status: StatusCode, notice: &Notice) -> HttpResponse {
    frame.respond(Page::from(card(frame, Sign::Problem, notice)).with_status(status), Powers::Link, None)
}

fn card(frame: &Frame, sign: Sign, notice: &Notice) -> Card {
    let sign_in = || Link::new(&frame.texts().common.sign_in, frame.to("sign-in"));
    let is_shown = frame.site.options.are_accounts_shown;
    Card {
        text: notice.text.clone(),
        links: is_shown.then(sign_in).into_iter().collect(),
        ..Card::new(sign, &notice.title)
    }
}
