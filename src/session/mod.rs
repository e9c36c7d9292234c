//! What lets a browser's later requests reach an upstream: minted from a launch, or opened from its seal.
//!
//! Nothing of it is kept here, so that a restart or another process loses nobody. The browser holds it as a cookie,
//! sealed and bound to its tool and its id, and browsers give one site some 10 KB of cookies in one platform's frames:
//! a session has a budget.

mod cookie;
mod id;
mod key;
mod newest;
mod receipt;
mod seal;
mod sealed;

use std::borrow::Cow;
use std::time::Duration;

use lti::{Launch, Roles};
use serde::{Deserialize, Serialize};

use crate::config::Identity;

pub use cookie::{COOKIE, cookies, is_own_cookie, set_cookie};
pub use id::Ids;
pub use key::derive;
pub use newest::{Newest, Watch};
pub use receipt::Receipts;
use seal::{deflated, sealed_length};
pub use sealed::{Sessions, Ticket};

/// The most characters of a session's cookie, name and value: ten of them, and ten receipts, fit into the 10,240 that
/// Chromium gives one site in one platform's frames.
pub const BUDGET: usize = 900;
/// The most characters of one for which all that may be left out is left out. Browsers drop longer ones.
const LONGEST: usize = 3800;
/// The most characters of identity that a request to an upstream carries: its headers and its assertion. Upstreams take 8 KB of
/// headers, and the browser's come on top.
const MOST_IDENTITY: usize = 6 * 1024;
/// What of that is the same for all sessions, at most: names of headers and claims, addresses, the signature.
const FIXED_IDENTITY: usize = 2200;

/// How long a launch's redirect may take.
pub const TICKET: Duration = Duration::from_secs(60);
/// How long a person may take to click "Open in a new window".
pub const BUTTON: Duration = Duration::from_secs(600);

/// The parameters of LTI 1.1 that a session keeps, from the most needed to the least. The first three always stay. A
/// place in this list is how a sealed session names its parameter, so that new ones go to the end.
const PARAMETERS: [&str; 32] = [
    "user_id",
    "context_id",
    "resource_link_id",
    "lis_person_name_full",
    "lis_person_contact_email_primary",
    "lis_person_name_given",
    "lis_person_name_family",
    "lis_person_sourcedid",
    "roles",
    "launch_presentation_locale",
    "resource_link_title",
    "context_title",
    "context_label",
    "launch_presentation_return_url",
    "context_type",
    "role_scope_mentor",
    "lis_course_section_sourcedid",
    "lis_course_offering_sourcedid",
    "launch_presentation_document_target",
    "tool_consumer_instance_guid",
    "tool_consumer_info_product_family_code",
    "tool_consumer_instance_name",
    "tool_consumer_instance_url",
    "tool_consumer_info_version",
    "launch_presentation_width",
    "launch_presentation_height",
    "launch_presentation_css_url",
    "resource_link_description",
    "lis_person_name_middle",
    "user_image",
    "tool_consumer_instance_description",
    "tool_consumer_instance_contact_email",
];
/// How many of them always stay.
const NEEDED: usize = 3;
/// Those that headers tell, too.
const IN_HEADERS: [&str; 3] = ["user_id", "lis_person_name_full", "lis_person_contact_email_primary"];

/// One person at one resource link of one tool.
///
/// `Debug` is left out: nearly all of it is personal data.
#[derive(Clone)]
pub struct Session {
    /// What tells it from other sessions: an address, never a credential.
    pub id: String,
    /// Stands for the launch that it was minted from.
    pub launch: u32,
    /// When, in seconds since the epoch.
    pub minted: u64,
    /// The last second at which it opens.
    pub expires: u64,
    /// The key of the consumer that signed the launch.
    pub consumer_key: String,
    /// What the person is in the course.
    pub roles: Roles,
    /// The custom parameters, by name.
    pub custom: Vec<(String, String)>,
    parameters: Vec<(u8, String)>,
}

/// A session as it is written into its seal: launch, minted, expires, consumer, roles, parameters, custom parameters, id.
#[derive(Serialize, Deserialize)]
struct Content<'a>(
    u32,
    u64,
    u64,
    Cow<'a, str>,
    u8,
    Vec<(u8, Cow<'a, str>)>,
    Vec<(Cow<'a, str>, Cow<'a, str>)>,
    Cow<'a, str>,
);

/// Why no session is minted: what must stay of the launch does not fit into a cookie.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

impl Session {
    /// Mints the session of a launch, and says which parameters were left out for want of space: custom ones first, the
    /// longest of them before the others, then those that are needed least.
    ///
    /// # Errors
    /// [`TooLong`] where even the ids do not fit.
    pub fn mint(
        launch: &Launch,
        id: String,
        identity: Identity,
        lifetime: Duration,
        now: u64,
    ) -> Result<(Self, Vec<String>), TooLong> {
        let mut custom = smallest(launch.custom());
        custom.sort_by_key(|(name, value)| name.len() + value.len());
        let [a, b, c, d, ..] = launch.fingerprint;
        let mut session = Self {
            id,
            launch: u32::from_be_bytes([a, b, c, d]),
            minted: now,
            expires: now.saturating_add(lifetime.as_secs()),
            consumer_key: launch.consumer_key.clone(),
            roles: launch.roles,
            custom,
            parameters: parameters(launch, identity),
        };
        let left_out = session.shorten()?;
        session.custom.sort();
        Ok((session, left_out))
    }

