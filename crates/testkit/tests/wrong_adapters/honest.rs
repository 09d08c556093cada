//! Ports over the storage in memory, honest but for the methods that an adapter writes anew.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::mail::{ClaimedMail, MailBacklog, MailRecord, QueuedMail};
use portcullis_domain::ports::*;
use portcullis_domain::{
    Account, AttemptKey, EmailAddress, LoginIdentifier, MailId, Principal, Role, RoleId, RoleName, Session,
    SessionId, SigningKey, Timestamp, TokenDigest, User, UserId,
};
use portcullis_testkit::{MemoryStorage, Storage};

/// An adapter that lies where its methods differ from those of the storage in memory.
pub(crate) struct Wrong<T>(pub(crate) T);

macro_rules! honest {
    ($($honest:ident is $port:ident, put by $put:ident into $field:ident {
        $(fn $method:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+
    })+) => {$(
        #[async_trait]
        pub(crate) trait $honest: Send + Sync {
            fn truth(&self) -> &MemoryStorage;

            $(
                async fn $method(&self, $($argument: $type),*) -> Result<$answer, StorageError> {
                    $port::$method(self.truth(), $($argument),*).await
                }
            )+
        }

        #[async_trait]
        impl<T: $honest> $port for Wrong<T> {
            $(
                async fn $method(&self, $($argument: $type),*) -> Result<$answer, StorageError> {
                    $honest::$method(&self.0, $($argument),*).await
                }
            )+
        }

        pub(crate) fn $put<T: $honest + 'static>(adapter: impl FnOnce(MemoryStorage) -> T) -> Storage {
            let store = MemoryStorage::default();
            Storage { $field: Arc::new(Wrong(adapter(store.clone()))), ..store.into() }
        }
    )+};
}

honest! {
    HonestUsers is UserRepository, put by behind_users into users {
        fn register(account: NewAccount) -> RegisterOutcome;
        fn register_privately(registration: PrivateRegistration) -> PrivateRegistrationOutcome;
        fn find_by_login(identifier: &LoginIdentifier) -> Option<Account>;
        fn find_by_id(id: UserId) -> Option<Account>;
        fn update_profile(update: ProfileUpdate) -> ProfileOutcome;
        fn change_password(change: PasswordChange) -> bool;
        fn delete(deletion: Deletion) -> DeleteOutcome;
        fn ping() -> ();
    }

    HonestAdministration is UserAdministration, put by behind_administration into administration {
        fn list(query: UserQuery) -> Vec<User>;
        fn update(update: UserUpdate) -> UserUpdateOutcome;
        fn unlock(unlocking: Unlocking) -> UnlockOutcome;
        fn set_password(setting: PasswordSetting) -> SetPasswordOutcome;
        fn import(accounts: Vec<Account>) -> Vec<ImportOutcome>;
    }

    HonestRoles is RoleRepository, put by behind_roles into roles {
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

    HonestSessions is SessionRepository, put by behind_sessions into sessions {
        fn open(opening: SessionOpening) -> OpenOutcome;
        fn principal(id: SessionId, now: Timestamp) -> Option<Principal>;
        fn rotate(rotation: Rotation) -> RotationOutcome;
        fn list(user: UserId, now: Timestamp) -> Vec<Session>;
        fn end(ending: SessionEnding) -> bool;
        fn end_all(ending: SessionsEnding) -> EndAllOutcome;
        fn delete_expired(now: Timestamp, limit: u32) -> u32;
    }

    HonestTokens is TokenRepository, put by behind_tokens into tokens {
        fn issue_verification(address: &EmailAddress, secrets: VerificationSecrets) -> Option<User>;
        fn find_verification(link: TokenDigest, now: Timestamp) -> Option<User>;
        fn redeem_verification_link(redemption: LinkRedemption) -> VerificationOutcome;
        fn redeem_verification_code(redemption: CodeRedemption) -> CodeOutcome;
        fn issue_password_reset(address: &EmailAddress, digest: TokenDigest, expires_at: Timestamp)
            -> Option<User>;
        fn find_password_reset(digest: TokenDigest, now: Timestamp) -> Option<User>;
        fn redeem_password_reset(reset: PasswordReset) -> bool;
        fn request_email_change(request: EmailChangeRequest) -> EmailChangeRequestOutcome;
        fn issue_email_change(
            user: UserId, new_address: &EmailAddress, digest: TokenDigest, expires_at: Timestamp
        ) -> Option<User>;
        fn find_email_change(digest: TokenDigest, now: Timestamp) -> Option<(User, EmailAddress)>;
        fn redeem_email_change(redemption: LinkRedemption) -> EmailChangeOutcome;
        fn delete_expired(now: Timestamp, limit: u32) -> u32;
    }

    HonestLockouts is LockoutRepository, put by behind_lockouts into lockouts {
        fn locked_until(key: AttemptKey, now: Timestamp) -> Option<Timestamp>;
        fn record_failure(attempt: FailedAttempt) -> FailureOutcome;
        fn record_success(key: AttemptKey, now: Timestamp) -> SuccessOutcome;
        fn delete_stale(before: Timestamp, limit: u32) -> u32;
    }

    HonestMails is MailQueue, put by behind_mails into mails {
        fn enqueue(mail: QueuedMail) -> ();
        fn claim(now: Timestamp, leased_until: Timestamp) -> Option<ClaimedMail>;
        fn complete(claim: &ClaimedMail) -> ();
        fn retry(claim: &ClaimedMail, due_at: Timestamp, reason: &str) -> ();
        fn park(claim: &ClaimedMail, reason: &str) -> ();
        fn list(after: Option<MailId>, limit: u32) -> Vec<MailRecord>;
        fn backlog() -> MailBacklog;
        fn send_again(resending: MailResending) -> bool;
    }

    HonestTrail is AuditTrail, put by behind_audit_trail into audit_trail {
        fn append(event: AuditEvent) -> ();
        fn list(query: AuditQuery) -> Vec<AuditEvent>;
        fn count_by_day(tally: AuditTally) -> Vec<DayCount>;
        fn delete_older(before: Timestamp, limit: u32) -> u32;
    }

    HonestKeys is SigningKeyRepository, put by behind_signing_keys into signing_keys {
        fn list() -> Vec<SigningKey>;
        fn succeed(succession: KeySuccession) -> bool;
        fn delete_expired(now: Timestamp) -> u32;
    }
}
