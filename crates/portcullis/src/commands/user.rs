//! `portcullis user`: accounts, as operators make them.

use std::collections::BTreeSet;

use portcullis_domain::use_cases::CreateUserCommand;
use portcullis_domain::{Actor, Name, ProfileNames, RoleName, User, Username};
use serde::Serialize;

use crate::cli::NewUser;
use crate::clock::rfc3339;
use crate::config::Config;
use crate::output::{print, print_json};
use crate::password_entry;
use crate::wiring::Installation;

/// Makes an account and prints it.
pub(super) async fn create(config: &Config, new_user: NewUser) -> anyhow::Result<()> {
    let password = if new_user.password_stdin {
        password_entry::from_stdin()?
    } else {
        password_entry::from_terminal()?
    };
    let NewUser { email, username, name, first_name, last_name, admin, unverified, format, .. } = new_user;
    let command = CreateUserCommand {
        email,
        password: Some(password),
        username,
        profile: ProfileNames { name, first_name, last_name },
        email_verified: !unverified,
        is_active: true,
        roles: if admin { [RoleName::admin()].into() } else { BTreeSet::new() },
        locale: None,
    };
    let installation = Installation::open(config, &config.public_url(config.bind)).await?;
    let user = installation.use_cases.create_user.create(&Actor::operator(), command).await?;
    if format.json {
        print_json(&UserView::of(&user))?;
    } else {
        print(&format!("made the account {} of {}", user.id, user.email))?;
    }
    Ok(())
}

/// A user as the HTTP API shows one.
#[derive(Serialize)]
struct UserView<'a> {
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
    fn of(user: &'a User) -> Self {
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
            created_at: rfc3339(user.created_at),
            updated_at: user.updated_at.map(rfc3339),
            last_login_at: user.last_login_at.map(rfc3339),
        }
    }
}
