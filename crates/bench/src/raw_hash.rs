//! The floor for logins: Argon2 alone, by the quickest implementation there is, with memory that is reused from hash to
//! hash.

use std::num::NonZeroUsize;
use std::process;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use argon2_rust::params::Memory;
use argon2_rust::{Algorithm, Argon2, Params, Version};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::process::processor_time;

#[derive(Clone, Debug, Args)]
pub(crate) struct RawHashOptions {
    /// How many threads hash
    #[arg(long, default_value = "1")]
    threads: NonZeroUsize,
    /// For how long
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Memory of a hash, in KiB
    #[arg(long, default_value_t = 19_456)]
    memory_kib: u32,
    /// Passes over it
    #[arg(long, default_value_t = 2)]
    passes: u32,
}

/// What was hashed.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct RawHashes {
    /// By all threads together.
    pub(crate) a_second: f64,
    /// The processor seconds that each took.
    pub(crate) of_each: f64,
}

/// Hashes, and prints [`RawHashes`] as JSON.
pub(crate) fn run(options: &RawHashOptions) -> anyhow::Result<()> {
    let params = Params::builder()
        .memory(Memory::kib(options.memory_kib.into()))
        .passes(options.passes)
        .build()
        .context("no such Argon2 settings")?;
    let hashes = hash(options.threads, Duration::from_secs(options.seconds), params)?;
    println!("{}", serde_json::to_string(&hashes)?);
    Ok(())
}

fn hash(threads: NonZeroUsize, lasts: Duration, params: Params) -> anyhow::Result<RawHashes> {
    let start = Barrier::new(threads.get() + 1);
    thread::scope(|scope| {
        let hash = || hash_on_this_thread(&start, lasts, params);
        let threads: Vec<_> = (0..threads.get()).map(|_| scope.spawn(hash)).collect();
        start.wait();
        let (begun, processor) = (Instant::now(), processor_time(process::id())?);
        let counts = threads.into_iter().map(|thread| thread.join().expect("hashing does not panic"));
        let hashes = f64::from(counts.sum::<u32>());
        let processor = processor_time(process::id())?.saturating_sub(processor);
        Ok(RawHashes {
            a_second: hashes / begun.elapsed().as_secs_f64(),
            of_each: processor.as_secs_f64() / hashes,
        })
    })
}

/// Counts hashes from the start on. A first one before it takes the memory.
fn hash_on_this_thread(start: &Barrier, lasts: Duration, params: Params) -> u32 {
    let mut argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hasher();
    let mut output = [0; 32];
    let mut hash = || {
        argon2
            .hash_into(b"a password of usual length", &[7; 16], &mut output)
            .expect("the inputs are within Argon2's limits");
    };
    hash();
    start.wait();
    let begun = Instant::now();
    let mut hashes = 0;
    while begun.elapsed() < lasts {
        hash();
        hashes += 1;
    }
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_hash_together_while_time_lasts() {
        let cheap = Params::builder().memory(Memory::kib(8)).passes(1).build().unwrap();
        let (threads, lasts) = (NonZeroUsize::new(2).unwrap(), Duration::from_millis(200));
        let RawHashes { a_second, of_each } = hash(threads, lasts, cheap).unwrap();
        assert!(a_second > 100.0, "{a_second} a second");
        assert!(of_each > 0.0 && of_each * a_second < 3.0, "{of_each} processor seconds on two threads");
    }
}
