use serde::Serialize;

use super::Change;
use crate::secret::Secret;

/// What somebody gives to sign in.
#[derive(Clone, Debug, Serialize)]
pub struct Credentials {
    #[serde(flatten)]
    identifier: Identifier,
    password: Secret,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Identifier {
    Email(String),
    Username(String),
}

impl Credentials {
    /// An e-mail address and a password.
    pub fn by_email(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { identifier: Identifier::Email(email.into()), password: password.into() }
    }

    /// A username and a password.
    pub fn by_username(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { identifier: Identifier::Username(username.into()), password: password.into() }
    }
}

/// What somebody gives to register.
#[derive(Clone, Debug, Serialize)]
pub struct Registration {
    /// One address.
    pub email: String,
    /// 8 to 128 characters, none of the common passwords, and nothing that contains the address or a name.
    pub password: Secret,
    /// What they are called.
    #[serde(flatten)]
    pub profile: Profile,
}

impl Registration {
    /// Without any names.
    pub fn new(email: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { email: email.into(), password: password.into(), profile: Profile::default() }
    }
}

/// What somebody is called; all of it may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// A name to sign in with, unique regardless of case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The whole name, or a nickname.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
}

/// What somebody shall be called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProfileChange {
    /// A name to sign in with, unique regardless of case.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub username: Change<String>,
    /// The whole name, or a nickname.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub name: Change<String>,
    /// The given name.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub first_name: Change<String>,
    /// The family name.
    #[serde(skip_serializing_if = "Change::is_keep")]
    pub last_name: Change<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn credentials_name_one_thing_and_the_password() {
        let by_email = to_value(Credentials::by_email("ada@example.com", "secret words")).unwrap();
        assert_eq!(by_email, json!({ "email": "ada@example.com", "password": "secret words" }));
        let by_username = to_value(Credentials::by_username("ada", "secret words")).unwrap();
        assert_eq!(by_username, json!({ "username": "ada", "password": "secret words" }));
    }

    #[test]
    fn nobody_reads_a_password_in_a_log() {
        let registration = Registration::new("ada@example.com", "secret words");
        let credentials = Credentials::by_email("ada@example.com", "secret words");
        for shown in [format!("{registration:?}"), format!("{credentials:?}")] {
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    #[test]
    fn what_is_kept_is_left_out_and_what_is_cleared_is_null() {
        let change = ProfileChange {
            name: Change::To("Ada".to_owned()),
            username: Change::Clear,
            ..ProfileChange::default()
        };
        assert_eq!(to_value(change).unwrap(), json!({ "name": "Ada", "username": null }));
    }
}
