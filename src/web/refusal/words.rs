//! The page of a refusal for its reader: what happened, in one sentence, and what to do.

use rocket::http::Status;

/// The heading and the message of a page.
pub(super) type Words = (&'static str, &'static str);

const LAUNCH_AGAIN: &str =
    "Go back to your course, reload the page there and open the activity again.";
const TRY_AGAIN: &str = "Your network may be slow. Please try again.";

pub(super) const NOT_OPENED: Words = (
    "The tool could not be opened",
    "Your course and this tool do not agree about their set-up. Please tell your course staff.",
);
pub(super) const OPEN_TOO_LONG: Words = ("This page was open for too long", LAUNCH_AGAIN);
pub(super) const USED_BEFORE: Words = ("This launch was used before", LAUNCH_AGAIN);
pub(super) const OTHER_ROLE: Words = (
    "This activity is not for your role",
    "Your role in this course does not open it. If you think that it should, please tell your course staff.",
);
pub(super) const TOO_MANY: Words = (
    "Very many people are coming in right now",
    "Wait a few minutes, then open the activity again from your course.",
);
pub(super) const OPEN_FROM_COURSE: Words = (
    "Open this from your course",
    "This address belongs into a course: the learning platform opens it for you and tells the tool who you are.",
);
pub(super) const NOT_ARRIVED: Words = ("The launch did not arrive", LAUNCH_AGAIN);
pub(super) const NOT_THIS_WAY: Words = (
    "Not this way",
    "The request does not say for which host it is, or names one that is not served here.",
);
pub(super) const FAULT: Words =
    ("The tool has a fault", "Its page could not be made. Please tell your course staff.");
pub(super) const LAUNCH_EXPIRED: Words = (
    "Launch this again from your course",
    "It was open for too long, or your browser did not keep what it needs. Go back to your course and open the activity again.",
);
pub(super) const TICKET_USED: Words = ("This launch was used before, or is too old", LAUNCH_AGAIN);
pub(super) const OTHER_SITE: Words = (
    "That did not work",
    "Another site asked for this on your behalf. If you did this in the tool itself, please tell your course staff.",
);
pub(super) const UPLOAD_CUT: Words = ("Not everything arrived", TRY_AGAIN);
pub(super) const OUT_OF_REACH: Words = (
    "The tool is out of reach",
    "It does not run, or has a fault. Please try again in a few minutes.",
);
pub(super) const TOO_SLOW: Words =
    ("The tool takes too long", "It did not answer in time. Please try again in a few minutes.");
pub(super) const NOTHING_HERE: Words =
    ("There is nothing here", "The address may be misspelt. Tools are opened from a course.");
pub(super) const NOT_UNDERSTOOD: Words = ("That did not work", "The request was not understood.");

/// The page for a status that Rocket chose.
pub(super) fn of_status(status: Status) -> Words {
    if status == Status::NotFound { NOTHING_HERE } else { NOT_UNDERSTOOD }
}
