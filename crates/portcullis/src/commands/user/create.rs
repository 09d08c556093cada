use std::collections::BTreeSet;

use portcullis_domain::use_cases::CreateUserCommand;
use portcullis_domain::{Actor, ProfileNames, RoleName};

use super::view::print_user;
use crate::cli::{FirstPassword, NewUser};
use crate::config::Config;
use crate::password_entry;
use crate::wiring::Installation;

/// Makes an account and prints it.
pub(super) async fn run(config: &Config, new_user: NewUser) -> anyhow::Result<()> {
    let NewUser { email, username, name, first_name, last_name, unverified, format, .. } = new_user;
    let FirstPassword { invite, password_stdin } = new_user.password;
    let password = if invite { None } else { Some(password_entry::read(password_stdin)?) };
    let admin = new_user.admin.then(RoleName::admin);
    let command = CreateUserCommand {
        email,
        password,
        username,
        profile: ProfileNames { name, first_name, last_name },
        // Who was invited shows that they read mails to the address by accepting.
        email_verified: !(unverified || invite),
        is_active: true,
        roles: new_user.roles.into_iter().chain(admin).collect::<BTreeSet<_>>(),
        locale: None,
    };
    let installation = Installation::for_first_command(config).await?;
    let user = installation.use_cases.create_user.create(&Actor::operator(), command).await?;
    let made = format!("made the account {} of {}", user.id, user.email);
    let invited = if invite { "; the service that runs mails the invitation" } else { "" };
    print_user(&user, format, &format!("{made}{invited}"))
}
