//! Who is a member of a course, remembered for a minute.
//!
//! A teacher who grades a class sends one grade after the other. The memory holds keyed hashes of
//! the members' ids for upstreams, not the ids. It also has the platform's own id of a member whose
//! id for upstreams does not show it, after a migration.

#![deny(clippy::arithmetic_side_effects)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lti::PlatformUsers;
use lti::v1p3::MemberStatus;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex as AsyncMutex;

use super::members::{CourseMembers, MembersError};
use super::service::Platforms;
use super::service_client::ServiceClient;
use crate::clock::Clock;
use crate::config::Platform;

/// How long a list counts, in seconds.
const FRESH: u64 = 60;
/// How long a list counts for a user who is not in it, in seconds: the user may have joined since.
const FRESH_WITHOUT: u64 = 10;
/// The most members of all remembered courses. One takes about 50 bytes.
const MOST_MEMBERS: usize = 100_000;

/// The remembered members of courses, of one configuration.
pub struct KnownMembers {
    /// Makes the hashes useless outside this process.
    salt: [u8; 16],
    /// The number of readings that have begun.
    readings: AtomicU64,
    courses: Mutex<HashMap<[u8; 16], Arc<Course>>>,
}

/// The members of a course.
#[derive(Default)]
struct Course {
    list: Mutex<Option<MemberList>>,
    /// Only its holder asks the platform.
    turn: AsyncMutex<()>,
}

struct MemberList {
    reading: MemberReading,
    /// The running time at which it was read, in seconds.
    at: u64,
    members: HashMap<[u8; 16], OwnId>,
}

/// The reading of a list of members, by the order in which readings began. A list that a slow
/// reading returns late is older than that of a reading that began after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberReading(u64);

/// The platform's own id of a member.
#[derive(Clone)]
enum OwnId {
    /// The id for upstreams shows it ([`PlatformUsers::sub`]).
    Shown,
    /// Only the platform knows it.
    Sub(String),
}

/// A course of a platform.
#[derive(Clone)]
pub struct NamedCourse {
    /// The gateway's registration at the platform.
    pub client: Arc<ServiceClient>,
    /// The platform, which says whose users its users are.
    pub platform: Arc<Platform>,
    /// The URL of the members.
    pub url: String,
}

impl KnownMembers {
    /// Remembers nobody yet.
    pub fn new() -> Self {
        let mut salt = [0; 16];
        // Without randomness, the hashes are those of any process.
        let _ = getrandom::fill(&mut salt);
        Self { salt, readings: AtomicU64::new(0), courses: Mutex::default() }
    }

    /// The platform's own id of a user as upstreams know them. `None` if the user is no member of
    /// the course, or has left it.
    ///
    /// A request to the platform goes on without its caller, so that a slow list counts for the
    /// next call.
    ///
    /// # Errors
    /// Any [`MembersError`].
    pub async fn find(
        self: &Arc<Self>,
        platforms: &Platforms,
        course: &NamedCourse,
        user: &str,
        clock: &Clock,
    ) -> Result<Option<String>, MembersError> {
        let (key, known) = self.course(course);
        let user_key = self.hash(&[user]);
        let sub = |own: OwnId| match own {
            OwnId::Shown => course.platform.users().sub(user),
            OwnId::Sub(sub) => Some(sub),
        };
        if let Some(found) = known.find(&user_key, clock.running()) {
            return Ok(found.and_then(sub));
        }
        let (memory, platforms) = (Arc::clone(self), platforms.clone());
        let (course, clock) = (course.clone(), clock.clone());
        let read = async move {
            let turn = known.turn.lock().await;
            if let Some(found) = known.find(&user_key, clock.running()) {
                return Ok(found);
            }
            let reading = memory.begin_reading();
            let read = match platforms.members(&course.client, &course.url, &clock).await {
                Ok(read) => read,
                Err(error) => {
                    drop(turn);
                    drop(known);
                    memory.forget_unread(&key);
                    return Err(error);
                }
            };
            let members = memory.members(&read, &course.platform.users());
            let found = members.get(&user_key).cloned();
            known.store(MemberList { reading, at: clock.running(), members });
            memory.forget(&key);
            Ok(found)
        };
        let read = tokio::spawn(read).await.unwrap_or(Err(MembersError::Slow));
        Ok(read?.and_then(sub))
    }

    /// Begins to read a list of members for [`Self::remember`].
    pub fn begin_reading(&self) -> MemberReading {
        MemberReading(self.readings.fetch_add(1, Ordering::SeqCst))
    }

