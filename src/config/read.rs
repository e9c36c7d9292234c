//! Converts the bytes of a tools file to a configuration.

use std::path::Path;

use toml::de::DeTable;

use super::document::Document;
use super::environment::Environment;
use super::fault::Fault;
use super::reading::Reading;
use super::resolve::resolve;
use super::syntax::ValidToml;

/// Reads a tools file.
///
/// Problems show the name `file`. Relative paths start in its directory. `content` may be any
/// bytes. In `development`, secrets and the public URL may be missing.
pub fn read(
    file: impl AsRef<Path>,
    content: impl AsRef<[u8]>,
    environment: &Environment,
    development: bool,
) -> Reading {
    let file = file.as_ref();
    let name = file.display().to_string();
    let bytes = content.as_ref();
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let is_utf16 = is_utf16(bytes);
    let bytes = if is_utf16 { &[] } else { bytes };
    let text = String::from_utf8_lossy(bytes);
    let (whole, errors) = DeTable::parse_recoverable(&text);
    // The parser reads a file without errors only once.
    let valid = match errors.is_empty() {
        _ if is_utf16 => Some(ValidToml::unreadable(Fault::Utf16)),
        true => None,
        false => Some(ValidToml::of(&text)),
    };
    let (mut document, values) = match &valid {
        None => Document::new(&name, &text, whole.into_inner()),
        Some(valid) => Document::of_valid(&name, &text, valid),
    };
    if let Err(error) = std::str::from_utf8(bytes) {
        document.report_encoding(error.valid_up_to());
    }
    let directory = file.parent().unwrap_or(Path::new(""));
    let written = super::file::read(&document, values, environment);
    resolve(written, &document, directory, environment, development)
}

/// Whether a file begins like UTF-16: with its byte order mark, or with two ASCII characters.
fn is_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        [first, 0, second, 0, ..] | [0, first, 0, second, ..] => *first > 0 && *second > 0,
        _ => false,
    }
}
