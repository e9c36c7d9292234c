//! Suggestions for the advice of a fault: the nearest valid name, or an example.

use super::key::{
    CLIENT, CONSUMER, FILE, GATEWAY, LINE_ITEM, LINK, PERSONAL_FIELDS, PLATFORM, ROLES, TOOL,
    VARIABLE,
};
use super::limit::RECOMMENDED_CONSUMER_SECRET;

/// Other common names of the roles.
const OTHER_ROLES: [(&str, &str); 6] = [
    ("student", "learner"),
    ("teacher", "instructor"),
    ("admin", "administrator"),
    ("assistant", "teaching_assistant"),
    ("teachingassistant", "teaching_assistant"),
    ("contentdeveloper", "content_developer"),
];

/// The known name that is most similar to `text`, if one is similar enough to be a misspelling.
pub(super) fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let text = text.to_lowercase();
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&text, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= (name.chars().count() / 4).max(1))
        .min()
        .map(|(_, name)| name)
}

/// The role that the author probably meant: `text` is another common name of it, a misspelling, or
/// LTI's name such as `urn:lti:role:ims/lis/Instructor`.
pub(super) fn of_role(text: &str) -> Option<&'static str> {
    let name = text.rsplit(['/', '#', ':']).next().unwrap_or_default().to_lowercase();
    let other = OTHER_ROLES.iter().find(|(other, _)| *other == name).map(|(_, role)| *role);
    other.or_else(|| nearest(&name, &ROLES))
}

/// Asks whether the author meant this name.
pub(super) fn did_you_mean(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// Advice for a value that must be one of these words.
pub(super) fn of_word(text: &str, words: &[&str]) -> String {
    near_or(text, words, || format!("write {}", listed(words)))
}

/// Advice for an invalid personal field.
pub(super) fn of_identity(text: &str) -> String {
    near_or(text, &PERSONAL_FIELDS, || {
        "write `name` or `email`; the upstream always receives the user id".to_owned()
    })
}

/// Advice for an environment variable that is no setting.
pub(super) fn of_unknown_variable(name: &str, known: &[String]) -> String {
    let known = &borrowed(known);
    near_or(name, known, || format!("unset it, or set {}", listed(known)))
}

/// Advice for an environment variable that is not set.
pub(super) fn of_variable(name: &str) -> String {
    format!("set it: `heroku config:set {name}=…`, or add `{name}=…` to .env for foreman")
}

/// Advice for a value of this key that is a string with a variable of this name.
pub(super) fn of_variable_in_place(key: &str, name: Option<&str>) -> String {
    let name = name.unwrap_or("NAME");
    match key {
        "env" => format!("write only the name: `{{ env = \"{name}\" }}`"),
        "headers" => format!(
            "write `{{ env = \"{name}\" }}` as the value of the header, and set {name} to the \
                whole value"
        ),
        "secret" | "public_url" | "state" => {
            format!("write `{key} = {{ env = \"{name}\" }}`, and set {name} to the whole value")
        }
        _ => format!("write the value itself: `{key}` cannot come from a variable"),
    }
}

/// Advice for a consumer's secret that is too short: in this variable, or in the file.
pub(super) fn of_short_secret(variable: Option<&str>) -> String {
    let characters =
        format!("{RECOMMENDED_CONSUMER_SECRET} or more random characters (`openssl rand -hex 16`)");
    match variable {
        Some(name) => format!("set {name} to {characters}, and enter them at the platform"),
        None => format!("write {characters}, and enter them at the platform"),
    }
}

/// Advice for a missing key.
pub(super) fn of_missing(key: &str) -> &'static str {
    match key {
        "env" => "name the environment variable: `{ env = \"NAME\" }`",
        "client_id" => "add `client_id = \"…\"`, which the platform shows",
        "title" => "add `title = \"…\"`, which instructors and learners see",
        "label" => "add `label = \"…\"`, the title of the column",
        "points" => "add `points = 10`, the maximum of the grades",
        "key" => "add `key = \"…\"`, the consumer key that platforms send",
        _ => "add `secret = { env = \"…\" }`, the secret of the key",
    }
}

/// Advice for an empty list of this key.
pub(super) fn of_empty_list(key: &str) -> String {
    match key {
        "roles" => "list the roles that may launch, or remove `roles` to admit everyone".to_owned(),
        "members" => {
            "list the roles that may see the members, or remove `members` for nobody".to_owned()
        }
        "links" => format!("list at least one link: {}", example(key)),
        "secret" => "list at least one secret: `secret = [{ env = \"…\" }]`".to_owned(),
        "consumers" => format!("list at least one consumer: {}", example(key)),
        "command" => format!("list the program and its arguments: {}", example(key)),
        _ => format!("list at least one value, or remove `{key}`"),
    }
}

