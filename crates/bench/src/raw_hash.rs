//! The floor for logins: Argon2 alone, with memory that is reused from hash to hash.

use std::num::NonZeroUsize;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use clap::Args;
use serde::{Deserialize, Serialize};

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
    pub(crate) hashes: u32,
    pub(crate) a_second: f64,
}

/// Hashes, and prints [`RawHashes`] as JSON.
pub(crate) fn run(options: &RawHashOptions) -> anyhow::Result<()> {
    let params =
        Params::new(options.memory_kib, options.passes, 1, None).context("no such Argon2 settings")?;
    let lasts = Duration::from_secs(options.seconds);
    let hashed: Vec<_> = thread::scope(|scope| {
        let hash = || hash_for(lasts, &params);
        let threads: Vec<_> = (0..options.threads.get()).map(|_| scope.spawn(hash)).collect();
        threads.into_iter().map(|thread| thread.join().expect("hashing does not panic")).collect()
    });
    let total = RawHashes {
        hashes: hashed.iter().map(|one| one.hashes).sum(),
        a_second: hashed.iter().map(|one| one.a_second).sum(),
    };
    println!("{}", serde_json::to_string(&total)?);
    Ok(())
}

/// Hashes on this thread. The first hash, which takes the memory, does not count.
fn hash_for(lasts: Duration, params: &Params) -> RawHashes {
    let mut blocks = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut output = [0; 32];
    let mut hash = || {
        argon2
            .hash_password_into_with_memory(b"a password of usual length", &[7; 16], &mut output, &mut blocks)
            .expect("the inputs are within Argon2's limits");
    };
    hash();
    let begun = Instant::now();
    let mut hashes = 0;
    while begun.elapsed() < lasts {
        hash();
        hashes += 1;
    }
    RawHashes { hashes, a_second: f64::from(hashes) / begun.elapsed().as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_counted_while_time_lasts() {
        let done = hash_for(Duration::from_millis(50), &Params::new(8, 1, 1, None).unwrap());
        assert!(done.hashes > 1 && done.a_second > 1.0, "{done:?}");
    }
}
