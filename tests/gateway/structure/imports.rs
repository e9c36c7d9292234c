//! The imports between files: resolves each path to the file that defines its item.

use std::collections::{BTreeMap, BTreeSet};

use super::syntax::{self, Module, PathPlace};

/// The contents of files, by their names relative to the repository.
pub(super) type Sources = BTreeMap<String, String>;

/// The directories of the crates, and the crates' names in module paths.
const CRATES: [(&str, &str); 2] = [("src/", "lti_gateway"), ("crates/lti/src/", "lti")];
/// The program's own crate, which imports `lti_gateway` by its name.
const PROGRAM: (&str, &str) = ("src/main.rs", "main");

/// An import from another file of the same crate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: String,
    /// The file that defines the imported item.
    pub(super) to: String,
    /// The location of the path in `from`. Messages prefer `use` lines.
    pub(super) place: PathPlace,
    /// The path as in `from`.
    pub(super) path: String,
    /// The parent of `from` whose re-export the path uses.
    pub(super) door: Option<String>,
}

/// The modules of all files.
pub(super) struct Imports {
    modules: BTreeMap<Vec<String>, (String, Module)>,
}

/// The meaning of a name.
#[derive(Clone)]
enum Found {
    Module(Vec<String>),
    /// The file that defines the item.
    Item(String),
}

/// The state of a resolution: the `use` lines that it has followed.
#[derive(Clone, Default)]
struct Route {
    through: Vec<(Vec<String>, String)>,
}

impl Imports {
    /// Parses all files.
    pub(super) fn read(sources: &Sources) -> Self {
        let mut modules = BTreeMap::new();
        for (file, text) in sources {
            let base = module_of(file);
            let parsed = syntax::parse(text).unwrap_or_else(|error| panic!("{file}: {error}"));
            for (inner, module) in parsed {
                let path = base.iter().cloned().chain(inner).collect();
                modules.insert(path, (file.clone(), module));
            }
        }
        Self { modules }
    }

    /// Every import between two files, once for each path.
    pub(super) fn all(&self) -> BTreeSet<Import> {
        let mut found = BTreeSet::new();
        for (at, (file, module)) in &self.modules {
            for written in &module.paths {
                let first = written.path.first().map(String::as_str).unwrap_or_default();
                let is_alone = written.path.len() == 1;
                // A single name in code is an import only if the file re-exports this name.
                let uses_reexport = module.uses.get(first).is_some_and(|line| line.is_reexport);
                if written.place == PathPlace::Code && is_alone && !uses_reexport {
                    continue;
                }
                let mut route = Route::default();
                let to = match self.resolve(at, &written.path, false, &mut route) {
                    Some(Found::Item(to)) => to,
                    Some(Found::Module(path)) => self.modules[&path].0.clone(),
                    None => continue,
                };
                // A re-export from a child module is not an import.
                let is_child = is_below(&module_of(&to), at);
                if to == *file || (written.place == PathPlace::Reexport && is_child) {
                    continue;
                }
                let door = route
                    .through
                    .into_iter()
                    .map(|(module, _)| module)
                    .find(|module| is_below(at, module) && self.modules[module].0 != *file);
                let path = match written.path.as_slice() {
                    [before @ .., last] if last == "self" => before.join("::"),
                    path => path.join("::"),
                };
                let glob = if written.place == PathPlace::Glob { "::*" } else { "" };
                found.insert(Import {
                    from: file.clone(),
                    to,
                    place: written.place,
                    path: path + glob,
                    door: door.map(|module| self.modules[&module].0.clone()),
                });
            }
        }
        found
    }

    /// Every `mod.rs` with own items, and these items.
    pub(super) fn doors_with_items(&self) -> BTreeMap<&str, Vec<&str>> {
        let doors = self.modules.values().filter(|(file, _)| file.ends_with("/mod.rs"));
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (file, module) in doors {
            found.entry(file).or_default().extend(module.items.iter().map(String::as_str));
        }
        found.retain(|_, items| !items.is_empty());
        found
    }

