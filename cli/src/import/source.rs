//! The file: opened as often as it is needed, and read row by row as it is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write as _};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;
use serde_json::value::RawValue;

use super::map::{Encoding, FileForm, Format};
use super::slip::Slip;
use crate::failure::Failure;

/// The columns that a file of refused rows has beside its own.
pub const ADDED: [&str; 4] = ["_line", "_column", "_code", "_message"];

/// A file that can be read from its beginning more than once.
pub struct Source {
    name: String,
    kept: Kept,
    form: FileForm,
}

enum Kept {
    Path(PathBuf),
    /// Standard input, as it came.
    Spooled(File),
}

impl Source {
    /// A file, or standard input if it is called `-`.
    pub fn open(path: &Path, form: FileForm) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let kept = if name == "-" {
            Kept::Spooled(spool().map_err(|error| Failure::of("standard input", &error))?)
        } else {
            Kept::Path(path.to_owned())
        };
        Ok(Self { name, kept, form })
    }

    pub fn form(&self) -> &FileForm {
        &self.form
    }

    /// The rows, from the first.
    pub fn rows(&self) -> Result<Rows, Failure> {
        let failed = |error: &dyn std::error::Error| Failure::of(&self.name, error);
        let file = match &self.kept {
            Kept::Path(path) => File::open(path),
            Kept::Spooled(file) => file.try_clone().and_then(|mut file| file.rewind().map(|()| file)),
        };
        let text =
            decoded(file.map_err(|error| failed(&error))?, &self.form).map_err(|error| failed(&error))?;
        let reader = match self.form.format {
            Format::Csv => {
                let delimiter = u8::try_from(self.form.delimiter).unwrap_or(b',');
                let mut reader = csv::ReaderBuilder::new()
                    .delimiter(delimiter)
                    .has_headers(false)
                    .flexible(true)
                    .from_reader(text);
                let mut first = csv::ByteRecord::new();
                let is_first = reader.read_byte_record(&mut first).map_err(|error| failed(&error))?;
                Rows::of_csv(self.name.clone(), reader, is_first.then_some(first), self.form.header)?
            }
            Format::Ndjson => {
                Rows { name: self.name.clone(), columns: Vec::new(), reader: Reader::Json { text, line: 0 } }
            }
        };
        Ok(reader)
    }
}

/// Standard input is read once, so it is put where it can be read again.
fn spool() -> std::io::Result<File> {
    let mut file = tempfile::tempfile()?;
    std::io::copy(&mut std::io::stdin().lock(), &mut file)?;
    file.flush()?;
    Ok(file)
}

type Text = Box<dyn BufRead>;

/// The file's text in UTF-8: unpacked if it is packed, and without a byte order mark.
fn decoded(mut file: File, form: &FileForm) -> std::io::Result<Text> {
    let mut magic = [0; 2];
    let length = file.read(&mut magic)?;
    file.rewind()?;
    let bytes: Box<dyn Read> = if length == 2 && magic == [0x1f, 0x8b] {
        Box::new(MultiGzDecoder::new(BufReader::new(file)))
    } else {
        Box::new(file)
    };
    let encoding = match form.encoding {
        // Checked row by row, so that one bad byte spoils one row.
        Encoding::Utf8 => None,
        Encoding::Latin1 => Some(encoding_rs::WINDOWS_1252),
    };
    let decoder = DecodeReaderBytesBuilder::new()
        .encoding(encoding)
        .utf8_passthru(true)
        .strip_bom(true)
        .bom_override(true)
        .build(bytes);
    Ok(Box::new(BufReader::with_capacity(1 << 16, decoder)))
}

/// Where a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    index: usize,
}

/// One row, as it was read.
#[derive(Clone, Debug)]
pub struct Record {
    /// The line that it begins in, from 1.
    pub line: u64,
    pub raw: Raw,
    /// Why it cannot be used at all.
    pub slip: Option<Slip>,
}

#[derive(Clone, Debug)]
pub enum Raw {
    Csv(StringRecord),
    Json(BTreeMap<String, Box<RawValue>>),
    /// A line that is no object.
    Text(String),
}

impl Record {
    /// What a column says; empty if it says nothing.
    pub fn cell(&self, column: &Column) -> Cow<'_, str> {
        match &self.raw {
            Raw::Csv(record) => Cow::Borrowed(plain(record.get(column.index).unwrap_or_default())),
            Raw::Json(members) => members.get(&column.name).map_or(Cow::Borrowed(""), |raw| json_text(raw)),
            Raw::Text(_) => Cow::Borrowed(""),
        }
    }
}

