use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::error::{Error, SetupError};
use crate::objects::{Health, User};
use crate::requests::{Credentials, Registration};
use crate::secret::Secret;
use crate::service::{Answer, Service};
use crate::signed_in::SignedIn;
use crate::token_keeper::{Grant, HeldTokens};
use crate::tokens::{TokenStore, Tokens};

/// A service, as anybody may call it. Clones share their connections.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use portcullis_client::{Client, Credentials};
///
/// let client = Client::new("https://example.com/accounts")?;
/// let (ada, _) = client.login(&Credentials::by_username("ada", "correct horse battery")).await?;
/// assert!(ada.me().await?.email_verified);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    service: Service,
    store: Option<Arc<dyn TokenStore>>,
}

/// What comes of a registration.
#[derive(Debug)]
pub enum Registered {
    /// The account is there.
    Created {
        /// Whose it is.
        user: Box<User>,
        /// A session, where an address need not be verified before one.
        signed_in: Option<SignedIn>,
    },
    /// Whoever reads mails to the address hears more: the installation keeps to itself who has an account.
    Pending,
}

impl Client {
    /// A client of the service at this address, which may have a path. It waits ten seconds for a connection and
    /// thirty for an answer, and follows no redirects.
    ///
    /// # Errors
    ///
    /// If the URL is not the address of a service, or TLS cannot be set up.
    pub fn new(base_url: &str) -> Result<Self, SetupError> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(30))
            .user_agent(concat!("portcullis-client/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(SetupError::Tls)?;
        Self::over(base_url, http)
    }

    /// The same over an HTTP client of the application's own: with a proxy, certificates or timeouts.
    ///
    /// # Errors
    ///
    /// If the URL is not the address of a service.
    pub fn over(base_url: &str, http: reqwest::Client) -> Result<Self, SetupError> {
        Ok(Self { service: Service::new(base_url, http)?, store: None })
    }

    /// The same client, whose next session keeps its tokens there. A store is for one session.
    #[must_use]
    pub fn with_token_store(self, store: Arc<dyn TokenStore>) -> Self {
        Self { store: Some(store), ..self }
    }

    /// Registers an account. A mail to the address brings a link and a code that verify it.
    ///
    /// # Errors
    ///
    /// Among others [`EmailTaken`](crate::Code::EmailTaken), [`UsernameTaken`](crate::Code::UsernameTaken),
    /// [`RegistrationClosed`](crate::Code::RegistrationClosed), [`ValidationFailed`](crate::Code::ValidationFailed).
    pub async fn register(&self, registration: &Registration) -> Result<Registered, Error> {
        #[derive(Deserialize)]
        struct Tokens {
            #[serde(flatten)]
            grant: Option<Grant>,
        }
        let asked_at = Instant::now();
        let answer = self.post(&["register"], registration).await?;
        if answer.status() == StatusCode::ACCEPTED {
            return Ok(Registered::Pending);
        }
        let user = answer.json()?;
        let signed_in = match answer.json::<Tokens>()?.grant {
            Some(grant) => Some(self.begin(grant, asked_at).await?),
            None => None,
        };
        Ok(Registered::Created { user, signed_in })
    }

    /// Verifies an address by the six-digit code of the mail, which is spent.
    ///
    /// # Errors
    ///
    /// Among others [`InvalidCode`](crate::Code::InvalidCode) and, after five wrong ones,
    /// [`TooManyAttempts`](crate::Code::TooManyAttempts) until a new code is mailed.
    pub async fn verify_by_code(&self, email: &str, code: &str) -> Result<User, Error> {
        #[derive(Serialize)]
        struct Verify<'a> {
            email: &'a str,
            code: &'a str,
        }
        Ok(self.post(&["verify"], &Verify { email, code }).await?.json::<OfUser>()?.user)
    }

    /// Verifies an address by the secret of the mailed link.
    ///
    /// # Errors
    ///
    /// Among others [`InvalidToken`](crate::Code::InvalidToken).
    pub async fn verify_by_link(&self, token: &Secret) -> Result<User, Error> {
        let request = self.service.auth(Method::GET, &["verify-email", token.expose()]);
        Ok(Answer::to(request).await?.json::<OfUser>()?.user)
    }

    /// Mails a new link and a new code, which end those before. Succeeds for every address alike.
    ///
    /// # Errors
    ///
    /// Those that every call can meet.
    pub async fn resend_verification(&self, email: &str) -> Result<(), Error> {
        self.post(&["verify", "resend"], &OfAddress { email }).await.map(drop)
    }

    /// Signs in: opens a session, whose tokens are kept in the [store](Self::with_token_store), if there is one.
    ///
    /// # Errors
    ///
    /// Among others [`InvalidCredentials`](crate::Code::InvalidCredentials),
    /// [`EmailNotVerified`](crate::Code::EmailNotVerified), [`AccountDisabled`](crate::Code::AccountDisabled),
    /// [`AccountLocked`](crate::Code::AccountLocked), [`Overloaded`](crate::Code::Overloaded).
    pub async fn login(&self, credentials: &Credentials) -> Result<(SignedIn, User), Error> {
        let asked_at = Instant::now();
        let answer = self.post(&["login"], credentials).await?;
        let OfUser { user } = answer.json()?;
        Ok((self.begin(answer.json()?, asked_at).await?, user))
    }

    /// Goes on with the session of an earlier run, whose tokens a [`TokenStore`] has kept. Nothing is called yet: if
    /// the session has ended meanwhile, the first call says so.
    #[must_use]
    pub fn resume(&self, tokens: Tokens) -> SignedIn {
        SignedIn::new(self.service.clone(), self.store.clone(), HeldTokens::resumed(tokens))
    }

    /// Mails a link that sets a new password. Succeeds for every address alike.
    ///
    /// # Errors
    ///
    /// Those that every call can meet.
    pub async fn request_password_reset(&self, email: &str) -> Result<(), Error> {
        self.post(&["password-reset", "request"], &OfAddress { email }).await.map(drop)
    }

    /// Sets a password by the secret of a mailed link: that of a reset or that of an invitation. All sessions end.
    ///
    /// # Errors
    ///
    /// Among others [`InvalidToken`](crate::Code::InvalidToken). After
    /// [`ValidationFailed`](crate::Code::ValidationFailed) the link is still good.
    pub async fn confirm_password_reset(&self, token: &Secret, new_password: &Secret) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Confirmation<'a> {
            token: &'a Secret,
            new_password: &'a Secret,
        }
        let confirmation = Confirmation { token, new_password };
        self.post(&["password-reset", "confirm"], &confirmation).await.map(drop)
    }

    /// Moves an account to the address that the link with this secret was mailed to. All sessions end but the one
    /// that asked.
    ///
    /// # Errors
    ///
    /// Among others [`InvalidToken`](crate::Code::InvalidToken) and [`EmailTaken`](crate::Code::EmailTaken).
    pub async fn confirm_email_change(&self, token: &Secret) -> Result<User, Error> {
        #[derive(Serialize)]
        struct Confirmation<'a> {
            token: &'a Secret,
        }
        let answer = self.post(&["email-change", "confirm"], &Confirmation { token }).await?;
        Ok(answer.json::<OfUser>()?.user)
    }

    /// Tells how the service is.
    ///
    /// # Errors
    ///
    /// [`StoreUnavailable`](crate::Code::StoreUnavailable) if it does not reach its data.
    pub async fn health(&self) -> Result<Health, Error> {
        Answer::to(self.service.request(Method::GET, &["health"])).await?.json()
    }

    async fn post(&self, path: &[&str], body: &impl Serialize) -> Result<Answer, Error> {
        Answer::to(self.service.auth(Method::POST, path).json(body)).await
    }

    async fn begin(&self, grant: Grant, asked_at: Instant) -> Result<SignedIn, Error> {
        let held = HeldTokens::granted(grant, asked_at);
        let signed_in = SignedIn::new(self.service.clone(), self.store.clone(), held);
        // Stores the tokens before they are relied on.
        signed_in.access_token().await?;
        Ok(signed_in)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("service", &self.service).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct OfAddress<'a> {
    email: &'a str,
}

#[derive(Deserialize)]
struct OfUser {
    user: User,
}
