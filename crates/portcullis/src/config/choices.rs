//! Settings that are one of a few words.

use std::marker::PhantomData;

use portcullis_domain::SigningAlgorithm;
use portcullis_domain::policy::{EmailVerification, Registration};

use super::form::{Form, Refusal};

/// One of the words of `C`, in any case.
pub struct OneOf<C>(PhantomData<C>);

/// What there is to choose from.
pub trait Choice: Copy + 'static {
    /// The words, and what they mean.
    const WORDS: &'static [(&'static str, Self)];
}

impl<C: Choice> Form for OneOf<C> {
    type Value = C;

    fn allowed() -> String {
        let words: Vec<_> = C::WORDS.iter().map(|(word, _)| format!("`{word}`")).collect();
        match words.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => words.concat(),
        }
    }

    fn parse(text: &str) -> Result<C, Refusal> {
        let known = C::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        known.map(|(_, choice)| *choice).ok_or_else(|| Refusal::new("is not one of the words"))
    }
}

/// What a start does about a schema that is not the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// It brings it up to date.
    Auto,
    /// It refuses.
    Check,
    /// It does not look.
    Off,
}

/// How log records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people, with colours on a terminal.
    Pretty,
    /// For programs, as JSON.
    Json,
}

impl Choice for bool {
    const WORDS: &'static [(&'static str, Self)] =
        &[("on", true), ("off", false), ("true", true), ("false", false)];
}

impl Choice for Migrate {
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("check", Self::Check), ("off", Self::Off)];
}

impl Choice for LogFormat {
    const WORDS: &'static [(&'static str, Self)] = &[("pretty", Self::Pretty), ("json", Self::Json)];
}

impl Choice for SigningAlgorithm {
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::EdDsa.name(), Self::EdDsa),
        (Self::Es256.name(), Self::Es256),
        (Self::Rs256.name(), Self::Rs256),
    ];
}

impl Choice for EmailVerification {
    const WORDS: &'static [(&'static str, Self)] =
        &[("required", Self::Required), ("optional", Self::Optional)];
}

impl Choice for Registration {
    const WORDS: &'static [(&'static str, Self)] =
        &[("open", Self::Open), ("private", Self::Private), ("closed", Self::Closed)];
}
