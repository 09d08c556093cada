//! Stores that are wrong about mails, events, roles and keys.

use std::sync::Mutex;

use async_trait::async_trait;
use portcullis_domain::RoleDescription;
use portcullis_domain::Timestamp;
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::mail::ClaimedMail;
use portcullis_domain::ports::{
    AuditQuery, AuditTrail, KeySuccession, MailQueue, RoleCreation, RoleCreationOutcome, RoleRepository,
    SigningKeyRepository, StorageError,
};
use portcullis_testkit::MemoryStorage;
use tokio::task::yield_now;

use crate::honest::{HonestKeys, HonestMails, HonestRoles, HonestTrail};

pub(crate) struct GivesOneMailToTwo {
    store: MemoryStorage,
    claims: Mutex<Vec<ClaimedMail>>,
}

impl GivesOneMailToTwo {
    pub(crate) fn new(store: MemoryStorage) -> Self {
        Self { store, claims: Mutex::default() }
    }
}

#[async_trait]
impl HonestMails for GivesOneMailToTwo {
    fn truth(&self) -> &MemoryStorage {
        &self.store
    }

    async fn claim(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<ClaimedMail>, StorageError> {
        let seen = self.claims.lock().unwrap().len();
        yield_now().await;
        let claim = self.store.claim(now, leased_until).await?;
        let mut claims = self.claims.lock().unwrap();
        claims.extend(claim.clone());
        Ok(claim.or_else(|| claims.get(seen).cloned()))
    }
}

pub(crate) struct TriesAgainAtOnce(pub(crate) MemoryStorage);

#[async_trait]
impl HonestMails for TriesAgainAtOnce {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn retry(&self, claim: &ClaimedMail, _due_at: Timestamp, reason: &str) -> Result<(), StorageError> {
        self.0.retry(claim, claim.mail.queued_at, reason).await
    }
}

pub(crate) struct RoundsEvents(pub(crate) MemoryStorage);

#[async_trait]
impl HonestTrail for RoundsEvents {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn append(&self, event: AuditEvent) -> Result<(), StorageError> {
        let at = Timestamp::from_unix_micros(event.at.unix_micros() / 1_000 * 1_000);
        self.0.append(AuditEvent { at, ..event }).await
    }
}

pub(crate) struct ListsOldEventsFirst(pub(crate) MemoryStorage);

#[async_trait]
impl HonestTrail for ListsOldEventsFirst {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn list(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError> {
        let mut page = AuditTrail::list(&self.0, query).await?;
        page.reverse();
        Ok(page)
    }
}

pub(crate) struct KeepsTheBasicPlaneOnly(pub(crate) MemoryStorage);

#[async_trait]
impl HonestRoles for KeepsTheBasicPlaneOnly {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn create(&self, mut creation: RoleCreation) -> Result<RoleCreationOutcome, StorageError> {
        if let Some(description) = &creation.role.description {
            let basic = description.as_str().replace(|character| character > '\u{FFFF}', "?");
            creation.role.description = RoleDescription::parse(&basic).ok();
        }
        self.0.create(creation).await
    }
}

pub(crate) struct CountsOneRoleOnly(pub(crate) MemoryStorage);

#[async_trait]
impl HonestRoles for CountsOneRoleOnly {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn create(&self, creation: RoleCreation) -> Result<RoleCreationOutcome, StorageError> {
        let fits_alone = creation.role.fits_among(&[]);
        Ok(match self.0.create(creation).await? {
            RoleCreationOutcome::TooManyPermissions if fits_alone => RoleCreationOutcome::Created,
            honest => honest,
        })
    }
}

pub(crate) struct AddsUpBeforeItPermits(pub(crate) MemoryStorage);

#[async_trait]
impl HonestRoles for AddsUpBeforeItPermits {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn create(&self, creation: RoleCreation) -> Result<RoleCreationOutcome, StorageError> {
        let fitted = creation.role.fits_among(&RoleRepository::list(&self.0).await?);
        yield_now().await;
        Ok(match self.0.create(creation).await? {
            RoleCreationOutcome::TooManyPermissions if fitted => RoleCreationOutcome::Created,
            honest => honest,
        })
    }
}

pub(crate) struct MakesTwoFirstKeys(pub(crate) MemoryStorage);

#[async_trait]
impl HonestKeys for MakesTwoFirstKeys {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn succeed(&self, succession: KeySuccession) -> Result<bool, StorageError> {
        let newest = SigningKeyRepository::list(&self.0).await?.pop().map(|key| key.id);
        let was_newest = newest == succession.predecessor;
        yield_now().await;
        self.0.succeed(succession).await?;
        Ok(was_newest)
    }
}
