//! The command `new`: its changes, its output and its errors.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::program::{Run, folder, run, start};
use crate::support::write;

/// A file with unusual order, comments and spaces, and without a final line break.
const OLD: &str = "\
# Ours.
[tools . \"hello\"]   # greets
template   = 'hello'
secret = { env = \"HELLO_SECRET\" }
key = \"hello-key\"

[gateway]
session = \"1h\" # short";

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The part of `text` between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before:?} in {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("{after:?} in {text}")).0
}

/// The key and the secret in the output.
fn shown(run: &Run) -> (String, String) {
    assert_eq!((run.code, run.error.as_str()), (Some(0), ""), "{}", run.out);
    let key = between(&run.out, "  consumer key    ", "\n").to_owned();
    let secret = between(&run.out, "  shared secret   ", "\n").to_owned();
    (key, secret)
}

fn add(folder: &Path, arguments: &[&str]) -> Run {
    run(folder, &[&["new"], arguments].concat(), &[])
}

/// Asserts that `new` fails with this message and leaves the file unchanged.
fn refused(folder: &Path, arguments: &[&str], environment: &[(&str, &str)], said: &str) {
    let before = fs::read(folder.join("tools.toml")).expect("a file");
    let run = run(folder, &[&["new"], arguments].concat(), environment);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{arguments:?}: {}", run.error);
    assert_eq!(run.error, said);
    assert_eq!(fs::read(folder.join("tools.toml")).expect("a file"), before);
    assert_no_rest(folder);
}