/// A spreadsheet writes `="007"` to keep the zeros.
fn plain(text: &str) -> &str {
    text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

/// A member as text: a number digit by digit, `null` as nothing.
fn json_text(raw: &RawValue) -> Cow<'_, str> {
    match raw.get() {
        "null" => Cow::Borrowed(""),
        text if text.starts_with('"') => Cow::Owned(serde_json::from_str(text).unwrap_or_default()),
        text => Cow::Borrowed(text),
    }
}

/// The rows of a file, one after the other.
pub struct Rows {
    name: String,
    columns: Vec<String>,
    reader: Reader,
}

enum Reader {
    Csv {
        reader: csv::Reader<Text>,
        /// The first row, where it names no columns.
        first: Option<csv::ByteRecord>,
        width: usize,
    },
    Json {
        text: Text,
        line: u64,
    },
}

impl Rows {
    fn of_csv(
        name: String,
        reader: csv::Reader<Text>,
        first: Option<csv::ByteRecord>,
        header: bool,
    ) -> Result<Self, Failure> {
        let Some(first) = first else { return Err(Failure::new(format!("{name}: is empty"))) };
        let width = first.len();
        if !header {
            let columns = (1..=width).map(|number| number.to_string()).collect();
            return Ok(Self { name, columns, reader: Reader::Csv { reader, first: Some(first), width } });
        }
        let header = StringRecord::from_byte_record(first)
            .map_err(|error| Failure::of(format_args!("{name}, the names of the columns"), &error))?;
        let columns: Vec<String> = header.iter().map(|name| plain(name).trim().to_owned()).collect();
        Ok(Self { name, columns, reader: Reader::Csv { reader, first: None, width } })
    }

    /// The columns' names, in their order; empty for JSON, where each row has its own.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// A column by its name: as it is written, or in other letters if that is only one.
    pub fn column(&self, name: &str) -> Result<Column, Failure> {
        if matches!(self.reader, Reader::Json { .. }) {
            return Ok(Column { name: name.to_owned(), index: 0 });
        }
        let exact: Vec<usize> = self.places(|other| other == name);
        let places =
            if exact.is_empty() { self.places(|other| other.eq_ignore_ascii_case(name)) } else { exact };
        match places[..] {
            [index] => Ok(Column { name: name.to_owned(), index }),
            [] => Err(Failure::new(format!(
                "{}: there is no column {name}, only {}",
                self.name,
                self.columns.join(", ")
            ))),
            _ => Err(Failure::new(format!("{}: several columns are called {name}", self.name))),
        }
    }

    fn places(&self, is_it: impl Fn(&str) -> bool) -> Vec<usize> {
        let places = self.columns.iter().enumerate().filter(|(_, name)| is_it(name));
        places.map(|(index, _)| index).collect()
    }

    /// The next row; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Record>, Failure> {
        let next = match &mut self.reader {
            Reader::Csv { reader, first, width } => next_of_csv(reader, first, *width),
            Reader::Json { text, line } => next_of_json(text, line),
        };
        next.map_err(|error| Failure::of(&self.name, &error))
    }
}

fn next_of_csv(
    reader: &mut csv::Reader<Text>,
    first: &mut Option<csv::ByteRecord>,
    width: usize,
) -> Result<Option<Record>, std::io::Error> {
    let record = match first.take() {
        Some(first) => first,
        None => {
            let mut record = csv::ByteRecord::new();
            if !reader.read_byte_record(&mut record)? {
                return Ok(None);
            }
            record
        }
    };
    let line = record.position().map_or(0, csv::Position::line);
    let (record, mut slip) = match StringRecord::from_byte_record(record) {
        Ok(record) => (record, None),
        Err(error) => {
            let slip = Slip::new(
                "not_utf8",
                "is not in UTF-8; if the file is in Latin-1, say file.encoding = \"latin-1\"",
            );
            (StringRecord::from_byte_record_lossy(error.into_byte_record()), Some(slip))
        }
    };
    if record.len() != width {
        let message = format!("has {} cells, where the file has {width} columns", record.len());
        slip = slip.or(Some(Slip::new("wrong_width", message)));
    }
    Ok(Some(Record { line, raw: Raw::Csv(record), slip }))
}

fn next_of_json(text: &mut Text, line: &mut u64) -> Result<Option<Record>, std::io::Error> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        if text.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        *line += 1;
        if !bytes.trim_ascii().is_empty() {
            break;
        }
    }
    let raw = serde_json::from_slice(bytes.trim_ascii());
    let (raw, slip) = match raw {
        Ok(members) => (Raw::Json(members), None),
        Err(error) => {
            let text = String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
            (Raw::Text(text), Some(Slip::new("not_json", format!("is not a JSON object: {error}"))))
        }
    };
    Ok(Some(Record { line: *line, raw, slip }))
}
