/// The names and values of a query or of a form as browsers send it (`application/x-www-form-urlencoded`), in their
/// order.
///
/// Every text has some: octets that are no UTF-8 become the replacement character, as the [URL Standard] wants it,
/// and are for the rules of each field to refuse.
///
/// [URL Standard]: https://url.spec.whatwg.org/#urlencoded-parsing
#[must_use]
pub fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
