//! A launch like edX's, signed with the tool's secret.

use std::path::Path;

use lti::ConsumerKey;
use lti::oauth1::{Credentials, SignatureMethod};
use lti::v1p1::sign;
use reqwest::Url;

use super::arguments::{LaunchArguments, LaunchMessage};
use super::signed::SignedLaunch;
use crate::cli::load::{Loaded, load};
use crate::cli::machine::{now, random};
use crate::cli::message::{consumer_keys, no_randomness, no_tool, random_secret, unreadable};
use crate::cli::rocket_settings::local_authority;
use crate::config::{Environment, PublicUrl, Tool};
use crate::practice::BLOCK;
use crate::practice::v1p1::{NO_SELECTION_PARAMS, edx_launch, selection_params};
use crate::url::is_loopback;

/// The URL that would accept picked links. Nobody has a platform there.
const LINKS_RETURN_URL: &str = "https://lms.example/links";

/// Signs a launch.
///
/// # Errors
/// The message for the terminal.
pub(super) fn sign_launch(
    launch: &LaunchArguments,
    file: &Path,
    environment: &Environment,
    development: bool,
) -> Result<SignedLaunch, String> {
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
    if loaded.has_random_secret(&launch.tool) {
        return Err(random_secret(&launch.tool));
    }
    // Placeholder secrets are public. Only a gateway on this machine uses them.
    let has_dev_host = loaded.config.dev_host.is_some();
    if development && !has_dev_host && !url.host_str().is_some_and(is_loopback) {
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
    let params = params(launch);
    let params: Vec<(&str, &str)> =
        params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let nonce = random().map_err(no_randomness)?;
    let body = sign(
        url.as_str(),
        &params,
        &Credentials {
            key: key.as_str(),
            signing_key,
            method: method.unwrap_or(SignatureMethod::HmacSha1),
            timestamp: now(),
            // Digits, like edX's nonces.
            nonce: &u64::from_be_bytes(nonce).to_string(),
        },
    );
    let body = body.map_err(|_| {
        format!(
            "error: the query of {url} is not form-encoded\n  \
             = help: fix its percent-encoding\n"
        )
    })?;
    Ok(SignedLaunch { url, body, cookies: Vec::new() })
}

/// The parameters of the message.
fn params(launch: &LaunchArguments) -> Vec<(String, String)> {
    let params = edx_launch(BLOCK, &launch.user, launch.roles(), &launch.param);
    match launch.message {
        LaunchMessage::Launch => params,
        LaunchMessage::Links => {
            let own = |name: &str| launch.param.iter().any(|(chosen, _)| chosen == name);
            let mut selection = selection_params(LINKS_RETURN_URL, "practice");
            selection.retain(|(name, _)| !own(name));
            let replaced = |name: &str| {
                NO_SELECTION_PARAMS.contains(&name)
                    || selection.iter().any(|(replacing, _)| replacing == name)
            };
            let kept: Vec<_> = params.into_iter().filter(|(name, _)| !replaced(name)).collect();
            kept.into_iter().chain(selection).collect()
        }
    }
}

/// The launch URL of `--url`: the URL itself, or the tool's path if it names only a gateway.
pub(super) fn given_url(text: &str, tool: Option<&Tool>) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let mut url = url.ok_or_else(|| {
        format!(
            "error: {text:?} is not the URL of a gateway\n  \
             = help: use a URL such as https://our-tools.example\n"
        )
    })?;
    url.set_fragment(None);
    if url.path() == "/" && url.query().is_none() {
        // Without a tool, the path does not matter: `sign_launch` returns `no_tool` below.
        url.set_path(&tool.map(|tool| tool.path.to_string()).unwrap_or_default());
    }
    Ok(url)
}

/// The launch URL of the gateway of the tools file and `Rocket.toml`.
pub(super) fn own_url(
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
            return Err("error: the tools file does not set the public URL of this gateway\n  \
                 = help: name the gateway: --url https://our-tools.example\n"
                .to_owned());
        }
    };
    let url = public_url.launch_url(tool, authority.as_deref());
    Url::parse(&url).map_err(|error| format!("error: {url} is not a URL: {error}\n"))
}

/// The consumer key for the signature.
fn consumer_key<'a>(tool: &'a Tool, wanted: Option<&str>) -> Result<&'a ConsumerKey, String> {
    let keys = tool.senders.consumers.keys();
    let found = match wanted {
        Some(wanted) => keys.iter().find(|key| key.as_str() == wanted),
        None => keys.first(),
    };
    if keys.is_empty() {
        return Err(format!(
            "error: {} has no consumer: only platforms of LTI 1.3 launch it\n  \
             = help: add `key` and `secret` to launch it with LTI 1.1, too\n",
            tool.name
        ));
    }
    found.ok_or_else(|| {
        format!(
            "error: {} has no consumer with this key\n  = help: use one of {}\n",
            tool.name,
            consumer_keys(tool)
        )
    })
}
