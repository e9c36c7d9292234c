//! What somebody may have meant, and what they could write.

use super::key::{CONSUMER, FILE, GATEWAY, PERSONAL_FIELDS, ROLES, TOOL, VARIABLE};

/// What people call the roles.
const OTHER_ROLES: [(&str, &str); 6] = [
    ("student", "learner"),
    ("teacher", "instructor"),
    ("admin", "administrator"),
    ("assistant", "teaching_assistant"),
    ("teachingassistant", "teaching_assistant"),
    ("contentdeveloper", "content_developer"),
];

/// The known name that somebody meant who wrote `text`.
pub(super) fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let text = text.to_lowercase();
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&text, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= (name.chars().count() / 4).max(1))
        .min()
        .map(|(_, name)| name)
}

/// The role that somebody meant: by another name, or as LTI spells it, such as `urn:lti:role:ims/lis/Instructor`.
pub(super) fn of_role(text: &str) -> Option<&'static str> {
    let name = text.rsplit(['/', '#', ':']).next().unwrap_or_default().to_lowercase();
    let other = OTHER_ROLES.iter().find(|(other, _)| *other == name).map(|(_, role)| *role);
    other.or_else(|| nearest(&name, &ROLES))
}

/// The personal field that somebody meant.
pub(super) fn of_identity(text: &str) -> String {
    match nearest(text, &PERSONAL_FIELDS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write `name` or `email`; the user id reaches the upstream always".to_owned(),
    }
}

/// How to mend an upstream of which these words tell what is wrong.
pub(super) fn of_upstream(words: &str) -> &'static str {
    if words.contains("password") {
        "write it without, and send them in a header: `headers = { Authorization = { env = \"…\" } }`"
    } else if words.contains("neither") {
        "write http:// or https://, by which WebSockets pass, too: `upstream = \"http://127.0.0.1:9000\"`"
    } else {
        "write scheme, host, port and path of the app: `upstream = \"http://127.0.0.1:9000/app\"`"
    }
}

/// How to mend a place for state of which these words tell what is wrong.
pub(super) fn of_state(words: &str) -> &'static str {
    if words.contains("nearly") {
        "did you mean `memory`?"
    } else {
        "write `state = \"memory\"`, or a directory with a slash in its path: `state = \"./state\"`"
    }
}

/// `one of` several names, or the only one.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{}{}", if names.len() > 1 { "one of " } else { "" }, quoted.join(", "))
}

/// How to mend what the parser complains of in these words.
pub(super) fn of_syntax(words: &str) -> &'static str {
    let has = |word| words.contains(word);
    if has("table") && !has("inline table") || has("unquoted key") {
        "write a heading on a line of its own, its names in letters, digits, `-` and `_`: `[tools.my-quiz]`"
    } else if has("array") {
        "put a comma between the items of a list, and `]` behind the last"
    } else if has("inline table") || has("key-value pairs") {
        "put a comma between the settings in `{ … }`, and `}` behind the last"
    } else if has("escaped") || has("unicode") {
        "write `\\\\` for a backslash, or the text in single quotes"
    } else if has("literal string") || has("basic string") {
        "put the text in quotes, and end it with the quote that it begins with"
    } else {
        "write TOML: `key = \"value\"`, text in quotes, one setting per line"
    }
}

/// What to do about a template of this name, which is none of the known.
pub(super) fn of_template(name: &str, known: &[&str]) -> String {
    let bare = name.strip_prefix("templates/").unwrap_or(name);
    let bare = bare.strip_suffix(".tera").unwrap_or(bare);
    let bare = bare.strip_suffix(".html").unwrap_or(bare);
    if bare.is_empty() || bare.split('/').any(|part| ["", ".", ".."].contains(&part)) {
        return "write its name below templates/: `template = \"hello\"` for templates/hello.html.tera"
            .to_owned();
    }
    match nearest(bare, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if bare != name => format!("write `{bare}`, and create templates/{bare}.html.tera"),
        None => format!("create templates/{bare}.html.tera"),
    }
}

/// What to do about a file of this name that a template includes or extends, which is none of the known.
pub(super) fn of_part(name: &str, known: &[&str]) -> String {
    // The ending, which all have, makes no two names alike.
    fn stem(name: &str) -> &str {
        let stem = name.strip_suffix(".tera").unwrap_or(name);
        stem.strip_suffix(".html").unwrap_or(stem)
    }
    let stems: Vec<&str> = known.iter().map(|known| stem(known)).collect();
    let near =
        nearest(stem(name), &stems).and_then(|near| known.iter().find(|known| stem(known) == near));
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if name.ends_with(".tera") => format!("create templates/{name}"),
        None => {
            "write its name below templates/ with its ending, such as `menu.html.tera`".to_owned()
        }
    }
}

/// How to mend what Tera complains of in these words.
pub(super) fn of_tera(words: &str) -> &'static str {
    if words.contains("end of input") {
        "close what is open: `}}`, `%}`, `{% endif %}`, `{% endfor %}`, `{% endblock %}`"
    } else if words.contains("itself") {
        "take one of them out of the circle"
    } else {
        "mend the template; its language is at https://keats.github.io/tera/"
    }
}

/// What somebody may have meant by a variable that templates are not given.
pub(super) fn of_variable(name: &str) -> String {
    const OF_LAUNCH: [&str; 14] = [
        "user",
        "roles",
        "is_learner",
        "is_instructor",
        "is_administrator",
        "is_staff",
        "context",
        "resource",
        "platform",
        "locale",
        "return_url",
        "custom",
        "params",
        "grade",
    ];
    if OF_LAUNCH.contains(&name) {
        return format!("did you mean `launch.{name}`?");
    }
    match nearest(name, &["launch", "tool"]) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "use `launch.…` and `tool.…`, or set the variable in the template first".to_owned(),
    }
}

/// A name for the variable that holds a tool's secret.
pub(crate) fn variable_of(tool: &str) -> String {
    let name: String = tool
        .chars()
        .map(
            |letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' },
        )
        .collect();
    let prefix = if name.starts_with(|first: char| first.is_ascii_digit()) { "TOOL_" } else { "" };
    format!("{prefix}{name}_SECRET")
}

/// A value that fits a key of whatever table.
pub(super) fn example(key: &str) -> String {
    let tables = [TOOL, GATEWAY, CONSUMER, VARIABLE, FILE];
    match tables.iter().flat_map(|table| table.all).find(|known| known.name == key) {
        Some(known) => format!("`{}`", known.example),
        None => "`[tools.hello]` with `key`, `secret` and `template`".to_owned(),
    }
}
