use super::find::find;
use super::view::{UserView, print_user};
use crate::cli::SelectedUser;
use crate::config::Config;
use crate::wiring::Installation;

/// Prints what is known of a user.
pub(super) async fn run(config: &Config, selected: SelectedUser) -> anyhow::Result<()> {
    let SelectedUser { user, format } = selected;
    let installation = Installation::for_command(config).await?;
    let user = find(&installation.use_cases, &user).await?;
    print_user(&user, format, &UserView::of(&user).card())
}
