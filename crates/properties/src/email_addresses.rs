use portcullis_domain::EmailAddress;

/// An address that is accepted has one canonical form, which is an address again; however it is spelled, it is the
/// same one; and no more of it is shown or kept than was given.
pub fn email_addresses(octets: &[u8]) {
    let Ok(text) = str::from_utf8(octets) else { return };
    let Ok(address) = EmailAddress::parse(text) else { return };
    assert_eq!(address.as_str(), text.trim());

    let canonical = address.canonical();
    assert!(canonical.len() <= EmailAddress::MAX_OCTETS);
    assert!(canonical.chars().all(|character| !character.is_whitespace() && !character.is_control()));
    let (local, domain) = canonical.rsplit_once('@').expect("an address has two parts");
    assert!(!local.contains('@') && domain.is_ascii() && domain.contains('.'));
    assert_eq!(address.canonical_local_part(), local);

    let again = EmailAddress::parse(canonical).expect("a canonical form is an address");
    assert_eq!(again.canonical(), canonical, "a canonical form is its own");
    for spelling in [text.to_ascii_uppercase(), text.to_ascii_lowercase(), format!(" {text}\n")] {
        assert_eq!(EmailAddress::parse(&spelling).as_ref(), Ok(&address), "{spelling:?}");
    }
}
