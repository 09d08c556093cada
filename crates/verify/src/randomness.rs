//! What nobody else can guess or has: addresses, passwords, ids.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// So many random octets, in hexadecimal.
pub(crate) fn hex(octets: usize) -> String {
    let mut random = vec![0; octets];
    getrandom::fill(&mut random).expect("the system has random octets");
    random.iter().fold(String::new(), |mut hex, octet| {
        write!(hex, "{octet:02x}").expect("a string takes all");
        hex
    })
}

/// A secret of a link that nobody was mailed.
pub(crate) fn secret() -> String {
    let mut random = [0; 32];
    getrandom::fill(&mut random).expect("the system has random octets");
    URL_SAFE_NO_PAD.encode(random)
}

/// An id that nothing has.
pub(crate) fn unused_id() -> String {
    let hex = hex(16);
    format!("{}-{}-7{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_unused_id_has_the_form_of_an_id() {
        let id = super::unused_id();
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
        assert_ne!(id, super::unused_id());
    }
}
