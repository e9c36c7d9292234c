//! The routes of development, and the way of its grades.

use std::sync::Arc;

use rocket::fairing::AdHoc;
use rocket::{Config, Route, routes};

use super::{gradebook, launch, practice, refusals};
use crate::grade::Grades;
use crate::platform::PracticePlatform;
use crate::practice::{HOST, PATH};

/// The routes of the pages.
pub(in crate::web) fn routes() -> Vec<Route> {
    routes![practice::practice, launch::launch, gradebook::gradebook, refusals::refusals]
}

/// Lets grades reach the practice platform, wherever this process listens.
pub(in crate::web) fn practise(grades: Arc<Grades>) -> AdHoc {
    AdHoc::on_liftoff("practise", move |rocket| {
        let Config { address, port, .. } = *rocket.config();
        grades.set_practice_platform(PracticePlatform {
            host: HOST,
            path: PATH,
            address: (address, port).into(),
        });
        Box::pin(async {})
    })
}
