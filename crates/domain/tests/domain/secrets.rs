use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use portcullis_domain::{
    AttemptKeys, CodeDigests, Cursors, EmailAddress, Generation, KeyPurpose, OneTimeCode, RefreshToken,
    RefreshTokens, SecretKey, SessionId, Timestamp, TokenSecret, UserId,
};
use portcullis_testkit::ScriptedEntropy;
use proptest::prelude::*;

fn secret_key(octet: u8) -> SecretKey {
    SecretKey::new((0..32).map(|index| index ^ octet).collect()).unwrap()
}

fn a_token(number: u32) -> RefreshToken {
    let session = SessionId::generate(Timestamp::MIN, &ScriptedEntropy::default());
    RefreshToken { session, generation: Generation::new(number) }
}

#[test]
fn a_refresh_token_reads_back_and_is_the_same_each_time() {
    let tokens = RefreshTokens::new(&secret_key(1));
    let text = tokens.write(a_token(7));
    assert_eq!(tokens.read(&text), Some(a_token(7)));
    assert_eq!(tokens.write(a_token(7)), text);
    assert_ne!(tokens.write(a_token(8)), text);
}

#[test]
fn a_refresh_token_of_another_installation_is_refused() {
    let text = RefreshTokens::new(&secret_key(1)).write(a_token(7));
    assert_eq!(RefreshTokens::new(&secret_key(2)).read(&text), None);
}

#[test]
fn a_refresh_token_has_one_spelling() {
    let tokens = RefreshTokens::new(&secret_key(1));
    let text = tokens.write(a_token(7)).to_string();
    // The last character carries two bits that stand for nothing.
    let last = text.chars().last().unwrap();
    let twin = char::from_u32(u32::from(last) + 1).unwrap();
    for other in [
        format!("{text}="),
        format!("{text} "),
        format!(" {text}"),
        format!("{text}A"),
        text[..text.len() - 1].to_owned(),
        format!("{}{twin}", &text[..text.len() - 1]),
        text.replace('-', "+").replace('_', "/") + "+",
        String::new(),
    ] {
        assert_eq!(tokens.read(&other), None, "{other:?}");
    }
}

proptest! {
    #[test]
    fn a_changed_refresh_token_is_refused(position in 0_usize..70, replacement in "[A-Za-z0-9_-]") {
        let tokens = RefreshTokens::new(&secret_key(1));
        let text = tokens.write(a_token(7)).to_string();
        let mut changed = text.clone();
        changed.replace_range(position % text.len()..=position % text.len(), &replacement);
        prop_assert_eq!(tokens.read(&changed).is_some(), changed == text);
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in "\\PC{0,100}") {
        prop_assert!(RefreshTokens::new(&secret_key(1)).read(&text).is_none());
        prop_assert!(Cursors::new(&secret_key(1)).read("users", &[], &text).is_none());
        let _ = TokenSecret::parse(&text);
        let _ = OneTimeCode::parse(&text);
    }
}

#[test]
fn a_token_secret_has_one_spelling_and_is_kept_as_a_digest() {
    let secret = TokenSecret::generate(&ScriptedEntropy::default());
    let text = secret.expose().to_string();
    assert_eq!(text.len(), 43);
    assert_eq!(TokenSecret::parse(&text).unwrap().digest(), secret.digest());
    for other in [format!("{text}="), format!("{text}A"), text[..42].to_owned(), text.to_lowercase()] {
        let read = TokenSecret::parse(&other);
        assert!(read.is_none_or(|read| read.digest() != secret.digest()), "{other:?}");
    }
    assert_eq!(format!("{secret:?}"), "TokenSecret([redacted])");
}

#[test]
fn a_refresh_token_says_its_generation() {
    let tokens = RefreshTokens::new(&secret_key(1));
    let read = tokens.read(&tokens.write(a_token(7))).unwrap();
    assert_eq!(read.generation.number(), 7);
    assert_eq!(read.generation.next().number(), 8);
}

#[test]
fn every_code_is_equally_likely() {
    // The greatest multiple of a million that eight octets can say: from there on, low codes would come once more.
    const UNFAIR: u64 = 18_446_744_073_709_000_000;
    let entropy = ScriptedEntropy::default();
    entropy.script(&(UNFAIR - 1).to_be_bytes());
    assert_eq!(OneTimeCode::generate(&entropy).expose(), "999999");
    entropy.script(&UNFAIR.to_be_bytes());
    entropy.script(&7_u64.to_be_bytes());
    assert_eq!(OneTimeCode::generate(&entropy).expose(), "000007", "it is drawn again");
}

#[test]
fn what_is_secret_does_not_show_in_debug_output() {
    let secret = secret_key(1);
    let code = OneTimeCode::generate(&ScriptedEntropy::default());
    assert_eq!(format!("{secret:?}"), "SecretKey([redacted])");
    assert_eq!(format!("{code:?}"), "OneTimeCode([redacted])");
    assert_eq!(format!("{:?}", CodeDigests::new(&secret)), "CodeDigests([redacted])");
    assert_eq!(format!("{:?}", RefreshTokens::new(&secret)), "RefreshTokens([redacted])");
    assert_eq!(format!("{:?}", AttemptKeys::new(&secret)), "AttemptKeys([redacted])");
}

