use std::sync::Arc;
use std::time::Duration;

use portcullis_domain::policy::Registration;
use portcullis_domain::{PasswordPolicy, SigningAlgorithm};

use crate::{Brand, FormTokens, MailboxReader};

/// What an installation decides about its pages.
#[derive(Clone)]
pub struct PagesOptions {
    /// Whether people sign up, sign in and look after their accounts here. Without it there is only what mailed
    /// links lead to, and the mailbox.
    pub are_accounts_shown: bool,
    /// Where the service is for everybody; cookies are [secure](https://www.rfc-editor.org/rfc/rfc6265#section-5.2.5)
    /// when it is `https`.
    pub public_url: String,
    /// How long a browser keeps one refresh token before it gets the next.
    pub renewal: Duration,
    /// Who may register, which says whether pages offer it.
    pub registration: Registration,
    /// Which passwords there may be, which pages tell beforehand.
    pub password: PasswordPolicy,
    /// With what the next key signs that an administrator makes.
    pub signing_algorithm: SigningAlgorithm,
    /// What the pages are called and look like.
    pub brand: Brand,
    /// Tells forms of ours from forged ones.
    pub form_tokens: FormTokens,
    /// What `/dev/mailbox` shows; nothing makes it 404.
    pub mailbox: Option<Arc<dyn MailboxReader>>,
}
