use std::sync::LazyLock;

use portcullis_domain::{Cursors, Generation, RefreshToken, RefreshTokens};
use portcullis_testkit::fixtures;
use uuid::Uuid;

use crate::edits::edited;

const ID: Uuid = Uuid::from_u128(0x0195_2a4e_5b00_7cc1_8000_5d2e_3b7f_7a10);

/// A text is a refresh token if and only if it is, to the letter, one that was written here.
pub fn refresh_tokens(octets: &[u8]) {
    static TOKENS: LazyLock<RefreshTokens> = LazyLock::new(|| RefreshTokens::new(&fixtures::secret_key()));
    let token = RefreshToken { session: ID.into(), generation: Generation::new(7) };
    let genuine = TOKENS.write(token);
    for text in [String::from_utf8_lossy(octets).into_owned(), edited(&genuine, octets)] {
        match TOKENS.read(&text) {
            Some(read) => assert_eq!(*TOKENS.write(read), text),
            None => assert_ne!(text, *genuine),
        }
    }
    assert_eq!(TOKENS.read(&genuine), Some(token));
}

/// A text is a cursor if and only if it is, to the letter, one that was written here for this list and filters.
pub fn cursors(octets: &[u8]) {
    static CURSORS: LazyLock<Cursors> = LazyLock::new(|| Cursors::new(&fixtures::secret_key()));
    let filter = String::from_utf8_lossy(octets);
    for filters in [[None, None], [Some("a"), None], [None, Some(filter.as_ref())]] {
        let genuine = CURSORS.write("users", &filters, ID);
        for text in [filter.clone().into_owned(), edited(&genuine, octets)] {
            let read = CURSORS.read("users", &filters, &text);
            match read {
                Some(item) => assert_eq!(CURSORS.write("users", &filters, item), text),
                None => assert_ne!(text, genuine),
            }
        }
        assert_eq!(CURSORS.read("users", &filters, &genuine), Some(ID));
        assert_eq!(CURSORS.read("events", &filters, &genuine), None);
        let [one, other] = filters;
        for others in [[other, one], [Some(""), one]] {
            assert!(others == filters || CURSORS.read("users", &others, &genuine).is_none(), "{others:?}");
        }
    }
}
