//! All routes and fairings of the gateway.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::fs::{FileServer, Options};
use rocket::{Build, Rocket};

use super::gateway::Gateway;
use super::{body, cartridge, dev, grade, guard, health, index, jwks, refusal, shield, tool};
use crate::grade::Grades;

/// The server: every route of the gateway, ready to launch.
///
/// `statics` is the directory of `/static/`. If it does not exist, neither does the route.
pub fn rocket(figment: Figment, gateway: Gateway, statics: &Path) -> Rocket<Build> {
    let development = gateway.development.is_some();
    let own = |routes, only_upstreams| {
        guard::check_host(guard::except_tool_hosts(routes, only_upstreams), development)
    };
    let mut everywhere = rocket::routes![jwks::jwks];
    everywhere.extend(tool::routes());
    let mut rocket = rocket::custom(figment);
    if development {
        // Attach first: queued grades may go to the practice platform.
        rocket = rocket
            .attach(dev::practise(Arc::clone(&gateway.grades)))
            .mount("/", own(dev::routes(), false))
            .mount("/", guard::check_host(dev::platform_routes(), development));
    }
    rocket = rocket
        // Remove Rocket's default headers: they forbid framing, and change upstream responses.
        .attach(rocket::shield::Shield::new())
        .attach(shield::SecurityHeaders)
        .attach(body::MethodAsSent)
        .attach(end_idle_connections())
        .attach(deliver_grades(Arc::clone(&gateway.grades)))
        .register("/", rocket::catchers![refusal::unmatched, refusal::malformed])
        .mount("/", rocket::routes![health::is_up])
        .mount("/", guard::except_tool_hosts(rocket::routes![health::ready], false))
        .mount("/", own(rocket::routes![index::index, cartridge::cartridge], false))
        .mount("/", own(grade::routes(), false))
        .mount("/", guard::check_host(everywhere, development));
    if statics.is_dir() {
        let files: Vec<rocket::Route> = FileServer::new(statics, Options::None).into();
        rocket = rocket.mount("/static", own(files, true));
    }
    rocket.manage(gateway)
}

/// Delivers queued grades until the shutdown.
fn deliver_grades(grades: Arc<Grades>) -> AdHoc {
    AdHoc::on_liftoff("deliver grades", |rocket| {
        let stopped = rocket.shutdown();
        Box::pin(async move {
            rocket::tokio::spawn(async move {
                rocket::tokio::select! {
                    () = grades.deliver() => {}
                    () = stopped => {}
                }
            });
        })
    })
}

/// Lets idle keep-alive connections end before Rocket counts connections.
///
/// Rocket counts them once, immediately after it closes the idle ones. Without this pause, one idle
/// connection of a browser makes the shutdown wait for the whole grace period.
fn end_idle_connections() -> AdHoc {
    const PAUSE: Duration = Duration::from_millis(100);
    AdHoc::on_shutdown("end idle connections", |_| Box::pin(rocket::tokio::time::sleep(PAUSE)))
}
