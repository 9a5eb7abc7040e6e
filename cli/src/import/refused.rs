//! The file of refused rows: each as it was read, and why. Mended, it can be imported as it is.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, json};

use super::map::{FileForm, Format};
use super::slip::Slip;
use super::source::{ADDED, Raw, Record};
use crate::failure::Failure;

pub struct Refused {
    path: PathBuf,
    writer: Writer,
}

enum Writer {
    Csv {
        writer: Box<csv::Writer<File>>,
        /// Whether the reason stands before the row, so that a row that is too short keeps its length. Where columns are
        /// counted it cannot.
        in_front: bool,
    },
    Json(BufWriter<File>),
}

impl Refused {
    pub fn create(path: &Path, form: &FileForm, columns: &[String]) -> Result<Self, Failure> {
        let failed = |error: &dyn std::error::Error| Failure::of(path.display(), error);
        let mut file = File::create(path).map_err(|error| failed(&error))?;
        let writer = match form.format {
            Format::Ndjson => Writer::Json(BufWriter::new(file)),
            Format::Csv => {
                // So that it is read as UTF-8, whatever the map says of the file that it comes from.
                file.write_all("\u{feff}".as_bytes()).map_err(|error| failed(&error))?;
                let delimiter = u8::try_from(form.delimiter).unwrap_or(b',');
                let mut writer =
                    csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(file);
                if form.header {
                    let own = columns.iter().map(String::as_str).filter(|name| !ADDED.contains(name));
                    writer.write_record(ADDED.into_iter().chain(own)).map_err(|error| failed(&error))?;
                }
                Writer::Csv { writer: Box::new(writer), in_front: form.header }
            }
        };
        Ok(Self { path: path.to_owned(), writer })
    }

    pub fn add(&mut self, record: &Record, columns: &[String], slip: &Slip) -> Result<(), Failure> {
        let written = match &mut self.writer {
            Writer::Csv { writer, in_front } => {
                let line = record.line.to_string();
                let why =
                    [line.as_str(), slip.column.as_deref().unwrap_or_default(), slip.code, &slip.message];
                let cells: Vec<&str> = match &record.raw {
                    Raw::Csv(row) => own_cells(row, columns),
                    _ => Vec::new(),
                };
                let record =
                    if *in_front { [&why[..], &cells].concat() } else { [&cells[..], &why].concat() };
                writer.write_record(record).map_err(std::io::Error::from)
            }
            Writer::Json(writer) => {
                let mut members = Map::new();
                match &record.raw {
                    Raw::Json(row) => {
                        members.extend(row.iter().map(|(name, raw)| (name.clone(), json!(raw))))
                    }
                    Raw::Text(text) => drop(members.insert("_text".to_owned(), json!(text))),
                    Raw::Csv(_) => {}
                }
                let why = [json!(record.line), json!(slip.column), json!(slip.code), json!(slip.message)];
                members.extend(ADDED.into_iter().map(str::to_owned).zip(why));
                writeln!(writer, "{}", serde_json::Value::Object(members))
            }
        };
        written.map_err(|error| Failure::of(self.path.display(), &error))
    }

    pub fn finish(mut self) -> Result<(), Failure> {
        let flushed = match &mut self.writer {
            Writer::Csv { writer, .. } => writer.flush(),
            Writer::Json(writer) => writer.flush(),
        };
        flushed.map_err(|error| Failure::of(self.path.display(), &error))
    }
}

/// The cells of a row that is refused again, without what was added the last time.
fn own_cells<'r>(row: &'r csv::StringRecord, columns: &[String]) -> Vec<&'r str> {
    let is_added = |place: usize| columns.get(place).is_some_and(|name| ADDED.contains(&name.as_str()));
    row.iter().enumerate().filter(|(place, _)| !is_added(*place)).map(|(_, cell)| cell).collect()
}
