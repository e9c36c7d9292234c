//! A platform's request for links, sealed: in the form of the picker, in the token of an upstream,
//! and in the URL with the picked links. The server stores nothing.

use std::borrow::Cow;

use lti::oauth1::SignatureMethod;
use lti::{Secret, Selection, SelectionFormat, Sender};
use serde::{Deserialize, Serialize};

use super::field::Field;
use super::launch_mark::{LaunchMark, MarkContent};
use super::seal::{Seal, deflated};
use super::sealed_sender::SealedSender;
use super::session::Session;

/// The lifetime of a request for links, in seconds: in the picker, and in an upstream's token.
pub const LINK_REQUEST_LIFETIME: u64 = 3600;
/// The lifetime of a URL with picked links, in seconds.
pub const PICKED_LIFETIME: u64 = 600;

/// How a platform accepts links, and what it wants back with them. It has no `Debug`, because its
/// URL and `data` can identify a person.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkRequest {
    /// The name of the tool.
    pub tool: String,
    /// The sender of the request.
    pub sender: Sender,
    /// The URL at the platform that accepts the response.
    pub return_url: String,
    /// The platform's own value, which the response must repeat.
    pub data: Option<String>,
    /// What the platform accepts.
    pub terms: LinkTerms,
}

/// What a platform accepts, and in which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkTerms {
    /// Whether it accepts several links.
    pub accepts_several: bool,
    /// Whether it accepts line items.
    pub accepts_line_item: bool,
    /// The form of the response.
    pub format: SelectionFormat,
}

/// A link that a user picked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PickedLink {
    /// The title.
    pub title: String,
    /// The path and query below the launch path, if it is not the tool itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The custom parameters, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom: Vec<(String, String)>,
    /// The maximum score, if the link has a grade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<f64>,
}

/// The content of an upstream's token.
pub struct LinkToken {
    /// The request that it answers.
    pub request: LinkRequest,
    /// The launch.
    pub mark: LaunchMark,
    /// The gateway's origin, as browsers see the tool.
    pub origin: String,
}

/// The links that a user picked in an upstream's picker.
pub struct PickedLinks {
    /// The request that they answer.
    pub request: LinkRequest,
    /// The links.
    pub links: Vec<PickedLink>,
    /// The last second at which they are valid, in seconds since the epoch.
    pub expires: u64,
}

/// The serialized request: expires, tool, sender, return URL, data, terms.
#[derive(Serialize, Deserialize)]
struct LinkRequestContent<'a>(
    u64,
    Cow<'a, str>,
    SealedSender<'a>,
    Cow<'a, str>,
    Option<Cow<'a, str>>,
    Cow<'a, str>,
);

/// The serialized token: request, launch, origin.
#[derive(Serialize, Deserialize)]
struct TokenContent<'a>(LinkRequestContent<'a>, MarkContent<'a>, Cow<'a, str>);

/// The serialized picked links: request, links.
#[derive(Serialize, Deserialize)]
struct PickedContent<'a>(LinkRequestContent<'a>, Cow<'a, [PickedLink]>);

/// Seals and opens requests for links. Its keys are derived from `gateway.secret`: the first key
/// seals, every key opens.
pub struct LinkRequests {
    forms: Seal,
    tokens: Seal,
    picked: Seal,
}

impl LinkRequest {
    /// The request for links to this tool.
    pub fn of(selection: &Selection, tool: &str) -> Self {
        Self {
            tool: tool.to_owned(),
            sender: selection.request.sender.clone(),
            return_url: selection.return_url.clone(),
            data: selection.data.clone(),
            terms: LinkTerms::of(selection),
        }
    }

    /// The request that a session of an upstream's picker answers. `None` for another session.
    fn of_session(session: &Session, tool: &str) -> Option<Self> {
        Some(Self {
            tool: tool.to_owned(),
            sender: session.sender.clone(),
            return_url: session.get(Field::LinksReturnUrl)?.to_owned(),
            data: session.get(Field::LinksData).map(str::to_owned),
            terms: LinkTerms::decode(session.get(Field::LinksTerms)?)?,
        })
    }

