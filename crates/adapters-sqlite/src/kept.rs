//! `UPDATE`s that a connection keeps prepared, as it does with other statements.
//!
//! Diesel prepares them each time. Which columns they set can depend on values, so there could be any number
//! of them. Here none does: each place in the program has one text.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::connection::{Connection as _, WithMetadataLookup as _};
use diesel::query_builder::{
    CollectedQuery, MoveableBindCollector as _, QueryBuilder as _, QueryFragment, UpdateStatement,
};
use diesel::query_source::QuerySource;
use diesel::sqlite::{Sqlite, SqliteConnection};

/// Runs a statement that is worth keeping.
pub(crate) trait ExecuteKept: QueryFragment<Sqlite> {
    /// As `execute`, with a statement that is prepared once for a connection.
    fn execute_kept(&self, connection: &mut SqliteConnection) -> QueryResult<usize> {
        let mut text = <Sqlite as Backend>::QueryBuilder::default();
        self.to_sql(&mut text, &Sqlite)?;
        let mut values = <Sqlite as Backend>::BindCollector::default();
        self.collect_binds(&mut values, connection.metadata_lookup(), &Sqlite)?;
        connection.execute_returning_count(&CollectedQuery::new(text.finish(), true, values.moveable()))
    }
}

impl<T: QuerySource, U, V> ExecuteKept for UpdateStatement<T, U, V> where Self: QueryFragment<Sqlite> {}
