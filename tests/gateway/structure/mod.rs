//! Rules that the compiler does not enforce: imports, names, language, docs.

mod docs;
mod fakes;
mod files;
mod imports;
mod language;
mod layers;
mod protocol;
mod rules;
mod syntax;
mod tree;
