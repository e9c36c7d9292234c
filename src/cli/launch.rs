//! `launch`: plays the platform, to see from a shell what a tool answers.

mod follow;
mod print;

use std::path::Path;
use std::process::ExitCode;

use clap::ValueEnum;
use lti::oauth1::{Credentials, SignatureMethod};
use lti::v1p1::sign;
use lti::{ConsumerKey, Role, Roles};
use reqwest::Url;

use super::load::{Loaded, load};
use super::rocket_settings::local_authority;
use super::terminal::say;
use super::{now, unreadable};
use crate::config::{Environment, PublicUrl, Tool, is_loopback, print as print_problems};
use crate::practice::{BLOCK, edx_launch};

/// What is launched, and how.
#[derive(clap::Args)]
pub(super) struct Launch {
    /// The tool's name in the tools file
    tool: String,

    /// Who launches, by a role in the course; may be repeated [default: learner]
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Vec<Role>,

    /// The platform's id of who launches
    #[arg(long, value_name = "ID", default_value = "practice-user")]
    user: String,

    /// A parameter of the form, named as it is sent: custom_colour=blue; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = param)]
    param: Vec<(String, String)>,

    /// The consumer's key, where the tool has several [default: the first]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// A deployed gateway, or the launch URL itself [default: the gateway that the tools file and Rocket.toml describe]
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// Prints the launch instead of sending it: each printed launch counts once, and for as long as `clock_skew`
    #[arg(long, value_name = "FORM")]
    print: Option<Form>,
}

/// In which form a launch is printed.
#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// A command for a shell
    Curl,
    /// A page with a button that launches
    Html,
}

/// A launch, signed.
struct Signed {
    url: Url,
    /// The form, as it is sent.
    body: String,
}

