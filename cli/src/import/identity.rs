//! What names a row: its external id, the same whenever the file is imported, wherever the row stands in it.

use std::hash::Hasher as _;

use scrip::id::ExternalId;
use scrip::store::sqlite::rusqlite::{self, Connection};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::map::Map;
use super::slip::Slip;
use super::source::{ADDED, Column, Raw, Record, Rows};
use crate::failure::Failure;

/// Names rows, and finds those that are in the file more than once. What was met is kept on the disk.
pub struct Identity {
    source: String,
    id: Vec<Column>,
    /// Which columns are not the row's own.
    added: Vec<usize>,
    met: Connection,
}

/// A row's name.
#[derive(Debug)]
pub struct Named {
    pub external_id: ExternalId,
    /// Whether an earlier row has the same id, or says the same where rows have none.
    pub repeats: bool,
    /// Whether it stands for the lot of that row: it has its id.
    pub is_same_lot: bool,
}

// Three statements and not one that returns the count, which would make a table of its own each time.
const FIRST: &str = "INSERT INTO met VALUES (?, 1) ON CONFLICT DO NOTHING";
const AGAIN: &str = "UPDATE met SET count = count + 1 WHERE name = ?";
const COUNT: &str = "SELECT count FROM met WHERE name = ?";

impl Identity {
    pub fn new(map: &Map, rows: &Rows) -> Result<Self, Failure> {
        let id = map.id.iter().map(|name| rows.column(name)).collect::<Result<_, _>>()?;
        let is_added = |(_, name): &(usize, &String)| ADDED.contains(&name.as_str());
        let added = rows.columns().iter().enumerate().filter(is_added).map(|(place, _)| place).collect();
        Ok(Self { source: map.source.clone(), id, added, met: index().map_err(|error| failed(&error))? })
    }

    pub fn name(&mut self, record: &Record) -> Result<Result<Named, Slip>, Failure> {
        let name = if self.id.is_empty() { self.content(record) } else { self.id_of(record) };
        let name = match name {
            Ok(name) => name,
            Err(slip) => return Ok(Err(slip)),
        };
        let count = self.meet(&name).map_err(|error| failed(&error))?;
        // Rows that say the same and have no id are as many rewards; rows of one id are one.
        let repeats = count > 1;
        let is_same_lot = repeats && !self.id.is_empty();
        let text = if repeats && !is_same_lot {
            format!("{}:{name}-{count}", self.source)
        } else {
            format!("{}:{name}", self.source)
        };
        let external_id = match ExternalId::new(&text) {
            Ok(id) => id,
            Err(error) => return Ok(Err(Slip::new("bad_id", format!("`{text}` {error}")).at(self.first()))),
        };
        Ok(Ok(Named { external_id, repeats, is_same_lot }))
    }

    fn first(&self) -> &str {
        self.id.first().map_or("", |column| &column.name)
    }

    /// The name that the row's own columns say.
    fn id_of(&self, record: &Record) -> Result<String, Slip> {
        let mut parts = Vec::new();
        for column in &self.id {
            let cell = record.cell(column);
            let part = cell.trim();
            if part.is_empty() {
                return Err(Slip::new("missing", "names the row, and is empty").at(&column.name));
            }
            // Escaped, so that different rows cannot get the same id.
            parts.push(part.replace('%', "%25").replace('/', "%2F"));
        }
        Ok(parts.join("/"))
    }

    /// A 128-bit hash of the whole row.
    fn content(&self, record: &Record) -> Result<String, Slip> {
        let mut hasher = SipHasher13::new();
        let mut add = |name: &str, text: &str| {
            hasher.write_u64(name.len() as u64);
            hasher.write(name.as_bytes());
            hasher.write_u64(text.len() as u64);
            hasher.write(text.as_bytes());
        };
        match &record.raw {
            Raw::Csv(row) => {
                let own = row.iter().enumerate().filter(|(place, _)| !self.added.contains(place));
                own.for_each(|(_, cell)| add("", cell));
            }
            Raw::Json(members) => {
                let own = members.iter().filter(|(name, _)| !ADDED.contains(&name.as_str()));
                own.for_each(|(name, raw)| add(name, raw.get()));
            }
            Raw::Text(text) => add("", text),
        }
        Ok(format!("{:032x}", hasher.finish128().as_u128()))
    }

    /// How often the name was met by now.
    fn meet(&self, name: &str) -> rusqlite::Result<i64> {
        let mut hasher = SipHasher13::new();
        hasher.write(name.as_bytes());
        let digest = hasher.finish128().as_bytes();
        if self.met.prepare_cached(FIRST)?.execute([digest])? == 1 {
            return Ok(1);
        }
        self.met.prepare_cached(AGAIN)?.execute([digest])?;
        self.met.prepare_cached(COUNT)?.query_row([digest], |row| row.get(0))
    }
}

/// An index on the disk, which is gone when it is closed.
fn index() -> rusqlite::Result<Connection> {
    let met = Connection::open("")?;
    met.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -8192; PRAGMA locking_mode = EXCLUSIVE;
         CREATE TABLE met (name BLOB PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
         BEGIN",
    )?;
    Ok(met)
}

fn failed(error: &rusqlite::Error) -> Failure {
    Failure::of("the index of rows", error)
}
