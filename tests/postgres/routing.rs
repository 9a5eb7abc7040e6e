//! Which machine carries out a statement, where tables are distributed by profile number.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Delete, Expr, FromTable, Insert, JoinConstraint, JoinOperator, ObjectName, Query, Select,
    SetExpr, Statement, TableFactor, TableObject, TableWithJoins, Update, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// What leads a statement to its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The account whose number is this parameter, counted from zero.
    Number(usize),
    /// The profile whose name is this parameter.
    Name(usize),
    /// Nothing: it draws numbers, reads or writes what every machine has a copy of, or begins or ends a transaction.
    Anywhere,
}

/// The route of a statement.
///
/// # Errors
/// Not one machine alone can carry it out, or it would be carried out by a coordinator: what it is that must not be.
pub(super) fn route(text: &str) -> Result<Route, String> {
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, text).map_err(|error| error.to_string())?;
    let mut router = Router(Route::Anywhere);
    match statements.iter().try_for_each(|statement| statement.visit(&mut router)) {
        ControlFlow::Continue(()) => Ok(router.0),
        ControlFlow::Break(fault) => Err(fault),
    }
}

struct Router(Route);

type Step = ControlFlow<String>;

fn refuse(fault: impl std::fmt::Display) -> Step {
    ControlFlow::Break(fault.to_string())
}

impl Visitor for Router {
    type Break = String;

    fn pre_visit_statement(&mut self, statement: &Statement) -> Step {
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(Update { table, from: None, selection, .. }) => {
                self.tables(std::slice::from_ref(table), selection.as_ref())
            }
            Statement::Delete(Delete {
                from: FromTable::WithFromKeyword(from),
                using: None,
                selection,
                ..
            }) => self.tables(from, selection.as_ref()),
            Statement::Query(_)
            | Statement::StartTransaction { .. }
            | Statement::Commit { .. }
            | Statement::Rollback { .. }
            | Statement::Savepoint { .. }
            | Statement::ReleaseSavepoint { .. } => Step::Continue(()),
            other => refuse(format!("a statement of another kind: {other}")),
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> Step {
        match &*query.body {
            _ if query.with.is_some() => refuse("WITH: a coordinator may carry it out"),
            _ if !query.locks.is_empty() => refuse("rows that are locked and not written"),
            SetExpr::Select(_) | SetExpr::Values(_) => Step::Continue(()),
            other => refuse(format!("several queries in one: {other}")),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> Step {
        self.tables(&select.from, select.selection.as_ref())
    }
}

impl Router {
    /// An insert of one row.
    fn insert(&mut self, insert: &Insert) -> Step {
        let TableObject::TableName(table) = &insert.table else { return refuse("no table") };
        let Some(SetExpr::Values(values)) = insert.source.as_ref().map(|source| &*source.body) else {
            return refuse("an insert of what a query finds");
        };
        let [row] = &values.rows[..] else { return refuse("an insert of several rows") };
        let Some(column) = distributed_by(table)? else { return Step::Continue(()) };
        let columns = insert.columns.iter().map(ObjectName::to_string);
        let value = columns.zip(&row.content).find(|(name, _)| name == column);
        match value.and_then(|(_, value)| parameter(&value.to_string())) {
            Some(place) => self.lead(column, place),
            None => refuse(format!("{table} without its {column}")),
        }
    }

    /// Tables that are read or written: each by the column that it is distributed by.
    fn tables(&mut self, from: &[TableWithJoins], selection: Option<&Expr>) -> Step {
        let (mut conditions, mut factors) = (Vec::new(), Vec::new());
        selection.into_iter().for_each(|selection| split(selection, &mut conditions));
        for TableWithJoins { relation, joins } in from {
            factors.push(relation);
            for join in joins {
                factors.push(&join.relation);
                match &join.join_operator {
                    JoinOperator::Join(JoinConstraint::On(on))
                    | JoinOperator::Inner(JoinConstraint::On(on))
                    | JoinOperator::Left(JoinConstraint::On(on))
                    | JoinOperator::LeftOuter(JoinConstraint::On(on)) => split(on, &mut conditions),
                    other => return refuse(format!("a join of another kind: {other:?}")),
                }
            }
        }
        for factor in factors {
            let TableFactor::Table { name, alias, args, .. } = factor else {
                return refuse(format!("not a table: {factor}"));
            };
            if args.is_some() {
                continue;
            }
            let Some(column) = distributed_by(name)? else { continue };
            let named = alias.as_ref().map_or_else(|| name.to_string(), |alias| alias.name.to_string());
            let mut wanted = vec![format!("{named}.{column} = ")];
            if from.len() == 1 && from[0].joins.is_empty() {
                wanted.push(format!("{column} = "));
            }
            let strip = |condition: &String| {
                wanted.iter().find_map(|it| condition.strip_prefix(it).and_then(parameter))
            };
            match conditions.iter().find_map(strip) {
                Some(place) => self.lead(column, place)?,
                None => return refuse(format!("{name} without its {column}")),
            }
        }
        Step::Continue(())
    }

    fn lead(&mut self, column: &str, place: usize) -> Step {
        let route = if column == "number" { Route::Number(place) } else { Route::Name(place) };
        if self.0 != Route::Anywhere && self.0 != route {
            return refuse(format!("two accounts: {:?} and {route:?}", self.0));
        }
        self.0 = route;
        Step::Continue(())
    }
}

/// The column that a table is distributed by; `None` for one that every machine has a copy of.
fn distributed_by(table: &ObjectName) -> ControlFlow<String, Option<&'static str>> {
    let text = table.to_string();
    match text.rsplit('.').next().unwrap_or_default() {
        "profile" => ControlFlow::Continue(Some("profile")),
        "head" | "journal" | "state" | "key" | "name" | "subject" | "archive" => {
            ControlFlow::Continue(Some("number"))
        }
        "catalogue" | "version" => ControlFlow::Continue(None),
        _ => ControlFlow::Break(format!("a table that is not laid out: {table}")),
    }
}

/// The conditions that must all hold.
fn split(condition: &Expr, conditions: &mut Vec<String>) {
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            split(left, conditions);
            split(right, conditions);
        }
        Expr::Nested(inner) => split(inner, conditions),
        other => conditions.push(other.to_string()),
    }
}

