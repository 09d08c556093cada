//! Makes a role, and changes one.

use std::collections::BTreeSet;

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{CreateRoleCommand, UpdateRoleCommand, UseCases};
use portcullis_domain::{
    Actor, Change, InvalidValue, OwnPermission, Permission, Role, RoleDescription, RoleId, RoleName,
};
use portcullis_http_actix::building_blocks::{Fields, FromFields, PathId, Problem, fields};

use super::path_of;
use crate::console::Section;
use crate::elements::{Check, Content, Field, Html, Link, Page, Panel, Shell};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::{Submission, Typed};
use crate::visit::{SignedIn, Visit};

/// A role as the form has it.
pub(crate) struct Definition {
    name: RoleName,
    description: Option<RoleDescription>,
    permissions: BTreeSet<Permission>,
}

impl FromFields for Definition {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("role_name", RoleName::parse);
        let description = fields.optional("description", RoleDescription::parse);
        let permissions = permissions_of(fields);
        Some(Self { name: name?, description: description?, permissions: permissions? })
    }
}

/// What shall be different in a role.
pub(crate) struct Redefinition {
    name: Option<RoleName>,
    description: Change<RoleDescription>,
    permissions: BTreeSet<Permission>,
    /// Those that were shown before anybody changed them.
    shown: BTreeSet<Permission>,
}

impl FromFields for Redefinition {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.replacement("role_name", RoleName::parse);
        let description = fields.change("description", RoleDescription::parse);
        let permissions = permissions_of(fields);
        let shown = fields.optional(SHOWN_PERMISSIONS, further).map(Option::unwrap_or_default);
        Some(Self { name: name?, description: description?, permissions: permissions?, shown: shown? })
    }
}

impl Redefinition {
    /// What was ticked or written goes to those that the role names by now, and what no longer is, from them.
    fn change_of(self, role: &Role) -> UpdateRoleCommand {
        let (added, removed) = (&self.permissions - &self.shown, &self.shown - &self.permissions);
        let permissions = &(&role.permissions - &removed) | &added;
        UpdateRoleCommand {
            name: self.name,
            description: self.description,
            permissions: (permissions != role.permissions).then_some(permissions),
        }
    }
}

/// The hidden field with the permissions that a role named when the form was shown.
const SHOWN_PERMISSIONS: &str = "shown_permissions";

/// All that are ticked or written.
fn permissions_of(fields: &mut Fields) -> Option<BTreeSet<Permission>> {
    let mut permissions = fields.optional("further", further).map(Option::unwrap_or_default);
    for &own in OwnPermission::ALL {
        let is_checked = fields.optional(own.name(), fields::flag)?.unwrap_or(false);
        permissions = permissions.map(|mut permissions| {
            permissions.extend(is_checked.then(|| own.into()));
            permissions
        });
    }
    permissions
}

/// Permissions of an application's own, however they are put apart.
fn further(text: &str) -> Result<BTreeSet<Permission>, InvalidValue> {
    let is_between = |character: char| character.is_whitespace() || character == ',';
    text.split(is_between).filter(|word| !word.is_empty()).map(Permission::parse).collect()
}

/// What stands in the form.
struct Filled {
    name: Content,
    description: Content,
    checked: BTreeSet<&'static str>,
    further: String,
    /// All permissions as they were shown first.
    shown_permissions: String,
}

impl Filled {
    fn typed(typed: &Typed) -> Self {
        let names = OwnPermission::ALL.iter().map(|own| own.name());
        Self {
            name: typed.content("role_name"),
            description: typed.content("description"),
            checked: names.filter(|name| typed.get(name).is_some()).collect(),
            further: typed.value("further"),
            shown_permissions: typed.value(SHOWN_PERMISSIONS),
        }
    }

    fn of(role: &Role) -> Self {
        let names = OwnPermission::ALL.iter().map(|own| own.name());
        let is_own =
            |permission: &&Permission| OwnPermission::ALL.iter().any(|own| own.name() == permission.as_str());
        let further = role.permissions.iter().filter(|permission| !is_own(permission));
        Self {
            name: Content::to_change(role.name.to_string()),
            description: Content::to_change(
                role.description.as_ref().map(ToString::to_string).unwrap_or_default(),
            ),
            checked: names.filter(|name| role.permissions.contains(*name)).collect(),
            further: further.map(Permission::as_str).collect::<Vec<_>>().join("\n"),
            shown_permissions: role.permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(" "),
        }
    }
}