    /// The value of a parameter of LTI 1.1, as far as it was sent, reaches this tool and had space.
    pub fn get(&self, parameter: &str) -> Option<&str> {
        let known = |(at, _): &&(u8, String)| PARAMETERS.get(usize::from(*at)) == Some(&parameter);
        self.parameters.iter().find(known).map(|(_, value)| value.as_str())
    }

    /// Drops what does not fit. Custom parameters are sorted from short to long.
    fn shorten(&mut self) -> Result<Vec<String>, TooLong> {
        let most = BUDGET - COOKIE.len() - "=".len();
        let fits = |customs: usize, parameters: usize, most: usize| {
            let content = self.content_of(customs, parameters);
            self.identity_length(content.len(), parameters) <= MOST_IDENTITY
                && sealed_length(deflated(&content).len()) <= most
        };
        let (mut customs, mut parameters) = (self.custom.len(), self.parameters.len());
        if !fits(customs, parameters, most) {
            customs =
                last_that((0..customs).collect(), |customs| fits(customs, parameters, most)).unwrap_or(0);
            let needed = self.parameters.iter().filter(|(at, _)| usize::from(*at) < NEEDED).count();
            while customs == 0 && parameters > needed && !fits(0, parameters, most) {
                parameters -= 1;
            }
            if !fits(customs, parameters, LONGEST) {
                return Err(TooLong);
            }
        }
        let mut left_out: Vec<String> =
            self.custom.drain(customs..).map(|(name, _)| format!("custom_{name}")).collect();
        left_out.extend(
            self.parameters
                .drain(parameters..)
                .filter_map(|(at, _)| Some((*PARAMETERS.get(usize::from(at))?).to_owned())),
        );
        Ok(left_out)
    }

    /// How many characters a request to the upstream carries, at most, for a content of so many bytes.
    fn identity_length(&self, content: usize, parameters: usize) -> usize {
        /// A role of two characters becomes an address.
        const ROLE: usize = 60;
        let more = self.parameters.iter().take(parameters).map(|(at, value)| match usize::from(*at) {
            // In headers, where a byte becomes three.
            at if IN_HEADERS.contains(&PARAMETERS[at]) => 3 * value.len(),
            at if PARAMETERS[at] == "roles" => ROLE * value.split(',').count() * 4 / 3,
            // Lists, in which each item gets quotation marks.
            _ => 2 * value.matches(',').count() * 4 / 3,
        });
        // An assertion is base64 of what is little longer than the content.
        FIXED_IDENTITY + 3 * self.consumer_key.len() + content * 4 / 3 + more.sum::<usize>()
    }

    /// With so many of the custom and of the other parameters.
    fn content_of(&self, customs: usize, parameters: usize) -> Vec<u8> {
        serde_json::to_vec(&self.as_content(customs, parameters, &self.id)).unwrap_or_default()
    }

    /// Without its id where that is what it is bound to anyway.
    fn as_content(&self, customs: usize, parameters: usize, bound_to: &str) -> Content<'_> {
        Content(
            self.launch,
            self.minted,
            self.expires,
            self.consumer_key.as_str().into(),
            self.roles.bits(),
            self.parameters.iter().take(parameters).map(|(at, value)| (*at, value.into())).collect(),
            self.custom.iter().take(customs).map(|(name, value)| (name.into(), value.into())).collect(),
            if bound_to.is_empty() { self.id.as_str().into() } else { "".into() },
        )
    }

    fn from_content(content: Content<'_>, bound_to: &str) -> Self {
        let Content(launch, minted, expires, consumer_key, roles, parameters, custom, id) = content;
        Self {
            id: if bound_to.is_empty() { id.into_owned() } else { bound_to.to_owned() },
            launch,
            minted,
            expires,
            consumer_key: consumer_key.into_owned(),
            roles: Roles::from_bits(roles),
            custom: custom.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            parameters: parameters.into_iter().map(|(at, value)| (at, value.into_owned())).collect(),
        }
    }
}

/// The last of these numbers for which a condition holds that holds for all up to some number and for none after it.
fn last_that(numbers: Vec<usize>, holds: impl Fn(usize) -> bool) -> Option<usize> {
    numbers.partition_point(|number| holds(*number)).checked_sub(1).and_then(|at| numbers.get(at)).copied()
}

/// Of several custom parameters of one name the one with the smallest value, because a signature does not cover their order.
fn smallest<'a>(custom: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    let mut by_name = std::collections::BTreeMap::new();
    for (name, value) in custom {
        let known = by_name.entry(name).or_insert(value);
        *known = value.min(known);
    }
    by_name.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What a session keeps of a launch, but for personal data that are not for the tool.
fn parameters(launch: &Launch, identity: Identity) -> Vec<(u8, String)> {
    let of_name = [
        "lis_person_name_full",
        "lis_person_name_given",
        "lis_person_name_family",
        "lis_person_name_middle",
        "lis_person_sourcedid",
        "user_image",
    ];
    let mut kept = Vec::new();
    for (at, name) in (0..).zip(PARAMETERS) {
        if (of_name.contains(&name) && !identity.name)
            || (name == "lis_person_contact_email_primary" && !identity.email)
        {
            continue;
        }
        let value = match name {
            "user_id" => launch.user.id.as_deref(),
            // Also where the platform sent its parts only.
            "lis_person_name_full" => launch.user.name.as_deref(),
            "launch_presentation_return_url" => launch.return_url.as_ref().map(lti::ReturnUrl::as_str),
            _ => launch.sent(name),
        };
        kept.extend(value.map(|value| (at, value.to_owned())));
    }
    kept
}
