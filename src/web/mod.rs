//! Routes, statuses and pages.
//!
//! This is the only module that names a status, and that reads or writes headers of browsers.

mod body;
mod cartridge;
mod dev;
mod development;
mod gateway;
mod grade;
mod guard;
mod health;
mod index;
mod jwks;
mod launch;
mod login;
mod page;
mod proxy;
mod refusal;
mod routes;
mod served;
mod shield;
mod tool;

pub use gateway::Gateway;
pub use launch::LARGEST_FORM;
pub use routes::rocket;
