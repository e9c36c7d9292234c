//! Assignment and Grade Services of the practice platform, by Moodle's rules
//! (`mod/lti/service/gradebookservices`).

use lti::Score;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value, json};

use super::access::AccessTokens;
use super::bearer::{AccessDenied, BearerRequest};
use super::platform::ISSUER;
use super::scope::ServiceScope;
use crate::clock::{parse_rfc3339, rfc3339};
use crate::practice::course::is_known_resource_link;
use crate::practice::gradebook::{CourseGrade, Gradebook, GradebookSlot};
use crate::practice::line_item::CourseLineItem;
use crate::practice::service::ServiceResponse;
use crate::practice::visitor::Visitors;

/// The media types of AGS 2.0.
const LINE_ITEM: &str = "application/vnd.ims.lis.v2.lineitem+json";
const LINE_ITEMS: &str = "application/vnd.ims.lis.v2.lineitemcontainer+json";
const SCORE: &str = "application/vnd.ims.lis.v1.score+json";
const RESULTS: &str = "application/vnd.ims.lis.v2.resultcontainer+json";

/// The query of every line item's URL, as in Moodle. `/scores` and `/results` go before it.
const LINE_ITEM_QUERY: &str = "type_id=1";
/// The largest length of a label, a comment and an id, in bytes.
const LONGEST: usize = 4096;
/// The most that a timestamp may be in the future, in seconds.
const CLOCK_SKEW: u64 = 60;

/// The claim of a launch, and its value. Without a line item, the tool may create one.
pub(super) fn grade_claim(tool: &str, line_item: Option<&str>) -> (String, Value) {
    let mut claim = json!({
        "scope": ServiceScope::OF_GRADES.map(ServiceScope::uri),
        "lineitems": line_items_url(tool),
    });
    if let Some(id) = line_item {
        claim["lineitem"] = json!(line_item_url(tool, id));
    }
    ("https://purl.imsglobal.org/spec/lti-ags/claim/endpoint".to_owned(), claim)
}

/// The URL of the container of a tool's line items.
fn line_items_url(tool: &str) -> String {
    format!("{ISSUER}/{tool}/lineitems?{LINE_ITEM_QUERY}")
}

/// The URL of a line item.
fn line_item_url(tool: &str, id: &str) -> String {
    format!("{ISSUER}/{tool}/lineitems/{id}/lineitem?{LINE_ITEM_QUERY}")
}

/// A request to the grade services.
pub struct GradeServiceRequest<'a> {
    /// The request with its access token.
    pub bearer: BearerRequest<'a>,
    /// The body.
    pub body: &'a [u8],
    /// Its query: names and values, decoded.
    pub query: &'a [(String, String)],
}

/// What a request is for.
#[derive(Clone, Copy)]
pub enum GradeServiceAction<'a> {
    /// The line items of the course.
    Search,
    /// A new line item.
    Create,
    /// The line item with this id.
    LineItem(&'a str),
    /// A score for the line item with this id.
    Score(&'a str),
    /// The results of the line item with this id.
    Results(&'a str),
}

/// A refused request: its status, and the reason.
struct ServiceRefusal(u16, String);

impl From<AccessDenied> for ServiceRefusal {
    fn from(denied: AccessDenied) -> Self {
        Self(denied.status, denied.reason)
    }
}

/// A new line item.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentLineItem {
    label: String,
    score_maximum: Number,
    #[serde(default)]
    resource_id: String,
    #[serde(default)]
    tag: String,
    #[serde(default)]
    resource_link_id: String,
}

/// A score.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentScore {
    user_id: String,
    score_given: Option<Box<RawValue>>,
    score_maximum: Option<Number>,
    comment: Option<String>,
    timestamp: String,
    activity_progress: String,
    grading_progress: String,
}

const ACTIVITY_PROGRESS: [&str; 5] =
    ["Initialized", "Started", "InProgress", "Submitted", "Completed"];
const GRADING_PROGRESS: [&str; 5] =
    ["FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"];

type ServiceResult = Result<ServiceResponse, ServiceRefusal>;

