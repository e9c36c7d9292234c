//! The arguments of the program, and the command that they select.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

use super::explain::{ExplainArguments, explain};
use super::grades::{GradesArguments, grades};
use super::launch::{LaunchArguments, launch};
use super::new::{NewArguments, new};
use super::platforms::{PlatformsArguments, platforms};
use super::register::{RegisterArguments, register};
use super::terminal::{complain, say};
use super::{check, keys, machine, message, serve};
use crate::app::{START_APP, become_app};
use crate::config::{is_heroku, schema};

/// The default of `--tools`.
const TOOLS_FILE: &str = "tools.toml";
/// The variable that names the tools file.
const TOOLS_VARIABLE: &str = "LTI_TOOLS";

/// Puts web pages and web apps behind LTI: verifies each launch, then opens the tool
#[derive(Parser)]
#[command(
    name = "lti-gateway",
    version,
    disable_help_subcommand = true,
    after_help = EXIT_CODES
)]
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

/// The exit codes of all commands.
const EXIT_CODES: &str = "\
A command ends with exit code 0 for yes (done, accepted, no errors), 1 for no (rejected, refused,
errors), and 2 if it could not ask (unreadable file, no response). serve ends with 1 instead of 2.";

/// The commands of the program.
#[derive(Subcommand)]
enum Command {
    /// Serves the tools (default without a command)
    Serve,
    /// Reports all problems of the tools file
    #[command(
        after_help = "Exit codes: 0 no errors (warnings are allowed), 1 errors, 2 unreadable file."
    )]
    Check {
        /// The tools file
        file: Option<PathBuf>,
        /// Judges the file as production does, also in a debug build
        #[arg(long)]
        production: bool,
    },
    /// Launches a tool as edX does, and shows the response
    #[command(
        after_help = "Exit codes: 0 accepted, 1 rejected or an error as last response, 2 not sent."
    )]
    Launch(LaunchArguments),
    /// Explains why the gateway rejects a captured launch
    #[command(after_help = "Exit codes: 0 would be accepted, 1 would be rejected, 2 unreadable.")]
    Explain(ExplainArguments),
    /// Adds a tool with a new key and secret to the tools file, and shows how to set it up
    #[command(after_help = "\
Exit codes: 0 added, 1 refused, 2 a file cannot be read or written. 1 and 2 change nothing.")]
    New(NewArguments),
    /// Lists the platforms of LTI 1.3, or shows one with the values to paste into it
    #[command(after_help = "\
Exit codes: 0 listed, 1 no such platform or refused by it, 2 unreadable file or no response.")]
    Platforms(PlatformsArguments),
    /// Prints the gateway's public keys for a platform that wants them pasted
    #[command(after_help = "Exit codes: 0 printed, 1 no such platform, 2 unreadable file.")]
    Keys {
        /// The name of the platform
        name: String,
    },
    /// Prints a one-time link with which a platform registers a tool by itself
    #[command(after_help = "\
Exit codes: 0 printed, 1 no such platform or tool or no URL, 2 unreadable file.")]
    Register(RegisterArguments),
    /// Lists queued grades and dead letters, or discards the queued grades of one user
    #[command(after_help = "Exit codes: 0 listed or discarded, 2 unreadable.")]
    Grades(GradesArguments),
    /// Prints the JSON Schema of the tools file, for completion and checks in editors
    Schema,
}

/// Runs the command that the program's arguments select.
pub fn run() -> ExitCode {
    let mut given = std::env::args_os().skip(1);
    if given.next().is_some_and(|first| first == START_APP) {
        return become_app(given);
    }
    let arguments = Arguments::parse();
    // Before the program copies a secret.
    if let Err(error) = machine::deny_inspection() {
        complain(&message::inspectable(&error));
    }
    let environment = machine::environment();
    let as_production = matches!(arguments.command, Some(Command::Check { production: true, .. }));
    if as_production && arguments.dev {
        let message = "the argument '--production' cannot be used with '--dev'";
        // clap compares an argument of a command only with others of the same command.
        Arguments::command().error(ErrorKind::ArgumentConflict, message).exit();
    }
    let development = (cfg!(debug_assertions) || arguments.dev) && !as_production;
    if development && is_heroku(&environment) {
        return match arguments.command {
            None | Some(Command::Serve) => serve::refuse(message::DEVELOPMENT_ON_HEROKU),
            Some(_) => {
                complain(message::DEVELOPMENT_ON_HEROKU);
                ExitCode::from(1)
            }
        };
    }
    let variable = environment.get(TOOLS_VARIABLE).filter(|path| !path.is_empty());
    let chosen = arguments.tools.or_else(|| variable.map(PathBuf::from));
    let file = chosen.unwrap_or_else(|| PathBuf::from(TOOLS_FILE));
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(&file, environment, development),
        Command::Check { file: given, .. } => {
            check::check(&given.unwrap_or(file), &environment, development)
        }
        Command::Launch(given) => launch(&given, &file, &environment, development),
        Command::Explain(given) => explain(&given, &file, &environment, development),
        Command::New(given) => new(&given, &file, &environment, development),
        Command::Platforms(given) => platforms(&given, &file, &environment, development),
        Command::Keys { name } => keys::keys(&name, &file, &environment, development),
        Command::Register(given) => register(&given, &file, &environment, development),
        Command::Grades(given) => grades(&given, &file, &environment, development),
        Command::Schema => {
            say(&schema());
            ExitCode::SUCCESS
        }
    }
}
