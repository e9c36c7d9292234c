//! Tera templates: compiled at start, autoescaped, rendered with a launch.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use lti::Launch;
use serde::Serialize;
use tera::{Context, Tera, Value};

use crate::config::{Fault, Location, Problem, TemplateUse, Tool};

/// The ending of templates that tools may name. Their text is escaped as HTML.
const SUFFIX: &str = ".html.tera";

/// The free variables that a template is given.
const GIVEN: [&str; 2] = ["launch", "tool"];

/// All templates of a folder, compiled.
pub struct Templates(Tera);

/// What one tool renders: its template and what that is told of the tool.
pub struct Page {
    file: String,
    tool: Value,
}

/// Why a page could not be rendered.
#[derive(Debug)]
pub struct RenderError {
    /// The template and the place in it, such as `hello.html.tera:3:5`.
    pub place: String,
    /// Tera's words. They may quote what the platform sent, so they are for development only.
    pub words: String,
}

impl Templates {
    /// Compiles the templates of a folder, given as names and texts, for tools that use some of them.
    ///
    /// Every template that does not compile is a problem, and so is every use of one that does not exist
    /// or that needs a variable which it is not given.
    pub fn compile(mut files: BTreeMap<String, String>, uses: &[TemplateUse]) -> (Self, Vec<Problem>) {
        let names: Vec<String> =
            files.keys().filter_map(|file| file.strip_suffix(SUFFIX)).map(str::to_owned).collect();
        let mut problems = Vec::new();
        let mut broken: BTreeSet<String> = BTreeSet::new();
        let tera = loop {
            let mut tera = Tera::default();
            tera.autoescape_on([SUFFIX]);
            let Err(error) = tera.add_raw_templates(&files) else { break tera };
            let failure = Failure::read(&error.to_string(), error.kind(), &files);
            let known = failure.file.as_ref().and_then(|file| files.remove(file));
            // What includes or extends a broken template is not broken itself.
            let follows = broken.iter().any(|file| failure.words.contains(file.as_str()));
            if !follows {
                problems.push(failure.problem(known.as_deref()));
            }
            match failure.file {
                Some(file) if known.is_some() => broken.insert(file),
                _ => break Tera::default(),
            };
        };
        for use_of in uses {
            let file = format!("{}{SUFFIX}", use_of.name);
            if use_of.name.is_empty() || broken.contains(&file) {
                continue;
            }
            let fault = match tera.get_template_variables(&file) {
                Err(_) if names.contains(&use_of.name) => continue,
                Err(_) => Fault::TemplateMissing(use_of.name.clone(), names.clone()),
                Ok(variables) => {
                    let mut foreign: Vec<_> =
                        variables.into_iter().filter(|name| !GIVEN.contains(name)).collect();
                    foreign.sort_unstable();
                    let Some(first) = foreign.first() else { continue };
                    Fault::TemplateVariable(use_of.name.clone(), (*first).to_owned())
                }
            };
            problems.push(Problem { fault, location: use_of.location.clone() });
        }
        (Self(tera), problems)
    }

    /// The page of a launch.
    ///
    /// # Errors
    /// A [`RenderError`] where the template uses something that this launch does not have.
    pub fn render(&self, page: &Page, launch: &Launch) -> Result<String, RenderError> {
        let failed = |error: tera::Error| RenderError {
            place: place_in(&error.to_string()).unwrap_or(&page.file).to_owned(),
            words: error.to_string(),
        };
        let mut context = Context::new();
        context.insert_value("tool", page.tool.clone());
        context.insert_value(
            "launch",
            Value::try_from_serializable(&LaunchContext::new(launch)).map_err(failed)?,
        );
        self.0.render(&page.file, &context).map_err(failed)
    }
}

impl Page {
    /// What a tool renders.
    pub fn new(tool: &Tool) -> Self {
        #[derive(Serialize)]
        struct ToolContext<'a> {
            name: &'a str,
            title: &'a str,
            params: &'a figment::value::Dict,
        }
        let context = ToolContext { name: &tool.name, title: &tool.title, params: &tool.params };
        // The values come from TOML, all of which Tera has a type for.
        let tool_value = Value::try_from_serializable(&context).unwrap_or_else(|_| Value::none());
        Self { file: format!("{}{SUFFIX}", tool.template), tool: tool_value }
    }
}

/// What a template sees as `launch`. Every field is always there; text that was not sent is empty.
#[derive(Serialize)]
struct LaunchContext<'a> {
    user: UserContext<'a>,
    roles: Vec<&'static str>,
    is_learner: bool,
    is_instructor: bool,
    is_administrator: bool,
    is_staff: bool,
    context: CourseContext<'a>,
    resource: ResourceContext<'a>,
    platform: PlatformContext<'a>,
    locale: &'a str,
    return_url: &'a str,
    custom: BTreeMap<Cow<'a, str>, &'a str>,
    params: Vec<ParamContext<'a>>,
    grade: GradeContext,
}

