//! Hashes that other systems made: imported, checked, refused.
//!
//! `fixtures/foreign_hashes.json` holds what those systems really made, and verified themselves.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};

use portcullis_adapters_crypto::{Argon2Hasher, Argon2Settings, HashingCapacity, OsEntropy};
use portcullis_domain::ports::{HashRefusal, HashingError, PasswordHasher as _, PasswordVerdict};
use portcullis_domain::{Password, PasswordHash};
use proptest::prelude::*;
use serde::Deserialize;

const OUTDATED: Result<PasswordVerdict, HashingError> = Ok(PasswordVerdict::Match { outdated: true });
const CURRENT: Result<PasswordVerdict, HashingError> = Ok(PasswordVerdict::Match { outdated: false });
const MISMATCH: Result<PasswordVerdict, HashingError> = Ok(PasswordVerdict::Mismatch);

#[derive(Deserialize)]
struct Fixtures {
    hashes: Vec<ForeignHash>,
}

#[derive(Deserialize)]
struct ForeignHash {
    system: String,
    password: String,
    wrong_password: String,
    longer_password_matches: bool,
    hash: String,
}

static FOREIGN_HASHES: LazyLock<Vec<ForeignHash>> = LazyLock::new(|| {
    let fixtures: Fixtures =
        serde_json::from_str(include_str!("fixtures/foreign_hashes.json")).expect("fixtures");
    fixtures.hashes
});

/// One hash by each system, at costs that are next to nothing.
fn cheap_hashes() -> impl Iterator<Item = &'static ForeignHash> {
    FOREIGN_HASHES.iter().filter(|foreign| foreign.password.is_empty())
}

fn hasher(settings: &str) -> Argon2Hasher {
    let settings: Argon2Settings = settings.parse().expect("settings");
    let threads = NonZeroUsize::new(2).expect("some");
    Argon2Hasher::start(settings, HashingCapacity { threads, queue: 8 }, Arc::new(OsEntropy))
        .expect("threads")
}

fn import(text: &str) -> Result<(), HashRefusal> {
    static HASHER: LazyLock<Argon2Hasher> = LazyLock::new(|| hasher("m=64,t=2,p=1"));
    HASHER.import(text).map(|hash| assert_eq!(hash.as_str(), text))
}

async fn verify(hasher: &Argon2Hasher, password: &str, hash: &str) -> Result<PasswordVerdict, HashingError> {
    hasher.verify(Password::parse(password).expect("a password"), Some(PasswordHash::new(hash))).await
}

#[tokio::test]
async fn the_password_of_every_imported_hash_matches_and_is_to_be_hashed_anew() {
    let hasher = hasher("m=64,t=2,p=1");
    assert!(FOREIGN_HASHES.len() > 200);
    for ForeignHash { system, password, wrong_password, hash, .. } in FOREIGN_HASHES.iter() {
        let imported = hasher.import(hash).expect(hash);
        assert_eq!(verify(&hasher, password, imported.as_str()).await, OUTDATED, "{system}: {password:?}");
        let wrong = verify(&hasher, wrong_password, imported.as_str()).await;
        assert_eq!(wrong, MISMATCH, "{system}: {wrong_password:?}");
    }
}

#[tokio::test]
async fn bcrypt_alone_ignores_what_follows_after_72_octets_as_it_does_elsewhere() {
    let hasher = hasher("m=64,t=2,p=1");
    let mut longer_ones_that_match = 0;
    for ForeignHash { system, password, hash, longer_password_matches, .. } in FOREIGN_HASHES.iter() {
        let expected = if *longer_password_matches { OUTDATED } else { MISMATCH };
        let found = verify(&hasher, &format!("{password}!"), hash).await;
        assert_eq!(found, expected, "{system}: {password:?}");
        longer_ones_that_match += u32::from(*longer_password_matches);
    }
    // Five forms of bcrypt, for passwords of 72 and of 80 octets.
    assert_eq!(longer_ones_that_match, 10);
}

