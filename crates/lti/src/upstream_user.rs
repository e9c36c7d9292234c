//! The users of a platform as upstreams know them, also after a migration from LTI 1.1.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::sender::{ConsumerKey, PlatformName};

/// Whose users the users of a platform are.
#[derive(Clone, Copy, Debug)]
pub struct PlatformUsers<'a> {
    /// The platform.
    pub platform: &'a PlatformName,
    /// The consumers of LTI 1.1 for whose users the platform speaks, as configured.
    pub formerly: &'a [ConsumerKey],
    /// Whether the `sub` of a user is also the `user_id` of LTI 1.1, as in Moodle.
    pub keeps_ids: bool,
}

/// A user as upstreams know them. It has no `Debug`, because an id may identify a person.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamUser<'a> {
    /// The platform.
    pub platform: &'a PlatformName,
    /// The consumer of LTI 1.1 to whose users this one belongs; `None` for a user of the platform.
    pub former: Option<ConsumerKey>,
    /// The id, unique within the consumer or the platform.
    pub id: String,
}

impl<'a> PlatformUsers<'a> {
    /// The user of a `sub`. `legacy_id` is the platform's `lti11_legacy_user_id`.
    ///
    /// This is the only mapping of users without a proof. The user belongs to a consumer only if
    /// `formerly` has exactly one key, and the platform sent the old id or keeps ids.
    pub fn user(&self, sub: &str, legacy_id: Option<&str>) -> UpstreamUser<'a> {
        let legacy_id = legacy_id.or(self.keeps_ids.then_some(sub));
        match (self.formerly, legacy_id) {
            ([key], Some(id)) => self.former_user(key, id),
            _ => UpstreamUser { platform: self.platform, former: None, id: sub.to_owned() },
        }
    }

    /// The platform's own id of a user as upstreams know them, if the text alone shows it. `None`
    /// for other platforms' and consumers' users, and for a user whose `sub` only the platform
    /// knows.
    ///
    /// This is the reverse of [`user`](Self::user) without a `legacy_id`. The user may not exist.
    pub fn sub(&self, upstream_user: &str) -> Option<String> {
        let (_, id) = upstream_user.split_once(':')?;
        let user = self.user(id, None);
        (!id.is_empty() && user.to_string() == upstream_user).then_some(user.id)
    }

    /// The user of a consumer.
    pub(crate) fn former_user(&self, key: &ConsumerKey, id: &str) -> UpstreamUser<'a> {
        UpstreamUser { platform: self.platform, former: Some(key.clone()), id: id.to_owned() }
    }
}

impl UpstreamUser<'_> {
    /// The part that makes the id unique.
    pub fn namespace(&self) -> &str {
        self.former.as_ref().map_or(self.platform.as_str(), ConsumerKey::as_str)
    }
}

/// The user id that upstreams receive. See [`upstream_user_id`].
impl fmt::Display for UpstreamUser<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&upstream_user_id(self.namespace(), &self.id))
    }
}

/// The user id that upstreams receive: `namespace:id`, because an id is unique only within its
/// consumer or platform.
///
/// The namespace's colons are percent-encoded. So the first colon ends the namespace, and no sender
/// can name another sender's users.
pub fn upstream_user_id(namespace: &str, id: &str) -> String {
    let namespace = namespace.replace('%', "%25").replace(':', "%3A");
    format!("{namespace}:{id}")
}

/// A hash of a user id for upstreams: the first 16 bytes of its SHA-256 digest.
pub fn upstream_user_hash(user: &str) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&Sha256::digest(user.as_bytes())[..16]);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_belongs_to_the_only_former_consumer_if_the_old_id_is_known() {
        let platform = PlatformName::from("moodle");
        let [one, other] = ["course-a", "b:c"].map(ConsumerKey::from);
        let check = |formerly: &[ConsumerKey], keeps_ids, legacy_id, expected: &str| {
            let users = PlatformUsers { platform: &platform, formerly, keeps_ids };
            assert_eq!(users.user("s-1", legacy_id).to_string(), expected);
        };
        check(&[], false, None, "moodle:s-1");
        check(&[], false, Some("7"), "moodle:s-1");
        check(&[], true, None, "moodle:s-1");
        check(&[one.clone()], false, None, "moodle:s-1");
        check(&[one.clone()], false, Some("7"), "course-a:7");
        check(&[one.clone()], true, None, "course-a:s-1");
        check(&[one.clone()], true, Some("7"), "course-a:7");
        check(&[other.clone()], true, None, "b%3Ac:s-1");
        check(&[one.clone(), other.clone()], false, Some("7"), "moodle:s-1");
        check(&[one, other], true, None, "moodle:s-1");
    }

    #[test]
    fn the_text_of_a_user_shows_the_sub_if_the_platform_keeps_ids_or_has_no_former_consumer() {
        let platform = PlatformName::from("moodle");
        let key = ConsumerKey::from("b:c");
        let check = |formerly: &[ConsumerKey], keeps_ids, user: &str, expected: Option<&str>| {
            let users = PlatformUsers { platform: &platform, formerly, keeps_ids };
            assert_eq!(users.sub(user).as_deref(), expected, "{user}");
        };
        check(&[], false, "moodle:4:2", Some("4:2"));
        check(&[], true, "moodle:42", Some("42"));
        for other in ["42", "", ":42", "moodle", "moodle:", "canvas:42", "Moodle:42", " moodle:42"]
        {
            check(&[], false, other, None);
        }
        let one = std::slice::from_ref(&key);
        check(one, true, "b%3Ac:42", Some("42"));
        check(one, true, "moodle:42", None);
        // Only the platform knows whose old id this is.
        check(one, false, "b%3Ac:42", None);
        check(one, false, "moodle:42", Some("42"));
    }

    #[test]
    fn the_first_colon_ends_the_namespace() {
        for (namespace, id, expected) in [
            ("moodle", "4:2", "moodle:4:2"),
            ("a:b", "4", "a%3Ab:4"),
            ("a%3Ab", "4", "a%253Ab:4"),
            ("", "4", ":4"),
        ] {
            assert_eq!(upstream_user_id(namespace, id), expected);
        }
    }
}
