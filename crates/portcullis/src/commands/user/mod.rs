//! `portcullis user`: accounts, as operators make and change them.

mod create;
mod delete;
mod export;
mod find;
mod import;
mod list;
mod roles;
mod set_password;
mod show;
mod sign_out;
mod unlock;
mod update;
mod verify;
mod view;

use std::path::Path;

pub(super) use self::find::find;
use crate::cli::UserCommand;
use crate::config::Config;

/// Runs one of the commands on users.
pub(super) async fn run(config: &Config, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Create(new_user) => create::run(config, new_user).await,
        UserCommand::List(selection) => list::run(config, selection).await,
        UserCommand::Show(selected) => show::run(config, selected).await,
        UserCommand::Verify(selected) => verify::run(config, selected).await,
        UserCommand::Unlock(selected) => unlock::run(config, selected).await,
        UserCommand::SignOut(selected) => sign_out::run(config, selected).await,
        UserCommand::Disable(selected) => update::disable(config, selected).await,
        UserCommand::Enable(selected) => update::enable(config, selected).await,
        UserCommand::Delete(deletion) => delete::run(config, deletion).await,
        UserCommand::SetPassword(new_password) => set_password::run(config, new_password).await,
        UserCommand::Grant(role) => roles::grant(config, role).await,
        UserCommand::Revoke(role) => roles::revoke(config, role).await,
        UserCommand::Import(import) => import::run(config, import).await,
        UserCommand::Export(export) => export::run(config, export).await,
    }
}

fn cannot_be_written(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}
