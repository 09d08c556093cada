use portcullis_domain::Actor;

use super::find::find;
use super::view::print_user;
use crate::cli::SelectedUser;
use crate::config::Config;
use crate::wiring::Installation;

/// Lets the address of a user count as verified.
pub(super) async fn run(config: &Config, selected: SelectedUser) -> anyhow::Result<()> {
    let SelectedUser { user, format } = selected;
    let installation = Installation::for_command(config).await?;
    let found = find(&installation.use_cases, &user).await?;
    let user = installation.use_cases.verify_user.verify(&Actor::operator(), found.id).await?;
    print_user(&user, format, &format!("{} counts as verified", user.email))
}
