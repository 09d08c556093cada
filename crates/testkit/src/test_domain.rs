#![expect(clippy::missing_panics_doc, reason = "said once, of the type")]

use std::sync::Arc;

use portcullis_domain::mail::OutgoingMail;
use portcullis_domain::policy::Policy;
use portcullis_domain::use_cases::{
    ClaimedIdentifier, ConfirmEmailChangeError, CreateUserCommand, Delivery, LoginCommand, LoginError, Ports,
    RefreshError, RegisterError, Registered, SignedIn, Tokens, UseCases, VerifyEmailError,
};
use portcullis_domain::{Actor, Password, Principal, Role, TokenSecret, User};

use crate::fixtures::{self, PASSWORD, new_role, new_user, registration};
use crate::{
    CheapHasher, CountingSignal, FakeAccessTokens, Fakes, FrozenClock, MemoryStorage, RecordingMailer,
    RecordingObserver, ScriptedEntropy,
};

/// The whole domain on fakes, and what a test does with it in a line.
///
/// The use cases are those of production; around them is nothing. A test takes about a millisecond, comes out
/// the same every time, and can run beside any other. Everybody has the password [`PASSWORD`] and calls from
/// the browser of the [`fixtures`]. What only arranges a test panics where it does not succeed.
///
/// ```
/// use std::time::Duration;
///
/// use portcullis_testkit::TestDomain;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let domain = TestDomain::new();
/// let signed_in = domain.signed_in("ada@example.com").await;
/// domain.clock.advance(Duration::from_hours(1));
/// assert!(domain.has_ended(&signed_in).await, "the access token has expired");
/// assert!(domain.refresh(&signed_in.tokens.refresh_token).await.is_ok());
/// # });
/// ```
pub struct TestDomain {
    /// Every use case.
    pub use_cases: Arc<UseCases>,
    /// Behind every storage port; fails and waits on demand.
    pub storage: MemoryStorage,
    /// Stands still until it is moved.
    pub clock: Arc<FrozenClock>,
    /// The same in every run.
    pub entropy: Arc<ScriptedEntropy>,
    /// Keeps what it is given, and fails on demand.
    pub mailer: Arc<RecordingMailer>,
    /// Counts its work.
    pub hasher: Arc<CheapHasher>,
    /// Knows what each token says.
    pub access_tokens: Arc<FakeAccessTokens>,
    /// Heard every event.
    pub audit_observer: Arc<RecordingObserver>,
    /// Counts the mails that were announced.
    pub delivery: Arc<CountingSignal>,
}

impl Default for TestDomain {
    fn default() -> Self {
        Self::new()
    }
}

impl TestDomain {
    /// A domain under the policy that installations have by default.
    #[must_use]
    pub fn new() -> Self {
        Self::under(Policy::default())
    }

    /// A domain under this policy.
    ///
    /// ```
    /// use portcullis_domain::policy::Policy;
    /// use portcullis_domain::ports::LockoutPolicy;
    /// use portcullis_testkit::TestDomain;
    ///
    /// let lockout = LockoutPolicy { threshold: 3, ..Policy::default().lockout };
    /// let strict = TestDomain::under(Policy { lockout, ..Policy::default() });
    /// ```
    #[must_use]
    pub fn under(policy: Policy) -> Self {
        Self::with(policy, |_| {})
    }

    /// A domain under this policy with something else behind one port: an adapter, a mock, a fake of yours.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use portcullis_domain::policy::Policy;
    /// use portcullis_domain::ports::MockBreachedPasswords;
    /// use portcullis_testkit::TestDomain;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mut breached = MockBreachedPasswords::new();
    /// breached.expect_contains().once().returning(|_| Ok(true));
    /// let domain = TestDomain::with(Policy::default(), |ports| {
    ///     ports.breached_passwords = Some(Arc::new(breached));
    /// });
    /// assert!(domain.register("ada@example.com").await.is_err(), "whatever the password");
    /// # });
    /// ```
    #[must_use]
    pub fn with(policy: Policy, replace: impl FnOnce(&mut Ports)) -> Self {
        let fakes = Fakes::default();
        let mut ports = fakes.ports();
        replace(&mut ports);
        let use_cases = Arc::new(UseCases::new(&ports, policy, &fixtures::secret_key()));
        let Fakes { storage, clock, entropy, mailer, hasher, access_tokens, audit_observer, delivery } =
            fakes;
        Self { use_cases, storage, clock, entropy, mailer, hasher, access_tokens, audit_observer, delivery }
    }

