use crate::values::Timestamp;

/// Tells the time. Use cases ask it once and hand the answer on, so one step sees one moment.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The current moment.
    fn now(&self) -> Timestamp;
}
