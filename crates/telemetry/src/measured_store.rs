use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::mail::{ClaimedMail, MailBacklog, MailRecord, QueuedMail};
use portcullis_domain::ports::{
    AuditQuery, AuditTally, AuditTrail, CodeOutcome, CodeRedemption, DayCount, DeleteOutcome, Deletion,
    EmailChangeOutcome, EmailChangeRequest, EmailChangeRequestOutcome, EndAllOutcome, FailedAttempt,
    FailureOutcome, ImportOutcome, KeySuccession, LinkRedemption, LockoutRepository, MailQueue,
    MailResending, NewAccount, OpenOutcome, PasswordChange, PasswordReset, PasswordSetting,
    PrivateRegistration, PrivateRegistrationOutcome, ProfileOutcome, ProfileUpdate, RegisterOutcome,
    RoleAssignment, RoleAssignmentOutcome, RoleCreation, RoleCreationOutcome, RoleDeletion,
    RoleDeletionOutcome, RoleRepository, RoleUpdate, RoleUpdateOutcome, Rotation, RotationOutcome,
    SessionEnding, SessionOpening, SessionRepository, SessionsEnding, SetPasswordOutcome,
    SigningKeyRepository, StorageError, SuccessOutcome, TokenRepository, UnlockOutcome, Unlocking,
    UserAdministration, UserQuery, UserRepository, UserUpdate, UserUpdateOutcome, VerificationOutcome,
    VerificationSecrets,
};
use portcullis_domain::{
    Account, AttemptKey, EmailAddress, LoginIdentifier, MailId, Principal, Role, RoleId, RoleName, Session,
    SessionId, SigningKey, Timestamp, TokenDigest, User, UserId,
};
use tracing::Instrument as _;

use crate::Metrics;
use crate::store_figures::CallFigures;

macro_rules! measured_store {
    ($($figures:ident: $port:ident {
        $(fn $method:ident($($argument:ident: $type:ty),*) -> $output:ty;)+
    })+) => {
        /// A store whose every call is measured and is a span.
        ///
        /// It is `S` with all its ports but that of [archives](portcullis_domain::ports::InstallationArchive),
        /// which are read and written page by page, and by commands alone.
        pub struct MeasuredStore<S: ?Sized> {
            $($figures: $figures::Figures,)+
            store: Arc<S>,
        }

        impl<S: ?Sized> MeasuredStore<S> {
            /// Measures `store` into `metrics`.
            #[must_use]
            pub fn new(store: Arc<S>, metrics: &Metrics) -> Self {
                Self { $($figures: $figures::Figures::new(metrics),)+ store }
            }
        }

        $(
            mod $figures {
                use super::{CallFigures, Metrics};

                pub(super) struct Figures {
                    $(pub(super) $method: CallFigures,)+
                }

                impl Figures {
                    pub(super) fn new(metrics: &Metrics) -> Self {
                        let call = |method| CallFigures::new(&metrics.store, stringify!($port), method);
                        Self { $($method: call(stringify!($method)),)+ }
                    }
                }
            }

            #[async_trait]
            impl<S: $port + ?Sized> $port for MeasuredStore<S> {
                $(async fn $method(&self, $($argument: $type),*) -> Result<$output, StorageError> {
                    let span = tracing::debug_span!(
                        "port",
                        otel.name = concat!(stringify!($port), "::", stringify!($method))
                    );
                    let call = self.store.$method($($argument),*).instrument(span);
                    measured(&self.$figures.$method, call).await
                })+
            }
        )+
    };
}

async fn measured<T>(
    figures: &CallFigures,
    call: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    let started = Instant::now();
    let outcome = call.await;
    figures.record(started.elapsed(), outcome.is_err());
    outcome
}

