//! The login of the practice platform, up to the form with the token. The running gateway plays
//! the platform: only its process has the platform's key.

use std::path::Path;

use lti::oauth1::encode::encode;
use reqwest::header::{CONTENT_TYPE, COOKIE};
use reqwest::{Client, Response, StatusCode, Url};

use super::arguments::{LaunchArguments, LaunchMessage, PrintFormat};
use super::follow::{cookie_header, keep, line, next, shown, step, without_url};
use super::page_form::PageForm;
use super::sign::{given_url, own_url};
use super::signed::SignedLaunch;
use crate::cause::message_chain;
use crate::cli::limit::{REDIRECTS, RESPONSE_TIMEOUT};
use crate::cli::load::load;
use crate::cli::message::{no_certificates, no_tool, unreadable};
use crate::config::Environment;
use crate::platform::client;

/// The largest page of the practice platform, in bytes.
const LARGEST_PAGE: usize = 1024 * 1024;

/// Why there is no launch: the message for the terminal, and the exit code.
pub(super) struct LoginFailure {
    pub(super) message: String,
    pub(super) code: u8,
}

impl LoginFailure {
    /// The command could not ask.
    pub(super) fn unasked(message: String) -> Self {
        Self { message, code: 2 }
    }

    fn rejected(message: String) -> Self {
        Self { message, code: 1 }
    }
}

