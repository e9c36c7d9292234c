//! The members of a course, from the platform's Names and Role Provisioning Services 2.0.

#![deny(clippy::arithmetic_side_effects)]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use lti::v1p3::{MEMBERS_MEDIA_TYPE, MEMBERS_SCOPE, Member, MembersPage, next_page};
use reqwest::{Method, Url};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::error::PlatformError;
use super::service::Platforms;
use super::service_client::ServiceClient;
use super::service_request::ServiceRequest;
use crate::clock::Clock;

/// The timeout of all pages together.
pub const MEMBERS_TIMEOUT: Duration = Duration::from_secs(30);
/// The most pages of a course.
pub const MOST_PAGES: usize = 50;
/// The most members of a course.
pub const MOST_MEMBERS: usize = 20_000;
/// The largest page, in bytes. A page with all 20,000 members has about 6 MB.
const LARGEST_PAGE: usize = 8 * 1024 * 1024;
/// The largest course, in bytes of all pages.
const LARGEST_COURSE: usize = 16 * 1024 * 1024;
/// The most courses that the gateway reads at once. Others wait.
const CONCURRENT: usize = 4;

/// The members of a course. It has no `Debug`, because it contains personal data.
pub struct CourseMembers {
    /// The title of the course, if the platform sends it.
    pub title: Option<String>,
    /// The members, each once, in the order of the platform.
    pub members: Vec<Member>,
}

/// Why the gateway has no list of members.
#[derive(Clone)]
pub enum MembersError {
    /// The platform, or the way to it, failed.
    Platform(PlatformError),
    /// The course has more members or pages than the gateway reads, or its pages take too long.
    TooMany,
    /// The platform sent no page in time.
    Slow,
}

impl From<PlatformError> for MembersError {
    fn from(error: PlatformError) -> Self {
        Self::Platform(error)
    }
}

/// The turns of requests for members.
#[derive(Clone)]
pub(super) struct MemberTurns(Arc<Semaphore>);

impl Default for MemberTurns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CONCURRENT)))
    }
}

impl Platforms {
    /// Reads the members of a course, page by page.
    ///
    /// # Errors
    /// Any [`MembersError`].
    pub async fn members(
        &self,
        client: &Arc<ServiceClient>,
        url: &str,
        clock: &Clock,
    ) -> Result<CourseMembers, MembersError> {
        let until = Instant::now().checked_add(MEMBERS_TIMEOUT).ok_or(MembersError::Slow)?;
        let turn = timeout_at(until, self.member_turns.0.acquire()).await;
        let _turn = turn.map_err(|_| MembersError::Slow)?;
        let mut reading = Reading { pages: Pages::new(url)?, read: CourseMembers::default() };
        let read = reading.read_all(self, client, clock);
        match timeout_at(until, read).await {
            Ok(read) => read.map(|()| reading.read),
            Err(_) if reading.pages.count == 0 => Err(MembersError::Slow),
            Err(_) => Err(MembersError::TooMany),
        }
    }
}

impl Default for CourseMembers {
    fn default() -> Self {
        Self { title: None, members: Vec::new() }
    }
}

/// A course whose members the gateway reads.
struct Reading {
    pages: Pages,
    read: CourseMembers,
}