    /// Remembers a complete list of members, unless the memory has a newer one.
    pub fn remember(
        &self,
        course: &NamedCourse,
        reading: MemberReading,
        read: &CourseMembers,
        clock: &Clock,
    ) {
        let (key, known) = self.course(course);
        let members = self.members(read, &course.platform.users());
        known.store(MemberList { reading, at: clock.running(), members });
        self.forget(&key);
    }

    /// The memory of a course, and its key.
    fn course(&self, course: &NamedCourse) -> ([u8; 16], Arc<Course>) {
        let client = &course.client;
        let key = [client.platform.as_str(), client.client.id.as_str(), &course.url];
        let key = self.hash(&key);
        (key, Arc::clone(lock(&self.courses).entry(key).or_default()))
    }

    /// The members of a list, by the hashes of their ids for upstreams.
    fn members(&self, read: &CourseMembers, users: &PlatformUsers<'_>) -> HashMap<[u8; 16], OwnId> {
        let present = read.members.iter().filter(|one| one.status != MemberStatus::Deleted);
        let members = present.map(|member| {
            let user = users.user(&member.user_id, member.legacy_user_id.as_deref()).to_string();
            let is_shown = users.sub(&user).as_deref() == Some(member.user_id.as_str());
            let own = if is_shown { OwnId::Shown } else { OwnId::Sub(member.user_id.clone()) };
            (self.hash(&[&user]), own)
        });
        members.collect()
    }

    /// Forgets a course without a list that nobody else reads. The last of those who wait for a
    /// failed reading forgets it.
    fn forget_unread(&self, key: &[u8; 16]) {
        let mut courses = lock(&self.courses);
        // Only a holder of the lock takes another reference from the map.
        let is_unread =
            |course: &Arc<Course>| Arc::strong_count(course) == 1 && lock(&course.list).is_none();
        if courses.get(key).is_some_and(is_unread) {
            courses.remove(key);
        }
    }

    /// Forgets the oldest courses, until the others have few enough members. Keeps this one.
    fn forget(&self, newest: &[u8; 16]) {
        let mut courses = lock(&self.courses);
        let mut sizes: Vec<(u64, usize, [u8; 16])> = courses
            .iter()
            .map(|(key, course)| {
                let list = lock(&course.list);
                let (at, size) =
                    list.as_ref().map_or((u64::MAX, 0), |list| (list.at, list.members.len()));
                (at, size.saturating_add(1), *key)
            })
            .collect();
        sizes.sort_unstable();
        let mut total = sizes.iter().fold(0_usize, |sum, (_, size, _)| sum.saturating_add(*size));
        for (_, size, key) in sizes {
            if total <= MOST_MEMBERS {
                break;
            }
            if key != *newest {
                courses.remove(&key);
                total = total.saturating_sub(size);
            }
        }
    }

    /// A hash with the length before each part.
    fn hash(&self, parts: &[&str]) -> [u8; 16] {
        let mut digest = Sha256::new_with_prefix(self.salt);
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut hash = [0; 16];
        hash.copy_from_slice(&digest.finalize()[..16]);
        hash
    }
}

impl Default for KnownMembers {
    fn default() -> Self {
        Self::new()
    }
}

impl Course {
    /// Stores a list, unless the course has a newer one.
    fn store(&self, newer: MemberList) {
        let mut list = lock(&self.list);
        if list.as_ref().is_none_or(|list| list.reading <= newer.reading) {
            *list = Some(newer);
        }
    }

