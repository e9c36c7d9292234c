//! The media type of a file, by the extension of its name.

use std::path::Path;

/// The media type of a file with an unknown extension. Browsers download such a file.
const UNKNOWN: &str = "application/octet-stream";

/// Media types that `mime_guess` does not know, or that differ there from those that browsers need.
const KNOWN: [(&str, &str); 14] = [
    ("h5p", "application/zip"),
    ("ipynb", "application/x-ipynb+json"),
    ("jl", "text/plain"),
    ("js", "text/javascript"),
    ("m4a", "audio/mp4"),
    ("map", "application/json"),
    ("md", "text/markdown"),
    ("mjs", "text/javascript"),
    ("ncx", "application/x-dtbncx+xml"),
    ("qmd", "text/markdown"),
    ("r", "text/plain"),
    ("ts", "video/mp2t"),
    ("xml", "application/xml"),
    ("yml", "text/x-yaml"),
];

/// The value of `Content-Type` for a file. Text is UTF-8. XML and JSON name their encoding
/// themselves.
pub(super) fn content_type(path: &Path) -> String {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let known = KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
    let guessed = || mime_guess::from_ext(extension).first_raw();
    let media_type = known.map(|(_, media_type)| *media_type).or_else(guessed).unwrap_or(UNKNOWN);
    match media_type.starts_with("text/") {
        true => format!("{media_type}; charset=utf-8"),
        false => media_type.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_media_type_that_browsers_need() {
        for (name, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a/INDEX.HTM", "text/html; charset=utf-8"),
            ("_static/searchtools.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("a.txt", "text/plain; charset=utf-8"),
            ("a.csv", "text/csv; charset=utf-8"),
            ("a.md", "text/markdown; charset=utf-8"),
            ("a.py", "text/plain; charset=utf-8"),
            ("a.R", "text/plain; charset=utf-8"),
            ("a.vtt", "text/vtt; charset=utf-8"),
            ("h5p.json", "application/json"),
            ("a.js.map", "application/json"),
            ("a.ipynb", "application/x-ipynb+json"),
            ("a.xml", "application/xml"),
            ("a.xhtml", "application/xhtml+xml"),
            ("a.svg", "image/svg+xml"),
            ("a.png", "image/png"),
            ("a.webp", "image/webp"),
            ("a.avif", "image/avif"),
            ("favicon.ico", "image/x-icon"),
            ("a.pdf", "application/pdf"),
            ("a.epub", "application/epub+zip"),
            ("a.h5p", "application/zip"),
            ("a.wasm", "application/wasm"),
            ("a.webmanifest", "application/manifest+json"),
            ("a.woff2", "font/woff2"),
            ("a.mp4", "video/mp4"),
            ("a.webm", "video/webm"),
            ("a.mp3", "audio/mpeg"),
            ("a.m4a", "audio/mp4"),
            ("a.ts", "video/mp2t"),
            ("a.zip", "application/zip"),
            ("a.csv.gz", "application/gzip"),
            ("a", UNKNOWN),
            ("html", UNKNOWN),
            ("a.", UNKNOWN),
            ("a.unheard", UNKNOWN),
            ("a.h\u{fc}", UNKNOWN),
        ] {
            assert_eq!(content_type(Path::new(name)), expected, "{name}");
        }
    }
}
