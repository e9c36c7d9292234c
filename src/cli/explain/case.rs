//! A captured launch with all inputs of its examination.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use lti::admission::Verdict;
use lti::oauth1::base_string::base_uri;
use lti::v1p1::{
    DiagnosisContext, KnownUrl, LaunchPolicy, LaunchRequest, diagnose, examine_read,
    expected_base_string,
};
use lti::{KnownSecrets, Message, Secret};

use super::arguments::ExplainArguments;
use super::arrival::ArrivalTime;
use super::capture::{self, Capture, CapturedUrl};
use super::redaction::Redaction;
use super::report::Report;
use crate::cli::limit::CAPTURE_MIB;
use crate::cli::load::{Loaded, load};
use crate::cli::machine::now;
use crate::cli::message::{no_tool, random_secret, unreadable};
use crate::config::{
    Config, Environment, Fault, Location, Prefix, Problem, PublicUrl, Severity, Tool, is_variable,
    print,
};
use crate::grade::NoGradeToken;
use crate::practice;
use crate::proxy::path::{begins_with_tilde, has_dot_segment, is_reserved};
use crate::url::{Origin, Scheme, UrlParts, host_and_port, is_loopback};

/// A captured launch, its tool, and the secrets to try.
pub(super) struct Case {
    pub(super) tool: Tool,
    pub(super) policy: LaunchPolicy,
    context: DiagnosisContext,
    pub(super) redaction: Redaction,
    pub(super) capture: Capture,
    pub(super) expected: ExpectedUrl,
    pub(super) config: Config,
    development: bool,
}

/// The URL that the gateway verifies the signature for.
pub(super) struct ExpectedUrl {
    pub(super) scheme: String,
    pub(super) authority: String,
    pub(super) path: String,
    /// Differences between this URL and the captured one.
    pub(super) notes: Vec<String>,
    /// Why the tool has no launch URL at this path.
    pub(super) no_tool: Option<String>,
    /// Whether the launch was sent to the tool's path.
    is_of_tool: bool,
}

impl Case {
    /// Reads the launches, the tools file and the secrets. If the capture has several launches, and
    /// some of them were sent to the tool, it leaves out the others.
    ///
    /// # Errors
    /// The message for the terminal.
    pub(super) fn read(
        explain: &ExplainArguments,
        file: &Path,
        environment: &Environment,
        development: bool,
    ) -> Result<Vec<Self>, String> {
        let content = content(&explain.file)?;
        let unusable =
            |why| format!("error: {} cannot be explained: {why}\n", shown(&explain.file));
        let captures = capture::read(&content).map_err(unusable)?;
        if !captures.iter().all(Capture::is_request) {
            let why = "the input has no parameter of a launch";
            return Err(unusable(capture::not_understood(why)));
        }
        let case = |capture| Self::of(capture, explain, file, environment, development);
        let mut cases: Vec<Self> = captures.into_iter().map(case).collect::<Result<_, _>>()?;
        if cases.iter().any(|case| case.expected.is_of_tool) {
            cases.retain(|case| case.expected.is_of_tool);
        }
        Ok(cases)
    }

    /// Reads the tools file and the secrets for one launch.
    fn of(
        mut capture: Capture,
        explain: &ExplainArguments,
        file: &Path,
        environment: &Environment,
        development: bool,
    ) -> Result<Self, String> {
        let read = |development| {
            load(file, environment, development).map_err(|error| unreadable(file.display(), &error))
        };
        let mut loaded = read(development)?;
        usable(&loaded, file)?;
        // Only a launch of `dev_host` is of development.
        let given = explain.url.as_deref().or(capture.url.as_ref().map(|url| &*url.authority));
        let host_of = |url| UrlParts::split(url).map_or(host_and_port(url).0, |url| url.host());
        let is_of = |dev_host: &Origin| {
            given.is_some_and(|url| host_of(url).eq_ignore_ascii_case(dev_host.host()))
        };
        if loaded.config.dev_host.as_ref().is_some_and(|dev_host| !is_of(dev_host)) {
            loaded = read(false)?;
        }
        let named = |tool: &&Tool| tool.name == explain.tool;
        let found = loaded.config.tools.iter().find(named);
        let found = found.ok_or_else(|| no_tool(&loaded, &explain.tool, file))?;
        if let Some(url) = &explain.url {
            let captured = capture.url.take();
            capture.url = Some(given_url(url, captured, found)?);
        }
        let (public_url, is_configured) = public_url(&loaded.config, capture.url.as_ref())?;
        let launch_url = |tool: &Tool| public_url.launch_url(tool, None);
        let expected =
            ExpectedUrl::new(&launch_url(found), found, capture.url.as_ref(), is_configured);
        let launch_urls =
            loaded.config.tools.iter().map(|tool| (tool.name.as_str(), launch_url(tool)));
        let mut context = DiagnosisContext::new(&explain.tool, launch_urls, Vec::new());
        context.urls.extend(capture.url.as_ref().map(|url| KnownUrl {
            tool: None,
            scheme: url.scheme.clone(),
            authority: url.authority.clone(),
            path: url.path.clone(),
        }));

        if loaded.has_random_secret(&explain.tool) {
            return Err(random_secret(&explain.tool));
        }
        // Placeholder secrets are public. Only a gateway on this machine uses them.
        let is_public = !is_loopback(host_and_port(&expected.authority).0);
        if loaded.config.development && loaded.config.dev_host.is_none() && is_public {
            loaded = read(false)?;
        }
        let found = loaded.config.tools.iter().find(named);
        let tool = found.ok_or_else(|| no_tool(&loaded, &explain.tool, file))?.clone();
        context.credentials = loaded.credentials;
        let replaced = explain.secret_env.iter().map(|name| replaced(name, environment));
        context.replaced = replaced.collect::<Result<_, _>>()?;
        let of_consumers =
            context.credentials.iter().flat_map(|consumer| consumer.secrets.iter().cloned());
        let mut secrets: Vec<Secret> = of_consumers.collect();
        secrets.extend(context.replaced.iter().map(|(_, secret)| secret.clone()));
        secrets.extend(loaded.config.secrets.iter().cloned());
        for tool in &loaded.config.tools {
            if let Some(upstream) = tool.upstream() {
                secrets.extend(upstream.headers.iter().map(|(_, value)| value.clone()));
                let command = upstream.command.iter();
                secrets.extend(command.flat_map(|command| command.environment.values().cloned()));
            }
        }
        let policy =
            tool.launch_policy(loaded.config.clock_skew, &Arc::new(KnownSecrets::new(&secrets)));
        let redaction = Redaction::new(secrets);
        let config = loaded.config;
        Ok(Self { tool, policy, context, redaction, capture, expected, config, development })
    }

