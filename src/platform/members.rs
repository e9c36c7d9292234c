//! The members of a course, from the platform's Names and Role Provisioning Services 2.0.

#![deny(clippy::arithmetic_side_effects)]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use lti::v1p3::{MEMBERS_MEDIA_TYPE, MEMBERS_SCOPE, Member, MembersPage};
use reqwest::Method;
use tokio::time::{Instant, timeout_at};

use super::error::PlatformError;
use super::reply::Reply;
use super::service::Platforms;
use super::service_client::ServiceClient;
use super::service_message::ServiceMessage;
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

/// The members of a course. It has no `Debug`, because it contains personal data.
#[derive(Default)]
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
        let turn = timeout_at(until, self.kept.member_turns.0.acquire()).await;
        let _turn = turn.map_err(|_| MembersError::Slow)?;
        let mut reading = CourseReading::default();
        let read = reading.read_all(self, client, url, clock);
        match timeout_at(until, read).await {
            Ok(read) => read.map(|()| reading.read),
            Err(_) if reading.pages == 0 => Err(MembersError::Slow),
            Err(_) => Err(MembersError::TooMany),
        }
    }
}

/// A course whose members the gateway reads.
#[derive(Default)]
struct CourseReading {
    read: CourseMembers,
    /// The number of pages that the gateway has read.
    pages: usize,
}

impl CourseReading {
    async fn read_all(
        &mut self,
        platforms: &Platforms,
        client: &Arc<ServiceClient>,
        sent: &str,
        clock: &Clock,
    ) -> Result<(), MembersError> {
        let (mut known, mut bytes) = (HashSet::new(), 0_usize);
        let first = platforms.url(sent)?;
        let mut seen = HashSet::from([first.to_string()]);
        let mut next = Some(first.clone());
        while let Some(url) = next {
            if self.pages == MOST_PAGES {
                return Err(MembersError::TooMany);
            }
            let request = ServiceMessage {
                method: Method::GET,
                url,
                accept: MEMBERS_MEDIA_TYPE,
                body: None,
                scopes: &[MEMBERS_SCOPE],
                largest: LARGEST_PAGE,
            };
            let reply = platforms.call_service(client, &request, clock).await?;
            judge(&reply)?;
            let body = reply.body.as_deref().ok_or(MembersError::TooMany)?;
            bytes = bytes.saturating_add(body.len());
            let page = MembersPage::parse(body).map_err(|error| invalid(reply.status, error))?;
            self.pages = self.pages.saturating_add(1);
            self.read.title = self.read.title.take().or(page.context_title);
            let new = page.members.into_iter().filter(|one| known.insert(one.user_id.clone()));
            self.read.members.extend(new);
            if self.read.members.len() > MOST_MEMBERS || bytes > LARGEST_COURSE {
                return Err(MembersError::TooMany);
            }
            next = platforms.next_page(sent, &first, &reply)?;
            if next.as_ref().is_some_and(|next| !seen.insert(next.to_string())) {
                let fault = "the links to the next pages form a circle";
                return Err(invalid(reply.status, fault).into());
            }
        }
        Ok(())
    }
}

/// The result of a response of the service.
fn judge(reply: &Reply) -> Result<(), PlatformError> {
    let Err(error) = reply.judge() else { return Ok(()) };
    let PlatformError::RefusedByStatus { status, .. } = error else { return Err(error) };
    let description = reply.service_message();
    // Canvas limits the rate with 403. After a 401, another token has been tried, too: the
    // platform's keys may have changed.
    Err(match status {
        403 if reply.is_rate_limit() => {
            PlatformError::Unavailable { status, description, retry_after: reply.retry_after() }
        }
        401 => PlatformError::Unavailable { status, description, retry_after: None },
        _ => PlatformError::RefusedByStatus { status, description },
    })
}

/// The error for a response that is not a page.
fn invalid(status: u16, fault: impl ToString) -> PlatformError {
    PlatformError::InvalidResponse { status, fault: fault.to_string() }
}
