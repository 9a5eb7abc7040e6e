//! What the server is started with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::Uri;
use clap::Parser;

use crate::webhook::receiver;

/// A rewards ledger over HTTP.
#[derive(Clone, Debug, Parser)]
#[command(name = "scrip-server", version)]
pub struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where things are kept: memory, sqlite:PATH or postgres://…
    #[arg(long, default_value = "sqlite:scrip.sqlite")]
    pub store: Where,
    /// The bearer token that every call has to bring. Without it, only this machine can call.
    #[arg(long, env = "SCRIP_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// A bearer token that only reads: every GET, and quotes. It goes with --token.
    #[arg(long, env = "SCRIP_READ_TOKEN", hide_env_values = true, requires = "token")]
    pub read_token: Option<String>,
    /// Let clients set the time, for tests and demonstrations: PUT /test-clock.
    #[arg(long)]
    pub test_clock: bool,
    /// A JSON file with the choices of the brand.
    #[arg(long)]
    pub program: Option<PathBuf>,
    /// How many seconds a body may take to arrive.
    #[arg(long, default_value = "30", value_name = "SECONDS", value_parser = seconds)]
    pub body_timeout: Duration,
    /// How many seconds a connection may be idle between two calls, and how many the headers of a call may take.
    #[arg(long, default_value = "10", value_name = "SECONDS", value_parser = seconds)]
    pub idle_timeout: Duration,
    /// A system that every event is sent to: a name of yours, and its URL. There may be several.
    #[arg(long, value_name = "NAME=URL", value_parser = receiver::named_url)]
    pub webhook: Vec<(String, Uri)>,
    /// Its secrets, whsec_ and base64, one on a line: the first one is current, and older ones still sign as well.
    #[arg(long, value_name = "NAME=PATH", value_parser = receiver::named_path)]
    pub webhook_secret_file: Vec<(String, PathBuf)>,
    /// How often a webhook is tried before it is a dead letter.
    #[arg(long, default_value = "24", value_name = "TRIES", value_parser = clap::value_parser!(u32).range(1..))]
    pub webhook_attempts: u32,
    /// How many seconds pass before the second try of a webhook; each wait after it is twice as long, up to six hours.
    #[arg(long, default_value = "5", value_name = "SECONDS", value_parser = seconds)]
    pub webhook_backoff: Duration,
    /// How many seconds a receiver of webhooks may take to answer.
    #[arg(long, default_value = "15", value_name = "SECONDS", value_parser = seconds)]
    pub webhook_timeout: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let duration = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.filter(|duration| !duration.is_zero()).ok_or_else(|| "must be a positive number".to_owned())
}

/// Where things are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    Memory,
    Sqlite(PathBuf),
    Postgres(String),
}

impl FromStr for Where {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                Ok(Self::Postgres(text.to_owned()))
            }
            _ => Err("must be memory, sqlite:PATH or postgres://…".to_owned()),
        }
    }
}

impl Options {
    /// Whether these options go together.
    ///
    /// # Errors
    /// What does not.
    pub fn check(&self) -> Result<(), String> {
        match &self.token {
            None if !self.listen.ip().is_loopback() => Err(format!(
                "without --token the server listens on loopback only, and {} is not",
                self.listen
            )),
            Some(token) if token.is_empty() => Err("--token: must not be empty".to_owned()),
            Some(token) if self.read_token.as_ref() == Some(token) => {
                Err("--read-token: must not be the --token, which changes".to_owned())
            }
            _ if self.read_token.as_deref() == Some("") => Err("--read-token: must not be empty".to_owned()),
            _ => Ok(()),
        }
    }
}
