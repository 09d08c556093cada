use clap::{Args, Subcommand};
use portcullis_domain::{EmailAddress, Name, RoleName, SearchPrefix, Username};

use super::{OutputFormat, UserExport, UserImport, UserReference};

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account, verified unless told otherwise, and ask for its password
    ///
    /// With --invite nobody is asked for a password: a link to set the first one is mailed to the address,
    /// by the service that runs, and whoever follows it has verified the address.
    #[command(after_help = "Examples:
  portcullis user create --email ada@example.com --admin
  portcullis user create --email ada@example.com --username ada --role analyst --invite
  pass show portcullis/ada | portcullis user create --email ada@example.com --password-stdin")]
    Create(NewUser),

    /// Print users, the newest first
    #[command(after_help = "Examples:
  portcullis user list
  portcullis user list --query ada --limit 10
  portcullis user list --role admin --active --json
  portcullis user list --unverified")]
    List(UserSelection),

    /// Print what is known of a user
    #[command(after_help = "Examples:
  portcullis user show ada@example.com
  portcullis user show ada --json
  portcullis user show 019ca0f4-3c00-7cc1-8000-5d2e3b7f7a10")]
    Show(SelectedUser),

    /// Let the address of a user count as verified
    #[command(after_help = "Examples:
  portcullis user verify ada@example.com")]
    Verify(SelectedUser),

    /// Let a user in again who gave too many wrong passwords or codes
    #[command(after_help = "Examples:
  portcullis user unlock ada@example.com")]
    Unlock(SelectedUser),

    /// End all sessions of a user, who may sign in again
    #[command(after_help = "Examples:
  portcullis user sign-out ada@example.com")]
    SignOut(SelectedUser),

    /// Keep a user out, and end all their sessions
    #[command(after_help = "Examples:
  portcullis user disable ada@example.com")]
    Disable(SelectedUser),

    /// Let a user in again who was kept out
    #[command(after_help = "Examples:
  portcullis user enable ada@example.com")]
    Enable(SelectedUser),

    /// Erase a user and all that hangs on them, for good
    ///
    /// Asks before it does on a terminal, and elsewhere wants --yes. What the audit trail says of them, by
    /// their id, stays.
    #[command(after_help = "Examples:
  portcullis user delete ada@example.com
  portcullis user delete 019ca0f4-3c00-7cc1-8000-5d2e3b7f7a10 --yes")]
    Delete(UserDeletion),

    /// Give a user another password, end all their sessions, and tell them by mail
    #[command(after_help = "Examples:
  portcullis user set-password ada@example.com
  pass show portcullis/ada | portcullis user set-password ada --password-stdin")]
    SetPassword(NewPassword),

    /// Give a role to a user
    #[command(after_help = "Examples:
  portcullis user grant ada@example.com admin")]
    Grant(HeldRole),

    /// Take a role from a user
    #[command(after_help = "Examples:
  portcullis user revoke ada@example.com admin")]
    Revoke(HeldRole),

    /// Bring in the accounts of another system, with the hashes of their passwords
    ///
    /// The file has a JSON object a line, or is CSV under a line with the names of the fields: `email`, which
    /// must be there, and `id`, `email_verified`, `username`, `name`, `first_name`, `last_name`,
    /// `password_hash`, `is_active`, `roles`, `locale`, `created_at`, `updated_at`, `last_login_at`. Hashes may
    /// be of argon2, bcrypt, scrypt and PBKDF2 as Python's systems write them; each is renewed at the next
    /// login. Nobody is mailed.
    ///
    /// What cannot be brought in is reported with its line and the reason, the rest is brought in, and the exit
    /// code is 1 then. An import that was interrupted is simply run again: what is there already stays. SIGINT
    /// or SIGTERM ends it once what is under way is stored and noted, a second one at once.
    #[command(after_help = "Examples:
  portcullis user import users.csv --report refused.jsonl
  psql -c 'COPY (SELECT email, hashed_password AS password_hash FROM users) TO STDOUT CSV HEADER' old | portcullis user import - --as csv")]
    Import(UserImport),

    /// Write every account into a file, with the hash of its password
    ///
    /// The file is one that `portcullis user import` reads, and can be read by its owner only. An export that
    /// was interrupted goes on when it is run again. What is no file, such as a device or a pipe, is never
    /// replaced; `-` writes to standard output.
    #[command(after_help = "Examples:
  portcullis user export users.jsonl
  portcullis user export - --as csv | gzip > users.csv.gz")]
    Export(UserExport),
}

