//! The fictional course of the practice platform.

/// The course's id.
pub(super) const CONTEXT_ID: &str = "course-v1:Practice+LTI+2026";
/// The percent-encoded id. A sourcedId of edX starts with it: `quote(context_id)`.
const QUOTED_CONTEXT_ID: &str = "course-v1%3APractice%2BLTI%2B2026";
/// The course's title.
pub(super) const TITLE: &str = "A course to practise with";
/// The course's short name.
pub(super) const LABEL: &str = "Practice";
/// The default block of the course.
pub const BLOCK: &str = "unit-1";

/// What the platform's id of a block begins with.
const RESOURCE_LINK_PREFIX: &str = "block-v1:Practice+LTI+2026+type@lti_consumer+block@";

/// The platform's id of a block.
pub(super) fn resource_link_id(block: &str) -> String {
    format!("{RESOURCE_LINK_PREFIX}{block}")
}

/// Whether this is the platform's id of a block.
pub(super) fn is_known_resource_link(id: &str) -> bool {
    id.strip_prefix(RESOURCE_LINK_PREFIX).is_some_and(is_block)
}

/// The platform's `lis_result_sourcedid` for the result of a user in a block.
pub(super) fn sourcedid(block: &str, user: &str) -> String {
    format!("{QUOTED_CONTEXT_ID}:{}:{user}", resource_link_id(block))
}

/// The largest length of a block's name.
const LONGEST_BLOCK: usize = 64;

/// Whether a text can be the name of a block.
pub fn is_block(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_BLOCK
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
