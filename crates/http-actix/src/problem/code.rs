use actix_web::http::StatusCode;
use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($name:ident = $status:ident $text:literal, $title:literal, $detail:literal;)+) => {
        /// Which problem it is: stable, for programs to decide on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "its title and its detail say what each is")]
        pub enum Code { $($name),+ }

        impl Code {
            /// Every code that there is.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it stands in answers.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The status of answers with this code.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// What it is called, the same whenever it occurs.
            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }

            /// One sentence for people, where nothing more can be said.
            pub(crate) const fn detail(self) -> &'static str {
                match self { $(Self::$name => $detail),+ }
            }
        }
    };
}

codes! {
    MalformedBody = BAD_REQUEST "malformed_body", "Malformed body",
        "The body is not well-formed JSON.";
    InvalidToken = BAD_REQUEST "invalid_token", "Invalid token",
        "The link is not valid, was used before, or has expired.";
    InvalidCode = BAD_REQUEST "invalid_code", "Invalid code",
        "The code is wrong, was used before, or has expired.";
    Unauthenticated = UNAUTHORIZED "unauthenticated", "Not authenticated",
        "This call needs an access token.";
    InvalidAccessToken = UNAUTHORIZED "invalid_access_token", "Invalid access token",
        "The access token is not valid, has expired, or its session has ended.";
    InvalidRefreshToken = UNAUTHORIZED "invalid_refresh_token", "Invalid refresh token",
        "The refresh token is not valid, was used before, or its session has ended.";
    InvalidCredentials = UNAUTHORIZED "invalid_credentials", "Invalid credentials",
        "There is no account with this name and password.";
    Forbidden = FORBIDDEN "forbidden", "Forbidden",
        "The caller may not do this.";
    WrongPassword = FORBIDDEN "wrong_password", "Wrong password",
        "The password is not the one of the account.";
    EmailNotVerified = FORBIDDEN "email_not_verified", "E-mail address not verified",
        "The e-mail address has to be verified before signing in.";
    AccountDisabled = FORBIDDEN "account_disabled", "Account disabled",
        "The account has been disabled.";
    RegistrationClosed = FORBIDDEN "registration_closed", "Registration closed",
        "Only administrators create accounts here.";
    NotFound = NOT_FOUND "not_found", "Not found",
        "There is nothing here.";
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed", "Method not allowed",
        "This resource does not know the method; the header Allow lists those that it knows.";
    EmailTaken = CONFLICT "email_taken", "E-mail address taken",
        "Another account has this e-mail address.";
    UsernameTaken = CONFLICT "username_taken", "Username taken",
        "Another account has this username.";
    LastAdmin = CONFLICT "last_admin", "Last administrator",
        "Nobody else is an active administrator.";
    RoleTaken = CONFLICT "role_taken", "Role name taken",
        "Another role has this name.";
    BuiltInRole = CONFLICT "built_in_role", "Built-in role",
        "The role is built in: it stays as it is.";
    PayloadTooLarge = PAYLOAD_TOO_LARGE "payload_too_large", "Payload too large",
        "The body is larger than 64 KiB.";
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type", "Unsupported media type",
        "The body has to be sent as application/json, uncompressed and in UTF-8.";
    ValidationFailed = UNPROCESSABLE_ENTITY "validation_failed", "Validation failed",
        "Some fields are not valid; each is listed under errors.";
    TooManyAttempts = TOO_MANY_REQUESTS "too_many_attempts", "Too many attempts",
        "There were too many wrong codes; ask for a new one.";
    AccountLocked = TOO_MANY_REQUESTS "account_locked", "Account locked",
        "There were too many wrong passwords; wait, or reset the password.";
    RateLimited = TOO_MANY_REQUESTS "rate_limited", "Too many calls",
        "There were too many calls of this kind from this address; wait before the next.";
    Internal = INTERNAL_SERVER_ERROR "internal", "Internal error",
        "The service met a defect of its own.";
    Overloaded = SERVICE_UNAVAILABLE "overloaded", "Overloaded",
        "The service has too much to do at the moment; try again shortly.";
    StoreUnavailable = SERVICE_UNAVAILABLE "store_unavailable", "Store unavailable",
        "The service cannot reach its data at the moment; try again shortly.";
    ShuttingDown = SERVICE_UNAVAILABLE "shutting_down", "Shutting down",
        "This instance is shutting down; try another.";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What is wrong with a field: stable, for programs to decide on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// It is absent or null.
    Required,
    /// It has the wrong type, form or characters.
    Invalid,
    /// It has too few characters.
    TooShort,
    /// It has too many characters, or takes more room than there is.
    TooLong,
    /// It is a password that attackers try first.
    CommonPassword,
    /// It is a password that contains the e-mail address, the username or a name.
    ContainsIdentity,
    /// It differs from what it repeats.
    Mismatch,
    /// It names something that there is not.
    Unknown,
}
