//! `/sign-out`, a button on every page of who is signed in.

use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::UseCases;
use portcullis_http_actix::building_blocks::Problem;

use crate::notice::News;
use crate::submission::{Nothing, Submission};
use crate::visit::Visit;

pub(crate) async fn act(
    Submission { visitor: visit, .. }: Submission<Visit, Nothing>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    if let Some(principal) = &visit.principal {
        use_cases.logout.logout(principal, None, visit.client.clone()).await?;
    }
    visit.forget();
    visit.leave(News::SignedOut);
    Ok(visit.frame.redirect("sign-in"))
}
