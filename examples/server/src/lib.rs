//! A rewards ledger over HTTP: the crate `scrip` embedded in a service.
//!
//! It is thin. JSON comes in, a request goes to the ledger, JSON goes out; no rule of the ledger is here.

mod app;
mod backend;
mod clock;
mod hear;
mod http;
mod index;
mod metrics;
mod openapi;
mod options;
mod program;
mod route;
mod serve;
mod shape;
mod told;
mod webhook;

use std::error::Error;

use app::{App, Shared};
use backend::Backend;
use metrics::Metrics;
pub use options::{Options, Where};
use tokio::net::TcpListener;
use webhook::Webhooks;

/// Starts the server, says where it listens, and serves until the process is asked to stop.
///
/// # Errors
/// The options do not go together, the store cannot be opened, or nobody can listen there.
pub async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    options.check()?;
    let app = app(&options).await?;
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    if options.token.is_none() {
        tracing::warn!("no --token: anyone on this machine can call");
    }
    let webhooks = webhook::start(&app).await.map_err(|failure| format!("the store: {failure:?}"))?;
    let stop = serve::asked_to_stop()?;
    let stop = async {
        stop.await;
        app.stop();
    };
    println!("scrip-server listens on http://{address}");
    serve::serve(listener, route::router(Shared::clone(&app)), options.idle_timeout, stop).await;
    let _ = webhooks.await;
    app.backend.close().await;
    Ok(())
}

async fn app(options: &Options) -> Result<Shared, Box<dyn Error>> {
    let text = options.program.as_ref().map(|path| {
        std::fs::read_to_string(path).map_err(|error| format!("program file {}: {error}", path.display()))
    });
    let text = text.transpose()?;
    let program = program::read(text.as_deref()).map_err(|error| format!("program file: {error}"))?;
    let metrics = Metrics::default();
    let backend = Backend::open(&options.store, program, &metrics.store).await;
    let backend = backend.map_err(|error| format!("the store: {error}"))?;
    let webhooks = Webhooks::new(options, &backend).await?;
    let app = App::new(backend, metrics, webhooks, options);
    app.prepare().await.map_err(|failure| format!("the store: {failure:?}"))?;
    Ok(Shared::new(app))
}
