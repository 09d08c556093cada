//! Where a visitor wants to go once they are signed in: to a page of this installation and nowhere else.

/// The path of a page, with its query, below the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnPath(String);

impl OwnPath {
    /// Reads a path; none for whatever a browser could take for another site.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let path = text.strip_prefix('/')?;
        let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~/?=&%+".contains(&octet);
        let is_own = !path.is_empty()
            && path.bytes().all(is_plain)
            && path.split(['/', '?']).all(|segment| !matches!(segment, "" | "." | ".."));
        is_own.then(|| Self(path.to_owned()))
    }

    /// The path from the root.
    pub(crate) fn below_root(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_ours_are_taken_and_all_else_is_not() {
        for path in ["/account", "/account/sessions", "/admin/users?q=ada%40example.com&limit=5"] {
            assert_eq!(OwnPath::parse(path).map(|path| format!("/{}", path.0)).as_deref(), Some(path));
        }
        for other in [
            "",
            "/",
            "account",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/a//evil.example",
            "/../x",
            "/a/../x",
            "/javascript:alert(1)",
            "/a b",
            "/a\nb",
            "/a#b",
            "/\u{e4}",
        ] {
            assert_eq!(OwnPath::parse(other), None, "{other:?}");
        }
    }
}
