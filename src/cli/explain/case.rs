//! A captured launch with everything that it is judged by.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use lti::oauth1::base_string::base_uri;
use lti::v1p1::{
    DiagnosisContext, KnownUrl, LaunchPolicy, LaunchRequest, diagnose, examine_read,
    expected_base_string,
};
use lti::{KnownSecrets, Secret};

use super::arguments::ExplainArguments;
use super::capture::{Capture, CapturedUrl};
use super::redaction::Redaction;
use super::report::Report;
use crate::cli::limit::CAPTURE_MIB;
use crate::cli::load::load;
use crate::cli::machine::now;
use crate::cli::message::{no_tool, unreadable};
use crate::cli::rocket_settings::local_authority;
use crate::config::{Config, Environment, Prefix, PublicUrl, Target, Tool, is_variable};
use crate::proxy::path::has_dot_segment;
use crate::url::{host_and_port, is_loopback};

/// A launch, and what it is judged by.
pub(super) struct Case {
    tool: Tool,
    policy: LaunchPolicy,
    context: DiagnosisContext,
    redaction: Redaction,
    capture: Capture,
    expected: ExpectedUrl,
}

/// What a launch was signed for if all is well.
struct ExpectedUrl {
    scheme: String,
    authority: String,
    path: String,
    /// What is odd about where it was sent.
    notes: Vec<String>,
    /// Why the gateway would look for no launch there.
    nowhere: Option<String>,
}

impl Case {
    /// Reads the launch, the tools file and the secrets.
    ///
    /// # Errors
    /// The message for the terminal.
    pub(super) fn read(
        explain: &ExplainArguments,
        file: &Path,
        environment: &Environment,
        development: bool,
    ) -> Result<Self, String> {
        let content = content(&explain.file)?;
        let capture = Capture::read(&content).map_err(|why| {
            format!("error: {} cannot be explained: {why}\n", shown(&explain.file))
        })?;
        let read = |development| {
            load(file, environment, development).map_err(|error| unreadable(file.display(), &error))
        };
        let mut loaded = read(development)?;
        let named = |tool: &&Tool| tool.name == explain.tool;
        let found = loaded.config.tools.iter().find(named);
        let found = found.ok_or_else(|| no_tool(&loaded, &explain.tool, file))?;
        let authority = authority(&capture, &loaded.config, environment, development)?;
        let launch_url = |tool: &Tool| loaded.config.public_url.launch_url(tool, Some(&authority));
        let expected = ExpectedUrl::new(&launch_url(found), found, capture.url.as_ref());
        let launch_urls =
            loaded.config.tools.iter().map(|tool| (tool.name.as_str(), launch_url(tool)));
        let mut context = DiagnosisContext::new(&explain.tool, launch_urls, Vec::new());
        context.urls.extend(capture.url.as_ref().map(|url| KnownUrl {
            tool: None,
            scheme: url.scheme.clone(),
            authority: url.authority.clone(),
            path: url.path.clone(),
        }));

        // Development's stand-ins for secrets are known to everybody: no gateway but one on this machine has them.
        if development && !is_loopback(host_and_port(&expected.authority).0) {
            loaded = read(false)?;
        }
        let found = loaded.config.tools.iter().find(named);
        let tool = found.ok_or_else(|| no_tool(&loaded, &explain.tool, file))?.clone();
        context.credentials = loaded.credentials;
        let replaced = explain.secret_env.iter().map(|name| replaced(name, environment));
        context.replaced = replaced.collect::<Result<_, _>>()?;
        let of_consumers =
            context.credentials.iter().flat_map(|passport| passport.secrets.iter().cloned());
        let mut secrets: Vec<Secret> = of_consumers.collect();
        secrets.extend(context.replaced.iter().map(|(_, secret)| secret.clone()));
        secrets.extend(loaded.config.secrets.iter().cloned());
        for tool in &loaded.config.tools {
            if let Target::Upstream(upstream) = &tool.target {
                secrets.extend(upstream.headers.iter().map(|(_, value)| value.clone()));
            }
        }
        let policy =
            tool.launch_policy(loaded.config.clock_skew, &Arc::new(KnownSecrets::new(&secrets)));
        let redaction = Redaction::new(secrets);
        Ok(Self { tool, policy, context, redaction, capture, expected })
    }