    /// Examines the launch.
    pub(super) fn examine(&self, explain: &ExplainArguments) -> Report<'_> {
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
        let examined = |now| {
            let examination = examine_read(launch.clone(), policy, now, |_| false, || true);
            examination.accepting_links_at(|url| self.accepts_links_at(url))
        };
        let now = now();
        let arrival =
            ArrivalTime::of(explain.at, self.capture.sent_at, examined(0).timestamp(), now);
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
            url: format!(
                "{}://{}{}",
                self.expected.scheme, self.expected.authority, self.expected.path
            ),
            notes: &self.expected.notes,
            no_tool: self.expected.no_tool.as_deref(),
            redaction: &self.redaction,
            holds_secret: self.redaction.is_needed_for(&sent.join(&b'&')),
            now,
            arrival,
            doubt: self.capture.doubt,
            verbose: explain.verbose,
            diagnosis,
            no_grade_token: self.no_grade_token(examined(arrival.seconds()).verdict().ok()),
            base_string: expected_base_string(&launch, policy),
            query_params: request
                .query
                .map_or(0, |query| query.split('&').filter(|pair| !pair.is_empty()).count()),
            examination: examined(arrival.seconds()).with_cause(cause),
        }
    }

    /// Whether the gateway sends picked links to this URL.
    pub(super) fn accepts_links_at(&self, url: &str) -> bool {
        self.config.outcomes.accepts_links_at(url, self.development)
    }

    /// Why an accepted launch receives no grade token, if the tool may send grades.
    fn no_grade_token(&self, verdict: Option<Verdict>) -> Option<NoGradeToken> {
        let verdict = verdict?;
        if matches!(verdict.message(), Message::Selection(_)) {
            return None;
        }
        let place = verdict.grade_place().clone();
        // In development, no rule applies to the practice platform.
        let is_practice = place.as_ref().is_ok_and(|place| {
            KnownUrl::new(None, place.url()).authority.eq_ignore_ascii_case(practice::HOST)
        });
        if self.development && is_practice {
            return None;
        }
        NoGradeToken::of(&self.tool, &self.config.outcomes, &place)
    }
}

