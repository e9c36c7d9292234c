//! Tera templates: compiled at the start, HTML-escaped, rendered with each launch.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use lti::Launch;
use serde::Serialize;
use tera::{Context, Tera, Value};

use super::fields::CustomNames;
use super::{diagnosis, fields, usage};
use crate::config::{Fault, Problem, Severity, TemplateUse, Tool, print, sort};

/// The file name suffix of templates for tools. Tera escapes their values for HTML.
const SUFFIX: &str = ".html.tera";

/// The variables of a template.
const VARIABLES: [&str; 2] = ["launch", "tool"];

/// All templates of a directory, compiled.
pub struct Templates {
    tera: Tera,
    /// The files that do not read `launch.params`.
    without_params: HashSet<String>,
    /// The custom parameters that the template of each tool names.
    custom: HashMap<String, CustomNames>,
    /// The files of tools that cannot be rendered, because they or their parts have errors.
    broken: HashMap<String, BrokenPage>,
}

/// The errors of a page.
#[derive(Clone)]
struct BrokenPage {
    /// The location of the first error, such as `templates/hello.html.tera:3:5`.
    location: String,
    /// All errors, as `check` prints them.
    errors: String,
}

/// The page of one tool: its template, and the template's variable `tool`.
pub struct Page {
    file: String,
    tool: Value,
}

/// Why a template does not render a page.
#[derive(Debug)]
pub enum RenderError {
    /// It failed for this launch.
    Failed {
        /// The template, line and column, such as `hello.html.tera:3:5`.
        location: String,
        /// Tera's message. It may quote parameters of the launch, so only development shows it.
        message: String,
    },
    /// It or its parts have errors, so it fails for every launch. A gateway does not start with
    /// such a template; only a later configuration can have one.
    Broken {
        /// The location of the first error, such as `templates/hello.html.tera:3:5`.
        location: String,
        /// All errors, as `check` prints them.
        errors: String,
    },
}

impl Templates {
    /// Compiles templates. `files` has their names and contents, `uses` the templates of the tools,
    /// `problems` those of files that cannot be read, which are empty in `files`.
    ///
    /// Returns these problems, and one for each template that does not compile, for each missing
    /// template of a tool, and for each undefined variable in a tool's template.
    pub fn compile(
        files: BTreeMap<String, String>,
        uses: &[TemplateUse],
        mut problems: Vec<Problem>,
    ) -> (Self, Vec<Problem>) {
        let mut sound = files.clone();
        let mut broken = BTreeSet::new();
        let tera = loop {
            let mut tera = Tera::default();
            tera.autoescape_on([SUFFIX]);
            let Err(error) = tera.add_raw_templates(&sound) else { break tera };
            let before = sound.len();
            for failure in diagnosis::failures(&error, &files) {
                // A template that only includes or extends a broken one is not reported.
                if !failure.follows_from(&broken) {
                    problems.push(failure.problem(&files));
                }
                if let Some(file) = failure.file {
                    sound.remove(&file);
                    broken.insert(file);
                }
            }
            if sound.len() == before {
                break Tera::default();
            }
        };
        let mut foreign = BTreeSet::new();
        for TemplateUse { name, location, .. } in uses {
            let file = format!("{name}{SUFFIX}");
            match tera.get_template_variables(&file) {
                Ok(variables) => {
                    let variables =
                        variables.into_iter().filter(|variable| !VARIABLES.contains(variable));
                    foreign.extend(variables.map(|variable| (file.clone(), variable.to_owned())));
                }
                Err(_) if name.is_empty() || files.contains_key(&file) => {}
                Err(_) => {
                    let known = files
                        .keys()
                        .filter_map(|file| file.strip_suffix(SUFFIX))
                        .map(str::to_owned);
                    let fault = Fault::TemplateMissing(name.clone(), known.collect());
                    problems.push(Problem { fault, location: location.clone() });
                }
            }
        }
        problems.extend(diagnosis::foreign_variables(&foreign, &files));
        let parts = |name: &str| -> Vec<String> {
            let file = format!("{name}{SUFFIX}");
            diagnosis::parts_of(&file, &sound).into_iter().map(str::to_owned).collect()
        };
        problems.extend(fields::misspelled(uses, &parts, &sound));
        let mut custom = HashMap::new();
        for TemplateUse { name, .. } in uses {
            custom.entry(format!("{name}{SUFFIX}")).or_insert_with(|| {
                let parts = parts(name);
                let texts = parts.iter().filter_map(|file| sound.get(file));
                CustomNames::of(texts.map(String::as_str))
            });
        }
        let broken = uses.iter().filter_map(|TemplateUse { name, .. }| {
            let file = format!("{name}{SUFFIX}");
            let compiles = tera.get_template_variables(&file).is_ok();
            Some((file.clone(), BrokenPage::of(&file, &files, compiles, &problems)?))
        });
        let broken = broken.collect();
        let without_params = sound.into_iter().filter(|(_, text)| !usage::may_read_params(text));
        let without_params = without_params.map(|(file, _)| file).collect();
        (Self { tera, without_params, custom, broken }, problems)
    }

