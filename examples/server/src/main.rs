//! `scrip-server`: see `--help`, and the guide.

use clap::Parser as _;
use scrip_server::Options;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = Options::parse();
    // One JSON object to a line, on standard error; RUST_LOG says how much.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    match scrip_server::run(options).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scrip-server: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
