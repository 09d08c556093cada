//! `/admin/roles`: roles and what their holders may do.

pub(super) mod deletion;
pub(super) mod form;

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{OwnPermission, Permission, Role, RoleId};
use portcullis_http_actix::building_blocks::{PathId, Problem};

use super::Section;
use super::asked::address;
use super::elements::{AskingWay, Badges, Tags, Way, words};
use crate::elements::{Fact, Facts, Html, Link, Page, Panel, Plain, Shell, Table};
use crate::refusals::Refusals;
use crate::visit::{SignedIn, Visit};

/// The page of a role, from the root.
fn path_of(role: RoleId) -> String {
    format!("admin/roles/{role}")
}

pub(crate) async fn list(
    SignedIn { visit, .. }: SignedIn,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let texts = &visit.texts().console_roles;
    let roles = use_cases.list_roles.list().await?;
    let row = |role: &Role| {
        let way = Way { href: visit.frame.to(&path_of(role.id)), label: role.name.to_string(), more: None };
        let description = role.description.as_ref().map(ToString::to_string).unwrap_or_default();
        vec![Html::of(way), words(description), permissions(&visit, role), kind(&visit, role)]
    };
    let table = Table {
        caption: &texts.caption,
        head: vec![&texts.name, &texts.description, &texts.permissions, &texts.kind],
        rows: roles.iter().map(row).collect(),
    };
    let new = Link::new(&texts.new, visit.frame.to("admin/roles/new"));
    let shell = Shell {
        action: visit.may(OwnPermission::RolesWrite).then_some(new),
        panels: vec![Panel { content: Some(Html::of(table)), ..Panel::default() }],
        ..Section::Roles.shell(&visit, &*visit.texts().console.roles, &Refusals::none())
    };
    Ok(visit.respond(Page::from(shell)))
}

pub(crate) async fn show(
    SignedIn { visit, .. }: SignedIn,
    id: PathId<RoleId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let texts = &visit.texts().console_roles;
    let role = use_cases.find_role.find(id.named()?).await?;
    let may_change = visit.may(OwnPermission::RolesWrite) && !role.built_in;
    let holders = || {
        let users = visit.frame.to(Section::Users.path());
        Link::new(&texts.holders, address(&users, [("role", role.name.as_str())]))
    };
    let about = Panel {
        title: Some(&texts.about),
        content: Some(Html::of(facts(&visit, &role))),
        link: visit.may(Section::Users.permission()).then(holders),
        ..Panel::default()
    };
    let deletion = || {
        let href = visit.frame.to(&format!("{}/delete", path_of(role.id)));
        let text = texts.delete.text.iter().map(|text| text.replace("{about}", role.name.as_str()));
        Panel {
            title: Some(&texts.delete.title),
            text: text.collect(),
            content: Some(Html::of(AskingWay { href, label: &texts.delete.button })),
            is_dangerous: true,
            ..Panel::default()
        }
    };
    let edit = || Link::new(&texts.edit, visit.frame.to(&format!("{}/edit", path_of(role.id))));
    let shell = Shell {
        action: may_change.then(edit),
        panels: [Some(about), may_change.then(deletion)].into_iter().flatten().collect(),
        ..Section::Roles.shell(&visit, role.name.as_str(), &Refusals::none())
    };
    Ok(visit.respond(Page::from(shell)))
}

fn facts(visit: &Visit, role: &Role) -> Facts {
    let texts = &visit.texts().console_roles;
    let description = role.description.as_ref().map(|description| Fact {
        label: &texts.description,
        value: Html::of(Plain { text: description.to_string(), badge: None }),
    });
    let facts = [
        Some(Fact { label: &texts.kind, value: kind(visit, role) }),
        description,
        Some(Fact { label: &texts.permissions, value: permissions(visit, role) }),
    ];
    Facts { facts: facts.into_iter().flatten().collect() }
}

fn permissions(visit: &Visit, role: &Role) -> Html {
    let texts = &visit.texts().console_roles;
    if role.name.is_admin() {
        words(&texts.every)
    } else if role.permissions.is_empty() {
        words(&texts.none)
    } else {
        Html::of(Tags { tags: role.permissions.iter().map(Permission::to_string).collect() })
    }
}

fn kind(visit: &Visit, role: &Role) -> Html {
    let texts = &visit.texts().console_roles;
    if role.built_in {
        Html::of(Badges { text: "", badges: vec![(&*texts.built_in, "")] })
    } else {
        words(&texts.own)
    }
}
