//! Tests of the rules: each small source tree breaks one rule.

use std::path::Path;

use super::imports::Sources;
use super::rules::violations;

/// These files, and an empty file for each missing parent module.
fn tree(files: &[(&str, &str)]) -> Sources {
    let mut tree: Sources =
        files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
    for (file, _) in files {
        for directory in Path::new(file).ancestors().skip(1).filter_map(Path::to_str) {
            let (door, other) = match directory {
                "" | "crates" | "crates/lti" => continue,
                "src" | "crates/lti/src" => (format!("{directory}/lib.rs"), String::new()),
                _ => (format!("{directory}/mod.rs"), format!("{directory}.rs")),
            };
            if !tree.contains_key(&other) {
                tree.entry(door).or_default();
            }
        }
    }
    tree
}

/// Checks the violations in these files.
fn check(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(violations(&tree(files), 0), expected, "{files:#?}");
}

/// Checks a file of `state` that imports from `web`. An empty `path` expects no violation.
fn check_upward(import: &str, path: &str) {
    let message = format!(
        "src/state/a.rs imports {path}: \
         web (layer 4, lower row) is above state (layer 2, upper row)"
    );
    let expected: &[&str] = if path.is_empty() { &[] } else { &[&message] };
    check(&[("src/state/a.rs", import), ("src/web/page.rs", "pub struct Html;")], expected);
}

#[test]
fn imports_from_lower_rows_and_from_the_same_module_are_allowed() {
    check(
        &[
            ("src/main.rs", "fn main() { lti_gateway::cli::run() }"),
            ("src/lib.rs", "pub mod cli; pub mod config; pub mod url;"),
            ("src/cli/mod.rs", "mod run; pub use run::run;"),
            ("src/cli/run.rs", "use super::table::Table; use lti::Launch; pub fn run() {}"),
            ("src/cli/table.rs", "use crate::config::Config; pub struct Table(crate::url::Url);"),
            ("src/config/mod.rs", "mod gateway; pub use gateway::Config;"),
            ("src/config/gateway.rs", "use crate::url::Url; pub struct Config(Url);"),
            ("src/url.rs", "pub struct Url;"),
        ],
        &[],
    );
}

#[test]
fn an_upward_import_is_found() {
    check_upward("use crate::web::page::Html;", "crate::web::page::Html");
}

#[test]
fn a_grouped_import_is_found() {
    let import =
        "use crate::{\n  web::{self as pages, page::{Html, Other as Any}},\n  url::Url,\n};";
    let message = |path: &str| {
        format!(
            "src/state/a.rs imports {path}: \
             web (layer 4, lower row) is above state (layer 2, upper row)"
        )
    };
    let expected = ["crate::web", "crate::web::page::Html", "crate::web::page::Other"].map(message);
    check(
        &[("src/state/a.rs", import), ("src/web/page.rs", "pub struct Html;"), ("src/url.rs", "")],
        &expected.each_ref().map(String::as_str),
    );
}

#[test]
fn an_import_by_super_super_is_found() {
    check_upward("use super::super::web::page::Html;", "super::super::web::page::Html");
}

#[test]
fn a_path_in_code_is_found() {
    check_upward("fn a() -> crate::web::page::Html { todo!() }", "crate::web::page::Html");
    check_upward("fn a() { let _ = ..crate::web::page::b(); }", "crate::web::page::b");
    check_upward("type A = <crate::web::page::Html as Clone>::B;", "crate::web::page::Html");
    check_upward("#[arg(value_parser = crate::web::page::b)]\nstruct A;", "crate::web::page::b");
    check_upward("struct A(pub (crate::web::page::Html));", "crate::web::page::Html");
}

#[test]
fn a_path_in_a_macro_is_found() {
    check_upward("fn a() { format!(\"{}\", crate::web::page::b()); }", "crate::web::page::b");
    check_upward("macro_rules! a { () => { $crate::web::page::b() } }", "crate::web::page::b");
}

#[test]
fn an_import_in_a_function_or_a_test_is_found() {
    check_upward("fn a() { use crate::web::page::Html; }", "crate::web::page::Html");
    check_upward(
        "#[cfg(test)] mod tests { use super::*; use crate::web::page::Html; }",
        "crate::web::page::Html",
    );
    check_upward("mod tests { use super::super::super::web::*; }", "super::super::super::web::*");
}

#[test]
fn a_glob_import_is_found() {
    check_upward("use crate::web::page::*;", "crate::web::page::*");
}

#[test]
fn a_reexport_of_another_module_is_an_import() {
    check_upward("pub use crate::web::page::Html;", "crate::web::page::Html");
}

