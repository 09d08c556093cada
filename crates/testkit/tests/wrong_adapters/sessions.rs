//! Stores that are wrong about sessions, secrets and counts.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use portcullis_domain::ports::{
    AuditTrail, CodeOutcome, CodeRedemption, EmailChangeRequest, EmailChangeRequestOutcome, FailedAttempt,
    FailureOutcome, LockoutRepository, MailQueue, OpenOutcome, PasswordReset, Rotation, RotationOutcome,
    SessionEnding, SessionOpening, SessionRepository, StorageError, SuccessOutcome, TokenRepository,
};
use portcullis_domain::{AttemptKey, Generation, Permissions, Principal, Session, SessionId, Timestamp};
use portcullis_testkit::MemoryStorage;
use portcullis_testkit::fixtures::unknown_attempts;
use tokio::task::yield_now;

use crate::honest::{HonestLockouts, HonestSessions, HonestTokens};

pub(crate) struct KeepsMilliseconds(pub(crate) MemoryStorage);

#[async_trait]
impl HonestSessions for KeepsMilliseconds {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn open(&self, opening: SessionOpening) -> Result<OpenOutcome, StorageError> {
        let last_used_at = to_milliseconds(opening.session.last_used_at);
        let session = Session { last_used_at, ..opening.session };
        self.0.open(SessionOpening { session, ..opening }).await
    }
}

fn to_milliseconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_unix_micros(moment.unix_micros() / 1_000 * 1_000)
}

pub(crate) struct OpensThroughTheLock(pub(crate) MemoryStorage);

#[async_trait]
impl HonestSessions for OpensThroughTheLock {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn open(&self, opening: SessionOpening) -> Result<OpenOutcome, StorageError> {
        self.0.open(SessionOpening { attempts: unknown_attempts("nobody"), ..opening }).await
    }
}

pub(crate) struct LeavesExpiryToTheSweeper(pub(crate) MemoryStorage);

#[async_trait]
impl HonestSessions for LeavesExpiryToTheSweeper {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn principal(&self, id: SessionId, _now: Timestamp) -> Result<Option<Principal>, StorageError> {
        self.0.principal(id, Timestamp::MIN).await
    }
}

pub(crate) struct RemembersPermissions {
    store: MemoryStorage,
    seen: Mutex<HashMap<SessionId, Permissions>>,
}

impl RemembersPermissions {
    pub(crate) fn new(store: MemoryStorage) -> Self {
        Self { store, seen: Mutex::default() }
    }
}

#[async_trait]
impl HonestSessions for RemembersPermissions {
    fn truth(&self) -> &MemoryStorage {
        &self.store
    }

    async fn principal(&self, id: SessionId, now: Timestamp) -> Result<Option<Principal>, StorageError> {
        let principal = self.store.principal(id, now).await?;
        Ok(principal.map(|principal| {
            let mut seen = self.seen.lock().unwrap();
            let permissions = seen.entry(id).or_insert(principal.permissions).clone();
            Principal { permissions, ..principal }
        }))
    }
}

pub(crate) struct ForgivesAtTheEndOfTheGrace(pub(crate) MemoryStorage);

#[async_trait]
impl HonestSessions for ForgivesAtTheEndOfTheGrace {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StorageError> {
        let grace = rotation.grace + Duration::from_micros(1);
        self.0.rotate(Rotation { grace, ..rotation }).await
    }
}

pub(crate) struct CountsUpWhateverIsThere(pub(crate) MemoryStorage);

impl CountsUpWhateverIsThere {
    async fn generation(&self, rotation: &Rotation) -> Result<Option<Generation>, StorageError> {
        let principal = self.0.principal(rotation.session, rotation.now).await?;
        Ok(principal.map(|principal| principal.session.generation))
    }
}

#[async_trait]
impl HonestSessions for CountsUpWhateverIsThere {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn rotate(&self, rotation: Rotation) -> Result<RotationOutcome, StorageError> {
        let read = self.generation(&rotation).await?;
        yield_now().await;
        let generation = match self.generation(&rotation).await? {
            Some(by_now) if read == Some(rotation.generation) => by_now,
            _ => rotation.generation,
        };
        self.0.rotate(Rotation { generation, ..rotation }).await
    }
}

pub(crate) struct EndsAnybodysSession(pub(crate) MemoryStorage);

