use std::time::Duration;

/// Hears of each hash, for figures. It is told on the threads that hash, so it MUST return at once.
pub trait HashingObserver: Send + Sync {
    /// A password was hashed, or tried against a hash, which took `took` after it had waited `waited` for a thread.
    fn hashed(&self, waited: Duration, took: Duration);

    /// A password was refused, because the queue was full.
    fn refused(&self);
}
