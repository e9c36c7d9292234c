//! A form body, as sent.

use super::launch::Capture;

/// Reads a form body.
///
/// # Errors
/// The input is no form body.
pub(super) fn capture(content: &[u8]) -> Result<Capture, String> {
    if content.iter().any(|byte| b"\r\n".contains(byte)) {
        return Err("the input has several lines and does not start with curl".to_owned());
    }
    // URLs can contain `=`, too.
    let name = content.split(|byte| *byte == b'=').next().unwrap_or_default();
    let is_other = name.starts_with(b"?") || name.windows(3).any(|letters| letters == b"://");
    let is_other = is_other || content.contains(&0);
    if is_other || !content.contains(&b'=') || content.iter().any(u8::is_ascii_whitespace) {
        return Err("the input is neither a form body nor a curl command".to_owned());
    }
    if content.windows(5).any(|letters| letters == b"&amp;") {
        return Err("the form has `&amp;` in place of `&`, as in the source of a page".to_owned());
    }
    Ok(Capture { body: content.to_vec(), ..Capture::default() })
}
