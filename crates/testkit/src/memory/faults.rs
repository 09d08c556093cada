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

    pub(super) fn fail_next_call_to(&mut self, method: &'static str) {
        self.named.push_back(method);
    }

    /// Fails when this call is one that is to fail, which is used up by it.
    pub(super) fn meet(&mut self, method: &'static str) -> Result<(), StorageError> {
        if let Some(index) = self.named.iter().position(|named| *named == method) {
            self.named.remove(index);
        } else if let Some(left) = self.any.checked_sub(1) {
            self.any = left;
        } else {
            return Ok(());
        }
        Err(StorageError::unavailable(format!("a test made {method} fail")))
    }
}
