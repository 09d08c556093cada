use portcullis_domain::Actor;
use portcullis_domain::use_cases::UpdateUserCommand;

use super::find::find;
use super::view::print_user;
use crate::cli::SelectedUser;
use crate::config::Config;
use crate::wiring::Installation;

/// Keeps a user out.
pub(super) async fn disable(config: &Config, selected: SelectedUser) -> anyhow::Result<()> {
    let command = UpdateUserCommand { is_active: Some(false), ..UpdateUserCommand::default() };
    update(config, selected, command, "is kept out, and signed out everywhere").await
}

/// Lets a user in again.
pub(super) async fn enable(config: &Config, selected: SelectedUser) -> anyhow::Result<()> {
    let command = UpdateUserCommand { is_active: Some(true), ..UpdateUserCommand::default() };
    update(config, selected, command, "may sign in").await
}

/// Changes a user, and says that it is so from here on.
async fn update(
    config: &Config,
    selected: SelectedUser,
    command: UpdateUserCommand,
    consequence: &str,
) -> anyhow::Result<()> {
    let SelectedUser { user, format } = selected;
    let installation = Installation::for_command(config).await?;
    let found = find(&installation.use_cases, &user).await?;
    let user = installation.use_cases.update_user.update(&Actor::operator(), found.id, command).await?;
    print_user(&user, format, &format!("{} {consequence}", user.email))
}
