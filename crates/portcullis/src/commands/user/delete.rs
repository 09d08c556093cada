use portcullis_domain::Actor;

use super::find::find;
use super::view::print_user;
use crate::cli::{SelectedUser, UserDeletion};
use crate::config::Config;
use crate::confirmation::Confirmation;
use crate::wiring::Installation;

/// Erases a user, and prints them as they were.
pub(super) async fn run(config: &Config, deletion: UserDeletion) -> anyhow::Result<()> {
    let UserDeletion { selected: SelectedUser { user, format }, yes } = deletion;
    let confirmation = Confirmation::of(yes)?;
    let installation = Installation::for_command(config).await?;
    let user = find(&installation.use_cases, &user).await?;
    confirmation.obtain(&format!("Erase the account {} of {} for good?", user.id, user.email))?;
    installation.use_cases.delete_user.delete(&Actor::operator(), user.id).await?;
    print_user(&user, format, &format!("erased the account {} of {}", user.id, user.email))
}