#[async_trait]
impl HonestSessions for EndsAnybodysSession {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn end(&self, ending: SessionEnding) -> Result<bool, StorageError> {
        let owner = self.0.principal(ending.session, ending.now).await?.map(|principal| principal.user.id);
        self.0.end(SessionEnding { user: owner.unwrap_or(ending.user), ..ending }).await
    }
}

pub(crate) struct DeletesWithoutALimit(pub(crate) MemoryStorage);

#[async_trait]
impl HonestSessions for DeletesWithoutALimit {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn delete_expired(&self, now: Timestamp, _limit: u32) -> Result<u32, StorageError> {
        SessionRepository::delete_expired(&self.0, now, u32::MAX).await
    }
}

pub(crate) struct RedeemsAResetTwice(pub(crate) MemoryStorage);

#[async_trait]
impl HonestTokens for RedeemsAResetTwice {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn redeem_password_reset(&self, reset: PasswordReset) -> Result<bool, StorageError> {
        let was_good = self.0.find_password_reset(reset.digest, reset.now).await?.is_some();
        yield_now().await;
        self.0.redeem_password_reset(reset).await?;
        Ok(was_good)
    }
}

pub(crate) struct TellsTheOwnerApart(pub(crate) MemoryStorage);

#[async_trait]
impl HonestTokens for TellsTheOwnerApart {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn request_email_change(
        &self,
        request: EmailChangeRequest,
    ) -> Result<EmailChangeRequestOutcome, StorageError> {
        let aloud = EmailChangeRequest { if_taken: None, ..request.clone() };
        match (self.0.request_email_change(aloud).await?, request.if_taken) {
            (EmailChangeRequestOutcome::EmailTaken, Some(refusal)) => {
                for mail in refusal.mails {
                    self.0.enqueue(mail).await?;
                }
                self.0.append(refusal.event).await?;
                Ok(EmailChangeRequestOutcome::OwnerTold)
            }
            (honest, _) => Ok(honest),
        }
    }
}

/// Tells who takes a step while others do.
#[derive(Default)]
struct AtOnce(AtomicU32);

impl AtOnce {
    /// Whether others had begun before, and not ended when they let this caller go on.
    async fn have_others_begun(&self) -> bool {
        let others = self.0.fetch_add(1, Ordering::SeqCst);
        yield_now().await;
        self.0.fetch_sub(1, Ordering::SeqCst);
        others > 0
    }
}

pub(crate) struct LosesCountsOfCodes {
    store: MemoryStorage,
    at_once: AtOnce,
}

impl LosesCountsOfCodes {
    pub(crate) fn new(store: MemoryStorage) -> Self {
        Self { store, at_once: AtOnce::default() }
    }
}

#[async_trait]
impl HonestTokens for LosesCountsOfCodes {
    fn truth(&self) -> &MemoryStorage {
        &self.store
    }

    async fn redeem_verification_code(
        &self,
        redemption: CodeRedemption,
    ) -> Result<CodeOutcome, StorageError> {
        if self.at_once.have_others_begun().await {
            return Ok(CodeOutcome::Wrong(None));
        }
        self.store.redeem_verification_code(redemption).await
    }
}

pub(crate) struct LosesCountsOfPasswords {
    store: MemoryStorage,
    at_once: AtOnce,
}

impl LosesCountsOfPasswords {
    pub(crate) fn new(store: MemoryStorage) -> Self {
        Self { store, at_once: AtOnce::default() }
    }
}

#[async_trait]
impl HonestLockouts for LosesCountsOfPasswords {
    fn truth(&self) -> &MemoryStorage {
        &self.store
    }

    async fn record_failure(&self, attempt: FailedAttempt) -> Result<FailureOutcome, StorageError> {
        if self.at_once.have_others_begun().await {
            return Ok(FailureOutcome::Admitted { locks: false });
        }
        self.store.record_failure(attempt).await
    }
}

pub(crate) struct LetsTheRightPasswordThroughTheLock(pub(crate) MemoryStorage);

#[async_trait]
impl HonestLockouts for LetsTheRightPasswordThroughTheLock {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn record_success(&self, key: AttemptKey, now: Timestamp) -> Result<SuccessOutcome, StorageError> {
        self.0.record_success(key, now).await?;
        Ok(SuccessOutcome::Admitted)
    }
}
