use std::fmt;

use uuid::Uuid;

use crate::secrets::AttemptKey;
use crate::values::{AuditEventId, MailId, RoleId, SessionId, UserId};

/// What tells a record from others of its kind. Keys of one kind are in the order of their octets or
/// numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKey {
    /// The id of a role, session, mail or event, or of the user whose record it is.
    Id(Uuid),
    /// Where wrong passwords or codes are counted.
    Attempts(AttemptKey),
    /// The position of a signing key.
    Position(u32),
}

macro_rules! from_ids {
    ($($id:ident),+) => {$(
        impl From<$id> for RecordKey {
            fn from(id: $id) -> Self {
                Self::Id(id.uuid())
            }
        }
    )+};
}

from_ids!(RoleId, UserId, SessionId, MailId, AuditEventId);

impl fmt::Display for RecordKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(formatter),
            Self::Attempts(key) => {
                key.as_bytes().iter().try_for_each(|octet| write!(formatter, "{octet:02x}"))
            }
            Self::Position(position) => position.fmt(formatter),
        }
    }
}