/// Advice for an empty string of this key.
pub(super) fn of_empty_text(key: &str) -> String {
    match key {
        "secret" => {
            format!(
                "write a secret of {RECOMMENDED_CONSUMER_SECRET} or more random characters, \
                    preferably as `{{ env = \"…\" }}`"
            )
        }
        _ => format!("write {}", example(key)),
    }
}

fn near_or(text: &str, known: &[&str], otherwise: impl FnOnce() -> String) -> String {
    nearest(text, known).map_or_else(otherwise, did_you_mean)
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// `one of` and all names, or the only name.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{}{}", if names.len() > 1 { "one of " } else { "" }, quoted.join(", "))
}

/// Advice for a template that does not exist.
pub(super) fn of_template(name: &str, known: &[String]) -> String {
    let bare = name.strip_prefix("templates/").unwrap_or(name);
    let bare = bare.strip_suffix(".tera").unwrap_or(bare);
    let bare = bare.strip_suffix(".html").unwrap_or(bare);
    if bare.is_empty() || bare.split('/').any(|part| ["", ".", ".."].contains(&part)) {
        return "write the name below templates/: `template = \"hello\"` for \
            templates/hello.html.tera"
            .to_owned();
    }
    match nearest(bare, &borrowed(known)) {
        Some(near) => did_you_mean(near),
        None if bare != name => format!("write `{bare}`, and create templates/{bare}.html.tera"),
        None => format!("create templates/{bare}.html.tera"),
    }
}

/// Advice for a file that a template includes or extends, and that does not exist.
pub(super) fn of_part(name: &str, known: &[String]) -> String {
    // All names have this ending, so it must not make two names look similar.
    fn stem(name: &str) -> &str {
        let stem = name.strip_suffix(".tera").unwrap_or(name);
        stem.strip_suffix(".html").unwrap_or(stem)
    }
    let stems: Vec<&str> = known.iter().map(|known| stem(known)).collect();
    let near =
        nearest(stem(name), &stems).and_then(|near| known.iter().find(|known| stem(known) == near));
    match near {
        Some(near) => did_you_mean(near),
        None if name.ends_with(".tera") => format!("create templates/{name}"),
        None => {
            "write the name below templates/ with its ending, such as `menu.html.tera`".to_owned()
        }
    }
}

/// Advice for a variable that no template receives.
pub(super) fn of_template_variable(name: &str) -> String {
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
        return did_you_mean(&format!("launch.{name}"));
    }
    near_or(name, &["launch", "tool"], || {
        "use `launch.…` and `tool.…`, or set the variable in the template first".to_owned()
    })
}

/// Advice for a field that a template's variable does not have.
pub(super) fn of_field(of: &str, name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return format!("write `{of}` alone, or with a filter such as `{of} | length`");
    }
    match nearest(name, known) {
        Some(near) => did_you_mean(&format!("{of}.{near}")),
        None if of == "launch" => format!(
            "write one of {}; a custom parameter is `launch.custom.{name}`",
            known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ),
        None => format!("write {}", listed(known)),
    }
}

/// The name that is most similar to `text`, if it is probably a misspelling.
pub(crate) fn nearest_name<'n>(text: &str, known: &'n [String]) -> Option<&'n str> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    nearest(text, &known)
}

/// The suggested name of the environment variable for a tool's secret.
pub(crate) fn variable_of(tool: &str) -> String {
    let name: String =
        tool.chars()
            .map(|character| {
                if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' }
            })
            .collect();
    let prefix = if name.starts_with(|first: char| first.is_ascii_digit()) { "TOOL_" } else { "" };
    format!("{prefix}{name}_SECRET")
}

/// An example line for a key of any table.
pub(super) fn example(key: &str) -> String {
    if key.starts_with("platforms.") || key == "[platforms]" {
        return "`[platforms.moodle]` with `type`, `url` and `client_id`".to_owned();
    }
    let tables = [TOOL, GATEWAY, CONSUMER, LINK, LINE_ITEM, PLATFORM, CLIENT, VARIABLE, FILE];
    match tables.iter().flat_map(|table| table.all).find(|known| known.name == key) {
        Some(known) => format!("`{}`", known.example),
        None => "`[tools.hello]` with `key`, `secret` and `template`".to_owned(),
    }
}
