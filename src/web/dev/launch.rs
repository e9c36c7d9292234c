//! `GET /dev/launch`: a launch of the practice platform.

use rocket::{FromForm, get};
use serde::Serialize;

use lti::oauth1::Credentials;
use lti::{Role, Roles};

use super::consumer::PracticeConsumer;
use super::gate::{DevRefusal, SendingPage};
use super::login::{ChosenLogin, log_in};
use super::practice::MistakeContext;
use super::selection::SelectionRequest;
use crate::config::Tool;
use crate::practice::v1p1::{
    Mistake, NO_SELECTION_PARAMS, SignedForm, edx_launch, person_params, selection_params,
};
use crate::practice::v1p3::{PracticeMessage, TokenMistake};
use crate::practice::{BLOCK, CourseLineItem, CourseLink, Person, is_block, outcome_url};
use crate::web::gateway::Gateway;
use crate::web::guard::Authority;
use crate::web::page::{self, Html};
use crate::web::refusal::{Refusal, reference};

/// The maximum of custom parameters.
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
    /// `links` for a request for links; `links-1.3` for one by LTI 1.3.
    message: Option<&'r str>,
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
        self.lti == Some("1.3") || self.token_mistake.is_some() || self.message == Some("links-1.3")
    }

    fn is_inline(&self) -> bool {
        self.display != Some("window")
    }

    fn is_selection(&self) -> bool {
        matches!(self.message, Some("links" | "links-1.3"))
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
    let link = LaunchedLink::find(gateway, tool, &chosen);
    let mut params = person_params(person);
    if chosen.is_selection() {
        let request = SelectionRequest::new(gateway, tool, &url, &authority);
        let request = request.ok_or(Refusal::PageFailed)?;
        params.extend(selection_params(&request.return_url, &request.data));
    } else {
        if !link.title.is_empty() {
            params.push(("resource_link_title".to_owned(), link.title));
        }
        if link.is_graded {
            params.push(("lis_outcome_service_url".to_owned(), outcome_url(&tool.name, block)));
        }
    }
    params.extend(link.custom.into_iter().map(|(name, value)| (format!("custom_{name}"), value)));
    let url = format!("{url}{}", link.place);
    let sign = |params: &[(String, String)], nonce: &str| {
        let mut params = edx_launch(block, person.id, &[person.role], params);
        if chosen.is_selection() {
            params.retain(|(name, _)| !NO_SELECTION_PARAMS.contains(&name.as_str()));
        }
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
        inline: chosen.is_inline(),
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
    let block = block(chosen.link);
    let link = LaunchedLink::find(gateway, tool, chosen);
    let message = if chosen.is_selection() {
        let request = SelectionRequest::new(gateway, tool, launch_url, authority);
        let SelectionRequest { return_url, data } = request.ok_or(Refusal::PageFailed)?;
        PracticeMessage::Selection { return_url, data }
    } else {
        PracticeMessage::Link {
            place: link.place,
            title: link.title,
            line_item: link.is_graded.then(|| block.to_owned()),
        }
    };
    let login = ChosenLogin {
        tool,
        launch_url,
        user: user.unwrap_or(person.id),
        roles,
        name_and_email,
        block,
        message,
        custom: link.custom,
        mistake,
        inline: chosen.is_inline(),
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
        inline: chosen.is_inline(),
        at_once: page.is_own,
        mistake: mistake.map(MistakeContext::from),
        forms: vec![form],
    };
    let page = page::render("dev_token_launch.html.tera", &context).ok_or(Refusal::PageFailed)?;
    Ok(Html::launching(page))
}

/// The chosen link of the course.
struct LaunchedLink {
    /// Its place in the tool.
    place: String,
    /// Its title; may be empty.
    title: String,
    /// Custom parameters, without their prefix.
    custom: Vec<(String, String)>,
    is_graded: bool,
}

impl LaunchedLink {
    /// The chosen link. Its line item exists from now on. A picked link accepts grades if its tool
    /// asked for a line item; every other one does, unless the user chose otherwise.
    fn find(gateway: &Gateway, tool: &Tool, chosen: &PracticeChoice<'_>) -> Self {
        let mut custom: Vec<_> = custom_pairs(chosen.custom.unwrap_or_default()).collect();
        let none = Self {
            place: String::new(),
            title: String::new(),
            custom: custom.clone(),
            is_graded: chosen.ungraded.is_none(),
        };
        let Some(development) = gateway.development.as_ref().filter(|_| !chosen.is_selection())
        else {
            return none;
        };
        let (name, block) = (&tool.name, block(chosen.link));
        let mut practice = development.practice();
        let Some(link) = practice.links.find(name, block).cloned() else {
            if none.is_graded {
                practice.gradebook.line_items.find(name, block);
            }
            return none;
        };
        let CourseLink { title, place, custom: of_link, line_item, .. } = link;
        let is_graded = line_item.is_some() && chosen.ungraded.is_none();
        if let Some(item) = line_item {
            let label = [item.label, title.clone(), block.to_owned()];
            practice.gradebook.line_items.add_block(CourseLineItem {
                label: label.into_iter().find(|label| !label.is_empty()).unwrap_or_default(),
                maximum: item.maximum,
                resource_id: item.resource_id,
                tag: item.tag,
                ..CourseLineItem::of_block(name, block)
            });
        }
        custom.splice(0..0, of_link);
        Self { place, title, custom, is_graded }
    }
}

/// The chosen block of the course, or the default one for an invalid name.
fn block(chosen: Option<&str>) -> &str {
    chosen.filter(|name| is_block(name)).unwrap_or(BLOCK)
}

/// The names and values of `name=value` lines. As in edX, leading and trailing whitespace is
/// removed.
fn custom_pairs(lines: &str) -> impl Iterator<Item = (String, String)> {
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    let trimmed = pairs.map(|(name, value)| (name.trim(), value.trim()));
    let named = trimmed.filter(|(name, _)| !name.is_empty());
    named.take(MOST).map(|(name, value)| (name.to_owned(), value.to_owned()))
}
