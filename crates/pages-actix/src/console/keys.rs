//! `/admin/keys`: the keys that sign access tokens.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{RotateSigningKeyError, RotationStart, UseCases};
use portcullis_domain::{KeyState, OwnPermission, SigningKey};
use portcullis_http_actix::building_blocks::Problem;

use super::Section;
use super::confirmation::Confirmation;
use super::elements::{Badges, literal, words};
use crate::elements::{Html, Link, Moment, Page, Panel, Shell, Table};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::{Nothing, Submission};
use crate::visit::{SignedIn, Visit};

const ROTATE: &str = "admin/keys/rotate";

pub(crate) async fn show(
    SignedIn { visit, .. }: SignedIn,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let texts = &visit.texts().console_keys;
    let keys = use_cases.list_signing_keys.list().await?;
    let rotate = Link::new(&texts.rotate.title, visit.frame.to(ROTATE));
    let shell = Shell {
        lead: Some(&texts.text),
        action: visit.may(OwnPermission::SessionsRevoke).then_some(rotate),
        panels: vec![Panel { content: Some(Html::of(table(&visit, &keys))), ..Panel::default() }],
        ..Section::Keys.shell(&visit, &*visit.texts().console.keys, &Refusals::none())
    };
    Ok(visit.respond(Page::from(shell)))
}

/// The newest key first.
fn table(visit: &Visit, keys: &[(SigningKey, KeyState)]) -> Table {
    let texts = &visit.texts().console_keys;
    let row = |(key, state): &(SigningKey, KeyState)| {
        let state = match state {
            KeyState::Announced => (&*texts.announced, ""),
            KeyState::Signing => (&*texts.signing, "success"),
            KeyState::Verifying => (&*texts.verifying, ""),
            KeyState::Expired => (&*texts.expired, "problem"),
        };
        let moment = |moment| Html::of(Moment::at(moment));
        vec![
            literal(key.id.to_string()),
            Html::of(Badges { text: "", badges: vec![state] }),
            words(key.algorithm.name()),
            moment(key.created_at),
            moment(key.signs_from),
            key.verifies_until.map_or_else(|| words("–"), moment),
        ]
    };
    let head =
        [&texts.id, &texts.state, &texts.algorithm, &texts.created, &texts.signs_from, &texts.verifies_until];
    Table {
        caption: &texts.caption,
        head: head.map(String::as_str).to_vec(),
        rows: keys.iter().rev().map(row).collect(),
    }
}

pub(crate) async fn ask(
    SignedIn { visit, .. }: SignedIn,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let texts = &visit.texts().console_keys;
    let keys = use_cases.list_signing_keys.list().await?;
    let is_announced = keys.iter().any(|(_, state)| *state == KeyState::Announced);
    let confirmation = Confirmation {
        section: Section::Keys,
        question: if is_announced { &texts.rotate_again } else { &texts.rotate },
        about: String::new(),
        action: ROTATE.to_owned(),
        back: Section::Keys.path().to_owned(),
    };
    Ok(confirmation.page(&visit, &Refusals::none()))
}

/// Makes the next key, which is announced: to let it sign at once, which verifiers are not ready for, is for who
/// runs the installation. If somebody else made one at the same moment, it is as it should be.
pub(crate) async fn rotate(
    Submission { visitor, .. }: Submission<SignedIn, Nothing>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let visit = &visitor.visit;
    let algorithm = visit.site().options.signing_algorithm;
    let origin = visitor.actor().origin;
    match use_cases.rotate_signing_key.rotate(&origin, algorithm, RotationStart::Announced).await {
        Ok(_) | Err(RotateSigningKeyError::Raced) => {
            visit.leave(News::KeyRotated);
            Ok(visit.frame.redirect(Section::Keys.path()))
        }
        Err(RotateSigningKeyError::Storage(error)) => Err(error.into()),
    }
}
