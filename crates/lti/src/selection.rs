//! The request of a platform for links to a tool: deep linking (LTI 1.3), or the selection of
//! content items (LTI 1.1).

use std::fmt;

use crate::launch::Launch;
use crate::oauth1::SignatureMethod;
use crate::return_url::ReturnUrl;

/// The maximum length of `data`, in bytes.
pub const LONGEST_DATA: usize = 8 * 1024;
/// The maximum length of a return URL, in bytes.
pub(crate) const LONGEST_RETURN_URL: usize = 4 * 1024;

/// The claim with the settings of a request (LTI 1.3).
pub(crate) const CLAIM_DEEP_LINKING: &str =
    "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings";
/// The parameter with the URL that accepts the response (LTI 1.1).
pub(crate) const CONTENT_ITEM_RETURN_URL: &str = "content_item_return_url";

/// A verified request for links to the tool.
///
/// `Debug` shows only the sender, because the rest can identify a person.
#[non_exhaustive]
pub struct Selection {
    /// Sender, user, roles and course. It has no resource link and accepts no grade.
    pub request: Launch,
    /// The URL at the platform that accepts the response.
    pub return_url: String,
    /// The platform's own value, which the response must repeat byte for byte.
    pub data: Option<String>,
    /// Whether the platform accepts several links.
    pub accepts_several: bool,
    /// Whether the platform accepts line items with the links.
    pub accepts_line_item: bool,
    /// The form of the response.
    pub format: SelectionFormat,
}

/// The form of the response to a request for links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectionFormat {
    /// A signed token (`LtiDeepLinkingResponse`, LTI 1.3).
    DeepLinking,
    /// A signed form (`ContentItemSelection`, LTI 1.1), with the signature method of the request.
    ContentItem(SignatureMethod),
}

impl SelectionFormat {
    /// The claim or the parameter of the request with the return URL.
    pub fn return_url_name(self) -> &'static str {
        match self {
            Self::DeepLinking => CLAIM_DEEP_LINKING,
            Self::ContentItem(_) => CONTENT_ITEM_RETURN_URL,
        }
    }
}

/// A URL for the response: absolute, http or https, and not too long.
pub(crate) fn return_url(url: &str) -> Option<String> {
    let is_short = url.len() <= LONGEST_RETURN_URL;
    ReturnUrl::parse(url).filter(|_| is_short).map(|url| url.as_str().to_owned())
}

impl fmt::Debug for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Selection").field("request", &self.request).finish_non_exhaustive()
    }
}