measured_store! {
    users: UserRepository {
        fn register(account: NewAccount) -> RegisterOutcome;
        fn register_privately(registration: PrivateRegistration) -> PrivateRegistrationOutcome;
        fn find_by_login(identifier: &LoginIdentifier) -> Option<Account>;
        fn find_by_id(id: UserId) -> Option<Account>;
        fn update_profile(update: ProfileUpdate) -> ProfileOutcome;
        fn change_password(change: PasswordChange) -> bool;
        fn delete(deletion: Deletion) -> DeleteOutcome;
        fn ping() -> ();
    }
    administration: UserAdministration {
        fn list(query: UserQuery) -> Vec<User>;
        fn update(update: UserUpdate) -> UserUpdateOutcome;
        fn unlock(unlocking: Unlocking) -> UnlockOutcome;
        fn set_password(setting: PasswordSetting) -> SetPasswordOutcome;
        fn import(accounts: Vec<Account>) -> Vec<ImportOutcome>;
    }
    roles: RoleRepository {
        fn list() -> Vec<Role>;
        fn find(id: RoleId) -> Option<Role>;
        fn find_by_name(name: &RoleName) -> Option<Role>;
        fn held_by(user: UserId) -> Option<Vec<Role>>;
        fn create(creation: RoleCreation) -> RoleCreationOutcome;
        fn update(update: RoleUpdate) -> RoleUpdateOutcome;
        fn delete(deletion: RoleDeletion) -> RoleDeletionOutcome;
        fn assign(assignment: RoleAssignment) -> RoleAssignmentOutcome;
        fn revoke(assignment: RoleAssignment) -> RoleAssignmentOutcome;
    }
    sessions: SessionRepository {
        fn open(opening: SessionOpening) -> OpenOutcome;
        fn principal(id: SessionId, now: Timestamp) -> Option<Principal>;
        fn rotate(rotation: Rotation) -> RotationOutcome;
        fn list(user: UserId, now: Timestamp) -> Vec<Session>;
        fn end(ending: SessionEnding) -> bool;
        fn end_all(ending: SessionsEnding) -> EndAllOutcome;
        fn delete_expired(now: Timestamp, limit: u32) -> u32;
    }
    tokens: TokenRepository {
        fn issue_verification(address: &EmailAddress, secrets: VerificationSecrets) -> Option<User>;
        fn find_verification(link: TokenDigest, now: Timestamp) -> Option<User>;
        fn redeem_verification_link(redemption: LinkRedemption) -> VerificationOutcome;
        fn redeem_verification_code(redemption: CodeRedemption) -> CodeOutcome;
        fn issue_password_reset(address: &EmailAddress, digest: TokenDigest, expires_at: Timestamp) -> Option<User>;
        fn find_password_reset(digest: TokenDigest, now: Timestamp) -> Option<User>;
        fn redeem_password_reset(reset: PasswordReset) -> bool;
        fn request_email_change(request: EmailChangeRequest) -> EmailChangeRequestOutcome;
        fn issue_email_change(user: UserId, new_address: &EmailAddress, digest: TokenDigest, expires_at: Timestamp) -> Option<User>;
        fn find_email_change(digest: TokenDigest, now: Timestamp) -> Option<(User, EmailAddress)>;
        fn redeem_email_change(redemption: LinkRedemption) -> EmailChangeOutcome;
        fn delete_expired(now: Timestamp, limit: u32) -> u32;
    }
    lockouts: LockoutRepository {
        fn locked_until(key: AttemptKey, now: Timestamp) -> Option<Timestamp>;
        fn record_failure(attempt: FailedAttempt) -> FailureOutcome;
        fn record_success(key: AttemptKey, now: Timestamp) -> SuccessOutcome;
        fn delete_stale(before: Timestamp, limit: u32) -> u32;
    }
    mails: MailQueue {
        fn enqueue(mail: QueuedMail) -> ();
        fn claim(now: Timestamp, leased_until: Timestamp) -> Option<ClaimedMail>;
        fn complete(claim: &ClaimedMail) -> ();
        fn retry(claim: &ClaimedMail, due_at: Timestamp, reason: &str) -> ();
        fn park(claim: &ClaimedMail, reason: &str) -> ();
        fn list(after: Option<MailId>, limit: u32) -> Vec<MailRecord>;
        fn backlog() -> MailBacklog;
        fn send_again(resending: MailResending) -> bool;
    }
    audit_trail: AuditTrail {
        fn append(event: AuditEvent) -> ();
        fn list(query: AuditQuery) -> Vec<AuditEvent>;
        fn count_by_day(tally: AuditTally) -> Vec<DayCount>;
        fn delete_older(before: Timestamp, limit: u32) -> u32;
    }
    signing_keys: SigningKeyRepository {
        fn list() -> Vec<SigningKey>;
        fn succeed(succession: KeySuccession) -> bool;
        fn delete_expired(now: Timestamp) -> u32;
    }
}
