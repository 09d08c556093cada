use std::error::Error;

/// The message of an error and those of its causes, on one line for logs and operators. A cause that is repeated in what
/// stands before it is left out.
///
/// ```
/// use portcullis_domain::ports::StorageError;
/// use portcullis_domain::with_causes;
///
/// let error = StorageError::unavailable("no route to host");
/// assert_eq!(with_causes(&error), "the store is unavailable: no route to host");
/// ```
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !told.contains(&message) {
            told.push_str(": ");
            told.push_str(&message);
        }
        cause = error.source();
    }
    told
}
