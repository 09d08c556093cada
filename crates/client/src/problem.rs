use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::open_enum::open_enum;

/// Why the service refused a call (RFC 9457).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// Which problem it is, for programs.
    pub code: Code,
    /// The status of the answer.
    pub status: u16,
    /// What it is called, the same whenever it occurs.
    pub title: String,
    /// One sentence for people.
    pub detail: String,
    /// The id of the request, as operators find it in their log.
    pub instance: String,
    /// What is wrong with each field that is not valid.
    #[serde(default)]
    pub errors: Vec<FieldError>,
    /// In what time to try again.
    #[serde(default, deserialize_with = "seconds")]
    pub retry_after: Option<Duration>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FieldError {
    /// Which field, by its name in JSON.
    pub field: String,
    /// What is wrong with it, for programs.
    pub code: FieldCode,
    /// One sentence for people.
    pub detail: String,
}

open_enum! {
    /// Which problem it is. What is known stays; what is new is [`Other`](Self::Other) to an older client.
    Code {
        /// The body is not well-formed JSON.
        MalformedBody = "malformed_body",
        /// The link is not valid, was used before, or has expired.
        InvalidToken = "invalid_token",
        /// The code of a mail is wrong, was used before, or has expired.
        InvalidCode = "invalid_code",
        /// The call needs an access token.
        Unauthenticated = "unauthenticated",
        /// The access token is not valid, has expired, or its session has ended.
        InvalidAccessToken = "invalid_access_token",
        /// The refresh token is not valid, was used before, or its session has ended.
        InvalidRefreshToken = "invalid_refresh_token",
        /// There is no account with this name and password.
        InvalidCredentials = "invalid_credentials",
        /// The caller may not do this.
        Forbidden = "forbidden",
        /// The password is not the one of the account.
        WrongPassword = "wrong_password",
        /// The address has to be verified before signing in.
        EmailNotVerified = "email_not_verified",
        /// The account has been disabled.
        AccountDisabled = "account_disabled",
        /// Only administrators create accounts.
        RegistrationClosed = "registration_closed",
        /// There is no such thing.
        NotFound = "not_found",
        /// The resource does not know the method.
        MethodNotAllowed = "method_not_allowed",
        /// Another account has this address.
        EmailTaken = "email_taken",
        /// Another account has this username.
        UsernameTaken = "username_taken",
        /// Nobody else is an active administrator.
        LastAdmin = "last_admin",
        /// Another role has this name.
        RoleTaken = "role_taken",
        /// The role is built in, and stays as it is.
        BuiltInRole = "built_in_role",
        /// The body is too large.
        PayloadTooLarge = "payload_too_large",
        /// The body is of another type than the call takes.
        UnsupportedMediaType = "unsupported_media_type",
        /// Some fields are not valid; see [`Problem::errors`].
        ValidationFailed = "validation_failed",
        /// There were too many wrong codes: a new one has to be mailed.
        TooManyAttempts = "too_many_attempts",
        /// There were too many wrong passwords.
        AccountLocked = "account_locked",
        /// There were too many calls of this kind from this address.
        RateLimited = "rate_limited",
        /// The service met a defect of its own.
        Internal = "internal",
        /// The service has too much to do.
        Overloaded = "overloaded",
        /// The service cannot reach its data.
        StoreUnavailable = "store_unavailable",
        /// The instance is shutting down.
        ShuttingDown = "shutting_down",
    }
}

open_enum! {
    /// What is wrong with a field.
    FieldCode {
        /// It is absent or null.
        Required = "required",
        /// It has the wrong type, form or characters.
        Invalid = "invalid",
        /// It has too few characters.
        TooShort = "too_short",
        /// It has too many characters, or takes more room than there is.
        TooLong = "too_long",
        /// It is a password that attackers try first.
        CommonPassword = "common_password",
        /// It is a password that contains the address, the username or a name.
        ContainsIdentity = "contains_identity",
        /// It differs from what it repeats.
        Mismatch = "mismatch",
        /// It names something that there is not.
        Unknown = "unknown",
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} {})", self.detail, self.status, self.code)?;
        self.errors.iter().try_for_each(|error| write!(formatter, " {}", error.detail))
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_says_all_that_was_answered() {
        let problem: Problem = serde_json::from_value(json!({
            "type": "urn:portcullis:problem:validation_failed", "title": "Validation failed", "status": 422,
            "detail": "Some fields are not valid.", "code": "validation_failed", "instance": "urn:uuid:1",
            "errors": [{ "field": "email", "code": "invalid", "detail": "`email` is malformed." }],
        }))
        .unwrap();
        assert_eq!(problem.code, Code::ValidationFailed);
        assert_eq!(problem.errors[0].code, FieldCode::Invalid);
        assert_eq!(problem.retry_after, None);
        assert_eq!(
            problem.to_string(),
            "Some fields are not valid. (422 validation_failed) `email` is malformed."
        );
    }

    #[test]
    fn a_code_of_a_later_version_is_kept() {
        let problem: Problem = serde_json::from_value(json!({
            "type": "urn:portcullis:problem:under_water", "title": "Under water", "status": 503,
            "detail": "The service is under water.", "code": "under_water", "instance": "urn:uuid:1",
            "retry_after": 7, "depth": 12,
        }))
        .unwrap();
        assert_eq!(problem.code, Code::Other("under_water".to_owned()));
        assert_eq!(problem.code.as_str(), "under_water");
        assert_eq!(problem.retry_after, Some(Duration::from_secs(7)));
    }
}
