//! `GET /dev/launch`: a launch of the practice platform.

use rocket::{FromForm, get};
use serde::Serialize;

use lti::oauth1::Credentials;
use lti::{Role, Roles};

use super::consumer::PracticeConsumer;
use super::gate::{DevRefusal, SendingPage};
use super::login::{ChosenLogin, log_in};
use super::practice::MistakeContext;
use crate::config::Tool;
use crate::practice::v1p1::{Mistake, SignedForm, edx_launch, person_params};
use crate::practice::v1p3::TokenMistake;
use crate::practice::{BLOCK, Person, outcome_url};
use crate::web::gateway::Gateway;
use crate::web::guard::Authority;
use crate::web::page::{self, Html};
use crate::web::refusal::{Refusal, reference};

/// The maximum of custom parameters, and of characters of a block's name.
const MOST: usize = 64;
/// The maximum length of a user's id.
const LONGEST_USER: usize = 255;

#[derive(Serialize)]
struct PracticeLaunchContext<'a> {
    title: &'a str,
    /// The version of LTI.
    version: &'static str,
    person: &'a str,
    inline: bool,
    /// Whether the page sends its first form by itself.
    at_once: bool,
    mistake: Option<MistakeContext>,
    forms: Vec<FormContext>,
}

#[derive(Serialize)]
struct FormContext {
    url: String,
    params: Vec<PracticeParamContext>,
    /// Empty by LTI 1.3.
    base_string: String,
}

#[derive(Serialize)]
struct PracticeParamContext {
    name: String,
    value: String,
}

impl From<SignedForm> for FormContext {
    fn from(SignedForm { url, params, base_string }: SignedForm) -> Self {
        let params =
            params.into_iter().map(|(name, value)| PracticeParamContext { name, value }).collect();
        Self { url, params, base_string }
    }
}

/// The choices of the form at `/dev`.
#[derive(FromForm)]
pub(super) struct PracticeChoice<'r> {
    tool: &'r str,
    person: Option<&'r str>,
    link: Option<&'r str>,
    custom: Option<&'r str>,
    /// Present if the activity accepts no grade.
    ungraded: Option<&'r str>,
    display: Option<&'r str>,
    mistake: Option<&'r str>,
    /// The version of LTI [default: 1.1].
    lti: Option<&'r str>,
    /// A mistake of LTI 1.3, which implies the version.
    token_mistake: Option<&'r str>,
    /// By LTI 1.3, the id of a user who is not of the course.
    user: Option<&'r str>,
    /// The roles of this user.
    role: Vec<&'r str>,
}

impl PracticeChoice<'_> {
    fn is_v1p3(&self) -> bool {
        self.lti == Some("1.3") || self.token_mistake.is_some()
    }
}

/// Shows a signed launch, and sends it: by itself if the user clicked on a page of this gateway,
/// otherwise with a button. A page of another site cannot open it.
#[get("/dev/launch?<chosen..>")]
pub(super) fn launch(
    gateway: &Gateway,
    authority: Authority,
    page: SendingPage,
    chosen: PracticeChoice<'_>,
) -> Result<Html, DevRefusal> {
    page.check()?;
    let tool =
        gateway.routes.tools().find(|known| known.name == chosen.tool).ok_or(Refusal::NoTool)?;
    let person = Person::of(chosen.person.unwrap_or_default());
    let mistake = chosen.mistake.and_then(Mistake::named);
    let url = gateway.public_url.launch_url(tool, Some(&authority.other()));
    if chosen.is_v1p3() {
        return launch_v1p3(gateway, tool, &url, &authority, &page, &chosen);
    }
    let consumer = PracticeConsumer::of(gateway, tool, &url, page.is_forwarded);
    let consumer = consumer.map_err(|_| Refusal::NoTool)?;
    let block = block(chosen.link);
    let mut params = person_params(person);
    if chosen.ungraded.is_none() {
        params.push(("lis_outcome_service_url".to_owned(), outcome_url(&tool.name, block)));
    }
    params.extend(custom_params(chosen.custom.unwrap_or_default()));
    let sign = |params: &[(String, String)], nonce: &str| {
        let params = edx_launch(block, person.id, &[person.role], params);
        let credentials = Credentials {
            key: consumer.key,
            signing_key: consumer.signing_key,
            method: consumer.method,
            timestamp: gateway.clock.now(),
            nonce,
        };
        let form = SignedForm::sign(&url, &params, credentials, mistake);
        form.map(FormContext::from).map_err(|_| Refusal::PageFailed)
    };
    let nonce = format!("{}{}", reference(), reference());
    let mut forms = vec![sign(&params, &nonce)?];
    if mistake == Some(Mistake::Nonce) {
        // The identical form from the same browser would be a reload. Change it, but not its nonce.
        params.push(("custom_again".to_owned(), "1".to_owned()));
        forms.push(sign(&params, &nonce)?);
    }
    let context = PracticeLaunchContext {
        title: &tool.title,
        version: "1.1",
        person: person.title,
        inline: chosen.display != Some("window"),
        at_once: page.is_own,
        mistake: mistake.map(MistakeContext::from),
        forms,
    };
    let page = page::render("dev_launch.html.tera", &context).ok_or(Refusal::PageFailed)?;
    Ok(Html::launching(page))
}

