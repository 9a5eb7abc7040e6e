//! A map's text: a file, a preset, or one over the other, with keys set from outside.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::wrong;
use crate::failure::Failure;
use crate::import::preset;
use crate::place;

/// Where the map is taken from.
#[derive(Clone, Debug, clap::Args)]
pub struct MapArgs {
    /// A TOML file that says which column is what; `preset = "NAME"` in it starts from a preset
    #[arg(long, value_name = "FILE", required_unless_present = "preset")]
    pub map: Option<PathBuf>,
    /// A layout that is known; `scrip presets` lists them
    #[arg(long, value_name = "NAME", conflicts_with = "map")]
    pub preset: Option<String>,
    /// A key of the map and another value for it, such as dates.patterns=["%d/%m/%Y"]
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// The map as a table, before it is known whether it is one.
pub fn table(args: &MapArgs) -> Result<Table, Failure> {
    let mut table = match (&args.map, &args.preset) {
        (Some(path), _) => of_file(path)?,
        (None, Some(name)) => preset::table(name)?,
        (None, None) => Table::new(),
    };
    for change in &args.set {
        set(&mut table, change)?;
    }
    Ok(table)
}

/// A map's file, over the preset that it names.
fn of_file(path: &Path) -> Result<Table, Failure> {
    let text = String::from_utf8(place::read(path)?).map_err(|error| Failure::of(path.display(), &error))?;
    let mut table: Table = text.parse().map_err(|error| Failure::of(path.display(), &error))?;
    match table.remove("preset") {
        None => Ok(table),
        Some(Value::String(name)) => Ok(over(preset::table(&name)?, table)),
        Some(_) => Err(wrong("preset: must be a name")),
    }
}

/// A table with another's keys over its own.
fn over(mut below: Table, above: Table) -> Table {
    for (key, value) in above {
        let value = match (below.remove(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => Value::Table(over(below, above)),
            (_, value) => value,
        };
        below.insert(key, value);
    }
    below
}

/// Sets one key, such as `dates.patterns=["%d/%m/%Y"]`. A value that is no TOML is a text.
fn set(table: &mut Table, change: &str) -> Result<(), Failure> {
    let (key, text) =
        change.split_once('=').ok_or_else(|| wrong(&format!("--set {change}: must be KEY=VALUE")))?;
    let value = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    let mut value = value.unwrap_or_else(|| Value::String(text.to_owned()));
    for part in key.rsplit('.') {
        value = Value::Table(Table::from_iter([(part.trim().to_owned(), value)]));
    }
    let Value::Table(change) = value else { return Ok(()) };
    *table = over(std::mem::take(table), change);
    Ok(())
}
