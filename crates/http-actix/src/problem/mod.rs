//! Problems: every error answer, as `application/problem+json` (RFC 9457).

mod code;
mod documentation;
mod domain_errors;
mod pages;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use actix_cors::CorsError;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use portcullis_domain::with_causes;
use serde::Serialize;
use utoipa::ToSchema;

pub use code::{Code, FieldCode};
pub(crate) use documentation::{Problems, document};
pub(crate) use domain_errors::Answers;
pub use pages::{ProblemPage, ProblemPages};

use crate::request_id::RequestId;

/// The media type of every error answer.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// When to try again what failed for a reason that passes by itself.
const SHORTLY: Duration = Duration::from_secs(1);

/// An error answer in the making.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    allow: Option<String>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// A problem as it is sent.
pub(crate) struct Description {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Which field.
    #[schema(examples("email"))]
    pub field: &'static str,
    /// What is wrong with it, for programs.
    pub code: FieldCode,
    /// One sentence for people.
    #[schema(examples("`email` is malformed."))]
    pub detail: String,
}

/// An error (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Which problem it is, as a URI; says the same as `code`.
    #[schema(format = "uri", examples("urn:portcullis:problem:not_found"))]
    r#type: String,
    /// What it is called, the same whenever it occurs.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// One sentence for people.
    detail: &'a str,
    /// Which problem it is, for programs.
    code: Code,
    /// The id of the request, which is also the header `X-Request-Id`.
    #[schema(format = "uri", examples("urn:uuid:019ca0f4-3c5b-7cc1-8000-5d2e3b7f7a10"))]
    instance: String,
    /// One entry for each field that is not valid.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false, min_items = 1)]
    errors: &'a [FieldError],
    /// In how many seconds to try again, which is also the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, minimum = 1)]
    retry_after: Option<u64>,
}

impl Problem {
    /// The problem with this code.
    #[must_use]
    pub fn new(code: Code) -> Self {
        Self {
            code,
            detail: code.detail().into(),
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            cause: None,
        }
    }

    /// 405 for a resource that knows the methods which `allow` lists.
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        Self { allow: Some(allow), ..Self::new(Code::MethodNotAllowed) }
    }

    /// 422 for these fields.
    #[must_use]
    pub fn validation_failed(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::ValidationFailed) }
    }

    /// A problem that passes after this time.
    pub(crate) fn passing(code: Code, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(code) }
    }

    /// A defect of the service: its cause is for the log only.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal).caused_by(cause)
    }

    /// Says more precisely what is wrong.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    fn caused_by(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// The problem behind an error that something else than a handler met: CORS, or the framework itself.
    pub(crate) fn from_foreign(error: &actix_web::Error) -> Self {
        if error.as_error::<CorsError>().is_some() {
            return Self::new(Code::Forbidden).with_detail("Pages of this origin may not call in this way.");
        }
        Self::from_status(error.as_response_error().status_code())
    }

    /// The problem that an answer without any description means.
    pub(crate) fn from_status(status: StatusCode) -> Self {
        Self::new(match status {
            StatusCode::NOT_FOUND => Code::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            other if other.is_client_error() => Code::MalformedBody,
            _ => Code::Internal,
        })
    }

    /// Which problem it is.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// What is wrong, in one sentence for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What is wrong with which fields.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// In how much time to try again, if that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    /// What the head of the answer says of it, whatever its body is: how to authenticate, when to try again, which
    /// methods there are.
    #[must_use]
    pub fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        if let Some(challenge) = self.challenge() {
            headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        }
        if let Some(seconds) = self.retry_after_seconds() {
            headers.push((header::RETRY_AFTER, seconds.into()));
        }
        if let Some(allow) = self.allow.as_deref().and_then(|methods| HeaderValue::from_str(methods).ok()) {
            headers.push((header::ALLOW, allow));
        }
        headers
    }

    /// The answer in full, but for the headers that all answers have.
    pub(crate) fn describe(&self, request: Option<RequestId>) -> Description {
        let mut headers = self.headers();
        headers.push((header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)));
        let body = ProblemBody {
            r#type: format!("urn:portcullis:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.status().as_u16(),
            detail: &self.detail,
            code: self.code,
            instance: request.map_or_else(|| "about:blank".to_owned(), RequestId::urn),
            errors: &self.errors,
            retry_after: self.retry_after_seconds(),
        };
        let body = serde_json::to_vec(&body).expect("a problem has nothing that JSON cannot say");
        Description { status: self.status(), headers, body }
    }

    /// How to authenticate (RFC 6750 §3): every 401 says it.
    fn challenge(&self) -> Option<&'static str> {
        match self.code {
            Code::InvalidAccessToken | Code::InvalidRefreshToken => Some(r#"Bearer error="invalid_token""#),
            code if code.status() == StatusCode::UNAUTHORIZED => Some("Bearer"),
            _ => None,
        }
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        let passes = self.status() == StatusCode::SERVICE_UNAVAILABLE;
        self.retry_after.or(passes.then_some(SHORTLY)).map(whole_seconds)
    }

    /// Tells operators of what is not the client's doing, with every cause that is known. What is logged within the
    /// span of a request can be found by its id. Of who was turned away in a flood, the access log and the metrics tell:
    /// a record more for each would make it worse.
    pub fn log(&self) {
        if !self.status().is_server_error() || self.code == Code::Overloaded {
            return;
        }
        let code = self.code.as_str();
        let cause = self.cause.as_deref().map(|cause| with_causes(cause));
        tracing::error!(code, cause, "a request failed");
    }
}

/// Rounded up, so that nobody who waits them out comes too early.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    (time.as_secs() + u64::from(time.subsec_nanos() > 0)).max(1)
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code.as_str())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let description = self.describe(None);
        let mut response = HttpResponseBuilder::new(description.status);
        for header in description.headers {
            response.insert_header(header);
        }
        response.body(description.body)
    }
}
