use portcullis_domain::{
    InvalidValue, Locale, Name, OwnPermission, Permission, Permissions, RoleName, UserAgent, Username,
};

#[test]
fn a_name_is_trimmed_and_may_be_of_any_script() {
    for name in [
        "Ada",
        " O\u{2019}Neill ",
        "\u{674e}\u{5c0f}\u{9f99}",
        "\u{6a9}\u{200c}\u{6cc}",
        "\u{1f469}\u{200d}\u{1f680}",
        "X \u{c6} A-12",
    ] {
        assert_eq!(Name::parse(name).unwrap().as_str(), name.trim());
    }
}

#[test]
fn a_name_that_could_deceive_is_refused() {
    for name in
        ["a\0b", "a\nb", "a\u{7f}b", "a\u{85}b", "\u{202e}nimda", "a\u{2066}b", "a\u{200b}b", "\u{3164}"]
    {
        assert_eq!(Name::parse(name), Err(InvalidValue::Malformed), "{name:?}");
    }
    assert_eq!(Name::parse("  "), Err(InvalidValue::TooShort { minimum: 1 }));
    assert!(Name::parse(&"\u{1f600}".repeat(255)).is_ok());
    assert_eq!(Name::parse(&"x".repeat(256)), Err(InvalidValue::TooLong { maximum: 255 }));
}

#[test]
fn usernames_are_compared_regardless_of_case() {
    assert_eq!(Username::parse("Ada.L").unwrap(), Username::parse("aDA.l").unwrap());
    assert_eq!(Username::parse("Ada.L").unwrap().as_str(), "Ada.L");
    assert_eq!(Username::parse("ab"), Err(InvalidValue::TooShort { minimum: 3 }));
    assert_eq!(Username::parse(&"a".repeat(33)), Err(InvalidValue::TooLong { maximum: 32 }));
    for text in ["1ada", "_ada", "ad a", "ad@a", "ad\u{e9}", "ada\0", " ada", "\u{212a}elvin"] {
        assert_eq!(Username::parse(text), Err(InvalidValue::Malformed), "{text:?}");
    }
}

#[test]
fn permissions_are_a_noun_and_a_verb() {
    assert!(OwnPermission::ALL.iter().all(|own| Permission::parse(own.name()) == Ok((*own).into())));
    assert!(Permission::parse("reports_2:read-all").is_ok());
    for text in ["", ":", "a:", ":b", "a:b:c", "A:b", "a b:c", "a", &format!("{}:b", "a".repeat(33))] {
        assert_eq!(Permission::parse(text), Err(InvalidValue::Malformed), "{text:?}");
    }
}

#[test]
fn an_administrator_may_also_do_what_nobody_has_thought_of_yet() {
    let future = Permission::parse("spaceships:launch").unwrap();
    assert!(Permissions::every([]).allow(&future));
    assert!(!Permissions::only([]).allow(&future));
    assert!(Permissions::only([future.clone()]).allow(&future));
    let listed: Vec<_> = Permissions::every([future]).iter().map(ToString::to_string).collect();
    assert!(listed.contains(&"spaceships:launch".to_owned()) && listed.contains(&"users:read".to_owned()));
    assert!(listed.is_sorted());
}

#[test]
fn role_names_are_plain() {
    assert!(RoleName::parse("support-2_eu").is_ok());
    assert_eq!(RoleName::parse("a"), Err(InvalidValue::TooShort { minimum: 2 }));
    assert_eq!(RoleName::parse(&"a".repeat(65)), Err(InvalidValue::TooLong { maximum: 64 }));
    assert_eq!(RoleName::parse("Admin"), Err(InvalidValue::Malformed));
}

#[test]
fn locales_are_language_tags() {
    assert_eq!(Locale::parse("de-AT").unwrap().as_str(), "de-at");
    assert_eq!(Locale::parse("de-AT").unwrap().language(), "de");
    for text in ["", "d", "*", "de_AT", "deutsch", "de-", "de-\u{e4}\u{e4}"] {
        assert!(Locale::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_user_agent_is_kept_harmless() {
    let sanitized = |text: &str| UserAgent::sanitized(text).map(|agent| agent.as_str().to_owned());
    assert_eq!(
        sanitized("Mozilla/5.0\n{\"level\":\"info\"}\u{202e}").as_deref(),
        Some("Mozilla/5.0 {\"level\":\"info\"}")
    );
    assert_eq!(sanitized(" \u{200b} "), None);
    assert_eq!(sanitized(&"x".repeat(2_000)).unwrap().len(), 512);
}
