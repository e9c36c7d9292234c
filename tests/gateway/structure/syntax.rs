//! Parses one Rust file: its modules, their items, and all paths.
//!
//! It reads tokens instead of a syntax tree: a tree does not include the arguments of macros, but
//! `format!` and our tables of refusals contain paths. The lexer removes comments and strings.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The content of one module. A file is a module, and each `mod x { … }` in it is another.
#[derive(Default)]
pub(super) struct Module {
    /// The names of the items that it defines.
    pub(super) items: BTreeSet<String>,
    /// The names that its `use` lines import, and their paths.
    pub(super) uses: BTreeMap<String, Use>,
    /// The paths of its `use path::*`.
    pub(super) globs: Vec<Vec<String>>,
    /// All its paths, in `use` lines and elsewhere.
    pub(super) paths: Vec<Written>,
    /// The names of the types that it defines, also within functions and macros.
    pub(super) types: Vec<String>,
}

/// One name of a `use` line.
pub(super) struct Use {
    pub(super) path: Vec<String>,
    /// Whether it has a visibility: `pub use`, `pub(crate) use`.
    pub(super) is_reexport: bool,
}

/// A path, and its location.
pub(super) struct Written {
    pub(super) path: Vec<String>,
    pub(super) place: PathPlace,
}

/// The location of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathPlace {
    Use,
    /// `use path::*`.
    Glob,
    Reexport,
    Code,
}

/// The modules of one file, by their paths relative to the file's module.
pub(super) fn parse(text: &str) -> Result<BTreeMap<Vec<String>, Module>, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut modules = BTreeMap::new();
    read(&tokens.into_iter().collect::<Vec<_>>(), &Vec::new(), true, &mut modules);
    Ok(modules)
}

/// Reads tokens of a module: those of its body, or those within one of its groups.
fn read(
    tokens: &[TokenTree],
    path: &Vec<String>,
    is_body: bool,
    modules: &mut BTreeMap<Vec<String>, Module>,
) {
    modules.entry(path.clone()).or_default();
    let mut at = 0;
    while at < tokens.len() {
        let start = at;
        at += 1;
        let word = match &tokens[start] {
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                read(&inner, path, false, modules);
                continue;
            }
            TokenTree::Ident(word) => word.to_string(),
            _ => continue,
        };
        let next_word = tokens.get(at).and_then(as_word);
        let module = modules.entry(path.clone()).or_default();
        match (word.as_str(), next_word) {
            ("use", _) if !is_punct(tokens.get(at), '<') => {
                let length = tokens[at..].iter().take_while(|token| !is(token, ';')).count();
                let is_reexport = follows_visibility(&tokens[..start]);
                read_use(&tokens[at..at + length], &[], is_reexport, is_body, module);
                at += length;
            }
            ("mod", Some(name)) if is_body => {
                at += 1;
                if let Some(TokenTree::Group(body)) = tokens.get(at) {
                    let inner: Vec<TokenTree> = body.stream().into_iter().collect();
                    let mut inner_path = path.clone();
                    inner_path.push(name);
                    read(&inner, &inner_path, true, modules);
                    at += 1;
                }
            }
            ("pub", _) => at += usize::from(tokens.get(at).is_some_and(is_restriction)),
            ("struct" | "enum" | "trait" | "union", Some(name)) => {
                module.types.push(name.clone());
                if is_body {
                    module.items.insert(name);
                }
                at += 1;
            }
            ("type", Some(name)) if is_body => {
                module.types.push(name.clone());
                module.items.insert(name);
                at += 1;
            }
            ("fn" | "const" | "static", Some(name))
                if is_body
                    && !matches!(name.as_str(), "fn" | "unsafe" | "async" | "extern" | "mut") =>
            {
                module.items.insert(name);
                at += 1;
            }
            ("macro_rules", _) => {
                if let Some(name) = tokens.get(at + 1).and_then(as_word) {
                    module.items.insert(name);
                    at += 2;
                }
            }
            _ if continues_a_path(&tokens[..start]) => {}
            _ => {
                let mut written = vec![word];
                while let Some(segment) = path_segment(&tokens[at..]) {
                    written.push(segment);
                    at += 3;
                }
                module.paths.push(Written { path: written, place: PathPlace::Code });
            }
        }
    }
}

/// Reads the tokens after `use`: one path, or a group of paths with a common prefix.
fn read_use(
    tokens: &[TokenTree],
    prefix: &[String],
    is_reexport: bool,
    is_body: bool,
    module: &mut Module,
) {
    let mut path = prefix.to_vec();
    let mut alias = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inner.split(|token| is(token, ',')) {
                    if !part.is_empty() {
                        read_use(part, &path, is_reexport, is_body, module);
                    }
                }
                return;
            }
            TokenTree::Punct(punct) if punct.as_char() == '*' => {
                let place = if is_reexport { PathPlace::Reexport } else { PathPlace::Glob };
                module.paths.push(Written { path: path.clone(), place });
                module.globs.push(path);
                return;
            }
            TokenTree::Ident(word) if *word == "as" => alias = tokens.get(at).and_then(as_word),
            TokenTree::Ident(word) if alias.is_none() => path.push(word.to_string()),
            // `::name` is an external crate.
            TokenTree::Punct(_) if path.is_empty() => return,
            _ => {}
        }
    }
    let place = if is_reexport { PathPlace::Reexport } else { PathPlace::Use };
    module.paths.push(Written { path: path.clone(), place });
    // `a::{self}` imports `a`.
    let own_name = path.iter().rev().find(|segment| *segment != "self").cloned();
    if let Some(name) = alias.or(own_name).filter(|_| is_body) {
        module.uses.insert(name, Use { path, is_reexport });
    }
}

fn as_word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    token.is_some_and(|token| is(token, sign))
}

/// `(crate)`, `(super)` or `(in crate::x)` after `pub`; not the type of a field.
fn is_restriction(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let inner: Vec<String> = group.stream().into_iter().map(|token| token.to_string()).collect();
    group.delimiter() == Delimiter::Parenthesis
        && match inner.as_slice() {
            [word] => matches!(word.as_str(), "crate" | "super" | "self"),
            [first, ..] => first == "in",
            [] => false,
        }
}

fn follows_visibility(before: &[TokenTree]) -> bool {
    let is_pub = |token: Option<&TokenTree>| token.and_then(as_word).is_some_and(|it| it == "pub");
    match before {
        [.., last] if is_restriction(last) => is_pub(before.iter().rev().nth(1)),
        _ => is_pub(before.last()),
    }
}

/// Whether the next word continues the tokens before it: `a.next`, `a::<T>::next`, `'next`.
fn continues_a_path(before: &[TokenTree]) -> bool {
    match before {
        [.., one, two] if is(one, '.') && is(two, '.') => false,
        [.., last] => is(last, '.') || is(last, '\'') || is_path_end(before),
        [] => false,
    }
}

fn is_path_end(before: &[TokenTree]) -> bool {
    matches!(before, [.., one, two] if is(one, ':') && is(two, ':'))
}

/// `name` of `::name`.
fn path_segment(tokens: &[TokenTree]) -> Option<String> {
    match tokens {
        [one, two, name, ..] if is(one, ':') && is(two, ':') => as_word(name),
        _ => None,
    }
}
