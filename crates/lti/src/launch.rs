use std::collections::BTreeMap;
use std::fmt;

use crate::grade_place::{GradePlace, NoGradePlace};
use crate::oauth1::Params;
use crate::return_url::ReturnUrl;
use crate::role::Roles;
use crate::sender::{ConsumerKey, Sender};
use crate::sent_value::is_sent;

/// A verified launch: user, course, resource link and custom parameters.
///
/// Only a successful examination creates it: code outside this crate cannot. It does not show the
/// LTI version of the launch. A value is `None` if the platform did not send it, sent it empty, or
/// sent an unresolved variable (`$Person.name.full`).
///
/// `Debug` shows only the sender and the link, because the rest is personal data.
#[non_exhaustive]
pub struct Launch {
    /// The sender.
    pub sender: Sender,
    /// The user.
    pub user: User,
    /// The user's roles in the course.
    pub roles: Roles,
    /// The course.
    pub context: Context,
    /// The placement of the tool in the course.
    pub resource_link: ResourceLink,
    /// The learning platform.
    pub platform: Platform,
    /// `launch_presentation_locale`, such as `en-US` or `en_US`.
    pub locale: Option<String>,
    /// The URL to which the platform wants its user to return.
    pub return_url: Option<ReturnUrl>,
    /// The service that accepts a grade for this user and link, or why it is missing.
    pub grade_place: Result<GradePlace, NoGradePlace>,
    /// The URL of the course's members. `None` if the platform sent no usable one.
    pub memberships: Option<String>,
    /// A hash of sender and signature. It is equal only for the same token, or for the same form
    /// with its parameters in any order, because a signature does not cover their order.
    pub fingerprint: [u8; 16],
    pub(crate) params: Params,
}

/// The user. Only `id` identifies a user, and only within its consumer or platform. In edX, course
/// authors can set name and email, because `custom_parameters` may override them.
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
    /// The platform's own id of the user, if migration changed `id`. Services of the platform know
    /// only this one.
    pub platform_id: Option<String>,
    /// The consumer whose user this is, if migration changed it. Otherwise users belong to the
    /// sender.
    pub consumer: Option<ConsumerKey>,
}

/// The course.
#[derive(Default)]
#[non_exhaustive]
pub struct Context {
    /// `context_id`, opaque.
    pub id: Option<String>,
    /// `context_label`, the course number in most platforms.
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

/// The learning platform's description of itself.
#[derive(Default)]
#[non_exhaustive]
pub struct Platform {
    /// `tool_consumer_instance_guid`.
    pub guid: Option<String>,
    /// `tool_consumer_instance_name`.
    pub name: Option<String>,
    /// `tool_consumer_instance_url`.
    pub url: Option<String>,
    /// `tool_consumer_info_product_family_code`: `moodle`, `canvas`; edX sends the name of its
    /// site.
    pub product_family_code: Option<String>,
    /// `tool_consumer_info_version`.
    pub version: Option<String>,
}

impl Launch {
    /// The part that makes the user's id unique: that of the sender, or the consumer of a migrated
    /// user.
    pub fn user_namespace(&self) -> &str {
        match &self.user.consumer {
            Some(key) => key.as_str(),
            None => self.sender.user_namespace(),
        }
    }

    /// The custom parameters by name, without `custom_`. The spelling is that of the platform: edX
    /// keeps the author's, other platforms convert names to lower case.
    ///
    /// If a parameter has several values, the smallest counts. A signature does not cover their
    /// order, so everyone who has the form could choose the first.
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

    /// The value of a parameter; `None` if the platform did not send one. If it has several values,
    /// the smallest counts, because a signature does not cover their order.
    pub fn sent(&self, name: &str) -> Option<&str> {
        let values = self.params.iter().filter(|param| param.name == name).map(|param| param.value);
        values.filter(|value| is_sent(value)).min()
    }

    /// Every parameter as sent, in order and with duplicates, except those of OAuth.
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
