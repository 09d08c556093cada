/// Gives random octets. Every secret and every id is made from it.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Entropy: Send + Sync {
    /// Fills `octets`. An implementation for production MUST draw from the operating system's
    /// generator, and MUST panic rather than return octets that are not random.
    fn fill(&self, octets: &mut [u8]);
}
