//! How many instructions the hot functions take.

#![expect(missing_docs, clippy::must_use_candidate, reason = "the macros write functions that are public")]

use gungraun::prelude::*;
use gungraun::{Callgrind, EntryPoint};
use portcullis_hot_functions::{Call, Calls, calls_of};

/// Without caches, which take time to simulate.
fn callgrind() -> Callgrind {
    Callgrind::with_args(["cache-sim=no"])
}

/// A call after others, by which all is set up that lasts. What the calls share is not dropped with it.
fn later_call(name: &str) -> (Calls, Call) {
    let mut calls = calls_of(name);
    for _ in 0..3 {
        calls()();
    }
    let call = calls();
    (calls, call)
}

#[library_benchmark]
#[bench::sign_access_token(later_call("sign_access_token"))]
#[bench::check_new_access_token(later_call("check_new_access_token"))]
#[bench::check_seen_access_token(later_call("check_seen_access_token"))]
#[bench::write_refresh_token(later_call("write_refresh_token"))]
#[bench::read_refresh_token(later_call("read_refresh_token"))]
#[bench::digest_code(later_call("digest_code"))]
#[bench::render_problem(later_call("render_problem"))]
#[bench::turn_away(later_call("turn_away"))]
#[bench::read_me(later_call("read_me"))]
fn on_this_thread((calls, call): (Calls, Call)) -> Calls {
    call();
    calls
}

// There is a thread that hashes, and this is what it does with a password. Each time counts, so there is but one.
#[library_benchmark(
    config = LibraryBenchmarkConfig::default()
        .tool(callgrind().entry_point(EntryPoint::Custom("*Argon2Hash::matches".to_owned())))
)]
#[bench::check_password(calls_of("check_password"))]
fn on_a_thread_that_hashes(mut calls: Calls) -> Calls {
    calls()();
    calls
}

library_benchmark_group!(name = hot_functions, benchmarks = [on_this_thread, on_a_thread_that_hashes]);

main!(config = LibraryBenchmarkConfig::default().tool(callgrind()), library_benchmark_groups = hot_functions);
