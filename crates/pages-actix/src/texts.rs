//! The words of the pages, one file a language: a language that lacks a word does not load.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The words of every page in English.
pub(super) static ENGLISH: LazyLock<Texts> =
    LazyLock::new(|| Texts::read(include_str!("../../templates/texts/en.json")));

/// The words of every page in German.
pub(super) static GERMAN: LazyLock<Texts> =
    LazyLock::new(|| Texts::read(include_str!("../../templates/texts/de.json")));

/// The words of every page in one language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) verify_email: VerifyEmailTexts,
    pub(super) reset_password: ResetPasswordTexts,
    pub(super) confirm_email_change: ConfirmEmailChangeTexts,
    pub(super) try_again: Notice,
    pub(super) failure: Notice,
    pub(super) mailbox: MailboxTexts,
}

impl Texts {
    fn read(json: &str) -> Self {
        serde_json::from_str(json).expect("the built-in texts are complete")
    }
}

/// Something to know.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notice {
    title: String,
    /// One entry a paragraph.
    text: Vec<String>,
}

/// Something to agree to.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    title: String,
    /// One entry a paragraph.
    text: Vec<String>,
    button: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyEmailTexts {
    pub(super) question: Question,
    pub(super) done: Notice,
    pub(super) dead_link: Notice,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmEmailChangeTexts {
    pub(super) question: Question,
    pub(super) done: Notice,
    pub(super) dead_link: Notice,
    pub(super) taken: Notice,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetPasswordTexts {
    pub(super) form: PasswordForm,
    pub(super) refusals: PasswordRefusals,
    pub(super) done: Notice,
    pub(super) dead_link: Notice,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordForm {
    title: String,
    /// One entry a paragraph.
    text: Vec<String>,
    new_password: String,
    hint: String,
    password_confirm: String,
    button: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordRefusals {
    /// Has `{minimum}` in it.
    pub(super) too_short: String,
    /// Has `{maximum}` in it.
    pub(super) too_long: String,
    pub(super) common: String,
    pub(super) contains_identity: String,
    pub(super) mismatch: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailboxTexts {
    title: String,
    about: String,
    empty: String,
    back: String,
    to: String,
    from: String,
    date: String,
    code: String,
    links: String,
    html: String,
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_word() {
        for texts in [&ENGLISH, &GERMAN] {
            let refusals = &texts.reset_password.refusals;
            assert!(refusals.too_short.contains("{minimum}"));
            assert!(refusals.too_long.contains("{maximum}"));
        }
    }
}
