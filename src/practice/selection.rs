//! Selections of links: requests that a tool has not answered yet, and the content items of its
//! answers.

use std::collections::VecDeque;

use serde_json::{Number, Value};

use super::link::{CourseLink, WantedLineItem};

/// The largest number of requests. The oldest are dropped.
const MOST: usize = 100;
/// How long a request can be answered, in seconds.
const LIFETIME: u64 = 3600;
/// The most links and custom parameters of one answer that the course accepts.
const MOST_ITEMS: usize = 20;
/// The largest length of a string of an item, in bytes.
const LONGEST: usize = 4096;

/// A request for links.
#[derive(Clone)]
pub struct PendingSelection {
    /// The name of the tool.
    pub tool: String,
    /// The launch URL of the tool. Links lead there or below it.
    pub launch_url: String,
    /// The URL to which the browser posts the answer.
    pub return_url: String,
}

/// The requests, by the `data` that their answers have to contain. Each is answered once.
#[derive(Default)]
pub struct PendingSelections(VecDeque<(String, u64, PendingSelection)>);

impl PendingSelections {
    /// Stores a request under an unguessable id. Returns its `data`: tools have to return it
    /// unchanged, so it has all characters that a page or a form can break.
    pub fn add(&mut self, id: &str, selection: PendingSelection, now: u64) -> String {
        let data = format!("{id} &amp;<\"'>+%2B\\é");
        self.0.truncate(MOST - 1);
        self.0.push_front((data.clone(), now.saturating_add(LIFETIME), selection));
        data
    }

    /// The request of a `data`.
    pub fn find(&self, data: &str, now: u64) -> Option<&PendingSelection> {
        let (.., selection) =
            self.0.iter().find(|(known, expires, _)| known == data && now <= *expires)?;
        Some(selection)
    }

    /// Ends a request.
    pub fn remove(&mut self, data: &str) {
        self.0.retain(|(known, ..)| known != data);
    }
}

/// The field of an item with the largest score.
#[derive(Clone, Copy)]
pub(super) enum MaximumField {
    /// `scoreMaximum` (LTI 1.3).
    ScoreMaximum,
    /// `scoreConstraints.normalMaximum` (LTI 1.1).
    NormalMaximum,
}

/// The link of a content item.
///
/// # Errors
/// The reason why the course does not add it.
pub(super) fn picked_link(
    item: &Value,
    launch_url: &str,
    maximum: MaximumField,
) -> Result<CourseLink, String> {
    let string = |value: &Value, name: &str| -> Result<String, String> {
        match &value[name] {
            Value::Null => Ok(String::new()),
            Value::String(text) if text.len() <= LONGEST => Ok(text.clone()),
            _ => Err(format!("{name} is not a string of at most {LONGEST} bytes")),
        }
    };
    let url = string(item, "url")?;
    let place = if url.is_empty() { "" } else { place(&url, launch_url)? };
    let custom = match &item["custom"] {
        Value::Null => Vec::new(),
        Value::Object(custom) if custom.len() <= MOST_ITEMS => {
            let pair = |(name, value): (&String, &Value)| {
                let text = value.as_str().filter(|text| text.len() <= LONGEST);
                let text = text.ok_or_else(|| format!("custom {name} is not a string"))?;
                Ok((name.clone(), text.to_owned()))
            };
            custom.iter().map(pair).collect::<Result<_, String>>()?
        }
        _ => return Err(format!("custom is not an object of at most {MOST_ITEMS} strings")),
    };
    let line_item = match &item["lineItem"] {
        Value::Null => None,
        sent => Some(WantedLineItem {
            label: string(sent, "label")?,
            maximum: points(sent, maximum).ok_or("lineItem has no maximum above zero")?,
            resource_id: string(sent, "resourceId")?,
            tag: string(sent, "tag")?,
        }),
    };
    let (title, text) = (string(item, "title")?, string(item, "text")?);
    Ok(CourseLink { title, text, place: place.to_owned(), custom, line_item })
}

/// The items of an answer, of which the course adds only some.
pub(super) fn accepted_items(items: &[Value]) -> impl Iterator<Item = &Value> {
    items.iter().take(MOST_ITEMS)
}

fn points(line_item: &Value, field: MaximumField) -> Option<Number> {
    let value = match field {
        MaximumField::ScoreMaximum => &line_item["scoreMaximum"],
        MaximumField::NormalMaximum => &line_item["scoreConstraints"]["normalMaximum"],
    };
    let number = value.as_number()?;
    number.as_f64().is_some_and(|number| number > 0.0).then(|| number.clone())
}

/// The place in the tool of a URL: at the launch URL or below it.
fn place<'u>(url: &'u str, launch_url: &str) -> Result<&'u str, String> {
    let place = url.strip_prefix(launch_url);
    let place = place.filter(|rest| {
        rest.is_empty() || rest.starts_with(['/', '?']) || launch_url.ends_with('/')
    });
    place.ok_or_else(|| "url is not at the launch URL of the tool".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_link_leads_to_the_tool() {
        for (url, expected) in [
            ("http://t.example/lti/nb", Some("")),
            ("http://t.example/lti/nb/a?b=c", Some("/a?b=c")),
            ("http://t.example/lti/nb?b=c", Some("?b=c")),
            ("http://t.example/lti/nbx", None),
            ("http://t.example/lti/", None),
            ("http://evil.example/lti/nb", None),
        ] {
            assert_eq!(place(url, "http://t.example/lti/nb").ok(), expected, "{url}");
        }
        assert_eq!(place("http://t.example/a", "http://t.example/").ok(), Some("a"));
    }

    #[test]
    fn a_link_is_read_from_an_item_of_either_version() {
        let own = "http://t.example/lti/nb";
        let item = json!({
            "title": "Week 1", "text": "t", "url": format!("{own}/w/1"), "custom": {"a": "b"},
            "lineItem": {
                "label": "W", "scoreMaximum": 7.5, "resourceId": "r", "tag": "x",
                "scoreConstraints": {"normalMaximum": 8},
            },
        });
        let link = picked_link(&item, own, MaximumField::ScoreMaximum).expect("a link");
        assert_eq!((link.title.as_str(), link.place.as_str()), ("Week 1", "/w/1"));
        assert_eq!(link.custom, [("a".to_owned(), "b".to_owned())]);
        let line_item = link.line_item.expect("a line item");
        assert_eq!(line_item.maximum.as_f64(), Some(7.5));
        let link = picked_link(&item, own, MaximumField::NormalMaximum).expect("a link");
        assert_eq!(link.line_item.expect("a line item").maximum.as_f64(), Some(8.0));
        let empty = picked_link(&json!({}), own, MaximumField::ScoreMaximum).expect("a link");
        assert_eq!((empty.place.as_str(), empty.line_item), ("", None));
        for bad in [
            json!({"url": 1}),
            json!({"title": "x".repeat(LONGEST + 1)}),
            json!({"custom": {"a": 1}}),
            json!({"custom": []}),
            json!({"lineItem": {"label": "a"}}),
            json!({"lineItem": {"scoreMaximum": 0}}),
            json!({"url": "http://t.example/lti/other"}),
        ] {
            assert!(picked_link(&bad, own, MaximumField::ScoreMaximum).is_err(), "{bad}");
        }
    }
}
