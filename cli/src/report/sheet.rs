//! A table of exact figures: for people, as CSV, and under each picture.

use std::fmt::Write as _;

use scrip::value::Sum;

use crate::failure::{Failure, say};

/// A table with a title, a head, and rows as long as the head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    pub title: String,
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    pub fn new(title: impl Into<String>, head: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { title: title.into(), head: head.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// The table for a terminal, the first column to the left and the others to the right.
    pub fn text(&self) -> String {
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let width =
            |place: usize| all().filter_map(|row| row.get(place)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..self.head.len()).map(|place| width(place).unwrap_or(0)).collect();
        let mut text = format!("{}\n", self.title);
        for row in all() {
            let cells = row.iter().zip(&widths).enumerate().map(|(place, (cell, width))| match place {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }
}

/// Prints tables for people.
pub fn print(sheets: &[Sheet]) -> Result<(), Failure> {
    say(&sheets.iter().map(Sheet::text).collect::<Vec<_>>().join("\n"))
}

/// Prints one table as CSV.
pub fn print_csv(sheet: &Sheet) -> Result<(), Failure> {
    let failed = |error: csv::Error| Failure::of("standard output", &error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&sheet.head).map_err(failed)?;
    sheet.rows.iter().try_for_each(|row| writer.write_record(row)).map_err(failed)?;
    let bytes = writer.into_inner().map_err(|error| Failure::of("standard output", error.error()))?;
    say(&String::from_utf8_lossy(&bytes))
}

/// Prints anything as JSON.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::of("JSON", &error))?;
    say(&(text + "\n"))
}

/// A sum with as many decimals as people write.
pub fn figure(sum: Sum, decimals: u8) -> String {
    format!("{:.*}", usize::from(decimals), sum.to_decimal())
}