#[test]
fn comments_strings_and_visibilities_are_not_imports() {
    check_upward("// use crate::web::page::Html;\n/* crate::web::page::Html */", "");
    check_upward("/// [`crate::web::page::Html`]\nstruct A;", "");
    check_upward("const A: &str = \"use crate::web::page::Html;\";", "");
    check_upward("const A: &str = r#\"\"crate::web::page::Html\"\"#;", "");
    check_upward("pub(in crate::web::page) fn a() {}", "");
    check_upward(
        "pub(crate) fn a<'web>(a: &'web str) -> impl Sized + use<'web> { a.web::<u8>() }",
        "",
    );
    check_upward("use other::web::page::Html; use ::web::page;", "");
}

#[test]
fn an_import_from_another_module_of_the_same_row_is_found() {
    check(
        &[
            ("src/session/mod.rs", "mod id;\npub use id::Id;"),
            ("src/session/id.rs", "pub struct Id;"),
            ("src/state/mod.rs", "use crate::session::Id;"),
        ],
        &["src/state/mod.rs imports crate::session::Id: \
             session (layer 2, upper row) is beside state (layer 2, upper row)"],
    );
}

#[test]
fn an_import_from_the_upper_row_of_the_same_layer_is_found() {
    check(
        &[
            ("src/web/mod.rs", "use crate::server::Listener;"),
            ("src/server.rs", "pub struct Listener;"),
        ],
        &["src/web/mod.rs imports crate::server::Listener: \
             server (layer 4, upper row) is above web (layer 4, lower row)"],
    );
}

#[test]
fn an_unknown_module_is_found() {
    check(
        &[("src/helpers.rs", ""), ("src/utils/mod.rs", ""), ("src/utils/text.rs", "")],
        &["src/helpers: no layer lists this module", "src/utils: no layer lists this module"],
    );
}

#[test]
fn a_cycle_within_a_module_is_found() {
    check(
        &[
            ("src/web/mod.rs", "mod a;\nmod b;\nmod c;\nmod d;"),
            ("src/web/a.rs", "use super::b::B;\npub struct A;"),
            ("src/web/b.rs", "use super::c;\npub struct B(c::C);"),
            ("src/web/c.rs", "pub struct C(crate::web::a::A);"),
            ("src/web/d.rs", "use super::a::A;"),
        ],
        &["import cycle: src/web/a.rs, src/web/b.rs, src/web/c.rs\
           \n  src/web/a.rs -> src/web/b.rs: super::b::B\
           \n  src/web/b.rs -> src/web/c.rs: super::c\
           \n  src/web/c.rs -> src/web/a.rs: crate::web::a::A"],
    );
}

#[test]
fn two_cycles_are_two_messages() {
    check(
        &[
            ("src/cli/a.rs", "use super::b::B;\npub struct A;"),
            ("src/cli/b.rs", "use super::a::A;\nuse crate::web::c::C;\npub struct B;"),
            ("src/web/c.rs", "use super::d::D;\npub struct C;"),
            ("src/web/d.rs", "use super::c::C;\npub struct D;"),
        ],
        &[
            "import cycle: src/cli/a.rs, src/cli/b.rs\
             \n  src/cli/a.rs -> src/cli/b.rs: super::b::B\
             \n  src/cli/b.rs -> src/cli/a.rs: super::a::A",
            "import cycle: src/web/c.rs, src/web/d.rs\
             \n  src/web/c.rs -> src/web/d.rs: super::d::D\
             \n  src/web/d.rs -> src/web/c.rs: super::c::C",
        ],
    );
}

#[test]
fn a_cycle_of_a_file_and_its_parent_is_found() {
    check(
        &[
            ("src/web/dev.rs", "mod launch;\npub struct Context;\nfn a() { launch::launch() }"),
            ("src/web/dev/launch.rs", "use super::Context;\npub fn launch() {}"),
        ],
        &["import cycle: src/web/dev.rs, src/web/dev/launch.rs\
           \n  src/web/dev.rs -> src/web/dev/launch.rs: launch::launch\
           \n  src/web/dev/launch.rs -> src/web/dev.rs: super::Context"],
    );
}

#[test]
fn a_cycle_through_a_reexport_that_its_file_uses_is_found() {
    check(
        &[
            ("src/state.rs", "mod memory;\npub use memory::Memory;\npub struct State(Memory);"),
            ("src/state/memory.rs", "pub struct Memory(Option<Box<super::State>>);"),
        ],
        &["import cycle: src/state.rs, src/state/memory.rs\
           \n  src/state.rs -> src/state/memory.rs: Memory\
           \n  src/state/memory.rs -> src/state.rs: super::State"],
    );
}

