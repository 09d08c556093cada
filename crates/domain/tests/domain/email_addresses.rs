use portcullis_domain::{EmailAddress, InvalidValue};
use proptest::prelude::*;

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap_or_else(|error| panic!("{text:?} {error}"))
}

#[test]
fn an_address_is_trimmed_and_shown_as_given() {
    assert_eq!(address("  Ada.Lovelace@Example.COM\n").as_str(), "Ada.Lovelace@Example.COM");
}

#[test]
fn spellings_of_one_address_are_equal() {
    for (one, other) in [
        ("ada@example.com", "ADA@EXAMPLE.COM"),
        ("ada@b\u{fc}cher.example", "ada@xn--bcher-kva.example"),
        ("ada@BU\u{308}CHER.example", "ada@b\u{fc}cher.example"),
        ("jose\u{301}@example.com", "jos\u{e9}@example.com"),
        ("\u{ff41}da@example.com", "ada@example.com"),
        // The Kelvin sign is the letter K by NFKC.
        ("\u{212a}elvin@example.com", "kelvin@example.com"),
        ("\u{3c3}\u{3b1}\u{3c2}@example.com", "\u{3a3}\u{391}\u{3a3}@example.com"),
        ("ada@example\u{3002}com", "ada@example.com"),
    ] {
        assert_eq!(address(one), address(other), "{one} and {other}");
        assert_eq!(address(one).canonical(), address(other).canonical());
    }
}

#[test]
fn look_alikes_never_meet() {
    for (one, other) in [
        // Dotless i, and the dotted capital that lower-cases to two characters.
        ("m\u{131}ke@example.com", "mike@example.com"),
        ("m\u{130}ke@example.com", "mike@example.com"),
        ("mike@examp\u{131}e.com", "mike@example.com"),
        // Cyrillic a.
        ("\u{430}da@example.com", "ada@example.com"),
        ("stra\u{df}e@example.com", "strasse@example.com"),
        ("a.da@example.com", "ada@example.com"),
        ("ada+tag@example.com", "ada@example.com"),
    ] {
        assert_ne!(address(one), address(other), "{one} and {other}");
    }
}

#[test]
fn what_is_not_exactly_one_address_is_refused() {
    for text in [
        "",
        " ",
        "ada",
        "@example.com",
        "ada@",
        "ada@@example.com",
        "ada@eve@example.com",
        "ada@example.com,eve@example.com",
        "ada@example.com;eve@example.com",
        "ada@example.com eve@example.com",
        "ada@example.com\r\nBcc: eve@example.com",
        "ada\r\n@example.com",
        "ada\0@example.com",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "\"ada\"@example.com",
        "ada(comment)@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        "ada@localhost",
        "ada@[127.0.0.1]",
        "ada@127.0.0.1",
        "ada@example..com",
        "ada@.example.com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@exa_mple.com",
        "ada@exam ple.com",
        // Many mail programs would decode it, and read another address.
        "=?utf-8?q?eve=40example.net?=@example.com",
        // Folds into syntax only after normalisation.
        "ada\u{ff20}example.com",
        "a\u{ff20}da@example.com",
        "ada\u{200b}@example.com",
        "ada@exam\u{200b}ple.com",
        "ada@exam\u{ad}ple.com",
        "\u{202e}ada@example.com",
    ] {
        assert_eq!(EmailAddress::parse(text).unwrap_err(), InvalidValue::Malformed, "{text:?}");
    }
}

#[test]
fn lengths_are_limited_in_octets() {
    let domain = format!("{}.{}.{}.com", "d".repeat(63), "d".repeat(63), "d".repeat(57));
    let longest = format!("{}@{domain}", "a".repeat(64));
    assert_eq!(longest.len(), 254);
    assert!(EmailAddress::parse(&longest).is_ok());
    assert_eq!(
        EmailAddress::parse(&longest.replace(".com", "d.com")).unwrap_err(),
        InvalidValue::TooLong { maximum: 254 },
    );
    assert_eq!(
        EmailAddress::parse(&format!("{}@example.com", "a".repeat(65))).unwrap_err(),
        InvalidValue::Malformed,
    );
}

#[test]
fn an_address_is_too_long_when_either_of_its_forms_is() {
    // Punycode is shorter than what it stands for here, and longer there.
    let shrinking = format!("ada@{}.example", vec!["\u{65e5}".repeat(25); 4].join("."));
    let growing = format!("{}@{}.example", "a".repeat(64), vec!["\u{fc}"; 24].join("."));
    assert!(shrinking.len() > 254 && growing.len() < 254);
    for text in [shrinking, growing] {
        assert_eq!(EmailAddress::parse(&text).unwrap_err(), InvalidValue::TooLong { maximum: 254 }, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,40}@?\\PC{0,40}") {
        let _ = EmailAddress::parse(&text);
    }

    #[test]
    fn the_canonical_form_is_its_own_canonical_form(local in "[\\w.+-]{1,20}", domain in "[\\w-]{1,20}") {
        if let Ok(address) = EmailAddress::parse(&format!("{local}@{domain}.example")) {
            let again = EmailAddress::parse(address.canonical()).expect("a canonical form is an address");
            prop_assert_eq!(again.canonical(), address.canonical());
        }
    }

    #[test]
    fn an_accepted_address_has_no_character_that_could_end_a_header(text in ".{0,30}@.{0,30}") {
        if let Ok(address) = EmailAddress::parse(&text) {
            prop_assert!(!address.as_str().contains(|c: char| c.is_control() || c.is_whitespace() || c == ','));
        }
    }
}
