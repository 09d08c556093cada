use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;

use super::StorageError;
use crate::session::Principal;

/// What the application around says in access tokens, beside what the service says itself: a hook.
///
/// ```
/// use async_trait::async_trait;
/// use portcullis_domain::Principal;
/// use portcullis_domain::ports::{AddedClaims, ClaimName, ClaimSource, ClaimValue, StorageError};
///
/// const LANGUAGE: ClaimName = ClaimName::new("language");
///
/// struct Languages;
///
/// #[async_trait]
/// impl ClaimSource for Languages {
///     async fn claims_of(&self, principal: &Principal) -> Result<AddedClaims, StorageError> {
///         Ok(AddedClaims::from([(LANGUAGE, ClaimValue::from(principal.user.locale.as_str()))]))
///     }
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ClaimSource: Send + Sync {
    /// The claims to add to an access token that is about to be issued to `principal`. Asked at each login and at
    /// each refresh, so what changes counts from the next token on.
    ///
    /// What is in a token can be read by whoever holds it, and goes with each call: keep it short, and no secret.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: no token is issued then.
    async fn claims_of(&self, principal: &Principal) -> Result<AddedClaims, StorageError>;
}

/// Claims of an application's own.
pub type AddedClaims = BTreeMap<ClaimName, ClaimValue>;

/// The name of a claim of an application's own: 1 to 255 visible ASCII characters, and none of those that the service
/// writes itself. Anything else does not compile, where it is a constant.
///
/// ```
/// use portcullis_domain::ports::ClaimName;
///
/// const TENANT: ClaimName = ClaimName::new("https://example.com/tenant");
/// ```
///
/// ```compile_fail
/// use portcullis_domain::ports::ClaimName;
///
/// const SOMEBODY_ELSE: ClaimName = ClaimName::new("sub");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimName(&'static str);

impl ClaimName {
    /// Those that stand in every token: nobody else writes them.
    pub const RESERVED: [&str; 11] =
        ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp", "roles", "permissions", "email_verified"];

    /// The name that is written so.
    ///
    /// # Panics
    ///
    /// When no claim of an application can be called that.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let octets = name.as_bytes();
        assert!(matches!(octets.len(), 1..=255), "the name of a claim has 1 to 255 characters");
        let mut at = 0;
        while at < octets.len() {
            assert!(octets[at].is_ascii_graphic(), "the name of a claim is visible ASCII");
            at += 1;
        }
        let mut at = 0;
        while at < Self::RESERVED.len() {
            assert!(
                !are_equal(octets, Self::RESERVED[at].as_bytes()),
                "the service writes this claim itself"
            );
            at += 1;
        }
        Self(name)
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// As `==`, which cannot be used in constants yet.
const fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

impl fmt::Display for ClaimName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

/// What a claim says, as JSON will have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimValue {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Flag(bool),
    /// Several values, in this order.
    List(Vec<Self>),
}

impl From<&str> for ClaimValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for ClaimValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for ClaimValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<V: Into<Self>> FromIterator<V> for ClaimValue {
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
