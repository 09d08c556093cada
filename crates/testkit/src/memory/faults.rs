use std::collections::VecDeque;

use portcullis_domain::ports::StorageError;

/// Which calls are to fail, each once.
#[derive(Default)]
pub(super) struct Faults {
    any: u32,
    named: VecDeque<&'static str>,
}

impl Faults {
    pub(super) fn fail_next(&mut self) {
        self.any += 1;
    }

    pub(super) fn fail_next_call_to(&mut self, operation: &'static str) {
        self.named.push_back(operation);
    }

    /// Fails when this call is one that is to fail, which is used up by it.
    pub(super) fn meet(&mut self, operation: &'static str) -> Result<(), StorageError> {
        if let Some(index) = self.named.iter().position(|named| *named == operation) {
            self.named.remove(index);
        } else if let Some(left) = self.any.checked_sub(1) {
            self.any = left;
        } else {
            return Ok(());
        }
        Err(StorageError::unavailable(format!("a test made {operation} fail")))
    }
}
