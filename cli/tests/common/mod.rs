//! A folder with a program, a store and files, and the command that works on them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The instant that most tests act at.
#[allow(dead_code)]
pub const NOW: &str = "2026-01-01T00:00:00Z";

pub struct Shop {
    folder: TempDir,
    store: String,
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    pub status: i32,
    pub out: String,
    pub err: String,
}

#[allow(dead_code)] // Each test file uses some of it.
impl Shop {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = format!("sqlite:{}", folder.path().join("shop.sqlite").display());
        let shop = Self { folder, store };
        shop.write(
            "program.json",
            br#"{"currency": "AUD", "timezone": "Australia/Melbourne", "point_scale": 2}"#,
        );
        shop
    }

    pub fn at(store: &str) -> Self {
        Self { store: store.to_owned(), ..Self::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8(std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// The command, in the folder, on the store and by the program.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scrip"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("SCRIP_STORE", &self.store)
            .env("SCRIP_PROGRAM", "program.json")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Answer {
        self.command(arguments).output().unwrap().into()
    }

    /// A command that does its work.
    #[track_caller]
    pub fn done(&self, arguments: &[&str]) -> String {
        let answer = self.run(arguments);
        assert_eq!(answer.status, 0, "{arguments:?}: {answer:?}");
        answer.out
    }

    /// A command that is refused, and what it says.
    #[track_caller]
    pub fn fails(&self, status: i32, arguments: &[&str]) -> String {
        let answer = self.run(arguments);
        assert_eq!(answer.status, status, "{arguments:?}: {answer:?}");
        answer.err
    }

    pub fn has_store(&self) -> bool {
        self.path("shop.sqlite").exists()
    }

    /// All that the ledger says, as it would be archived.
    pub fn journal(&self) -> String {
        self.done(&["export", "journal", "--format", "ndjson"])
    }
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A file of rows in the layout of `map()`, ten for each customer, and of a thousand customers at least.
#[allow(dead_code)]
pub fn many_rows(rows: u32) -> String {
    let customers = (rows / 10).max(1_000);
    let mut text = "id,customer,value,left,issued,expires\n".to_owned();
    for row in 0..rows {
        let (customer, cents) = (row % customers, 1 + row % 2_500);
        let (month, day) = (1 + row % 12, 1 + row % 28);
        let _ = writeln!(
            text,
            "r{row},customer-{customer:06},25.00,{}.{:02},2025-{month:02}-{day:02},2027-{month:02}-{day:02}",
            cents / 100,
            cents % 100
        );
    }
    text
}

/// The map of a simple file, with a definition.
#[allow(dead_code)]
pub fn map(path: &Path) {
    let text = r#"
        source = "old"
        id = ["id"]
        dates.patterns = ["%Y-%m-%d"]
        profile.column = "customer"
        definition.constant = "credit"
        value_initial.column = "value"
        value_remaining.column = "left"
        issued_at.column = "issued"
        expires_at.column = "expires"
        [[define]]
        handle = "credit"
        name = "Credit"
        value = 25
    "#;
    std::fs::write(path, text).unwrap();
}