#[test]
fn codes_are_six_digits_and_digested_for_one_address() {
    let entropy = ScriptedEntropy::default();
    let code = OneTimeCode::generate(&entropy);
    assert!(OneTimeCode::parse(code.expose()).is_some());
    for text in ["12345", "1234567", "12345a", " 12345", "\u{661}23456", ""] {
        assert!(OneTimeCode::parse(text).is_none(), "{text:?}");
    }
    let digests = CodeDigests::new(&secret_key(1));
    let (ada, eve) =
        (EmailAddress::parse("ada@example.com").unwrap(), EmailAddress::parse("eve@example.com").unwrap());
    let of_ada = digests.digest(&ada, &code);
    assert!(of_ada.matches(digests.digest(&ada, &code).as_bytes()));
    assert!(!of_ada.matches(digests.digest(&eve, &code).as_bytes()));
    assert!(!of_ada.matches(CodeDigests::new(&secret_key(2)).digest(&ada, &code).as_bytes()));
    assert!(!of_ada.matches(&[]));
}

#[test]
fn no_two_attempt_keys_meet() {
    let keys = AttemptKeys::new(&secret_key(1));
    let address = EmailAddress::parse("ada@example.com").unwrap();
    let user = UserId::generate(Timestamp::MIN, &ScriptedEntropy::default());
    let distinct = BTreeSet::from([
        *keys.of_account(user).as_bytes(),
        *keys.of_unknown("ada@example.com").as_bytes(),
        *keys.of_unknown("ada").as_bytes(),
        *keys.of_codes(&address).as_bytes(),
        *AttemptKeys::new(&secret_key(2)).of_codes(&address).as_bytes(),
    ]);
    assert_eq!(distinct.len(), 5);
}

#[test]
fn a_cursor_reads_back_for_its_list_and_filters_alone() {
    let cursors = Cursors::new(&secret_key(1));
    let item = UserId::generate(Timestamp::MIN, &ScriptedEntropy::default()).uuid();
    let filters = [Some("ad"), None];
    let text = cursors.write("users", &filters, item);
    assert_eq!(cursors.read("users", &filters, &text), Some(item));
    assert_eq!(cursors.write("users", &filters, item), text);
    assert_eq!(text.len(), 43);
    for (list, others) in [
        ("events", &filters[..]),
        ("users", &[None, Some("ad")]),
        ("users", &[Some("a"), None]),
        ("users", &[Some("ad"), Some("")]),
        ("users", &[Some("ad"), Some("without")]),
        ("users", &[Some("ad")]),
        ("users", &[Some("ad"), None, None]),
        ("usersad", &[None]),
    ] {
        assert_eq!(cursors.read(list, others, &text), None, "{list} {others:?}");
    }
    assert_eq!(Cursors::new(&secret_key(2)).read("users", &filters, &text), None);
    assert_eq!(format!("{cursors:?}"), "Cursors([redacted])");
}

#[test]
fn every_purpose_has_a_key_of_its_own() {
    let secret = secret_key(1);
    let keys = [
        KeyPurpose::RefreshTokens,
        KeyPurpose::OneTimeCodes,
        KeyPurpose::Attempts,
        KeyPurpose::SigningKeys,
        KeyPurpose::Cursors,
        KeyPurpose::Forms,
    ]
    .map(|purpose| *secret.derive(purpose));
    assert_eq!(BTreeSet::from(keys).len(), 6);
    assert_eq!(keys[0], *secret_key(1).derive(KeyPurpose::RefreshTokens));
}

#[test]
fn a_weak_secret_key_is_refused() {
    assert!(SecretKey::new(vec![]).is_err());
    assert!(SecretKey::new((0..31).collect()).is_err());
    assert!(SecretKey::new(vec![0; 64]).is_err());
    assert!(SecretKey::new((0..32).collect()).is_ok());
}

#[test]
fn a_secret_key_that_somebody_thought_of_is_told_from_a_random_one() {
    let looks_chosen = |octets: &[u8]| SecretKey::new(octets.to_vec()).unwrap().looks_chosen();
    let counting: Vec<u8> = (0..32).collect();
    let random: Vec<u8> = (0..32_u8).map(|index| index.wrapping_mul(167) ^ index.rotate_left(3)).collect();
    let repeated = random[..16].repeat(2);
    for chosen in [b"correct horse battery staple 123".as_slice(), &counting, &repeated] {
        assert!(looks_chosen(chosen), "{chosen:?}");
    }
    for (word, times) in [("0123456789abcdef", 3), ("changeme", 6), ("supersecret", 4)] {
        let octets = BASE64_STANDARD.decode(word.repeat(times)).expect("it can be read as base64");
        assert!(looks_chosen(&octets), "{word}");
    }
    let of_different = |many: u8| (0..32).map(|index| (index / 4).min(many - 1)).collect::<Vec<u8>>();
    assert!(looks_chosen(&of_different(7)) && !looks_chosen(&of_different(8)));
    assert!(!looks_chosen(&random) && !looks_chosen(&[&random[..16], &random[..15], &[0]].concat()));
    let in_hexadecimal = random.iter().fold(String::new(), |text, octet| text + &format!("{octet:02x}"));
    assert!(!looks_chosen(in_hexadecimal.as_bytes()), "it is long enough for a text");
}