/// Plays a login, and returns the form with the token.
///
/// # Errors
/// A [`LoginFailure`].
pub(super) fn log_in(
    launch: &LaunchArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> Result<SignedLaunch, LoginFailure> {
    let start = start_url(launch, file, environment, development);
    let start = start.map_err(LoginFailure::unasked)?;
    let client = client(start.scheme() == "https").and_then(|client| {
        client.timeout(RESPONSE_TIMEOUT).build().map_err(|error| message_chain(&error))
    });
    let client = client.map_err(|why| LoginFailure::unasked(no_certificates(&why)))?;
    let is_shown = launch.print.is_none();
    let login = PracticeLogin { client, cookies: Vec::new(), is_shown };
    rocket::execute(login.play(&start))
}

/// The URL of the practice platform's launch page.
fn start_url(
    launch: &LaunchArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> Result<Url, String> {
    if let Some(name) = launch.platform.as_ref().filter(|name| *name != "practice") {
        return Err(format!(
            "error: only {name:?} itself can launch as {name:?}: the gateway does not have its \
             private key\n  \
             = help: omit --platform: the practice platform launches the tool\n"
        ));
    }
    if launch.key.is_some() {
        return Err("error: --key names a consumer of LTI 1.1\n  = help: omit it\n".to_owned());
    }
    if matches!(launch.print, Some(PrintFormat::Curl | PrintFormat::Html)) {
        return Err("error: a launch by LTI 1.3 needs the cookie of its login, so that neither a \
                    page nor a command can send it\n  \
                    = help: print its form, for example for `explain`: --print form\n"
            .to_owned());
    }
    let loaded =
        load(file, environment, development).map_err(|error| unreadable(file.display(), &error))?;
    let tool = loaded.config.tools.iter().find(|tool| tool.name == launch.tool);
    let mut url = match (&launch.url, tool) {
        (Some(text), tool) => given_url(text, tool)?,
        (None, Some(tool)) => own_url(&loaded, tool, environment, development)?,
        (None, None) => return Err(no_tool(&loaded, &launch.tool, file)),
    };
    let mut query = format!("tool={}&lti=1.3&user={}", encode(&launch.tool), encode(&launch.user));
    if launch.message == LaunchMessage::Links {
        query += "&message=links";
    }
    for role in launch.roles() {
        query += &format!("&role={}", role.name());
    }
    let mut custom = String::new();
    for (name, value) in &launch.param {
        let Some(name) = name.strip_prefix("custom_").filter(|_| !value.contains(['\r', '\n']))
        else {
            return Err(format!(
                "error: --param {name}: by LTI 1.3, only custom parameters of one line can be \
                 chosen\n  = help: use --param custom_colour=blue\n"
            ));
        };
        custom += &format!("{name}={value}\n");
    }
    query += &format!("&custom={}", encode(&custom));
    url.set_path("/dev/launch");
    url.set_query(Some(&query));
    Ok(url)
}

/// A browser during the login of the practice platform.
struct PracticeLogin {
    client: Client,
    /// Those of the tool's origin: the platform sets none.
    cookies: Vec<(String, String)>,
    /// Whether the command prints the steps.
    is_shown: bool,
}

impl PracticeLogin {
    async fn play(mut self, start: &Url) -> Result<SignedLaunch, LoginFailure> {
        let page = self.get(start, false).await?;
        if page.status() == StatusCode::UNAUTHORIZED {
            return Err(LoginFailure::unasked(
                "error: others may reach this gateway, so that its practice platform asks for a \
                 token\n  = help: launch the tool at /dev in a browser\n"
                    .to_owned(),
            ));
        }
        if page.status() != StatusCode::OK {
            return Err(LoginFailure::unasked(format!(
                "error: {} has no practice platform that launches this tool (status {})\n  \
                 = help: start that gateway in development, and look at /dev for the reason\n",
                start.origin().ascii_serialization(),
                page.status().as_u16()
            )));
        }
        let (login, fields) = self.form(page, start).await?;
        let mut response = self.post(&login, &fields).await?;
        let mut at = login.clone();
        for _ in 0..REDIRECTS {
            let Some(next) = next(&at, &response) else { break };
            let is_tool = next.origin() == login.origin();
            if is_tool {
                keep(&mut self.cookies, response.headers());
            }
            response = self.get(&next, is_tool).await?;
            at = next;
        }
        if response.status() != StatusCode::OK {
            return Err(LoginFailure::rejected(format!(
                "error: the login was rejected (status {})\n  \
                 = help: find the line in the gateway's log: it has the reason\n",
                response.status().as_u16()
            )));
        }
        let (url, fields) = self.form(response, &at).await?;
        // The cookies go to the tool only.
        let cookies = if url.origin() == login.origin() { self.cookies } else { Vec::new() };
        Ok(SignedLaunch { url, body: encoded(&fields), cookies })
    }

    async fn get(&self, url: &Url, with_cookies: bool) -> Result<Response, LoginFailure> {
        self.step("GET", url);
        let request = self.client.get(url.clone());
        let request = match cookie_header(&self.cookies).filter(|_| with_cookies) {
            Some(cookies) => request.header(COOKIE, cookies),
            None => request,
        };
        self.received(request.send().await, url)
    }

    async fn post(&self, url: &Url, fields: &[(String, String)]) -> Result<Response, LoginFailure> {
        self.step("POST", url);
        let request = self.client.post(url.clone());
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.received(request.body(encoded(fields)).send().await, url)
    }

    fn step(&self, method: &str, url: &Url) {
        if self.is_shown {
            step(&format!("{method} {}\n", shown(url)));
        }
    }

    fn received(
        &self,
        response: reqwest::Result<Response>,
        url: &Url,
    ) -> Result<Response, LoginFailure> {
        let response = response.map_err(|error| {
            LoginFailure::unasked(format!(
                "error: no response from {}: {}\n  \
                 = help: start the gateway there, or name another with --url\n",
                url.origin().ascii_serialization(),
                without_url(error)
            ))
        })?;
        if self.is_shown {
            step(&format!("{}\n\n", line(&response)));
        }
        Ok(response)
    }

    /// The form of a page.
    async fn form(
        &self,
        mut page: Response,
        at: &Url,
    ) -> Result<(Url, Vec<(String, String)>), LoginFailure> {
        let unreadable = || {
            LoginFailure::unasked(format!(
                "error: {} is no page of a practice platform\n  \
                 = help: start a gateway there in development\n",
                shown(at)
            ))
        };
        let mut body = Vec::new();
        while let Some(piece) = page.chunk().await.map_err(|_| unreadable())? {
            body.extend_from_slice(&piece);
            if body.len() > LARGEST_PAGE {
                return Err(unreadable());
            }
        }
        let form = PageForm::read(&String::from_utf8_lossy(&body)).ok_or_else(unreadable)?;
        let action = Url::parse(&form.action).map_err(|_| unreadable())?;
        Ok((action, form.fields))
    }
}

/// The fields as a form body.
fn encoded(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}