#[tokio::test]
async fn a_hash_of_a_composed_password_matches_its_decomposed_spelling_too() {
    let hasher = hasher("m=64,t=2,p=1");
    let composed = FOREIGN_HASHES.iter().filter(|foreign| foreign.password.starts_with("Gr\u{fc}\u{df}e"));
    for ForeignHash { system, password, hash, .. } in composed {
        let decomposed = password.replace('\u{fc}', "u\u{308}");
        assert_eq!(verify(&hasher, &decomposed, hash).await, OUTDATED, "{system}");
    }
}

#[tokio::test]
async fn a_hash_of_what_was_typed_is_outdated_even_at_todays_settings() {
    let hasher = hasher("m=64,t=1,p=2");
    let todays = FOREIGN_HASHES.iter().filter(|foreign| foreign.system == "argon2-cffi argon2id");
    let mut as_typed = 0;
    for ForeignHash { password, hash, .. } in todays {
        let was_normalized = Password::parse(password).expect("a password").expose_as_typed().is_none();
        let expected = if was_normalized { CURRENT } else { OUTDATED };
        assert_eq!(verify(&hasher, password, hash).await, expected, "{password:?}");
        as_typed += u32::from(!was_normalized);
    }
    assert_eq!(as_typed, 2);
}

const BCRYPT: &str = "bcrypt";
const PBKDF2: &str = "PBKDF2";
const SCRYPT: &str = "scrypt";
const ARGON2: &str = "Argon2";

/// Salt and digest as bcrypt writes them.
const BCRYPT_TAIL: &str = "1zhF..HwrsJJSiFcNkb.FO1iatjMcLfNTTv0gMBUsZUtOh7bjw6xy";
/// As PHC strings and passlib write 16 and 32 octets.
const PHC_TAIL: &str = "EDzU4S8mHkYLmGMwQsVSgw$7GB1hUUXDr2tfME2b8AevMJ/CawC2vpj9bKiWv3S5dM";
/// As Django writes 64 octets.
const BASE64_64: &str =
    "VvgEsp8Z9UV5hk4NVnI5BXqFlLw3CZvQdJRHx8Bxo0iD6yTMqzkzdh8FZq0krH0e0hRVKLNX6HGOuovSJflC3g==";

#[tokio::test]
async fn s45_a_hostile_cost_is_refused_at_import_and_never_computed() {
    let hex_64 = "7f".repeat(64);
    let hasher = hasher("m=64,t=2,p=1");
    for (text, scheme, parameter, maximum) in [
        (format!("$2b$17${BCRYPT_TAIL}"), BCRYPT, "cost", 16),
        (format!("$2y$31${BCRYPT_TAIL}"), BCRYPT, "cost", 16),
        (format!("bcrypt$$2b$31${BCRYPT_TAIL}"), BCRYPT, "cost", 16),
        (format!("bcrypt_sha256$$2b$31${BCRYPT_TAIL}"), BCRYPT, "cost", 16),
        (format!("$bcrypt-sha256$v=2,t=2b,r=31${}", tail_of_passlib_bcrypt()), BCRYPT, "cost", 16),
        (format!("$bcrypt-sha256$2b,31${}", tail_of_passlib_bcrypt()), BCRYPT, "cost", 16),
        (format!("$scrypt$ln=22,r=1,p=1${PHC_TAIL}"), SCRYPT, "ln", 21),
        (format!("$scrypt$ln=99999999999999999999,r=8,p=1${PHC_TAIL}"), SCRYPT, "ln", 21),
        (format!("$scrypt$ln=19,r=8,p=1${PHC_TAIL}"), SCRYPT, "N times r", 1 << 21),
        (format!("$scrypt$ln=18,r=8,p=5${PHC_TAIL}"), SCRYPT, "N times r times p", 1 << 23),
        (format!("scrypt$16384$salt$4294967296$1${BASE64_64}"), SCRYPT, "r", 128),
        (format!("scrypt$4294967296$salt$8$1${BASE64_64}"), SCRYPT, "N", 1 << 21),
        (format!("scrypt:2:1:4294967295$salt${hex_64}"), SCRYPT, "p", 16),
        (format!("scrypt:2:129:1$salt${hex_64}"), SCRYPT, "r", 128),
        (format!("$pbkdf2-sha256$10000001${PHC_TAIL}"), PBKDF2, "iterations", 10_000_000),
        (format!("pbkdf2:sha512:4294967296$salt${hex_64}"), PBKDF2, "iterations", 10_000_000),
        (format!("$argon2id$v=19$m=4294967295,t=1,p=1${PHC_TAIL}"), ARGON2, "m", 1 << 20),
        (format!("$argon2id$v=19$m=64,t=4294967296,p=1${PHC_TAIL}"), ARGON2, "t", 1 << 10),
        (format!("argon2$argon2id$v=19$m=64,t=1,p=17${PHC_TAIL}"), ARGON2, "p", 16),
        (format!("$argon2d$v=19$m=131072,t=64,p=1${PHC_TAIL}"), ARGON2, "m times t", 4 << 20),
    ] {
        assert_eq!(import(&text), Err(HashRefusal::TooCostly { scheme, parameter, maximum }), "{text}");
        // Some of these would take years.
        assert_eq!(verify(&hasher, "password", &text).await, Err(HashingError::UnknownHash), "{text}");
    }
}

