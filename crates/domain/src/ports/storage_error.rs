use std::error::Error;
use std::fmt;

/// A store could not do what it was asked; nothing of the step was stored.
///
/// Opaque: the cause is for logs, never for clients.
#[derive(Debug)]
pub struct StorageError {
    kind: Kind,
    cause: Box<dyn Error + Send + Sync>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unavailable,
    Broken,
}

impl StorageError {
    /// The store did not answer, was too busy, or is out of space: the same step may succeed later.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Unavailable, cause: cause.into() }
    }

    /// The store answered with something that it never should: a defect, which no retry cures.
    #[must_use]
    pub fn broken(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Broken, cause: cause.into() }
    }

    /// Whether the same step may succeed later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.kind == Kind::Unavailable
    }
}

impl fmt::Display for StorageError {
    /// What it means for the step; [`with_causes`](crate::with_causes) tells logs the rest.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.kind {
            Kind::Unavailable => "the store is unavailable",
            Kind::Broken => "the store answered with something impossible",
        })
    }
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.cause.as_ref())
    }
}
