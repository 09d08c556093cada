use std::collections::BTreeSet;
use std::fmt;

use portcullis_domain::ports::HashRefusal;
use portcullis_domain::use_cases::ImportedUser;
use portcullis_domain::{
    Account, EmailAddress, Locale, Name, PasswordHash, ProfileNames, RoleName, Timestamp, User, UserId,
    Username,
};
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// An account as files have it: only the address must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountRecord {
    /// A `UUIDv7`.
    pub id: Option<String>,
    /// The address, without which there is no account.
    pub email: Option<String>,
    /// Whether the address is known to be theirs; no if it is not said.
    #[serde(deserialize_with = "flag")]
    pub email_verified: Option<bool>,
    /// A name to sign in with.
    pub username: Option<String>,
    /// The whole name.
    pub name: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// In any form that the hasher takes over.
    pub password_hash: Option<String>,
    /// Whether the account may be used; yes if it is not said.
    #[serde(deserialize_with = "flag")]
    pub is_active: Option<bool>,
    /// The names of roles.
    #[serde(deserialize_with = "names")]
    pub roles: Vec<String>,
    /// The language of mails.
    pub locale: Option<String>,
    /// When the account was made; now if it is not said.
    pub created_at: Option<String>,
    /// When it was last changed.
    pub updated_at: Option<String>,
    /// When somebody last signed in to it.
    pub last_login_at: Option<String>,
}

impl AccountRecord {
    /// The names of the fields, in their order.
    pub const FIELDS: [&str; 14] = [
        "id",
        "email",
        "email_verified",
        "username",
        "name",
        "first_name",
        "last_name",
        "password_hash",
        "is_active",
        "roles",
        "locale",
        "created_at",
        "updated_at",
        "last_login_at",
    ];

    /// What is kept of an account.
    #[must_use]
    pub fn of(account: &Account) -> Self {
        let Account { user, password_hash } = account;
        let User { id, email, email_verified, username, is_active, roles, locale, .. } = user;
        let [name, first_name, last_name] =
            user.profile.as_array().map(|name| name.map(|name| name.as_str().to_owned()));
        Self {
            id: Some(id.to_string()),
            email: Some(email.as_str().to_owned()),
            email_verified: Some(*email_verified),
            username: username.as_ref().map(|username| username.as_str().to_owned()),
            name,
            first_name,
            last_name,
            password_hash: password_hash.as_ref().map(|hash| hash.as_str().to_owned()),
            is_active: Some(*is_active),
            roles: roles.iter().map(|role| role.as_str().to_owned()).collect(),
            locale: Some(locale.as_str().to_owned()),
            created_at: Some(user.created_at.to_string()),
            updated_at: user.updated_at.map(|moment| moment.to_string()),
            last_login_at: user.last_login_at.map(|moment| moment.to_string()),
        }
    }

    /// The account to bring in, whose hash `accept_hash` takes over, or the first thing that is wrong with it.
    ///
    /// An address counts as verified only where it is said; an account may be used unless it is said.
    ///
    /// # Errors
    ///
    /// Names the field and says what is wrong with it, without repeating it.
    pub fn into_imported(
        self,
        accept_hash: impl Fn(&str) -> Result<PasswordHash, HashRefusal>,
    ) -> Result<ImportedUser, Unusable> {
        let email = self.email.ok_or(Unusable { field: "email", reason: "is missing".to_owned() })?;
        let roles: Result<BTreeSet<_>, _> = self.roles.iter().map(|role| RoleName::parse(role)).collect();
        // How Django writes that there is no password; no hash of anything begins so.
        let password_hash = self.password_hash.filter(|hash| !hash.starts_with('!'));
        Ok(ImportedUser {
            id: parsed("id", self.id, user_id)?,
            email: EmailAddress::parse(&email).map_err(|reason| Unusable::new("email", reason))?,
            password_hash: parsed("password_hash", password_hash, |text| accept_hash(text))?,
            username: parsed("username", self.username, Username::parse)?,
            profile: ProfileNames {
                name: parsed("name", self.name, Name::parse)?,
                first_name: parsed("first_name", self.first_name, Name::parse)?,
                last_name: parsed("last_name", self.last_name, Name::parse)?,
            },
            email_verified: self.email_verified.unwrap_or(false),
            is_active: self.is_active.unwrap_or(true),
            roles: roles.map_err(|reason| Unusable::new("roles", reason))?,
            locale: parsed("locale", self.locale, |tag| Locale::parse(&tag.to_ascii_lowercase()))?,
            created_at: parsed("created_at", self.created_at, moment)?,
            updated_at: parsed("updated_at", self.updated_at, moment)?,
            last_login_at: parsed("last_login_at", self.last_login_at, moment)?,
        })
    }
}

/// Why an account cannot be brought in.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{field}: {reason}")]
pub struct Unusable {
    field: &'static str,
    reason: String,
}

impl Unusable {
    fn new(field: &'static str, reason: impl fmt::Display) -> Self {
        Self { field, reason: reason.to_string() }
    }
}