#[test]
fn a_cycle_through_the_parents_reexports_is_found() {
    check(
        &[
            ("src/web/mod.rs", "mod a;\nmod b;\npub use a::A;\npub(crate) use b::{B, C as Other};"),
            ("src/web/a.rs", "use super::{\n    Other,\n};\npub struct A(Other);"),
            ("src/web/b.rs", "use crate::web::A;\npub struct B(A);\npub struct C;"),
        ],
        &[
            "src/web/a.rs imports super::Other through src/web/mod.rs, its own parent: \
             it is in src/web/b.rs",
            "src/web/b.rs imports crate::web::A through src/web/mod.rs, its own parent: \
             it is in src/web/a.rs",
            "import cycle: src/web/a.rs, src/web/b.rs\
             \n  src/web/a.rs -> src/web/b.rs: super::Other\
             \n  src/web/b.rs -> src/web/a.rs: crate::web::A",
        ],
    );
}

#[test]
fn an_item_in_a_mod_rs_is_found() {
    check(
        &[
            ("src/web/mod.rs", "//! Door.\nmod a;\npub use a::A;\nconst B: u8 = 1;\npub fn c() {}"),
            ("src/web/a.rs", "pub struct A;"),
        ],
        &["src/web/mod.rs defines B, c"],
    );
}

#[test]
fn a_cycle_in_the_protocol_crate_is_found() {
    check(
        &[
            (
                "crates/lti/src/lib.rs",
                "mod rejection;\npub mod v1p1;\npub use rejection::Rejection;",
            ),
            (
                "crates/lti/src/rejection.rs",
                "use crate::v1p1::Check;\npub struct Rejection(Check);",
            ),
            (
                "crates/lti/src/v1p1/mod.rs",
                "mod near_miss;\nmod verify;\npub use near_miss::*;\npub use verify::Check;",
            ),
            ("crates/lti/src/v1p1/near_miss.rs", "pub fn near_miss() {}\npub fn quick() {}"),
            (
                "crates/lti/src/v1p1/verify.rs",
                "use super::near_miss::{self, near_miss};\nuse crate::rejection::Rejection;\n\
                 pub struct Check;\nfn a() { near_miss::quick(); near_miss() }",
            ),
        ],
        &["import cycle: crates/lti/src/rejection.rs, crates/lti/src/v1p1/verify.rs\
           \n  crates/lti/src/rejection.rs -> crates/lti/src/v1p1/verify.rs: crate::v1p1::Check\
           \n  crates/lti/src/v1p1/verify.rs -> crates/lti/src/rejection.rs: \
           crate::rejection::Rejection"],
    );
}

#[test]
fn a_module_precedes_a_function_of_the_same_name_within_a_path() {
    check(
        &[
            ("src/web/mod.rs", "mod a;\nmod b;\npub use a::a;"),
            ("src/web/a.rs", "pub fn a() { super::b::b() }\npub fn c() {}"),
            ("src/web/b.rs", "use super::a;\npub fn b() { a::c() }"),
        ],
        &[
            "src/web/b.rs imports super::a through src/web/mod.rs, its own parent: \
             it is in src/web/a.rs",
            "import cycle: src/web/a.rs, src/web/b.rs\
             \n  src/web/a.rs -> src/web/b.rs: super::b::b\
             \n  src/web/b.rs -> src/web/a.rs: super::a",
        ],
    );
}

#[test]
fn a_type_name_that_is_not_unique_is_found() {
    check(
        &[
            ("crates/lti/src/launch.rs", "pub struct Launch;"),
            (
                "src/cli/launch.rs",
                "pub struct Launch;\nfn a() { enum Inner {} }\nimpl A for B { type Out = u8; }",
            ),
            (
                "src/web/launch.rs",
                "trait Launch {}\nmod tests { struct Inner; }\nimpl A for B { type Out = u8; }",
            ),
            ("src/web/page.rs", "type Html = u8;\ntable! { enum Html { A } }"),
        ],
        &[
            "the type name Html is not unique: src/web/page.rs, src/web/page.rs",
            "the type name Inner is not unique: src/cli/launch.rs, src/web/launch.rs",
            "the type name Launch is not unique: src/cli/launch.rs, src/web/launch.rs",
        ],
    );
}

#[test]
fn too_few_imports_are_found() {
    let files = [("src/cli/a.rs", "use super::b::B;"), ("src/cli/b.rs", "pub struct B;")];
    assert!(violations(&tree(&files), 1).is_empty());
    assert_eq!(violations(&tree(&files), 2), ["1 imports were read, expected at least 2"]);
    assert_eq!(violations(&Sources::new(), 1), ["0 imports were read, expected at least 1"]);
}
