//! The rules of imports and names, as one function from source files to violations.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{Import, Imports, Sources};
use super::layers::{module, row};

/// All violations, one message each. Fewer than `fewest` imports are a violation, too: the caller
/// then did not read all files.
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

/// Every file or directory directly below `src/` is in a row.
fn unknown_modules(sources: &Sources) -> Vec<String> {
    let modules: BTreeSet<&str> = sources.keys().filter_map(|file| module(file)).collect();
    let unknown = modules.into_iter().filter(|module| row(module).is_none());
    unknown.map(|module| format!("src/{module}: no layer lists this module")).collect()
}

/// Files import from lower rows or from their own module.
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

/// A file imports from its siblings directly, not through the re-exports of its parents.
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

/// A `mod.rs` declares files and re-exports from them. Items are in named files.
fn doors_with_items(read: &Imports) -> Vec<String> {
    let doors = read.doors_with_items().into_iter();
    doors.map(|(door, items)| format!("{door} defines {}", items.join(", "))).collect()
}

/// There are no import cycles.
fn cycles(imports: &BTreeSet<Import>) -> Vec<String> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Import { from, to, .. } in imports {
        next.entry(from).or_default().insert(to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        next.keys().map(|file| (*file, reached_from(file, &next))).collect();
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|files| files.contains(to));
    let mut reported = BTreeSet::new();
    let mut found = Vec::new();
    for file in next.keys().copied().filter(|file| reaches(file, file)) {
        if reported.contains(file) {
            continue;
        }
        let cycle: BTreeSet<&str> = next
            .keys()
            .copied()
            .filter(|other| reaches(file, other) && reaches(other, file))
            .collect();
        let mut lines = BTreeMap::new();
        for Import { from, to, path, .. } in imports {
            if cycle.contains(from.as_str()) && cycle.contains(to.as_str()) {
                lines.entry((from, to)).or_insert_with(|| format!("\n  {from} -> {to}: {path}"));
            }
        }
        let files = cycle.iter().copied().collect::<Vec<_>>().join(", ");
        found.push(format!("import cycle: {files}{}", lines.into_values().collect::<String>()));
        reported.extend(cycle);
    }
    found
}

/// All files that a file imports, directly or indirectly.
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

/// Type names are unique in a crate, also those of private types.
fn types(read: &Imports) -> Vec<String> {
    let types = read.types();
    let doubled = types.into_iter().filter(|(_, files)| files.len() > 1);
    doubled
        .map(|((_, name), files)| {
            format!("the type name {name} is not unique: {}", files.join(", "))
        })
        .collect()
}
