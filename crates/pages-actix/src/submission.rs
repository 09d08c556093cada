//! Forms that visitors send.

use std::collections::HashMap;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use portcullis_http_actix::building_blocks::{Code, Fields, FormPairs, FromFields, Problem};
use zeroize::Zeroize as _;

use crate::elements::Content;
use crate::visit::{FORM_TOKEN, Visit};

/// A form that a visitor sent from a page of ours: any other is refused before anything in it is read. `V` says
/// who may send it.
pub(crate) struct Submission<V, T> {
    pub(crate) visitor: V,
    /// What the form says, or all that is wrong with it.
    pub(crate) input: Result<T, Problem>,
    pub(crate) typed: Typed,
}

/// Marks a request whose form is not ours, so that it is told as that.
pub(crate) struct Forged;

/// The problem with a form that is not ours.
pub(crate) fn forged(request: &HttpRequest) -> Problem {
    request.extensions_mut().insert(Forged);
    Problem::new(Code::Forbidden)
}

/// Begins the name of a hidden field that says what was shown in another one before anybody typed.
pub(crate) const SHOWN: &str = "shown.";

/// What was typed, to be shown again beside what was wrong with it.
pub(crate) struct Typed(Vec<(String, String)>);

/// A form with nothing but a button.
pub(crate) struct Nothing;

impl FromFields for Nothing {
    fn from_fields(_: &mut Fields) -> Option<Self> {
        Some(Self)
    }
}

impl Typed {
    /// Nothing yet.
    pub(crate) fn nothing() -> Self {
        Self(Vec::new())
    }

    /// Passwords are not among it.
    pub(crate) fn of(pairs: &[(String, String)]) -> Self {
        Self(pairs.iter().filter(|(name, _)| !name.contains("password")).cloned().collect())
    }

    pub(crate) fn get(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    /// The value of a field, which is empty if there is none.
    pub(crate) fn value(&self, field: &str) -> String {
        self.get(field).unwrap_or_default().to_owned()
    }

    /// The same with what was shown before.
    pub(crate) fn content(&self, field: &str) -> Content {
        let shown = self.get(&format!("{SHOWN}{field}")).map(ToOwned::to_owned);
        Content { value: self.value(field), shown }
    }
}

/// Leaves out the fields that are still as they were shown: these are no change, even where somebody else has made one
/// meanwhile.
fn leave_out_unchanged(pairs: &mut Vec<(String, String)>) {
    let shown: HashMap<String, String> = pairs.extract_if(.., |(name, _)| name.starts_with(SHOWN)).collect();
    pairs.retain(|(name, value)| shown.get(&format!("{SHOWN}{name}")) != Some(value));
}

impl<V, T> FromRequest for Submission<V, T>
where
    V: FromRequest<Error = Problem> + AsRef<Visit> + 'static,
    T: FromFields + 'static,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let visitor = V::extract(&request).await?;
            let FormPairs(mut pairs) = FormPairs::from_request(&request, &mut payload).await?;
            let token =
                pairs.iter().position(|(name, _)| name == FORM_TOKEN).map(|at| pairs.swap_remove(at).1);
            if !token.is_some_and(|token| visitor.as_ref().accepts(&token)) {
                for (_, value) in &mut pairs {
                    value.zeroize();
                }
                return Err(forged(&request));
            }
            let typed = Typed::of(&pairs);
            leave_out_unchanged(&mut pairs);
            Ok(Self { visitor, input: Fields::of_form(pairs).read(), typed })
        })
    }
}
