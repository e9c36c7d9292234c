//! The arguments of the program, and which command they run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::explain::{ExplainArguments, explain};
use super::launch::{LaunchArguments, launch};
use super::new::{NewArguments, new};
use super::terminal::say;
use super::{check, grades, machine, message, serve};
use crate::config::{is_heroku, schema};

/// The tools file, where neither `--tools` nor the variable names one.
const TOOLS_FILE: &str = "tools.toml";
/// The variable that names the tools file.
const TOOLS_VARIABLE: &str = "LTI_TOOLS";

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

/// What the program does.
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
    Launch(LaunchArguments),
    /// Says why a launch that was captured was refused, or would be: exit code 0 if it would be accepted, 1 if refused, 2 if that
    /// cannot be told
    Explain(ExplainArguments),
    /// Adds a tool to the tools file, with a key and a secret of its own, and says how to set it up: exit code 0, 1 if it refuses
    /// and nothing was written, 2 if it could not
    New(NewArguments),
    /// Lists the grades that are kept, and those that failed for good: exit code 0, or 2 if it cannot tell
    Grades,
    /// Prints the JSON Schema of the tools file, by which editors complete and check it
    Schema,
}

/// Runs the command that the program was started with.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let environment = machine::environment();
    let development = cfg!(debug_assertions) || arguments.dev;
    if development && is_heroku(&environment) {
        eprint!("{}", message::DEVELOPMENT_ON_HEROKU);
        return ExitCode::from(1);
    }
    let variable = environment.get(TOOLS_VARIABLE).filter(|name| !name.is_empty());
    let named = arguments.tools.or_else(|| variable.map(PathBuf::from));
    let file = named.unwrap_or_else(|| PathBuf::from(TOOLS_FILE));
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(&file, &environment, development),
        Command::Check { file: given } => {
            check::check(&given.unwrap_or(file), &environment, development)
        }
        Command::Launch(given) => launch(&given, &file, &environment, development),
        Command::Explain(given) => explain(&given, &file, &environment, development),
        Command::New(given) => new(&given, &file, &environment, development),
        Command::Grades => grades::grades(&file, &environment, development),
        Command::Schema => {
            say(&schema());
            ExitCode::SUCCESS
        }
    }
}
