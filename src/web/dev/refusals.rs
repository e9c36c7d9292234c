//! `GET /dev/refusals`: the newest rejected launches and failed requests, with reasons.

use rocket::get;
use serde::Serialize;

use crate::clock::rfc3339;
use crate::web::development::ListedRefusal;
use crate::web::gateway::Gateway;
use crate::web::page::{self, Html};
use crate::web::refusal::Refusal;

#[derive(Serialize)]
struct RefusalsContext {
    refusals: Vec<ListedRefusalContext>,
}

#[derive(Serialize)]
struct ListedRefusalContext {
    time: String,
    /// The time of the day, in UTC.
    clock: String,
    #[serde(flatten)]
    refusal: ListedRefusal,
}

impl From<ListedRefusal> for ListedRefusalContext {
    fn from(refusal: ListedRefusal) -> Self {
        let time = rfc3339(match &refusal {
            ListedRefusal::Launch(launch) => launch.at,
            ListedRefusal::Request(request) => request.at,
        });
        Self { clock: time_of_day(&time).to_owned(), time, refusal }
    }
}

/// The list of refusals.
#[get("/dev/refusals")]
pub(super) fn refusals(gateway: &Gateway) -> Result<Html, Refusal> {
    let development = gateway.development.as_ref();
    let newest = development.map(|development| development.refusals.newest()).unwrap_or_default();
    let context =
        RefusalsContext { refusals: newest.into_iter().map(ListedRefusalContext::from).collect() };
    page::render("dev_refusals.html.tera", &context).map(Html::unframed).ok_or(Refusal::PageFailed)
}

/// The time of the day of an RFC 3339 timestamp in UTC, or the text itself.
pub(super) fn time_of_day(time: &str) -> &str {
    let clock = time.split_once('T').map(|(_, clock)| clock.trim_end_matches('Z'));
    clock.unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_has_no_date_and_no_zone() {
        for (time, expected) in [
            (rfc3339(0), "00:00:00"),
            (rfc3339(1_785_500_000), "12:13:20"),
            (rfc3339(u64::MAX), "18446744073709551615"),
        ] {
            assert_eq!(time_of_day(&time), expected);
        }
    }
}
