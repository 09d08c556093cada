//! Whether they can be measured.

use portcullis_hot_functions::HOT_FUNCTIONS;

/// Each call panics unless it comes out as it should.
#[test]
fn every_hot_function_can_be_called_again_and_again() {
    for (_, set_up) in HOT_FUNCTIONS {
        let mut calls = set_up();
        for _ in 0..3 {
            calls()();
        }
    }
}