/// Salt and digest apart.
fn tail_of_passlib_bcrypt() -> String {
    let (salt, digest) = BCRYPT_TAIL.split_at(22);
    format!("{salt}${digest}")
}

#[test]
fn the_greatest_and_the_least_costs_are_imported() {
    let hex_64 = "7f".repeat(64);
    for text in [
        format!("$2b$16${BCRYPT_TAIL}"),
        format!("$2b$04${BCRYPT_TAIL}"),
        format!("$bcrypt-sha256$v=2,t=2b,r=16${}", tail_of_passlib_bcrypt()),
        format!("$scrypt$ln=18,r=8,p=4${PHC_TAIL}"),
        format!("$scrypt$ln=1,r=1,p=1${PHC_TAIL}"),
        format!("scrypt$16384$salt$128$4${BASE64_64}"),
        format!("scrypt:32768:8:16$salt${hex_64}"),
        format!("$pbkdf2-sha256$10000000${PHC_TAIL}"),
        format!("$pbkdf2-sha256$1${PHC_TAIL}"),
        format!("$argon2id$v=19$m=262144,t=16,p=16${PHC_TAIL}"),
        format!("$argon2i$m=8,t=1,p=1${PHC_TAIL}"),
    ] {
        assert_eq!(import(&text), Ok(()), "{text}");
    }
}

#[test]
fn s45_an_imported_argon2_hash_takes_no_more_memory_than_any_thread_can_afford() {
    let half_a_gib = format!("$argon2id$v=19$m=524288,t=1,p=1${PHC_TAIL}");
    let refusal = HashRefusal::TooCostly { scheme: ARGON2, parameter: "m", maximum: 256 << 10 };
    assert_eq!(import(&half_a_gib), Err(refusal));
    assert!(hasher("m=524288,t=1,p=1").import(&half_a_gib).is_ok(), "those made here take as much");
}

