use portcullis_domain::{
    EmailAddress, Identity, InvalidValue, Name, Password, PasswordHash, PasswordPolicy, PasswordRefusal,
    Username,
};

fn verdict(password: &str) -> Result<(), PasswordRefusal> {
    let email = EmailAddress::parse("Grace.Hopper@example.com").unwrap();
    let username = Username::parse("Amazing_Grace").unwrap();
    let (name, last_name) = (Name::parse("Zo\u{eb} Quinn").unwrap(), Name::parse("Ng").unwrap());
    let identity =
        Identity { email: &email, username: Some(&username), names: [Some(&name), None, Some(&last_name)] };
    PasswordPolicy::default().accept(Password::parse(password).unwrap(), &identity).map(|_| ())
}

#[test]
fn length_is_counted_in_characters_after_normalisation() {
    assert_eq!(verdict("1f*Kq9z"), Err(PasswordRefusal::TooShort { minimum: 8 }));
    assert_eq!(verdict("1f*Kq9z!"), Ok(()));
    // Eight letters and eight combining marks, composed to eight characters.
    assert_eq!(verdict(&"e\u{301}".repeat(8)), Ok(()));
    assert_eq!(verdict(&"e\u{301}".repeat(7)), Err(PasswordRefusal::TooShort { minimum: 8 }));
    assert!(Password::parse(&"\u{1f511}".repeat(128)).is_ok());
    assert_eq!(
        Password::parse(&"\u{1f511}".repeat(129)).unwrap_err(),
        InvalidValue::TooLong { maximum: 128 },
    );
}

#[test]
fn a_huge_password_is_refused_without_being_read_whole() {
    // One character expands to 18: a length check on the raw text would not do.
    assert!(Password::parse(&"\u{fdfa}".repeat(8)).is_err());
    assert!(Password::parse(&"a".repeat(1 << 20)).is_err());
}

#[test]
fn composed_and_decomposed_spellings_are_one_password() {
    let composed = Password::parse("caf\u{e9} cr\u{e8}me").unwrap();
    let decomposed = Password::parse("cafe\u{301} cre\u{300}me").unwrap();
    assert_eq!(composed.expose(), decomposed.expose());
}

#[test]
fn what_was_typed_is_kept_where_it_is_not_what_is_hashed() {
    for typed in ["cafe\u{301} cre\u{300}me", "of\u{fb01}ce \u{ff11}\u{ff12}\u{ff13}"] {
        assert_eq!(Password::parse(typed).unwrap().expose_as_typed(), Some(typed.as_bytes()));
    }
    for typed in ["", "correct horse", "caf\u{e9} cr\u{e8}me"] {
        assert_eq!(Password::parse(typed).unwrap().expose_as_typed(), None);
    }
}

#[test]
fn nothing_is_trimmed_or_truncated() {
    assert_eq!(Password::parse(" pass word ").unwrap().expose(), b" pass word ");
    let (one, other) = (format!("{}one.....", "x".repeat(72)), format!("{}other...", "x".repeat(72)));
    assert_ne!(Password::parse(&one).unwrap().expose(), Password::parse(&other).unwrap().expose());
}

#[test]
fn common_passwords_are_refused_in_any_case() {
    for common in
        ["password123", "PassWord123", "iloveyou1", "12345678", "\u{ff30}\u{ff21}\u{ff33}\u{ff33}word1"]
    {
        assert_eq!(verdict(common), Err(PasswordRefusal::Common), "{common}");
    }
}

#[test]
fn a_password_must_not_contain_who_it_is_for() {
    for telling in [
        "Grace.Hopper@example.com",
        "xxgrace.hopperxx",
        "my GRACE.HOPPER pass",
        "amazing_grace-99",
        "ZO\u{cb} QUINN rules",
    ] {
        assert_eq!(verdict(telling), Err(PasswordRefusal::ContainsIdentity), "{telling}");
    }
    // Shorter than four characters: found in good passwords by chance.
    assert_eq!(verdict("ng is a syllable"), Ok(()));
}

#[test]
fn the_passwords_of_the_systems_that_people_come_from_are_accepted() {
    for password in [
        "SecurePass123!",
        "NewSecurePass456!",
        "StrongPassword123",
        "NewStrongPassword123",
        "strongpassword123",
        "newStrongPassword456",
        "TestPass123!",
    ] {
        assert_eq!(verdict(password), Ok(()), "{password}");
    }
}

#[test]
fn a_policy_asks_for_8_to_64_characters() {
    assert!(PasswordPolicy::new(7).is_none());
    assert!(PasswordPolicy::new(8).is_some());
    assert!(PasswordPolicy::new(64).is_some());
    assert!(PasswordPolicy::new(65).is_none());
    assert_eq!(PasswordPolicy::default().minimum(), 8);
    assert_eq!(PasswordPolicy::new(12).unwrap().minimum(), 12);
}

#[test]
fn passwords_and_their_hashes_are_never_printed() {
    let password = Password::parse("correct horse").unwrap();
    assert_eq!(format!("{password:?}"), "Password([redacted])");
    assert_eq!(format!("{:?}", PasswordHash::new("$argon2id$")), "PasswordHash([redacted])");
}
