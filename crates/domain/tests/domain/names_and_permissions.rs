use std::fmt::Display;

use portcullis_domain::{
    EmailAddress, InvalidValue, KeyId, Locale, Name, OwnPermission, Permission, Permissions, Role,
    RoleDescription, RoleName, SigningAlgorithm, UserAgent, Username,
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
    assert_ne!(Username::parse("Ada.L").unwrap(), Username::parse("Ada_L").unwrap());
    assert_eq!(Username::parse("Ada.L").unwrap().as_str(), "Ada.L");
    assert!(Username::parse(&"a".repeat(32)).is_ok());
    assert_eq!(Username::parse("ab"), Err(InvalidValue::TooShort { minimum: 3 }));
    assert_eq!(Username::parse(&"a".repeat(33)), Err(InvalidValue::TooLong { maximum: 32 }));
    for text in ["1ada", "_ada", "ad a", "ad@a", "ad\u{e9}", "ada\0", " ada", "\u{212a}elvin"] {
        assert_eq!(Username::parse(text), Err(InvalidValue::Malformed), "{text:?}");
    }
}

#[test]
fn permissions_are_a_noun_and_a_verb() {
    assert!(OwnPermission::ALL.iter().all(|own| Permission::parse(own.name()) == Ok((*own).into())));
    assert_eq!(Permission::parse("reports_2:read-all").unwrap().as_str(), "reports_2:read-all");
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
fn own_permissions_are_listed_by_name_and_told_apart() {
    let names: Vec<_> = OwnPermission::ALL.iter().map(|own| own.name()).collect();
    assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    for own in OwnPermission::ALL {
        let only = Permissions::only([Permission::from(*own)]);
        let allowed: Vec<_> = OwnPermission::ALL.iter().filter(|asked| only.allow_own(**asked)).collect();
        assert_eq!(allowed, [own]);
        assert!(Permissions::every([]).allow_own(*own) && !Permissions::only([]).allow_own(*own));
        assert_eq!(own.to_string(), own.name());
        assert!(!own.description().is_empty());
    }
}

#[test]
fn permissions_cover_others_when_they_lack_none_of_them() {
    let [edit, print] = ["texts:edit", "texts:print"].map(|text| Permission::parse(text).unwrap());
    let (none, every) = (Permissions::only([]), Permissions::every([]));
    let (editor, printer) = (Permissions::only([edit.clone()]), Permissions::only([print.clone()]));
    let both = Permissions::only([edit.clone(), print.clone()]);
    for all in [&none, &editor, &both, &every] {
        assert!(all.cover(&none) && all.cover(all) && every.cover(all));
    }
    assert!(both.cover(&editor) && both.cover(&printer));
    assert!(!editor.cover(&both) && !editor.cover(&printer) && !none.cover(&editor));
    let all_that_can_be_listed = Permissions::only(every.iter().cloned());
    assert!(!all_that_can_be_listed.cover(&every), "an administrator also has what cannot be listed yet");
    assert!(every.cover_all([&edit, &print]) && both.cover_all([&edit, &print]) && none.cover_all([]));
    assert!(!editor.cover_all([&edit, &print]));
}

#[test]
fn the_authority_of_a_role_is_what_it_names_and_of_admin_everything() {
    let [admin, user] = Role::all_built_in();
    assert_eq!(admin.authority(), Permissions::every([]));
    assert_eq!(user.authority(), Permissions::only([]));
    let edit = Permission::parse("texts:edit").unwrap();
    let editor =
        Role { name: RoleName::parse("editor").unwrap(), permissions: [edit.clone()].into(), ..user };
    assert_eq!(editor.authority(), Permissions::only([edit]));
}

#[test]
fn a_description_of_a_role_is_trimmed_and_cannot_deceive() {
    assert_eq!(RoleDescription::parse(" Edits texts ").unwrap().as_str(), "Edits texts");
    assert_eq!(RoleDescription::parse("Edits").unwrap().to_string(), "Edits");
    assert_eq!(RoleDescription::parse(" "), Err(InvalidValue::TooShort { minimum: 1 }));
    assert!(RoleDescription::parse(&"\u{e9}".repeat(500)).is_ok());
    assert_eq!(RoleDescription::parse(&"x".repeat(501)), Err(InvalidValue::TooLong { maximum: 500 }));
    for text in ["a\0b", "a\nb", "a\u{202e}b", "a\u{200b}b"] {
        assert_eq!(RoleDescription::parse(text), Err(InvalidValue::Malformed), "{text:?}");
    }
}

#[test]
fn role_names_are_plain() {
    for text in ["support-2_eu", "hr", &"a".repeat(64)] {
        assert_eq!(RoleName::parse(text).unwrap().as_str(), text);
    }
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
    let longest = "de-abcdefgh-abcdefgh-abcdefgh-abcde";
    assert_eq!(Locale::parse(longest).unwrap().as_str(), longest);
    assert_eq!(Locale::parse(&format!("{longest}f")), Err(InvalidValue::TooLong { maximum: 35 }));
}

#[test]
fn values_are_shown_as_their_text() {
    let email = EmailAddress::parse("Ada@Example.com").unwrap();
    let locale = Locale::parse("de-AT").unwrap();
    let name = Name::parse("Ada Lovelace").unwrap();
    let role = RoleName::parse("editor").unwrap();
    let permission = Permission::parse("texts:edit").unwrap();
    let user_agent = UserAgent::sanitized("Mozilla/5.0").unwrap();
    let username = Username::parse("Ada.L").unwrap();
    let shown: [(&dyn Display, &str); 9] = [
        (&email, "Ada@Example.com"),
        (&KeyId::new("2026-03"), "2026-03"),
        (&locale, "de-at"),
        (&name, "Ada Lovelace"),
        (&permission, "texts:edit"),
        (&role, "editor"),
        (&SigningAlgorithm::Es256, "ES256"),
        (&user_agent, "Mozilla/5.0"),
        (&username, "Ada.L"),
    ];
    for (value, text) in shown {
        assert_eq!(value.to_string(), text);
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
