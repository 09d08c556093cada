use std::sync::Arc;

use portcullis_domain::mail::OutgoingMail;
use portcullis_domain::policy::Policy;
use portcullis_domain::use_cases::{
    ClaimedIdentifier, ConfirmEmailChangeError, Delivery, LoginCommand, LoginError, RefreshError,
    RegisterCommand, RegisterError, Registered, SignedIn, Tokens, UseCases, VerifyEmailError,
};
use portcullis_domain::{Client, Password, Principal, ProfileNames, TokenSecret, User};
use portcullis_testkit::{
    CheapHasher, CountingSignal, FakeAccessTokens, Fakes, FrozenClock, MemoryStorage, RecordingMailer,
    fixtures,
};

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const ADA: &str = "ada@example.com";

/// An installation on fakes.
pub(crate) struct World {
    pub(crate) domain: Arc<UseCases>,
    pub(crate) storage: MemoryStorage,
    pub(crate) clock: Arc<FrozenClock>,
    pub(crate) mailer: Arc<RecordingMailer>,
    pub(crate) signals: Arc<CountingSignal>,
    pub(crate) hasher: Arc<CheapHasher>,
    pub(crate) access_tokens: Arc<FakeAccessTokens>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::under(Policy::default())
    }

    pub(crate) fn under(policy: Policy) -> Self {
        let fakes = Fakes::default();
        let domain = Arc::new(fakes.use_cases(policy));
        let Fakes { storage, clock, mailer, hasher, access_tokens, delivery: signals, .. } = fakes;
        Self { domain, storage, clock, mailer, signals, hasher, access_tokens }
    }

    /// Delivers every mail that is due.
    pub(crate) async fn deliver(&self) {
        while self.domain.deliver_mail.deliver_next().await.expect("the store works") != Delivery::Idle {}
    }

    pub(crate) async fn register(&self, email: &str) -> Result<Registered, RegisterError> {
        self.domain.register.register(registration(email)).await
    }

    /// A registered user whose address is verified.
    pub(crate) async fn verified(&self, email: &str) -> User {
        self.register(email).await.expect("a registration");
        self.deliver().await;
        let token = self.mailer.last_token_for(email).expect("a link");
        self.verify(&token).await.expect("a good link")
    }

    pub(crate) async fn verify(&self, token: &TokenSecret) -> Result<User, VerifyEmailError> {
        self.domain.verify_email.verify(token, Client::default()).await
    }

    pub(crate) async fn confirm(&self, token: &TokenSecret) -> Result<User, ConfirmEmailChangeError> {
        self.domain.confirm_email_change.confirm(token, Client::default()).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Result<Tokens, RefreshError> {
        self.domain.refresh.refresh(refresh_token, Client::default()).await
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<SignedIn, LoginError> {
        self.domain
            .login
            .login(LoginCommand {
                identifier: ClaimedIdentifier::Email(email.to_owned()),
                password: Password::parse(password).ok(),
                client: Client::default(),
            })
            .await
    }

    /// A verified user who has signed in.
    pub(crate) async fn signed_in(&self, email: &str) -> SignedIn {
        self.verified(email).await;
        self.login(email, PASSWORD).await.expect("a login")
    }

    pub(crate) async fn principal(&self, signed_in: &SignedIn) -> Principal {
        self.domain.authenticate.authenticate(&signed_in.tokens.access_token).await.expect("a live session")
    }

    pub(crate) async fn has_ended(&self, signed_in: &SignedIn) -> bool {
        self.domain.authenticate.authenticate(&signed_in.tokens.access_token).await.is_err()
    }

    pub(crate) fn last_mail_to(&self, email: &str) -> OutgoingMail {
        self.mailer.last_to(email).expect("a mail")
    }
}

pub(crate) fn password(text: &str) -> Password {
    Password::parse(text).expect("a password")
}

pub(crate) fn registration(email: &str) -> RegisterCommand {
    RegisterCommand {
        email: fixtures::email(email),
        password: password(PASSWORD),
        username: None,
        profile: ProfileNames::default(),
        locale: None,
        client: Client::default(),
    }
}
