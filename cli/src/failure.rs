//! How the command ends.

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use scrip::Error;
use scrip::store::StoreError;

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All is well.
    Done,
    /// What was compared does not agree: totals, a ledger with itself, a program with the reference.
    Differs,
    /// The ledger refused the request.
    Refused,
    /// It was interrupted, and stopped in order.
    Interrupted,
}

/// The exit status of a command that was called wrongly.
pub const USAGE: u8 = 64;

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Done => 0,
            Status::Differs => 2,
            Status::Refused => 3,
            Status::Interrupted => 130,
        })
    }
}

/// Why a command could not do its work: exit status 1.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// An error, with what it was about in front.
    pub fn of(about: impl fmt::Display, error: &dyn std::error::Error) -> Self {
        Self(format!("{about}: {}", with_sources(error)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: StoreError + 'static> From<Error<E>> for Failure {
    fn from(error: Error<E>) -> Self {
        Self(format!("{} ({})", with_sources(&error), error.code()))
    }
}

/// Writes to standard output, whose reader may be gone.
pub fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::of("standard output", &error))
}

/// An error and what caused it, each once.
pub fn with_sources(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string);
    let mut text = error.to_string();
    for cause in causes {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
