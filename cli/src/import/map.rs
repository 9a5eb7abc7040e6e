//! The map: which column of a file is what, and how its values and dates are written.

mod load;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

pub use self::load::MapArgs;
use crate::failure::Failure;

/// What a file's columns are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// The system that the file comes from: each row's external id begins with it.
    pub source: String,
    /// The columns that name a row. Without them a row is named by all that it says.
    #[serde(default)]
    pub id: Vec<String>,
    #[serde(default)]
    pub file: FileForm,
    #[serde(default)]
    pub values: ValueForm,
    #[serde(default)]
    pub dates: DateForm,
    pub profile: ProfileCell,
    pub definition: DefinitionCell,
    #[serde(default)]
    pub value_initial: Option<ValueCell>,
    #[serde(default)]
    pub value_remaining: Option<ValueCell>,
    #[serde(default)]
    pub issued_at: Option<DateCell>,
    #[serde(default)]
    pub available_at: Option<DateCell>,
    #[serde(default)]
    pub expires_at: Option<DateCell>,
    #[serde(default)]
    pub timezone: Option<ZoneCell>,
    /// The column that names the currency. A ledger has one: rows in another are refused.
    #[serde(default)]
    pub currency: Option<CurrencyCell>,
    /// The columns that are kept with each lot, as they are.
    #[serde(default)]
    pub meta: Vec<String>,
    /// Definitions that `--define` makes where they are missing.
    #[serde(default)]
    pub define: Vec<Table>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Csv,
    Ndjson,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "latin-1")]
    Latin1,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileForm {
    #[serde(default = "csv")]
    pub format: Format,
    #[serde(default = "comma")]
    pub delimiter: char,
    #[serde(default)]
    pub encoding: Encoding,
    /// Whether the first row names the columns. If not, they are called 1, 2, 3 …
    #[serde(default = "yes")]
    pub header: bool,
}

impl Default for FileForm {
    fn default() -> Self {
        Self { format: csv(), delimiter: comma(), encoding: Encoding::default(), header: yes() }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Dollars, or points.
    #[default]
    Major,
    /// Cents: as many decimals as the currency, or the points, have.
    Minor,
}

/// How values are written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueForm {
    #[serde(default = "point")]
    pub decimal: char,
    /// What stands between thousands.
    #[serde(default)]
    pub grouping: Option<char>,
    /// Signs of the currency, before or after the number.
    #[serde(default)]
    pub signs: Vec<String>,
    #[serde(default)]
    pub unit: Unit,
}

impl Default for ValueForm {
    fn default() -> Self {
        Self { decimal: point(), grouping: None, signs: Vec::new(), unit: Unit::default() }
    }
}

/// How dates are written, in all columns that do not say otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateForm {
    #[serde(default)]
    pub patterns: Vec<String>,
}

/// One column, or several of which the first that is not empty counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Columns {
    One(String),
    Several(Vec<String>),
}

