use std::fmt;

use argon2_rust::{Algorithm, Argon2, Hasher, Version};
use phc::{Ident, Output, Salt};
use portcullis_domain::ports::{Entropy, HashRefusal};

use super::Argon2Settings;
use super::fields::Scheme;
use super::foreign;

const SCHEME: Scheme = Scheme("Argon2");

/// The memory in which one thread hashes, taken with its first hash and kept from hash to hash, wiped in between:
/// fresh pages cost a third more time.
pub(super) struct Arena {
    size_kib: u32,
    hasher: Hasher,
}

impl Arena {
    /// An arena that will hold hashes of these settings.
    pub(super) fn new(settings: Argon2Settings) -> Self {
        let argon2 = Argon2::new(
            Argon2Hash::ALGORITHM,
            Argon2Hash::VERSION,
            settings.params(Argon2Hash::OUTPUT_OCTETS),
        );
        Self { size_kib: settings.memory_kib(), hasher: argon2.hasher() }
    }
}

/// A hash by a member of the Argon2 family (RFC 9106), within the bounds of [`Argon2Settings`].
pub(super) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    settings: Argon2Settings,
    salt: Salt,
    output: Output,
}

impl Argon2Hash {
    const ALGORITHM: Algorithm = Algorithm::Argon2id;
    const VERSION: Version = Version::V0x13;
    const OUTPUT_OCTETS: usize = 32;

    /// A salt of the recommended 128 bits.
    pub(super) fn draw_salt(entropy: &dyn Entropy) -> Salt {
        let mut salt = [0; Salt::RECOMMENDED_LENGTH];
        entropy.fill(&mut salt);
        Salt::new(&salt).expect("the length is allowed")
    }

    /// Hashes `password` as new hashes are made.
    pub(super) fn compute(password: &[u8], salt: Salt, settings: Argon2Settings, arena: &mut Arena) -> Self {
        let output =
            derive(Self::ALGORITHM, Self::VERSION, settings, password, salt, Self::OUTPUT_OCTETS, arena);
        Self { algorithm: Self::ALGORITHM, version: Self::VERSION, settings, salt, output }
    }

    /// A hash that looks and costs like a new one, and that no password is known to have.
    pub(super) fn decoy(settings: Argon2Settings, entropy: &dyn Entropy) -> Self {
        let mut output = [0; Self::OUTPUT_OCTETS];
        entropy.fill(&mut output);
        Self {
            algorithm: Self::ALGORITHM,
            version: Self::VERSION,
            settings,
            salt: Self::draw_salt(entropy),
            output: Output::new(&output).expect("the length is allowed"),
        }
    }

    /// Reads a PHC string, also as Django begins it; `None` when it is another scheme's.
    ///
    /// A hash that depends on a key, or on data beside the password, is malformed.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, HashRefusal> {
        let text = text.strip_prefix("argon2").unwrap_or(text);
        if !text.starts_with("$argon2") {
            return Ok(None);
        }
        let hash = phc::PasswordHash::new(text).map_err(|_| SCHEME.malformed("PHC string"))?;
        Ok(Some(Self {
            algorithm: algorithm(hash.algorithm.as_str()).ok_or_else(|| SCHEME.malformed("name"))?,
            // The format's first edition had no field for the version, which was 16.
            version: hash
                .version
                .map_or(Some(Version::V0x10), Version::from_u32)
                .ok_or_else(|| SCHEME.malformed("version"))?,
            settings: settings(hash.params.as_str())?,
            salt: hash.salt.ok_or_else(|| SCHEME.malformed("salt"))?,
            output: hash.hash.ok_or_else(|| SCHEME.malformed("digest"))?,
        }))
    }

    /// Refuses a hash that takes more memory than one that is brought in may, unless those that are
    /// made here with `settings` take as much.
    pub(super) fn refuse_unaffordable_memory(&self, settings: Argon2Settings) -> Result<(), HashRefusal> {
        let maximum = foreign::MAX_MEMORY_KIB.max(settings.memory_kib());
        if self.settings.memory_kib() > maximum { Err(SCHEME.too_costly("m", maximum)) } else { Ok(()) }
    }

    /// Whether this is the hash of `password`.
    pub(super) fn matches(&self, password: &[u8], arena: &mut Arena) -> bool {
        let Self { algorithm, version, settings, salt, output } = self;
        // Outputs compare in constant time.
        derive(*algorithm, *version, *settings, password, *salt, output.len(), arena) == *output
    }

    /// Whether a new hash would be made in another way than this one was.
    pub(super) fn is_outdated(&self, settings: Argon2Settings) -> bool {
        self.algorithm != Self::ALGORITHM
            || self.version != Self::VERSION
            || self.settings != settings
            || self.salt.len() < Salt::RECOMMENDED_LENGTH
            || self.output.len() < Self::OUTPUT_OCTETS
    }
}

