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
    /// What it means for the step; as `{:#}` with its causes, for logs.
    ///
    /// ```
    /// use portcullis_domain::ports::StorageError;
    ///
    /// let error = StorageError::unavailable("no route to host");
    /// assert_eq!(error.to_string(), "the store is unavailable");
    /// assert_eq!(format!("{error:#}"), "the store is unavailable: no route to host");
    /// ```
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Unavailable => "the store is unavailable",
            Kind::Broken => "the store answered with something impossible",
        };
        if formatter.alternate() {
            formatter.write_str(&with_causes(kind, self))
        } else {
            formatter.write_str(kind)
        }
    }
}

/// The message and those of the causes of an error, but for causes that it repeats already.
fn with_causes(message: &str, error: &dyn Error) -> String {
    let mut whole = message.to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !whole.contains(&message) {
            whole.push_str(": ");
            whole.push_str(&message);
        }
        cause = error.source();
    }
    whole
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.cause.as_ref())
    }
}
