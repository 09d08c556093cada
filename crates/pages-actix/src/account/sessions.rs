//! `/account/sessions`: where somebody is signed in.

use actix_web::{HttpResponse, web};
use askama::Template;
use portcullis_domain::use_cases::{EndSessionError, UseCases};
use portcullis_domain::{Principal, Session, SessionId};
use portcullis_http_actix::building_blocks::{Fields, FromFields, Problem};
use zeroize::Zeroizing;

use super::{Part, device};
use crate::elements::{Form, Html, Moment, Page, Panel, Shell, Weight};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::{Nothing, Submission};
use crate::texts::SessionsTexts;
use crate::visit::{SignedIn, Visit};

/// Which session shall end; none when what was sent names none.
pub(crate) struct Ending(Option<SessionId>);

impl FromFields for Ending {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let id = fields
            .required("id", |text: &str| Ok::<_, std::convert::Infallible>(SessionId::parse(text).ok()));
        id.map(Self)
    }
}

#[derive(Template)]
#[template(path = "sessions.html")]
struct Sessions {
    texts: &'static SessionsTexts,
    sessions: Vec<Row>,
}

struct Row {
    device: String,
    address: Option<String>,
    created_at: Html,
    last_used_at: Html,
    is_current: bool,
    /// How to end it, if it is not this one.
    end: Option<Form>,
}

pub(crate) async fn show(
    SignedIn { visit, principal }: SignedIn,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let texts = &visit.texts().sessions;
    let sessions = use_cases.list_sessions.list(principal.user.id).await?;
    let has_others = sessions.len() > 1;
    let list = Panel {
        text: vec![texts.text.clone()],
        content: Some(list_of(&visit, &sessions, &principal, Ends::EachByItself)),
        ..Panel::default()
    };
    let mut end_others = visit.form("account/sessions/end-others", &texts.end_others);
    end_others.weight = Weight::Secondary;
    let others = Panel {
        title: Some(&texts.others_title),
        text: vec![texts.others_text.clone()],
        content: Some(Html::of(end_others)),
        ..Panel::default()
    };
    let shell = Shell {
        panels: if has_others { vec![list, others] } else { vec![list] },
        ..Part::Sessions.shell(&visit, &texts.title, &Refusals::none())
    };
    Ok(visit.respond(Page::from(shell)))
}

/// One that has ended meanwhile is as it should be.
pub(crate) async fn end(
    Submission { visitor: SignedIn { visit, principal }, input, .. }: Submission<SignedIn, Ending>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    if let Ending(Some(id)) = input? {
        end_one(&use_cases, &visit, &principal, id).await?;
    }
    visit.leave(News::SessionEnded);
    Ok(visit.frame.redirect("account/sessions"))
}

pub(crate) async fn end_others(
    Submission { visitor: SignedIn { visit, principal }, .. }: Submission<SignedIn, Nothing>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    for session in use_cases.list_sessions.list(principal.user.id).await? {
        if session.id != principal.session.id {
            end_one(&use_cases, &visit, &principal, session.id).await?;
        }
    }
    visit.leave(News::OthersEnded);
    Ok(visit.frame.redirect("account/sessions"))
}

async fn end_one(
    use_cases: &UseCases,
    visit: &Visit,
    principal: &Principal,
    id: SessionId,
) -> Result<(), Problem> {
    match use_cases.end_session.end(principal.user.id, id, visit.client.clone()).await {
        Ok(()) | Err(EndSessionError::NotFound) => Ok(()),
        Err(EndSessionError::Storage(error)) => Err(error.into()),
    }
}

/// How listed sessions can be ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Each but the one that they are listed in.
    EachByItself,
    /// Not here.
    NotHere,
}

/// Sessions as `principal` sees them, the one that they are listed in first.
pub(crate) fn list_of(visit: &Visit, sessions: &[Session], principal: &Principal, ends: Ends) -> Html {
    let is_current = |session: &&Session| session.id == principal.session.id;
    let (current, others): (Vec<_>, Vec<_>) = sessions.iter().partition(is_current);
    let rows =
        current.into_iter().chain(others).map(|session| row(visit, session, principal, ends)).collect();
    Html::of(Sessions { texts: &visit.texts().sessions, sessions: rows })
}

fn row(visit: &Visit, session: &Session, principal: &Principal, ends: Ends) -> Row {
    let texts = &visit.texts().sessions;
    let device = device::describe(session.client.user_agent.as_ref(), texts);
    let is_current = session.id == principal.session.id;
    let end = || Form {
        button_about: Some(device.clone()),
        weight: Weight::Secondary,
        ..visit.form("account/sessions/end", &texts.end).hidden("id", Zeroizing::new(session.id.to_string()))
    };
    Row {
        address: session.client.ip.map(|ip| ip.to_string()),
        created_at: Html::of(Moment::at(session.created_at)),
        last_used_at: Html::of(Moment::at(session.last_used_at)),
        is_current,
        end: (ends == Ends::EachByItself && !is_current).then(end),
        device,
    }
}
