//! Mailers, password hashers and access tokens that are wrong.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use portcullis_domain::mail::{MailContent, OutgoingMail};
use portcullis_domain::ports::{
    AccessClaims, AccessToken, AccessTokenError, AccessTokens, HashRefusal, HasherOverloaded, HashingError,
    Mailer, MailerError, PasswordHasher, PasswordVerdict, StorageError, VerifiedAccessToken,
};
use portcullis_domain::{
    AcceptedPassword, EmailAddress, Identity, Password, PasswordHash, PasswordPolicy, Timestamp, TokenSecret,
};
use portcullis_testkit::contract::access_tokens::AccessTokensSetup;
use portcullis_testkit::contract::hasher::HasherSetup;
use portcullis_testkit::contract::mailer::MailerSetup;
use portcullis_testkit::{CheapHasher, FakeAccessTokens, RecordingMailer, ScriptedEntropy, fixtures};
use tokio::task::yield_now;

/// A mailer that lies, in front of one that keeps what it is given.
pub(crate) fn in_front_of_a_mailbox<M: Mailer + 'static>(
    mailer: impl FnOnce(Arc<RecordingMailer>) -> M,
) -> MailerSetup {
    let mailbox = Arc::new(RecordingMailer::default());
    MailerSetup { mailer: Arc::new(mailer(mailbox.clone())), delivered: mailbox, guard: Arc::new(()) }
}

pub(crate) struct DropsTags(pub(crate) Arc<RecordingMailer>);

#[async_trait]
impl Mailer for DropsTags {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailerError> {
        let (local, domain) = mail.to.as_str().split_once('@').unwrap();
        let (local, _tag) = local.split_once('+').unwrap_or((local, ""));
        let to = EmailAddress::parse(&format!("{local}@{domain}")).unwrap();
        self.0.send(&OutgoingMail { to, ..mail.clone() }).await
    }
}

pub(crate) struct BreaksLinks(pub(crate) Arc<RecordingMailer>);

#[async_trait]
impl Mailer for BreaksLinks {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailerError> {
        let mut mail = mail.clone();
        if let MailContent::ResetPassword { token, .. } = &mut mail.content {
            *token = TokenSecret::generate(&ScriptedEntropy::seeded(7));
        }
        self.0.send(&mail).await
    }
}

pub(crate) struct SharesOneBuffer {
    mailbox: Arc<RecordingMailer>,
    content: Mutex<Option<MailContent>>,
}

impl SharesOneBuffer {
    pub(crate) fn new(mailbox: Arc<RecordingMailer>) -> Self {
        Self { mailbox, content: Mutex::default() }
    }
}

#[async_trait]
impl Mailer for SharesOneBuffer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailerError> {
        *self.content.lock().unwrap() = Some(mail.content.clone());
        yield_now().await;
        let content = self.content.lock().unwrap().clone().unwrap();
        self.mailbox.send(&OutgoingMail { content, ..mail.clone() }).await
    }
}

/// A setup of a hasher that lies.
pub(crate) fn hashing_with(hasher: impl PasswordHasher + 'static) -> HasherSetup {
    HasherSetup { hasher: Arc::new(hasher), hash_elsewhere: CheapHasher::hash_elsewhere }
}

#[derive(Default)]
pub(crate) struct Reads72Octets(CheapHasher);

impl Reads72Octets {
    fn cut(octets: &[u8]) -> Password {
        let read = &octets[..octets.len().min(72)];
        Password::parse(std::str::from_utf8(read).unwrap()).unwrap()
    }
}

#[async_trait]
impl PasswordHasher for Reads72Octets {
    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HasherOverloaded> {
        let identity =
            Identity { email: &fixtures::email("ada@example.com"), username: None, names: [None; 3] };
        let cut = PasswordPolicy::default().accept(Self::cut(password.expose()), &identity).unwrap();
        self.0.hash(cut).await
    }

    fn import(&self, text: &str) -> Result<PasswordHash, HashRefusal> {
        self.0.import(text)
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<PasswordVerdict, HashingError> {
        let is_cut = password.expose().len() > 72;
        self.0.verify(if is_cut { Self::cut(password.expose()) } else { password }, hash).await
    }
}

#[derive(Default)]
pub(crate) struct SaltsAllAlike(CheapHasher);

#[async_trait]
impl PasswordHasher for SaltsAllAlike {
    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HasherOverloaded> {
        CheapHasher::default().hash(password).await
    }

