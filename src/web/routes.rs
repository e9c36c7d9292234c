//! All routes and fairings of the gateway.

use std::path::Path;
use std::sync::Arc;

use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::fs::{FileServer, Options};
use rocket::{Build, Rocket};

use super::current::CurrentGateway;
use super::gateway::Gateway;
use super::log_budget::LogBudget;
use super::{
    body, canvas, cartridge, dev, grade, guard, health, index, jwks, length, links, login, members,
    refusal, register, tool,
};
use crate::grade::Grades;

/// The server: every route of the gateway, ready to launch.
///
/// `statics` is the directory of `/static/`. If it does not exist, the route exists only
/// in development.
pub fn rocket(figment: Figment, gateway: Gateway, statics: &Path) -> Rocket<Build> {
    let development = gateway.development.is_some();
    let current = Arc::new(CurrentGateway::new(gateway));
    let gateway = current.load();
    let mut everywhere = rocket::routes![jwks::jwks];
    everywhere.extend(links::browser_routes());
    everywhere.extend(login::routes());
    everywhere.extend(tool::routes());
    let mut rocket = rocket::custom(figment);
    if development {
        // Attach first: queued grades may go to the practice platform.
        rocket = rocket
            .attach(dev::practise(Arc::clone(&gateway.grades), Arc::clone(&gateway.dev_process)))
            .mount("/", guard::except_tool_hosts(dev::routes(), false))
            .mount("/", dev::platform_routes());
    }
    rocket = rocket
        // Remove Rocket's default headers: they forbid framing, and change upstream responses.
        .attach(rocket::shield::Shield::new())
        .attach(body::MethodAsSent)
        .attach(length::ContentLength)
        .attach(run_apps(Arc::clone(&current)))
        .attach(deliver_grades(Arc::clone(&current)))
        .attach(report_left_out(Arc::clone(&gateway.log_budget)))
        .register("/", rocket::catchers![refusal::unmatched])
        .mount("/", rocket::routes![health::is_up])
        .mount("/", guard::except_tool_hosts(rocket::routes![health::ready], false))
        .mount(
            "/",
            guard::except_tool_hosts(
                rocket::routes![index::index, cartridge::cartridge, canvas::configuration],
                false,
            ),
        )
        .mount("/", guard::except_tool_hosts(rocket::routes![jwks::keyset], false))
        .mount("/", guard::except_tool_hosts(grade::routes(), false))
        .mount("/", guard::except_tool_hosts(links::upstream_routes(), false))
        .mount("/", guard::except_tool_hosts(members::routes(), false))
        .mount("/", guard::except_tool_hosts(register::routes(), false))
        .mount("/", everywhere);
    // In development, the directory may be created later.
    if development || statics.is_dir() {
        let options = if development { Options::Missing } else { Options::None };
        let files: Vec<rocket::Route> = FileServer::new(statics, options).into();
        rocket = rocket.mount("/static", guard::except_tool_hosts(files, true));
    }
    rocket.manage(current)
}

/// Starts the programs of apps. The listener stops them.
fn run_apps(current: Arc<CurrentGateway>) -> AdHoc {
    AdHoc::on_liftoff("run apps", |rocket| {
        let port = rocket.config().port;
        Box::pin(async move {
            let gateway = current.load();
            gateway.apps.start(&gateway.own_apps(), port);
        })
    })
}

/// Delivers queued grades until the shutdown.
fn deliver_grades(current: Arc<CurrentGateway>) -> AdHoc {
    AdHoc::on_liftoff("deliver grades", |rocket| {
        let stopped = rocket.shutdown();
        Box::pin(async move {
            Grades::start_delivery(move || Arc::clone(&current.load().grades), stopped);
        })
    })
}

/// Logs how many lines were left out, until the shutdown.
fn report_left_out(budget: Arc<LogBudget>) -> AdHoc {
    AdHoc::on_liftoff("report left-out lines", |rocket| {
        let stopped = rocket.shutdown();
        Box::pin(async move {
            tokio::spawn(async move {
                tokio::select! {
                    () = budget.report() => {}
                    () = stopped => {}
                }
            });
        })
    })
}