#[test]
fn what_is_wrong_with_a_hash_is_said() {
    let hex_64 = "7f".repeat(64);
    let passlib_bcrypt = tail_of_passlib_bcrypt();
    for (text, scheme, part) in [
        (format!("$2x$12${BCRYPT_TAIL}"), BCRYPT, "revision"),
        (format!("$2$12${BCRYPT_TAIL}"), BCRYPT, "revision"),
        (format!("bcrypt$2b$12${BCRYPT_TAIL}"), BCRYPT, "number of fields"),
        (format!("$2b${BCRYPT_TAIL}"), BCRYPT, "number of fields"),
        (format!("$2b$4${BCRYPT_TAIL}"), BCRYPT, "cost"),
        (format!("$2b$03${BCRYPT_TAIL}"), BCRYPT, "cost"),
        (format!("$2b$00${BCRYPT_TAIL}"), BCRYPT, "cost"),
        (format!("$2b$+5${BCRYPT_TAIL}"), BCRYPT, "cost"),
        (format!("$2b$012${BCRYPT_TAIL}"), BCRYPT, "cost"),
        ("$2b$12$".to_owned(), BCRYPT, "salt"),
        (format!("$2b$12${}", &BCRYPT_TAIL[..21]), BCRYPT, "salt"),
        (format!("$2b$12$!{}", &BCRYPT_TAIL[1..]), BCRYPT, "salt"),
        (format!("$2b$12${}", &BCRYPT_TAIL[..22]), BCRYPT, "digest"),
        (format!("$2b$12${}", &BCRYPT_TAIL[..52]), BCRYPT, "digest"),
        (format!("$2b$12${BCRYPT_TAIL}a"), BCRYPT, "digest"),
        (format!("$bcrypt-sha256$v=3,t=2b,r=12${passlib_bcrypt}"), BCRYPT, "number of fields"),
        (format!("$bcrypt-sha256$v=2,t=2a,r=12${passlib_bcrypt}"), BCRYPT, "revision"),
        (format!("$bcrypt-sha256$v=2,t=2b,r=012${passlib_bcrypt}"), BCRYPT, "cost"),
        (format!("$bcrypt-sha256$v=2,t=2b,r=12$aaaa{passlib_bcrypt}"), BCRYPT, "salt"),
        (format!("$scrypt$ln=16,r=8${PHC_TAIL}"), SCRYPT, "number of fields"),
        (format!("$scrypt$r=8,ln=16,p=1${PHC_TAIL}"), SCRYPT, "parameters"),
        (format!("$scrypt$ln=0,r=8,p=1${PHC_TAIL}"), SCRYPT, "ln"),
        (format!("$scrypt$ln=16,r=0,p=1${PHC_TAIL}"), SCRYPT, "r"),
        (format!("$scrypt$ln=16,r=8,p=${PHC_TAIL}"), SCRYPT, "p"),
        (format!("$scrypt$ln=16,r=8,p=1${PHC_TAIL}AA"), SCRYPT, "digest"),
        (format!("$scrypt$ln=16,r=8,p=1$ab!${}", &PHC_TAIL[23..]), SCRYPT, "salt"),
        (format!("scrypt$16385$salt$8$1${BASE64_64}"), SCRYPT, "N"),
        (format!("scrypt$1$salt$8$1${BASE64_64}"), SCRYPT, "N"),
        (format!("scrypt$16384$salt$8$1${}", BASE64_64.trim_end_matches('=')), SCRYPT, "digest"),
        (format!("scrypt$16384$$8$1${BASE64_64}"), SCRYPT, "salt"),
        (format!("scrypt:32768:8$salt${hex_64}"), SCRYPT, "number of fields"),
        (format!("scrypt:32768:8:1$salt${}", &hex_64[1..]), SCRYPT, "digest"),
        (format!("scrypt:32768:8:1$salt$+{}", &hex_64[1..]), SCRYPT, "digest"),
        (format!("pbkdf2_sha256$0$salt${BASE64_64}"), PBKDF2, "iterations"),
        (format!("pbkdf2_sha256$-1$salt${BASE64_64}"), PBKDF2, "iterations"),
        (format!("pbkdf2_sha256$1000$salt${BASE64_64}"), PBKDF2, "digest"),
        ("pbkdf2_sha256$1000$salt$".to_owned(), PBKDF2, "digest"),
        ("pbkdf2_sha1$1000".to_owned(), PBKDF2, "number of fields"),
        (format!("pbkdf2:sha256:1000$$${hex_64}"), PBKDF2, "number of fields"),
        (format!("$pbkdf2-sha256$1000$+A${}", &PHC_TAIL[23..]), PBKDF2, "salt"),
        (format!("$pbkdf2-sha256$1000$${}", &PHC_TAIL[23..]), PBKDF2, "salt"),
        ("$argon2id$".to_owned(), ARGON2, "PHC string"),
        (format!("$argon2x$v=19$m=64,t=2,p=1${PHC_TAIL}"), ARGON2, "name"),
        (format!("$argon2id$v=18$m=64,t=2,p=1${PHC_TAIL}"), ARGON2, "version"),
        (format!("$argon2id$v=19$m=64,t=2${PHC_TAIL}"), ARGON2, "number of fields"),
        (format!("$argon2id$v=19$m=64,t=2,p=1,keyid=AAAA${PHC_TAIL}"), ARGON2, "number of fields"),
        (format!("$argon2id$v=19$t=2,m=64,p=1${PHC_TAIL}"), ARGON2, "costs"),
        (format!("$argon2id$v=19$m=15,t=2,p=2${PHC_TAIL}"), ARGON2, "m"),
        (format!("$argon2id$v=19$m=+64,t=2,p=1${PHC_TAIL}"), ARGON2, "m"),
        (format!("$argon2id$v=19$m=64,t=0,p=1${PHC_TAIL}"), ARGON2, "t"),
        (format!("$argon2id$v=19$m=64,t=2,p=0${PHC_TAIL}"), ARGON2, "p"),
        (format!("$argon2id$v=19$m=64,t=2,p=1${}", &PHC_TAIL[..22]), ARGON2, "digest"),
        (format!("$argon2id$v=19$m=64,t=2,p=1$c2FsdA${}", &PHC_TAIL[23..]), ARGON2, "PHC string"),
    ] {
        assert_eq!(import(&text), Err(HashRefusal::Malformed { scheme, part }), "{text}");
    }
}

