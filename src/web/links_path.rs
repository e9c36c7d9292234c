/// The path of the picker's form, and of picked links.
pub(super) const LINKS_PATH: &str = "/~links";
/// The parameter with the links of an upstream's picker.
pub(super) const PICKED_PARAMETER: &str = "lti_links";

/// Whether path and query are those of picked links.
pub(super) fn is_picked(path: &str, query: Option<&str>) -> bool {
    let sealed = query.and_then(|query| query.strip_prefix(PICKED_PARAMETER));
    path == LINKS_PATH && sealed.is_some_and(|sealed| sealed.starts_with('='))
}
