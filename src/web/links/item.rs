//! The JSON body of `POST /links`.

use std::collections::BTreeMap;

use rocket::Data;
use serde::Deserialize;
use serde_json::Value;

use super::refusal::LinkRefusal;
use crate::config::{LinkPath, Points, is_custom_name};
use crate::session::PickedLink;
use crate::web::body::{self, Arrival, BodyError};

/// The largest body, in bytes.
pub(in crate::web) const LARGEST_BODY: u64 = 64 * 1024;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 255;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinksBody {
    items: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    title: String,
    text: Option<String>,
    path: Option<String>,
    #[serde(default)]
    custom: BTreeMap<String, String>,
    points: Option<f64>,
}

/// Reads the links that an upstream sends. `takes_grades`: whether the tool may send grades.
///
/// # Errors
/// [`LinkRefusal::TooLarge`], [`LinkRefusal::Incomplete`], [`LinkRefusal::TooManyForms`] or
/// [`LinkRefusal::BadLinks`].
pub(super) async fn links(
    arrival: Arrival,
    data: Data<'_>,
    takes_grades: bool,
) -> Result<Vec<PickedLink>, LinkRefusal> {
    let body = body::read(arrival, data, LARGEST_BODY).await.map_err(|error| match error {
        BodyError::TooLarge(limit) => LinkRefusal::TooLarge(limit),
        BodyError::Incomplete => LinkRefusal::Incomplete,
        BodyError::NoSpace => LinkRefusal::TooManyForms,
    })?;
    read(&body, takes_grades).map_err(LinkRefusal::BadLinks)
}

fn read(body: &[u8], takes_grades: bool) -> Result<Vec<PickedLink>, String> {
    // Serde also accepts an array in place of the object.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err("the body is not a JSON object such as {\"items\": []}".to_owned());
    }
    let LinksBody { items } = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let item = |(at, value)| item(value, takes_grades).map_err(|why| format!("items[{at}]{why}"));
    items.into_iter().enumerate().map(item).collect()
}

/// A link. The error continues the name of the item.
fn item(value: Value, takes_grades: bool) -> Result<PickedLink, String> {
    if !value.is_object() {
        return Err(": it is not an object".to_owned());
    }
    let item: ItemBody = serde_json::from_value(value).map_err(|error| format!(": {error}"))?;
    if item.title.trim().is_empty() || item.title.chars().count() > LONGEST_TITLE {
        return Err(format!(".title: it is empty or longer than {LONGEST_TITLE} characters"));
    }
    let path = item.path.as_deref().map(LinkPath::parse).transpose();
    let path = path.map_err(|why| format!(".path: the path {why}"))?;
    for (name, value) in &item.custom {
        if !is_custom_name(name) {
            return Err(".custom: a name has up to 64 letters, digits and _".to_owned());
        }
        if value.chars().any(char::is_control) {
            return Err(format!(".custom.{name}: the value has a line break or control character"));
        }
    }
    if let Some(points) = item.points {
        if !takes_grades {
            return Err(".points: the tool has no grades in tools.toml".to_owned());
        }
        if Points::new(points).is_none() {
            return Err(".points: it is not a number above 0 and up to 1000000".to_owned());
        }
    }
    Ok(PickedLink {
        title: item.title,
        path: path.map(|path| path.as_str().to_owned()),
        text: item.text.filter(|text| !text.is_empty()),
        custom: item.custom.into_iter().collect(),
        points: item.points,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_invalid_item_is_named() {
        let check = |items: &str, why: &str| {
            let body = format!("{{\"items\": {items}}}");
            let error = read(body.as_bytes(), true).err().unwrap_or_default();
            assert!(error.starts_with(why), "{items}: {error}");
        };
        check(r#"[{"title": "a"}, 1]"#, "items[1]: it is not an object");
        check(r#"[{"title": "a"}, [1]]"#, "items[1]: it is not an object");
        check(r#"[{}]"#, "items[0]: missing field `title`");
        check(r#"[{"title": " "}]"#, "items[0].title: it is empty");
        check(&format!(r#"[{{"title": "{}"}}]"#, "x".repeat(256)), "items[0].title: it is");
        check(r#"[{"title": "a", "url": "https://evil.example/"}]"#, "items[0]: unknown field");
        check(r#"[{"title": "a", "title": "b"}]"#, "");
        for path in ["", "week", "//evil.example/", "https://evil.example/", "/../b", "/%2e%2e/b"] {
            check(&format!(r#"[{{"title": "a", "path": "{path}"}}]"#), "items[0].path: the path");
        }
        check(r#"[{"title": "a", "path": "/a\\b"}]"#, "items[0].path: the path");
        check(r#"[{"title": "a", "custom": {"a b": "c"}}]"#, "items[0].custom: a name");
        check(r#"[{"title": "a", "custom": {"a": 1}}]"#, "items[0]: invalid type");
        check(r#"[{"title": "a", "custom": {"a": "b\nc"}}]"#, "items[0].custom.a: the value");
        for points in ["0", "-1", "1000001"] {
            check(&format!(r#"[{{"title": "a", "points": {points}}}]"#), "items[0].points: it is");
        }
        for body in ["", "[]", "null", "{}", r#"{"items": 1}"#, r#"{"items": [], "x": 1}"#] {
            assert!(read(body.as_bytes(), true).is_err(), "{body}");
        }
        let without_grades = read(br#"{"items": [{"title": "a", "points": 1}]}"#, false);
        assert!(without_grades.is_err_and(|why| why.starts_with("items[0].points: the tool")));
    }

    #[test]
    fn an_item_has_the_keys_of_a_declared_link() {
        let body = br#"{"items": [
            {"title": "Week 1", "path": "/week/1?x=2", "text": "t", "points": 10.5,
             "custom": {"unit": "w1"}},
            {"title": "Whole tool"}
        ]}"#;
        let links = read(body, true).expect("links");
        let expected = PickedLink {
            title: "Week 1".into(),
            path: Some("/week/1?x=2".into()),
            text: Some("t".into()),
            custom: vec![("unit".into(), "w1".into())],
            points: Some(10.5),
        };
        let whole = PickedLink {
            title: "Whole tool".into(),
            path: None,
            text: None,
            custom: Vec::new(),
            points: None,
        };
        assert_eq!(links, [expected, whole]);
        assert_eq!(read(br#"{"items": []}"#, true), Ok(Vec::new()));
    }
}
