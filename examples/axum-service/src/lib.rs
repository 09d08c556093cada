//! Accounts behind axum: three routes on the use cases of the domain.

mod accounts;

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use portcullis_domain::ports::{HasherOverloaded, StorageError};
use portcullis_domain::use_cases::{
    AuthenticateError, ClaimedIdentifier, LoginCommand, LoginError, RegisterCommand, RegisterError,
    Registered, Tokens, UseCases,
};
use portcullis_domain::{Client, EmailAddress, InvalidValue, Password, Principal, ProfileNames, with_causes};
use serde::Deserialize;
use serde_json::{Value, json};

pub use accounts::Accounts;

/// The service.
pub fn service(use_cases: Arc<UseCases>) -> Router {
    Router::new()
        .route("/sign-up", post(sign_up))
        .route("/sign-in", post(sign_in))
        .route("/me", get(me))
        .with_state(use_cases)
}

/// What somebody gives to sign up, and to sign in.
#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

async fn sign_up(
    State(use_cases): State<Arc<UseCases>>,
    Json(given): Json<Credentials>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let command = RegisterCommand {
        email: EmailAddress::parse(&given.email)?,
        password: Password::parse(&given.password)?,
        username: None,
        profile: ProfileNames::default(),
        locale: None,
        client: Client::default(),
    };
    Ok(match use_cases.register.register(command).await? {
        Registered::Created { tokens: Some(tokens), .. } => (StatusCode::CREATED, shown(&tokens)),
        Registered::Created { tokens: None, .. } | Registered::Pending => {
            (StatusCode::ACCEPTED, Json(json!({"message": "A mail tells how to go on."})))
        }
    })
}

async fn sign_in(
    State(use_cases): State<Arc<UseCases>>,
    Json(given): Json<Credentials>,
) -> Result<Json<Value>, Refusal> {
    let command = LoginCommand {
        identifier: ClaimedIdentifier::Email(given.email),
        password: Password::parse(&given.password).ok(),
        client: Client::default(),
    };
    Ok(shown(&use_cases.login.login(command).await?.tokens))
}

async fn me(Caller(principal): Caller) -> Json<Value> {
    Json(json!({"id": principal.user.id.to_string(), "email": principal.user.email.as_str()}))
}

fn shown(tokens: &Tokens) -> Json<Value> {
    Json(json!({
        "access_token": tokens.access_token.as_str(),
        "refresh_token": tokens.refresh_token.as_str(),
        "expires_in": tokens.expires_in.as_secs(),
    }))
}

/// Who is calling.
struct Caller(Principal);

impl FromRequestParts<Arc<UseCases>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, use_cases: &Arc<UseCases>) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers).ok_or(AuthenticateError::InvalidAccessToken)?;
        Ok(Self(use_cases.authenticate.authenticate(token).await?))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Why a call came to nothing. A failure that is new in the domain does not compile here until it has an answer.
struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(status, error) = self;
        (status, Json(json!({ "error": error }))).into_response()
    }
}

impl From<InvalidValue> for Refusal {
    fn from(error: InvalidValue) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, format!("the address or the password {error}"))
    }
}

impl From<RegisterError> for Refusal {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Closed | RegisterError::Refused(_) => {
                Self(StatusCode::FORBIDDEN, error.to_string())
            }
            RegisterError::EmailTaken | RegisterError::UsernameTaken => {
                Self(StatusCode::CONFLICT, error.to_string())
            }
            RegisterError::PasswordRefused(_) => Self(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            RegisterError::Overloaded(error) => error.into(),
            RegisterError::Storage(error) => error.into(),
        }
    }
}

impl From<LoginError> for Refusal {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::InvalidCredentials => Self(StatusCode::UNAUTHORIZED, error.to_string()),
            LoginError::EmailNotVerified | LoginError::AccountDisabled => {
                Self(StatusCode::FORBIDDEN, error.to_string())
            }
            LoginError::Locked { .. } => Self(StatusCode::TOO_MANY_REQUESTS, error.to_string()),
            LoginError::Overloaded(error) => error.into(),
            LoginError::Storage(error) => error.into(),
        }
    }
}

impl From<AuthenticateError> for Refusal {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::InvalidAccessToken => Self(StatusCode::UNAUTHORIZED, error.to_string()),
            AuthenticateError::Storage(error) => error.into(),
        }
    }
}

impl From<HasherOverloaded> for Refusal {
    fn from(error: HasherOverloaded) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
    }
}

impl From<StorageError> for Refusal {
    /// Its causes are for the log.
    fn from(error: StorageError) -> Self {
        tracing::error!(error = with_causes(&error), "a call failed");
        let status = if error.is_unavailable() {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        Self(status, error.to_string())
    }
}
