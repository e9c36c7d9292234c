//! The log: whatever happens to it, requests get their responses. Lines that anybody can cause have
//! a budget.

mod budget;
mod command;
mod disk;
mod first_run;
mod panic;
mod process;
mod reader;
mod start;
