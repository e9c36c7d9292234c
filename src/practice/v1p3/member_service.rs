//! Names and Role Provisioning Services of the practice platform: the course has three pages of
//! members.

use lti::{Role, Roles};
use serde_json::{Value, json};

use super::access::AccessTokens;
use super::bearer::BearerRequest;
use super::platform::ISSUER;
use super::role_uri::role_uri;
use super::scope::ServiceScope;
use crate::practice::course::{CONTEXT_ID, LABEL, TITLE};
use crate::practice::person::PERSONS;
use crate::practice::service::ServiceResponse;
use crate::practice::visitor::Visitors;

/// The media type of NRPS 2.0.
const MEMBERS: &str = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json";
/// The number of pages.
const PAGES: usize = 3;

/// The claim of a launch, and its value.
pub(super) fn member_claim(tool: &str) -> (String, Value) {
    let claim = json!({"context_memberships_url": members_url(tool), "service_versions": ["2.0"]});
    ("https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice".to_owned(), claim)
}

/// The URL of the members of the course, for a tool.
fn members_url(tool: &str) -> String {
    format!("{ISSUER}/{tool}/memberships")
}

/// A request for a page of members.
pub struct MemberServiceRequest<'a> {
    /// The request with its access token.
    pub bearer: BearerRequest<'a>,
    /// The page, from 1.
    pub page: Option<&'a str>,
    /// A role, as a short name or a URI.
    pub role: Option<&'a str>,
}

impl MemberServiceRequest<'_> {
    /// Responds to a request.
    pub fn respond(&self, tokens: &AccessTokens, visitors: &Visitors) -> ServiceResponse {
        let checked = self.bearer.check(tokens, &[ServiceScope::Members]);
        if let Err(denied) = checked.and_then(|()| self.bearer.accepts(MEMBERS)) {
            let body = json!({ "status": denied.status, "reason": denied.reason });
            return ServiceResponse::json(denied.status, &body, denied.reason);
        }
        let roles = self.role.map(Roles::parse);
        let is_wanted = |role: Role| roles.is_none_or(|roles| roles.contains(role));
        let mut members: Vec<Value> = PERSONS
            .iter()
            .filter(|person| is_wanted(person.role))
            .map(|person| {
                let mut member = json!({"user_id": person.id, "roles": [role_uri(person.role)]});
                // A member without a status is active.
                if let Some((name, email)) = person.name_and_email {
                    member["status"] = json!("Active");
                    member["name"] = json!(name);
                    member["email"] = json!(email);
                    member["lis_person_sourcedid"] = json!(person.id);
                }
                member
            })
            .collect();
        if is_wanted(Role::Learner) {
            let visitor = |user| json!({"user_id": user, "roles": ["Learner"], "status": "Active"});
            members.extend(visitors.ids().map(visitor));
        }
        let page = self.page.and_then(|page| page.parse().ok()).unwrap_or(1_usize).max(1);
        let size = members.len().div_ceil(PAGES).max(1);
        let count = members.len().div_ceil(size).max(1);
        let shown: Vec<Value> =
            members.into_iter().skip(size.saturating_mul(page - 1)).take(size).collect();
        let finding = format!("page {page} of {count}: {} members", shown.len());
        let body = json!({
            "id": members_url(self.bearer.tool),
            "context": {"id": CONTEXT_ID, "label": LABEL, "title": TITLE},
            "members": shown,
        });
        let mut response = ServiceResponse::new(200, MEMBERS, body.to_string(), finding);
        if page < count {
            response.link = self.next(page);
        }
        response
    }

    /// The `Link` header for the page after this one. Its scheme is not that of the first page: an
    /// edX behind a proxy makes the same mistake the other way round. Quotes are optional (RFC 8288
    /// §3).
    fn next(&self, page: usize) -> String {
        let url = members_url(self.bearer.tool).replacen("http:", "https:", 1);
        let next = page.saturating_add(1);
        let role = self.role.map(|role| format!("&role={}", lti::oauth1::encode::encode(role)));
        let role = role.unwrap_or_default();
        let relation = if page.is_multiple_of(2) { "next" } else { "\"next\"" };
        format!("<{url}?page={next}{role}>; rel={relation}")
    }
}
