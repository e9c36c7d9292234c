//! The program that serves an app.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use lti::Secret;

use super::credential::{Credential, SecretPlace};
use super::duration;
use super::resolver::{Resolver, StringPurpose};
use crate::config::app_command::AppCommand;
use crate::config::document::Part;
use crate::config::fault::Fault;
use crate::config::file::{CommandTable, StringValue, ValuesTable};
use crate::config::port_placeholder;
use crate::config::reading::CommandUse;
use crate::config::table::{ValueSource, Written};
use crate::config::variable_syntax::VariableSyntax;

/// The variable with the port of a program.
const PORT: &str = "PORT";

/// The beginning of the gateway's own settings.
const OF_GATEWAY: &str = "LTI_GATEWAY_";

/// The operators of a shell that people write between the arguments of a program.
const OPERATORS: [&str; 10] = ["&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1", "2>"];

/// The programs that read their arguments as a script.
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "fish"];

impl Resolver<'_> {
    /// The command with the keys that require it. `None` if the file has none, or an invalid one.
    pub(super) fn command(&mut self, tool: &str, table: CommandTable) -> Option<AppCommand> {
        let environment = self.app_environment(tool, table.environment);
        let idle = table.idle.map(|written| self.duration(Some(written), &duration::IDLE));
        let idle = idle.map(Duration::from_secs);
        let (directory, place) = self.app_directory(table.directory.as_ref());
        let Written { value, source } = table.command?;
        let mut written = value.into_iter();
        // An empty list has its own problem.
        let program = written.next()?;
        let arguments: Vec<_> = written.collect();
        if program.value.trim().is_empty() {
            self.report(&program.source, Fault::CommandEmpty);
            return None;
        }
        self.without_nul(&program.value, "the program", &program.source);
        let is_shell = is_shell(&program.value);
        for (number, argument) in arguments.iter().enumerate() {
            let what = format!("argument {} of `command`", number + 1);
            let is_usable = self.without_nul(&argument.value, &what, &argument.source);
            if is_usable && !is_shell {
                self.shell_syntax(&argument.value, &argument.source);
                if OPERATORS.contains(&argument.value.as_str()) {
                    let fault = Fault::ShellOperator(argument.value.clone());
                    self.report(&argument.source, fault);
                }
            }
        }
        let shows_port =
            |argument: &Written<String>| argument.value.to_ascii_uppercase().contains(PORT);
        let is_port_named = arguments.iter().any(shows_port);
        let command = AppCommand {
            program: program.value,
            arguments: arguments.into_iter().map(|argument| argument.value).collect(),
            directory,
            environment,
            idle,
        };
        // A script or an option may name the variable PORT. A placeholder of another program has
        // its own warning.
        if !is_port_named && !command.uses_port() {
            self.report_at(&source, Part::Key, Fault::PortUnused);
        }
        self.command_uses.push(CommandUse {
            command: command.clone(),
            location: source.location(self.document, Part::Key),
            program: program.source.location(self.document, Part::Value),
            directory: place.map(|source| source.location(self.document, Part::Value)),
        });
        Some(command)
    }

    /// The working directory, and its source if the file sets it.
    fn app_directory<'w>(
        &mut self,
        written: Option<&'w Written<String>>,
    ) -> (PathBuf, Option<&'w ValueSource>) {
        let Some(Written { value, source }) = written else {
            return (self.directory.to_owned(), None);
        };
        if value.is_empty() {
            self.report(source, Fault::EmptyText("directory"));
        }
        self.without_nul(value, "`directory`", source);
        (self.directory.join(value), Some(source))
    }

    fn app_environment(
        &mut self,
        tool: &str,
        written: Option<Written<ValuesTable>>,
    ) -> BTreeMap<String, Secret> {
        let mut environment = BTreeMap::new();
        for (name, text) in written.map(|written| written.value).unwrap_or_default() {
            let fault = if !is_name(&name) {
                Some(Fault::EnvironmentName(name.clone()))
            } else if name == PORT || name.starts_with(OF_GATEWAY) {
                Some(Fault::EnvironmentReserved(name.clone()))
            } else {
                None
            };
            if let Some(fault) = fault {
                self.report_at(&text.source, Part::Key, fault);
            }
            if let Some(value) = self.app_variable(tool, &name, &text) {
                environment.insert(name, value);
            }
        }
        environment
    }

    fn app_variable(
        &mut self,
        tool: &str,
        name: &str,
        written: &Written<StringValue>,
    ) -> Option<Secret> {
        if matches!(&written.value, StringValue::Variable(variable) if variable == PORT) {
            self.report(&written.source, Fault::GatewayPortInApp);
            return None;
        }
        if let Some(variable) = self.unset_in_development(&written.value) {
            let fault = Fault::EnvironmentUnset(name.to_owned(), variable);
            self.report(&written.source, fault);
            return None;
        }
        let (text, is_literal) = match &written.value {
            StringValue::Literal(text) => (text.clone(), true),
            StringValue::Variable(_) => (self.string(written, StringPurpose::Environment)?, false),
        };
        if !self.without_nul(&text, &format!("the value of `{name}`"), &written.source) {
            return None;
        }
        let value = Secret::new(text);
        if is_literal {
            self.shell_syntax(value.expose(), &written.source);
        } else {
            let place = SecretPlace::Environment { tool: tool.to_owned(), name: name.to_owned() };
            let secrets = vec![(value.clone(), written.source.clone())];
            self.shareable.push(Credential { place, secrets });
            self.secrets.push(value.clone());
        }
        Some(value)
    }

    /// Whether a program can receive the string. Reports a NUL character.
    fn without_nul(&mut self, text: &str, what: &str, source: &ValueSource) -> bool {
        let is_usable = !text.contains('\0');
        if !is_usable {
            self.report(source, Fault::Nul(what.to_owned()));
        }
        is_usable
    }

    /// Reports a placeholder for the port, or a variable, that only another program would replace.
    fn shell_syntax(&mut self, text: &str, source: &ValueSource) {
        if let Some(found) = port_placeholder::find(text) {
            self.report(source, Fault::PortPlaceholder(found.to_owned()));
        } else if let Some(found) = VariableSyntax::of_part(text)
            && found.text.starts_with('$')
        {
            self.report(source, Fault::NoShell(found.shown()));
        }
    }
}

fn is_shell(program: &str) -> bool {
    SHELLS.contains(&program.rsplit('/').next().unwrap_or_default())
}

/// Whether `name` is a name of a variable that every program accepts (POSIX).
fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
