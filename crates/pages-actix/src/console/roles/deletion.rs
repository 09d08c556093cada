//! `/admin/roles/{id}/delete`.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{Role, RoleId};
use portcullis_http_actix::building_blocks::{PathId, Problem};

use super::path_of;
use crate::console::Section;
use crate::console::confirmation::Confirmation;
use crate::notice::News;
use crate::refusals::Refusals;
use crate::submission::{Nothing, Submission};
use crate::visit::{SignedIn, Visit};

pub(crate) async fn ask(
    SignedIn { visit, .. }: SignedIn,
    id: PathId<RoleId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let role = use_cases.find_role.find(id.named()?).await?;
    Ok(confirmation(&visit, &role).page(&visit, &Refusals::none()))
}

pub(crate) async fn act(
    Submission { visitor, .. }: Submission<SignedIn, Nothing>,
    id: PathId<RoleId>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let visit = &visitor.visit;
    let role = use_cases.find_role.find(id.named()?).await?;
    match use_cases.delete_role.delete(&visitor.actor(), role.id).await {
        Ok(()) => {
            visit.leave(News::RoleDeleted);
            Ok(visit.frame.redirect(Section::Roles.path()))
        }
        Err(error) => Ok(confirmation(visit, &role).page(visit, &Refusals::of(error.into(), visit)?)),
    }
}

fn confirmation(visit: &Visit, role: &Role) -> Confirmation {
    Confirmation {
        section: Section::Roles,
        question: &visit.texts().console_roles.delete,
        about: role.name.to_string(),
        action: format!("{}/delete", path_of(role.id)),
        back: path_of(role.id),
    }
}
