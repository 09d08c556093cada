use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use portcullis_domain::ports::Entropy;

/// Octets that look random and are the same in every run, so that snapshots of ids and tokens hold.
///
/// ```
/// use portcullis_domain::OneTimeCode;
/// use portcullis_testkit::ScriptedEntropy;
///
/// let entropy = ScriptedEntropy::default();
/// entropy.script(&123_456_u64.to_be_bytes());
/// assert_eq!(OneTimeCode::generate(&entropy).expose(), "123456");
/// ```
#[derive(Debug)]
pub struct ScriptedEntropy(Mutex<Stream>);

#[derive(Debug)]
struct Stream {
    scripted: VecDeque<u8>,
    state: u64,
}

impl ScriptedEntropy {
    /// The stream that belongs to `seed`.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(Mutex::new(Stream { scripted: VecDeque::new(), state: seed }))
    }

    /// Makes `octets` the next ones that are drawn, after those that were scripted before.
    pub fn script(&self, octets: &[u8]) {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stream.scripted.extend(octets);
    }
}

impl Default for ScriptedEntropy {
    fn default() -> Self {
        Self::seeded(0)
    }
}

impl Entropy for ScriptedEntropy {
    fn fill(&self, octets: &mut [u8]) {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for octet in octets {
            *octet = stream.scripted.pop_front().unwrap_or_else(|| split_mix(&mut stream.state));
        }
    }
}

/// One octet of `SplitMix64`: a counter, scrambled.
fn split_mix(counter: &mut u64) -> u8 {
    *counter = counter.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut word = *counter;
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (word ^ (word >> 31)).to_be_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw<const N: usize>(entropy: &ScriptedEntropy) -> [u8; N] {
        let mut octets = [0; N];
        entropy.fill(&mut octets);
        octets
    }

    #[test]
    fn one_seed_gives_one_stream() {
        let (one, same, other) =
            (ScriptedEntropy::seeded(1), ScriptedEntropy::seeded(1), ScriptedEntropy::seeded(2));
        let drawn = draw::<32>(&one);
        assert_eq!(drawn, draw::<32>(&same));
        assert_ne!(drawn, draw::<32>(&other));
        assert_ne!(drawn, draw::<32>(&one), "the stream does not repeat at once");
    }

    #[test]
    fn scripted_octets_come_first() {
        let entropy = ScriptedEntropy::default();
        entropy.script(&[1, 2]);
        entropy.script(&[3]);
        let undisturbed = draw::<1>(&ScriptedEntropy::default());
        assert_eq!(draw::<4>(&entropy), [1, 2, 3, undisturbed[0]]);
    }
}
