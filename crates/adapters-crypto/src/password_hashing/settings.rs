use std::fmt;
use std::str::FromStr;

use argon2_rust::Params;
use argon2_rust::params::{Memory, TagLen};

/// What an Argon2 hash costs: memory, passes over it, and lanes.
///
/// The bounds hold for what is configured and for what is found in the store alike, so that no hash in
/// the store costs more than the costliest setting. The default is the one that OWASP
/// recommends: 19 MiB, two passes, one lane.
///
/// ```
/// use portcullis_adapters_crypto::Argon2Settings;
///
/// let settings: Argon2Settings = "m=65536,t=3,p=4".parse().unwrap();
/// assert_eq!(settings.to_string(), "m=65536,t=3,p=4");
/// assert!("m=4294967295,t=1,p=1".parse::<Argon2Settings>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Settings {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// Why these are no [`Argon2Settings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArgon2Settings {
    /// The text does not have the form.
    #[error("has the form m=19456,t=2,p=1")]
    Malformed,
    /// There is too little memory for the lanes, or too much of it.
    #[error("m, the memory in KiB, is from 8 times p to {}", Argon2Settings::MAX_MEMORY_KIB)]
    Memory,
    /// There are no passes, or too many.
    #[error("t, the number of passes, is from 1 to {}", Argon2Settings::MAX_PASSES)]
    Passes,
    /// There are no lanes, or too many.
    #[error("p, the number of lanes, is from 1 to {}", Argon2Settings::MAX_LANES)]
    Lanes,
    /// Each is allowed, but not together.
    #[error("m times t is at most {}", Argon2Settings::MAX_WORK_KIB)]
    Work,
}

impl Argon2Settings {
    /// The most memory that a hash may take: 1 GiB, in KiB.
    pub const MAX_MEMORY_KIB: u32 = 1 << 20;
    /// The most passes that a hash may make.
    pub const MAX_PASSES: u32 = 1 << 10;
    /// The most lanes that a hash may have. They are computed one after the other.
    pub const MAX_LANES: u32 = 16;
    /// The most memory times passes, in KiB: some three seconds of a core.
    pub const MAX_WORK_KIB: u64 = 4 << 20;

    /// Settings of `memory_kib` KiB, `passes` and `lanes`.
    ///
    /// # Errors
    ///
    /// Says which bound they break.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidArgon2Settings> {
        if !(1..=Self::MAX_LANES).contains(&lanes) {
            return Err(InvalidArgon2Settings::Lanes);
        }
        if !(8 * lanes..=Self::MAX_MEMORY_KIB).contains(&memory_kib) {
            return Err(InvalidArgon2Settings::Memory);
        }
        if !(1..=Self::MAX_PASSES).contains(&passes) {
            return Err(InvalidArgon2Settings::Passes);
        }
        if u64::from(memory_kib) * u64::from(passes) > Self::MAX_WORK_KIB {
            return Err(InvalidArgon2Settings::Work);
        }
        Ok(Self { memory_kib, passes, lanes })
    }

    pub(super) fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// The same for the crate that computes them, and for outputs of so many octets. Lanes are computed by the
    /// thread that hashes.
    pub(super) fn params(self, octets: usize) -> Params {
        Params::builder()
            .memory(Memory::kib(self.memory_kib.into()))
            .passes(self.passes)
            .lanes(self.lanes)
            .threads(1)
            .tag_len(TagLen::bytes(octets as u64))
            .build()
            .expect("the bounds lie within those of Argon2")
    }
}

impl Default for Argon2Settings {
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// The form in which PHC strings write them.
impl fmt::Display for Argon2Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_kib, passes, lanes } = self;
        write!(formatter, "m={memory_kib},t={passes},p={lanes}")
    }
}

impl FromStr for Argon2Settings {
    type Err = InvalidArgon2Settings;

    fn from_str(text: &str) -> Result<Self, InvalidArgon2Settings> {
        let mut parts = text.split(',');
        let mut cost = |name| -> Option<u32> { parts.next()?.strip_prefix(name)?.parse().ok() };
        match (cost("m="), cost("t="), cost("p="), parts.next()) {
            (Some(memory_kib), Some(passes), Some(lanes), None) => Self::new(memory_kib, passes, lanes),
            _ => Err(InvalidArgon2Settings::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_what_the_documentation_says() {
        assert_eq!(Argon2Settings::default().to_string(), "m=19456,t=2,p=1");
        assert_eq!("m=19456,t=2,p=1".parse(), Ok(Argon2Settings::default()));
    }

    #[test]
    fn anything_but_the_three_costs_in_order_is_malformed() {
        for text in
            ["", "m=19456", "t=2,m=19456,p=1", "m=19456,t=2,p=1,x=1", "m=19456,t=2,p=", "m=1e4,t=2,p=1"]
        {
            assert_eq!(text.parse::<Argon2Settings>(), Err(InvalidArgon2Settings::Malformed), "{text:?}");
        }
    }

    #[test]
    fn costs_beyond_the_bounds_are_refused_by_name() {
        use InvalidArgon2Settings::{Lanes, Memory, Passes, Work};
        for (text, refusal) in [
            ("m=7,t=1,p=1", Memory),
            ("m=31,t=1,p=4", Memory),
            ("m=1048577,t=1,p=1", Memory),
            ("m=19456,t=0,p=1", Passes),
            ("m=8,t=1025,p=1", Passes),
            ("m=19456,t=2,p=0", Lanes),
            ("m=19456,t=2,p=17", Lanes),
            ("m=1048576,t=5,p=1", Work),
        ] {
            assert_eq!(text.parse::<Argon2Settings>(), Err(refusal), "{text:?}");
        }
    }

    #[test]
    fn the_bounds_themselves_are_allowed() {
        for text in ["m=8,t=1,p=1", "m=128,t=1,p=16", "m=1048576,t=4,p=1", "m=8,t=1024,p=1"] {
            assert_eq!(text.parse::<Argon2Settings>().expect(text).to_string(), text);
        }
    }
}
