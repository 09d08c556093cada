use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{Name, OwnPermission, Principal, Timestamp, User, UserId, Username};
use portcullis_http_actix::building_blocks::{PathId, Problem};

use super::acts::Act;
use super::{path_of, roles, state};
use crate::account::sessions::{Ends, list_of};
use crate::console::Section;
use crate::console::asked::address;
use crate::console::elements::{Acts, Badges, literal, words};
use crate::elements::{Fact, Facts, Html, Link, Moment, Page, Panel, Plain, Shell};
use crate::refusals::Refusals;
use crate::visit::{SignedIn, Visit, display_name};

pub(crate) async fn show(
    visitor: SignedIn,
    id: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    page(&visitor, &use_cases, id.named()?, &Refusals::none()).await
}

/// The page of a user, also after something was refused on it.
pub(super) async fn page(
    SignedIn { visit, principal }: &SignedIn,
    use_cases: &UseCases,
    id: UserId,
    refusals: &Refusals,
) -> Result<HttpResponse, Problem> {
    let user = use_cases.find_user.find(id).await?;
    let locked_until = use_cases.find_lockout.find(user.id).await?;
    let texts = &visit.texts().console_users;
    let mut panels = vec![about(visit, &user, locked_until)];
    if visit.may(OwnPermission::RolesRead) {
        panels.push(roles::panel(visit, principal, use_cases, &user).await?);
    }
    if visit.may(OwnPermission::SessionsRead) {
        panels.push(sessions(visit, principal, use_cases, &user).await?);
    }
    let acts = |title, acts: &[Act]| {
        let fitting = acts.iter().filter(|act| act.fits(&user, locked_until.is_some()));
        offered(visit, &user, title, fitting)
    };
    panels.extend(acts(&texts.acts, &[Act::Verify, Act::Unlock, Act::Enable, Act::SignOut]));
    let last = acts(&texts.last_acts, &[Act::Disable, Act::Delete]);
    panels.extend(last.map(|panel| Panel { is_dangerous: true, ..panel }));
    let edit = Link::new(&texts.edit, visit.frame.to(&format!("{}/edit", path_of(user.id))));
    let shell = Shell {
        action: visit.may(OwnPermission::UsersWrite).then_some(edit),
        panels,
        ..Section::Users.shell(visit, display_name(&user), refusals)
    };
    Ok(visit.respond(Page::from(shell).refused(refusals)))
}

fn about(visit: &Visit, user: &User, locked_until: Option<Timestamp>) -> Panel {
    let (texts, profile) = (&visit.texts().console_users, &visit.texts().profile);
    let fact = |label, value| Fact { label, value };
    let plain = |text: &str| Html::of(Plain { text: text.to_owned(), badge: None });
    let moment = |moment| Html::of(Moment::at(moment));
    let name = |label, name: Option<&Name>| Some(fact(label, plain(name?.as_str())));
    let profile_names = &user.profile;
    let facts = [
        Some(fact(&profile.address, plain(user.email.as_str()))),
        Some(fact(&texts.state, state(visit, user))),
        locked_until.map(|until| fact(&texts.sign_in, lockout(visit, until))),
        user.username.as_ref().map(|username| fact(&profile.username, plain(Username::as_str(username)))),
        name(&profile.name, profile_names.name.as_ref()),
        name(&profile.first_name, profile_names.first_name.as_ref()),
        name(&profile.last_name, profile_names.last_name.as_ref()),
        Some(fact(&texts.since, moment(user.created_at))),
        user.updated_at.map(|updated| fact(&texts.updated, moment(updated))),
        Some(fact(&texts.last_login, user.last_login_at.map_or_else(|| words(&texts.never), moment))),
        Some(fact(&texts.id, literal(user.id.to_string()))),
    ];
    let trail = || {
        let trail = address(&visit.frame.to(Section::Audit.path()), [("user_id", user.id.to_string())]);
        Link::new(&texts.trail, trail)
    };
    Panel {
        title: Some(&texts.about),
        content: Some(Html::of(Facts { facts: facts.into_iter().flatten().collect() })),
        link: visit.may(Section::Audit.permission()).then(trail),
        ..Panel::default()
    }
}

/// Wrong passwords have locked the account, which ends by itself.
fn lockout(visit: &Visit, until: Timestamp) -> Html {
    let badges = vec![(&*visit.texts().console_users.locked_until, "problem")];
    Html::joined([Html::of(Badges { text: "", badges }), Html::of(Moment::to_the_second(until))])
}

async fn sessions(
    visit: &Visit,
    principal: &Principal,
    use_cases: &UseCases,
    user: &User,
) -> Result<Panel, Problem> {
    let texts = &visit.texts().console_users;
    let sessions = use_cases.list_sessions.list(user.id).await?;
    let panel = Panel { title: Some(&texts.sessions), ..Panel::default() };
    Ok(if sessions.is_empty() {
        Panel { text: vec![texts.no_sessions.clone()], ..panel }
    } else {
        Panel { content: Some(list_of(visit, &sessions, principal, Ends::NotHere)), ..panel }
    })
}

/// What of this who visits can do to a user; none if nothing.
fn offered<'a>(
    visit: &Visit,
    user: &User,
    title: &'static str,
    acts: impl Iterator<Item = &'a Act>,
) -> Option<Panel> {
    let items: Vec<_> =
        acts.filter(|act| visit.may(act.permission())).map(|act| act.item(visit, user)).collect();
    if items.is_empty() {
        return None;
    }
    Some(Panel { title: Some(title), content: Some(Html::of(Acts { items })), ..Panel::default() })
}
