//! The command line. The one place that reads the clock, the environment and files.

mod check;
mod explain;
mod grades;
mod launch;
mod load;
mod new;
mod rocket_settings;
mod serve;
mod table;
mod terminal;

use std::fmt::Display;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};

use crate::clock::Millis;
use crate::config::{Environment, schema};
use crate::state::OpenError;

pub use load::{Loaded, load};

/// Puts web pages and web apps behind LTI: verifies each launch, then renders the tool's template.
#[derive(Parser)]
#[command(name = "lti-gateway", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// The tools file; templates/ and static/ lie beside it [default: $LTI_TOOLS or tools.toml]
    #[arg(long, global = true, value_name = "FILE")]
    tools: Option<PathBuf>,

    /// Development: loopback only, with stand-ins for missing secrets
    #[arg(long, global = true)]
    dev: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the tools (this is what happens without a command, too)
    Serve,
    /// Says everything that serve would refuse: exit code 0 for nothing (but warnings), 1 for errors, 2 if it cannot tell
    Check {
        /// The tools file
        file: Option<PathBuf>,
    },
    /// Launches a tool as edX would, and shows what it answers: exit code 0 for an accepted launch, 1 for a refused one, 2 if it
    /// could not ask
    Launch(launch::Launch),
    /// Says why a launch that was captured was refused, or would be: exit code 0 if it would be accepted, 1 if refused, 2 if that
    /// cannot be told
    Explain(explain::Explain),
    /// Adds a tool to the tools file, with a key and a secret of its own, and says how to set it up: exit code 0, 1 if it refuses
    /// and nothing was written, 2 if it could not
    New(new::New),
    /// Lists the grades that are kept, and those that failed for good: exit code 0, or 2 if it cannot tell
    Grades,
    /// Prints the JSON Schema of the tools file, by which editors complete and check it
    Schema,
}

/// Runs the command that the program was started with.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let environment: Environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let development = cfg!(debug_assertions) || arguments.dev;
    if development && environment.contains_key("DYNO") {
        eprintln!(
            "error: this is development (--dev or a debug build), and DYNO says that it runs on Heroku\n  \
             = help: build with --release and leave --dev out: development has stand-ins for secrets"
        );
        return ExitCode::from(1);
    }
    let variable = environment.get("LTI_TOOLS").filter(|name| !name.is_empty());
    let named = arguments.tools.or_else(|| variable.map(PathBuf::from));
    let file = named.unwrap_or_else(|| PathBuf::from("tools.toml"));
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(&file, &environment, development),
        Command::Check { file: given } => {
            check::check(&given.unwrap_or(file), &environment, development)
        }
        Command::Launch(given) => launch::launch(&given, &file, &environment, development),
        Command::Explain(given) => explain::explain(&given, &file, &environment, development),
        Command::New(given) => new::new(&given, &file, &environment, development),
        Command::Grades => grades::grades(&file, &environment, development),
        Command::Schema => {
            terminal::say(&schema());
            ExitCode::SUCCESS
        }
    }
}

/// The machine's clock, in seconds since the epoch.
fn now() -> u64 {
    now_in_millis().seconds()
}

/// The machine's clock.
fn now_in_millis() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// What is told where a command needs a tools file and cannot read it. `file` is how it is shown.
fn unreadable(file: impl Display, error: &io::Error) -> String {
    format!(
        "error: {file} cannot be read: {error}\n  = help: name another with --tools FILE, or start where it lies\n"
    )
}

/// What is told where the directory of the state cannot be used.
fn state_unusable(error: &OpenError) -> String {
    format!("error: {error}\n  = help: {}\n", error.advice())
}

/// What is told where `https` upstreams could not be verified.
fn no_certificates(why: &str) -> String {
    format!(
        "error: https upstreams cannot be verified: {why}\n  \
         = help: install the system's certificates (Debian: ca-certificates), or name a file of them in SSL_CERT_FILE\n"
    )
}