/// The PHC string, as stores keep it.
impl fmt::Display for Argon2Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = phc::PasswordHash {
            algorithm: Ident::new(self.algorithm.as_str()).map_err(|_| fmt::Error)?,
            version: Some(self.version.as_u32()),
            params: self.settings.to_string().parse().map_err(|_| fmt::Error)?,
            salt: Some(self.salt),
            hash: Some(self.output),
        };
        hash.fmt(formatter)
    }
}

/// Whether this processor, with the instructions that were chosen for it, computes the example of RFC 9106, 5.3.
pub(super) fn known_answer_is_right() -> bool {
    const TAG: [u8; 32] = [
        0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b, 0x53, 0xc9, 0xd0,
        0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9, 0x6b, 0x01, 0xe6, 0x59,
    ];
    let settings = Argon2Settings::new(32, 3, 4).expect("costs within bounds");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, settings.params(TAG.len()));
    argon2.hash_with_ad(&[1; 32], &[2; 16], &[3; 8], &[4; 12]).is_ok_and(|tag| tag == TAG)
}

fn algorithm(name: &str) -> Option<Algorithm> {
    [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id]
        .into_iter()
        .find(|known| known.as_str() == name)
}

fn settings(costs: &str) -> Result<Argon2Settings, HashRefusal> {
    let [memory, passes, lanes] = SCHEME.fields(costs, ',')?;
    let (Some(memory), Some(passes), Some(lanes)) =
        (memory.strip_prefix("m="), passes.strip_prefix("t="), lanes.strip_prefix("p="))
    else {
        return Err(SCHEME.malformed("costs"));
    };
    let lanes = SCHEME.cost("p", lanes, 1..=Argon2Settings::MAX_LANES)?;
    let memory_kib = SCHEME.cost("m", memory, 8 * lanes..=Argon2Settings::MAX_MEMORY_KIB)?;
    let passes = SCHEME.cost("t", passes, 1..=Argon2Settings::MAX_PASSES)?;
    // Each is within its own bounds by now.
    Argon2Settings::new(memory_kib, passes, lanes)
        .map_err(|_| SCHEME.too_costly("m times t", Argon2Settings::MAX_WORK_KIB))
}

fn derive(
    algorithm: Algorithm,
    version: Version,
    settings: Argon2Settings,
    password: &[u8],
    salt: Salt,
    octets: usize,
    arena: &mut Arena,
) -> Output {
    let argon2 = Argon2::new(algorithm, version, settings.params(octets));
    Output::init_with(octets, |output| {
        let done = if settings.memory_kib() > arena.size_kib {
            // A hash that costs more memory than today's is rare: its memory is given back at once.
            argon2.hash_into(password, &salt, output)
        } else {
            arena.hasher.set_argon2(argon2);
            arena.hasher.hash_into(password, &salt, output)
        };
        done.expect("the inputs are within Argon2's limits, and there is memory");
        Ok(())
    })
    .expect("the length is that of an output")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_computed() {
        assert!(known_answer_is_right());
    }

    fn algorithms() -> impl Strategy<Value = (Algorithm, argon2::Algorithm)> {
        prop::sample::select(vec![
            (Algorithm::Argon2d, argon2::Algorithm::Argon2d),
            (Algorithm::Argon2i, argon2::Algorithm::Argon2i),
            (Algorithm::Argon2id, argon2::Algorithm::Argon2id),
        ])
    }

    fn versions() -> impl Strategy<Value = (Version, argon2::Version)> {
        prop::sample::select(vec![
            (Version::V0x10, argon2::Version::V0x10),
            (Version::V0x13, argon2::Version::V0x13),
        ])
    }

    /// Memory, passes and lanes.
    fn costs() -> impl Strategy<Value = (u32, u32, u32)> {
        (1..=4_u32).prop_flat_map(|lanes| (8 * lanes..=600, 1..=4_u32, Just(lanes)))
    }

    thread_local! {
        /// Smaller than what some of the hashes take.
        static ARENA: RefCell<Arena> = RefCell::new(Arena::new(Argon2Settings::new(400, 1, 1).unwrap()));
    }

    proptest! {
        /// The other implementation shares no code with the one that is used.
        #[test]
        fn another_implementation_computes_the_same(
            (algorithm, same_algorithm) in algorithms(),
            (version, same_version) in versions(),
            (memory_kib, passes, lanes) in costs(),
            password in prop::collection::vec(any::<u8>(), 0..300),
            salt in prop::collection::vec(any::<u8>(), 8..=Salt::MAX_LENGTH),
            octets in Output::MIN_LENGTH..=Output::MAX_LENGTH,
        ) {
            let settings = Argon2Settings::new(memory_kib, passes, lanes).unwrap();
            let salt = Salt::new(&salt).unwrap();
            let ours = ARENA.with_borrow_mut(|arena| {
                derive(algorithm, version, settings, &password, salt, octets, arena)
            });
            let params = argon2::Params::new(memory_kib, passes, lanes, None).unwrap();
            let mut theirs = vec![0; octets];
            argon2::Argon2::new(same_algorithm, same_version, params)
                .hash_password_into(&password, &salt, &mut theirs)
                .unwrap();
            prop_assert_eq!(ours.as_bytes(), theirs);
        }
    }
}