/// Launches a tool: exit code 0 if the launch was accepted and what it led to answered without an error, 1 if not, and 2 if the
/// gateway could not be asked.
pub(super) fn launch(
    launch: &Launch,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> ExitCode {
    let signed = match signed(launch, file, environment, development) {
        Ok(signed) => signed,
        Err(why) => {
            eprint!("{why}");
            return ExitCode::from(2);
        }
    };
    let printed = match launch.print {
        Some(Form::Curl) => Some(print::curl(&signed)),
        Some(Form::Html) => print::html(&signed),
        None => return follow::follow(&signed),
    };
    match printed {
        Some(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        // What was just signed is a form.
        None => ExitCode::from(2),
    }
}

/// Signs it. What keeps it from that is told in words for a terminal.
fn signed(
    launch: &Launch,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> Result<Signed, String> {
    let read = |development| {
        load(file, environment, development).map_err(|error| unreadable(file.display(), &error))
    };
    let mut loaded = read(development)?;
    let found = loaded.config.tools.iter().find(|tool| tool.name == launch.tool);
    let url = match (&launch.url, found) {
        (Some(text), tool) => given_url(text, tool)?,
        (None, Some(tool)) => own_url(&loaded, tool, environment, development)?,
        (None, None) => return Err(no_tool(&loaded, &launch.tool, file)),
    };
    // Development's stand-ins for secrets are known to everybody: no gateway but one on this machine has them.
    if development && !url.host_str().is_some_and(is_loopback) {
        loaded = read(false)?;
    }
    let tool = loaded.config.tools.iter().find(|tool| tool.name == launch.tool);
    let tool = tool.ok_or_else(|| no_tool(&loaded, &launch.tool, file))?;
    let key = consumer_key(tool, launch.key.as_deref())?;
    let consumers = &tool.senders.consumers;
    let methods = consumers.signature_methods(key).unwrap_or_default();
    let method = SignatureMethod::ALL.into_iter().find(|method| methods.contains(method));
    let Some(signing_key) = consumers.signing_keys(key).and_then(<[_]>::first) else {
        return Err(format!("error: the consumer {key} of {} has no secret\n", tool.name));
    };
    let roles: &[Role] = if launch.role.is_empty() { &[Role::Learner] } else { &launch.role };
    let params = edx_launch(BLOCK, &launch.user, roles, &launch.param);
    let params: Vec<(&str, &str)> =
        params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| format!("error: this machine has no randomness: {error}\n"))?;
    let body = sign(
        url.as_str(),
        &params,
        &Credentials {
            key: key.as_str(),
            signing_key,
            method: method.unwrap_or(SignatureMethod::HmacSha1),
            timestamp: now(),
            // Digits, as edX's are.
            nonce: &u64::from_be_bytes(random).to_string(),
        },
    );
    let body =
        body.map_err(|_| format!("error: the query of {url} is no form: see its % signs\n"))?;
    Ok(Signed { url, body })
}

/// The launch URL that was asked for: itself, or that of the tool where only a gateway is named.
fn given_url(text: &str, tool: Option<&Tool>) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut url = url.ok_or_else(|| {
        format!(
            "error: {text:?} is no address of a gateway\n  = help: write it like https://our-tools.example\n"
        )
    })?;
    url.set_fragment(None);
    if url.path() == "/" && url.query().is_none() {
        // A tool that development could not read is not there without it either, which is told when it is looked for.
        url.set_path(&tool.map(|tool| tool.path.to_string()).unwrap_or_default());
    }
    Ok(url)
}

/// The launch URL of the gateway that the files describe.
fn own_url(
    loaded: &Loaded,
    tool: &Tool,
    environment: &Environment,
    development: bool,
) -> Result<Url, String> {
    let public_url = &loaded.config.public_url;
    let authority = match public_url {
        PublicUrl::Fixed(_) => None,
        PublicUrl::FromHost(_) if development => Some(local_authority(environment)?),
        PublicUrl::FromHost(_) => {
            return Err("error: only a request tells the public URL of this gateway\n  \
                 = help: name it: --url https://our-tools.example\n"
                .to_owned());
        }
    };
    let url = public_url.launch_url(tool, authority.as_deref());
    Url::parse(&url).map_err(|error| format!("error: {url} is no address: {error}\n"))
}

/// The key to sign with.
fn consumer_key<'a>(tool: &'a Tool, wanted: Option<&str>) -> Result<&'a ConsumerKey, String> {
    let keys = tool.senders.consumers.keys();
    let found = match wanted {
        Some(wanted) => keys.iter().find(|key| key.as_str() == wanted),
        None => keys.first(),
    };
    found.ok_or_else(|| {
        format!(
            "error: {} has no consumer with this key\n  = help: its keys are {}\n",
            tool.name,
            super::check::keys(tool)
        )
    })
}

/// Why a tool is not there, with everything that is wrong with the file: it may be in it, and malformed.
pub(super) fn no_tool(loaded: &Loaded, name: &str, file: &Path) -> String {
    let problems = if loaded.is_sound() {
        String::new()
    } else {
        print_problems(&file.display().to_string(), &loaded.problems)
    };
    let names: Vec<&str> = loaded.config.tools.iter().map(|tool| tool.name.as_str()).collect();
    let help = match names.as_slice() {
        [] => "mend what is said of it above; for a launch, nothing else of that counts".to_owned(),
        names => format!("it has {}", names.join(", ")),
    };
    format!(
        "{problems}error: {} has no usable tool named {:?}\n  = help: {help}\n",
        file.display(),
        name
    )
}

/// A role by its name in `tools.toml`. `staff` is what edX calls its course staff.
fn role(name: &str) -> Result<Role, String> {
    let names = || Role::ALL.map(Role::name).join(", ");
    match Roles::named(name) {
        Some(Roles::STAFF) => Ok(Role::Administrator),
        Some(roles) => roles.iter().next().ok_or_else(names),
        None => Err(format!("it is one of {}, staff", names())),
    }
}

/// A parameter. Those of OAuth are the signature's own.
fn param(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, _)) if name.starts_with("oauth_") => {
            Err("parameters of OAuth are set by signing".to_owned())
        }
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it is written NAME=VALUE".to_owned()),
    }
}
