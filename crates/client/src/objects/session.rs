use std::net::IpAddr;

use serde::Deserialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::SessionId;

/// One sign-in on one device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// Names the session for good.
    pub id: SessionId,
    /// When it was opened.
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it was opened or last refreshed.
    #[serde(with = "rfc3339")]
    pub last_used_at: OffsetDateTime,
    /// When it ends unless it is refreshed before.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    /// From which address it was opened.
    pub ip: Option<IpAddr>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// Whether it is the one that the list was asked for with.
    pub current: bool,
}