impl ExpectedUrl {
    /// The gateway's own origin with the captured path, if that belongs to the tool; otherwise with
    /// the tool's launch path. `is_configured` is whether the tools file has the origin.
    fn new(
        launch_url: &str,
        tool: &Tool,
        captured: Option<&CapturedUrl>,
        is_configured: bool,
    ) -> Self {
        let KnownUrl { scheme, authority, path, .. } = KnownUrl::new(None, launch_url);
        let mut expected =
            Self { scheme, authority, path, notes: Vec::new(), no_tool: None, is_of_tool: true };
        let Some(captured) = captured else { return expected };
        let sent = base_uri(&captured.scheme, &captured.authority, "");
        let own = base_uri(&expected.scheme, &expected.authority, "");
        if sent != own {
            let advice = if is_configured { ": check `public_url`" } else { "" };
            expected.notes.push(format!(
                "The launch was sent to {sent}, but the gateway verifies for {own}{advice}."
            ));
        }
        let host = host_and_port(&captured.authority).0;
        expected.is_of_tool = tool.host.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(host));
        let below = captured.path.strip_prefix(tool.path.as_str());
        if let Some(rest) = below.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
            expected.path.clone_from(&captured.path);
            // Session ids stand below the launch path, or at the root of the tool's host.
            let stands_at_session = tool.host.is_none() || tool.path.as_str().is_empty();
            let first = rest.split('/').nth(1).filter(|_| stands_at_session);
            let is_launch_url = match tool.prefix() {
                None => matches!(rest, "" | "/"),
                Some(Prefix::Session) => !first.is_some_and(begins_with_tilde),
                Some(Prefix::Tool) => !first.is_some_and(is_reserved),
            };
            if !is_launch_url || has_dot_segment(rest) {
                expected.no_tool =
                    Some(format!("{} is not a launch URL; use {}", captured.path, tool.path));
            }
        } else {
            expected.is_of_tool = false;
            expected.notes.push(format!(
                "The launch was sent to {}, which is not this tool's path. The check uses {}.",
                captured.path, expected.path
            ));
        }
        expected
    }
}

/// Refuses a tools file whose settings of the whole gateway are invalid: every verdict depends on
/// them.
///
/// # Errors
/// These problems, for the terminal.
fn usable(loaded: &Loaded, file: &Path) -> Result<(), String> {
    let decisive = |problem: &&Problem| {
        problem.severity() == Severity::Error
            && match &problem.fault {
                Fault::PublicUrl(_) | Fault::DevHost(_) | Fault::UnknownVariable(..) => true,
                Fault::WrongType { key, .. } => ["public_url", "clock_skew"].contains(&&**key),
                Fault::UnknownKey { known, .. } => known.contains(&"public_url"),
                Fault::Duration(_) | Fault::DurationRange(_) => match &problem.location {
                    Location::File { shown, .. } => shown.contains("clock_skew"),
                    Location::Environment(name) => name.ends_with("CLOCK_SKEW"),
                    Location::Whole(_) => false,
                },
                _ => false,
            }
    };
    let problems: Vec<Problem> = loaded.problems.iter().filter(decisive).cloned().collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(print(&file.display().to_string(), &problems))
}

/// The URL of `--url`. A URL without a path has the captured path, or the tool's.
fn given_url(
    text: &str,
    captured: Option<CapturedUrl>,
    tool: &Tool,
) -> Result<CapturedUrl, String> {
    let mut url = CapturedUrl::parse(text).map_err(|why| {
        // The URL may contain a password: do not print it.
        format!(
            "error: --url: {why}\n  \
             = help: name the URL that the platform launches: --url https://our-tools.example\n"
        )
    })?;
    if url.path == "/" && url.query.is_none() {
        (url.path, url.query) = captured.map_or_else(
            || (tool.path.to_string(), None),
            |captured| (captured.path, captured.query),
        );
    }
    Ok(url)
}

/// The origin that the signature is verified for, and whether the tools file has it. Otherwise it
/// is the origin that the launch was sent to. It is never the origin of a development server.
fn public_url(config: &Config, sent: Option<&CapturedUrl>) -> Result<(PublicUrl, bool), String> {
    if let PublicUrl::Fixed(_) = config.public_url {
        return Ok((config.public_url.clone(), true));
    }
    let sent = sent.and_then(|url| Some((Scheme::named(&url.scheme)?, &url.authority)));
    let Some((scheme, authority)) = sent else {
        return Err(
            "error: the capture does not contain the URL of the launch, and the tools file \
                    does not set `public_url`\n  \
                    = help: name the URL that the platform launches: \
                    --url https://our-tools.example\n"
                .to_owned(),
        );
    };
    // On Heroku, the gateway verifies for https, whatever its router received.
    let scheme = if config.behind_heroku { Scheme::Https } else { scheme };
    let origin = Origin { scheme, authority: authority.to_ascii_lowercase() };
    Ok((PublicUrl::Fixed(origin), false))
}

/// A secret of `--secret-env`, with its variable's name.
fn replaced(name: &str, environment: &Environment) -> Result<(String, Secret), String> {
    match environment.get(name).filter(|value| !value.is_empty()) {
        Some(value) => Ok((name.to_owned(), Secret::new(value))),
        // An invalid name may be the secret itself: do not print it.
        None => Err(format!(
            "error: the variable {} is not set, or empty\n  \
             = help: set it to the secret to try, and name the variable\n",
            if is_variable(name) { name } else { "of --secret-env" }
        )),
    }
}

/// The content of a file, or of standard input.
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
            "error: {} cannot be read: {error}\n  \
             = help: name a file with a captured launch, or - for standard input\n",
            shown(file)
        )),
        Ok(length) if length as u64 > LARGEST_FILE => Err(format!(
            "error: {} is larger than {CAPTURE_MIB} MiB\n  \
             = help: use a file with the launches only: each has 2 to 8 KiB\n",
            shown(file)
        )),
        Ok(_) => Ok(content),
    }
}

fn shown(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}
