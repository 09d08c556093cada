//! `portcullis role`: roles, as users hold them.

use std::fmt;

use portcullis_domain::{Permission, Role, RoleDescription};
use serde::Serialize;

use crate::cli::RoleCommand;
use crate::config::Config;
use crate::output::Listing;
use crate::wiring::Installation;

/// Runs one of the commands on roles.
pub(super) async fn run(config: &Config, command: RoleCommand) -> anyhow::Result<()> {
    let RoleCommand::List { format } = command;
    let roles = Installation::for_command(config).await?.use_cases.list_roles.list().await?;
    let views: Vec<_> = roles.iter().map(RoleView::of).collect();
    let mut listing = Listing::begin(format, &RoleView::head())?;
    if listing.print_page(&views)?.is_continue() {
        listing.end()?;
    }
    Ok(())
}

/// A role as the HTTP API shows one.
#[derive(Serialize)]
struct RoleView<'a> {
    id: String,
    name: &'a str,
    description: Option<&'a str>,
    /// None are listed with `admin`, whose holders may do everything.
    permissions: Vec<&'a str>,
    built_in: bool,
    #[serde(skip)]
    is_admin: bool,
}

impl<'a> RoleView<'a> {
    fn of(role: &'a Role) -> Self {
        Self {
            id: role.id.to_string(),
            name: role.name.as_str(),
            description: role.description.as_ref().map(RoleDescription::as_str),
            permissions: role.permissions.iter().map(Permission::as_str).collect(),
            built_in: role.built_in,
            is_admin: role.name.is_admin(),
        }
    }

    fn head() -> String {
        row(["ID", "NAME", "BUILT IN", "PERMISSIONS", "DESCRIPTION"])
    }
}

impl fmt::Display for RoleView<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let permissions = match self.permissions.as_slice() {
            [] if self.is_admin => "every".to_owned(),
            [] => "-".to_owned(),
            permissions => permissions.join(","),
        };
        let built_in = if self.built_in { "yes" } else { "no" };
        let cells = [&self.id, self.name, built_in, &permissions, self.description.unwrap_or("-")];
        formatter.write_str(&row(cells))
    }
}

fn row(cells: [&str; 5]) -> String {
    let [id, name, built_in, permissions, description] = cells;
    format!("{id:<36}  {name:<20}  {built_in:<8}  {permissions:<30}  {description}")
}
