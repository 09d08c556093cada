use std::net::IpAddr;

use portcullis_domain::{Principal, Session, UserAgent};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::moment::Moment;

/// One sign-in on one device.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionDto<'a> {
    /// Names the session for good: a `UUIDv7`.
    #[schema(examples("019ca0f4-3c5b-7cc1-8000-5d2e3b7f7a10"))]
    id: Uuid,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime, examples("2026-03-01T12:00:00.123456Z"))]
    created_at: Moment,
    /// When it was opened or last refreshed.
    #[schema(value_type = String, format = DateTime, examples("2026-03-02T08:00:00Z"))]
    last_used_at: Moment,
    /// When it ends unless it is refreshed before.
    #[schema(value_type = String, format = DateTime, examples("2026-04-01T08:00:00Z"))]
    expires_at: Moment,
    /// From which address it was opened.
    #[schema(value_type = Option<String>, required, examples("192.0.2.17"))]
    ip: Option<IpAddr>,
    /// What the client called itself.
    #[schema(required, examples("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"))]
    user_agent: Option<&'a str>,
    /// Whether it is the one that this call was made with.
    current: bool,
}

/// The sessions of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = Sessions)]
pub(crate) struct SessionsDto<'a> {
    /// The newest first.
    items: Vec<SessionDto<'a>>,
}

impl<'a> SessionsDto<'a> {
    /// `sessions` as `principal` sees them.
    pub(crate) fn seen_by(principal: &Principal, sessions: &'a [Session]) -> Self {
        let as_seen = |session: &'a Session| SessionDto {
            id: session.id.uuid(),
            created_at: Moment(session.created_at),
            last_used_at: Moment(session.last_used_at),
            expires_at: Moment(session.expires_at),
            ip: session.client.ip,
            user_agent: session.client.user_agent.as_ref().map(UserAgent::as_str),
            current: session.id == principal.session.id,
        };
        Self { items: sessions.iter().map(as_seen).collect() }
    }
}
