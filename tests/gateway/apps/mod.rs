//! Apps that the gateway starts itself (`command`).

mod environment;
mod failure;
mod host;
mod listener;
mod reload;
mod run;
mod stop;
