//! The words and the line length of the source and the docs.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::files;

/// Words and phrases that the source and the docs avoid, and what to write instead.
const AVOIDED: [(&str, &str); 39] = [
    ("told", "reported, shown, logged, returned, sent"),
    ("tells", "reports, shows, logs, returns, sends"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("cure", "fix"),
    ("cures", "fixes"),
    ("stand-in", "placeholder"),
    ("stand-ins", "placeholders"),
    ("stand_in", "placeholder"),
    ("standin", "Placeholder"),
    ("stands in", "is in"),
    ("stand in", "are in"),
    ("stands behind", "follows"),
    ("stands beside", "is beside"),
    ("belongs into", "belongs in"),
    ("belong into", "belong in"),
    ("letter by letter", "character for character"),
    ("byte by byte", "byte for byte"),
    ("whoever", "the user, the admin, the caller"),
    ("somebody", "a user, an admin, another program"),
    ("blank", "space, empty"),
    ("blanks", "spaces, whitespace"),
    ("white space", "whitespace"),
    ("failed for good", "dead letter"),
    ("in vain", "failed"),
    ("is none", "is invalid, is missing, does not exist"),
    ("are none", "are invalid, are missing, do not exist"),
    ("without a gap", "without downtime"),
    ("burn a nonce", "spend a nonce"),
    ("burns a nonce", "spends a nonce"),
    ("patience", "timeout"),
    ("length of time", "duration"),
    ("replay memory", "replay store"),
    ("refuse a launch", "reject a launch"),
    ("refuses a launch", "rejects a launch"),
    ("refused launch", "rejected launch"),
    ("launch is refused", "launch is rejected"),
    ("launch was refused", "launch was rejected"),
];

/// Names and expressions that contain such a word with another meaning.
const OTHER_MEANINGS: [&str; 5] =
    ["about:blank", "_blank", "blank line", "blank page", "http://somebody"];

/// Lines with such a word that is part of the contract or of another program's message: the file,
/// and a piece of the line.
const FIXED: &[(&str, &str)] = &[];

/// The directories and files without these words.
const READ_FOR_WORDS: [&str; 8] = [
    "src",
    "crates",
    "docs",
    "templates",
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
];
/// The types of text files.
const TEXT: [&str; 9] = ["rs", "md", "tera", "toml", "json", "html", "css", "js", "svg"];
/// The directories of Rust files and Markdown pages with a maximum line length.
const READ_FOR_LENGTH: [&str; 9] =
    ["src", "crates", "tests", "benches", "examples", "fuzz", "docs", ".github", "."];
/// The maximum line length, in characters. rustfmt.toml has the same.
const COLUMNS: usize = 100;

/// The avoided words in a text. A phrase may continue on the next line of a comment or a string.
fn avoided_words(file: &str, text: &str) -> Vec<String> {
    let joined = Joined::new(text);
    let mut found = Vec::new();
    for (phrase, instead) in AVOIDED {
        for (at, _) in joined.text.match_indices(phrase) {
            let before = joined.text[..at].chars().next_back();
            let after = joined.text[at + phrase.len()..].chars().next();
            if before.is_some_and(char::is_alphabetic) || after.is_some_and(char::is_alphabetic) {
                continue;
            }
            let line = joined.line(at);
            let content = text.lines().nth(line - 1).unwrap_or_default();
            let is_fixed =
                FIXED.iter().any(|(fixed, piece)| *fixed == file && content.contains(piece));
            if !is_fixed {
                found.push((line, format!("{file}:{line}: {phrase} (write: {instead})")));
            }
        }
    }
    found.sort();
    found.into_iter().map(|(_, message)| message).collect()
}

/// The lines of a text as one line, in lower case, without comment signs.
struct Joined {
    text: String,
    /// The offset of the end of each line.
    ends: Vec<usize>,
}

impl Joined {
    fn new(text: &str) -> Self {
        let mut joined = Self { text: String::new(), ends: Vec::new() };
        for line in text.lines() {
            let line = line.trim_start_matches(|letter: char| " \t/!#>".contains(letter));
            let mut line = line.trim_end_matches([' ', '\\']).to_ascii_lowercase();
            for meaning in OTHER_MEANINGS {
                line = line.replace(meaning, "");
            }
            joined.text.push_str(&line);
            joined.text.push(' ');
            joined.ends.push(joined.text.len());
        }
        joined
    }

    /// The number of the line at an offset, from 1.
    fn line(&self, at: usize) -> usize {
        self.ends.partition_point(|end| *end <= at) + 1
    }
}

/// The lines of a text that are too long. Tables of Markdown may be longer, and so may a line that
/// is short enough without a URL.
fn long_lines(file: &str, text: &str) -> Vec<String> {
    let is_markdown = Path::new(file).extension().is_some_and(|kind| kind == "md");
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let columns = line.chars().count();
        let urls = line.split(' ').filter(|word| word.contains("://"));
        let of_urls: usize = urls.map(|word| word.chars().count()).sum();
        let is_table = is_markdown && line.trim_start().starts_with('|');
        if columns - of_urls > COLUMNS && !is_table {
            found.push(format!("{file}:{}: {columns} columns", index + 1));
        }
    }
    found
}