pub(crate) async fn new(SignedIn { visit, .. }: SignedIn) -> HttpResponse {
    page(&visit, None, Filled::typed(&Typed::nothing()), &Refusals::none())
}

pub(crate) async fn create(
    Submission { visitor, input, typed }: Submission<SignedIn, Definition>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let visit = &visitor.visit;
    match made(&use_cases, &visitor.actor(), input).await {
        Ok(role) => {
            visit.leave(News::RoleCreated);
            Ok(visit.frame.redirect(&path_of(role.id)))
        }
        Err(problem) => Ok(page(visit, None, Filled::typed(&typed), &Refusals::of(problem, visit)?)),
    }
}

async fn made(
    use_cases: &UseCases,
    actor: &Actor,
    input: Result<Definition, Problem>,
) -> Result<Role, Problem> {
    let Definition { name, description, permissions } = input?;
    Ok(use_cases.create_role.create(actor, CreateRoleCommand { name, description, permissions }).await?)
}

pub(crate) async fn edit(
    SignedIn { visit, .. }: SignedIn,
    id: PathId<RoleId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let role = use_cases.find_role.find(id.named()?).await?;
    Ok(page(&visit, Some(role.id), Filled::of(&role), &Refusals::none()))
}

pub(crate) async fn update(
    Submission { visitor, input, typed }: Submission<SignedIn, Redefinition>,
    id: PathId<RoleId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let visit = &visitor.visit;
    let role = use_cases.find_role.find(id.named()?).await?;
    match changed(&use_cases, &visitor.actor(), &role, input).await {
        Ok(()) => {
            visit.leave(News::RoleSaved);
            Ok(visit.frame.redirect(&path_of(role.id)))
        }
        Err(problem) => Ok(page(visit, Some(role.id), Filled::typed(&typed), &Refusals::of(problem, visit)?)),
    }
}

async fn changed(
    use_cases: &UseCases,
    actor: &Actor,
    role: &Role,
    input: Result<Redefinition, Problem>,
) -> Result<(), Problem> {
    use_cases.update_role.update(actor, role.id, input?.change_of(role)).await?;
    Ok(())
}

/// The form for a role that there is, or for another one.
fn page(visit: &Visit, role: Option<RoleId>, filled: Filled, refusals: &Refusals) -> HttpResponse {
    let (texts, common) = (&visit.texts().console_roles, &visit.texts().common);
    let (action, back, title, button) = match role {
        Some(id) => (format!("{}/edit", path_of(id)), path_of(id), &texts.edit, &visit.texts().console.save),
        None => ("admin/roles/new".to_owned(), Section::Roles.path().to_owned(), &texts.new, &texts.create),
    };
    let Filled { name, description, checked, further, shown_permissions } = filled;
    let check = |own: &OwnPermission| Check {
        name: own.name(),
        hint: &texts.own_permissions[own.name()],
        is_checked: checked.contains(own.name()),
        is_disabled: !visit.may(*own),
    };
    let mut form = visit
        .form(&action, button)
        .field(
            Field::text("role_name", &texts.name, "off")
                .content(name)
                .hint(&texts.name_hint)
                .error(refusals.with("role_name")),
        )
        .field(
            Field::text("description", &texts.description, "off")
                .optional(&common.optional)
                .content(description)
                .error(refusals.with("description")),
        )
        .field(
            Field::checks("permissions", &texts.permissions, OwnPermission::ALL.iter().map(check).collect())
                .hint(&texts.permissions_hint),
        )
        .field(
            Field::lines("further", &texts.further)
                .optional(&common.optional)
                .value(further)
                .hint(&texts.further_hint)
                .error(refusals.with("further").or_else(|| refusals.with("permissions"))),
        );
    if role.is_some() {
        form = form.hidden(SHOWN_PERMISSIONS, shown_permissions.into());
    }
    form.cancel = Some(Link::new(&common.cancel, visit.frame.to(&back)));
    let panel = Panel { content: Some(Html::of(form)), ..Panel::default() };
    let shell = Shell { panels: vec![panel], ..Section::Roles.shell(visit, title.as_str(), refusals) };
    visit.respond(Page::from(shell).refused(refusals))
}