/// The place of a parameter, counted from zero.
fn parameter(text: &str) -> Option<usize> {
    let number: usize = text.strip_prefix('$')?.parse().ok()?;
    number.checked_sub(1)
}

/// What must be refused is, and the rest is not.
#[test]
fn statements_that_no_one_machine_can_carry_out_are_refused() {
    for (text, expected) in [
        ("SELECT h.sequence FROM s.head h WHERE h.number = $1", Ok(Route::Number(0))),
        ("SELECT number FROM s.profile WHERE profile = $2", Ok(Route::Name(1))),
        ("SELECT nextval('s.number') FROM generate_series(1, $1)", Ok(Route::Anywhere)),
        ("INSERT INTO s.key (sequence, number) VALUES ($1, $2)", Ok(Route::Number(1))),
        ("INSERT INTO s.catalogue (sequence, entry) VALUES ($1, $2)", Ok(Route::Anywhere)),
        ("UPDATE s.state SET state = $2 WHERE number = $1 AND sequence < 3", Ok(Route::Number(0))),
        ("DELETE FROM s.key WHERE number = $1", Ok(Route::Number(0))),
        ("BEGIN", Ok(Route::Anywhere)),
        ("SELECT h.sequence FROM s.head h", Err("s.head without its number")),
        ("SELECT h.sequence FROM s.head h WHERE h.number > $1", Err("s.head without its number")),
        ("SELECT h.sequence FROM s.head h WHERE h.number = ANY($1)", Err("s.head without its number")),
        ("SELECT h.sequence FROM s.head h WHERE h.number = $1 OR true", Err("s.head without its number")),
        (
            "SELECT 1 FROM s.head h JOIN s.state s ON s.sequence = h.sequence WHERE h.number = $1",
            Err("s.state without its number"),
        ),
        (
            "SELECT 1 FROM s.head h WHERE h.number = $1 AND h.sequence IN (SELECT k.sequence FROM s.key k)",
            Err("s.key without its number"),
        ),
        (
            "SELECT 1 FROM s.head h JOIN s.state s ON s.number = $2 WHERE h.number = $1",
            Err("two accounts: Number(0) and Number(1)"),
        ),
        (
            "WITH i AS (INSERT INTO s.key (number) VALUES ($1)) SELECT 1",
            Err("WITH: a coordinator may carry it out"),
        ),
        ("INSERT INTO s.key (number) VALUES ($1), ($2)", Err("an insert of several rows")),
        ("INSERT INTO s.key (number) SELECT $1", Err("an insert of what a query finds")),
        ("INSERT INTO s.key (key) VALUES ($1)", Err("s.key without its number")),
        (
            "SELECT 1 FROM s.head h WHERE h.number = $1 FOR UPDATE",
            Err("rows that are locked and not written"),
        ),
        ("SELECT 1 FROM s.other", Err("a table that is not laid out: s.other")),
        ("DELETE FROM s.key", Err("s.key without its number")),
        ("TRUNCATE s.archive", Err("a statement of another kind: TRUNCATE s.archive")),
    ] {
        assert_eq!(route(text), expected.map_err(str::to_owned), "{text}");
    }
    assert!(route("SELECT 1 UNION ALL SELECT 2").unwrap_err().starts_with("several queries in one"));
}
