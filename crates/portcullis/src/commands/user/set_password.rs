use portcullis_domain::Actor;

use super::find::find;
use super::view::print_user;
use crate::cli::{NewPassword, SelectedUser};
use crate::config::Config;
use crate::password_entry;
use crate::wiring::Installation;

/// Gives a user another password.
pub(super) async fn run(config: &Config, new_password: NewPassword) -> anyhow::Result<()> {
    let NewPassword { selected: SelectedUser { user, format }, password_stdin } = new_password;
    let password = password_entry::read(password_stdin)?;
    let installation = Installation::for_command(config).await?;
    let user = find(&installation.use_cases, &user).await?;
    installation.use_cases.set_password.set(&Actor::operator(), user.id, password).await?;
    let words = format!("{} has another password, and is signed out everywhere", user.email);
    print_user(&user, format, &words)
}
