//! Accepting connections, and stopping without dropping what is in flight.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::hear::{Heard, Progress};

/// How much longer a connection stays open than clients are told, so that a call on its way still arrives.
const GRACE: Duration = Duration::from_secs(1);
/// How long a stop waits for answers on their way.
const LAST_ANSWERS: Duration = Duration::from_secs(30);
/// How long after a stop a connection stays open for a call that is on its way.
const ON_THE_WAY: Duration = Duration::from_millis(300);
/// How long to wait after a connection could not be accepted, as when there are too many.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is done, and then finishes what is in flight. A client has `patience` for its headers, and for being
/// idle between two calls, so that slow ones do not pile up.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Duration,
    stop: impl Future<Output = ()>,
) {
    let patience = patience.saturating_add(GRACE);
    let (stopping, told) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut serve = |stream: TcpStream| {
        connections.spawn(converse(stream, router.clone(), patience, told.clone()));
        // Those that have ended need not be remembered.
        while connections.try_join_next().is_some() {}
    };
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve(stream),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            () = &mut stop => break,
        }
    }
    // Whoever has come this far is still served.
    while let Ok(Ok((stream, _))) = tokio::time::timeout(Duration::ZERO, listener.accept()).await {
        serve(stream);
    }
    drop(listener);
    stopping.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_ANSWERS, ended).await.is_err() {
        tracing::warn!("some calls were still open");
    }
}

/// Serves one connection, until it ends or the server does.
async fn converse(stream: TcpStream, router: Router, patience: Duration, mut told: watch::Receiver<bool>) {
    // Small answers should not wait for each other.
    let _ = stream.set_nodelay(true);
    let progress = Progress::default();
    let stream = Heard::new(stream, progress.clone(), patience);
    let calls = TowerToHyperService::new(router);
    let service = service_fn(move |request| {
        progress.begin();
        let (answer, progress) = (calls.call(request), progress.clone());
        async move { answer.await.inspect(|response| progress.end(response)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // A call that is on its way when the server stops still arrives. The answers say by then that they are the last.
    let stop = async {
        let _ = told.wait_for(|stops| *stops).await;
        tokio::time::sleep(ON_THE_WAY).await;
    };
    tokio::select! {
        // A client that goes away is nobody's fault.
        _ = connection.as_mut() => return,
        () = stop => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

/// Done when the process is asked to stop. From here on it is heard; the answer need not be waited for yet.
///
/// # Errors
/// Signals cannot be heard here.
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: finishing what is in flight");
    })
}
