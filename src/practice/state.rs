//! The state of the practice platform: everything that a course and a platform remember.

use super::gradebook::Gradebook;
use super::link::CourseLinks;
use super::selection::PendingSelections;
use super::v1p3::access::AccessTokens;
use super::v1p3::pending::PendingLaunches;
use super::v1p3::registration::Registrations;
use super::visitor::Visitors;

/// The state of the practice platform. All of its parts are bounded.
#[derive(Default)]
pub struct PracticeState {
    /// The gradebook of the course.
    pub gradebook: Gradebook,
    /// Users who are not of the course.
    pub visitors: Visitors,
    /// The picked links of the course.
    pub links: CourseLinks,
    /// The requests for links.
    pub selections: PendingSelections,
    /// The launches by LTI 1.3 that wait for their login.
    pub launches: PendingLaunches,
    /// The access tokens.
    pub tokens: AccessTokens,
    /// The registered clients.
    pub registrations: Registrations,
}
