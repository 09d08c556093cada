use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use portcullis_domain::{Page, UserAgent, UserId};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::moment::Moment;
use crate::schemas;

/// Something that happened and matters to security.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub(crate) struct AuditEventDto<'a> {
    /// Names the event for good: a `UUIDv7`.
    #[schema(examples("019ca0f4-3e00-7cc1-8000-5d2e3b7f7a10"))]
    id: Uuid,
    /// When it happened.
    #[schema(value_type = String, format = DateTime, examples("2026-03-01T12:00:00.123456Z"))]
    at: Moment,
    /// What happened.
    #[schema(value_type = AuditKindSchema)]
    kind: &'static str,
    /// Whether it succeeded; the detail `reason` says why it did not.
    #[schema(value_type = AuditOutcomeSchema)]
    outcome: &'static str,
    /// The signed-in user who did it; null when nobody was signed in, as at a login, and for operators.
    #[schema(required)]
    actor_id: Option<Uuid>,
    /// The user whom it concerns.
    #[schema(required)]
    subject_id: Option<Uuid>,
    /// From which address.
    #[schema(value_type = Option<String>, required, examples("192.0.2.17"))]
    ip: Option<IpAddr>,
    /// What the client called itself.
    #[schema(required, examples("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"))]
    user_agent: Option<&'a str>,
    /// What else is known, by name.
    #[schema(examples(json!({"role": "analyst"})))]
    detail: &'a BTreeMap<String, String>,
}

/// Some events.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEvents)]
pub(crate) struct AuditEventsDto<'a> {
    /// The newest first.
    items: Vec<AuditEventDto<'a>>,
    /// With which the list goes on; null at its end.
    #[schema(required)]
    next_cursor: Option<&'a str>,
}

impl<'a> From<&'a AuditEvent> for AuditEventDto<'a> {
    fn from(event: &'a AuditEvent) -> Self {
        Self {
            id: event.id.uuid(),
            at: Moment(event.at),
            kind: event.kind.name(),
            outcome: event.outcome.name(),
            actor_id: event.actor.map(UserId::uuid),
            subject_id: event.subject.map(UserId::uuid),
            ip: event.client.ip,
            user_agent: event.client.user_agent.as_ref().map(UserAgent::as_str),
            detail: &event.detail,
        }
    }
}

impl<'a> From<&'a Page<AuditEvent>> for AuditEventsDto<'a> {
    fn from(page: &'a Page<AuditEvent>) -> Self {
        Self { items: page.items.iter().map(Into::into).collect(), next_cursor: page.next_cursor.as_deref() }
    }
}

/// What can happen, to the document.
pub(crate) enum AuditKindSchema {}

impl ToSchema for AuditKindSchema {
    fn name() -> Cow<'static, str> {
        "AuditKind".into()
    }
}

impl PartialSchema for AuditKindSchema {
    fn schema() -> RefOr<Schema> {
        schemas::names("What can happen.", AuditKind::ALL.iter().map(|kind| kind.name())).into()
    }
}

/// How it can come out, to the document.
enum AuditOutcomeSchema {}

impl ToSchema for AuditOutcomeSchema {
    fn name() -> Cow<'static, str> {
        "AuditOutcome".into()
    }
}

impl PartialSchema for AuditOutcomeSchema {
    fn schema() -> RefOr<Schema> {
        let outcomes = [AuditOutcome::Success, AuditOutcome::Failure];
        schemas::names("How something can come out.", outcomes.into_iter().map(AuditOutcome::name)).into()
    }
}
