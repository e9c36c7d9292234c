//! The claims about the services of a platform: grades (AGS) and course members (NRPS).

use super::claim::LONGEST_ID;
use crate::grade_place::{GradePlace, NoGradePlace, check_url};
use crate::jose::json::{JsonObject, JsonValue};
use crate::line_item::{AgsScope, AgsScopes, LineItem, LineItemUrl};
use crate::sent_value::is_sent;

const CLAIM_GRADES: &str = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint";
const CLAIM_MEMBERS: &str = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice";

/// Where the platform accepts the grade of the launch.
///
/// `declares_line_item`: whether the tool declares a line item for links that have none.
///
/// # Errors
/// Any [`NoGradePlace`] of LTI 1.3.
pub(super) fn grade_place(
    claims: &JsonObject<'_>,
    resource_link_id: &str,
    declares_line_item: bool,
) -> Result<GradePlace, NoGradePlace> {
    let service = claims.get(CLAIM_GRADES).and_then(JsonValue::object);
    let service = service.ok_or(NoGradePlace::NoGradeService)?;
    let url = |name| string(&service, name);
    let scopes = scopes(&service);
    let url = match (url("lineitem"), url("lineitems")) {
        (Some(item), _) => LineItemUrl::Item(item),
        (None, Some(lineitems)) if declares_line_item => {
            let resource_link_id = resource_link_id.to_owned();
            LineItemUrl::Container { lineitems, resource_link_id }
        }
        _ => return Err(NoGradePlace::NoLineItem),
    };
    if !scopes.has(AgsScope::Score) {
        return Err(NoGradePlace::NoScoreScope);
    }
    if matches!(url, LineItemUrl::Container { .. }) && !scopes.has(AgsScope::LineItems) {
        return Err(NoGradePlace::NoLineItemScope);
    }
    let user = string(claims, "sub").filter(|user| user.chars().count() <= LONGEST_ID);
    let item = LineItem { url, user: user.ok_or(NoGradePlace::NoUser)?, scopes };
    check_url(item.url()).map_err(|_| NoGradePlace::LineItemUrl)?;
    Ok(GradePlace::LineItem(item))
}

/// The URL of the course's members, if the platform sent a usable one.
pub(super) fn memberships(claims: &JsonObject<'_>) -> Option<String> {
    let service = claims.get(CLAIM_MEMBERS)?.object()?;
    string(&service, "context_memberships_url").filter(|url| check_url(url).is_ok())
}

/// The scopes of the grade service. Platforms list other scopes, too.
fn scopes(service: &JsonObject<'_>) -> AgsScopes {
    let listed: Vec<String> = match service.get("scope") {
        Some(scope) => match scope.list() {
            Some(list) => list.into_iter().filter_map(JsonValue::string).collect(),
            // Some platforms write one string, as OAuth does.
            None => scope.string().into_iter().collect(),
        },
        None => Vec::new(),
    };
    let has = |scope: &AgsScope| {
        listed.iter().any(|listed| listed.split(' ').any(|listed| listed == scope.uri()))
    };
    AgsScope::ALL.into_iter().filter(has).collect()
}

/// A string, if the platform sent one.
fn string(object: &JsonObject<'_>, name: &str) -> Option<String> {
    object.get(name).and_then(JsonValue::string).filter(|text| is_sent(text))
}
