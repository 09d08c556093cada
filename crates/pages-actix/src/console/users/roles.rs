//! The roles of a user, given and taken.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{Actor, OwnPermission, Principal, Role, RoleId, User, UserId};
use portcullis_http_actix::building_blocks::{Fields, FromFields, PathId, Problem};

use super::{detail, path_of};
use crate::console::Section;
use crate::console::confirmation::Confirmation;
use crate::console::elements::{ActItem, Acts, AskingWay};
use crate::elements::{Choice, Field, Form, Html, Panel, Weight};
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::{Nothing, Submission};
use crate::visit::{SignedIn, Visit};

/// Which role is given.
pub(crate) struct Gift(RoleId);

impl FromFields for Gift {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.required("role", RoleId::parse).map(Self)
    }
}

/// What a user holds, how it is taken from them, and what they can be given.
pub(super) async fn panel(
    visit: &Visit,
    principal: &Principal,
    use_cases: &UseCases,
    user: &User,
) -> Result<Panel, Problem> {
    let texts = &visit.texts().console_users;
    let held = use_cases.list_roles.held_by(user.id).await?;
    let may_change = visit.may(OwnPermission::RolesAssign);
    let item = |role: &Role| {
        let href = visit.frame.to(&path_of_taking(user.id, role.id));
        let way = may_change.then(|| Html::of(AskingWay { href, label: &texts.take.button }));
        ActItem {
            title: role.name.to_string(),
            text: role.description.as_ref().map(ToString::to_string).unwrap_or_default(),
            way,
        }
    };
    let list = Acts { items: held.iter().map(item).collect() };
    let lacking = if may_change { use_cases.list_roles.list().await? } else { Vec::new() };
    let lacking: Vec<Choice> = lacking
        .into_iter()
        .filter(|role| !held.contains(role) && principal.permissions.cover(&role.authority()))
        .map(|role| Choice::new(role.id.to_string(), role.name.as_str()))
        .collect();
    let gift = (!lacking.is_empty()).then(|| {
        let choose = Choice::new("", &texts.choose);
        let choices = [choose].into_iter().chain(lacking).collect();
        let form = visit.form(&format!("{}/roles", path_of(user.id)), &texts.give);
        Form { weight: Weight::Secondary, ..form.field(Field::choice("role", &texts.give_label, choices)) }
    });
    let text = if held.is_empty() { vec![texts.no_roles.clone()] } else { Vec::new() };
    Ok(Panel {
        title: Some(&texts.roles),
        text,
        content: Some(Html::of(list)),
        form: gift,
        ..Panel::default()
    })
}

fn path_of_taking(user: UserId, role: RoleId) -> String {
    format!("{}/roles/{role}/take", path_of(user))
}

pub(crate) async fn give(
    Submission { visitor, input, .. }: Submission<SignedIn, Gift>,
    user: PathId<UserId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let user = user.named()?;
    let visit = &visitor.visit;
    match assign(&use_cases, &visitor.actor(), user, input).await {
        Ok(()) => {
            visit.leave(News::RoleGiven);
            Ok(visit.frame.redirect(&path_of(user)))
        }
        Err(problem) => detail::page(&visitor, &use_cases, user, &Refusals::of(problem, visit)?).await,
    }
}

async fn assign(
    use_cases: &UseCases,
    actor: &Actor,
    user: UserId,
    input: Result<Gift, Problem>,
) -> Result<(), Problem> {
    let Gift(role) = input?;
    Ok(use_cases.assign_role.assign(actor, user, role).await?)
}

pub(crate) async fn ask(
    SignedIn { visit, .. }: SignedIn,
    user: PathId<UserId>,
    role: PathId<RoleId, 1>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let confirmation = confirmation(&visit, &use_cases, user.named()?, role.named()?).await?;
    Ok(confirmation.page(&visit, &Refusals::none()))
}

pub(crate) async fn take(
    Submission { visitor, .. }: Submission<SignedIn, Nothing>,
    user: PathId<UserId>,
    role: PathId<RoleId, 1>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let (user, role) = (user.named()?, role.named()?);
    let visit = &visitor.visit;
    match use_cases.revoke_role.revoke(&visitor.actor(), user, role).await {
        Ok(()) => {
            visit.leave(News::RoleTaken);
            Ok(visit.frame.redirect(&path_of(user)))
        }
        Err(error) => {
            let refusals = Refusals::of(error.into(), visit)?;
            Ok(confirmation(visit, &use_cases, user, role).await?.page(visit, &refusals))
        }
    }
}

async fn confirmation(
    visit: &Visit,
    use_cases: &UseCases,
    user: UserId,
    role: RoleId,
) -> Result<Confirmation, Problem> {
    let holder = use_cases.find_user.find(user).await?;
    let held = use_cases.find_role.find(role).await?;
    Ok(Confirmation {
        section: Section::Users,
        question: &visit.texts().console_users.take,
        about: format!("{} · {}", held.name, holder.email),
        action: path_of_taking(user, role),
        back: path_of(user),
    })
}
