//! Lists: filtered, page by page, with links to the others.

use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use scrip::Amount;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::answer;
use super::body::Fields;
use super::call::Call;
use super::code::Code;
use super::cursor::{self, Cursor};
use super::problem::Problem;

/// How many there are on a page, unless the client says, and at most.
const USUAL: usize = 100;
const MOST: usize = 500;

/// The query of a call: its names and values, decoded.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn parse(query: &str) -> Result<Self, Problem> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        });
        let bad = || Problem::new(Code::BadQuery, "the query is not percent-encoded UTF-8");
        pairs.collect::<Option<_>>().map(Self).ok_or_else(bad)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Every name with its value, as they were said.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn filter(&self, field: &str) -> Option<&str> {
        self.filters().find(|(name, _)| *name == field).map(|(_, value)| value)
    }

    pub fn filters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, value)| {
            let field = name.strip_prefix("filter[")?.strip_suffix(']')?;
            Some((field, value.as_str()))
        })
    }

    /// Whether the call is a dry run.
    pub fn is_dry_run(&self) -> Result<bool, Problem> {
        match self.get("dry_run") {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Problem::invalid("dry_run", format!("`{other}` is neither true nor false"))),
        }
    }

    fn number(&self, name: &str) -> Result<Option<usize>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<usize>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(Problem::invalid(name, format!("`{text}` is not a number above zero"))),
        }
    }
}

/// A list of things on a page, with links to the others.
#[derive(Serialize)]
struct List {
    data: Vec<Box<RawValue>>,
    links: Links,
    meta: Meta,
}

/// Where the other pages of a list are.
#[derive(Serialize, ToSchema)]
pub struct Links {
    first: String,
    /// Null under a cursor, as is the next one.
    last: Option<String>,
    prev: Option<String>,
    next: Option<String>,
}

/// Which page of a list this is.
#[derive(Serialize, ToSchema)]
pub struct Meta {
    /// Null under a cursor, as are `from`, `last_page` and `to`.
    current_page: Option<usize>,
    /// The place of the first thing on this page, counted from one; null on an empty page.
    from: Option<usize>,
    last_page: Option<usize>,
    path: String,
    per_page: usize,
    /// The place of the last thing on this page.
    to: Option<usize>,
    total: usize,
    /// Of ledger entries: the newest that is written. Those after it fell due, and the next change to the profile writes
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    written_through: Option<u32>,
}

/// Which stretch of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    number: usize,
    size: usize,
    cursor: Option<Cursor>,
}

impl Page {
    pub fn of(call: &Call) -> Result<Self, Problem> {
        let number = call.query.number("page[number]")?.unwrap_or(1);
        let size = call.query.number("page[size]")?.unwrap_or(USUAL).min(MOST);
        Ok(Self { number, size, cursor: Cursor::of(&call.query)? })
    }

    fn skip(self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }

    /// The part of all ids, in their order, that is on this page; and the next cursor, if it is under one and there are more.
    pub fn part<I>(self, all: Vec<I>, id: impl Fn(&I) -> u64) -> (Vec<I>, Option<Cursor>) {
        let skip = match self.cursor {
            Some(Cursor(after)) => all.partition_point(|one| id(one) <= after),
            None => self.skip(),
        };
        let more = all.len().saturating_sub(skip) > self.size;
        let part: Vec<I> = all.into_iter().skip(skip).take(self.size).collect();
        let last = part.last().filter(|_| more && self.cursor.is_some()).map(|last| Cursor(id(last)));
        (part, last)
    }
}

/// Answers with one page of all these things, of those that the filters let through.
pub fn page<T: Serialize>(call: &Call, things: impl IntoIterator<Item = T>) -> Result<Response, Problem> {
    filtered(call, things, None)
}

/// Answers with one page of ledger entries, of which those up to a sequence number are written.
pub fn entries<T: Serialize>(
    call: &Call,
    entries: impl IntoIterator<Item = T>,
    written_through: u32,
) -> Result<Response, Problem> {
    filtered(call, entries, Some(written_through))
}