    /// Renders the page for a launch.
    ///
    /// # Errors
    /// A [`RenderError`] if the template has errors, or uses a value that this launch does not
    /// have.
    pub fn render(&self, page: &Page, launch: &Launch) -> Result<String, RenderError> {
        if let Some(BrokenPage { location, errors }) = self.broken.get(&page.file).cloned() {
            return Err(RenderError::Broken { location, errors });
        }
        let failed = |error: tera::Error| RenderError::Failed {
            location: match error.kind() {
                // Not `report` as a string: it may quote parameters of the launch.
                tera::ErrorKind::RenderingError(report) => {
                    let start = report.span();
                    format!("{}:{}:{}", report.filename(), start.start_line, start.start_col + 1)
                }
                _ => page.file.clone(),
            },
            message: error.to_string(),
        };
        let mut variable = LaunchContext::new(launch);
        if !self.without_params.contains(&page.file) {
            variable.params = params(launch);
        }
        let render = |variable: &LaunchContext<'_>| {
            let mut context = Context::new();
            context.insert_value("tool", page.tool.clone());
            context.insert_value("launch", Value::try_from_serializable(variable)?);
            self.tera.render(&page.file, &context)
        };
        let Some(names) = self.custom.get(&page.file) else {
            return render(&variable).map_err(failed);
        };
        // A template that asks which parameters there are receives no others, if it can do without.
        if !names.asks {
            variable.add_empty(&names.named);
        }
        let mut rendered = render(&variable);
        for names in [&names.named, &names.possible] {
            if rendered.is_err() && variable.add_empty(names) {
                rendered = render(&variable);
            }
        }
        rendered.map_err(failed)
    }
}

impl BrokenPage {
    /// The errors of a page and its parts, among all problems. `None` without errors. `compiles`
    /// is whether it compiles.
    fn of(
        file: &str,
        files: &BTreeMap<String, String>,
        compiles: bool,
        problems: &[Problem],
    ) -> Option<Self> {
        let parts: Vec<String> = diagnosis::parts_of(file, files)
            .iter()
            .map(|part| format!("templates/{part}"))
            .collect();
        let errors = problems.iter().filter(|problem| problem.severity() == Severity::Error);
        let own = errors.clone().filter(|error| {
            error.location.file().is_some_and(|file| parts.iter().any(|part| part == file))
        });
        let mut errors: Vec<Problem> = if compiles {
            own.cloned().collect()
        } else {
            let own: Vec<Problem> = own.cloned().collect();
            // Tera names only some of the templates that an error affects.
            if own.is_empty() { errors.cloned().collect() } else { own }
        };
        let name = format!("templates/{file}");
        sort(&name, &mut errors);
        let location = errors.first()?.location.to_string();
        Some(Self { location, errors: print(&name, &errors) })
    }
}

impl Page {
    /// The page of a tool with this template.
    pub fn new(template: &str, tool: &Tool) -> Self {
        #[derive(Serialize)]
        struct ToolContext<'a> {
            name: &'a str,
            title: &'a str,
            params: &'a figment::value::Dict,
        }
        let context = ToolContext { name: &tool.name, title: &tool.title, params: &tool.params };
        // Infallible: Tera has a type for every TOML value.
        let tool_value = Value::try_from_serializable(&context).unwrap_or_else(|_| Value::none());
        Self { file: format!("{template}{SUFFIX}"), tool: tool_value }
    }
}

/// The variable `launch` of a template. All fields exist; values that were not sent are empty.
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
    /// Only for templates that may read it.
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
            params: Vec::new(),
            grade: GradeContext { accepted: launch.grade_place.is_ok() },
        }
    }
}

impl<'a> LaunchContext<'a> {
    /// Adds empty custom parameters of these names. Returns whether the launch lacks any of them.
    fn add_empty(&mut self, names: &'a BTreeSet<String>) -> bool {
        let before = self.custom.len();
        for name in names {
            self.custom.entry(Cow::Borrowed(name)).or_insert("");
        }
        self.custom.len() > before
    }
}

fn params(launch: &Launch) -> Vec<ParamContext<'_>> {
    launch.params().map(|(name, value)| ParamContext { name, value }).collect()
}

/// The custom parameters by name. Each has two names: the original, and the normalized one of LTI
/// 1.1, in lower case with `_` for other characters. edX sends the original, other platforms send
/// the normalized name.
fn custom(launch: &Launch) -> BTreeMap<Cow<'_, str>, &str> {
    let mut custom: BTreeMap<Cow<'_, str>, &str> =
        launch.custom().into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
    let spelt = |letter: char| {
        if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' }
    };
    let respelt: Vec<(String, &str)> = custom
        .iter()
        .filter(|(name, _)| name.chars().any(|letter| spelt(letter) != letter))
        .map(|(name, value)| (name.chars().map(spelt).collect(), *value))
        .collect();
    for (name, value) in respelt {
        custom.entry(Cow::Owned(name)).or_insert(value);
    }
    custom
}
