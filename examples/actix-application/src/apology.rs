use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, HeaderValue};
use portcullis_http_actix::building_blocks::Problem;
use portcullis_http_actix::{ProblemPage, ProblemPages};
use uuid::Uuid;

/// What people see in a browser when something below `/accounts` goes wrong. Programs get the problem as it is.
pub(crate) struct Apology;

impl ProblemPages for Apology {
    fn page(&self, problem: &Problem, request: &HttpRequest, id: Uuid) -> Option<ProblemPage> {
        let accepted = request.headers().get(ACCEPT)?.to_str().ok()?;
        accepted.contains("text/html").then(|| ProblemPage {
            content_type: HeaderValue::from_static("text/html; charset=utf-8"),
            content_security_policy: None,
            body: format!("<!doctype html><title>Sorry</title><h1>{}</h1><p>{id}</p>", problem.status()),
        })
    }
}