    pub(super) fn judge(&self, at: Option<u64>) -> Report<'_> {
        let request = LaunchRequest {
            scheme: &self.expected.scheme,
            authority: &self.expected.authority,
            path: &self.expected.path,
            query: self.capture.url.as_ref().and_then(|url| url.query.as_deref()),
            authorization: self.capture.authorization.as_deref(),
            body: &self.capture.body,
        };
        let policy = &self.policy;
        let launch = request.read();
        let examined = |now| examine_read(launch.clone(), policy, now, |_| false);
        let judged_at = at.or_else(|| examined(0).timestamp()).unwrap_or_default();
        let diagnosis = diagnose(&launch, policy, &self.context);
        let cause = diagnosis.as_ref().map(|diagnosis| diagnosis.cause.clone());
        let sent = [
            request.query.unwrap_or_default().as_bytes(),
            request.authorization.unwrap_or_default().as_bytes(),
            request.body,
        ];
        Report {
            tool: &self.tool,
            accepted_skew: policy.clock_skew,
            address: format!(
                "{}://{}{}",
                self.expected.scheme, self.expected.authority, self.expected.path
            ),
            notes: &self.expected.notes,
            nowhere: self.expected.nowhere.as_deref(),
            redaction: &self.redaction,
            holds_secret: self.redaction.is_needed_for(&sent.join(&b'&')),
            now: now(),
            at,
            diagnosis,
            base_string: expected_base_string(&launch, policy),
            query_params: request
                .query
                .map_or(0, |query| query.split('&').filter(|pair| !pair.is_empty()).count()),
            examination: examined(judged_at).with_cause(cause),
        }
    }
}

impl ExpectedUrl {
    /// The address that the gateway verifies for: its own origin, and the path as it was sent, where the tool is there.
    fn new(launch_url: &str, tool: &Tool, captured: Option<&CapturedUrl>) -> Self {
        let KnownUrl { scheme, authority, path, .. } = KnownUrl::new(None, launch_url);
        let mut address = Self { scheme, authority, path, notes: Vec::new(), nowhere: None };
        let Some(captured) = captured else { return address };
        let sent = base_uri(&captured.scheme, &captured.authority, "");
        let own = base_uri(&address.scheme, &address.authority, "");
        if sent != own {
            address.notes.push(format!(
                "It was sent to {sent}, and the gateway verifies for {own}: see `public_url`."
            ));
        }
        let below = captured.path.strip_prefix(tool.path.as_str());
        if let Some(rest) = below.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            address.path.clone_from(&captured.path);
            let has_places = matches!(&tool.target, Target::Upstream(upstream) if upstream.prefix == Prefix::Session);
            if (!matches!(rest, "" | "/") && !has_places) || has_dot_segment(rest) {
                address.nowhere =
                    Some(format!("nothing is launched at {}, but at {}", captured.path, tool.path));
            }
        } else {
            address.notes.push(format!(
                "It was sent to {}, where the tool is not: it is judged as if it had come to {}.",
                captured.path, address.path
            ));
        }
        address
    }
}

/// The `Host` that the launch was sent with, as far as that counts.
fn authority(
    capture: &Capture,
    config: &Config,
    environment: &Environment,
    development: bool,
) -> Result<String, String> {
    if let Some(url) = &capture.url {
        return Ok(url.authority.to_ascii_lowercase());
    }
    match config.public_url {
        PublicUrl::Fixed(_) => Ok(String::new()),
        PublicUrl::FromHost(_) if development => local_authority(environment),
        PublicUrl::FromHost(_) => Err(
            "error: a form alone does not tell to which host it was sent, and here that counts\n  \
             = help: give the curl command, which has the address\n"
                .to_owned(),
        ),
    }
}

/// A secret by the name of its variable.
fn replaced(name: &str, environment: &Environment) -> Result<(String, Secret), String> {
    match environment.get(name).filter(|value| !value.is_empty()) {
        Some(value) => Ok((name.to_owned(), Secret::new(value.as_str()))),
        // What is no name of a variable may be the secret itself.
        None => Err(format!(
            "error: the variable {} is not set, or empty\n  = help: set it to the secret that may have been used, and give its name\n",
            if is_variable(name) { name } else { "of --secret-env" }
        )),
    }
}

/// What a file holds, or standard input.
fn content(file: &str) -> Result<Vec<u8>, String> {
    const LARGEST_FILE: u64 = CAPTURE_MIB * 1024 * 1024;
    let mut content = Vec::new();
    let read = |content: &mut Vec<u8>| -> io::Result<usize> {
        let limit = LARGEST_FILE + 1;
        if file == "-" {
            io::stdin().take(limit).read_to_end(content)
        } else {
            File::open(file)?.take(limit).read_to_end(content)
        }
    };
    match read(&mut content) {
        Err(error) => Err(format!(
            "error: {} cannot be read: {error}\n  = help: name a file with the form or the curl command, or - for standard input\n",
            shown(file)
        )),
        Ok(length) if length as u64 > LARGEST_FILE => Err(format!(
            "error: {} is larger than {CAPTURE_MIB} MiB\n  = help: give one launch, which has some KiB\n",
            shown(file)
        )),
        Ok(_) => Ok(content),
    }
}

fn shown(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}
