//! The rules of imports and names, as one function from the texts of files to what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{Import, Imports, Sources};
use super::layers::{module, row};

/// Everything that breaks a rule, each in one message. `fewest` is how many imports there must be:
/// fewer mean that the test does not read what it should.
pub(super) fn violations(sources: &Sources, fewest: usize) -> Vec<String> {
    let read = Imports::read(sources);
    let imports = read.all();
    let mut found = unknown_modules(sources);
    found.extend(layers(&imports));
    found.extend(own_doors(&imports));
    found.extend(doors_with_items(&read));
    found.extend(cycles(&imports));
    found.extend(types(&read));
    if imports.len() < fewest {
        found.push(format!("{} imports were read, expected at least {fewest}", imports.len()));
    }
    found
}

/// Every file or folder directly below `src/` is in a row.
fn unknown_modules(sources: &Sources) -> Vec<String> {
    let modules: BTreeSet<&str> = sources.keys().filter_map(|file| module(file)).collect();
    let unknown = modules.into_iter().filter(|module| row(module).is_none());
    unknown.map(|module| format!("src/{module}: no layer lists this module")).collect()
}

/// Imports of the gateway lead to lower rows, or stay within a module.
fn layers(imports: &BTreeSet<Import>) -> Vec<String> {
    let mut found = Vec::new();
    for Import { from, to, path, .. } in imports {
        let (Some(own), Some(other)) = (module(from), module(to)) else { continue };
        let (Some((own_row, own_name)), Some((other_row, other_name))) = (row(own), row(other))
        else {
            continue;
        };
        if own != other && other_row >= own_row {
            let direction = if other_row == own_row { "beside" } else { "above" };
            found.push(format!(
                "{from} imports {path}: {other} ({other_name}) is {direction} {own} ({own_name})"
            ));
        }
    }
    found
}

/// A file takes from its neighbors by their names, not through the re-exports of its parents.
fn own_doors(imports: &BTreeSet<Import>) -> Vec<String> {
    let mut found = BTreeMap::new();
    for Import { from, to, path, door, .. } in imports {
        if let Some(door) = door {
            found.entry((from, to, door)).or_insert_with(|| {
                format!("{from} imports {path} through {door}, its own parent: it is in {to}")
            });
        }
    }
    found.into_values().collect()
}

/// A `mod.rs` declares files and re-exports from them. What it would define has a file of its own.
fn doors_with_items(read: &Imports) -> Vec<String> {
    let doors = read.doors_with_items().into_iter();
    doors.map(|(door, items)| format!("{door} defines {}", items.join(", "))).collect()
}

/// No files import each other in a circle.
fn cycles(imports: &BTreeSet<Import>) -> Vec<String> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Import { from, to, .. } in imports {
        next.entry(from).or_default().insert(to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|file| (*file, reached_from(file, &next))).collect();
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|files| files.contains(to));
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for file in next.keys().copied().filter(|file| reaches(file, file)) {
        if told.contains(file) {
            continue;
        }
        let circle: BTreeSet<&str> = next
            .keys()
            .copied()
            .filter(|other| reaches(file, other) && reaches(other, file))
            .collect();
        let mut lines = BTreeMap::new();
        for Import { from, to, path, .. } in imports {
            if circle.contains(from.as_str()) && circle.contains(to.as_str()) {
                lines.entry((from, to)).or_insert_with(|| format!("\n  {from} -> {to}: {path}"));
            }
        }
        let files = circle.iter().copied().collect::<Vec<_>>().join(", ");
        found.push(format!("import cycle: {files}{}", lines.into_values().collect::<String>()));
        told.extend(circle);
    }
    found
}

/// Every file that can be reached, in one step or more.
fn reached_from<'a>(
    file: &'a str,
    next: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![file];
    while let Some(at) = open.pop() {
        for to in next.get(at).into_iter().flatten() {
            if reached.insert(*to) {
                open.push(to);
            }
        }
    }
    reached
}

/// A type's name is unique in its crate, also among private types.
fn types(read: &Imports) -> Vec<String> {
    let types = read.types();
    let doubled = types.into_iter().filter(|(_, files)| files.len() > 1);
    doubled
        .map(|((_, name), files)| {
            format!("the type name {name} is not unique: {}", files.join(", "))
        })
        .collect()
}
