//! `Forwarded` (RFC 7239): elements between commas, of pairs between semicolons, to which each proxy appends
//! what it knows of where it was called from.

use std::net::IpAddr;

use actix_web::http::header::HeaderValue;

/// The addresses from the last to the first, with none for an element that names none, and one none for a line
/// that cannot be read.
pub(super) fn hops<'a>(lines: impl Iterator<Item = &'a HeaderValue>) -> impl Iterator<Item = Option<IpAddr>> {
    let lines: Vec<_> = lines.collect();
    lines
        .into_iter()
        .rev()
        .flat_map(|line| read(line.as_bytes()).unwrap_or_else(|_| vec![None]).into_iter().rev())
}

/// A line is not of the form that RFC 7239 §4 gives.
struct Malformed;

/// The address of each element of a line, in the order of the line. Empty elements do not count
/// (RFC 9110 §5.6.1.2).
fn read(line: &[u8]) -> Result<Vec<Option<IpAddr>>, Malformed> {
    let mut scanner = Scanner(line);
    let mut hops = Vec::new();
    loop {
        scanner.skip_white_space();
        if !matches!(scanner.peek(), Some(b',') | None) {
            hops.push(element(&mut scanner)?);
        }
        match scanner.next() {
            Some(b',') => {}
            Some(_) => return Err(Malformed),
            None => return Ok(hops),
        }
    }
}

/// What one element names in its `for`, if it has one.
fn element(scanner: &mut Scanner) -> Result<Option<IpAddr>, Malformed> {
    let mut client = None;
    loop {
        scanner.skip_white_space();
        if scanner.peek().is_some_and(is_token_octet) {
            let (name, value) = scanner.pair()?;
            if name.eq_ignore_ascii_case(b"for") && client.replace(value).is_some() {
                return Err(Malformed);
            }
        }
        scanner.skip_white_space();
        if scanner.peek() != Some(b';') {
            return Ok(client.as_deref().and_then(address));
        }
        scanner.next();
    }
}

/// The address of a node (RFC 7239 §6); none when it is unknown, hidden behind a name, or no node at all.
fn address(node: &[u8]) -> Option<IpAddr> {
    let node = str::from_utf8(node).ok()?;
    let end = if node.starts_with('[') { node.find(']')? + 1 } else { node.find(':').unwrap_or(node.len()) };
    let (name, port) = node.split_at(end);
    let address = match name.strip_prefix('[') {
        Some(rest) => IpAddr::V6(rest.strip_suffix(']')?.parse().ok()?),
        None => IpAddr::V4(name.parse().ok()?),
    };
    let is_node = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    is_node.then(|| address.to_canonical())
}

/// Up to five digits, or a name in its place.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => {
            let is_allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"._-".contains(&octet);
            !name.is_empty() && name.bytes().all(is_allowed)
        }
        None => (1..=5).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit()),
    }
}

/// What is left to read of a line.
struct Scanner<'a>(&'a [u8]);

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip_white_space(&mut self) {
        self.take_while(|octet| matches!(octet, b' ' | b'\t'));
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|octet| !belongs(*octet)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    /// A name and its value, which is a token or a quoted string.
    fn pair(&mut self) -> Result<(&'a [u8], Vec<u8>), Malformed> {
        let name = self.take_while(is_token_octet);
        if self.next() != Some(b'=') {
            return Err(Malformed);
        }
        if self.peek() == Some(b'"') {
            return Ok((name, self.quoted_string()?));
        }
        match self.take_while(is_token_octet) {
            [] => Err(Malformed),
            value => Ok((name, value.to_vec())),
        }
    }

    /// What stands between two quotes, without the backslashes that escape (RFC 9110 §5.6.4).
    fn quoted_string(&mut self) -> Result<Vec<u8>, Malformed> {
        let mut text = Vec::new();
        self.next();
        loop {
            match self.next() {
                Some(b'"') => return Ok(text),
                Some(b'\\') => text.push(self.next().ok_or(Malformed)?),
                Some(octet) => text.push(octet),
                None => return Err(Malformed),
            }
        }
    }
}

/// What tokens are made of (RFC 9110 §5.6.2).
fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}