/// The names of text files below these directories, and these files themselves. Fixtures are not
/// among them.
fn text_files(paths: &[&str], kinds: &[&str]) -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    for path in paths {
        let path = root.join(path);
        if path.is_file() {
            found.push(path);
        } else if path == root.join(".") {
            // Only the files of the root directory itself.
            let entries = fs::read_dir(path).expect("the root directory").flatten();
            let pages = entries.map(|entry| entry.path());
            found.extend(pages.filter(|page| page.extension().is_some_and(|kind| kind == "md")));
        } else if path.is_dir() {
            found.extend(kinds.iter().flat_map(|kind| files(&path, kind)));
        }
    }
    let names = found.iter().map(|path| {
        let name = path.strip_prefix(&root).expect("a file of the repository");
        name.to_str().expect("UTF-8").trim_start_matches("./").to_owned()
    });
    let mut names: Vec<String> = names.filter(|name| !name.contains("/fixtures/")).collect();
    names.sort();
    names
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn source_and_docs_avoid_the_words_of_the_list() {
    let files = text_files(&READ_FOR_WORDS, &TEXT);
    assert!(files.len() > 200, "{} files were read", files.len());
    let found: Vec<String> =
        files.iter().flat_map(|file| avoided_words(file, &read(file))).collect();
    assert!(found.is_empty(), "{} avoided words:\n{}", found.len(), found.join("\n"));
}

#[test]
fn source_and_docs_keep_to_the_line_length() {
    let rustfmt: toml::Table = read("rustfmt.toml").parse().expect("TOML");
    assert_eq!(rustfmt["max_width"].as_integer(), i64::try_from(COLUMNS).ok());
    let files = text_files(&READ_FOR_LENGTH, &["rs", "md"]);
    assert!(files.len() > 300, "{} files were read", files.len());
    let found: Vec<String> = files.iter().flat_map(|file| long_lines(file, &read(file))).collect();
    assert!(found.is_empty(), "{} long lines:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_entry_of_the_list_is_in_lower_case_and_unique() {
    for (index, (phrase, _)) in AVOIDED.iter().enumerate() {
        assert_eq!(*phrase, phrase.to_ascii_lowercase());
        assert!(AVOIDED[..index].iter().all(|(other, _)| other != phrase), "{phrase}");
    }
    for (file, piece) in FIXED {
        assert!(read(file).contains(piece), "{file} does not contain {piece}");
    }
}

#[test]
fn an_avoided_word_is_found_with_its_file_and_line() {
    let check = |text: &str, expected: &[&str]| {
        assert_eq!(avoided_words("src/a.rs", text), expected, "{text}");
    };
    let told = "src/a.rs:2: told (write: reported, shown, logged, returned, sent)";
    check("\n/// The user is told.", &[told]);
    check("\n    .map_err(told)?;", &[told]);
    check("\nfn a_user_is_told_so() {}", &[told]);
    check("\nlet a = \"Told\";", &[told]);
    check("\n// told, and told", &[told, told]);
    check("let a = STAND_IN_SECRET;", &["src/a.rs:1: stand_in (write: placeholder)"]);
    check("a\nb\n- **Cure:** c", &["src/a.rs:3: cure (write: fix)"]);
    check(
        "It cures.\nIt mends.",
        &["src/a.rs:1: cures (write: fixes)", "src/a.rs:2: mends (write: fixes)"],
    );
}

#[test]
fn a_phrase_on_two_lines_is_found_on_the_first() {
    let expected = ["src/a.rs:1: belongs into (write: belongs in)"];
    for text in [
        "/// It belongs\n/// into a course.",
        "//! It belongs\n//! into a course.",
        "\"It belongs \\\n    into a course.\"",
        "It belongs\ninto a course.",
        "> It belongs\n> into a course.",
    ] {
        assert_eq!(avoided_words("src/a.rs", text), expected, "{text}");
    }
}

#[test]
fn parts_of_words_and_other_meanings_are_no_avoided_words() {
    for text in [
        "It retold a recommended, secure and accurate story.",
        "if value.is_none() {}",
        "<a target=\"_blank\" href=\"about:blank\">",
        "It ends with a blank line.",
    ] {
        assert_eq!(avoided_words("src/a.rs", text), [""; 0], "{text}");
    }
}

#[test]
fn a_long_line_is_found_with_its_file_and_line() {
    let (short, long) = ("ü".repeat(100), "ü".repeat(101));
    let text = format!("{short}\n{long}\n");
    assert_eq!(long_lines("src/a.rs", &text), ["src/a.rs:2: 101 columns"]);
    assert_eq!(long_lines("docs/a.md", &text), ["docs/a.md:2: 101 columns"]);
}

#[test]
fn tables_and_urls_may_be_longer() {
    let row = format!("  | {} |", "a".repeat(100));
    assert_eq!(long_lines("docs/a.md", &row), [""; 0]);
    assert_eq!(long_lines("src/a.rs", &row), ["src/a.rs:1: 106 columns"]);
    let url = format!("See https://tools.example/{}.", "a".repeat(100));
    assert_eq!(long_lines("src/a.rs", &url), [""; 0]);
    let sentence = format!("See https://tools.example/ for {}.", "a".repeat(100));
    assert_eq!(long_lines("src/a.rs", &sentence), ["src/a.rs:1: 132 columns"]);
}
