use std::collections::BTreeSet;
use std::sync::Arc;

use crate::audit::AuditKind;
use crate::origin::Actor;
use crate::policy::Policy;
use crate::ports::{
    AuditTrail, Clock, Entropy, HashRefusal, ImportOutcome, PasswordHasher, StorageError, UserAdministration,
};
use crate::services::Auditor;
use crate::user::{Account, ProfileNames, User};
use crate::values::{EmailAddress, Locale, PasswordHash, RoleName, Timestamp, UserId, Username};

/// Brings in accounts of another system, batch by batch.
pub struct ImportUsers {
    pub(super) administration: Arc<dyn UserAdministration>,
    pub(super) hasher: Arc<dyn PasswordHasher>,
    pub(super) trail: Arc<dyn AuditTrail>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) auditor: Auditor,
    pub(super) policy: Arc<Policy>,
}

/// An account of another system.
#[derive(Clone, Debug)]
pub struct ImportedUser {
    /// Its id, if it came from an installation like this one; else it gets one.
    pub id: Option<UserId>,
    /// Its address.
    pub email: EmailAddress,
    /// The hash of its password, [accepted](ImportUsers::accept_hash); none when its owner is to reset it.
    pub password_hash: Option<PasswordHash>,
    /// Its username.
    pub username: Option<Username>,
    /// What its owner is called.
    pub profile: ProfileNames,
    /// Whether the address counts as verified.
    pub email_verified: bool,
    /// Whether it may be used.
    pub is_active: bool,
    /// The roles to hold, besides `user`.
    pub roles: BTreeSet<RoleName>,
    /// The language of mails to its owner; that of the installation if none is given.
    pub locale: Option<Locale>,
    /// When it was made; now if that is not known.
    pub created_at: Option<Timestamp>,
    /// When its profile last changed.
    pub updated_at: Option<Timestamp>,
    /// When somebody last signed in to it.
    pub last_login_at: Option<Timestamp>,
}

/// How many accounts of an import came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportTally {
    /// Were stored.
    pub imported: u64,
    /// Were there before.
    pub present: u64,
    /// Were refused.
    pub refused: u64,
}

impl ImportUsers {
    /// Takes over the hash of another system. It is renewed at the next login.
    ///
    /// # Errors
    ///
    /// [`HashRefusal`] says why it cannot be used.
    pub fn accept_hash(&self, text: &str) -> Result<PasswordHash, HashRefusal> {
        self.hasher.import(text)
    }

    /// Stores a batch of accounts, and says of each, in their order, what became of it. Nobody is mailed.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: nothing of the batch is stored, and it can be given again.
    pub async fn import(&self, batch: Vec<ImportedUser>) -> Result<Vec<ImportOutcome>, StorageError> {
        let now = self.clock.now();
        let accounts = batch.into_iter().map(|imported| self.account(imported, now)).collect();
        self.administration.import(accounts).await
    }

    /// Notes in the audit trail what `actor` brought in.
    ///
    /// # Errors
    ///
    /// [`StorageError`]: it is not noted; the accounts stay.
    pub async fn conclude(&self, actor: &Actor, tally: ImportTally) -> Result<(), StorageError> {
        let event = self
            .auditor
            .event(AuditKind::UserImport, &actor.origin, self.clock.now())
            .with("imported", tally.imported.to_string())
            .with("present", tally.present.to_string())
            .with("refused", tally.refused.to_string());
        self.trail.append(event.clone()).await?;
        self.auditor.stored(&event);
        Ok(())
    }

    /// The account to store. An id that is made for it begins with the time at which the account was, so that lists go by age.
    fn account(&self, imported: ImportedUser, now: Timestamp) -> Account {
        let created_at = imported.created_at.unwrap_or(now);
        let locale = imported.locale.unwrap_or_else(|| self.policy.locale.clone());
        let made = User::new(imported.email, locale, created_at, self.entropy.as_ref());
        let roles: BTreeSet<RoleName> = made.roles.iter().cloned().chain(imported.roles).collect();
        let user = User {
            id: imported.id.unwrap_or(made.id),
            username: imported.username,
            profile: imported.profile,
            email_verified: imported.email_verified,
            is_active: imported.is_active,
            roles: roles.into_iter().collect(),
            updated_at: imported.updated_at,
            last_login_at: imported.last_login_at,
            ..made
        };
        Account { user, password_hash: imported.password_hash }
    }
}
