use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// A JSON value, read strictly: no object in it names a key twice, at whatever depth.
///
/// Two programs that read one body differently, the first key here and the last one there, let one of them be
/// deceived; so such a body is none. What no field of this API can be is checked and let go.
#[derive(Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A string, which may be a secret.
    Text(Zeroizing<String>),
    /// An array, in the order of its elements.
    List(Vec<Json>),
    /// An object, in the order of its members.
    Object(Vec<(String, Json)>),
    /// What no field can be: a number, or a parameter that was sent twice.
    Other,
}

impl Json {
    /// Reads one value and nothing after it. Values nested deeper than 127 are refused.
    ///
    /// # Errors
    ///
    /// Says where `octets` stop being JSON in UTF-8 without duplicate keys.
    pub(crate) fn parse(octets: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(octets)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Flag(flag))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = elements.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut keys = HashSet::new();
        let mut members = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value()?;
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom("a key is named twice"));
            }
            members.push((key, value));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_what_fields_can_be() {
        let json =
            Json::parse(br#" {"a": "x", "b": null, "c": [1, {"d": "y"}], "e": {"f": true}} "#).unwrap();
        let text = |text: &str| Json::Text(Zeroizing::new(text.to_owned()));
        assert_eq!(
            json,
            Json::Object(vec![
                ("a".to_owned(), text("x")),
                ("b".to_owned(), Json::Null),
                (
                    "c".to_owned(),
                    Json::List(vec![Json::Other, Json::Object(vec![("d".to_owned(), text("y"))])])
                ),
                ("e".to_owned(), Json::Object(vec![("f".to_owned(), Json::Flag(true))])),
            ])
        );
    }

    #[test]
    fn a_key_named_twice_is_refused_at_any_depth() {
        for body in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": {"b": 1, "b": 2}}"#,
            r#"{"a": [[{"b": 1, "b": 2}]]}"#,
            r#"{"a": 1, "\u0061": 2}"#,
            r#"[{"a": 1, "a": 1}]"#,
        ] {
            assert!(Json::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Json::parse(br#"{"a": {"a": 1}, "b": {"a": 1}}"#).is_ok());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let bodies: [&[u8]; 12] = [
            b"",
            b" ",
            b"{",
            b"{} {}",
            b"{},",
            b"{'a': 1}",
            b"NaN",
            b"\xEF\xBB\xBF{}",
            b"{\"a\": \"\xFF\"}",
            br#"{"a": "\uD800"}"#,
            b"{\"a\": \"\n\"}",
            deep.as_bytes(),
        ];
        for body in bodies {
            assert!(Json::parse(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }
}
