//! Statements in words: for what diesel has no types for, several changes in one and changes that join; for
//! updates, which diesel would prepare again at every call; and for what most requests read, whose text
//! diesel-async would put together again at every call, which takes as long as all else that is done for it.

use std::marker::PhantomData;

use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, BoxedSqlQuery, Query, QueryFragment, QueryId, SqlQuery};
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;
use diesel::{QueryResult, Selectable, sql_query};

/// A statement whose text never changes, with the values for its placeholders `$1`, `$2`, … in order.
///
/// As [`sql_query`], except that each connection prepares it once, and that its rows are read by the
/// order of their columns.
pub(crate) struct Statement<'a, Row = ()> {
    query: BoxedSqlQuery<'a, Pg, SqlQuery>,
    row: PhantomData<Row>,
}

/// The types of the columns that a `T` is made of.
pub(crate) type ColumnsOf<T> = SqlTypeOf<AsSelect<T, Pg>>;

/// A statement that returns nothing but the number of rows it touched.
pub(crate) fn statement<'a>(text: &'static str) -> Statement<'a> {
    Statement { query: sql_query(text).into_boxed(), row: PhantomData }
}

impl<'a, Row> Statement<'a, Row> {
    /// Gives the next placeholder its value.
    pub(crate) fn bind<Type, Value>(self, value: Value) -> Self
    where
        Pg: HasSqlType<Type>,
        Type: Send + 'a,
        Value: ToSql<Type, Pg> + Send + 'a,
    {
        Self { query: self.query.bind::<Type, Value>(value), row: self.row }
    }

    /// Says that the rows have the columns of a `T`, in its order.
    pub(crate) fn returning<T: Selectable<Pg>>(self) -> Statement<'a, ColumnsOf<T>>
    where
        AsSelect<T, Pg>: diesel::Expression,
    {
        self.returning_columns()
    }

    /// Says of which types the columns are.
    pub(crate) fn returning_columns<Columns>(self) -> Statement<'a, Columns> {
        Statement { query: self.query, row: PhantomData }
    }
}

impl<Row> QueryFragment<Pg> for Statement<'_, Row> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(pass)
    }

    /// [`sql_query`] answers that it is not: its text could be another one at every call.
    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Row> QueryId for Statement<'_, Row> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Row> Query for Statement<'_, Row> {
    type SqlType = Row;
}