impl GradeServiceRequest<'_> {
    /// Responds to a request.
    pub fn respond(
        &self,
        action: GradeServiceAction<'_>,
        tokens: &AccessTokens,
        visitors: &Visitors,
        gradebook: &mut Gradebook,
    ) -> ServiceResponse {
        let response = match action {
            GradeServiceAction::Search => self.search(tokens, gradebook),
            GradeServiceAction::Create => self.create(tokens, gradebook),
            GradeServiceAction::LineItem(id) => self.line_item(id, tokens, gradebook),
            GradeServiceAction::Score(id) => self.score(id, tokens, visitors, gradebook),
            GradeServiceAction::Results(id) => self.results(id, tokens, gradebook),
        };
        // The shape of Moodle's errors.
        response.unwrap_or_else(|ServiceRefusal(status, reason)| {
            ServiceResponse::json(status, &json!({ "status": status, "reason": reason }), reason)
        })
    }

    fn param(&self, name: &str) -> Option<&str> {
        let value = self.query.iter().find(|(known, _)| known == name);
        value.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The line item with this id. The query of its URL is a part of the URL.
    fn found(&self, id: &str, gradebook: &mut Gradebook) -> Result<CourseLineItem, ServiceRefusal> {
        if !self.query.iter().any(|(name, value)| name == "type_id" && value == "1") {
            let reason = "the query of the line item's URL is missing: /scores and /results go \
                          before it";
            return Err(ServiceRefusal(404, reason.to_owned()));
        }
        let item = gradebook.line_items.find(self.bearer.tool, id);
        item.ok_or_else(|| ServiceRefusal(404, "no line item has this id".to_owned()))
    }

    fn search(&self, tokens: &AccessTokens, gradebook: &Gradebook) -> ServiceResult {
        self.bearer.check(tokens, &[ServiceScope::LineItem, ServiceScope::LineItemReadonly])?;
        self.bearer.accepts(LINE_ITEMS)?;
        let is_found = |item: &&CourseLineItem| {
            let is = |name, value: &str| self.param(name).is_none_or(|wanted| wanted == value);
            is("resource_id", &item.resource_id)
                && is("resource_link_id", &item.resource_link_id)
                && is("tag", &item.tag)
        };
        let found: Vec<Value> =
            gradebook.line_items.of(self.bearer.tool).filter(is_found).map(line_item).collect();
        let finding = format!("{} line items were found", found.len());
        Ok(ServiceResponse::new(200, LINE_ITEMS, Value::Array(found).to_string(), finding))
    }

    fn create(&self, tokens: &AccessTokens, gradebook: &mut Gradebook) -> ServiceResult {
        self.bearer.check(tokens, &[ServiceScope::LineItem])?;
        self.bearer.sends(LINE_ITEM)?;
        let sent: Result<SentLineItem, _> = serde_json::from_slice(self.body);
        let refused = |reason: &str| ServiceRefusal(400, reason.to_owned());
        let sent = sent.map_err(|_| refused("the body is not a line item in JSON"))?;
        if sent.label.is_empty() || !is_positive(&sent.score_maximum) {
            return Err(refused("the line item has no label, or scoreMaximum is not above zero"));
        }
        let strings = [&sent.label, &sent.resource_id, &sent.tag, &sent.resource_link_id];
        if strings.iter().any(|text| text.len() > LONGEST) {
            return Err(refused("a string of the line item is too long"));
        }
        if !sent.resource_link_id.is_empty() && !is_known_resource_link(&sent.resource_link_id) {
            return Err(ServiceRefusal(404, "no block has this resourceLinkId".to_owned()));
        }
        let item = gradebook.line_items.create(CourseLineItem {
            tool: self.bearer.tool.to_owned(),
            id: String::new(),
            label: sent.label,
            maximum: sent.score_maximum,
            resource_id: sent.resource_id,
            tag: sent.tag,
            resource_link_id: sent.resource_link_id,
        });
        let body = line_item(&item).to_string();
        Ok(ServiceResponse::new(201, LINE_ITEM, body, "the line item was created"))
    }

    fn line_item(
        &self,
        id: &str,
        tokens: &AccessTokens,
        gradebook: &mut Gradebook,
    ) -> ServiceResult {
        self.bearer.check(tokens, &[ServiceScope::LineItem, ServiceScope::LineItemReadonly])?;
        let item = self.found(id, gradebook)?;
        let body = line_item(&item).to_string();
        Ok(ServiceResponse::new(200, LINE_ITEM, body, "the line item was sent"))
    }

    /// Stores a score if it is newer than the last one by Moodle's rule: by a whole second.
    fn score(
        &self,
        id: &str,
        tokens: &AccessTokens,
        visitors: &Visitors,
        gradebook: &mut Gradebook,
    ) -> ServiceResult {
        self.bearer.check(tokens, &[ServiceScope::Score])?;
        self.bearer.sends(SCORE)?;
        let item = self.found(id, gradebook)?;
        let refused = |reason: String| ServiceRefusal(400, reason);
        let sent: Result<SentScore, _> = serde_json::from_slice(self.body);
        let sent = sent.map_err(|fault| refused(format!("Incorrect score received: {fault}")))?;
        for (name, value, allowed) in [
            ("activityProgress", &sent.activity_progress, ACTIVITY_PROGRESS),
            ("gradingProgress", &sent.grading_progress, GRADING_PROGRESS),
        ] {
            if !allowed.contains(&value.as_str()) {
                return Err(refused(format!("Incorrect score received: no such {name}")));
            }
        }
        let timestamp = parse_rfc3339(&sent.timestamp)
            .ok_or_else(|| refused("the timestamp is not RFC 3339".to_owned()))?;
        if timestamp > self.bearer.now.saturating_add(CLOCK_SKEW) {
            return Err(refused("the timestamp is in the future".to_owned()));
        }
        if !visitors.has(&sent.user_id) {
            return Err(ServiceRefusal(404, "no user of the course has this id".to_owned()));
        }
        let score = sent.score().map_err(refused)?;
        let slot = GradebookSlot {
            tool: self.bearer.tool.to_owned(),
            block: item.id.clone(),
            person: sent.user_id,
        };
        if gradebook.newest_score(&slot).is_some_and(|newest| timestamp <= newest) {
            let reason = format!(
                "Refusing score with an earlier timestamp for item {} and user {}",
                item.id, slot.person
            );
            return Err(ServiceRefusal(409, reason));
        }
        let is_complete =
            sent.activity_progress == "Completed" && sent.grading_progress == "FullyGraded";
        let mut comment = sent.comment.unwrap_or_default();
        comment.truncate(comment.floor_char_boundary(LONGEST));
        // Like Moodle, it shows no score whose grading has not ended.
        let score = score.filter(|_| sent.grading_progress == "FullyGraded");
        let is_cleared = score.is_none()
            && sent.activity_progress == "Initialized"
            && sent.grading_progress == "NotReady";
        let finding = match &score {
            _ if is_cleared => "the result was cleared",
            Some(_) => "the score was stored",
            None => "the progress was stored, without a score",
        };
        let progress = format!("{}, {}", sent.activity_progress, sent.grading_progress);
        let grade = CourseGrade {
            score,
            comment,
            progress: if is_complete { String::new() } else { progress },
            at: timestamp,
        };
        gradebook.set_score(&slot, (!is_cleared).then_some(grade), timestamp);
        // Moodle's response is empty.
        Ok(ServiceResponse::new(200, SCORE, String::new(), finding))
    }

    fn results(&self, id: &str, tokens: &AccessTokens, gradebook: &mut Gradebook) -> ServiceResult {
        self.bearer.check(tokens, &[ServiceScope::Results])?;
        self.bearer.accepts(RESULTS)?;
        let item = self.found(id, gradebook)?;
        let user = self.param("user_id");
        let found: Vec<Value> = gradebook
            .grades()
            .filter(|(slot, _)| slot.tool == item.tool && slot.block == item.id)
            .filter(|(slot, _)| user.is_none_or(|user| user == slot.person))
            .map(|(slot, grade)| result(&item, &slot.person, grade))
            .collect();
        // Moodle's status for a user without a result.
        let status = if user.is_some() && found.is_empty() { 400 } else { 200 };
        let finding = format!("{} results were sent", found.len());
        Ok(ServiceResponse::new(status, RESULTS, Value::Array(found).to_string(), finding))
    }
}