    fn import(&self, text: &str) -> Result<PasswordHash, HashRefusal> {
        self.0.import(text)
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<PasswordVerdict, HashingError> {
        self.0.verify(password, hash).await
    }
}

#[derive(Default)]
pub(crate) struct ForgetsWhatWasTyped(CheapHasher);

#[async_trait]
impl PasswordHasher for ForgetsWhatWasTyped {
    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HasherOverloaded> {
        self.0.hash(password).await
    }

    fn import(&self, text: &str) -> Result<PasswordHash, HashRefusal> {
        self.0.import(text)
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<PasswordVerdict, HashingError> {
        let normalized = std::str::from_utf8(password.expose()).unwrap();
        self.0.verify(Password::parse(normalized).unwrap(), hash).await
    }
}

#[derive(Default)]
pub(crate) struct AnswersEarly(CheapHasher);

#[async_trait]
impl PasswordHasher for AnswersEarly {
    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HasherOverloaded> {
        self.0.hash(password).await
    }

    fn import(&self, text: &str) -> Result<PasswordHash, HashRefusal> {
        self.0.import(text)
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<PasswordVerdict, HashingError> {
        let started = Instant::now();
        while hash.is_some() && started.elapsed() < Duration::from_millis(1) {
            std::hint::spin_loop();
        }
        self.0.verify(password, hash).await
    }
}

/// A setup of access tokens that lie.
pub(crate) fn tokens_of<T: AccessTokens + 'static>(
    tokens: impl FnOnce(FakeAccessTokens, Arc<FakeAccessTokens>) -> T,
) -> AccessTokensSetup {
    let elsewhere = Arc::new(FakeAccessTokens::default());
    let tokens = tokens(FakeAccessTokens::default(), elsewhere.clone());
    AccessTokensSetup { access_tokens: Arc::new(tokens), elsewhere }
}

/// Issues, and publishes, as honestly as the fake does.
macro_rules! honest_but_for_verify {
    ($tokens:ident, |$this:ident, $token:ident, $now:ident| $verify:expr) => {
        #[async_trait]
        impl AccessTokens for $tokens {
            async fn issue(&self, claims: &AccessClaims) -> Result<AccessToken, StorageError> {
                self.0.issue(claims).await
            }

            async fn verify(
                &self,
                $token: &str,
                $now: Timestamp,
            ) -> Result<VerifiedAccessToken, AccessTokenError> {
                let $this = self;
                $verify
            }

            async fn public_keys(&self, now: Timestamp) -> Result<String, StorageError> {
                self.0.public_keys(now).await
            }
        }
    };
}

pub(crate) struct TrimsTokens(pub(crate) FakeAccessTokens);

honest_but_for_verify!(TrimsTokens, |this, token, now| this.0.verify(token.trim(), now).await);

pub(crate) struct ForgivesExpiry(pub(crate) FakeAccessTokens);

honest_but_for_verify!(ForgivesExpiry, |this, token, now| {
    match this.0.verify(token, now).await {
        Err(AccessTokenError::Invalid) => this.0.verify(token, now - Duration::from_mins(1)).await,
        honest => honest,
    }
});

pub(crate) struct AcceptsAnyIssuer(pub(crate) FakeAccessTokens, pub(crate) Arc<FakeAccessTokens>);

honest_but_for_verify!(AcceptsAnyIssuer, |this, token, now| {
    match this.0.verify(token, now).await {
        Err(AccessTokenError::Invalid) => this.1.verify(token, now).await,
        honest => honest,
    }
});

pub(crate) struct PublishesPrivateKeys(pub(crate) FakeAccessTokens);

#[async_trait]
impl AccessTokens for PublishesPrivateKeys {
    async fn issue(&self, claims: &AccessClaims) -> Result<AccessToken, StorageError> {
        self.0.issue(claims).await
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedAccessToken, AccessTokenError> {
        self.0.verify(token, now).await
    }

    async fn public_keys(&self, _now: Timestamp) -> Result<String, StorageError> {
        Ok(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKx","d":"nWGxne_9"}]}"#.to_owned())
    }
}
