//! Grades of LTI 1.3: the Assignment and Grade Services (AGS 2.0).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lti::v1p3::grade_service::{
    GradeServiceError, LARGEST_PAGE, LINE_ITEM_TYPE, LINE_ITEMS_TYPE, LineItemMessage,
    RESULTS_TYPE, SCORE_TYPE, ScoreMessage, created_line_item, find_line_item, find_result,
    resource_id,
};
use lti::{AgsScope, LineItem, LineItemUrl, Progress, Score};
use reqwest::{Method, Url};

use super::call::PlatformResponse;
use super::error::PlatformError;
use super::line_item_cache::Container;
use super::reply::Reply;
use super::service::Platforms;
use super::service_client::ServiceClient;
use super::service_message::ServiceMessage;
use crate::clock::{Clock, Millis};
use crate::config::DeclaredLineItem;

/// The most pages of a list.
const MOST_PAGES: usize = 20;
/// The largest response to a score, in bytes. The gateway uses only its message.
const LARGEST_SCORE_RESPONSE: usize = 64 * 1024;

/// The line item of a call, and the rights to use it.
#[derive(Clone, Copy)]
pub struct LineItemCall<'a> {
    /// The line item.
    pub item: &'a LineItem,
    /// The registration that was launched.
    pub client: &'a Arc<ServiceClient>,
    /// The name of the tool.
    pub tool: &'a str,
    /// The line item that the tool declares.
    pub declared: Option<&'a DeclaredLineItem>,
    /// The clock for tokens.
    pub clock: &'a Clock,
}

/// A score for a learner.
pub struct ScoreCall<'a> {
    /// The line item.
    pub line_item: LineItemCall<'a>,
    /// The score; `None` to clear the result, or for a progress alone.
    pub score: Option<&'a Score>,
    /// A comment for the learner.
    pub comment: Option<&'a str>,
    /// The progress.
    pub progress: Progress,
    /// The timestamp of the score.
    pub timestamp: Millis,
    /// Whether an earlier attempt may have delivered the same score.
    pub is_retry: bool,
    /// Set while the platform may have received the score.
    pub arrived: &'a AtomicBool,
}

impl Platforms {
    /// Sends a score.
    ///
    /// # Errors
    /// [`PlatformError::Conflict`] if the platform has a newer score, or any other error.
    pub async fn send_score(
        &self,
        call: &ScoreCall<'_>,
    ) -> Result<PlatformResponse, PlatformError> {
        let LineItemCall { item, client, clock, .. } = call.line_item;
        let body = ScoreMessage {
            user: &item.user,
            score: call.score,
            comment: call.comment,
            timestamp: call.timestamp.get(),
            progress: call.progress,
            is_retry: call.is_retry,
        };
        let body = body.body().map_err(|error| PlatformError::Unreachable(error.to_string()))?;
        let mut is_known = self.is_known(&call.line_item);
        loop {
            let url = self.line_item(&call.line_item, true).await?;
            let url = url.ok_or(PlatformError::NotAllowed("its tool declares no line item"))?;
            let request = ServiceMessage {
                method: Method::POST,
                url: below(&url, "scores"),
                accept: "application/json",
                body: Some((SCORE_TYPE, &body)),
                scopes: &[AgsScope::Score.uri()],
                largest: LARGEST_SCORE_RESPONSE,
            };
            // The token is fetched first, so that only the score itself counts as sent.
            let token = self.service_token(client, request.scopes, clock).await?;
            call.arrived.store(true, Ordering::SeqCst);
            let reply = match self.call_service_with(token, client, &request, clock).await {
                Ok(reply) => reply,
                Err(error) => {
                    // The gateway did not connect.
                    if matches!(error, PlatformError::NotAllowed(_)) {
                        call.arrived.store(false, Ordering::SeqCst);
                    }
                    return Err(error);
                }
            };
            let status = reply.status;
            // The platform reported that it did not accept the score.
            if (300..500).contains(&status) && status != 408 {
                call.arrived.store(false, Ordering::SeqCst);
            }
            // The platform may have deleted the line item that the gateway remembers.
            if status == 404 && std::mem::take(&mut is_known) {
                self.forget_line_item(&call.line_item);
                continue;
            }
            judge(&reply)?;
            return Ok(PlatformResponse { status, ..PlatformResponse::default() });
        }
    }

