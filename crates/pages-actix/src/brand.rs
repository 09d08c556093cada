/// What the pages are called and look like.
#[derive(Clone, Debug)]
pub struct Brand {
    /// What stands at the top of each page, and in its title.
    pub name: String,
    /// The picture beside it; the one of the product if there is none.
    pub logo: Option<Logo>,
    /// Styles that are read after the built-in ones.
    pub stylesheet: Option<String>,
}

impl Default for Brand {
    fn default() -> Self {
        Self { name: "Portcullis".to_owned(), logo: None, stylesheet: None }
    }
}

/// A picture that browsers show.
#[derive(Clone, Debug)]
pub struct Logo {
    pub(crate) media_type: &'static str,
    pub(crate) content: Vec<u8>,
}

/// It is no picture that browsers show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither SVG, PNG, JPEG nor WebP")]
pub struct InvalidLogo;

impl Logo {
    /// Takes a picture; which kind it is shows by its first octets.
    ///
    /// # Errors
    ///
    /// [`InvalidLogo`] when it is none of those.
    pub fn new(content: Vec<u8>) -> Result<Self, InvalidLogo> {
        let is_svg = |content: &[u8]| {
            str::from_utf8(content)
                .is_ok_and(|text| text.trim_start_matches('\u{feff}').trim_start().starts_with('<'))
        };
        let media_type = match content.as_slice() {
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            [0xff, 0xd8, 0xff, ..] => "image/jpeg",
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
            text if is_svg(text) => "image/svg+xml",
            _ => return Err(InvalidLogo),
        };
        Ok(Self { media_type, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_told_by_its_first_octets() {
        let kind = |content: &[u8]| Logo::new(content.to_vec()).map(|logo| logo.media_type);
        assert_eq!(kind(b"\x89PNG\r\n\x1a\n"), Ok("image/png"));
        assert_eq!(kind(b"\xff\xd8\xff\xe0"), Ok("image/jpeg"));
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 "), Ok("image/webp"));
        assert_eq!(kind(b"\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), Ok("image/svg+xml"));
        for other in [&b""[..], b"GIF89a", b"body {}", b"\xff<"] {
            assert_eq!(kind(other), Err(InvalidLogo));
        }
    }
}
