//! The end of serving: signals, and requests in progress.

use std::future::pending;
use std::io;
use std::sync::Arc;

use rocket::config::Shutdown;
use rocket::futures::future::select_all;
use tokio::time::{Instant, timeout};

use super::connection::Shared;
use super::settings::Settings;

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// The requests that got no complete response.
    pub cut: usize,
}

/// Waits for a signal to stop, as Rocket's settings name them.
///
/// # Errors
/// The error of the system, if it cannot report signals.
pub fn signal(shutdown: &Shutdown) -> io::Result<impl Future<Output = ()> + use<>> {
    let mut signals: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new();
    if shutdown.ctrlc {
        signals.push(Box::pin(async {
            if tokio::signal::ctrl_c().await.is_err() {
                pending::<()>().await;
            }
        }));
    }
    #[cfg(unix)]
    for signal in &shutdown.signals {
        let mut stream = tokio::signal::unix::signal(unix_signal(signal))?;
        signals.push(Box::pin(async move {
            stream.recv().await;
        }));
    }
    if signals.is_empty() {
        signals.push(Box::pin(pending()));
    }
    Ok(async {
        select_all(signals).await;
    })
}

#[cfg(unix)]
fn unix_signal(signal: &rocket::config::Sig) -> tokio::signal::unix::SignalKind {
    use rocket::config::Sig;
    use tokio::signal::unix::SignalKind;
    match signal {
        Sig::Alrm => SignalKind::alarm(),
        Sig::Chld => SignalKind::child(),
        Sig::Hup => SignalKind::hangup(),
        Sig::Int => SignalKind::interrupt(),
        Sig::Io => SignalKind::io(),
        Sig::Pipe => SignalKind::pipe(),
        Sig::Quit => SignalKind::quit(),
        Sig::Term => SignalKind::terminate(),
        Sig::Usr1 => SignalKind::user_defined1(),
        Sig::Usr2 => SignalKind::user_defined2(),
    }
}

/// Lets requests in progress end: for `grace` by themselves, for `mercy` those of launches and
/// grades. Apps that the gateway started run until then, and stop in what is left of `grace`, or in
/// `mercy` if that is more.
pub(super) async fn drain(shared: Arc<Shared>, settings: &Settings) -> Stopped {
    let begin = Instant::now();
    let gateway = shared.bridge.gateway();
    // Heroku also signals every app. From now on, none starts again.
    if let Some(gateway) = &gateway {
        gateway.apps().close();
    }
    // Event streams and WebSockets end now, `/ready` says 503, and no queued grade is sent.
    shared.bridge.shutdown().notify();
    shared.connections.end_all();
    let mut cut = 0;
    let is_late = timeout(settings.grace, shared.connections.all_closed()).await.is_err();
    if is_late {
        cut = shared.connections.close_all();
    }
    let rest = async {
        if is_late {
            let _ = timeout(settings.mercy, shared.connections.all_closed()).await;
        }
    };
    let apps = async {
        if let Some(gateway) = &gateway {
            let left = settings.grace.saturating_sub(begin.elapsed());
            gateway.apps().stop(left.max(settings.mercy)).await;
        }
    };
    tokio::join!(rest, apps);
    if let Some(gateway) = gateway {
        gateway.log_budget().report_all();
    }
    if let Some(shared) = Arc::into_inner(shared)
        && let Some(bridge) = Arc::into_inner(shared.bridge)
    {
        bridge.terminate().await;
    }
    Stopped { cut }
}