    fn content(&self, expires: u64) -> LinkRequestContent<'_> {
        LinkRequestContent(
            expires,
            self.tool.as_str().into(),
            SealedSender::of(&self.sender),
            self.return_url.as_str().into(),
            self.data.as_deref().map(Cow::from),
            self.terms.encode().into(),
        )
    }

    /// The request, if it has not expired at `now`.
    fn opened(content: LinkRequestContent<'_>, now: u64) -> Option<Self> {
        let LinkRequestContent(expires, tool, sender, return_url, data, terms) = content;
        let request = Self {
            tool: tool.into_owned(),
            sender: sender.into_sender(),
            return_url: return_url.into_owned(),
            data: data.map(Cow::into_owned),
            terms: LinkTerms::decode(&terms)?,
        };
        (expires >= now).then_some(request)
    }
}

impl LinkTerms {
    /// The terms of a request.
    pub(super) fn of(selection: &Selection) -> Self {
        Self {
            accepts_several: selection.accepts_several,
            accepts_line_item: selection.accepts_line_item,
            format: selection.format,
        }
    }

    /// The terms as a short string: `s` for several links, `i` for line items, and the signature
    /// method of LTI 1.1.
    pub(super) fn encode(self) -> String {
        let several = if self.accepts_several { "s" } else { "" };
        let line_item = if self.accepts_line_item { "i" } else { "" };
        let method = match self.format {
            SelectionFormat::DeepLinking => "",
            SelectionFormat::ContentItem(method) => method.name(),
        };
        format!("{several}{line_item} {method}")
    }

    fn decode(text: &str) -> Option<Self> {
        let (flags, method) = text.split_once(' ')?;
        let format = match method {
            "" => SelectionFormat::DeepLinking,
            name => SelectionFormat::ContentItem(SignatureMethod::named(name)?),
        };
        let (accepts_several, accepts_line_item) = (flags.contains('s'), flags.contains('i'));
        Some(Self { accepts_several, accepts_line_item, format })
    }
}

impl LinkToken {
    /// The token of a session at `now`, and its expiry. `None` for a session that picks no links,
    /// or whose request has expired.
    pub fn new(session: &Session, tool: &str, origin: &str, now: u64) -> Option<(Self, u64)> {
        let expires = session.minted.saturating_add(LINK_REQUEST_LIFETIME);
        let request = LinkRequest::of_session(session, tool).filter(|_| expires >= now)?;
        let mark = LaunchMark::of(session);
        Some((Self { request, mark, origin: origin.to_owned() }, expires))
    }
}

impl LinkRequests {
    /// Derives the keys from these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        Self {
            forms: Seal::new(secrets, "lti-gateway picker 1"),
            tokens: Seal::new(secrets, "lti-gateway link token 1"),
            picked: Seal::new(secrets, "lti-gateway picked links 1"),
        }
    }

    /// Seals a request for the form of the picker. `None` only without a key or randomness.
    pub fn seal_form(&self, request: &LinkRequest, now: u64) -> Option<String> {
        let expires = now.saturating_add(LINK_REQUEST_LIFETIME);
        close(&self.forms, &request.content(expires))
    }

    /// Opens the request in a form. `None` if it has expired at `now`, was altered, or is from
    /// another gateway.
    pub fn open_form(&self, sealed: &str, now: u64) -> Option<LinkRequest> {
        let content = self.forms.open(sealed, &[])?;
        LinkRequest::opened(serde_json::from_slice(&content).ok()?, now)
    }

    /// Seals a token. `None` only without a key or randomness.
    pub fn seal_token(&self, token: &LinkToken, expires: u64) -> Option<String> {
        let (request, mark) = (token.request.content(expires), token.mark.content());
        let content = TokenContent(request, mark, token.origin.as_str().into());
        close(&self.tokens, &content)
    }

    /// Opens a token, as [`open_form`](Self::open_form) opens a form.
    pub fn open_token(&self, sealed: &str, now: u64) -> Option<LinkToken> {
        let content = self.tokens.open(sealed, &[])?;
        let TokenContent(request, mark, origin) = serde_json::from_slice(&content).ok()?;
        let request = LinkRequest::opened(request, now)?;
        Some(LinkToken { request, mark: mark.into_mark(), origin: origin.into_owned() })
    }

    /// Seals picked links for a URL. `None` only without a key or randomness.
    pub fn seal_picked(
        &self,
        request: &LinkRequest,
        links: &[PickedLink],
        now: u64,
    ) -> Option<String> {
        let expires = now.saturating_add(PICKED_LIFETIME);
        close(&self.picked, &PickedContent(request.content(expires), links.into()))
    }

    /// Opens picked links, as [`open_form`](Self::open_form) opens a form. The caller must make
    /// sure that they are used only once.
    pub fn open_picked(&self, sealed: &str, now: u64) -> Option<PickedLinks> {
        let content = self.picked.open(sealed, &[])?;
        let PickedContent(request, links) = serde_json::from_slice(&content).ok()?;
        let expires = request.0;
        let request = LinkRequest::opened(request, now)?;
        Some(PickedLinks { request, links: links.into_owned(), expires })
    }
}

