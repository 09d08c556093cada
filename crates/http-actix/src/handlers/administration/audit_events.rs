use actix_web::{HttpResponse, web};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::use_cases::{AuditFilter, ListAuditEventsError, UseCases};
use portcullis_domain::{PageLimit, Timestamp, UserId};
use utoipa::IntoParams;
use zeroize::Zeroizing;

use crate::dto::{AuditEventsDto, AuditKindSchema};
use crate::fields::{self, Fault, Fields, FromFields};
use crate::problem::{FieldCode, Problem, Problems};
use crate::query::Query;

/// Which events are asked for; what is left out does not matter.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditEventsQuery {
    /// Of whom: the user who did it, or whom it concerns.
    #[param(value_type = Option<uuid::Uuid>)]
    user_id: Option<UserId>,
    /// What happened.
    #[param(value_type = Option<AuditKindSchema>, example = "login")]
    kind: Option<AuditKind>,
    /// At this moment or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime, example = "2026-03-01T00:00:00Z")]
    since: Option<Timestamp>,
    /// Before this moment (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime, example = "2026-04-01T00:00:00Z")]
    until: Option<Timestamp>,
    /// How many to give at most.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<PageLimit>,
    /// Where to go on: the `next_cursor` of the page before. It is good for the same query only; `limit` may
    /// differ.
    #[param(value_type = Option<String>)]
    cursor: Option<Zeroizing<String>>,
}

impl FromFields for AuditEventsQuery {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let user_id = fields.optional("user_id", UserId::parse);
        let kind = fields.optional("kind", known_kind);
        let since = fields.optional("since", fields::moment);
        let until = fields.optional("until", fields::moment);
        let limit = fields.optional("limit", fields::page_limit);
        let cursor = fields.optional("cursor", fields::verbatim);
        Some(Self {
            user_id: user_id?,
            kind: kind?,
            since: since?,
            until: until?,
            limit: limit?,
            cursor: cursor?,
        })
    }
}

fn known_kind(text: &str) -> Result<AuditKind, Fault> {
    AuditKind::parse(text)
        .map_err(|_| Fault::new(FieldCode::Unknown, "names a kind of event that does not exist"))
}

/// Lists what happened
///
/// A page at a time, the newest first. Events name people by their ids only, and outlive their accounts.
#[utoipa::path(
    get,
    path = "/api/v1/audit-events",
    tag = "Audit",
    params(AuditEventsQuery),
    responses((status = 200, description = "A page of the list.", body = AuditEventsDto), Problems<ListAuditEventsError>)
)]
pub(crate) async fn list_audit_events(
    Query(query): Query<AuditEventsQuery>,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let AuditEventsQuery { user_id, kind, since, until, limit, cursor } = query;
    let filter = AuditFilter { user: user_id, kind, since, until };
    let cursor = cursor.as_ref().map(|cursor| cursor.as_str());
    let page = use_cases.list_audit_events.list(filter, cursor, limit.unwrap_or_default()).await?;
    Ok(HttpResponse::Ok().json(AuditEventsDto::from(&page)))
}
