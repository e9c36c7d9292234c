//! Every route of the gateway, and what surrounds them.

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
/// `statics` is the folder behind `/static/`; nothing answers there if it does not exist.
pub fn rocket(figment: Figment, gateway: Gateway, statics: &Path) -> Rocket<Build> {
    let development = gateway.development.is_some();
    let own = |routes, only_upstreams| {
        guard::check_host(guard::except_tool_hosts(routes, only_upstreams), development)
    };
    let mut everywhere = rocket::routes![jwks::jwks];
    everywhere.extend(tool::routes());
    let mut rocket = rocket::custom(figment);
    if development {
        // First, so that grades that are kept find their way there.
        rocket = rocket
            .attach(dev::practise(Arc::clone(&gateway.grades)))
            .mount("/", own(dev::routes(), false))
            .mount("/", guard::check_host(dev::platform_routes(), development));
    }
    rocket = rocket
        // Rocket's own would let nobody frame a page, and add to what upstreams say.
        .attach(rocket::shield::Shield::new())
        .attach(shield::SecurityHeaders)
        .attach(body::MethodAsSent)
        .attach(stop_at_once())
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

/// Sends the grades that are kept, until the gateway is told to stop.
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

/// Lets idle connections end before Rocket asks whether any is left: it asks once, right after it told them to, and
/// would otherwise wait for its whole grace whenever a browser keeps a connection open.
fn stop_at_once() -> AdHoc {
    const ENOUGH: Duration = Duration::from_millis(100);
    AdHoc::on_shutdown("stop at once", |_| Box::pin(rocket::tokio::time::sleep(ENOUGH)))
}
