use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::ports::{
    LockoutRepository, MailQueue, SessionRepository, SigningKeyRepository, TokenRepository, UserRepository,
};
use portcullis_domain::{Permission, RoleId, RoleName, UserId};

/// A storage adapter as the contract suite meets it: every storage port, on one store.
#[derive(Clone)]
pub struct Storage {
    /// Keeps accounts.
    pub users: Arc<dyn UserRepository>,
    /// Keeps sessions.
    pub sessions: Arc<dyn SessionRepository>,
    /// Keeps one-time secrets.
    pub tokens: Arc<dyn TokenRepository>,
    /// Counts wrong passwords.
    pub lockout: Arc<dyn LockoutRepository>,
    /// Keeps mails that wait.
    pub mails: Arc<dyn MailQueue>,
    /// Keeps signing keys.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// Does to the same store what no port offers.
    pub operator: Arc<dyn Operator>,
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

/// Arranges what the cases are about and no storage port offers: an adapter's tests implement it with
/// plain statements on their store.
///
/// Every method panics when the store fails. None of them is raced.
#[async_trait]
pub trait Operator: Send + Sync {
    /// Adds a role that holds these permissions. The built-in roles `admin` and `user` exist.
    async fn add_role(&self, id: RoleId, name: &RoleName, permissions: &[Permission]);

    /// Makes these existing roles the only ones that the user holds.
    async fn set_roles(&self, user: UserId, roles: &[RoleName]);

    /// Sets whether the account may be used, and nothing else: its sessions and secrets stay stored.
    async fn set_active(&self, user: UserId, is_active: bool);
}
