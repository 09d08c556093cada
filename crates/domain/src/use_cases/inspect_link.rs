use std::sync::Arc;

use crate::ports::{Clock, StorageError, TokenRepository};
use crate::secrets::TokenSecret;
use crate::user::User;
use crate::values::EmailAddress;

/// Looks at a mailed link without using it, for pages that ask before they act and for `HEAD`.
pub struct InspectLink {
    pub(super) tokens: Arc<dyn TokenRepository>,
    pub(super) clock: Arc<dyn Clock>,
}

/// What a mailed link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// Verifies an address.
    Verification,
    /// Sets a new password.
    PasswordReset,
    /// Confirms a new address.
    EmailChange,
}

/// A link that is still good.
#[derive(Clone, Debug)]
pub struct GoodLink {
    /// Whom it acts for.
    pub user: User,
    /// The address that it is about: the user's own, or the new one.
    pub address: EmailAddress,
}

impl InspectLink {
    /// What `token` would act on if it were used now; none when it is not good.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn inspect(
        &self,
        kind: LinkKind,
        token: &TokenSecret,
    ) -> Result<Option<GoodLink>, StorageError> {
        let (digest, now) = (token.digest(), self.clock.now());
        let own_address = |user: User| GoodLink { address: user.email.clone(), user };
        Ok(match kind {
            LinkKind::Verification => self.tokens.find_verification(digest, now).await?.map(own_address),
            LinkKind::PasswordReset => self.tokens.find_password_reset(digest, now).await?.map(own_address),
            LinkKind::EmailChange => self
                .tokens
                .find_email_change(digest, now)
                .await?
                .map(|(user, address)| GoodLink { user, address }),
        })
    }
}
