use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::error::ErrorKind;
use portcullis_verify::Credentials;
use zeroize::Zeroizing;

use crate::cli::{AdministratorAccess, usage_error};
use crate::config::{ADMIN_PASSWORD_VARIABLE, ADMIN_TOKEN_VARIABLE};
use crate::password_entry;

/// What the administrator signs in with, from where the command line says, or else from the environment.
pub(super) fn credentials(access: AdministratorAccess) -> anyhow::Result<Credentials> {
    let AdministratorAccess { token_stdin, token_file, email, password_stdin, password_file } = access;
    if let Some(email) = email {
        let password = match password_file {
            Some(path) => line_of_file(&path)?,
            None if password_stdin => password_entry::line_of_stdin()?,
            None => match variable(ADMIN_PASSWORD_VARIABLE) {
                Some(password) => password,
                None => password_entry::ask_once(&format!("Password of {email}: "))?,
            },
        };
        return Ok(Credentials::Password { email, password });
    }
    let token = match token_file {
        Some(path) => line_of_file(&path)?,
        None if token_stdin => password_entry::line_of_stdin()?,
        None => variable(ADMIN_TOKEN_VARIABLE).ok_or_else(|| {
            usage_error(
                ErrorKind::MissingRequiredArgument,
                "an administrator has to sign in: give --token-stdin, --token-file, --email, or PORTCULLIS_ADMIN_TOKEN",
            )
        })?,
    };
    let is_token = !token.is_empty() && token.bytes().all(|octet| octet.is_ascii_graphic());
    ensure!(is_token, "the access token is none");
    Ok(Credentials::Token(token))
}

fn variable(name: &str) -> Option<Zeroizing<String>> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(Zeroizing::new)
}

fn line_of_file(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(password_entry::without_line_break(&Zeroizing::new(text)))
}
