//! Users for people and programs to read.

use std::fmt::{self, Write as _};

use portcullis_domain::{Name, RoleName, User, Username};
use serde::Serialize;

use crate::cli::OutputFormat;
use crate::output::{print, print_json};

/// Prints `user` for programs, or `words` for people.
pub(super) fn print_user(user: &User, format: OutputFormat, words: &str) -> anyhow::Result<()> {
    if format.json {
        print_json(&UserView::of(user))?;
    } else {
        print(words)?;
    }
    Ok(())
}

/// A user as the HTTP API shows one; displayed as a row of a table.
#[derive(Serialize)]
pub(super) struct UserView<'a> {
    id: String,
    email: &'a str,
    email_verified: bool,
    username: Option<&'a str>,
    name: Option<&'a str>,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    is_active: bool,
    roles: Vec<&'a str>,
    created_at: String,
    updated_at: Option<String>,
    last_login_at: Option<String>,
}

impl<'a> UserView<'a> {
    pub(super) fn of(user: &'a User) -> Self {
        let [name, first_name, last_name] = user.profile.as_array().map(|name| name.map(Name::as_str));
        Self {
            id: user.id.to_string(),
            email: user.email.as_str(),
            email_verified: user.email_verified,
            username: user.username.as_ref().map(Username::as_str),
            name,
            first_name,
            last_name,
            is_active: user.is_active,
            roles: user.roles.iter().map(RoleName::as_str).collect(),
            created_at: user.created_at.to_string(),
            updated_at: user.updated_at.map(|moment| moment.to_string()),
            last_login_at: user.last_login_at.map(|moment| moment.to_string()),
        }
    }

    /// What stands above rows.
    pub(super) fn head() -> String {
        row(["ID", "STATE", "ROLES", "USERNAME", "E-MAIL"])
    }

    /// Everything, a line each.
    pub(super) fn card(&self) -> String {
        let roles = self.roles.join(", ");
        let lines = [
            ("id", Some(self.id.as_str())),
            ("e-mail", Some(self.email)),
            ("username", self.username),
            ("name", self.name),
            ("first name", self.first_name),
            ("last name", self.last_name),
            ("state", Some(self.state())),
            ("roles", Some(&roles)),
            ("created", Some(&self.created_at)),
            ("updated", self.updated_at.as_deref()),
            ("last login", self.last_login_at.as_deref()),
        ];
        lines.iter().fold(String::new(), |mut card, (label, value)| {
            writeln!(card, "{label:<10}  {}", value.unwrap_or("-")).expect("a string takes all");
            card
        })
    }

    fn state(&self) -> &'static str {
        match (self.is_active, self.email_verified) {
            (true, true) => "active",
            (true, false) => "active, unverified",
            (false, true) => "disabled",
            (false, false) => "disabled, unverified",
        }
    }
}

impl fmt::Display for UserView<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles = self.roles.join(",");
        let cells = [&self.id, self.state(), &roles, self.username.unwrap_or("-"), self.email];
        formatter.write_str(&row(cells))
    }
}

fn row(cells: [&str; 5]) -> String {
    let [id, state, roles, username, email] = cells;
    format!("{id:<36}  {state:<20}  {roles:<15}  {username:<20}  {email}")
}
