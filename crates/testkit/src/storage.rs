use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::UserId;
use portcullis_domain::ports::{
    AuditTrail, LockoutRepository, MailQueue, RoleRepository, SessionRepository, SigningKeyRepository,
    TokenRepository, UserAdministration, UserRepository,
};

/// A storage adapter as the contract suite meets it: every storage port, on one store.
#[derive(Clone)]
pub struct Storage {
    /// Keeps accounts.
    pub users: Arc<dyn UserRepository>,
    /// Shows and changes the same accounts for who administers them.
    pub administration: Arc<dyn UserAdministration>,
    /// Keeps roles.
    pub roles: Arc<dyn RoleRepository>,
    /// Keeps sessions.
    pub sessions: Arc<dyn SessionRepository>,
    /// Keeps one-time secrets.
    pub tokens: Arc<dyn TokenRepository>,
    /// Counts wrong passwords.
    pub lockouts: Arc<dyn LockoutRepository>,
    /// Keeps mails that wait.
    pub mails: Arc<dyn MailQueue>,
    /// Keeps what happened.
    pub audit_trail: Arc<dyn AuditTrail>,
    /// Keeps signing keys.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// Does to the same store what no port offers.
    pub back_door: Arc<dyn BackDoor>,
    /// The same store once more, as a second instance of the service has it: through a pool and
    /// caches of its own. Raced cases send every other caller there. None where one process is all
    /// that a store can serve.
    pub second: Option<Box<Storage>>,
    /// Lives as long as the storage: a temporary directory, a server process, `Arc::new(())`.
    pub guard: Arc<dyn Any + Send + Sync>,
}

impl Storage {
    /// The instance that the caller with this number talks to.
    pub(crate) fn instance(&self, caller: usize) -> &Self {
        match &self.second {
            Some(second) if caller % 2 == 1 => second,
            _ => self,
        }
    }
}

/// Arranges what the cases are about and no storage port offers: an adapter's tests implement it with a
/// plain statement on their store.
///
/// Panics when the store fails. It is not raced.
#[async_trait]
pub trait BackDoor: Send + Sync {
    /// Sets whether the account may be used, and nothing else: its sessions and secrets stay stored.
    async fn set_active(&self, user: UserId, is_active: bool);
}