impl Reading {
    async fn read_all(
        &mut self,
        platforms: &Platforms,
        client: &Arc<ServiceClient>,
        clock: &Clock,
    ) -> Result<(), MembersError> {
        let (mut known, mut bytes) = (HashSet::new(), 0_usize);
        let mut next = Some(self.pages.first.to_string());
        while let Some(url) = next {
            if self.pages.count == MOST_PAGES {
                return Err(MembersError::TooMany);
            }
            let request = ServiceRequest {
                method: Method::GET,
                url: platforms.url(&url)?,
                accept: MEMBERS_MEDIA_TYPE,
                body: None,
                scopes: &[MEMBERS_SCOPE],
                largest: LARGEST_PAGE,
            };
            let reply = platforms.call_service(client, &request, clock).await?;
            reply.judge()?;
            let body = reply.body.as_deref().ok_or(MembersError::TooMany)?;
            bytes = bytes.saturating_add(body.len());
            let page = MembersPage::parse(body).map_err(|error| invalid(reply.status, error))?;
            self.pages.count = self.pages.count.saturating_add(1);
            self.read.title = self.read.title.take().or(page.context_title);
            let new = page.members.into_iter().filter(|one| known.insert(one.user_id.clone()));
            self.read.members.extend(new);
            if self.read.members.len() > MOST_MEMBERS || bytes > LARGEST_COURSE {
                return Err(MembersError::TooMany);
            }
            next = match next_page(reply.links.iter().map(String::as_str)) {
                Some(link) => Some(self.pages.next(link, reply.status)?),
                None => None,
            };
        }
        Ok(())
    }
}

/// The pages of a course. All of them have the scheme, the host and the port of the first one: edX
/// may say http behind a proxy.
struct Pages {
    first: Url,
    /// The URLs of all pages so far.
    seen: HashSet<String>,
    /// The number of pages that the gateway has read.
    count: usize,
}

impl Pages {
    fn new(url: &str) -> Result<Self, PlatformError> {
        let first = Url::parse(url).map_err(|_| PlatformError::NOT_A_URL)?;
        let seen = HashSet::from([first.to_string()]);
        Ok(Self { first, seen, count: 0 })
    }

    /// The URL of the next page.
    fn next(&mut self, link: &str, status: u16) -> Result<String, PlatformError> {
        let invalid = |fault| PlatformError::InvalidResponse { status, fault: String::from(fault) };
        let link = self.first.join(link);
        let link = link.map_err(|_| invalid("the link to the next page is not a URL"))?;
        if !matches!(link.scheme(), "http" | "https") || link.host_str() != self.first.host_str() {
            return Err(invalid("the link to the next page leads to another host"));
        }
        let mut next = self.first.clone();
        next.set_path(link.path());
        next.set_query(link.query());
        let next = next.to_string();
        match self.seen.insert(next.clone()) {
            true => Ok(next),
            false => Err(invalid("the links to the next pages form a circle")),
        }
    }
}

/// The error for a response that is not a page.
fn invalid(status: u16, fault: impl ToString) -> PlatformError {
    PlatformError::InvalidResponse { status, fault: fault.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_has_the_origin_of_the_first() {
        let check = |link: &str, expected: &str| {
            let mut pages = Pages::new("https://lms.example:8443/m/7?type=3").ok().expect("a URL");
            assert_eq!(pages.next(link, 200).ok().as_deref(), Some(expected), "{link}");
        };
        check("https://lms.example:8443/m/7?page=2", "https://lms.example:8443/m/7?page=2");
        check("http://lms.example/m/7?page=2", "https://lms.example:8443/m/7?page=2");
        check("HTTP://LMS.example:80/n?a=b#c", "https://lms.example:8443/n?a=b");
        check("/m/7?page=2", "https://lms.example:8443/m/7?page=2");
        check("?page=2", "https://lms.example:8443/m/7?page=2");
        check("//lms.example/x", "https://lms.example:8443/x");
        check("https://user:word@lms.example/x", "https://lms.example:8443/x");
    }

    #[test]
    fn a_link_to_another_host_or_to_a_page_that_was_read_is_an_error() {
        let fault = |link: &str| {
            let mut pages = Pages::new("https://lms.example/m").ok().expect("a URL");
            pages.next(link, 200).err().map(|error| error.to_string()).expect(link)
        };
        for link in [
            "https://evil.example/m",
            "//evil.example/m",
            "https://lms.example.evil.example/m",
            "https://lms.example@evil.example/m",
            "ftp://lms.example/m",
            "javascript:alert(1)",
        ] {
            assert!(fault(link).contains("another host"), "{link}");
        }
        assert!(fault("https://").contains("not a URL"));
        assert!(fault("").contains("circle"));
        assert!(fault("http://lms.example/m").contains("circle"));
    }
}
