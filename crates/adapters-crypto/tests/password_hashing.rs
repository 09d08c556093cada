//! Hashing passwords through the port.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use argon2::password_hash::phc;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use portcullis_adapters_crypto::{Argon2Hasher, Argon2Settings, HashingCapacity, OsEntropy};
use portcullis_domain::ports::{
    Entropy, HasherOverloaded, HashingError, PasswordHasher as _, PasswordVerdict,
};
use portcullis_domain::{AcceptedPassword, EmailAddress, Identity, Password, PasswordHash, PasswordPolicy};

const PASSWORD: &str = "correct horse battery staple";

fn password(text: &str) -> Password {
    Password::parse(text).expect("a password")
}

fn accepted(text: &str) -> AcceptedPassword {
    let email = EmailAddress::parse("ada@example.org").expect("an address");
    let identity = Identity { email: &email, username: None, names: [None; 3] };
    PasswordPolicy::default().accept(password(text), &identity).expect("a good password")
}

fn settings(text: &str) -> Argon2Settings {
    text.parse().expect("settings")
}

fn hasher_with(settings: Argon2Settings, queue: usize, entropy: Arc<dyn Entropy>) -> Argon2Hasher {
    let threads = NonZeroUsize::new(1).expect("one");
    Argon2Hasher::start(settings, HashingCapacity { threads, queue }, entropy).expect("threads")
}

fn hasher() -> Argon2Hasher {
    hasher_with(settings("m=64,t=2,p=1"), 8, Arc::new(OsEntropy))
}

#[tokio::test]
async fn a_password_matches_its_hash_and_another_does_not() {
    let hasher = hasher();
    let hash = hasher.hash(accepted(PASSWORD)).await.expect("a hash");
    let right = hasher.verify(password(PASSWORD), Some(hash.clone())).await;
    assert_eq!(right, Ok(PasswordVerdict::Match { outdated: false }));
    let wrong = hasher.verify(password("correct horse battery stapler"), Some(hash)).await;
    assert_eq!(wrong, Ok(PasswordVerdict::Mismatch));
}

#[tokio::test]
async fn two_hashes_of_one_password_differ() {
    let hasher = hasher();
    let first = hasher.hash(accepted(PASSWORD)).await.expect("a hash");
    let second = hasher.hash(accepted(PASSWORD)).await.expect("a hash");
    assert_ne!(first, second);
}

#[tokio::test]
async fn salts_come_from_the_entropy() {
    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, octets: &mut [u8]) {
            octets.fill(7);
        }
    }
    let hasher = hasher_with(settings("m=64,t=2,p=1"), 8, Arc::new(Sevens));
    let hash = hasher.hash(accepted(PASSWORD)).await.expect("a hash");
    assert!(
        hash.as_str().starts_with("$argon2id$v=19$m=64,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"),
        "{}",
        hash.as_str()
    );
}

#[tokio::test]
async fn the_argon2_crate_verifies_what_was_hashed_with_the_default_settings() {
    let hasher = hasher_with(Argon2Settings::default(), 8, Arc::new(OsEntropy));
    let hash = hasher.hash(accepted(PASSWORD)).await.expect("a hash");
    let phc = phc::PasswordHash::new(hash.as_str()).expect("a PHC string");
    assert_eq!(phc.params.as_str(), "m=19456,t=2,p=1");
    assert_eq!(Argon2::default().verify_password(PASSWORD.as_bytes(), &phc), Ok(()));
    assert!(Argon2::default().verify_password(b"another", &phc).is_err());
}

/// From the tests of the reference implementation.
const REFERENCE_HASHES_OF_PASSWORD: [&str; 6] = [
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
    "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
    "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
];

#[tokio::test]
async fn hashes_of_the_reference_implementation_match_and_are_outdated() {
    let hasher = hasher();
    for hash in REFERENCE_HASHES_OF_PASSWORD {
        let right = hasher.verify(password("password"), Some(PasswordHash::new(hash))).await;
        assert_eq!(right, Ok(PasswordVerdict::Match { outdated: true }), "{hash}");
        let wrong = hasher.verify(password("passwore"), Some(PasswordHash::new(hash))).await;
        assert_eq!(wrong, Ok(PasswordVerdict::Mismatch), "{hash}");
    }
}

