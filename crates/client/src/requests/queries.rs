use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::objects::{AuditKind, UserId};

/// Which users are asked for; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UserQuery {
    /// How the e-mail address, the username or one of the names begins, regardless of case.
    pub q: Option<String>,
    /// The name of a role that they hold.
    pub role: Option<String>,
    /// Whether their address is verified.
    pub email_verified: Option<bool>,
    /// Whether they may use their account.
    pub is_active: Option<bool>,
    /// How many to give at most: 1 to 200, 50 if left out.
    pub limit: Option<u8>,
    /// Where to go on: the `next_cursor` of the page before, to the same query.
    pub cursor: Option<String>,
}

/// Which events are asked for; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditQuery {
    /// Who did it, or whom it concerns.
    pub user_id: Option<UserId>,
    /// What happened.
    pub kind: Option<AuditKind>,
    /// From when on.
    #[serde(with = "rfc3339::option")]
    pub since: Option<OffsetDateTime>,
    /// Before when.
    #[serde(with = "rfc3339::option")]
    pub until: Option<OffsetDateTime>,
    /// How many to give at most: 1 to 200, 50 if left out.
    pub limit: Option<u8>,
    /// Where to go on: the `next_cursor` of the page before, to the same query.
    pub cursor: Option<String>,
}
