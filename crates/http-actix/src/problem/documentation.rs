//! Problems in the `OpenAPI` document.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::time::Duration;

use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Object, ObjectBuilder, Ref, RefOr, Response, Responses, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::{Answers, Code, FieldCode, FieldError, MEDIA_TYPE, Problem};
use crate::schemas;

/// The problems that an error is answered with, or either of two, for the annotation of a handler. A failing
/// store is always one.
pub(crate) struct Problems<E, F = E>(PhantomData<(E, F)>);

impl<E: Answers, F: Answers> IntoResponses for Problems<E, F> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = Responses::new();
        for code in E::CODES.iter().chain(F::CODES).chain(&[Code::StoreUnavailable]) {
            document(&mut responses, *code);
        }
        responses.responses
    }
}

/// Adds a problem to what an operation can answer, unless it is there: a line of the description and an
/// example.
pub(crate) fn document(responses: &mut Responses, code: Code) {
    let status = code.status();
    let entry = responses.responses.entry(status.as_str().to_owned());
    let RefOr::T(response) = entry.or_insert_with(|| RefOr::T(Response::new(""))) else {
        return;
    };
    if is_documented(response, code) {
        return;
    }
    let example = example(code);
    let line = format!("- `{}`: {}", code.as_str(), code.detail());
    response.description = match response.description.as_str() {
        "" => line,
        lines => [lines, &line].join("\n"),
    };
    response.headers.extend(headers(&example));
    let content = response.content.entry(MEDIA_TYPE.to_owned()).or_insert_with(|| {
        RefOr::T(ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build())
    });
    if let RefOr::T(content) = content {
        let value =
            serde_json::from_slice(&example.describe(None).body).expect("a problem is written as JSON");
        let example = ExampleBuilder::new().summary(code.title()).value(Some(with_instance(value)));
        content.examples.insert(code.as_str().to_owned(), example.build().into());
    }
}

fn is_documented(response: &Response, code: Code) -> bool {
    let Some(RefOr::T(content)) = response.content.get(MEDIA_TYPE) else { return false };
    content.examples.contains_key(code.as_str())
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        "ProblemCode".into()
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let codes = Code::ALL.iter().map(|code| code.as_str());
        schemas::names("Which problem it is: stable, for programs to decide on.", codes).into()
    }
}

fn example(code: Code) -> Problem {
    let errors = match code {
        Code::ValidationFailed => vec![FieldError {
            field: "email",
            code: FieldCode::Invalid,
            detail: "`email` is malformed.".to_owned(),
        }],
        _ => Vec::new(),
    };
    let retry_after = match code {
        Code::AccountLocked | Code::TooManyAttempts => Some(Duration::from_mins(15)),
        Code::RateLimited => Some(Duration::from_secs(2)),
        _ => None,
    };
    Problem { errors, retry_after, ..Problem::new(code) }
}

fn with_instance(mut problem: serde_json::Value) -> serde_json::Value {
    problem["instance"] = json!("urn:uuid:019ca0f4-3c5b-7cc1-8000-5d2e3b7f7a10");
    problem
}

fn headers(example: &Problem) -> Vec<(String, RefOr<Header>)> {
    let text = |description: &str| {
        HeaderBuilder::new().schema(Some(Object::with_type(Type::String))).description(Some(description))
    };
    let mut headers = Vec::new();
    if example.challenge().is_some() {
        let challenge = text("`Bearer`, with `error=\"invalid_token\"` when a token was sent and refused.");
        headers.push(("WWW-Authenticate".to_owned(), challenge.build().into()));
    }
    if example.retry_after_seconds().is_some() {
        let seconds = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(1));
        let header =
            HeaderBuilder::new().schema(Some(seconds)).description(Some("In how many seconds to try again."));
        headers.push(("Retry-After".to_owned(), header.build().into()));
    }
    if example.code == Code::RateLimited {
        let policy = text("The limit: so many calls (`q`) in so many seconds (`w`).");
        headers.push(("RateLimit-Policy".to_owned(), policy.build().into()));
        let left = text("How many calls are left (`r`), and in how many seconds there is one more (`t`).");
        headers.push(("RateLimit".to_owned(), left.build().into()));
    }
    if example.code == Code::MethodNotAllowed {
        headers.push(("Allow".to_owned(), text("The methods that there are.").build().into()));
    }
    headers
}
