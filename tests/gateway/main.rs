//! Tests of the gateway from outside: one module for each capability.

mod answers;
mod cartridge;
mod configuration;
mod deployment;
mod dev;
mod explain;
mod grades;
mod issued;
mod launches;
mod practice;
mod state;
mod structure;
mod support;
mod upstreams;
