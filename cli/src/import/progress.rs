//! How far an import is: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a plain line is written.
const EVERY: Duration = Duration::from_secs(5);

pub struct Progress {
    rows: u64,
    done: u64,
    began: Instant,
    said: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub fn of(rows: u64) -> Self {
        let now = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(rows);
            if let Ok(style) =
                ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left")
            {
                bar.set_style(style);
            }
            bar
        });
        Self { rows, done: 0, began: now, said: now, bar }
    }

    pub fn add(&mut self, rows: u64) {
        self.done += rows;
        if let Some(bar) = &self.bar {
            bar.inc(rows);
        } else if self.said.elapsed() >= EVERY {
            self.said = Instant::now();
            let elapsed = self.began.elapsed().as_secs().max(1);
            let rate = (self.done / elapsed).max(1);
            let left = self.rows.saturating_sub(self.done) / rate;
            eprintln!("{} of {} rows, {rate} a second, {left} s left", self.done, self.rows);
        }
    }

    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