fn close(seal: &Seal, content: &impl Serialize) -> Option<String> {
    seal.close(&deflated(&serde_json::to_vec(content).ok()?), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests() -> LinkRequests {
        LinkRequests::new(&[Secret::new("the gateway's own, of 32 characters")])
    }

    fn request(format: SelectionFormat) -> LinkRequest {
        LinkRequest {
            tool: "nb".into(),
            sender: Sender::Consumer("key-1".into()),
            return_url: "https://lms.example/return?a=b".into(),
            data: Some("a&<\"é\r\n\u{1f600}".into()),
            terms: LinkTerms { accepts_several: true, accepts_line_item: false, format },
        }
    }

    fn formats() -> [SelectionFormat; 3] {
        let [first, second] = SignatureMethod::ALL.map(SelectionFormat::ContentItem);
        [SelectionFormat::DeepLinking, first, second]
    }

    #[test]
    fn each_seal_opens_only_its_own_kind_until_it_expires() {
        let requests = requests();
        for format in formats() {
            let request = request(format);
            let form = requests.seal_form(&request, 1000).expect("a form");
            let roles = lti::Roles::from_bits(2);
            let mark = LaunchMark { session: "s".into(), launch: 7, minted: 1000, roles };
            let origin = "https://t".to_owned();
            let token = LinkToken { request: request.clone(), mark: mark.clone(), origin };
            let token = requests.seal_token(&token, 4600).expect("a token");
            let link = PickedLink {
                title: "Week 1".into(),
                path: Some("/week/1".into()),
                text: None,
                custom: vec![("unit".into(), "w1".into())],
                points: Some(10.5),
            };
            let links = [link.clone(), PickedLink { path: None, points: None, ..link }];
            let picked = requests.seal_picked(&request, &links, 1000).expect("a URL");

            assert!(requests.open_form(&form, 4600).is_some_and(|opened| opened == request));
            assert!(requests.open_form(&form, 4601).is_none());
            let opened = requests.open_token(&token, 4600).expect("a token");
            assert!(opened.request == request && opened.origin == "https://t");
            assert_eq!(opened.mark, mark);
            assert!(requests.open_token(&token, 4601).is_none());
            let opened = requests.open_picked(&picked, 1600).expect("links");
            assert!(opened.request == request && opened.expires == 1600);
            assert_eq!(opened.links, links);
            assert!(requests.open_picked(&picked, 1601).is_none());

            for other in [&token, &picked] {
                assert!(requests.open_form(other, 1000).is_none());
            }
            for other in [&form, &picked] {
                assert!(requests.open_token(other, 1000).is_none());
            }
            for other in [&form, &token] {
                assert!(requests.open_picked(other, 1000).is_none());
            }
        }
    }

    #[test]
    fn terms_survive_encoding() {
        for format in formats() {
            for (accepts_several, accepts_line_item) in
                [(false, false), (true, false), (false, true), (true, true)]
            {
                let terms = LinkTerms { accepts_several, accepts_line_item, format };
                assert_eq!(LinkTerms::decode(&terms.encode()), Some(terms));
            }
        }
        for other in ["", "s", "si PLAINTEXT"] {
            assert_eq!(LinkTerms::decode(other), None, "{other}");
        }
    }
}