#[test]
fn what_is_no_hash_of_a_known_scheme_is_refused_as_such() {
    for text in [
        "",
        "password",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$deadbeef$Q7g0UO4hRC0mgQUQ/qkjZ0",
        "$6$rounds=5000$saltsalt$digest",
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "!unusable0123456789",
        "{SSHA}deadbeef",
        "argon2$",
        "pbkdf2_md5$1000$salt$digest",
        "pbkdf2:md5:1000$salt$digest",
        "$7$C6..../....SodiumChloride$digest",
    ] {
        assert_eq!(import(text), Err(HashRefusal::UnknownScheme), "{text:?}");
    }
}

#[test]
fn characters_that_no_hash_has_and_absurd_lengths_are_refused_before_anything_is_read() {
    for ForeignHash { hash, .. } in cheap_hashes() {
        for text in [
            format!(" {hash}"),
            format!("{hash}\n"),
            format!("{hash}\0"),
            format!("{hash}\u{e9}"),
            hash.replacen('$', "$\u{ff04}", 1),
        ] {
            assert_eq!(import(&text), Err(HashRefusal::Characters), "{text:?}");
        }
        let padded = format!("{hash}{}", "A".repeat(1 << 20));
        assert_eq!(import(&padded), Err(HashRefusal::TooLong { maximum: 512 }));
    }
}

#[test]
fn a_refusal_names_the_parameter_and_the_cap_and_repeats_nothing() {
    let refusal = import(&format!("$2b$31${BCRYPT_TAIL}")).expect_err("too costly");
    assert_eq!(refusal.to_string(), "costs too much to check: the cost of a bcrypt hash is at most 16");
    let refusal = import(&format!("$2b$12${}", &BCRYPT_TAIL[..40])).expect_err("too short");
    assert_eq!(refusal.to_string(), "is no bcrypt hash: its digest cannot be right");
}

/// A hash with one change that makes no cost greater.
fn damaged_hash() -> impl Strategy<Value = String> {
    let hashes: Vec<&str> = cheap_hashes().map(|foreign| foreign.hash.as_str()).collect();
    let character = any::<char>().prop_union(proptest::char::range('!', '~'));
    let character = character.prop_filter("digits make costs", |character| !character.is_ascii_digit());
    (prop::sample::select(hashes), any::<prop::sample::Index>(), character, 0..3).prop_map(
        |(hash, index, character, change)| {
            let at = index.index(hash.len());
            let (before, rest) = hash.split_at(at);
            match change {
                0 => format!("{before}{character}{}", &rest[1..]),
                1 => format!("{before}{character}{rest}"),
                _ => format!("{before}{}", &rest[1..]),
            }
        },
    )
}

proptest! {
    #[test]
    fn no_text_is_read_into_a_panic(text in any::<String>()) {
        let _: Result<(), HashRefusal> = import(&text);
    }

    #[test]
    fn what_is_imported_can_be_checked_and_what_is_refused_cannot(text in damaged_hash()) {
        let hasher = hasher("m=64,t=2,p=1");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let verified = runtime.block_on(verify(&hasher, "", &text));
        prop_assert_eq!(import(&text).is_ok(), verified.is_ok(), "{:?}", verified);
    }
}