#[derive(Args, Debug)]
pub(crate) struct NewUser {
    /// The e-mail address
    #[arg(long, value_name = "ADDRESS", value_parser = EmailAddress::parse)]
    pub(crate) email: EmailAddress,
    /// A second name to sign in with: 3 to 32 letters, digits, `.`, `_` and `-`
    #[arg(long, value_parser = Username::parse)]
    pub(crate) username: Option<Username>,
    /// What the person is called
    #[arg(long, value_parser = Name::parse)]
    pub(crate) name: Option<Name>,
    /// The given name
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    pub(crate) first_name: Option<Name>,
    /// The family name
    #[arg(long, value_name = "NAME", value_parser = Name::parse)]
    pub(crate) last_name: Option<Name>,
    /// Make it an administrator, as `--role admin` does
    #[arg(long)]
    pub(crate) admin: bool,
    /// A role to hold; several by giving it again
    #[arg(long = "role", value_name = "NAME", value_parser = RoleName::parse)]
    pub(crate) roles: Vec<RoleName>,
    /// The address does not count as verified
    #[arg(long)]
    pub(crate) unverified: bool,
    #[command(flatten)]
    pub(crate) password: FirstPassword,
    #[command(flatten)]
    pub(crate) format: OutputFormat,
}

/// Where the first password comes from; from the terminal if from nowhere else.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct FirstPassword {
    /// Mail an invitation to set the first password, instead of asking for one
    #[arg(long, conflicts_with_all = ["unverified", "password_stdin"])]
    pub(crate) invite: bool,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Args, Debug)]
pub(crate) struct UserSelection {
    /// Those whose e-mail address, username or one of whose names begins so, regardless of case
    #[arg(long, value_name = "TEXT", value_parser = SearchPrefix::parse)]
    pub(crate) query: Option<SearchPrefix>,
    /// Those who hold this role
    #[arg(long, value_name = "NAME", value_parser = RoleName::parse)]
    pub(crate) role: Option<RoleName>,
    #[command(flatten)]
    pub(crate) verification: Verification,
    #[command(flatten)]
    pub(crate) activity: Activity,
    /// So many at most, instead of all
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) format: OutputFormat,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Verification {
    /// Those whose address is verified
    #[arg(long, conflicts_with = "unverified")]
    verified: bool,
    /// Those whose address is not
    #[arg(long)]
    unverified: bool,
}

impl Verification {
    /// What is asked for, if it matters.
    pub(crate) fn wanted(self) -> Option<bool> {
        either(self.verified, self.unverified)
    }
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Activity {
    /// Those who may use their account
    #[arg(long, conflicts_with = "inactive")]
    active: bool,
    /// Those who may not
    #[arg(long)]
    inactive: bool,
}

impl Activity {
    /// What is asked for, if it matters.
    pub(crate) fn wanted(self) -> Option<bool> {
        either(self.active, self.inactive)
    }
}

/// What two flags that exclude each other say together.
fn either(yes: bool, no: bool) -> Option<bool> {
    (yes || no).then_some(yes)
}

#[derive(Args, Debug)]
pub(crate) struct SelectedUser {
    /// The user: their id, e-mail address or username
    #[arg(value_name = "USER", value_parser = UserReference::parse)]
    pub(crate) user: UserReference,
    #[command(flatten)]
    pub(crate) format: OutputFormat,
}

#[derive(Args, Debug)]
pub(crate) struct UserDeletion {
    #[command(flatten)]
    pub(crate) selected: SelectedUser,
    /// Do it without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct NewPassword {
    #[command(flatten)]
    pub(crate) selected: SelectedUser,
    /// Read the password from standard input instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Args, Debug)]
pub(crate) struct HeldRole {
    #[command(flatten)]
    pub(crate) selected: SelectedUser,
    /// The role, by its name
    #[arg(value_name = "ROLE", value_parser = RoleName::parse)]
    pub(crate) role: RoleName,
}
