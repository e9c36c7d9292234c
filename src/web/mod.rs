//! Routes and statuses: the only module that names one, and that reads or writes a header of a browser.

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
