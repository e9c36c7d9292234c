//! What lets a browser's later requests reach an upstream: minted from a launch, or opened from its seal.
//!
//! Nothing of it is kept here, so that a restart or another process loses nobody. The browser holds it as a cookie,
//! sealed and bound to its tool and its id, and browsers give one site some 10 KB of cookies in one platform's frames:
//! a session has a budget.

mod cookie;
mod grade_token;
mod id;
mod key;
mod newest;
mod receipt;
mod seal;
mod sealed;
mod sealed_sender;

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use lti::oauth1::SignatureMethod;
use lti::{GradePlace, Launch, OutcomeService, Roles, Sender};
use serde::{Deserialize, Serialize};

use crate::config::Identity;

pub use cookie::{COOKIE, cookies, is_own_cookie, set_cookie};
pub use grade_token::{GradeToken, GradeTokens};
pub use id::Ids;
pub use key::derive;
pub use newest::{Newest, Watch};
pub use receipt::Receipts;
use seal::{deflated, sealed_length};
pub use sealed::{Sessions, Ticket};
use sealed_sender::SealedSender;

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
/// What a grade token has more than its outcome, at most.
const GRADE_TOKEN_MORE: usize = 300;

/// The name of a ticket, in queries and forms.
pub const TICKET_PARAMETER: &str = "lti_ticket";
/// How long a launch's redirect may take.
pub const TICKET: Duration = Duration::from_secs(60);
/// How long a person may take to click "Open in a new window".
pub const BUTTON: Duration = Duration::from_secs(600);

/// The parameters of LTI 1.1 that a session keeps. A place in this list is how a sealed session
/// names its parameter, so that new ones go to the end.
const PARAMETERS: [&str; 35] = [
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
    OUTCOME_URL,
    SOURCEDID,
    SIGNATURE_METHOD,
];
/// Where a grade goes, and how it is signed. The last is kept where it is not edX's.
const OUTCOME_URL: &str = "lis_outcome_service_url";
const SOURCEDID: &str = "lis_result_sourcedid";
const SIGNATURE_METHOD: &str = "oauth_signature_method";
/// Those that always stay.
const NEEDED: [&str; 6] =
    ["user_id", "context_id", "resource_link_id", OUTCOME_URL, SOURCEDID, SIGNATURE_METHOD];
/// What the names of custom parameters begin with.
const CUSTOM: &str = "custom_";
/// Those that people can write themselves in many platforms. They must not push out what a course says.
const PERSONAL: [&str; 7] = [
    "lis_person_name_full",
    "lis_person_contact_email_primary",
    "lis_person_name_given",
    "lis_person_name_family",
    "lis_person_sourcedid",
    "lis_person_name_middle",
    "user_image",
];
/// How many bytes these have to themselves, before custom parameters.
const PERSONAL_SPACE: usize = 256;
/// How long another parameter may be to go before custom ones. Descriptions in Moodle are whole pages.
const LONG: usize = 255;
/// Those that headers tell, too.
const IN_HEADERS: [&str; 3] =
    ["user_id", "lis_person_name_full", "lis_person_contact_email_primary"];

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
    /// Who sent the launch.
    pub sender: Sender,
    /// What the person is in the course.
    pub roles: Roles,
    /// The custom parameters, by name.
    pub custom: Vec<(String, String)>,
    /// How many parameters of the launch were left out for want of space.
    pub left_out: u32,
    parameters: Vec<(u8, String)>,
}

/// A session as it is written into its seal: launch, minted, expires, sender, roles, parameters, custom parameters,
/// id, left out.
#[derive(Serialize, Deserialize)]
struct Content<'a>(
    u32,
    u64,
    u64,
    SealedSender<'a>,
    u8,
    Vec<(u8, Cow<'a, str>)>,
    Vec<(Cow<'a, str>, Cow<'a, str>)>,
    Cow<'a, str>,
    u32,
);

/// Why no session is minted: what must stay of the launch does not fit into a cookie.
#[derive(Debug, PartialEq, Eq)]
pub struct TooLong;

