use portcullis_domain::ports::Entropy;

/// The operating system's random number generator.
///
/// Panics when it gives none: nothing that needs random octets may go on without them.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, octets: &mut [u8]) {
        getrandom::fill(octets).expect("the operating system gives random octets");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_draw_differs_and_fills_all_of_the_octets() {
        let draws = [(); 64].map(|()| {
            let mut octets = [0; 32];
            OsEntropy.fill(&mut octets);
            octets
        });
        for (index, draw) in draws.iter().enumerate() {
            assert!(!draws[..index].contains(draw));
        }
        for position in 0..32 {
            assert!(draws.iter().any(|draw| draw[position] != 0), "octet {position} was never filled");
        }
    }
}
