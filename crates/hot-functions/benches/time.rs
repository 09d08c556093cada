//! How long the hot functions take.

use divan::Bencher;
use portcullis_hot_functions::{HOT_FUNCTIONS, calls_of};

fn main() {
    divan::main();
}

#[divan::bench(args = HOT_FUNCTIONS.map(|(name, _)| name))]
fn time(bencher: Bencher<'_, '_>, name: &str) {
    bencher.with_inputs(calls_of(name)).bench_local_values(|call| call());
}