/// The page of a launch by LTI 1.3. It sends the login; the rest follows from the gateway's own
/// redirect.
fn launch_v1p3(
    gateway: &Gateway,
    tool: &Tool,
    launch_url: &str,
    authority: &Authority,
    page: &SendingPage,
    chosen: &PracticeChoice<'_>,
) -> Result<Html, DevRefusal> {
    let mistake = chosen.token_mistake.and_then(TokenMistake::named);
    let person = Person::of(chosen.person.unwrap_or_default());
    let user = chosen.user.filter(|user| !user.is_empty() && user.len() <= LONGEST_USER);
    let chosen_roles = || chosen.role.iter().filter_map(|name| Roles::named(name));
    let roles: Vec<Role> = match user {
        Some(_) => chosen_roles().flat_map(|roles| roles.iter().collect::<Vec<_>>()).collect(),
        None => vec![person.role],
    };
    let name_and_email = person.name_and_email.filter(|_| user.is_none());
    let login = ChosenLogin {
        tool,
        launch_url,
        user: user.unwrap_or(person.id),
        roles,
        name_and_email,
        block: block(chosen.link),
        custom: custom_pairs(chosen.custom.unwrap_or_default()).collect(),
        mistake,
    };
    let params = log_in(gateway, login, page.is_forwarded).ok_or(Refusal::NoTool)?;
    let form = FormContext {
        url: gateway.public_url.login_url(Some(&authority.other())),
        params: params
            .into_iter()
            .map(|(name, value)| PracticeParamContext { name, value })
            .collect(),
        base_string: String::new(),
    };
    let context = PracticeLaunchContext {
        title: &tool.title,
        version: "1.3",
        person: user.map_or(person.title, |user| user),
        inline: chosen.display != Some("window"),
        at_once: page.is_own,
        mistake: mistake.map(MistakeContext::from),
        forms: vec![form],
    };
    let page = page::render("dev_launch.html.tera", &context).ok_or(Refusal::PageFailed)?;
    Ok(Html::launching(page))
}

/// The chosen block of the course, or the default one for an invalid name.
fn block(chosen: Option<&str>) -> &str {
    let is_name = |name: &&str| {
        !name.is_empty()
            && name.len() <= MOST
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    chosen.filter(is_name).unwrap_or(BLOCK)
}

/// The parameters of `name=value` lines. As in edX, the names get the prefix `custom_`, and leading
/// and trailing whitespace is removed.
fn custom_params(lines: &str) -> impl Iterator<Item = (String, String)> {
    custom_pairs(lines).map(|(name, value)| (format!("custom_{name}"), value))
}

/// The names and values of `name=value` lines.
fn custom_pairs(lines: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    let trimmed = pairs.map(|(name, value)| (name.trim(), value.trim()));
    let named = trimmed.filter(|(name, _)| !name.is_empty());
    named.take(MOST).map(|(name, value)| (name.to_owned(), value.to_owned()))
}