    /// Reads the learner's result. `score` of the response is `None` if the platform has no result.
    ///
    /// # Errors
    /// [`PlatformError::NoResults`] if the launch does not grant the scope, or any other error.
    pub async fn read_result(
        &self,
        call: &LineItemCall<'_>,
    ) -> Result<PlatformResponse, PlatformError> {
        if !call.item.scopes.has(AgsScope::Results) {
            return Err(PlatformError::NoResults);
        }
        let none = PlatformResponse { status: 200, ..PlatformResponse::default() };
        let Some(item) = self.line_item(call, false).await? else { return Ok(none) };
        let mut first = below(&item, "results");
        first.query_pairs_mut().append_pair("user_id", &call.item.user);
        let mut page = Some(first.clone());
        for _ in 0..MOST_PAGES {
            let Some(url) = page else { return Ok(none) };
            let request = ServiceMessage {
                method: Method::GET,
                url,
                accept: RESULTS_TYPE,
                body: None,
                scopes: &[AgsScope::Results.uri()],
                largest: LARGEST_PAGE,
            };
            let reply = self.call_service(call.client, &request, call.clock).await?;
            let status = reply.status;
            // Moodle responds so if the learner has no result.
            let is_empty = |body: &Vec<u8>| body.trim_ascii() == b"[]";
            if status == 400 && reply.body.as_ref().is_some_and(is_empty) {
                return Ok(none);
            }
            judge(&reply)?;
            let found = read(&reply, |body| find_result(body, &call.item.user))?;
            if let Some(result) = found {
                let (score, comment) = (result.score, result.comment);
                return Ok(PlatformResponse { status, score, comment, ..none });
            }
            page = self.next_page(call.item.url(), &first, &reply)?;
        }
        Err(PlatformError::InvalidResponse {
            status: 200,
            fault: format!("the platform's results have more than {MOST_PAGES} pages"),
        })
    }

    /// The URL of the line item. Finds that of a container, and creates it if `creates`. `None` if
    /// the platform does not have it.
    async fn line_item(
        &self,
        call: &LineItemCall<'_>,
        creates: bool,
    ) -> Result<Option<Url>, PlatformError> {
        let (lineitems, link) = match &call.item.url {
            LineItemUrl::Item(url) => return self.url(url).map(Some),
            LineItemUrl::Container { lineitems, resource_link_id } => (lineitems, resource_link_id),
        };
        let id = resource_id(call.tool, link);
        let of_course = Container::new(call.client, lineitems);
        if let Some(url) = self.kept.line_items.get(&of_course, &id) {
            return Ok(Some(url));
        }
        let turn = self.kept.line_items.turn(&of_course);
        let _turn = turn.lock().await;
        if let Some(url) = self.kept.line_items.get(&of_course, &id) {
            return Ok(Some(url));
        }
        let container = self.url(lineitems)?;
        let mut found = self.search(call, lineitems, &container, &id, link).await?;
        if found.is_none() && creates {
            found = Some(self.create(call, lineitems, &container, &id, link).await?);
        }
        if let Some(url) = &found {
            self.kept.line_items.insert(&of_course, &id, url);
        }
        Ok(found)
    }

    /// Searches a container for the line item with the gateway's id.
    async fn search(
        &self,
        call: &LineItemCall<'_>,
        lineitems: &str,
        container: &Url,
        id: &str,
        link: &str,
    ) -> Result<Option<Url>, PlatformError> {
        let mut first = container.clone();
        first
            .query_pairs_mut()
            .append_pair("resource_id", id)
            .append_pair("resource_link_id", link);
        let mut page = Some(first.clone());
        for _ in 0..MOST_PAGES {
            let Some(url) = page else { return Ok(None) };
            let request = ServiceMessage {
                method: Method::GET,
                url,
                accept: LINE_ITEMS_TYPE,
                body: None,
                scopes: &[AgsScope::LineItems.uri()],
                largest: LARGEST_PAGE,
            };
            let reply = self.call_service(call.client, &request, call.clock).await?;
            judge(&reply)?;
            if let Some(found) = read(&reply, |body| find_line_item(body, id))? {
                return self.own_line_item(lineitems, container, &reply, &found).map(Some);
            }
            page = self.next_page(lineitems, &first, &reply)?;
        }
        Ok(None)
    }

