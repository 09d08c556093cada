use std::borrow::Cow;

/// What stands in the place of an address.
const HIDDEN: &str = "[address]";

/// `text` without the e-mail addresses in it, or what looks like some.
pub(super) fn hide(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('@') {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('@') {
        let (before, domain) = (&rest[..at], &rest[at + 1..]);
        let end = domain.find(|character| !is_of_domain(character)).unwrap_or(domain.len());
        if end == 0 {
            shown.push_str(&rest[..=at]);
        } else {
            shown.push_str(before.trim_end_matches(is_of_local_part));
            shown.push_str(HIDDEN);
        }
        rest = &domain[end..];
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Whether it may stand before the `@` (RFC 5322 §3.2.3, RFC 6531 §3.3); quotes, which hardly anybody has in an
/// address, are those of the record.
fn is_of_local_part(character: char) -> bool {
    character.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(character)
}

fn is_of_domain(character: char) -> bool {
    character.is_alphanumeric() || ".-".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hidden_and_all_else_is_left_as_it_is() {
        for (text, shown) in [
            ("", ""),
            ("no such user", "no such user"),
            ("ada@example.com", "[address]"),
            (
                "to <ada+tag@mail.example.com>: no, nor to bob@b.example",
                "to <[address]>: no, nor to [address]",
            ),
            (r#"{"to":"ada@example.com","n":1}"#, r#"{"to":"[address]","n":1}"#),
            ("jürgen@bücher.example", "[address]"),
            ("a@b@c", "[address][address]"),
            ("12:00 @ noon, @ada", "12:00 @ noon, [address]"),
            ("@", "@"),
        ] {
            assert_eq!(hide(text.into()), shown);
        }
    }
}