impl Session {
    /// Mints the session of a launch, and names the parameters that were left out for want of space: first what is longer than
    /// 255 bytes and, where people's own data have more than 256 bytes together, the longest of these; then custom
    /// parameters; then all others but the ids of user, course and link, and where the grade goes. Of each kind the longest
    /// goes first.
    ///
    /// `takes_grade` says whether the tool may send a grade to where the launch takes one.
    ///
    /// # Errors
    /// [`TooLong`] where even the ids do not fit.
    pub fn mint(
        launch: &Launch,
        id: String,
        identity: Identity,
        takes_grade: bool,
        lifetime: Duration,
        now: u64,
    ) -> Result<(Self, Vec<String>), TooLong> {
        let [a, b, c, d, ..] = launch.fingerprint;
        let whole = Self {
            id,
            launch: u32::from_be_bytes([a, b, c, d]),
            minted: now,
            expires: now.saturating_add(lifetime.as_secs()),
            sender: launch.sender.clone(),
            roles: launch.roles,
            custom: launch
                .custom()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            parameters: parameters(launch, identity, takes_grade),
            left_out: 0,
        };
        if whole.fits(BUDGET) {
            return Ok((whole, Vec::new()));
        }
        let order = whole.order_of_leaving();
        let without = |count: usize| whole.without(order.get(..count).unwrap_or_default());
        let counts: Vec<usize> = (0..order.len()).collect();
        let count = counts.partition_point(|count| !without(*count).fits(BUDGET));
        let session = without(count);
        if count == order.len() && !session.fits(LONGEST) {
            // Rather a launch without a grade than none.
            return match takes_grade {
                true => {
                    let (session, mut left_out) =
                        Self::mint(launch, session.id, identity, false, lifetime, now)?;
                    // First, so that the log names them whatever else it has no room for.
                    left_out.splice(0..0, [OUTCOME_URL, SOURCEDID].map(str::to_owned));
                    Ok((session, left_out))
                }
                false => Err(TooLong),
            };
        }
        Ok((session, order.into_iter().take(count).collect()))
    }

    /// The value of a parameter of LTI 1.1, as far as it was sent, reaches this tool and had space.
    pub fn get(&self, parameter: &str) -> Option<&str> {
        let known = |(at, _): &&(u8, String)| PARAMETERS.get(usize::from(*at)) == Some(&parameter);
        self.parameters.iter().find(known).map(|(_, value)| value.as_str())
    }

    /// Where a grade goes, if the launch takes one that the tool may send.
    pub fn grade_place(&self) -> Option<GradePlace> {
        let [url, sourcedid] =
            [OUTCOME_URL, SOURCEDID].map(|name| self.get(name).map(str::to_owned));
        let method = match self.get(SIGNATURE_METHOD) {
            Some(name) => SignatureMethod::named(name)?,
            None => SignatureMethod::HmacSha1,
        };
        Some(GradePlace::Outcome(OutcomeService { url: url?, sourcedid: sourcedid?, method }))
    }

    /// Whether the session's cookie has no more than so many characters, and its requests not too much to carry.
    fn fits(&self, most: usize) -> bool {
        let content = serde_json::to_vec(&self.as_content(&self.id)).unwrap_or_default();
        self.identity_length(content.len()) <= MOST_IDENTITY
            && COOKIE.len() + "=".len() + sealed_length(deflated(&content).len()) <= most
    }

    /// How many characters a request to the upstream carries, at most, for a content of so many bytes.
    fn identity_length(&self, content: usize) -> usize {
        /// A role of two characters becomes an address.
        const ROLE: usize = 60;
        let more = self.named_parameters().map(|(name, value)| match name {
            // In headers, where a byte becomes three.
            name if IN_HEADERS.contains(&name) => 3 * value.len(),
            "roles" => ROLE * value.split(',').count() * 4 / 3,
            // Where a grade goes stands in the grade token, and in no assertion.
            OUTCOME_URL => GRADE_TOKEN_MORE,
            SOURCEDID => 0,
            // Lists, in which each item gets quotation marks.
            _ => 2 * value.matches(',').count() * 4 / 3,
        });
        let sender: usize = self.sender.parts().map(str::len).sum();
        // An assertion is base64 of what is little longer than the content.
        FIXED_IDENTITY + 3 * sender + content * 4 / 3 + more.sum::<usize>()
    }

