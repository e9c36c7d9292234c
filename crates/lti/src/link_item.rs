//! The links that a user picked, for the response in either version.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::replay::shortened;

/// A link to the tool. The platform launches its URL with its custom parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkItem {
    /// The launch URL.
    pub url: String,
    /// The title.
    pub title: String,
    /// The description.
    pub text: Option<String>,
    /// The URL of an icon.
    pub icon: Option<String>,
    /// The custom parameters, by name.
    pub custom: Vec<(String, String)>,
    /// The column in the gradebook that the platform shall create.
    pub line_item: Option<NewLineItem>,
}

/// A column in the gradebook for a new link.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLineItem {
    /// The title of the column.
    pub label: String,
    /// The maximum score.
    pub points: f64,
    /// The id of the link, by which the tool recognizes the column.
    pub resource_id: String,
}

/// The id of a link: a hash of tool, path and custom parameters.
pub fn resource_id(tool: &str, path: &str, custom: &[(String, String)]) -> String {
    let mut digest = Sha256::new();
    let custom = custom.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    for part in [tool, path].into_iter().chain(custom) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    BASE64_URL_SAFE_NO_PAD.encode(shortened(digest))
}

impl LinkItem {
    /// The custom parameters as a JSON object.
    pub(crate) fn custom_object(&self) -> Value {
        let pairs = self.custom.iter().map(|(name, value)| (name.clone(), json!(value)));
        Value::Object(pairs.collect())
    }
}

/// A maximum score as a JSON number. A whole number has no decimal point.
pub(crate) fn number(points: f64) -> Value {
    const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;
    if points.fract() == 0.0 && (0.0..LARGEST_WHOLE).contains(&points) {
        json!(points as u64)
    } else {
        json!(points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_link_depends_on_tool_path_and_custom_parameters() {
        let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let id = resource_id("nb", "/week/1", &pair("unit", "w1"));
        assert_eq!(id.len(), 22);
        assert_eq!(id, resource_id("nb", "/week/1", &pair("unit", "w1")));
        for other in [
            resource_id("nc", "/week/1", &pair("unit", "w1")),
            resource_id("nb", "/week/2", &pair("unit", "w1")),
            resource_id("nb", "/week/1", &pair("unit", "w2")),
            resource_id("nb", "/week/1", &pair("unitw", "1")),
            resource_id("nb", "/week/1", &[]),
            resource_id("nb/week/1", "", &pair("unit", "w1")),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn a_whole_number_has_no_decimal_point() {
        for (points, expected) in [(10.0, "10"), (0.5, "0.5"), (1e16, "1e+16"), (0.0, "0")] {
            assert_eq!(number(points).to_string(), expected);
        }
    }
}