#[tokio::test]
async fn an_argon2d_hash_matches_and_is_outdated() {
    let params = argon2::Params::new(64, 2, 1, None).expect("parameters");
    let argon2d = Argon2::new(argon2::Algorithm::Argon2d, argon2::Version::V0x13, params);
    let hash = argon2d.hash_password_with_salt(b"password", b"sixteen octets..").expect("a hash").to_string();
    let verified = hasher().verify(password("password"), Some(PasswordHash::new(hash))).await;
    assert_eq!(verified, Ok(PasswordVerdict::Match { outdated: true }));
}

#[tokio::test]
async fn a_hash_of_todays_costs_is_outdated_by_its_algorithm_or_a_short_salt() {
    let hasher = hasher_with(settings("m=256,t=2,p=1"), 8, Arc::new(OsEntropy));
    let [argon2id_with_short_salt, _, _, argon2i, ..] = REFERENCE_HASHES_OF_PASSWORD;
    for hash in [argon2id_with_short_salt, argon2i] {
        let verified = hasher.verify(password("password"), Some(PasswordHash::new(hash))).await;
        assert_eq!(verified, Ok(PasswordVerdict::Match { outdated: true }), "{hash}");
    }
}

#[tokio::test]
async fn changed_settings_make_older_hashes_outdated() {
    let hash = hasher().hash(accepted(PASSWORD)).await.expect("a hash");
    for changed in ["m=65,t=2,p=1", "m=64,t=3,p=1", "m=64,t=2,p=2"] {
        let hasher = hasher_with(settings(changed), 8, Arc::new(OsEntropy));
        let verified = hasher.verify(password(PASSWORD), Some(hash.clone())).await;
        assert_eq!(verified, Ok(PasswordVerdict::Match { outdated: true }), "{changed}");
    }
}

#[tokio::test]
async fn hashes_that_cannot_or_must_not_be_computed_are_unknown_at_once() {
    let hasher = hasher();
    for hash in [
        "",
        "password",
        "$1$deadbeef$Q7g0UO4hRC0mgQUQ/qkjZ0",
        "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ",
        "$argon2id$v=19$m=64,t=2$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=18$m=64,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=64,t=2,p=1,keyid=AAAA$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=1048576,t=1,p=16777215$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ] {
        let outcome = hasher.verify(password(PASSWORD), Some(PasswordHash::new(hash))).await;
        assert_eq!(outcome, Err(HashingError::UnknownHash), "{hash:?}");
    }
}

#[tokio::test]
async fn without_a_hash_the_answer_is_no_after_the_same_work() {
    let hasher = hasher_with(settings("m=8192,t=3,p=1"), 8, Arc::new(OsEntropy));
    let hash = hasher.hash(accepted(PASSWORD)).await.expect("a hash");
    // What is not in NFKC is tried as it was typed, too.
    for wrong_password in ["wrong password", "wrong \u{ff50}\u{ff41}\u{ff53}\u{ff53}word"] {
        let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
        // A busy machine takes more of them until it has let each of the two run once without a break.
        for tries in 1.. {
            let started = Instant::now();
            let wrong = hasher.verify(password(wrong_password), Some(hash.clone())).await;
            known = known.min(started.elapsed());
            let started = Instant::now();
            let nobody = hasher.verify(password(wrong_password), None).await;
            unknown = unknown.min(started.elapsed());
            assert_eq!((wrong, nobody), (Ok(PasswordVerdict::Mismatch), Ok(PasswordVerdict::Mismatch)));
            if tries >= 7 && unknown < known * 2 && known < unknown * 2 {
                break;
            }
            assert!(tries < 100, "known {known:?}, unknown {unknown:?}");
        }
    }
}

#[tokio::test]
async fn what_does_not_fit_into_the_queue_is_refused_and_told_when_to_return() {
    let hasher = hasher_with(settings("m=65536,t=4,p=1"), 1, Arc::new(OsEntropy));
    let (first, second, third, fourth) = tokio::join!(
        hasher.hash(accepted(PASSWORD)),
        hasher.verify(password(PASSWORD), None),
        hasher.hash(accepted(PASSWORD)),
        hasher.verify(password(PASSWORD), None),
    );
    assert!(first.is_ok());
    assert_eq!(second, Ok(PasswordVerdict::Mismatch));
    for refused in [third.map_err(HashingError::from).err(), fourth.err()] {
        let Some(HashingError::Overloaded(HasherOverloaded { retry_after })) = refused else {
            panic!("there is no room: {refused:?}");
        };
        assert!(retry_after >= Duration::from_secs(1));
    }
}