/// Asserts that no temporary file remains.
fn assert_no_rest(folder: &Path) {
    let names = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.file_name());
    let hidden: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn new_appends_a_table_and_leaves_every_byte_before_it() {
    let folder = folder(OLD);
    let run = add(folder.path(), &["my-quiz"]);
    let (key, secret) = shown(&run);
    let text = read(folder.path(), "tools.toml");
    assert_eq!(
        text,
        format!(
            "{OLD}

[tools.my-quiz]                             # launched at /lti/my-quiz
# title = \"…\"                               # shown to users; default: the name
key = \"{key}\"
secret = {{ env = \"MY_QUIZ_SECRET\" }}         # set this variable to the shared secret
template = \"my-quiz\"                        # templates/my-quiz.html.tera
# roles = [\"learner\", \"staff\"]              # roles that may launch; default: everyone
"
        )
    );
    assert!(!text.contains(&secret), "the file holds no secret");
    assert!(!read(folder.path(), "templates/my-quiz.html.tera").contains(&secret));
    assert_no_rest(folder.path());
}

#[test]
fn new_shows_how_to_set_the_tool_up() {
    let folder = folder(OLD);
    let run = add(folder.path(), &["my-quiz"]);
    let (key, secret) = shown(&run);
    assert_eq!(
        run.out,
        format!(
            "\
tools.toml has the new tool my-quiz. Edit its page: templates/my-quiz.html.tera

This is the only time that its secret is shown. Set it for the gateway, on Heroku with
  heroku config:set MY_QUIZ_SECRET={secret}
or for foreman with this line in .env:
  MY_QUIZ_SECRET={secret}

Enter in the platform
  launch URL      /lti/my-quiz   (after the gateway's own URL)
  consumer key    {key}
  shared secret   {secret}
or in edX, key and secret as this LTI passport:
  my-quiz:{key}:{secret}
"
        )
    );
}

#[test]
fn new_shows_the_complete_launch_url_if_it_is_known() {
    let folder = folder("[gateway]\npublic_url = \"https://tools.example\"\n");
    let run = add(folder.path(), &["quiz"]);
    assert!(
        run.out.contains("\n  launch URL      https://tools.example/lti/quiz\n"),
        "{}",
        run.out
    );
}

#[test]
fn new_keeps_the_line_endings_of_the_file() {
    let old = "\u{feff}# Ours.\r\n[gateway]\r\nsession = \"1h\"\r\n\r\n";
    let folder = folder(old);
    shown(&add(folder.path(), &["quiz"]));
    let text = read(folder.path(), "tools.toml");
    let added = text.strip_prefix(old).expect("the old bytes first");
    assert!(added.starts_with("[tools.quiz] "), "one empty line is enough: {added}");
    assert_eq!(added.matches("\r\n").count(), added.matches('\n').count());
    assert_eq!(run(folder.path(), &["check"], &[]).code, Some(0));
}

#[test]
fn new_creates_a_missing_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run_of_new = add(folder.path(), &["quiz"]);
    shown(&run_of_new);
    assert!(
        run_of_new.out.starts_with(
            "tools.toml is new. Outside development, set GATEWAY_SECRET to 32 or more random \
             characters (`openssl rand -hex 32`).\n\
             tools.toml has the new tool quiz. "
        ),
        "{}",
        run_of_new.out
    );
    let shipped = include_str!("../../../tools.toml");
    let shipped = shipped
        .strip_prefix("#:schema ./docs/tools.schema.json\n")
        .expect("the schema, which lies here");
    let (start, _) = shipped.split_once("[tools.hello]").expect("its first tool");
    assert!(
        read(folder.path(), "tools.toml").starts_with(&format!("{start}[tools.quiz] ")),
        "it begins as the shipped one does, but for a schema that is not there"
    );
    assert_eq!(run(folder.path(), &["check"], &[]).code, Some(0));
    let nowhere = add(folder.path(), &["quiz", "--tools", "absent/tools.toml"]);
    assert_eq!(nowhere.code, Some(2));
    assert!(
        nowhere.error.starts_with("error: absent/tools.toml cannot be read: "),
        "{}",
        nowhere.error
    );
    assert!(!folder.path().join("absent").exists());
}

#[test]
fn new_accepts_an_upstream_or_an_existing_template() {
    let folder = folder(OLD);
    let upstream = add(folder.path(), &["app", "--upstream", "http://127.0.0.1:9000/app"]);
    shown(&upstream);
    assert!(
        upstream.out.starts_with(
            "tools.toml has the new tool app, in front of http://127.0.0.1:9000/app\n"
        ),
        "{}",
        upstream.out
    );
    assert!(read(folder.path(), "tools.toml").ends_with(
        "
# The headers that the app receives: docs/upstreams.md. While it does not run, /dev shows
# the comment behind its URL, such as the command that starts it.
upstream = \"http://127.0.0.1:9000/app\"
# grades = true                             # allows it to send grades: docs/grades.md
# roles = [\"learner\", \"staff\"]              # roles that may launch; default: everyone
"
    ));
    assert!(!folder.path().join("templates/app.html.tera").exists());
    let there = add(folder.path(), &["greeting", "--template", "hello"]);
    shown(&there);
    assert!(
        there
            .out
            .starts_with("tools.toml has the new tool greeting, with templates/hello.html.tera\n")
    );
    assert_eq!(read(folder.path(), "templates/hello.html.tera"), "hello");
    let created = add(folder.path(), &["quiz", "--template", "quizzes/first"]);
    shown(&created);
    assert!(
        created.out.contains("Edit its page: templates/quizzes/first.html.tera\n"),
        "{}",
        created.out
    );
    assert_eq!(run(folder.path(), &["check"], &[]).code, Some(0));
}

#[test]
fn new_adds_a_site_or_a_command() {
    let folder = folder(OLD);
    write(folder.path(), "books/the \"first\"/index.html", "<p>A book</p>");
    let site = add(folder.path(), &["book", "--site", "books/the \"first\""]);
    shown(&site);
    assert!(
        site.out
            .starts_with("tools.toml has the new tool book, with the folder books/the \"first\"\n"),
        "{}",
        site.out
    );
    let command = ["sh", "-c", "exec python3 app.py \\ {port}", "--log", "info"];
    let command = add(folder.path(), &[&["plots", "--command"], &command[..]].concat());
    shown(&command);
    assert!(
        command
            .out
            .starts_with("tools.toml has the new tool plots, for which the gateway starts sh\n"),
        "{}",
        command.out
    );
    let text = read(folder.path(), "tools.toml");
    let tables: toml::Table = text.parse().expect("TOML");
    assert_eq!(tables["tools"]["book"]["site"].as_str(), Some("books/the \"first\""));
    let arguments = tables["tools"]["plots"]["command"].as_array().expect("a list");
    let arguments: Vec<_> = arguments.iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(arguments, ["sh", "-c", "exec python3 app.py \\ {port}", "--log", "info"]);
    assert!(!folder.path().join("templates/book.html.tera").exists());
    assert_eq!(run(folder.path(), &["check"], &[]).code, Some(0));
}

#[test]
fn new_refuses_a_folder_that_is_no_site_and_two_targets() {
    let folder = folder(OLD);
    let before = read(folder.path(), "tools.toml");
    for (site, said) in [
        ("book", "error: the site does not exist\n"),
        ("tools.toml", "error: the site is a file\n"),
        (".", "error: the site would show tools.toml to everyone who launches it\n"),
        ("a\nb", "error: the folder contains a control character\n"),
    ] {
        let run = add(folder.path(), &["book", "--site", site]);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{site}");
        assert!(run.error.starts_with(said), "{}", run.error);
    }
    let control = add(folder.path(), &["plots", "--command", "sh", "a\u{7f}"]);
    assert_eq!(control.code, Some(1));
    assert!(
        control
            .error
            .starts_with("error: an argument of the command contains a control character\n"),
        "{}",
        control.error
    );
    for others in [["--template", "hello"], ["--upstream", "http://127.0.0.1:9000"]] {
        let run = add(folder.path(), &[&["book", "--site", "book"], &others[..]].concat());
        assert_eq!(run.code, Some(2), "{others:?}");
        assert!(run.error.contains("cannot be used with"), "{}", run.error);
    }
    assert_eq!(read(folder.path(), "tools.toml"), before);
    assert_no_rest(folder.path());
}

#[test]
fn a_launch_with_the_displayed_secret_is_accepted() {
    let folder = folder(OLD);
    let (_, secret) = shown(&add(folder.path(), &["quiz"]));
    let environment = [("QUIZ_SECRET", secret.as_str()), ("PORT", "0")];
    let mut child = start(folder.path(), &[], &environment);
    let mut log = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    log.read_line(&mut line).expect("a line");
    let address = format!("http://localhost:{}", between(&line, "http://127.0.0.1:", " "));
    let launch = ["launch", "quiz", "--url", &address];
    let accepted = run(folder.path(), &launch, &environment);
    let guessed = run(folder.path(), &launch, &[("QUIZ_SECRET", "guessed")]);
    child.kill().expect("it ran until now");
    child.wait().expect("it ended");
    assert_eq!(accepted.code, Some(0), "{}{}", accepted.out, accepted.error);
    assert!(accepted.out.contains("<h1>quiz</h1>"), "{}", accepted.out);
    assert_eq!(guessed.code, Some(1), "{}{}", guessed.out, guessed.error);
}

#[test]
fn key_and_secret_are_random_and_of_characters_that_every_platform_accepts() {
    let made: Vec<_> = (0..8).map(|_| shown(&add(folder(OLD).path(), &["quiz"]))).collect();
    for (key, secret) in &made {
        let random = key.strip_prefix("quiz-").expect("the tool's name");
        assert_eq!((random.len(), secret.len()), (8, 43));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        assert!(random.bytes().all(plain) && secret.bytes().all(plain), "{key} {secret}");
        let same = made.iter().filter(|(other, another)| other == key || another == secret).count();
        assert_eq!(same, 1, "each random value occurs once");
    }
}

#[test]
fn an_existing_name_is_refused() {
    let folder = folder(OLD);
    shown(&add(folder.path(), &["quiz"]));
    for name in ["quiz", "hello"] {
        let said = format!(
            "error: tools.toml has a tool named `{name}` already\n  \
             = help: choose another name, or change that tool in the file\n"
        );
        refused(folder.path(), &[name], &[], &said);
    }
}

#[test]
fn an_invalid_name_is_refused_with_advice() {
    let folder = folder(OLD);
    let long = "a".repeat(65);
    for (name, said) in [
        ("", ""),
        ("a b", "a b"),
        ("a.b", "a.b"),
        ("ü", "ü"),
        ("a/../b", "a/../b"),
        ("a\nb", "a\u{fffd}b"),
        (&long, &long),
    ] {
        let said = format!(
            "error: `{said}` is not a valid tool name\n --> tools.toml\n  \
             = help: use at most 64 letters, digits, `-` and `_`: `[tools.my-quiz]`\n"
        );
        refused(folder.path(), &[name], &[], &said);
    }
    for name in ["../hello", "a//b", "templates/hello", "hello.html", ".hidden", ""] {
        let said = format!(
            "error: a template cannot be named `{name}`\n  \
             = help: use its name below templates/, with letters, digits, `-`, `_` and `.`: \
             `--template quiz` for templates/quiz.html.tera\n"
        );
        refused(folder.path(), &["quiz", "--template", name], &[], &said);
    }
}

#[test]
fn a_variable_that_is_already_used_is_refused() {
    let folder = folder(&OLD.replace("HELLO_SECRET", "OUR_QUIZ_SECRET"));
    let said = |variable: &str, rest: &str| {
        format!("error: the secret would be in the environment variable {variable}, which {rest}\n")
    };
    let other = "  = help: choose another name for the tool";
    let named = said("OUR_QUIZ_SECRET", &format!("tools.toml names already\n{other}"));
    refused(folder.path(), &["our-quiz"], &[], &named);
    let own = said("LTI_GATEWAY_SECRET", &format!("is the gateway's own\n{other}"));
    refused(folder.path(), &["lti-gateway"], &[], &own);
    let set = said(
        "QUIZ_SECRET",
        &format!("is set already\n{other}, or unset the variable if nothing needs it"),
    );
    refused(folder.path(), &["quiz"], &[("QUIZ_SECRET", "hunter2")], &set);
    assert!(!folder.path().join("templates/quiz.html.tera").exists());
}

#[test]
fn an_existing_template_is_used_only_on_request() {
    let folder = folder("[gateway]\n");
    write(folder.path(), "templates/quiz.html.tera", "mine");
    refused(
        folder.path(),
        &["quiz"],
        &[],
        "error: templates/quiz.html.tera exists already\n  \
         = help: use it with `--template quiz`, or name another template\n",
    );
    assert_eq!(read(folder.path(), "templates/quiz.html.tera"), "mine");
}

#[test]
fn a_tool_with_a_problem_is_not_written() {
    let folder = folder(&format!(
        "{OLD}\n[tools.deep]\npath = \"/lti/quiz/deep\"\ntemplate = \"hello\"\n\
         key = \"deep\"\nsecret = {{ env = \"HELLO_SECRET\" }}\n"
    ));
    let rest = |name: &str| {
        format!(
            "\ntools.toml: 1 error\n\
             error: tools.toml would have these problems with `{name}`; nothing was written\n  \
             = help: fix the problems above, or add another tool\n"
        )
    };
    let before = read(folder.path(), "tools.toml");
    let collision = add(folder.path(), &["quiz"]);
    assert_eq!((collision.code, collision.out.as_str()), (Some(1), ""));
    assert!(
        collision
            .error
            .starts_with("error: `/lti/quiz/deep` is below the path of the tool `quiz`\n"),
        "{}",
        collision.error
    );
    assert!(collision.error.ends_with(&rest("quiz")), "{}", collision.error);
    let upstream = add(folder.path(), &["app", "--upstream", "http://me:hunter2@127.0.0.1:9000"]);
    assert_eq!((upstream.code, upstream.out.as_str()), (Some(1), ""));
    assert!(
        upstream.error.starts_with("error: the upstream contains a user name or password\n"),
        "{}",
        upstream.error
    );
    assert!(upstream.error.ends_with(&rest("app")), "{}", upstream.error);
    let quoted =
        add(folder.path(), &["app", "--upstream", "http://127.0.0.1\"\ngrades = \"hunter2"]);
    assert_eq!((quoted.code, quoted.out.as_str()), (Some(1), ""));
    assert!(
        quoted
            .error
            .starts_with("error: the upstream contains characters that a URL cannot have\n")
    );
    write(folder.path(), "templates/broken.html.tera", "{% if %}");
    let broken = add(folder.path(), &["app", "--template", "broken"]);
    assert_eq!((broken.code, broken.out.as_str()), (Some(1), ""));
    assert!(broken.error.contains("--> templates/broken.html.tera:1:"), "{}", broken.error);
    assert_eq!(read(folder.path(), "tools.toml"), before);
    assert!(!folder.path().join("templates/quiz.html.tera").exists());
}

#[test]
fn a_refused_argument_is_not_shown_as_a_line_of_the_file() {
    for (upstream, said) in [
        ("localhost:8000", "error: the upstream does not begin with http:// or https://\n"),
        ("http://0.0.0.0:5000", "error: the upstream is this gateway itself"),
        ("ftp://app.example", "error: the upstream begins with neither http:// nor https://\n"),
    ] {
        let folder = folder(OLD);
        let run = add(folder.path(), &["app", "--upstream", upstream]);
        assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{upstream}");
        assert!(run.error.starts_with(said), "{}", run.error);
        assert!(
            run.error.contains("\n --> [tools.app], which is not in tools.toml yet\n  = help: "),
            "{}",
            run.error
        );
        assert!(!run.error.contains("--> tools.toml"), "{}", run.error);
    }
}

#[test]
fn an_existing_error_in_another_table_does_not_prevent_a_new_tool() {
    let folder = folder(&format!("{OLD}\n[tools.odd]\nkye = \"a\"\n"));
    shown(&add(folder.path(), &["quiz"]));
}

#[test]
fn a_malformed_file_stays_unchanged() {
    let folder = folder(&format!("{OLD}\n[tools.odd]\nsecret = \"hunter2\n"));
    let before = read(folder.path(), "tools.toml");
    let run = add(folder.path(), &["quiz"]);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    assert!(run.error.contains(" --> tools.toml:10:"), "{}", run.error);
    assert!(
        run.error.ends_with(
            "\ntools.toml: 1 error\nerror: tools.toml is malformed; nothing was written\n  \
             = help: fix the problems above\n"
        ),
        "{}",
        run.error
    );
    assert_eq!(read(folder.path(), "tools.toml"), before);
    for old in ["tools = {}\n", "[[tools]]\nkey = \"a\"\n"] {
        write(folder.path(), "tools.toml", old);
        refused(
            folder.path(),
            &["quiz"],
            &[],
            "error: [tools.quiz] cannot be appended to tools.toml, because of the form of \
             `tools`\n  \
             = help: write each tool as a table with a heading, such as `[tools.hello]`\n",
        );
    }
}

#[test]
fn an_unreadable_or_unwritable_file_exits_with_2_and_changes_nothing() {
    let folder = folder(OLD);
    let file = folder.path().join("tools.toml");
    let mut permissions = fs::metadata(&file).expect("a file").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).expect("set");
    let written = add(folder.path(), &["quiz"]);
    assert_eq!((written.code, written.out.as_str()), (Some(2), ""));
    assert_eq!(
        written.error,
        "error: tools.toml cannot be written: it is read-only\n  \
         = help: give this user write permission for the file and its directory; \
         nothing was changed\n"
    );
    assert_eq!(read(folder.path(), "tools.toml"), OLD);
    assert!(!folder.path().join("templates/quiz.html.tera").exists());
    assert_no_rest(folder.path());
    let unreadable = add(folder.path(), &["quiz", "--tools", "templates"]);
    assert_eq!((unreadable.code, unreadable.out.as_str()), (Some(2), ""));
    assert!(
        unreadable.error.starts_with("error: templates cannot be read: "),
        "{}",
        unreadable.error
    );
}

#[test]
fn a_symlink_is_followed_and_permissions_stay() {
    let folder = folder(OLD);
    let kept = folder.path().join("kept.toml");
    fs::rename(folder.path().join("tools.toml"), &kept).expect("moved");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o640)).expect("set");
    symlink("kept.toml", folder.path().join("tools.toml")).expect("a link");
    shown(&add(folder.path(), &["quiz"]));
    assert!(fs::symlink_metadata(folder.path().join("tools.toml")).expect("a link").is_symlink());
    assert!(read(folder.path(), "kept.toml").contains("\n[tools.quiz] "));
    assert_eq!(fs::metadata(&kept).expect("a file").permissions().mode() & 0o777, 0o640);
    fs::remove_file(&kept).expect("removed");
    assert_eq!(add(folder.path(), &["other"]).code, Some(2), "a link that leads nowhere");
}
