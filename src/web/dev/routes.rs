//! The routes of development, and the path of its grades to the practice platform.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rocket::fairing::AdHoc;
use rocket::{Config, Route, routes};

use super::gate::{gated, ungated};
use super::{gradebook, launch, practice, refusals, registration, token};
use crate::grade::Grades;
use crate::platform::PracticePlatform;
use crate::practice::{HOST, PATH};
use crate::web::dev_process::DevProcess;

/// The routes of the pages below `/dev`.
pub(in crate::web) fn routes() -> Vec<Route> {
    let pages = routes![
        practice::practice,
        launch::launch,
        gradebook::gradebook,
        refusals::refusals,
        registration::registration,
        registration::start,
    ];
    let mut all = gated(pages);
    all.extend(ungated(routes![token::token]));
    all
}

/// Gives the client for platforms the network address of this process, so that grades reach the
/// practice platform. Gives the assertions the port of their issuer.
pub(in crate::web) fn practise(grades: Arc<Grades>, process: Arc<DevProcess>) -> AdHoc {
    AdHoc::on_liftoff("practise", move |rocket| {
        let Config { address, port, .. } = *rocket.config();
        process.listens_on(port);
        // A socket of all interfaces has no address to connect to.
        let address = if address.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address };
        grades.set_practice_platform(PracticePlatform {
            host: HOST,
            path: PATH,
            address: (address, port).into(),
        });
        Box::pin(async {})
    })
}