/// What a field that is there and not empty says.
fn parsed<T, E: fmt::Display>(
    field: &'static str,
    text: Option<String>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Unusable> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| parse(&text).map_err(|reason| Unusable::new(field, reason))).transpose()
}

/// Ids are `UUIDv7`: lists go by the time in them.
fn user_id(text: &str) -> Result<UserId, &'static str> {
    let id = UserId::parse(text).ok().filter(|id| id.uuid().get_version_num() == 7);
    id.ok_or("is no UUIDv7; without an id the account gets one")
}

/// RFC 3339, or as PostgreSQL and SQLite write it; UTC where no zone is named.
fn moment(text: &str) -> Result<Timestamp, &'static str> {
    let zoned = format_description!(
        version = 2,
        "[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]][offset_hour][optional [:[offset_minute]]]"
    );
    let local = format_description!(
        version = 2,
        "[year]-[month]-[day][first [ ] [T]][hour]:[minute]:[second][optional [.[subsecond]]]"
    );
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(text, &zoned))
        .or_else(|_| PrimitiveDateTime::parse(text, &local).map(PrimitiveDateTime::assume_utc))
        .map(Timestamp::from)
        .map_err(|_| "is no moment such as 2026-01-31T12:00:00Z")
}

/// A boolean, or how a database writes one into CSV.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    struct Flag;

    impl Visitor<'_> for Flag {
        type Value = Option<bool>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("true or false")
        }

        fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
            Ok(Some(flag))
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            match number {
                0 => Ok(Some(false)),
                1 => Ok(Some(true)),
                _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
            }
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            match text.to_ascii_lowercase().as_str() {
                "" => Ok(None),
                "true" | "t" | "1" => Ok(Some(true)),
                "false" | "f" | "0" => Ok(Some(false)),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }
    }

    deserializer.deserialize_any(Flag)
}

/// A list, or names between commas, semicolons or the braces of PostgreSQL's arrays.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Names;

    impl<'de> Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list of names")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            let listed = text.trim_start_matches('{').trim_end_matches('}');
            let names = listed.split([',', ';']).map(str::trim).filter(|name| !name.is_empty());
            Ok(names.map(str::to_owned).collect())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = list.next_element()? {
                names.push(name);
            }
            Ok(names)
        }
    }

    deserializer.deserialize_any(Names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported(json: &str) -> Result<ImportedUser, Unusable> {
        let record: AccountRecord = serde_json::from_str(json).expect("a record");
        record.into_imported(|text| Ok(PasswordHash::new(text)))
    }

    #[test]
    fn an_address_is_enough() {
        let user = imported(r#"{"email": "ada@example.com"}"#).unwrap();
        assert!(!user.email_verified && user.is_active && user.password_hash.is_none());
    }

    #[test]
    fn what_is_wrong_is_told_by_its_field() {
        for (json, told) in [
            (r"{}", "email: is missing"),
            (r#"{"email": "ada"}"#, "email: is malformed"),
            (r#"{"email": "a@example.com", "username": "1"}"#, "username: is shorter than 3 characters"),
            (r#"{"email": "a@example.com", "roles": ["No Role"]}"#, "roles: is malformed"),
            (
                r#"{"email": "a@example.com", "id": "4c2c5bd0-5a53-4b2e-9f0e-0c54e1d3a7f1"}"#,
                "id: is no UUIDv7; without an id the account gets one",
            ),
            (
                r#"{"email": "a@example.com", "created_at": "yesterday"}"#,
                "created_at: is no moment such as 2026-01-31T12:00:00Z",
            ),
        ] {
            assert_eq!(imported(json).unwrap_err().to_string(), told, "{json}");
        }
    }

    #[test]
    fn moments_are_read_as_databases_write_them() {
        let expected = moment("2026-01-31T12:00:00.25Z").unwrap();
        for text in [
            "2026-01-31T13:00:00.25+01:00",
            "2026-01-31 12:00:00.25+00",
            "2026-01-31 14:30:00.25+02:30",
            "2026-01-31 12:00:00.25",
            "2026-01-31T12:00:00.25",
        ] {
            assert_eq!(moment(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn flags_and_names_are_read_as_databases_write_them() {
        for (json, verified) in
            [("true", true), (r#""t""#, true), ("1", true), (r#""False""#, false), ("0", false)]
        {
            let user =
                imported(&format!(r#"{{"email": "a@example.com", "email_verified": {json}}}"#)).unwrap();
            assert_eq!(user.email_verified, verified, "{json}");
        }
        for json in [r#"["admin", "user"]"#, r#""admin,user""#, r#""{admin,user}""#, r#""user; admin""#] {
            let user = imported(&format!(r#"{{"email": "a@example.com", "roles": {json}}}"#)).unwrap();
            let roles: Vec<_> = user.roles.iter().map(RoleName::as_str).collect();
            assert_eq!(roles, ["admin", "user"], "{json}");
        }
    }

    #[test]
    fn an_unusable_password_of_django_is_none() {
        let user = imported(r#"{"email": "a@example.com", "password_hash": "!kJ3f"}"#).unwrap();
        assert!(user.password_hash.is_none());
    }
}
