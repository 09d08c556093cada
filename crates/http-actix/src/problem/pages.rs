use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use uuid::Uuid;

use super::{Description, Problem};

/// Shows problems as an application wants them shown: as pages to people, say, or in its own envelope to programs.
///
/// The status of the answer, and headers such as `Retry-After` and `WWW-Authenticate`, stay what they are.
///
/// ```
/// use actix_web::HttpRequest;
/// use actix_web::http::header::{ACCEPT, HeaderValue};
/// use portcullis_http_actix::building_blocks::Problem;
/// use portcullis_http_actix::{ProblemPage, ProblemPages};
/// use uuid::Uuid;
///
/// /// Browsers get a page, programs what they understand.
/// struct Apology;
///
/// impl ProblemPages for Apology {
///     fn page(&self, problem: &Problem, request: &HttpRequest, id: Uuid) -> Option<ProblemPage> {
///         let accepted = request.headers().get(ACCEPT)?.to_str().ok()?;
///         accepted.contains("text/html").then(|| ProblemPage {
///             content_type: HeaderValue::from_static("text/html; charset=utf-8"),
///             content_security_policy: None,
///             body: format!("<h1>Sorry</h1><p>Tell us this number: {id} ({})</p>", problem.status()),
///         })
///     }
/// }
/// ```
pub trait ProblemPages: Send + Sync {
    /// What to show in the place of `problem`; none shows it as it is. `id` is that of the request, which is also in
    /// the header `X-Request-Id` and in the log.
    fn page(&self, problem: &Problem, request: &HttpRequest, id: Uuid) -> Option<ProblemPage>;
}

/// What is shown in the place of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemPage {
    /// The media type, such as `text/html; charset=utf-8`.
    pub content_type: HeaderValue,
    /// What a browser may load for it; nothing at all, unless this says so.
    pub content_security_policy: Option<HeaderValue>,
    /// The body.
    pub body: String,
}

impl Description {
    /// The same, shown as `page`.
    pub(crate) fn shown_as(mut self, page: ProblemPage) -> Self {
        let mut replace = |name: HeaderName, value| {
            self.headers.retain(|(there, _)| *there != name);
            self.headers.push((name, value));
        };
        replace(header::CONTENT_TYPE, page.content_type);
        if let Some(policy) = page.content_security_policy {
            replace(header::CONTENT_SECURITY_POLICY, policy);
        }
        Self { body: page.body.into_bytes(), ..self }
    }
}
