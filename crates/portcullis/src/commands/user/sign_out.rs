use portcullis_domain::Actor;

use super::find::find;
use super::view::print_user;
use crate::cli::SelectedUser;
use crate::config::Config;
use crate::wiring::Installation;

/// Ends every session of a user.
pub(super) async fn run(config: &Config, selected: SelectedUser) -> anyhow::Result<()> {
    let SelectedUser { user, format } = selected;
    let installation = Installation::for_command(config).await?;
    let user = find(&installation.use_cases, &user).await?;
    installation.use_cases.revoke_sessions.revoke(&Actor::operator(), user.id).await?;
    print_user(&user, format, &format!("{} is signed out everywhere", user.email))
}
