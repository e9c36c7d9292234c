//! The rules of ARCHITECTURE.md that the compiler does not enforce.

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
