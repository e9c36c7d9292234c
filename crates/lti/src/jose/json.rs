//! Strict JSON (RFC 8259): an object with a duplicate key is malformed, at any depth.
//!
//! Two parsers may choose different values of a duplicate key. A value keeps its text, so a number
//! stays as it was sent.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// An object without duplicate keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct JsonObject<'a>(BTreeMap<String, &'a RawValue>);

/// A value. Its text is valid JSON.
#[derive(Clone, Copy)]
pub(crate) struct JsonValue<'a>(&'a str);

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    List,
    /// An object.
    Object,
}

impl fmt::Display for JsonKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::String => "a string",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

impl<'a> JsonObject<'a> {
    /// Reads an object. `None` if it is malformed, another value, or has a duplicate key.
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        serde_json::from_str::<WithoutDuplicates>(text).ok()?;
        JsonValue(text.trim_start()).object()
    }

    /// The value of a key; `None` if it is absent or `null`.
    pub(crate) fn get(&self, key: &str) -> Option<JsonValue<'a>> {
        let value = JsonValue(self.0.get(key)?.get());
        (value.kind() != JsonKind::Null).then_some(value)
    }

    /// Whether the object has the key, with any value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The keys and values, sorted by key. A value may be `null`.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, JsonValue<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_str(), JsonValue(value.get())))
    }
}

impl<'a> JsonValue<'a> {
    /// The text, as sent.
    pub(crate) fn text(self) -> &'a str {
        self.0
    }

    /// The type.
    pub(crate) fn kind(self) -> JsonKind {
        match self.0.bytes().next() {
            Some(b'"') => JsonKind::String,
            Some(b'[') => JsonKind::List,
            Some(b'{') => JsonKind::Object,
            Some(b't' | b'f') => JsonKind::Boolean,
            Some(b'n') => JsonKind::Null,
            _ => JsonKind::Number,
        }
    }

    /// The string; `None` for another type.
    pub(crate) fn string(self) -> Option<String> {
        serde_json::from_str(self.0).ok()
    }

    /// The number; `None` for another type.
    pub(crate) fn number(self) -> Option<f64> {
        serde_json::from_str(self.0).ok()
    }

    /// The boolean; `None` for another type.
    pub(crate) fn boolean(self) -> Option<bool> {
        serde_json::from_str(self.0).ok()
    }

    /// The elements of a list; `None` for another type.
    pub(crate) fn list(self) -> Option<Vec<Self>> {
        let elements: Vec<&RawValue> = serde_json::from_str(self.0).ok()?;
        Some(elements.into_iter().map(|element| Self(element.get())).collect())
    }

    /// The object; `None` for another type.
    pub(crate) fn object(self) -> Option<JsonObject<'a>> {
        // `from_str` also accepts a list as a struct, but not as a map.
        serde_json::from_str(self.0).ok().map(JsonObject)
    }
}

/// Any value whose objects have no duplicate keys.
struct WithoutDuplicates;

impl<'de> Deserialize<'de> for WithoutDuplicates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WithoutDuplicatesVisitor)
    }
}

struct WithoutDuplicatesVisitor;

impl<'de> Visitor<'de> for WithoutDuplicatesVisitor {
    type Value = WithoutDuplicates;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(WithoutDuplicates)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(WithoutDuplicates)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(WithoutDuplicates)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(WithoutDuplicates)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(WithoutDuplicates)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(WithoutDuplicates)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<WithoutDuplicates>()?.is_some() {}
        Ok(WithoutDuplicates)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut keys = HashSet::new();
        while let Some((key, _)) = object.next_entry::<String, WithoutDuplicates>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom("a duplicate key"));
            }
        }
        Ok(WithoutDuplicates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_a_duplicate_key_is_malformed_at_any_depth() {
        for good in ["{}", " {\"a\":1, \"b\":{\"a\":1}} ", r#"{"a":[{"b":1},{"b":2}]}"#] {
            assert!(JsonObject::read(good.as_bytes()).is_some(), "{good}");
        }
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for bad in [
            "",
            "null",
            "[]",
            "1",
            "\"a\"",
            "{",
            "{}{}",
            "{} x",
            "{'a':1}",
            "{\"a\":1,}",
            "\u{feff}{}",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":[{"a":1,"b":{},"a":2}]}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1e999}"#,
            r#"{"a":01}"#,
            "{\"a\":\"\n\"}",
            &deep,
        ] {
            assert!(JsonObject::read(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(JsonObject::read(b"{\"a\":\"\xff\"}").is_none());
    }

    #[test]
    fn a_value_keeps_its_text_and_knows_its_type() {
        let text = br#"{"n": 1.50, "s": "a\u00e9", "t": true, "z": null, "l": [1, "x"], "o": {}}"#;
        let object = JsonObject::read(text).expect("an object");
        let value = |key: &str| object.get(key).expect("a value");
        assert_eq!((value("n").text(), value("n").kind()), ("1.50", JsonKind::Number));
        assert_eq!(value("n").number(), Some(1.5));
        assert_eq!(value("s").string().as_deref(), Some("aé"));
        assert_eq!((value("t").kind(), value("t").boolean()), (JsonKind::Boolean, Some(true)));
        let list = value("l").list().expect("a list");
        assert_eq!(list.iter().map(|one| one.text()).collect::<Vec<_>>(), ["1", "\"x\""]);
        assert!(value("o").object().is_some() && value("l").object().is_none());
        assert!(value("s").number().is_none() && value("n").string().is_none());
        assert!(object.get("z").is_none() && object.has("z") && !object.has("y"));
    }
}