impl SentScore {
    /// The score as a part of one. A score is at most its maximum: the course has no extra credit.
    fn score(&self) -> Result<Option<Score>, String> {
        let Some(given) = &self.score_given else { return Ok(None) };
        let given = given.get();
        if given == "null" {
            return Ok(None);
        }
        let maximum = self.score_maximum.as_ref().filter(|maximum| is_positive(maximum));
        let maximum = maximum.ok_or("the score has no scoreMaximum above zero")?;
        if maximum.as_f64() == Some(1.0) {
            return Score::parse(given).map(Some).map_err(|fault| fault.to_string());
        }
        let given: Number = serde_json::from_str(given).map_err(|_| "scoreGiven is no number")?;
        let part = given.as_f64().zip(maximum.as_f64()).map(|(given, maximum)| given / maximum);
        let part = part.filter(|part| (0.0..=1.0).contains(part));
        let part = part.ok_or("scoreGiven is not between 0 and scoreMaximum")?;
        Score::parse(&format!("{part}")).map(Some).map_err(|fault| fault.to_string())
    }
}

fn is_positive(number: &Number) -> bool {
    number.as_f64().is_some_and(|number| number > 0.0)
}

fn line_item(item: &CourseLineItem) -> Value {
    let mut value = json!({
        "id": line_item_url(&item.tool, &item.id),
        "label": item.label,
        "scoreMaximum": item.maximum,
    });
    for (name, text) in [
        ("resourceId", &item.resource_id),
        ("tag", &item.tag),
        ("resourceLinkId", &item.resource_link_id),
    ] {
        if !text.is_empty() {
            value[name] = json!(text);
        }
    }
    value
}

/// A result in points of the line item's maximum, rounded to five decimal places as in Moodle.
fn result(item: &CourseLineItem, user: &str, grade: &CourseGrade) -> Value {
    let scope = line_item_url(&item.tool, &item.id);
    let mut value = json!({
        "id": scope.replacen("/lineitem?", &format!("/lineitem/results/{user}?"), 1),
        "scoreOf": scope,
        "userId": user,
        "resultMaximum": item.maximum,
        "timestamp": rfc3339(grade.at),
    });
    let part: Option<f64> = grade.score.as_ref().and_then(|score| score.as_str().parse().ok());
    if let Some((part, maximum)) = part.zip(item.maximum.as_f64()) {
        const PLACES: f64 = 100_000.0;
        value["resultScore"] = json!((part * maximum * PLACES).round() / PLACES);
    }
    if !grade.comment.is_empty() {
        value["comment"] = json!(grade.comment);
    }
    value
}
