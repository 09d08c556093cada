use std::fmt;
use std::sync::Arc;

use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize};

use crate::administration::{Roles, Users};
use crate::error::Error;
use crate::objects::{ActiveToken, AuditEvent, Page, Session, SessionId, User};
use crate::problem::Code;
use crate::requests::{AuditQuery, ProfileChange};
use crate::secret::Secret;
use crate::service::{Answer, Service};
use crate::token_keeper::{HeldTokens, TokenKeeper};
use crate::tokens::TokenStore;

/// Somebody who has signed in, and may call what takes an access token. Clones share the session and its tokens.
///
/// Every call can fail with [`Error::SessionEnded`], and with [`Error::NotRenewed`] if it needed new tokens.
#[derive(Clone)]
pub struct SignedIn {
    service: Service,
    keeper: Arc<TokenKeeper>,
}

impl SignedIn {
    pub(crate) fn new(service: Service, store: Option<Arc<dyn TokenStore>>, held: HeldTokens) -> Self {
        let keeper = Arc::new(TokenKeeper::new(service.clone(), store, held));
        Self { service, keeper }
    }

    /// An access token that is good, for calls to other services that trust this one.
    ///
    /// # Errors
    ///
    /// If there is none and it cannot be renewed.
    pub async fn access_token(&self) -> Result<Secret, Error> {
        Ok(self.keeper.tokens().await?.access_token().clone())
    }

    /// Shows the account.
    ///
    /// # Errors
    ///
    /// Those that every call can meet.
    pub async fn me(&self) -> Result<User, Error> {
        self.send(self.service.auth(Method::GET, &["me"])).await?.json()
    }

    /// Changes the profile, and returns the account as it is now.
    ///
    /// # Errors
    ///
    /// Among others [`UsernameTaken`](Code::UsernameTaken), [`ValidationFailed`](Code::ValidationFailed).
    pub async fn update_me(&self, change: &ProfileChange) -> Result<User, Error> {
        self.send(self.service.auth(Method::PATCH, &["me"]).json(change)).await?.json()
    }