    /// The files that define a type of each name, by crate and name.
    pub(super) fn types(&self) -> BTreeMap<(String, String), Vec<String>> {
        let mut types: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for (path, (file, module)) in &self.modules {
            for name in &module.types {
                types.entry((path[0].clone(), name.clone())).or_default().push(file.clone());
            }
        }
        types
    }

    /// Resolves a path in a module. `None` for other crates. With `needs_module`, another segment
    /// follows, so the path must be a module and not an item of the same name.
    fn resolve(
        &self,
        at: &[String],
        path: &[String],
        needs_module: bool,
        route: &mut Route,
    ) -> Option<Found> {
        let mut module = at.to_vec();
        // `a::{self}` is the module `a` alone.
        let (mut rest, needs_module) = match path {
            [before @ .., last] if last == "self" && !before.is_empty() => (before, true),
            _ => (path, needs_module),
        };
        match path.first().map(String::as_str)? {
            "crate" => {
                module.truncate(1);
                rest = &rest[1..];
            }
            "lti_gateway" if at[0] == PROGRAM.1 => {
                module = vec!["lti_gateway".to_owned()];
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                self.find(at, first, rest.len() == 1 && !needs_module, &mut route.clone())?;
            }
        }
        while let Some((name, after)) = rest.split_first() {
            let is_last = after.is_empty() && !needs_module;
            match self.find(&module, name, is_last, route) {
                Some(Found::Module(inner)) => module = inner,
                Some(item) => return Some(item),
                // An item from a macro belongs to the file that calls the macro.
                None => {
                    return self.modules.get(&module).map(|(file, _)| Found::Item(file.clone()));
                }
            }
            rest = after;
        }
        self.modules.contains_key(&module).then_some(Found::Module(module))
    }

    /// Resolves one name in a module. If a module and an item share the name, the last segment of a
    /// path is the item, and any other segment is the module.
    fn find(&self, at: &[String], name: &str, is_last: bool, route: &mut Route) -> Option<Found> {
        let (file, module) = self.modules.get(at)?;
        let step = (at.to_vec(), name.to_owned());
        let mut child = at.to_vec();
        child.push(name.to_owned());
        let child = self.modules.contains_key(&child).then_some(Found::Module(child));
        if !is_last && child.is_some() {
            return child;
        }
        if module.items.contains(name) {
            return Some(Found::Item(file.clone()));
        }
        // `use name;` imports an external crate and would resolve to itself.
        let is_circular = route.through.contains(&step);
        if let Some(line) = module.uses.get(name).filter(|_| !is_circular) {
            route.through.push(step);
            let leads_to = self.resolve(at, &line.path, !is_last, route);
            return Some(leads_to.unwrap_or_else(|| Found::Item(file.clone())));
        }
        if child.is_some() || is_circular {
            return child;
        }
        module.globs.iter().find_map(|glob| {
            let mut inner = route.clone();
            inner.through.push(step.clone());
            let Some(Found::Module(target)) = self.resolve(at, glob, true, &mut inner) else {
                return None;
            };
            let found = self.find(&target, name, is_last, &mut inner)?;
            route.through = inner.through;
            Some(found)
        })
    }
}

/// The module path of a file, starting with its crate.
pub(super) fn module_of(file: &str) -> Vec<String> {
    if file == PROGRAM.0 {
        return vec![PROGRAM.1.to_owned()];
    }
    let (below, name) = CRATES
        .iter()
        .find_map(|(directory, name)| Some((file.strip_prefix(directory)?, *name)))
        .unwrap_or_else(|| panic!("{file} belongs to no crate"));
    let mut path = vec![name.to_owned()];
    path.extend(below.trim_end_matches(".rs").split('/').map(str::to_owned));
    if path.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib")) {
        path.pop();
    }
    path
}

/// Whether a module is `ancestor` or below it.
fn is_below(module: &[String], ancestor: &[String]) -> bool {
    module.starts_with(ancestor)
}
