//! The arguments of the program, and the command that they select.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::explain::{ExplainArguments, explain};
use super::launch::{LaunchArguments, launch};
use super::new::{NewArguments, new};
use super::terminal::say;
use super::{check, grades, machine, message, serve};
use crate::config::{is_heroku, schema};

/// The default of `--tools`.
const TOOLS_FILE: &str = "tools.toml";
/// The variable that names the tools file.
const TOOLS_VARIABLE: &str = "LTI_TOOLS";

/// Puts web pages and web apps behind LTI: verifies each launch, then opens the tool
#[derive(Parser)]
#[command(name = "lti-gateway", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// The tools file; templates/ and static/ are beside it [default: $LTI_TOOLS or tools.toml]
    #[arg(long, global = true, value_name = "FILE")]
    tools: Option<PathBuf>,

    /// Development: listens on loopback only, with placeholders for missing secrets
    #[arg(long, global = true)]
    dev: bool,
}

/// The commands of the program.
#[derive(Subcommand)]
enum Command {
    /// Serves the tools (default without a command)
    Serve,
    /// Reports all problems of the tools file: exit code 0 without errors (warnings are allowed),
    /// 1 with errors, 2 if the file cannot be read
    Check {
        /// The tools file
        file: Option<PathBuf>,
    },
    /// Launches a tool as edX does, and shows the response: exit code 0 if the launch is accepted,
    /// 1 if it is rejected or the last response is an error, 2 if it cannot be sent
    Launch(LaunchArguments),
    /// Explains a captured launch: exit code 0 if the gateway would accept it, 1 if it would reject
    /// it, 2 if the launch cannot be read
    Explain(ExplainArguments),
    /// Adds a tool with a new key and secret to the tools file, and shows how to set it up: exit
    /// code 0 if it is added, 1 if it is refused, 2 if a file cannot be read or written
    New(NewArguments),
    /// Lists queued grades and dead letters: exit code 0, or 2 if the list cannot be read
    Grades,
    /// Prints the JSON Schema of the tools file, for completion and checks in editors
    Schema,
}

/// Runs the command of the program's arguments.
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
