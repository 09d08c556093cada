//! The settings for people and programs to read: what is in force, and what there is to set.

use std::fmt::Write as _;

use serde::Serialize;

use super::setting::{DefaultValue, Secrecy, Setting};
use super::settings::SETTINGS;
use super::values::Values;

/// One value in force. Secrets are masked.
#[derive(Debug, Serialize)]
pub struct ValueInForce {
    /// The environment variable.
    pub key: String,
    /// The value; none when it is unset.
    pub value: Option<String>,
    /// What happens when it is unset.
    #[serde(skip)]
    pub unset: Option<&'static str>,
    /// Where it came from.
    pub source: String,
}

impl Values {
    /// What is in force, in the order of the documentation.
    pub fn in_force(&self) -> impl Iterator<Item = ValueInForce> {
        SETTINGS.iter().map(|setting| ValueInForce {
            key: setting.variable(),
            value: self.shown(setting),
            unset: match setting.default {
                DefaultValue::Unset(words) => Some(words),
                DefaultValue::Text(_) => None,
            },
            source: self.source(setting).to_string(),
        })
    }

    /// What is in force as a table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let values: Vec<_> = self.in_force().collect();
        let width = values.iter().map(|value| value.key.len()).max().unwrap_or(0);
        values.iter().fold(String::new(), |mut table, ValueInForce { key, value, unset, source }| {
            let unset = || format!("({})", unset.map_or_else(|| "off".to_owned(), without_markup));
            let value = value.clone().unwrap_or_else(unset);
            writeln!(table, "{key:width$}  {value}  [{source}]").expect("a string takes all");
            table
        })
    }
}

fn without_markup(words: &str) -> String {
    words.replace('`', "")
}

/// The reference of all settings, as a Markdown table.
#[must_use]
pub fn reference() -> String {
    let head = "| variable | default | meaning | allowed |\n|---|---|---|---|\n".to_owned();
    SETTINGS.iter().fold(head, |mut table, setting| {
        let Setting { default, description, allowed, .. } = setting;
        let default = match default {
            DefaultValue::Text(text) => format!("`{text}`"),
            DefaultValue::Unset(words) => (*words).to_owned(),
        };
        let file = match setting.secrecy {
            Secrecy::Open => String::new(),
            Secrecy::Credentials | Secrecy::Secret => format!("<br>`{}_FILE`", setting.variable()),
        };
        let row = format!("`{}`{file} | {default} | {description} | {}", setting.variable(), allowed());
        writeln!(table, "| {row} |").expect("a string takes all");
        table
    })
}
