//! The first pass: how many rows there are, and by which pattern each column's dates are written. Nothing is written yet.

use std::collections::{BTreeMap, BTreeSet};

use super::date::{COMMON, Pattern};
use super::map::{DateCell, Format, Map};
use super::source::{Column, Raw, Record, Rows, Source};
use crate::failure::Failure;

/// What the first pass found.
#[derive(Debug)]
pub struct Survey {
    pub rows: u64,
    /// The pattern of each column that has dates.
    patterns: BTreeMap<String, Pattern>,
}

impl Survey {
    pub fn of(source: &Source, map: &Map) -> Result<Self, Failure> {
        let mut rows = source.rows()?;
        let mut candidates = Candidates::of(map, &rows)?;
        let mut count = 0;
        // CSV names its columns in front; of JSON only the rows can tell that a column is misspelt.
        let mut unseen: BTreeSet<&str> = match source.form().format {
            Format::Csv => BTreeSet::new(),
            Format::Ndjson => map.columns(),
        };
        while let Some(record) = rows.next()? {
            count += 1;
            if let Raw::Json(members) = &record.raw {
                unseen.retain(|name| !members.contains_key(*name));
            }
            if record.slip.is_none() {
                candidates.iter_mut().for_each(|candidates| candidates.look(&record));
            }
        }
        if count > 0 && !unseen.is_empty() {
            let unseen: Vec<_> = unseen.into_iter().collect();
            return Err(Failure::new(format!(
                "no row has {}, which the map names; if that is right, take it out of the map",
                unseen.join(", ")
            )));
        }
        let patterns = candidates.into_iter().map(Candidates::decide).collect::<Result<_, _>>()?;
        Ok(Self { rows: count, patterns })
    }

    pub fn pattern(&self, column: &str) -> Option<&Pattern> {
        self.patterns.get(column)
    }
}

/// The patterns that a column may follow, and which rows they fit.
struct Candidates {
    column: Column,
    is_named: bool,
    patterns: Vec<Candidate>,
    /// Two that both fit a row, and say different things of it.
    differ: Option<(u64, String)>,
}

struct Candidate {
    pattern: Pattern,
    /// The first row that it does not fit.
    misfit: Option<(u64, String)>,
}

impl Candidates {
    fn of(map: &Map, rows: &Rows) -> Result<Vec<Self>, Failure> {
        let cells = [&map.issued_at, &map.available_at, &map.expires_at];
        cells.into_iter().flatten().map(|cell| Self::of_cell(map, cell, rows)).collect()
    }

    fn of_cell(map: &Map, cell: &DateCell, rows: &Rows) -> Result<Self, Failure> {
        let named = cell.patterns.as_ref().unwrap_or(&map.dates.patterns);
        let texts: Vec<&str> =
            if named.is_empty() { COMMON.to_vec() } else { named.iter().map(String::as_str).collect() };
        let patterns =
            texts.into_iter().map(|text| Ok(Candidate { pattern: Pattern::new(text)?, misfit: None }));
        Ok(Self {
            column: rows.column(&cell.column)?,
            is_named: !named.is_empty(),
            patterns: patterns.collect::<Result<_, Failure>>()?,
            differ: None,
        })
    }

    fn look(&mut self, record: &Record) {
        let cell = record.cell(&self.column);
        let text = cell.trim();
        // One pattern alone is the file's, whatever its rows say: those that it does not fit are refused.
        if text.is_empty() || (self.is_named && self.patterns.len() == 1) {
            return;
        }
        let mut said = Vec::new();
        for candidate in self.patterns.iter_mut().filter(|candidate| candidate.misfit.is_none()) {
            match candidate.pattern.read(text) {
                Ok(moment) => said.push(moment),
                Err(_) => candidate.misfit = Some((record.line, text.to_owned())),
            }
        }
        if self.differ.is_none() && said.windows(2).any(|pair| pair[0] != pair[1]) {
            self.differ = Some((record.line, text.to_owned()));
        }
    }

    fn decide(self) -> Result<(String, Pattern), Failure> {
        let Self { column, is_named, patterns, differ } = self;
        let name = column.name;
        let fitting: Vec<&Pattern> =
            patterns.iter().filter(|candidate| candidate.misfit.is_none()).map(|it| &it.pattern).collect();
        let list = |patterns: &[&Pattern]| {
            patterns.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
        };
        if !is_named {
            let fits = match fitting[..] {
                [] => "none of the common ones fits all of its rows".to_owned(),
                _ => format!("its rows fit {}", list(&fitting)),
            };
            return Err(Failure::new(format!(
                "the column {name} has dates, and the map does not say how they are written: name it under \
                 dates.patterns, as it is never guessed; {fits}"
            )));
        }
        match (&fitting[..], differ) {
            ([], _) => {
                let misfits = patterns.iter().filter_map(|it| Some((&it.pattern, it.misfit.as_ref()?)));
                let misfits: Vec<_> = misfits
                    .map(|(pattern, (line, text))| format!("{pattern} not line {line}, `{text}`"))
                    .collect();
                Err(Failure::new(format!(
                    "the column {name} follows none of the patterns that the map names: {}; name one of them, and the \
                     rows that it does not fit are refused one by one",
                    misfits.join("; ")
                )))
            }
            ([_, _, ..], Some((line, text))) => Err(Failure::new(format!(
                "the column {name} can be read as {}, and line {line}, `{text}`, is another day in each: name one",
                list(&fitting)
            ))),
            ([pattern, ..], _) => Ok((name, (*pattern).clone())),
        }
    }
}
