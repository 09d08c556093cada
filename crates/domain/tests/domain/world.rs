use std::collections::BTreeSet;
use std::sync::Arc;

use portcullis_domain::mail::OutgoingMail;
use portcullis_domain::policy::Policy;
use portcullis_domain::use_cases::{
    ClaimedIdentifier, ConfirmEmailChangeError, CreateRoleCommand, CreateUserCommand, Delivery, LoginCommand,
    LoginError, RefreshError, RegisterCommand, RegisterError, Registered, SignedIn, Tokens, UseCases,
    VerifyEmailError,
};
use portcullis_domain::{Actor, Password, Permission, Principal, ProfileNames, Role, TokenSecret, User};
use portcullis_testkit::{
    CheapHasher, CountingSignal, FakeAccessTokens, Fakes, FrozenClock, MemoryStorage, RecordingMailer,
    RecordingObserver, fixtures,
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
    pub(crate) observer: Arc<RecordingObserver>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::under(Policy::default())
    }

    pub(crate) fn under(policy: Policy) -> Self {
        let fakes = Fakes::default();
        let domain = fakes.use_cases(policy);
        Self::of(fakes, domain)
    }

    /// An installation whose use cases were made of these fakes, and perhaps of something else besides.
    pub(crate) fn of(fakes: Fakes, domain: UseCases) -> Self {
        let domain = Arc::new(domain);
        let Fakes { storage, clock, mailer, hasher, access_tokens, .. } = fakes;
        let (signals, observer) = (fakes.delivery, fakes.audit_observer);
        Self { domain, storage, clock, mailer, signals, hasher, access_tokens, observer }
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
        self.domain.verify_email.verify(token, fixtures::client()).await
    }

    pub(crate) async fn confirm(&self, token: &TokenSecret) -> Result<User, ConfirmEmailChangeError> {
        self.domain.confirm_email_change.confirm(token, fixtures::client()).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Result<Tokens, RefreshError> {
        self.domain.refresh.refresh(refresh_token, fixtures::client()).await
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<SignedIn, LoginError> {
        self.domain
            .login
            .login(LoginCommand {
                identifier: ClaimedIdentifier::Email(email.to_owned()),
                password: Password::parse(password).ok(),
                client: fixtures::client(),
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

    /// An account that an operator made: verified, with [`PASSWORD`] and these roles.
    pub(crate) async fn made(&self, email: &str, roles: &[&str]) -> User {
        let roles = roles.iter().map(|name| fixtures::role(name)).collect();
        let command = CreateUserCommand { roles, ..new_user(email) };
        self.domain.create_user.create(&Actor::operator(), command).await.expect("an account")
    }

    /// A role that an operator made.
    pub(crate) async fn role(&self, name: &str, permissions: &[&str]) -> Role {
        let command = new_role(name, permissions);
        self.domain.create_role.create(&Actor::operator(), command).await.expect("a role")
    }

    /// What the owner of this account may do to others, signed in.
    pub(crate) async fn actor(&self, email: &str) -> Actor {
        let signed_in = self.login(email, PASSWORD).await.expect("a login");
        Actor::signed_in(&self.principal(&signed_in).await, fixtures::client())
    }

    /// Somebody who may do this and nothing else.
    pub(crate) async fn somebody_who_may(&self, permissions: &[&str]) -> Actor {
        self.role("some", permissions).await;
        self.made("some@example.com", &["some"]).await;
        self.actor("some@example.com").await
    }

    /// The user as the store has them now.
    pub(crate) async fn current(&self, user: &User) -> User {
        self.domain.find_user.find(user.id).await.expect("an account")
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
        client: fixtures::client(),
    }
}

/// A verified account with [`PASSWORD`], as administrators ask for one.
pub(crate) fn new_user(email: &str) -> CreateUserCommand {
    CreateUserCommand {
        email: fixtures::email(email),
        password: Some(password(PASSWORD)),
        username: None,
        profile: ProfileNames::default(),
        email_verified: true,
        is_active: true,
        roles: BTreeSet::new(),
        locale: None,
    }
}

pub(crate) fn new_role(name: &str, permissions: &[&str]) -> CreateRoleCommand {
    CreateRoleCommand {
        name: fixtures::role(name),
        description: None,
        permissions: permissions_of(permissions),
    }
}

pub(crate) fn permissions_of(permissions: &[&str]) -> BTreeSet<Permission> {
    permissions.iter().map(|text| fixtures::permission(text)).collect()
}
