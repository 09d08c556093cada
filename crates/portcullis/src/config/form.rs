//! Forms: how the text of a setting is written, and what it is read into.

use super::setting::Secrecy;

/// How the text of a setting is written. Types that implement it only name a form; they have no values.
pub trait Form {
    /// What the text is read into.
    type Value;
    /// Whether the text may be shown.
    const SECRECY: Secrecy = Secrecy::Open;

    /// What is allowed, in words that follow "allowed: ".
    fn allowed() -> String;

    /// Reads a text, without white space around it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says what is wrong with it.
    fn parse(text: &str) -> Result<Self::Value, Refusal>;
}

/// Why a text was refused, in words that follow "it". They never repeat the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Refusal {
    pub(super) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// A setting that can be left out. An empty text leaves it out too, as `${UNSET:-}` in a compose file
/// does.
pub struct Optional<F>(F);

impl<F: Form> Form for Optional<F> {
    type Value = Option<F::Value>;
    const SECRECY: Secrecy = F::SECRECY;

    fn allowed() -> String {
        F::allowed()
    }

    fn parse(text: &str) -> Result<Self::Value, Refusal> {
        if text.is_empty() { Ok(None) } else { F::parse(text).map(Some) }
    }
}

/// Any number of values between commas, none when empty.
pub struct List<F>(F);

impl<F: Form> Form for List<F> {
    type Value = Vec<F::Value>;
    const SECRECY: Secrecy = F::SECRECY;

    fn allowed() -> String {
        format!("{}; several between commas", F::allowed())
    }

    fn parse(text: &str) -> Result<Self::Value, Refusal> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        text.split(',').map(|item| F::parse(item.trim())).collect()
    }
}
