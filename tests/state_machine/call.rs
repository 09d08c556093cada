//! One call of the interface, and what it comes to: the words that the model and the service share.

use portcullis_domain::mail::MailContent;

/// A session, by the order in which they were opened.
pub(crate) type SessionNumber = usize;
/// An account, by the order in which they were made.
pub(crate) type AccountNumber = usize;
/// A mail with a secret in it, by the order in which they were delivered.
pub(crate) type MailNumber = usize;

/// A call with all that it carries. A secret that nobody has is one that nobody was ever given.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Register { email: String, username: Option<String>, password: &'static str },
    ResendVerification { email: String },
    VerifyByLink { mail: Option<MailNumber> },
    VerifyByCode { email: String, code: Code },
    SignIn { name: LoginName, password: &'static str },
    Refresh { token: Option<RefreshToken> },
    Logout { by: Caller, of: Option<RefreshToken> },
    LogoutAll { by: Caller },
    EndSession { by: Caller, session: SessionNumber },
    ChangePassword { by: Caller, current: &'static str, new: &'static str },
    RequestReset { email: String },
    ConfirmReset { mail: Option<MailNumber>, password: &'static str },
    RequestEmailChange { by: Caller, email: String, password: &'static str },
    ConfirmEmailChange { mail: Option<MailNumber> },
    SetUsername { by: Caller, username: Option<String> },
    DeleteMe { by: Caller, password: &'static str },
    Administer { by: Caller, task: Task },
}

/// Whose access token a call carries, if any.
pub(crate) type Caller = Option<SessionNumber>;

/// A refresh token: that of a session after so many rotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) session: SessionNumber,
    pub(crate) generation: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Mailed(MailNumber),
    /// None that was mailed.
    Wrong,
}

#[derive(Clone, Debug)]
pub(crate) enum LoginName {
    Email(String),
    Username(String),
}

/// What administrators do.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// An account; without a password its owner is invited to set one.
    Create {
        email: String,
        password: Option<&'static str>,
        email_verified: bool,
    },
    SetActive {
        account: AccountNumber,
        is_active: bool,
    },
    SetEmail {
        account: AccountNumber,
        email: String,
    },
    Verify {
        account: AccountNumber,
    },
    Unlock {
        account: AccountNumber,
    },
    Delete {
        account: AccountNumber,
    },
    RevokeSessions {
        account: AccountNumber,
    },
    GrantAdmin {
        account: AccountNumber,
    },
    RevokeAdmin {
        account: AccountNumber,
    },
}

/// What a call comes to, as far as the contract says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Of the problem.
    pub(crate) code: Option<String>,
    /// In seconds.
    pub(crate) retry_after: Option<u64>,
    pub(crate) user: Option<Profile>,
    pub(crate) tokens: Option<Tokens>,
    /// What is mailed, and to whom, in alphabetical order.
    pub(crate) mails: Vec<(MailName, String)>,
}

/// What everybody may know of an account who may see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Profile {
    pub(crate) email: String,
    pub(crate) email_verified: bool,
    pub(crate) username: Option<String>,
    pub(crate) is_active: bool,
    pub(crate) roles: Vec<String>,
    /// In seconds since the walk began.
    pub(crate) last_login_at: Option<u64>,
}

/// What a client gets to go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) refresh_token: RefreshToken,
    pub(crate) expires_in: u64,
    pub(crate) refresh_expires_in: u64,
}

/// A session as its owner sees it in the list; times in seconds since the walk began.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListedSession {
    pub(crate) number: SessionNumber,
    pub(crate) created_at: u64,
    pub(crate) last_used_at: u64,
    pub(crate) expires_at: u64,
    pub(crate) is_current: bool,
}

/// Which mail it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MailName {
    ConfirmEmailChange,
    EmailChangeRequested,
    EmailChanged,
    Invitation,
    PasswordChanged,
    ResetPassword,
    VerifyEmail,
}

impl MailName {
    pub(crate) fn of(content: &MailContent) -> Self {
        match content {
            MailContent::VerifyEmail { .. } => Self::VerifyEmail,
            MailContent::ResetPassword { .. } => Self::ResetPassword,
            MailContent::Invitation { .. } => Self::Invitation,
            MailContent::ConfirmEmailChange { .. } => Self::ConfirmEmailChange,
            MailContent::EmailChangeRequested => Self::EmailChangeRequested,
            MailContent::EmailChanged => Self::EmailChanged,
            MailContent::PasswordChanged => Self::PasswordChanged,
            MailContent::AddressAlreadyRegistered => unreachable!("registration is open here"),
        }
    }
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }
}