impl Columns {
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileCell {
    pub column: Columns,
    /// Where the old system did not tell upper from lower case.
    #[serde(default)]
    pub lowercase: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum By {
    #[default]
    Handle,
    Id,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefinitionCell {
    #[serde(default)]
    pub column: Option<String>,
    /// The same for all rows.
    #[serde(default)]
    pub constant: Option<String>,
    #[serde(default)]
    pub by: By,
    /// What the old system's names are called here.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum EmptyValue {
    /// It is not said: the definition's value, or all of it.
    #[default]
    Unsaid,
    Zero,
    Refused,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueCell {
    pub column: String,
    /// Added to it.
    #[serde(default)]
    pub plus: Option<String>,
    /// Taken from it.
    #[serde(default)]
    pub minus: Option<String>,
    #[serde(default)]
    pub empty: EmptyValue,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum EmptyDate {
    /// It is not said: what the definition says.
    #[default]
    Unsaid,
    Never,
    Refused,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Last {
    /// The value can still be used on the day, or in the second, that the column names.
    #[default]
    Usable,
    /// From then on it cannot.
    Over,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateCell {
    pub column: String,
    /// How this column's dates are written.
    #[serde(default)]
    pub patterns: Option<Vec<String>>,
    /// Of an expiry: whether the day that it names still counts.
    #[serde(default)]
    pub last: Last,
    #[serde(default)]
    pub empty: EmptyDate,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneCell {
    #[serde(default)]
    pub column: Option<String>,
    #[serde(default)]
    pub constant: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurrencyCell {
    pub column: String,
}

const fn csv() -> Format {
    Format::Csv
}

const fn comma() -> char {
    ','
}

const fn point() -> char {
    '.'
}

const fn yes() -> bool {
    true
}

impl Map {
    pub fn load(args: &MapArgs) -> Result<Self, Failure> {
        let table = load::table(args)?;
        let map: Self = serde_path_to_error::deserialize(Value::Table(table))
            .map_err(|error| wrong(&format!("{}: {}", error.path(), error.inner().message())))?;
        map.check()?;
        Ok(map)
    }

    /// What the types do not say.
    fn check(&self) -> Result<(), Failure> {
        let one = |field: &str, column: &Option<String>, constant: &Option<String>| match (column, constant) {
            (Some(_), None) | (None, Some(_)) => Ok(()),
            _ => Err(wrong(&format!("{field}: either `column` or `constant` must be given"))),
        };
        one("definition", &self.definition.column, &self.definition.constant)?;
        if let Some(zone) = &self.timezone {
            one("timezone", &zone.column, &zone.constant)?;
        }
        if self.source.is_empty() || self.source.len() > 64 || self.source.contains(char::is_control) {
            return Err(wrong("source: must have 1 to 64 bytes, none of them a control character"));
        }
        if !self.file.delimiter.is_ascii() {
            return Err(wrong("file.delimiter: must be one ASCII character, such as \",\" or \"\\t\""));
        }
        if self.values.grouping == Some(self.values.decimal) {
            return Err(wrong("values: `decimal` and `grouping` must differ"));
        }
        let expires =
            |cell: &Option<DateCell>| cell.as_ref().is_some_and(|cell| cell.empty == EmptyDate::Never);
        if expires(&self.issued_at) || expires(&self.available_at) {
            return Err(wrong("`empty = \"never\"` is for expires_at only"));
        }
        Ok(())
    }

    /// The columns that a file must have. Of several that stand for one another, none must be there.
    pub fn columns(&self) -> BTreeSet<&str> {
        let profile = match &self.profile.column {
            Columns::One(name) => Some(name),
            Columns::Several(_) => None,
        };
        let values = [&self.value_initial, &self.value_remaining].into_iter().flatten();
        let values = values.flat_map(|cell| [Some(&cell.column), cell.plus.as_ref(), cell.minus.as_ref()]);
        let dates = [&self.issued_at, &self.available_at, &self.expires_at].into_iter().flatten();
        let zone = self.timezone.as_ref().and_then(|cell| cell.column.as_ref());
        let currency = self.currency.as_ref().map(|cell| &cell.column);
        let single = [profile, self.definition.column.as_ref(), zone, currency];
        let named = self.id.iter().chain(&self.meta).chain(dates.map(|cell| &cell.column));
        named.chain(values.flatten()).chain(single.into_iter().flatten()).map(String::as_str).collect()
    }

    /// The column that a field of the request is read from.
    pub fn column_of(&self, field: &str) -> Option<&str> {
        match field {
            "profile_id" => self.profile.column.names().first().map(String::as_str),
            "reward_definition_id"
            | "reward_definition_handle"
            | "point_definition_id"
            | "point_definition_handle" => self.definition.column.as_deref(),
            "value_initial" => self.value_initial.as_ref().map(|cell| cell.column.as_str()),
            "value_remaining" => self.value_remaining.as_ref().map(|cell| cell.column.as_str()),
            "issued_at" => self.issued_at.as_ref().map(|cell| cell.column.as_str()),
            "available_at" => self.available_at.as_ref().map(|cell| cell.column.as_str()),
            "expires_at" => self.expires_at.as_ref().map(|cell| cell.column.as_str()),
            "timezone" => self.timezone.as_ref()?.column.as_deref(),
            "external_id" => self.id.first().map(String::as_str),
            _ => None,
        }
    }
}

fn wrong(message: &str) -> Failure {
    Failure::new(format!("the map: {message}"))
}

/// A definition of the map, as the ledger reads it. TOML's own decimals are binary, so values stand in quotes.
pub fn definition<T: serde::de::DeserializeOwned>(table: &Table) -> Result<T, Failure> {
    fn decimal_in(value: &Value) -> bool {
        match value {
            Value::Float(_) => true,
            Value::Array(values) => values.iter().any(decimal_in),
            Value::Table(table) => table.values().any(decimal_in),
            _ => false,
        }
    }
    if table.values().any(decimal_in) {
        return Err(wrong("define: a value with decimals must stand in quotes, such as value = \"12.50\""));
    }
    let text = serde_json::to_vec(&Definition(table)).map_err(|error| Failure::of("define", &error))?;
    scrip::json::read(&text).map_err(|error| wrong(&format!("define: {error}")))
}

#[derive(Serialize)]
struct Definition<'a>(&'a Table);

#[cfg(test)]
mod tests {
    use super::*;

    fn load(sets: &[&str]) -> Result<Map, Failure> {
        let set = sets.iter().map(|text| (*text).to_owned()).collect();
        Map::load(&MapArgs { map: None, preset: Some("giftup".to_owned()), set })
    }

    #[test]
    fn a_key_of_a_preset_is_set_from_outside() {
        let map =
            load(&["definition.constant=vip", "dates.patterns=[\"%d/%m/%Y\"]", "source=shop-2"]).unwrap();
        assert_eq!(map.definition.constant.as_deref(), Some("vip"));
        assert_eq!(map.dates.patterns, ["%d/%m/%Y"]);
        assert_eq!(map.source, "shop-2");
        // What is beside it in the preset stays.
        assert_eq!(map.column_of("value_initial"), Some("Initial Balance"));
    }

    #[test]
    fn a_wrong_map_names_the_key() {
        for (change, named) in [
            ("expire_at.column=x", "expire_at"),
            ("expires_at.colum=x", "colum"),
            ("file.encoding=utf-7", "encoding"),
            ("definition.column=Kind", "definition"),
            ("values.grouping=.", "grouping"),
            ("source=\"\"", "source"),
            ("issued_at.empty=never", "never"),
            ("nothing", "KEY=VALUE"),
        ] {
            let error = load(&[change]).unwrap_err().to_string();
            assert!(error.contains(named), "{change}: {error}");
        }
    }

    #[test]
    fn a_definition_has_no_binary_decimals() {
        let table: Table = "handle = \"a\"\nname = \"A\"\nvalue = 12.5".parse().unwrap();
        let error = definition::<scrip::RewardDefinition>(&table).unwrap_err().to_string();
        assert!(error.contains("quotes"), "{error}");
        let table: Table = "handle = \"a\"\nname = \"A\"\nvalue = \"12.50\"".parse().unwrap();
        let read = definition::<scrip::RewardDefinition>(&table).unwrap();
        assert_eq!(read.value, "12.5".parse().unwrap());
    }
}
