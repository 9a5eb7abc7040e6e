//! A PostgreSQL server of the test's own: made in a temporary folder, on a free port, stopped and removed when dropped.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A running server. It is stopped and removed when this is dropped, also if the test panics.
pub struct Cluster {
    folder: TempDir,
    binaries: PathBuf,
    port: u16,
    databases: std::sync::atomic::AtomicU32,
}

/// Settings for a server whose tests are many and short. Durability stays as it is.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 150
max_wal_size = '4GB'
log_min_messages = fatal
fsync = on
synchronous_commit = on
";

#[allow(dead_code)] // Only one of the tests asks.
/// Whether there is a server on this machine.
pub fn is_installed() -> bool {
    find_binaries().is_some()
}

impl Cluster {
    /// Starts a server. Without one on this machine the test is skipped, loudly; with `SCRIP_REQUIRE_POSTGRES=1` it
    /// fails.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// The same, with more settings.
    pub fn start_with(settings: &str) -> Option<Self> {
        Self::start_with_files(settings, &[])
    }

    /// The same, with more settings, and with files among the server's data that only it may read.
    pub fn start_with_files(settings: &str, files: &[(&str, &str)]) -> Option<Self> {
        let Some(binaries) = find_binaries() else {
            let is_required = std::env::var("SCRIP_REQUIRE_POSTGRES").is_ok_and(|value| value == "1");
            assert!(!is_required, "no PostgreSQL server on this machine, and SCRIP_REQUIRE_POSTGRES=1");
            eprintln!(
                "\n*** SKIPPED: there is no PostgreSQL server on this machine (initdb and pg_ctl) ***\n"
            );
            return None;
        };
        let folder = tempfile::Builder::new().prefix("scrip-postgres-").tempdir().unwrap();
        let port = free_port();
        let cluster = Self { folder, binaries, port, databases: 0.into() };
        if is_root() {
            checked(Command::new("chown").arg("postgres").arg(cluster.folder.path()));
        }
        let options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync"];
        cluster.run("initdb", &[&options, &["-D", &cluster.data()][..]].concat());
        let path = cluster.folder.path().join("data/postgresql.conf");
        let mut all = std::fs::read_to_string(&path).unwrap();
        all.push_str(&format!("{SETTINGS}port = {port}\nunix_socket_directories = '{}'\n", cluster.path("")));
        all.push_str(settings);
        std::fs::write(&path, all).unwrap();
        for (name, text) in files {
            cluster.keep_secret(name, text);
        }
        cluster.resume();
        Some(cluster)
    }

    /// Starts the server again after it was stopped.
    pub fn resume(&self) {
        self.run("pg_ctl", &["start", "-w", "-t", "60", "-D", &self.data(), "-l", &self.path("log")]);
    }

    /// The end of what the server wrote down.
    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Stops the server: `fast`, or `immediate`, which is what a crash is.
    pub fn stop(&self, mode: &str) {
        self.run("pg_ctl", &["stop", "-w", "-m", mode, "-D", &self.data()]);
    }

    /// How to connect to a database that there is.
    pub fn config(&self, database: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).user("postgres").dbname(database);
        config.ssl_mode(tokio_postgres::config::SslMode::Disable);
        config
    }

    /// A connection without a pool.
    pub async fn client(&self, database: &str) -> tokio_postgres::Client {
        let (client, connection) = self.config(database).connect(tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// An empty database, and how to connect to it.
    pub async fn database(&self) -> tokio_postgres::Config {
        let number = self.databases.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("test_{number}");
        let client = self.client("postgres").await;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        self.config(&name)
    }

    fn data(&self) -> String {
        self.path("data")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn keep_secret(&self, name: &str, text: &str) {
        let path = self.folder.path().join("data").join(name);
        std::fs::write(&path, text).unwrap();
        checked(Command::new("chmod").arg("600").arg(&path));
        if is_root() {
            checked(Command::new("chown").arg("postgres").arg(&path));
        }
    }

    /// Runs one of the server's programs. They refuse to run as root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.binaries.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // Nothing that the server is started with may keep the pipes of the test open.
        let command = command.args(arguments).current_dir("/").stdin(std::process::Stdio::null());
        let output = said(command);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{command:?}: {text}\n{}", self.log());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.folder.path().join("data/postmaster.pid").exists() {
            let stop = || self.stop("immediate");
            // Inside a panic another one would end the process with the server still running.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(stop));
        }
    }
}

fn checked(command: &mut Command) {
    let output = said(command);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stdout));
}

/// Runs it; what it says is all in the standard output.
fn said(command: &mut Command) -> Output {
    // Through a file rather than a pipe: a server that was started would hold the pipe open.
    let log = tempfile::tempfile().unwrap();
    let status = command.stdout(log.try_clone().unwrap()).stderr(log.try_clone().unwrap()).status().unwrap();
    let mut log = log;
    let mut said = Vec::new();
    std::io::Seek::rewind(&mut log).unwrap();
    std::io::Read::read_to_end(&mut log, &mut said).unwrap();
    Output { status, stdout: said, stderr: Vec::new() }
}

/// Below those that the machine gives to outgoing connections: while a server is down, none of them may take its port.
fn free_port() -> u16 {
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    let mut ports = (0..10_000).map(|step| 20_000 + (start + step) % 10_000);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

fn is_root() -> bool {
    // Who owns what this process makes is who runs it.
    let probe = tempfile::NamedTempFile::new().unwrap();
    std::os::unix::fs::MetadataExt::uid(&probe.as_file().metadata().unwrap()) == 0
}

/// The newest version under /usr/lib/postgresql, or whatever the path has.
fn find_binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let installed = versions.into_iter().rev().map(|(_, path)| path);
    let path = std::env::var_os("PATH").unwrap_or_default();
    installed
        .chain(std::env::split_paths(&path))
        .find(|path| path.join("initdb").is_file() && path.join("pg_ctl").is_file())
}
