//! Who carries out statements: a connection of the pool, or a transaction that the caller has open.

use std::future::Future;

use deadpool_postgres::Object;
use futures_util::future::poll_immediate;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, GenericClient, Row, Statement, Transaction};

use super::PostgresError;
use super::sql::Sql;

pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// A statement that is sent without waiting for the server first.
pub(super) enum Prepared<'s> {
    Statement(Statement),
    /// The caller's connection has its own prepared statements; ours go in one round trip each without being prepared.
    Text(&'s Sql),
}

pub(super) trait Session: Sync {
    /// Whether what is read is committed: not so in a transaction that the caller may roll back.
    const READS_COMMITTED: bool;

    fn prepare<'s>(&self, sql: &'s Sql) -> impl Future<Output = Result<Prepared<'s>, PostgresError>> + Send;

    /// What statements go over.
    fn connection(&self) -> &(impl GenericClient + Sync);

    /// Carries out a statement. It is sent when the future is first polled.
    fn send(
        &self,
        statement: &Prepared<'_>,
        parameters: &[Parameter<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, PostgresError>> + Send {
        async move {
            let connection = self.connection();
            Ok(match statement {
                Prepared::Statement(statement) => connection.query(statement, parameters).await?,
                Prepared::Text(sql) => connection.query_typed(&sql.text, &typed(sql, parameters)).await?,
            })
        }
    }

    fn query(
        &self,
        sql: &Sql,
        parameters: &[Parameter<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, PostgresError>> + Send {
        async move {
            let statement = self.prepare(sql).await?;
            self.send(&statement, parameters).await
        }
    }
}

impl Session for Object {
    const READS_COMMITTED: bool = true;

    async fn prepare<'s>(&self, sql: &'s Sql) -> Result<Prepared<'s>, PostgresError> {
        Ok(Prepared::Statement(self.prepare_typed_cached(&sql.text, &sql.types).await?))
    }

    fn connection(&self) -> &(impl GenericClient + Sync) {
        let client: &Client = self;
        client
    }
}

impl Session for deadpool_postgres::Transaction<'_> {
    const READS_COMMITTED: bool = true;

    async fn prepare<'s>(&self, sql: &'s Sql) -> Result<Prepared<'s>, PostgresError> {
        Ok(Prepared::Statement(self.prepare_typed_cached(&sql.text, &sql.types).await?))
    }

    fn connection(&self) -> &(impl GenericClient + Sync) {
        let transaction: &Transaction<'_> = self;
        transaction
    }
}

impl Session for Transaction<'_> {
    const READS_COMMITTED: bool = false;

    async fn prepare<'s>(&self, sql: &'s Sql) -> Result<Prepared<'s>, PostgresError> {
        Ok(Prepared::Text(sql))
    }

    fn connection(&self) -> &(impl GenericClient + Sync) {
        self
    }
}

fn typed<'a>(sql: &Sql, parameters: &[Parameter<'a>]) -> Vec<(Parameter<'a>, Type)> {
    parameters.iter().copied().zip(sql.types.iter().cloned()).collect()
}

/// A statement with its parameters.
pub(super) struct Filled<'a> {
    sql: &'a Sql,
    values: Vec<Value<'a>>,
}

impl<'a> Filled<'a> {
    pub(super) fn new(sql: &'a Sql, values: impl Into<Vec<Value<'a>>>) -> Self {
        Self { sql, values: values.into() }
    }
}

/// A parameter.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Small(i16),
    Int(i32),
    Long(Option<i64>),
    Text(Option<&'a str>),
    Bytes(Vec<u8>),
}

impl Value<'_> {
    fn parameter(&self) -> Parameter<'_> {
        match self {
            Self::Small(number) => number,
            Self::Int(number) => number,
            Self::Long(number) => number,
            Self::Text(text) => text,
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Sends statements in this order, without waiting for the answers in between, so that they share a round trip. The server
/// carries them out one after the other. Returns the answer to each.
pub(super) async fn send_all<S: Session>(
    session: &S,
    statements: &[Filled<'_>],
) -> Result<Vec<Result<Vec<Row>, PostgresError>>, PostgresError> {
    // All of them first: one that has to wait until it is prepared would be overtaken.
    let mut prepared = Vec::with_capacity(statements.len());
    for filled in statements {
        prepared.push(session.prepare(filled.sql).await?);
    }
    let mut sent = Vec::with_capacity(statements.len());
    for (filled, statement) in statements.iter().zip(&prepared) {
        let mut answer = Box::pin(async move {
            let parameters: Vec<Parameter<'_>> = filled.values.iter().map(Value::parameter).collect();
            session.send(statement, &parameters).await
        });
        let answered = poll_immediate(&mut answer).await;
        sent.push((answer, answered));
    }
    let mut answers = Vec::with_capacity(statements.len());
    for (answer, answered) in sent {
        answers.push(match answered {
            Some(answered) => answered,
            None => answer.await,
        });
    }
    Ok(answers)
}
