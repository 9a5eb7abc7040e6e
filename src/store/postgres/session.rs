//! Who carries out statements: a connection of the pool, or a transaction that the caller has open.

use std::future::Future;

use deadpool_postgres::Object;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Transaction};

use super::PostgresError;
use super::sql::Sql;

pub(super) type Parameter<'a> = &'a (dyn ToSql + Sync);

pub(super) trait Session: Sync {
    fn query(
        &self,
        sql: &Sql,
        parameters: &[Parameter<'_>],
    ) -> impl Future<Output = Result<Vec<Row>, PostgresError>> + Send;
}

impl Session for Object {
    async fn query(&self, sql: &Sql, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, PostgresError> {
        let statement = self.prepare_typed_cached(&sql.text, &sql.types).await?;
        Ok(tokio_postgres::Client::query(self, &statement, parameters).await?)
    }
}

impl Session for deadpool_postgres::Transaction<'_> {
    async fn query(&self, sql: &Sql, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, PostgresError> {
        let statement = self.prepare_typed_cached(&sql.text, &sql.types).await?;
        Ok(Transaction::query(self, &statement, parameters).await?)
    }
}

// The caller's connection has its own prepared statements; ours go in one round trip each without being prepared.
impl Session for Transaction<'_> {
    async fn query(&self, sql: &Sql, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, PostgresError> {
        let typed: Vec<(Parameter<'_>, Type)> =
            parameters.iter().copied().zip(sql.types.iter().cloned()).collect();
        Ok(self.query_typed(&sql.text, &typed).await?)
    }
}