    /// Delivers every mail that is due.
    pub async fn deliver(&self) {
        while self.use_cases.deliver_mail.deliver_next().await.expect("the store works") != Delivery::Idle {}
    }

    /// Registers somebody.
    ///
    /// # Errors
    ///
    /// As the use case has them.
    pub async fn register(&self, email: &str) -> Result<Registered, RegisterError> {
        self.use_cases.register.register(registration(email)).await
    }

    /// A registered user whose address is verified.
    pub async fn verified(&self, email: &str) -> User {
        self.register(email).await.expect("a registration");
        self.deliver().await;
        let token = self.mailer.last_token_for(email).expect("a link");
        self.verify(&token).await.expect("a good link")
    }

    /// Follows a verification link.
    ///
    /// # Errors
    ///
    /// As the use case has them.
    pub async fn verify(&self, token: &TokenSecret) -> Result<User, VerifyEmailError> {
        self.use_cases.verify_email.verify(token, fixtures::client()).await
    }

    /// Follows a link that confirms a change of address.
    ///
    /// # Errors
    ///
    /// As the use case has them.
    pub async fn confirm(&self, token: &TokenSecret) -> Result<User, ConfirmEmailChangeError> {
        self.use_cases.confirm_email_change.confirm(token, fixtures::client()).await
    }

    /// Signs somebody in by their address.
    ///
    /// # Errors
    ///
    /// As the use case has them.
    pub async fn login(&self, email: &str, password: &str) -> Result<SignedIn, LoginError> {
        let command = LoginCommand {
            identifier: ClaimedIdentifier::Email(email.to_owned()),
            password: Password::parse(password).ok(),
            client: fixtures::client(),
        };
        self.use_cases.login.login(command).await
    }

    /// Exchanges a refresh token for the next pair.
    ///
    /// # Errors
    ///
    /// As the use case has them.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, RefreshError> {
        self.use_cases.refresh.refresh(refresh_token, fixtures::client()).await
    }

    /// A verified user who has signed in.
    pub async fn signed_in(&self, email: &str) -> SignedIn {
        self.verified(email).await;
        self.login(email, PASSWORD).await.expect("a login")
    }

    /// Who calls with this access token, which must count.
    pub async fn principal(&self, signed_in: &SignedIn) -> Principal {
        let token = &signed_in.tokens.access_token;
        self.use_cases.authenticate.authenticate(token).await.expect("a live session")
    }

    /// Whether this access token lets nobody in any more.
    pub async fn has_ended(&self, signed_in: &SignedIn) -> bool {
        self.use_cases.authenticate.authenticate(&signed_in.tokens.access_token).await.is_err()
    }

    /// An account that an operator made: verified, with these roles.
    pub async fn made(&self, email: &str, roles: &[&str]) -> User {
        let roles = roles.iter().map(|name| fixtures::role(name)).collect();
        let command = CreateUserCommand { roles, ..new_user(email) };
        self.use_cases.create_user.create(&Actor::operator(), command).await.expect("an account")
    }

    /// A role that an operator made.
    pub async fn role(&self, name: &str, permissions: &[&str]) -> Role {
        let command = new_role(name, permissions);
        self.use_cases.create_role.create(&Actor::operator(), command).await.expect("a role")
    }

    /// What the owner of this account may do to others, signed in.
    pub async fn actor(&self, email: &str) -> Actor {
        let signed_in = self.login(email, PASSWORD).await.expect("a login");
        Actor::signed_in(&self.principal(&signed_in).await, fixtures::client())
    }

    /// Somebody who may do this and nothing else.
    pub async fn somebody_who_may(&self, permissions: &[&str]) -> Actor {
        self.role("some", permissions).await;
        self.made("some@example.com", &["some"]).await;
        self.actor("some@example.com").await
    }

    /// The user as the store has them now.
    pub async fn current(&self, user: &User) -> User {
        self.use_cases.find_user.find(user.id).await.expect("an account")
    }

    /// The latest mail to this address, which must have got one.
    #[must_use]
    pub fn last_mail_to(&self, email: &str) -> OutgoingMail {
        self.mailer.last_to(email).expect("a mail")
    }
}