    /// Erases the account and all that hangs on it. The session ends with it.
    ///
    /// # Errors
    ///
    /// Among others [`WrongPassword`](Code::WrongPassword), [`AccountLocked`](Code::AccountLocked),
    /// [`LastAdmin`](Code::LastAdmin).
    pub async fn delete_me(&self, password: &Secret) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Deletion<'a> {
            password: &'a Secret,
        }
        self.send(self.service.auth(Method::DELETE, &["me"]).json(&Deletion { password })).await?;
        self.keeper.end().await
    }

    /// Changes the password. All other sessions end.
    ///
    /// # Errors
    ///
    /// Among others [`WrongPassword`](Code::WrongPassword), [`AccountLocked`](Code::AccountLocked),
    /// [`ValidationFailed`](Code::ValidationFailed).
    pub async fn change_password(
        &self,
        current_password: &Secret,
        new_password: &Secret,
    ) -> Result<(), Error> {
        #[derive(Serialize)]
        struct PasswordChange<'a> {
            current_password: &'a Secret,
            new_password: &'a Secret,
        }
        let change = PasswordChange { current_password, new_password };
        self.send(self.service.auth(Method::POST, &["password-change"]).json(&change)).await.map(drop)
    }

    /// Asks to move the account to another address, which gets a mail with a link that
    /// [confirms](crate::Client::confirm_email_change) it.
    ///
    /// # Errors
    ///
    /// Among others [`WrongPassword`](Code::WrongPassword), [`AccountLocked`](Code::AccountLocked),
    /// [`EmailTaken`](Code::EmailTaken).
    pub async fn request_email_change(&self, new_email: &str, password: &Secret) -> Result<(), Error> {
        #[derive(Serialize)]
        struct EmailChange<'a> {
            new_email: &'a str,
            password: &'a Secret,
        }
        let change = EmailChange { new_email, password };
        self.send(self.service.auth(Method::POST, &["email-change"]).json(&change)).await.map(drop)
    }

    /// Lists where the user is signed in, the newest first.
    ///
    /// # Errors
    ///
    /// Those that every call can meet.
    pub async fn sessions(&self) -> Result<Vec<Session>, Error> {
        self.send(self.service.auth(Method::GET, &["sessions"])).await?.items()
    }

    /// Signs out one of the user's sessions.
    ///
    /// # Errors
    ///
    /// Among others [`NotFound`](Code::NotFound).
    pub async fn end_session(&self, id: SessionId) -> Result<(), Error> {
        self.send(self.service.auth(Method::DELETE, &["sessions", &id.to_string()])).await.map(drop)
    }

    /// Signs out. That the session has ended already is no failure.
    ///
    /// # Errors
    ///
    /// Those that every call can meet; then the session goes on.
    pub async fn logout(&self) -> Result<(), Error> {
        self.end_by(&["logout"]).await
    }

    /// Signs out everywhere. That the session has ended already is no failure.
    ///
    /// # Errors
    ///
    /// Those that every call can meet; then the sessions go on.
    pub async fn logout_all(&self) -> Result<(), Error> {
        self.end_by(&["logout-all"]).await
    }

    /// Whether the user holds a permission at this moment, such as `reports:read`.
    ///
    /// # Errors
    ///
    /// Among others [`ValidationFailed`](Code::ValidationFailed) for what is no permission.
    pub async fn may(&self, permission: &str) -> Result<bool, Error> {
        let request = self.service.auth(Method::GET, &["check"]).query(&[("permission", permission)]);
        match self.send(request).await {
            Err(error) if error.code() == Some(&Code::Forbidden) => Ok(false),
            answer => answer.map(|_| true),
        }
    }

    /// The accounts of others.
    #[must_use]
    pub fn users(&self) -> Users<'_> {
        Users(self)
    }

    /// Roles and permissions.
    #[must_use]
    pub fn roles(&self) -> Roles<'_> {
        Roles(self)
    }

    /// What happened that matters to security: a page of it, the newest first. Takes the permission `audit:read`.
    ///
    /// # Errors
    ///
    /// Among others [`Forbidden`](Code::Forbidden), and [`ValidationFailed`](Code::ValidationFailed) for the cursor of
    /// another query.
    pub async fn audit_events(&self, query: &AuditQuery) -> Result<Page<AuditEvent>, Error> {
        self.send(self.api(Method::GET, &["audit-events"]).query(query)).await?.json()
    }

    /// What a token of somebody's is good for; none if it is good for nothing. Takes the permission
    /// `tokens:introspect`. A refresh token is active too: whoever lets callers in has to look at its
    /// [kind](ActiveToken::token_type).
    ///
    /// # Errors
    ///
    /// Among others [`Forbidden`](Code::Forbidden).
    pub async fn introspect(&self, token: &Secret) -> Result<Option<ActiveToken>, Error> {
        #[derive(Serialize)]
        struct Question<'a> {
            token: &'a Secret,
        }
        #[derive(Deserialize)]
        struct Activity {
            active: bool,
        }
        let answer = self.send(self.api(Method::POST, &["introspect"]).form(&Question { token })).await?;
        if answer.json::<Activity>()?.active { answer.json().map(Some) } else { Ok(None) }
    }

    /// A request below `/api/v1`.
    pub(crate) fn api(&self, method: Method, path: &[&str]) -> RequestBuilder {
        self.service.request(method, &[&["api", "v1"], path].concat())
    }

    /// Sends a request with an access token, and once more with a new one if that is refused: what is refused
    /// has not been carried out.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, Error> {
        let again = request.try_clone().expect("requests are well formed and in memory");
        let tokens = self.keeper.tokens().await?;
        match Answer::to(tokens.authorize(request)).await {
            Err(error) if error.code() == Some(&Code::InvalidAccessToken) => {
                let tokens = self.keeper.tokens_after(&tokens).await?;
                Answer::to(tokens.authorize(again)).await
            }
            answer => answer,
        }
    }

    async fn end_by(&self, path: &[&str]) -> Result<(), Error> {
        match self.send(self.service.auth(Method::POST, path)).await {
            Ok(_) => self.keeper.end().await,
            Err(Error::SessionEnded) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SignedIn").field("service", &self.service).finish_non_exhaustive()
    }
}
