use anyhow::anyhow;
use portcullis_domain::use_cases::{FindRoleError, UseCases};
use portcullis_domain::{Actor, RoleId, RoleName};

use super::find::find;
use super::view::print_user;
use crate::cli::{HeldRole, SelectedUser, UserReference};
use crate::config::Config;
use crate::wiring::Installation;

/// Gives a role to a user, unless they hold it.
pub(super) async fn grant(config: &Config, held: HeldRole) -> anyhow::Result<()> {
    let HeldRole { selected: SelectedUser { user, format }, role: name } = held;
    let installation = Installation::for_command(config).await?;
    let use_cases = &installation.use_cases;
    let user = find(use_cases, &user).await?;
    let role = role_called(use_cases, &name).await?;
    use_cases.assign_role.assign(&Actor::operator(), user.id, role).await?;
    let user = find(use_cases, &UserReference::Id(user.id)).await?;
    print_user(&user, format, &format!("{} holds the role {name}", user.email))
}

/// Takes a role from a user who holds it.
pub(super) async fn revoke(config: &Config, held: HeldRole) -> anyhow::Result<()> {
    let HeldRole { selected: SelectedUser { user, format }, role: name } = held;
    let installation = Installation::for_command(config).await?;
    let use_cases = &installation.use_cases;
    let user = find(use_cases, &user).await?;
    let role = role_called(use_cases, &name).await?;
    use_cases.revoke_role.revoke(&Actor::operator(), user.id, role).await?;
    let user = find(use_cases, &UserReference::Id(user.id)).await?;
    print_user(&user, format, &format!("{} does not hold the role {name}", user.email))
}

async fn role_called(use_cases: &UseCases, name: &RoleName) -> anyhow::Result<RoleId> {
    match use_cases.find_role.find_by_name(name).await {
        Ok(role) => Ok(role.id),
        Err(FindRoleError::NotFound) => {
            Err(anyhow!("there is no role {name}; `portcullis role list` shows those that there are"))
        }
        Err(FindRoleError::Storage(error)) => Err(error.into()),
    }
}
