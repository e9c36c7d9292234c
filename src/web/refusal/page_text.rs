//! The text of a refusal page: what happened, in one sentence, and what to do.

use rocket::http::Status;

/// The heading and the message of a page.
pub(super) type PageText = (&'static str, &'static str);

const OPEN_AGAIN: &str = "Go back to your course, reload the page and open the activity again.";
const TRY_AGAIN: &str = "Your network may be slow. Please try again.";

pub(super) const NOT_OPENED: PageText = (
    "The tool could not be opened",
    "This tool is not set up correctly in your course. Please tell your course staff.",
);
pub(super) const SELECT_AGAIN: PageText = (
    "Select the content again",
    "This page was open for too long, or it was used before. Go back to your course and select the \
     content again.",
);
pub(super) const MAY_NOT_PICK: PageText = (
    "Only course staff may add this",
    "Your role in the course may not select content of this tool. Ask your course staff.",
);
pub(super) const NO_LINKS: PageText = (
    "This tool only adds links",
    "Your learning platform asks for other content here, such as a file. Add the tool where your \
     course has activities or external tools.",
);
pub(super) const TEMPLATE_FORM: PageText = (
    "This page cannot take answers",
    "What you entered was not saved. Please tell your course staff. \
     For the author of the page: a template cannot take answers. Send the form to an app of your \
     own, or make the tool an app with “upstream” instead of “template”.",
);
pub(super) const OPEN_TOO_LONG: PageText = ("This page was open for too long", OPEN_AGAIN);
pub(super) const OTHER_LOGIN: PageText = (
    "Open this again from your course",
    "Your browser did not begin this. It may block cookies, or the page was open for too long. \
     Go back to your course and open the activity again.",
);
pub(super) const REGISTRATION_LINK: PageText = (
    "This link is not valid any more",
    "A registration link works once, and for one hour. Create another one.",
);
pub(super) const REGISTRATION_MISMATCH: PageText =
    ("This is not the expected platform", "Nothing was registered, and the link is still valid.");
pub(super) const REGISTRATION_REFUSED: PageText = (
    "The platform did not register the tool",
    "The link is used if the platform received the registration.",
);
pub(super) const SIGN_IN: PageText = (
    "Sign in to your learning platform",
    "Your learning platform does not know who you are. Sign in there. Then open the activity \
     again from your course.",
);
pub(super) const COOKIES_BLOCKED: PageText = (
    "Your browser blocks cookies",
    "This tool needs a cookie, even in a window of its own. Allow cookies for this site in the \
     settings of your browser. Then open the activity again from your course.",
);
pub(super) const USED_BEFORE: PageText = ("This link was used before", OPEN_AGAIN);
pub(super) const OTHER_ROLE: PageText = (
    "This activity is not for your role",
    "Your role in this course cannot open it. \
     If you think that this is a mistake, please tell your course staff.",
);
pub(super) const TOO_MANY: PageText = (
    "Too many people are opening activities right now",
    "Please wait a few minutes. Then open the activity again from your course.",
);
pub(super) const NOT_NOW: PageText = (
    "Activities cannot be opened right now",
    "This server has a problem. Please wait a few minutes, and open the activity again from your \
     course. If it does not work then, please tell your course staff.",
);
pub(super) const OPEN_FROM_COURSE: PageText = (
    "Open this from your course",
    "Your learning platform opens this page. Go to your course and open the activity there.",
);
pub(super) const NOT_ARRIVED: PageText = ("The connection was interrupted", OPEN_AGAIN);
pub(super) const INVALID_HOST: PageText = (
    "This URL does not work here",
    "The request has no host name, or one that this server does not answer.",
);
pub(super) const FOREIGN_PRACTICE: PageText = (
    "Open the practice platform first",
    "A page of another site opened this URL. Only the practice platform itself launches tools.",
);
pub(super) const WRONG_TOKEN: PageText = (
    "This is not the token",
    "Enter the token that the gateway printed when it started. Each start has a new one.",
);
pub(super) const TOO_MANY_TOKENS: PageText =
    ("Too many wrong tokens", "Please wait a minute. Then enter the token again.");
pub(super) const TRAILING_DOT: PageText = (
    "This URL has a dot too many",
    "The name of this server ends with a dot. Please use the URL without it:",
);
pub(super) const TOOL_ERROR: PageText =
    ("The tool has an error", "Its page cannot be displayed. Please tell your course staff.");
pub(super) const SESSION_EXPIRED: PageText = (
    "Open this again from your course",
    "This page was open for too long, or your browser did not store a cookie. \
     Go back to your course and open the activity again.",
);
pub(super) const OPEN_IN_WINDOW: PageText = (
    "Open this in a new window",
    "A page of another site shows this page, or has a link to it. \
     The page works in a window of its own.",
);
pub(super) const TICKET_USED: PageText = ("This link was used before, or has expired", OPEN_AGAIN);
pub(super) const OTHER_SITE: PageText = (
    "This request was blocked",
    "It came from a page of another site. \
     If you did this in the tool itself, please tell your course staff.",
);
pub(super) const UPLOAD_CUT: PageText = ("Your data did not arrive completely", TRY_AGAIN);
pub(super) const TOO_MANY_REQUESTS: PageText = (
    "The tool received too many requests at once",
    "Please close other windows of this tool. Then try again.",
);
pub(super) const TOO_MANY_STREAMS: PageText =
    ("The tool is open too many times", "Please close other windows of this tool. Then try again.");
pub(super) const UNAVAILABLE: PageText = (
    "The tool is not available",
    "It is not running, or has an error. Please try again in a few minutes.",
);
pub(super) const STARTING: PageText = (
    "The tool is starting",
    "This takes a moment. The page reloads by itself and opens the tool as soon as it runs.",
);
pub(super) const TOO_SLOW: PageText =
    ("The tool did not respond in time", "Please try again in a few minutes.");
pub(super) const NOT_FOUND: PageText =
    ("Page not found", "The URL may be wrong. To use a tool, open it from your course.");
pub(super) const NO_FILE: PageText = (
    "Page not found",
    "This tool has no page here. Go back to the page before, or open the tool again from your \
     course.",
);
pub(super) const NO_ANSWERS: PageText = (
    "This page cannot take answers",
    "What you entered was not saved. Please tell your course staff.",
);
pub(super) const INVALID: PageText =
    ("This request is invalid", "The server does not understand it.");

/// The page for a status that Rocket chose.
pub(super) fn of_status(status: Status) -> PageText {
    if status == Status::NotFound { NOT_FOUND } else { INVALID }
}
