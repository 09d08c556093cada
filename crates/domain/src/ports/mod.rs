//! Ports: what the use cases need from outside, as traits that adapters implement.
//!
//! A method of a storage port is one atomic step, named after the invariant that it keeps. What its
//! documentation says with MUST is proven by the contract suite of `portcullis-testkit`, in the case
//! that it names; an adapter that passes the suite is done. Adapters are handed whole entities and
//! never invent an id or a time.
//!
//! # Mocks
//!
//! With the feature `mocks` there is a [mockall](https://docs.rs/mockall) mock of each port, for tests that say what
//! exactly is called. Those that say what comes of it are shorter with the fakes of `portcullis-testkit`.
//!
#![cfg_attr(feature = "mocks", doc = "```")]
#![cfg_attr(not(feature = "mocks"), doc = "```ignore")]
//! use std::sync::Arc;
//!
//! use portcullis_domain::policy::Policy;
//! use portcullis_domain::ports::{MockSessionRepository, RotationOutcome};
//! use portcullis_domain::use_cases::RefreshError;
//! use portcullis_testkit::TestDomain;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let token = TestDomain::new().signed_in("ada@example.com").await.tokens.refresh_token;
//! let mut sessions = MockSessionRepository::new();
//! sessions.expect_rotate().once().returning(|_| Ok(RotationOutcome::Unknown));
//! let domain = TestDomain::with(Policy::default(), |ports| ports.sessions = Arc::new(sessions));
//! assert!(matches!(domain.refresh(&token).await, Err(RefreshError::Invalid)));
//! # });
//! ```

mod access_tokens;
mod audit_observer;
mod audit_trail;
mod breached_passwords;
mod claim_source;
mod clock;
mod delivery_signal;
mod entropy;
mod installation_archive;
mod lockout_repository;
mod login_observer;
mod mail_queue;
mod mailer;
mod password_hasher;
mod registration_gate;
mod role_repository;
mod session_repository;
mod signing_key_repository;
mod storage_error;
mod token_repository;
mod user_administration;
mod user_repository;

pub use access_tokens::{
    AccessClaims, AccessToken, AccessTokenError, AccessTokens, SigningKeyFactory, VerifiedAccessToken,
};
pub use audit_observer::AuditObserver;
pub use audit_trail::{AuditQuery, AuditTally, AuditTrail, DayCount};
pub use breached_passwords::BreachedPasswords;
pub use claim_source::{AddedClaims, ClaimName, ClaimSource, ClaimValue};
pub use clock::Clock;
pub use delivery_signal::DeliverySignal;
pub use entropy::Entropy;
pub use installation_archive::{InstallationArchive, RecordRefusal, RefusedRecord, WritePageError};
pub use lockout_repository::{
    FailedAttempt, FailureOutcome, LockoutPolicy, LockoutRepository, SuccessOutcome,
};
pub use login_observer::LoginObserver;
pub use mail_queue::{MailQueue, MailResending};
pub use mailer::{Mailer, MailerError};
pub use password_hasher::{HashRefusal, HasherOverloaded, HashingError, PasswordHasher, PasswordVerdict};
pub use registration_gate::{Applicant, RegistrationGate, RegistrationRefusal};
pub use role_repository::{
    RoleAssignment, RoleAssignmentOutcome, RoleCreation, RoleCreationOutcome, RoleDeletion,
    RoleDeletionOutcome, RoleRepository, RoleUpdate, RoleUpdateOutcome,
};
pub use session_repository::{
    EndAllOutcome, OpenOutcome, Rotation, RotationOutcome, SessionEnding, SessionOpening, SessionRepository,
    SessionsEnding,
};
pub use signing_key_repository::{KeySuccession, SigningKeyRepository};
pub use storage_error::StorageError;
pub use token_repository::{
    CodeLimits, CodeOutcome, CodeRedemption, EmailChangeOutcome, EmailChangeRefusal, EmailChangeRequest,
    EmailChangeRequestOutcome, LinkRedemption, PasswordReset, TokenRepository, VerificationOutcome,
    VerificationSecrets,
};
pub use user_administration::{
    ImportOutcome, PasswordSetting, SeenUser, SetPasswordOutcome, UnlockOutcome, Unlocking,
    UserAdministration, UserFilter, UserQuery, UserUpdate, UserUpdateOutcome,
};
pub use user_repository::{
    DeleteOutcome, Deletion, NewAccount, PasswordChange, PrivateRegistration, PrivateRegistrationOutcome,
    ProfileOutcome, ProfileUpdate, RegisterOutcome, UserRepository,
};

#[cfg(feature = "mocks")]
pub use {
    access_tokens::{MockAccessTokens, MockSigningKeyFactory},
    audit_observer::MockAuditObserver,
    audit_trail::MockAuditTrail,
    breached_passwords::MockBreachedPasswords,
    claim_source::MockClaimSource,
    clock::MockClock,
    delivery_signal::MockDeliverySignal,
    entropy::MockEntropy,
    installation_archive::MockInstallationArchive,
    lockout_repository::MockLockoutRepository,
    login_observer::MockLoginObserver,
    mail_queue::MockMailQueue,
    mailer::MockMailer,
    password_hasher::MockPasswordHasher,
    registration_gate::MockRegistrationGate,
    role_repository::MockRoleRepository,
    session_repository::MockSessionRepository,
    signing_key_repository::MockSigningKeyRepository,
    token_repository::MockTokenRepository,
    user_administration::MockUserAdministration,
    user_repository::MockUserRepository,
};
