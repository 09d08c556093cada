use async_trait::async_trait;

use crate::session::Principal;

/// Hears of each session that is opened, for what the application around does then: a hook. It cannot take the
/// login back.
///
/// ```
/// use async_trait::async_trait;
/// use portcullis_domain::Principal;
/// use portcullis_domain::ports::LoginObserver;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[derive(Default)]
/// struct Visits(AtomicU64);
///
/// #[async_trait]
/// impl LoginObserver for Visits {
///     async fn signed_in(&self, _: &Principal) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait LoginObserver: Send + Sync {
    /// Somebody signed in: by a login, or by a registration where addresses need not be verified before one. Their
    /// tokens go out when this returns, so what takes long belongs elsewhere; and a client that hangs up may drop it
    /// half way.
    async fn signed_in(&self, principal: &Principal);
}
