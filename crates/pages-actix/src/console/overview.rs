//! `/admin/overview`: how many register and sign in.

use actix_web::{HttpResponse, web};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::use_cases::{CountAuditEvents, UseCases};
use portcullis_http_actix::building_blocks::Problem;

use super::Section;
use super::chart::Chart;
use crate::elements::{Html, Page, Panel, Shell};
use crate::refusals::Refusals;
use crate::visit::SignedIn;

pub(crate) async fn show(
    SignedIn { visit, .. }: SignedIn,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let texts = &visit.texts().console_overview;
    let mut panels = Vec::new();
    for (name, title, kind) in [
        ("registrations", &texts.registrations, AuditKind::Registration),
        ("logins", &texts.logins, AuditKind::Login),
    ] {
        let counts = use_cases.count_audit_events.count(kind).await?;
        let cut_off = texts.cut_off.replace("{most}", &CountAuditEvents::AT_MOST.to_string());
        panels.push(Panel {
            content: Some(Html::of(Chart::of(texts, name, title, &counts.days))),
            text: if counts.is_whole { Vec::new() } else { vec![cut_off] },
            ..Panel::default()
        });
    }
    let shell = Shell {
        lead: Some(&texts.text),
        panels,
        ..Section::Overview.shell(&visit, &*visit.texts().console.overview, &Refusals::none())
    };
    Ok(visit.respond(Page::from(shell)))
}
