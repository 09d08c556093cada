use std::fmt;

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::Timestamp;
use crate::ports::Entropy;

/// The text is no UUID with hyphens (RFC 9562 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no UUID")]
pub struct InvalidId;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new `UUIDv7` (RFC 9562): sortable by `now`, unguessable by `entropy`.
            #[must_use]
            pub fn generate(now: Timestamp, entropy: &dyn Entropy) -> Self {
                let mut random = [0; 10];
                entropy.fill(&mut random);
                Self(uuid::Builder::from_unix_timestamp_millis(now.unix_millis(), &random).into_uuid())
            }

            /// Reads an id as it is displayed: a UUID with its hyphens.
            ///
            /// # Errors
            ///
            /// [`InvalidId`] when it is anything else.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let uuid: Hyphenated = text.parse().map_err(|_| InvalidId)?;
                Ok(Self(uuid.into_uuid()))
            }

            /// The id as a UUID.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    )+};
}

identifiers! {
    /// Names a user account.
    UserId;
    /// Names a session; the `sid` of its access tokens.
    SessionId;
    /// Names an access token: its `jti`.
    AccessTokenId;
    /// Names a role.
    RoleId;
    /// Names a mail in the queue.
    MailId;
    /// Names an event of the audit trail.
    AuditEventId;
}

impl AuditEventId {
    /// An id that is not after any that is generated at `moment` or later, and after any that is generated
    /// a millisecond before.
    #[must_use]
    pub fn earliest(moment: Timestamp) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(moment.unix_millis(), &[0; 10]).into_uuid())
    }
}

/// Names a signing key: the `kid` of a JWT header (RFC 7515).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// A key id with this text, usually a thumbprint of the public key (RFC 7638).
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
