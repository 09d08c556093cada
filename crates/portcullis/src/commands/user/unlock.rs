use portcullis_domain::Actor;

use super::find::find;
use super::view::print_user;
use crate::cli::SelectedUser;
use crate::config::Config;
use crate::wiring::Installation;

/// Lifts the lockout of a user, if there is one.
pub(super) async fn run(config: &Config, selected: SelectedUser) -> anyhow::Result<()> {
    let SelectedUser { user, format } = selected;
    let installation = Installation::for_command(config).await?;
    let found = find(&installation.use_cases, &user).await?;
    let user = installation.use_cases.unlock_user.unlock(&Actor::operator(), found.id).await?;
    print_user(&user, format, &format!("{} is not locked", user.email))
}