fn filtered<T: Serialize>(
    call: &Call,
    things: impl IntoIterator<Item = T>,
    written_through: Option<u32>,
) -> Result<Response, Problem> {
    let page = Page::of(call)?;
    let filters: Vec<_> = call.query.filters().collect();
    if let Some(cursor) = page.cursor {
        let rows: Vec<_> = things.into_iter().map(|thing| raw(&thing)).collect::<Result<_, _>>()?;
        let rows: Vec<_> =
            rows.into_iter().filter(|row| filters.is_empty() || passes(row, &filters)).collect();
        let total = rows.len();
        let (data, next) = cursor.cut(rows, page.size);
        return Ok(show(call, page, data, (total, next), written_through));
    }
    let mut total = 0;
    let mut data = Vec::new();
    for thing in things {
        // Without filters, only what is shown is written.
        let on_page = || (page.skip()..page.skip().saturating_add(page.size)).contains(&total);
        if filters.is_empty() {
            if on_page() {
                data.push(raw(&thing)?);
            }
            total += 1;
        } else {
            let text = raw(&thing)?;
            if passes(&text, &filters) {
                if on_page() {
                    data.push(text);
                }
                total += 1;
            }
        }
    }
    Ok(show(call, page, data, (total, None), written_through))
}

/// Answers with a page that was already cut out of a longer list: of so many, and with this cursor after it.
pub fn cut<T: Serialize>(
    call: &Call,
    page: Page,
    things: &[T],
    rest: (usize, Option<Cursor>),
) -> Result<Response, Problem> {
    let data = things.iter().map(raw).collect::<Result<_, _>>()?;
    Ok(show(call, page, data, rest, None))
}

fn show(
    call: &Call,
    page: Page,
    data: Vec<Box<RawValue>>,
    (total, next): (usize, Option<Cursor>),
    written_through: Option<u32>,
) -> Response {
    let path = place(&call.headers, &call.uri);
    let last_page = total.div_ceil(page.size).max(1);
    let others: String = call
        .query
        .0
        .iter()
        .filter(|(name, _)| name != "page[number]" && name != cursor::NAME)
        .map(|(name, value)| format!("{}={}&", encode(name), encode(value)))
        .collect();
    let link = |number: usize| format!("{path}?{others}page%5Bnumber%5D={number}");
    let after = |cursor: Cursor| format!("{path}?{others}page%5Bcursor%5D={}", cursor.0);
    let (per_page, is_numbered) = (page.size, page.cursor.is_none());
    let from = (is_numbered && !data.is_empty()).then(|| page.skip() + 1);
    let meta = Meta {
        current_page: is_numbered.then_some(page.number),
        from,
        last_page: is_numbered.then_some(last_page),
        per_page,
        to: from.map(|from| from + data.len() - 1),
        total,
        path: path.clone(),
        written_through,
    };
    let links = if is_numbered {
        Links {
            first: link(1),
            last: Some(link(last_page)),
            prev: (page.number > 1).then(|| link((page.number - 1).min(last_page))),
            next: (page.number < last_page).then(|| link(page.number + 1)),
        }
    } else {
        let first = format!("{path}?{others}page%5Bcursor%5D=");
        Links { first, last: None, prev: None, next: next.map(after) }
    };
    answer::json(StatusCode::OK, &List { data, links, meta })
}

/// What a list holds of a thing.
pub(super) fn raw(thing: &impl Serialize) -> Result<Box<RawValue>, Problem> {
    serde_json::value::to_raw_value(thing).map_err(|error| Problem::new(Code::NotWritten, error.to_string()))
}

/// Whether a thing has these fields with these values.
fn passes(thing: &RawValue, filters: &[(&str, &str)]) -> bool {
    let Ok(fields) = serde_json::from_str::<Fields>(thing.get()) else { return false };
    filters.iter().all(|(field, wanted)| fields.get(*field).is_some_and(|value| is(value.get(), wanted)))
}

fn is(value: &str, wanted: &str) -> bool {
    if let Ok(text) = serde_json::from_str::<String>(value) {
        return text == wanted;
    }
    let amounts = (value.parse::<Amount>(), wanted.parse::<Amount>());
    value == wanted || matches!(amounts, (Ok(value), Ok(wanted)) if value == wanted)
}

/// The address of the list, as the client sees it.
fn place(headers: &HeaderMap, uri: &Uri) -> String {
    let plain = |host: &&str| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).filter(plain);
    host.map_or_else(|| uri.path().to_owned(), |host| format!("http://{host}{}", uri.path()))
}

/// Undoes percent-encoding, with `+` for a blank.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