    /// Creates the line item that the tool declares.
    async fn create(
        &self,
        call: &LineItemCall<'_>,
        lineitems: &str,
        container: &Url,
        id: &str,
        link: &str,
    ) -> Result<Url, PlatformError> {
        let declared =
            call.declared.ok_or(PlatformError::NotAllowed("its tool declares no line item"))?;
        let message = LineItemMessage {
            label: &declared.label,
            maximum: &declared.points.to_string(),
            resource_id: id,
            resource_link_id: link,
        };
        let body = message.body().map_err(|error| PlatformError::Unreachable(error.to_string()))?;
        let request = ServiceMessage {
            method: Method::POST,
            url: container.clone(),
            accept: LINE_ITEM_TYPE,
            body: Some((LINE_ITEM_TYPE, &body)),
            scopes: &[AgsScope::LineItems.uri()],
            largest: LARGEST_SCORE_RESPONSE,
        };
        let reply = self.call_service(call.client, &request, call.clock).await?;
        judge(&reply)?;
        let created = read(&reply, created_line_item)?;
        self.own_line_item(lineitems, container, &reply, &created)
    }

    /// The URL of a line item in a response. It must be at the host of its container, which alone
    /// receives the access token.
    fn own_line_item(
        &self,
        lineitems: &str,
        container: &Url,
        reply: &Reply,
        url: &str,
    ) -> Result<Url, PlatformError> {
        let own = self.same_host(lineitems, container, url);
        own.ok_or_else(|| PlatformError::InvalidResponse {
            status: reply.status,
            fault: "the line item is at another host".to_owned(),
        })
    }

    /// Forgets the line item of a container.
    fn forget_line_item(&self, call: &LineItemCall<'_>) {
        if let LineItemUrl::Container { lineitems, resource_link_id } = &call.item.url {
            let of_course = Container::new(call.client, lineitems);
            self.kept.line_items.remove(&of_course, &resource_id(call.tool, resource_link_id));
        }
    }

    /// Whether the gateway remembers the line item of a container.
    fn is_known(&self, call: &LineItemCall<'_>) -> bool {
        match &call.item.url {
            LineItemUrl::Item(_) => false,
            LineItemUrl::Container { lineitems, resource_link_id } => self
                .kept
                .line_items
                .get(
                    &Container::new(call.client, lineitems),
                    &resource_id(call.tool, resource_link_id),
                )
                .is_some(),
        }
    }
}

/// A URL below another one: the segment goes to the path, before the query. Moodle's line items
/// have a query.
fn below(url: &Url, segment: &str) -> Url {
    let mut url = url.clone();
    // http and https URLs have segments.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(segment);
    }
    url
}

/// Reads the body of a response.
fn read<T>(
    reply: &Reply,
    read: impl FnOnce(&[u8]) -> Result<T, GradeServiceError>,
) -> Result<T, PlatformError> {
    let read = match &reply.body {
        Some(body) => read(body),
        None => Err(GradeServiceError::TooLarge),
    };
    read.map_err(|fault| PlatformError::InvalidResponse {
        status: reply.status,
        fault: fault.to_string(),
    })
}

/// The result of a response of the grade service.
fn judge(reply: &Reply) -> Result<(), PlatformError> {
    let Err(error) = reply.judge() else { return Ok(()) };
    let PlatformError::RefusedByStatus { status, .. } = error else { return Err(error) };
    let description = reply.service_message();
    let message = description.to_ascii_lowercase();
    // Moodle repeats a score that it cannot read, with its timestamp.
    let names_timestamp =
        message.contains("timestamp") && !message.contains("incorrect score received");
    Err(match status {
        // Canvas limits the rate with this status.
        403 if reply.is_rate_limit() => {
            PlatformError::Unavailable { status, description, retry_after: reply.retry_after() }
        }
        // Another token has been tried, too. The platform's keys may have changed.
        401 => PlatformError::Unavailable { status, description, retry_after: None },
        409 => PlatformError::Conflict { status, description },
        400 if names_timestamp => PlatformError::Conflict { status, description },
        400 | 403 | 404 | 422 => PlatformError::Refused { status, description },
        _ => PlatformError::RefusedByStatus { status, description },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_goes_before_the_query() {
        let check = |url: &str, expected: &str| {
            let url = Url::parse(url).expect("a URL");
            assert_eq!(below(&url, "scores").as_str(), expected);
        };
        check("https://l.example/li/7", "https://l.example/li/7/scores");
        check("https://l.example/li/7/", "https://l.example/li/7/scores");
        check(
            "https://l.example/a%2Fb/li?type_id=1",
            "https://l.example/a%2Fb/li/scores?type_id=1",
        );
        check("https://l.example", "https://l.example/scores");
    }
}
