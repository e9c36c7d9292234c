//! The files that tools with `command` and `site` need: programs, directories and folders.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf, absolute};

use crate::config::{
    AppCommand, CommandUse, Config, Environment, Fault, Problem, SiteUse, StateLocation, Target,
};

/// Where a program without a slash is if no variable `PATH` is set, as in execvp(3).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// The page that a launch of a site opens.
const INDEX: &str = "index.html";

/// How many bytes of a script its first line may have to be read (Linux: 256).
const LONGEST_INTERPRETER_LINE: u64 = 256;

/// Makes the directories of all tools absolute. Relative ones start in the working directory of
/// this process.
pub(super) fn resolve_directories(config: &mut Config) {
    let resolve = |path: &mut PathBuf| {
        // An empty path has no absolute form. Without a working directory, a path stays as it is.
        if let Ok(whole) = absolute(Path::new(".").join(&path)) {
            *path = whole;
        }
    };
    for tool in &mut config.tools {
        match &mut tool.target {
            Target::Template(_) => {}
            Target::Upstream(upstream) => {
                if let Some(command) = &mut upstream.command {
                    resolve(&mut command.directory);
                }
            }
            Target::Site(site) => resolve(&mut site.folder),
        }
    }
}

/// Reports a working directory that does not exist, and a program that cannot start.
pub(super) fn check_command(
    of_tool: &CommandUse,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) {
    let CommandUse { command, program, directory, .. } = of_tool;
    // These have a problem of their own, and no system call accepts them.
    if [command.directory.as_os_str(), OsStr::new(&command.program)]
        .iter()
        .any(|text| text.as_encoded_bytes().contains(&0))
    {
        return;
    }
    if let (Some(location), Some(why)) = (directory, not_a_directory(&command.directory)) {
        problems.push(Problem { fault: Fault::AppDirectory(why), location: location.clone() });
        // A relative program would be missing, too.
        return;
    }
    if let Err(fault) = find_program(command, environment) {
        problems.push(Problem { fault, location: program.clone() });
    }
}

/// Finds the program as the app's start does.
fn find_program(command: &AppCommand, environment: &Environment) -> Result<(), Fault> {
    let AppCommand { program, directory, .. } = command;
    if program.contains('/') {
        let path = directory.join(program);
        return match fs::metadata(&path) {
            Ok(_) => check_program(&path, program),
            Err(error) if is_missing(error.kind()) => {
                let place = if program.starts_with('/') { "" } else { " in the app's directory" };
                Err(Fault::ProgramMissing(program.clone(), place.to_owned()))
            }
            Err(error) => Err(unusable(program, format!("cannot be examined: {error}"))),
        };
    }
    let own = command.environment.get("PATH").map(|path| path.expose());
    let path = own.or_else(|| environment.get("PATH")).unwrap_or(DEFAULT_PATH);
    let mut not_executable = None;
    for entry in path.split(':') {
        let candidate = directory.join(entry).join(program);
        if !candidate.is_file() {
            continue;
        }
        match check_program(&candidate, program) {
            Ok(()) => return Ok(()),
            Err(fault) => not_executable = not_executable.or(Some(fault)),
        }
    }
    let missing = || Fault::ProgramMissing(program.clone(), " in PATH".to_owned());
    Err(not_executable.unwrap_or_else(missing))
}

/// Checks that this user may execute a file, and that the interpreter of a script exists.
fn check_program(path: &Path, program: &str) -> Result<(), Fault> {
    if path.is_dir() {
        return Err(unusable(program, "is a directory".to_owned()));
    }
    if !fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0) {
        return Err(unusable(program, "is not executable".to_owned()));
    }
    match interpreter(path) {
        Some(interpreter) if interpreter.ends_with('\r') => {
            Err(unusable(program, "has Windows line endings in its first line".to_owned()))
        }
        Some(interpreter) if interpreter.starts_with('/') && !Path::new(&interpreter).exists() => {
            Err(unusable(program, format!("needs {interpreter}, which does not exist")))
        }
        _ => Ok(()),
    }
}

fn unusable(program: &str, why: String) -> Fault {
    Fault::ProgramUnusable(program.to_owned(), why)
}

/// The interpreter in the first line of a script.
fn interpreter(path: &Path) -> Option<String> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(LONGEST_INTERPRETER_LINE).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let interpreter = line.trim_start_matches([' ', '\t']).split([' ', '\t']).next()?;
    Some(interpreter.to_owned())
}

/// Reports a site's folder that is missing, or that would show files of the gateway.
pub(super) fn check_site(
    of_tool: &SiteUse,
    file: &Path,
    state: &StateLocation,
    problems: &mut Vec<Problem>,
) {
    let SiteUse { folder, location, .. } = of_tool;
    let fault = if let Some(why) = not_a_directory(folder) {
        Fault::SiteFolder(why)
    } else if let Some(what) = exposed(folder, file, state) {
        Fault::SiteExposes(what)
    } else if !folder.join(INDEX).is_file() {
        Fault::SiteIndex
    } else {
        return;
    };
    problems.push(Problem { fault, location: location.clone() });
}

/// The first of the gateway's files in a folder. Links count as the files that they name.
fn exposed(folder: &Path, file: &Path, state: &StateLocation) -> Option<String> {
    let beside = |name: &str| file.with_file_name(name);
    let file_name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = real(folder);
    let mut secrets = vec![(file_name, file.to_owned()), (".env".to_owned(), beside(".env"))];
    if let StateLocation::Directory(path) = state {
        if folder.starts_with(real(path)) {
            return Some("the state directory".to_owned());
        }
        secrets.push(("the state directory".to_owned(), path.clone()));
    }
    // The gateway reads them in its working directory.
    secrets.push((".env".to_owned(), PathBuf::from(".env")));
    let copies = ["tools.toml", ".env"].map(|name| (name.to_owned(), folder.join(name)));
    secrets.extend(copies.into_iter().filter(|(_, path)| fs::symlink_metadata(path).is_ok()));
    secrets.into_iter().find(|(_, path)| real(path).starts_with(&folder)).map(|(what, _)| what)
}

/// The path without links. Only the last part may be missing.
fn real(path: &Path) -> PathBuf {
    let path = absolute(Path::new(".").join(path)).unwrap_or_else(|_| path.to_owned());
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (path.parent().and_then(|parent| parent.canonicalize().ok()), path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => path,
    }
}

/// Why a path is no directory that this user can use: the end of a sentence.
fn not_a_directory(path: &Path) -> Option<String> {
    // An empty path is the working directory.
    match fs::read_dir(Path::new(".").join(path)) {
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::NotADirectory => Some("is a file".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => Some("does not exist".to_owned()),
        Err(error) => Some(format!("cannot be read: {error}")),
    }
}

fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}