    /// The names of all that may be left out, in the order in which it is.
    fn order_of_leaving(&self) -> Vec<String> {
        let longest_first = |mut all: Vec<(String, usize)>| {
            all.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
            all
        };
        let optional = self.named_parameters().filter(|(name, _)| !NEEDED.contains(name));
        let optional =
            longest_first(optional.map(|(name, value)| (name.to_owned(), value.len())).collect());
        let custom = self
            .custom
            .iter()
            .map(|(name, value)| (format!("{CUSTOM}{name}"), name.len() + value.len()));

        let (mut first, rest): (Vec<_>, Vec<_>) =
            optional.into_iter().partition(|(_, length)| *length > LONG);
        let is_personal = |name: &str| PERSONAL.contains(&name);
        let mut personal: usize =
            rest.iter().filter(|(name, _)| is_personal(name)).map(|(_, length)| length).sum();
        let (over, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(name, length)| {
            let is_over = is_personal(name) && personal > PERSONAL_SPACE;
            personal -= if is_over { *length } else { 0 };
            is_over
        });
        first.extend(over);
        first.extend(longest_first(custom.collect()));
        first.extend(rest);
        first.into_iter().map(|(name, _)| name).collect()
    }

    /// The same without what has these names.
    fn without(&self, names: &[String]) -> Self {
        let names: HashSet<&str> = names.iter().map(String::as_str).collect();
        let mut session = self.clone();
        session.left_out = u32::try_from(names.len()).unwrap_or(u32::MAX);
        session.custom.retain(|(name, _)| !names.contains(format!("{CUSTOM}{name}").as_str()));
        session.parameters.retain(|(at, _)| {
            PARAMETERS.get(usize::from(*at)).is_none_or(|name| !names.contains(name))
        });
        session
    }

    fn named_parameters<'s>(&'s self) -> impl Iterator<Item = (&'static str, &'s str)> {
        let named = |(at, value): &'s (u8, String)| {
            Some((*PARAMETERS.get(usize::from(*at))?, value.as_str()))
        };
        self.parameters.iter().filter_map(named)
    }

    /// Without its id where that is what it is bound to anyway.
    fn as_content(&self, bound_to: &str) -> Content<'_> {
        Content(
            self.launch,
            self.minted,
            self.expires,
            SealedSender::of(&self.sender),
            self.roles.bits(),
            self.parameters.iter().map(|(at, value)| (*at, value.into())).collect(),
            self.custom.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            if bound_to.is_empty() { self.id.as_str().into() } else { "".into() },
            self.left_out,
        )
    }

    fn from_content(content: Content<'_>, bound_to: &str) -> Self {
        let Content(launch, minted, expires, sender, roles, parameters, custom, id, left_out) =
            content;
        Self {
            id: if bound_to.is_empty() { id.into_owned() } else { bound_to.to_owned() },
            launch,
            minted,
            expires,
            sender: sender.into_sender(),
            roles: Roles::from_bits(roles),
            custom: custom
                .into_iter()
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            left_out,
            parameters: parameters
                .into_iter()
                .map(|(at, value)| (at, value.into_owned()))
                .collect(),
        }
    }
}

/// What a session keeps of a launch, but for personal data that are not for the tool.
fn parameters(launch: &Launch, identity: Identity, takes_grade: bool) -> Vec<(u8, String)> {
    let place = launch.grade_place.as_ref().filter(|_| takes_grade);
    let outcome = place.map(|GradePlace::Outcome(outcome)| outcome);
    let mut kept = Vec::new();
    for (at, name) in (0..).zip(PARAMETERS) {
        let is_for_tool = match name {
            "lis_person_contact_email_primary" => identity.email,
            name => identity.name || !PERSONAL.contains(&name),
        };
        if !is_for_tool {
            continue;
        }
        let value = match name {
            "user_id" => launch.user.id.as_deref(),
            // Also where the platform sent its parts only.
            "lis_person_name_full" => launch.user.name.as_deref(),
            "launch_presentation_return_url" => {
                launch.return_url.as_ref().map(lti::ReturnUrl::as_str)
            }
            OUTCOME_URL => outcome.map(|outcome| outcome.url.as_str()),
            SOURCEDID => outcome.map(|outcome| outcome.sourcedid.as_str()),
            SIGNATURE_METHOD => outcome
                .map(|outcome| outcome.method)
                .filter(|method| *method != SignatureMethod::HmacSha1)
                .map(SignatureMethod::name),
            _ => launch.sent(name),
        };
        kept.extend(value.map(|value| (at, value.to_owned())));
    }
    kept
}
