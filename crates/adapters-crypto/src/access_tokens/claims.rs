use std::time::Duration;

use portcullis_domain::ports::{AccessClaims, AddedClaims, ClaimValue, VerifiedAccessToken};
use portcullis_domain::{Permission, RoleName, Timestamp};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use super::strict_json;

/// How far the clocks of instances may differ.
pub(super) const LEEWAY: Duration = Duration::from_mins(1);

/// The claims of a new token (RFC 9068 §2.2), with `sid` naming the session.
#[derive(Serialize)]
pub(super) struct IssuedClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    roles: Vec<&'a str>,
    permissions: Vec<&'a str>,
    email_verified: bool,
    #[serde(flatten, serialize_with = "write_added")]
    added: &'a AddedClaims,
}

impl<'a> IssuedClaims<'a> {
    pub(super) fn new(issuer: &'a str, audience: &'a str, claims: &'a AccessClaims) -> Self {
        Self {
            iss: issuer,
            aud: audience,
            sub: claims.user_id.uuid(),
            sid: claims.session_id.uuid(),
            jti: claims.token_id.uuid(),
            iat: claims.issued_at.unix_seconds(),
            nbf: claims.issued_at.unix_seconds(),
            exp: claims.expires_at.unix_seconds(),
            roles: claims.roles.iter().map(RoleName::as_str).collect(),
            permissions: claims.permissions.iter().map(Permission::as_str).collect(),
            email_verified: claims.email_verified,
            added: &claims.added,
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and numbers can be written")
    }
}

/// What an application adds stands beside what is said here, since none of it can have the same name.
fn write_added<S: Serializer>(added: &AddedClaims, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(added.iter().map(|(name, value)| (name.as_str(), Json(value))))
}

/// A claim as JSON.
struct Json<'a>(&'a ClaimValue);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ClaimValue::Text(text) => serializer.serialize_str(text),
            ClaimValue::Integer(number) => serializer.serialize_i64(*number),
            ClaimValue::Flag(flag) => serializer.serialize_bool(*flag),
            ClaimValue::List(values) => serializer.collect_seq(values.iter().map(Json)),
        }
    }
}

/// What counts of the claims of a token that comes back.
///
/// Claims that are not known are ignored (RFC 7519 §4), so a later release may add some while this one
/// still runs beside it.
pub(super) struct ReadClaims {
    token: VerifiedAccessToken,
    issued_at: i64,
    not_before: i64,
    expires_at: i64,
}

/// Every one of these must be there, and of this very type.
#[derive(Deserialize)]
struct RequiredClaims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl ReadClaims {
    /// Reads the claims of a token from `issuer` for `audience`.
    pub(super) fn parse(json: &[u8], issuer: &str, audience: &str) -> Option<Self> {
        let claims: RequiredClaims = strict_json::read_object(json)?;
        (claims.iss == issuer && claims.aud == audience).then(|| Self {
            token: VerifiedAccessToken {
                user_id: claims.sub.into(),
                session_id: claims.sid.into(),
                token_id: claims.jti.into(),
                issued_at: moment(claims.iat),
                expires_at: moment(claims.exp),
            },
            issued_at: claims.iat,
            not_before: claims.nbf,
            expires_at: claims.exp,
        })
    }

    /// Whether the token has begun and has not expired.
    pub(super) fn hold_at(&self, now: Timestamp) -> bool {
        let latest_start = (now + LEEWAY).unix_seconds();
        now.unix_seconds() < self.expires_at
            && self.issued_at <= latest_start
            && self.not_before <= latest_start
    }

    /// What the token proves.
    pub(super) fn token(&self) -> VerifiedAccessToken {
        self.token
    }
}

fn moment(unix_seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(unix_seconds.saturating_mul(1_000_000))
}
