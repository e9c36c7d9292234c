//! The result of reading a tools file.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use lti::v1p1::ConsumerCredentials;

use super::app_command::AppCommand;
use super::fault::{Fault, GatewayPart};
use super::gateway::Config;
use super::problem::{Location, Problem};
use crate::url::{BaseUrl, is_loopback};

/// The valid part of a file, and the problems of the rest.
pub struct Reading {
    /// The configuration. Callers must not use it if there are errors: it lacks the invalid parts.
    pub config: Config,
    /// The templates of all tools, including tools with a problem.
    pub template_uses: Vec<TemplateUse>,
    /// The URLs of all upstreams, including those of tools with a problem.
    pub upstream_uses: Vec<UpstreamUse>,
    /// The commands of all tools, including those of tools with another problem.
    pub command_uses: Vec<CommandUse>,
    /// The folders of all tools with `site`, including those of tools with another problem.
    pub site_uses: Vec<SiteUse>,
    /// The key and secrets of every consumer, in plain text. The search for the cause of an invalid
    /// signature reads them. Outside development, `serve` drops them and keeps only the keys that
    /// verify signatures.
    pub credentials: Vec<ConsumerCredentials>,
    /// All errors and warnings.
    pub problems: Vec<Problem>,
}

/// The use of a template by a tool.
#[derive(Clone, Debug)]
pub struct TemplateUse {
    /// The template's name.
    pub name: String,
    /// The location of the name in the file.
    pub location: Location,
    /// The names of the tool's `params`.
    pub params: Vec<String>,
}

/// The URL of a tool's upstream.
#[derive(Clone, Debug)]
pub struct UpstreamUse {
    /// The URL.
    pub url: BaseUrl,
    /// Its location in the file.
    pub location: Location,
}

/// The command of a tool.
#[derive(Clone, Debug)]
pub struct CommandUse {
    /// The command.
    pub command: AppCommand,
    /// The location of `command` in the file.
    pub location: Location,
    /// The location of its program in the file.
    pub program: Location,
    /// The location of `directory` in the file. `None` if the file does not set it.
    pub directory: Option<Location>,
}

/// The folder of a tool with `site`.
#[derive(Clone, Debug)]
pub struct SiteUse {
    /// The folder, beside the tools file if it is relative.
    pub folder: PathBuf,
    /// Its location in the file.
    pub location: Location,
}

impl UpstreamUse {
    /// Reports that the upstream is the gateway itself, in place of warnings about its address.
    pub fn report_gateway(&self, part: GatewayPart, problems: &mut Vec<Problem>) {
        problems.retain(|problem| {
            problem.location != self.location
                || !matches!(
                    problem.fault,
                    Fault::UpstreamExposed
                        | Fault::UpstreamOnHeroku
                        | Fault::UpstreamUnspecified(..)
                        | Fault::UpstreamIsGateway(_)
                )
        });
        let location = self.location.clone();
        problems.push(Problem { fault: Fault::UpstreamIsGateway(part), location });
    }

    /// Whether a connection to the upstream would reach this listener of the same machine.
    pub fn reaches(&self, listener: SocketAddr) -> bool {
        let origin = &self.url.origin;
        if origin.port_or_default().parse() != Ok(listener.port()) {
            return false;
        }
        let on_loopback = listener.ip().is_unspecified() || listener.ip().is_loopback();
        let host = origin.host();
        match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) if ip.is_ipv4() != listener.is_ipv4() && listener.is_ipv4() => false,
            Ok(ip) if ip.is_unspecified() => on_loopback,
            Ok(ip) => ip == listener.ip() || ip.is_loopback() && listener.ip().is_unspecified(),
            Err(_) => is_loopback(host) && on_loopback,
        }
    }
}
