//! The projected tables and their changes as SQL, in the dialect of either database.

use super::tables::{Column, Role, Table, Type};
use super::{Cell, Change, Operation, Value, Write};

/// How the SQL of one database differs from another's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect<'a> {
    /// The prefix of every table's name.
    pub(crate) table_prefix: &'a str,
    /// The prefix of every index's name.
    pub(crate) index_prefix: &'a str,
    /// The prefix of a parameter's number.
    pub(crate) parameter: char,
    pub(crate) type_name: fn(Type) -> &'static str,
    /// Whether every key has the profile's number in it, so that the tables can be spread by it over many machines. Names
    /// are not kept unique then.
    pub(crate) is_by_profile: bool,
    /// The suffix of a table whose key has more than one column.
    pub(crate) wide_key: &'a str,
}

impl Dialect<'_> {
    /// The statements that create a table and its indexes.
    pub(crate) fn create(&self, table: &Table) -> String {
        let (key, others): (Vec<_>, Vec<_>) =
            table.columns.iter().filter(|column| self.has(column)).partition(|column| self.is_key(column));
        let is_wide = key.len() > 1;
        let mut parts: Vec<String> = key.iter().chain(&others).map(|c| self.column(c, is_wide)).collect();
        if is_wide {
            parts.push(format!("PRIMARY KEY ({})", list(key.iter().map(|column| column.name))));
        }
        let (name, tail) = (self.table(table), if is_wide { self.wide_key } else { "" });
        let mut sql = format!("CREATE TABLE {name} (\n    {}){tail};\n", parts.join(",\n    "));
        for column in others {
            let is_indexed = match column.role {
                Role::Profile => true,
                Role::Name => self.is_by_profile,
                _ => false,
            };
            if is_indexed {
                sql.push_str(&self.index(table, column.name, column.name, ""));
            }
        }
        for index in table.indexes {
            let condition = format!(" WHERE {}", index.condition);
            sql.push_str(&self.index(table, index.name, index.column, &condition));
        }
        sql
    }

    /// A change as a statement, and its parameters.
    pub(crate) fn statement<'c>(&self, change: &Change<'c>) -> (String, Vec<Value<'c>>) {
        let table = change.table;
        let cells = change.cells.iter().filter(|cell| table.column(cell.column).is_none_or(|c| self.has(c)));
        let cells: Vec<Cell<'c>> = cells.copied().collect();
        let sql = match change.operation {
            Operation::Put => self.put(table, &cells),
            Operation::Update => self.update(table, &cells),
        };
        (sql, cells.iter().map(|cell| cell.value).collect())
    }

    fn put(&self, table: &Table, cells: &[Cell<'_>]) -> String {
        let of_key = table.columns.iter().filter(|column| self.has(column) && self.is_key(column));
        let key: Vec<&str> = of_key.map(|column| column.name).collect();
        let others = cells.iter().filter(|cell| !key.contains(&cell.column));
        let set = others.map(|Cell { column, write, .. }| match write {
            Write::Set => format!("{column} = excluded.{column}"),
            Write::Add => format!("{column} = kept.{column} + excluded.{column}"),
            Write::Raise => format!(
                "{column} = CASE WHEN kept.{column} > excluded.{column} THEN kept.{column} ELSE excluded.{column} END"
            ),
        });
        format!(
            "INSERT INTO {} AS kept ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
            self.table(table),
            list(cells.iter().map(|cell| cell.column)),
            list((1..=cells.len()).map(|place| self.parameter(place))),
            list(&key),
            list(set),
        )
    }

    fn update(&self, table: &Table, cells: &[Cell<'_>]) -> String {
        let is_fixed = |column| {
            table.column(column).is_some_and(|column| matches!(column.role, Role::Key | Role::Profile))
        };
        let (mut set, mut fixed) = (Vec::new(), Vec::new());
        for (Cell { column, write, .. }, place) in cells.iter().zip(1..) {
            let value = self.parameter(place);
            match write {
                _ if is_fixed(column) => fixed.push(format!("{column} = {value}")),
                Write::Set => set.push(format!("{column} = {value}")),
                Write::Add => set.push(format!("{column} = {column} + {value}")),
                Write::Raise => set
                    .push(format!("{column} = CASE WHEN {column} > {value} THEN {column} ELSE {value} END")),
            }
        }
        format!("UPDATE {} SET {} WHERE {}", self.table(table), list(&set), fixed.join(" AND "))
    }

    fn column(&self, column: &Column, is_wide: bool) -> String {
        let constraint = match column.role {
            _ if self.is_key(column) && !is_wide => " PRIMARY KEY",
            Role::Name if !self.is_by_profile => " NOT NULL UNIQUE",
            _ if column.is_optional => "",
            _ => " NOT NULL",
        };
        format!("{} {}{constraint}", column.name, (self.type_name)(column.kind))
    }

    fn index(&self, table: &Table, name: &str, column: &str, condition: &str) -> String {
        let (prefix, on) = (self.index_prefix, self.table(table));
        format!("CREATE INDEX {prefix}{}_{name} ON {on} ({column}){condition};\n", table.name)
    }

    fn table(&self, table: &Table) -> String {
        format!("{}{}", self.table_prefix, table.name)
    }

    fn parameter(&self, place: usize) -> String {
        format!("{}{place}", self.parameter)
    }

    fn has(&self, column: &Column) -> bool {
        self.is_by_profile || column.role != Role::ProfileInKey
    }

    fn is_key(&self, column: &Column) -> bool {
        match column.role {
            Role::Key => true,
            Role::Profile | Role::ProfileInKey => self.is_by_profile,
            Role::Name | Role::Value => false,
        }
    }
}

fn list(parts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut list = String::new();
    for part in parts {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(part.as_ref());
    }
    list
}
