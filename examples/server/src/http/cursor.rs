//! Paging by a cursor: in the order of the ids, each page after the last id of the one before. Ids never change, so that no row
//! is seen twice, and none that is there throughout is missed, whatever is added, changed or taken away between two pages.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::list::Query;
use super::problem::Problem;

pub const NAME: &str = "page[cursor]";

/// The last id of the page before; zero, if there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub u64);

impl Cursor {
    /// What the query says. Nothing after the name is the first page.
    pub fn of(query: &Query) -> Result<Option<Self>, Problem> {
        let Some(text) = query.get(NAME) else { return Ok(None) };
        if query.get("page[number]").is_some() {
            return Err(Problem::invalid(NAME, "is not said together with page[number]"));
        }
        let id = if text.is_empty() { Ok(0) } else { text.parse() };
        let unknown = |_| Problem::invalid(NAME, format!("`{text}` is not from the links of an answer"));
        id.map(|id| Some(Self(id))).map_err(unknown)
    }

    /// The page after this, out of all rows in any order; and the next cursor, if there are more.
    pub fn cut(self, rows: Vec<Box<RawValue>>, size: usize) -> (Vec<Box<RawValue>>, Option<Self>) {
        let mut after: Vec<_> = rows.into_iter().map(|row| (id(&row), row)).collect();
        after.retain(|(id, _)| *id > self.0);
        after.sort_unstable_by_key(|(id, _)| *id);
        let next = after.get(size).and_then(|_| after.get(size - 1)).map(|(id, _)| Self(*id));
        after.truncate(size);
        (after.into_iter().map(|(_, row)| row).collect(), next)
    }
}

fn id(row: &RawValue) -> u64 {
    #[derive(Deserialize)]
    struct Row {
        id: u64,
    }
    serde_json::from_str(row.get()).map_or(0, |Row { id }| id)
}
