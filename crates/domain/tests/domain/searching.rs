use portcullis_domain::{InvalidValue, SearchPrefix};
use portcullis_testkit::fixtures;
use proptest::prelude::*;

fn prefix(text: &str) -> SearchPrefix {
    SearchPrefix::parse(text).unwrap()
}

#[test]
fn a_prefix_is_folded_as_what_it_is_searched_in() {
    assert_eq!(prefix(" ADA ").as_str(), "ada");
    assert_eq!(prefix("\u{ff21}da"), prefix("ada"));
    assert!(prefix("\u{c9}MILE").begins(&fixtures::name("\u{e9}mile").canonical()));
    assert!(prefix("ada@Example").begins(fixtures::email("Ada@EXAMPLE.com").canonical()));
    assert!(prefix("Count").begins(fixtures::username("cOUNTESS").canonical()));
    assert!(!prefix("ountess").begins(fixtures::username("countess").canonical()));
}

#[test]
fn an_international_address_is_found_by_as_much_of_it_as_ends_with_a_label() {
    let address = fixtures::email("Ada@b\u{fc}cher.example");
    for found in [
        "ada@",
        "ada@B\u{dc}CHER",
        "ada@b\u{fc}cher.",
        "ada@b\u{fc}cher.ex",
        address.as_str(),
        address.canonical(),
    ] {
        assert!(prefix(found).begins(address.canonical()), "{found}");
    }
    assert!(!prefix("ada@b\u{fc}").begins(address.canonical()));
    assert_eq!(prefix("ada@xn--\u{fc}").as_str(), "ada@xn--\u{fc}", "which is no domain");
}

#[test]
fn a_prefix_has_1_to_255_characters() {
    assert_eq!(SearchPrefix::parse("  "), Err(InvalidValue::TooShort { minimum: 1 }));
    assert!(SearchPrefix::parse("a").is_ok());
    assert!(SearchPrefix::parse(&"\u{e9}".repeat(255)).is_ok());
    assert_eq!(SearchPrefix::parse(&"a".repeat(256)), Err(InvalidValue::TooLong { maximum: 255 }));
    assert_eq!(SearchPrefix::parse("a\0"), Err(InvalidValue::Malformed), "which no store can hold");
}

#[test]
fn what_begins_with_a_prefix_ends_where_its_last_character_is_the_next() {
    assert_eq!(prefix("ada").end().as_deref(), Some("adb"));
    assert_eq!(prefix("az").end().as_deref(), Some("a{"));
    assert_eq!(prefix("a\u{d7ff}").end().as_deref(), Some("a\u{e000}"), "between them is no character");
    assert_eq!(prefix("a\u{10ffff}\u{10ffff}").end().as_deref(), Some("b"));
    assert_eq!(prefix("\u{10ffff}").end(), None);
}

proptest! {
    #[test]
    fn the_range_of_a_prefix_holds_what_begins_with_it_and_nothing_else(
        text in "[ab\u{7f}\u{d7ff}\u{e000}\u{10ffff}]{1,3}",
        other in "[ab\u{7f}\u{80}\u{d7ff}\u{e000}\u{10ffff}]{0,5}",
    ) {
        let prefix = SearchPrefix::parse(&text);
        prop_assume!(prefix.is_ok());
        let prefix = prefix.unwrap();
        let is_in_range = prefix.as_str() <= other.as_str() && prefix.end().is_none_or(|end| *other < *end);
        prop_assert_eq!(is_in_range, prefix.begins(&other));
    }
}
