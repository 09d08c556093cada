//! `/account`: what somebody is called, and what else is known of the account.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{Name, ProfileChange, RoleName, User, Username};
use portcullis_http_actix::building_blocks::{Fields, FromFields, Problem};

use super::Part;
use crate::elements::{Content, Fact, Facts, Field, Form, Html, Link, Moment, Page, Panel, Plain, Shell};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::Submission;
use crate::visit::{SignedIn, Visit};

/// What shall be different in what they are called; a field that is left empty is cleared.
pub(crate) struct Names(pub(crate) ProfileChange);

impl FromFields for Names {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.change("name", Name::parse);
        let username = fields.change("username", Username::parse);
        let first_name = fields.change("first_name", Name::parse);
        let last_name = fields.change("last_name", Name::parse);
        Some(Self(ProfileChange {
            name: name?,
            username: username?,
            first_name: first_name?,
            last_name: last_name?,
        }))
    }
}

pub(crate) async fn show(SignedIn { visit, principal }: SignedIn) -> HttpResponse {
    let user = &principal.user;
    page(&visit, user, |field| Content::to_change(name_of(user, field)), &Refusals::none())
}

/// What stands in a field of the form before anything is typed.
pub(crate) fn name_of(user: &User, field: &str) -> String {
    let names = &user.profile;
    match field {
        "name" => names.name.as_ref().map(Name::as_str),
        "username" => user.username.as_ref().map(Username::as_str),
        "first_name" => names.first_name.as_ref().map(Name::as_str),
        _ => names.last_name.as_ref().map(Name::as_str),
    }
    .unwrap_or_default()
    .to_owned()
}

pub(crate) async fn act(
    Submission { visitor: SignedIn { visit, principal }, input, typed }: Submission<SignedIn, Names>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = principal.user;
    match update(&use_cases, input, user.clone(), &visit).await {
        Ok(()) => {
            visit.leave(News::ProfileSaved);
            Ok(visit.frame.redirect("account"))
        }
        Err(problem) => {
            let refusals = Refusals::of(problem, &visit)?;
            Ok(page(&visit, &user, |field| typed.content(field), &refusals))
        }
    }
}

async fn update(
    use_cases: &UseCases,
    input: Result<Names, Problem>,
    user: User,
    visit: &Visit,
) -> Result<(), Problem> {
    let Names(change) = input?;
    use_cases.update_profile.update(user, change, visit.client.clone()).await?;
    Ok(())
}

fn page(visit: &Visit, user: &User, content: impl Fn(&str) -> Content, refusals: &Refusals) -> HttpResponse {
    let texts = &visit.texts().profile;
    let form = Panel {
        text: vec![texts.text.clone()],
        content: Some(Html::of(form(visit, content, refusals))),
        ..Panel::default()
    };
    let about =
        Panel { title: Some(&texts.about), content: Some(Html::of(facts(visit, user))), ..Panel::default() };
    let deletion = Panel {
        title: Some(&texts.delete_title),
        text: vec![texts.delete_text.clone()],
        link: Some(Link::new(&texts.delete, visit.frame.to("account/delete"))),
        is_dangerous: true,
        ..Panel::default()
    };
    let shell =
        Shell { panels: vec![form, about, deletion], ..Part::Profile.shell(visit, &texts.title, refusals) };
    visit.respond(Page::from(shell).refused(refusals))
}

fn form(visit: &Visit, content: impl Fn(&str) -> Content, refusals: &Refusals) -> Form {
    let (texts, common) = (&visit.texts().profile, &visit.texts().common);
    let field = |name, label, autocomplete| {
        Field::text(name, label, autocomplete)
            .optional(&common.optional)
            .content(content(name))
            .error(refusals.with(name))
    };
    visit
        .form("account", &texts.button)
        .field(field("name", &texts.name, "name"))
        .field(field("username", &texts.username, "username").hint(&texts.username_hint))
        .field(field("first_name", &texts.first_name, "given-name"))
        .field(field("last_name", &texts.last_name, "family-name"))
}

fn facts(visit: &Visit, user: &User) -> Facts {
    let texts = &visit.texts().profile;
    let plain = |text: String| Html::of(Plain { text, badge: None });
    let badge =
        if user.email_verified { (&*texts.verified, "success") } else { (&*texts.unverified, "problem") };
    let roles: Vec<&str> = user.roles.iter().map(RoleName::as_str).collect();
    let mut facts = vec![
        Fact {
            label: &texts.address,
            value: Html::of(Plain { text: user.email.to_string(), badge: Some(badge) }),
        },
        Fact { label: &texts.roles, value: plain(roles.join(", ")) },
        Fact { label: &texts.since, value: Html::of(Moment::at(user.created_at)) },
    ];
    if let Some(last_login) = user.last_login_at {
        facts.push(Fact { label: &texts.last_login, value: Html::of(Moment::at(last_login)) });
    }
    Facts { facts }
}
