use std::collections::BTreeMap;
use std::fmt;

use crate::grade_place::GradePlace;
use crate::oauth1::Params;
use crate::return_url::ReturnUrl;
use crate::role::Roles;
use crate::sender::Sender;
use crate::sent_value::is_sent;

/// One verified launch: who, in which course, from which link, with which custom values.
///
/// It exists only because everything about it was checked: no code outside this crate can make one. Nothing
/// in it says which version of LTI brought it. Text that the platform did not send, sent empty or sent as
/// a variable that it could not fill in (`$Person.name.full`) is `None`.
///
/// `Debug` shows the sender and the link only, for the rest is personal data.
#[non_exhaustive]
pub struct Launch {
    /// Who sent it.
    pub sender: Sender,
    /// Who launched.
    pub user: User,
    /// What they are in this course.
    pub roles: Roles,
    /// The course.
    pub context: Context,
    /// The placement in the course from which they came.
    pub resource_link: ResourceLink,
    /// The learning platform.
    pub platform: Platform,
    /// `launch_presentation_locale`, such as `en-US` or `en_US`.
    pub locale: Option<String>,
    /// Where the platform wants its user back.
    pub return_url: Option<ReturnUrl>,
    /// Where the platform takes a grade for this user and link; `None` where it takes none.
    pub grade_place: Option<GradePlace>,
    /// Stands for the signed form itself: equal for the same form sent again, and for no other but in the order of its
    /// parameters, which is not signed.
    pub fingerprint: [u8; 16],
    pub(crate) params: Params,
}

/// Who launched. Only `id` identifies, and only within its consumer: course authors can set a name and an
/// e-mail in edX (`custom_parameters` may override them).
#[derive(Default)]
#[non_exhaustive]
pub struct User {
    /// `user_id`, opaque. `None` for an anonymous launch.
    pub id: Option<String>,
    /// `lis_person_name_full`, or the given and family names together.
    pub name: Option<String>,
    /// `lis_person_name_given`.
    pub given_name: Option<String>,
    /// `lis_person_name_family`.
    pub family_name: Option<String>,
    /// `lis_person_contact_email_primary`.
    pub email: Option<String>,
}

/// The course.
#[derive(Default)]
#[non_exhaustive]
pub struct Context {
    /// `context_id`, opaque.
    pub id: Option<String>,
    /// `context_label`, a course number in most platforms.
    pub label: Option<String>,
    /// `context_title`.
    pub title: Option<String>,
}

/// The placement of a tool in a course.
#[derive(Default)]
#[non_exhaustive]
pub struct ResourceLink {
    /// `resource_link_id`, opaque, unique within its consumer.
    pub id: String,
    /// `resource_link_title`.
    pub title: Option<String>,
    /// `resource_link_description`.
    pub description: Option<String>,
}

/// The learning platform, as it describes itself.
#[derive(Default)]
#[non_exhaustive]
pub struct Platform {
    /// `tool_consumer_instance_guid`.
    pub guid: Option<String>,
    /// `tool_consumer_instance_name`.
    pub name: Option<String>,
    /// `tool_consumer_instance_url`.
    pub url: Option<String>,
    /// `tool_consumer_info_product_family_code`: `moodle`, `canvas`; edX sends its site's name.
    pub product_family_code: Option<String>,
    /// `tool_consumer_info_version`.
    pub version: Option<String>,
}

impl Launch {
    /// The custom parameters by name, without `custom_` and otherwise spelt as sent: edX keeps the author's spelling, other
    /// platforms turn it into lower case.
    ///
    /// Of several values the smallest counts, because a signature does not cover their order: whoever holds the form could
    /// choose the first.
    pub fn custom(&self) -> BTreeMap<&str, &str> {
        let named = self
            .params
            .iter()
            .filter_map(|param| Some((param.name.strip_prefix("custom_")?, param.value)));
        let mut custom = BTreeMap::new();
        for (name, value) in named.filter(|(_, value)| is_sent(value)) {
            let smallest = custom.entry(name).or_insert(value);
            *smallest = value.min(smallest);
        }
        custom
    }

    /// The value of a parameter, if it was really sent. Of several values the smallest counts, because a signature does not
    /// cover their order.
    pub fn sent(&self, name: &str) -> Option<&str> {
        let values = self.params.iter().filter(|param| param.name == name).map(|param| param.value);
        values.filter(|value| is_sent(value)).min()
    }

    /// Every parameter as it was sent, in order, with duplicates, without the `oauth_…` ones.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params
            .iter()
            .map(|param| (param.name, param.value))
            .filter(|(name, _)| !name.starts_with("oauth_"))
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Launch")
            .field("sender", &self.sender)
            .field("resource_link", &self.resource_link.id)
            .finish_non_exhaustive()
    }
}