    /// Whether a user is in the list. `None` if the list is too old to say so.
    fn find(&self, user: &[u8; 16], now: u64) -> Option<Option<OwnId>> {
        let list = lock(&self.list);
        let list = list.as_ref()?;
        let age = now.saturating_sub(list.at);
        match list.members.get(user) {
            Some(own) => (age < FRESH).then(|| Some(own.clone())),
            None => (age < FRESH_WITHOUT).then_some(None),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use lti::{ConsumerKey, PlatformName, Sender};

    use super::*;
    use crate::config::{Environment, read};
    use crate::platform::own_keys::OwnKeys;
    use crate::platform::service_client::ServiceClients;

    #[test]
    fn a_member_counts_for_a_minute_and_a_stranger_for_ten_seconds() {
        let (member, stranger) = ([1; 16], [2; 16]);
        let course = Course::default();
        assert!(course.find(&member, 0).is_none());
        let members = HashMap::from([(member, OwnId::Shown)]);
        course.store(MemberList { reading: MemberReading(0), at: 100, members });
        let check = |user: &[u8; 16], now, expected: Option<bool>| {
            let found = course.find(user, now).map(|found| found.is_some());
            assert_eq!(found, expected, "{now}");
        };
        check(&member, 159, Some(true));
        check(&member, 160, None);
        check(&stranger, 109, Some(false));
        check(&stranger, 110, None);
        check(&member, 0, Some(true));
    }

    #[tokio::test]
    async fn a_course_whose_reading_fails_is_forgotten() {
        let text = "[gateway]\npublic_url = 'https://tools.example'\n\
            secret = '0123456789abcdef0123456789abcdef'\n\
            [platforms.moodle]\ntype = 'moodle'\nurl = 'https://lms.example'\nclient_id = '1'\n\
            [tools.hello]\nupstream = 'http://127.0.0.1:9000'\nplatforms = 'moodle'\n";
        let file = std::path::Path::new("tools.toml");
        let config = read(file, text, &Environment::new(), false).config;
        let platform = Arc::clone(&config.platforms[0]);
        let keys = OwnKeys::new(&config);
        let clients = ServiceClients::new(&config.platforms, &keys, &config.public_url);
        let sender = Sender::Platform {
            name: "moodle".into(),
            client_id: "1".into(),
            deployment_id: "".into(),
        };
        let client = Arc::clone(clients.of(&sender).expect("a client"));
        let platforms = Platforms::new(config.outcomes.clone(), false).expect("no certificates");
        let known = Arc::new(KnownMembers::new());
        let course = |number: u8| NamedCourse {
            client: Arc::clone(&client),
            platform: Arc::clone(&platform),
            url: format!("not a URL {number}"),
        };
        let clock = Clock::new(|| 1000);
        for number in 0..3 {
            let course = course(number);
            // Several wait for one reading.
            let find = || known.find(&platforms, &course, "moodle:1", &clock);
            let (one, other) = tokio::join!(find(), find());
            assert!(one.is_err() && other.is_err());
            assert!(lock(&known.courses).is_empty());
        }
        // A course with a list stays.
        let read = CourseMembers { title: None, members: Vec::new() };
        known.remember(&course(0), known.begin_reading(), &read, &clock);
        known.forget_unread(&known.course(&course(0)).0);
        assert_eq!(lock(&known.courses).len(), 1);
    }

    #[test]
    fn a_slow_reading_replaces_no_newer_list() {
        let known = KnownMembers::new();
        let (course, joined) = (Course::default(), [1; 16]);
        let (slow, newer) = (known.begin_reading(), known.begin_reading());
        let members = HashMap::from([(joined, OwnId::Shown)]);
        course.store(MemberList { reading: newer, at: 100, members });
        course.store(MemberList { reading: slow, at: 101, members: HashMap::new() });
        assert!(course.find(&joined, 101).is_some_and(|found| found.is_some()));
    }

    #[test]
    fn only_ids_that_upstreams_do_not_see_are_stored() {
        let page = br#"{"members": [{"user_id": "1"}, {"user_id": "2",
            "lti11_legacy_user_id": "old"}, {"user_id": "3", "status": "Deleted"}]}"#;
        let page = lti::v1p3::MembersPage::parse(page).expect("a page");
        let read = CourseMembers { title: None, members: page.members };
        let (platform, key) = (PlatformName::from("canvas"), ConsumerKey::from("old-key"));
        let formerly = std::slice::from_ref(&key);
        let users = PlatformUsers { platform: &platform, formerly, keeps_ids: false };
        let known = KnownMembers::new();
        let members = known.members(&read, &users);
        assert_eq!(members.len(), 2);
        let own = |user: &str| members.get(&known.hash(&[user]));
        assert!(matches!(own("canvas:1"), Some(OwnId::Shown)));
        assert!(matches!(own("old-key:old"), Some(OwnId::Sub(sub)) if sub == "2"));
        assert!(own("canvas:2").is_none() && own("canvas:3").is_none());
    }

    #[test]
    fn the_oldest_courses_are_forgotten() {
        let known = KnownMembers::new();
        for number in 0..6_u8 {
            let members = (0..30_000_u32)
                .map(|member| {
                    let mut key = [number; 16];
                    key[..4].copy_from_slice(&member.to_be_bytes());
                    (key, OwnId::Shown)
                })
                .collect();
            let course = Course::default();
            course.store(MemberList { reading: MemberReading(0), at: u64::from(number), members });
            lock(&known.courses).insert([number; 16], Arc::new(course));
            known.forget(&[number; 16]);
        }
        let mut left: Vec<u8> = lock(&known.courses).keys().map(|key| key[0]).collect();
        left.sort_unstable();
        assert_eq!(left, [3, 4, 5]);
    }
}
