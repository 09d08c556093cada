use std::fmt;

use argon2::password_hash::phc::{self, Ident, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Version};
use portcullis_domain::ports::{Entropy, HashRefusal};

use super::Argon2Settings;
use super::fields::Scheme;
use super::foreign;

const SCHEME: Scheme = Scheme("Argon2");

/// The memory in which one thread hashes, taken with its first hash and kept from hash to hash: fresh
/// pages cost a third more time.
pub(super) struct Arena {
    size: usize,
    blocks: Vec<Block>,
}

impl Arena {
    /// An arena that will hold hashes of these settings.
    pub(super) fn new(settings: Argon2Settings) -> Self {
        Self { size: settings.params().block_count(), blocks: Vec::new() }
    }

    /// Memory of `count` blocks; none when that is more than this arena is for.
    fn blocks(&mut self, count: usize) -> Option<&mut [Block]> {
        if count > self.size {
            return None;
        }
        self.blocks.resize(self.size, Block::default());
        Some(&mut self.blocks)
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
            algorithm: Algorithm::new(hash.algorithm).map_err(|_| SCHEME.malformed("name"))?,
            // The format's first edition had no field for the version, which was 16.
            version: hash
                .version
                .map_or(Ok(Version::V0x10), Version::try_from)
                .map_err(|_| SCHEME.malformed("version"))?,
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
            algorithm: Ident::from(self.algorithm),
            version: Some(self.version.into()),
            params: ParamsString::try_from(self.settings.params()).map_err(|_| fmt::Error)?,
            salt: Some(self.salt),
            hash: Some(self.output),
        };
        hash.fmt(formatter)
    }
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
    let params = settings.params();
    let blocks = arena.blocks(params.block_count());
    let argon2 = Argon2::new(algorithm, version, params);
    Output::init_with(octets, |output| {
        let done = match blocks {
            Some(blocks) => argon2.hash_password_into_with_memory(password, &salt, output, blocks),
            // A hash that costs more memory than today's is rare: its memory is given back at once.
            None => argon2.hash_password_into(password, &salt, output),
        };
        done.expect("the inputs are within Argon2's limits, and there is memory");
        Ok(())
    })
    .expect("the length is that of an output")
}
