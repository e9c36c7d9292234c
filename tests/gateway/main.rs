//! The behavior of the gateway from outside: one module per capability.

mod answers;
#[cfg(target_os = "linux")]
mod apps;
mod cartridge;
mod checklist;
mod configuration;
mod course;
mod deployment;
mod dev;
mod explain;
mod grades;
mod issued;
mod keyset;
mod launches;
mod line_items;
mod links;
#[cfg(target_os = "linux")]
mod log;
mod practice;
mod registration;
mod reload;
mod server;
mod sites;
mod state;
mod structure;
mod support;
mod token;
mod upstreams;
