//! The only floor that names a route or a status, and reads or writes a header.

mod clock;
mod gateway;
mod guard;
mod health;
mod index;
mod launch;
mod method;
mod page;
mod refusal;

use std::path::Path;
use std::time::Duration;

use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::fs::{FileServer, Options};
use rocket::shield::{Frame, Referrer, Shield};
use rocket::{Build, Rocket};

pub use clock::Clock;
pub use gateway::Gateway;

/// The server: every route of the gateway, ready to launch.
///
/// `statics` is the folder behind `/static/`; nothing answers there if it does not exist.
pub fn rocket(figment: Figment, gateway: Gateway, statics: &Path) -> Rocket<Build> {
    let development = gateway.development();
    let mut guarded = rocket::routes![index::index];
    guarded.extend(launch::routes());
    let mut rocket = rocket::custom(figment)
        // Platforms have to frame the pages, each tool says which; Rocket's shield would let none.
        .attach(Shield::default().disable::<Frame>().enable(Referrer::SameOrigin))
        .attach(method::MethodAsSent)
        .attach(stop_at_once())
        .register("/", rocket::catchers![refusal::unmatched])
        .mount("/", rocket::routes![health::is_up, health::ready])
        .mount("/", guard::check_host(guarded, development));
    if statics.is_dir() {
        let files: Vec<rocket::Route> = FileServer::new(statics, Options::None).into();
        rocket = rocket.mount("/static", guard::check_host(files, development));
    }
    rocket.manage(gateway)
}

/// Lets idle connections end before Rocket asks whether any is left: it asks once, right after it told them to, and
/// would otherwise wait for its whole grace whenever a browser keeps a connection open.
fn stop_at_once() -> AdHoc {
    const ENOUGH: Duration = Duration::from_millis(100);
    AdHoc::on_shutdown("stop at once", |_| Box::pin(rocket::tokio::time::sleep(ENOUGH)))
}