#[derive(Serialize)]
struct UserContext<'a> {
    id: &'a str,
    name: &'a str,
    given_name: &'a str,
    family_name: &'a str,
    email: &'a str,
}

#[derive(Serialize)]
struct CourseContext<'a> {
    id: &'a str,
    label: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
struct ResourceContext<'a> {
    id: &'a str,
    title: &'a str,
    description: &'a str,
}

#[derive(Serialize)]
struct PlatformContext<'a> {
    guid: &'a str,
    name: &'a str,
    url: &'a str,
    product_family_code: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct ParamContext<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct GradeContext {
    accepted: bool,
}

impl<'a> LaunchContext<'a> {
    fn new(launch: &'a Launch) -> Self {
        fn text(value: &Option<String>) -> &str {
            value.as_deref().unwrap_or_default()
        }
        let Launch { user, context, resource_link, platform, .. } = launch;
        Self {
            user: UserContext {
                id: text(&user.id),
                name: text(&user.name),
                given_name: text(&user.given_name),
                family_name: text(&user.family_name),
                email: text(&user.email),
            },
            roles: launch.roles.iter().map(lti::Role::name).collect(),
            is_learner: launch.roles.contains(lti::Role::Learner),
            is_instructor: launch.roles.contains(lti::Role::Instructor),
            is_administrator: launch.roles.contains(lti::Role::Administrator),
            is_staff: launch.roles.intersects(lti::Roles::STAFF),
            context: CourseContext {
                id: text(&context.id),
                label: text(&context.label),
                title: text(&context.title),
            },
            resource: ResourceContext {
                id: &resource_link.id,
                title: text(&resource_link.title),
                description: text(&resource_link.description),
            },
            platform: PlatformContext {
                guid: text(&platform.guid),
                name: text(&platform.name),
                url: text(&platform.url),
                product_family_code: text(&platform.product_family_code),
                version: text(&platform.version),
            },
            locale: text(&launch.locale),
            return_url: launch.return_url.as_ref().map_or("", lti::ReturnUrl::as_str),
            custom: custom(launch),
            params: launch.params().map(|(name, value)| ParamContext { name, value }).collect(),
            grade: GradeContext { accepted: launch.accepts_grade },
        }
    }
}

/// The custom parameters by name. The name as sent comes first; besides it stands the name as LTI 1.1 spells it,
/// lower case with `_` for everything else, since edX keeps the author's spelling and others do not.
fn custom(launch: &Launch) -> BTreeMap<Cow<'_, str>, &str> {
    let mut custom = BTreeMap::new();
    for (name, value) in launch.custom() {
        custom.entry(Cow::Borrowed(name)).or_insert(value);
    }
    let spelt = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    for (name, value) in
        launch.custom().filter(|(name, _)| name.chars().any(|letter| spelt(letter) != letter))
    {
        custom.entry(Cow::Owned(name.chars().map(spelt).collect())).or_insert(value);
    }
    custom
}

/// What Tera says of a template that does not compile.
struct Failure {
    /// The template, where it can be told.
    file: Option<String>,
    words: String,
    line: usize,
    column: usize,
}

impl Failure {
    fn read(report: &str, kind: &tera::ErrorKind, files: &BTreeMap<String, String>) -> Self {
        let words = report.lines().next().unwrap_or_default();
        let words = words.strip_prefix("error: ").unwrap_or(words).to_owned();
        let place = place_in(report).and_then(|place| {
            let (rest, column) = place.rsplit_once(':')?;
            let (file, line) = rest.rsplit_once(':')?;
            Some((file.to_owned(), line.parse().ok()?, column.parse().ok()?))
        });
        if let Some((file, line, column)) = place {
            return Self { file: Some(file), words, line, column };
        }
        let file = match kind {
            tera::ErrorKind::MissingParent { current, .. } => Some(current.clone()),
            tera::ErrorKind::CircularExtend { tpl, .. } | tera::ErrorKind::CircularInclude { tpl, .. } => {
                Some(tpl.clone())
            }
            _ => files.keys().find(|file| report.contains(file.as_str())).cloned(),
        };
        Self { file, words, line: 1, column: 1 }
    }

    fn problem(&self, text: Option<&str>) -> Problem {
        let fault = Fault::TemplateBroken(self.words.clone());
        let location = match (&self.file, text) {
            (Some(file), Some(text)) => {
                let shown = text.lines().nth(self.line - 1).unwrap_or_default().to_owned();
                let start = (self.column - 1).min(shown.chars().count());
                Location::File {
                    file: format!("templates/{file}"),
                    line: self.line,
                    column: self.column,
                    shown,
                    marked: start..start + 1,
                }
            }
            _ => Location::Whole("templates".to_owned()),
        };
        Problem { fault, location }
    }
}

/// `file:line:column` of one of Tera's reports.
fn place_in(report: &str) -> Option<&str> {
    report.lines().find_map(|line| line.trim_start().strip_prefix("--> "))
}
