//! From the bytes of a tools file to its meaning.

use std::path::Path;

use super::document::Document;
use super::environment::Environment;
use super::reading::Reading;
use super::resolve::resolve;
use super::syntax::Sound;

/// Reads a tools file.
///
/// `file` is its name in problems, and a relative path begins in its folder. `content` is what it
/// holds, be it text or not. `development` lets secrets and the public URL be missing.
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
    let text = String::from_utf8_lossy(bytes);
    let sound = Sound::of(&text);
    let mut document = Document::new(&name, &text, &sound);
    if let Err(error) = std::str::from_utf8(bytes) {
        document.report_encoding(error.valid_up_to());
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let written = super::file::read(&document, environment);
    resolve(written, &document, folder, environment, development)
}
