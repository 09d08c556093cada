//! Removing in small steps what time has made worthless.

/// Deletes up to `limit` rows of a table whose `moment` lies before `before`, the oldest first, and gives
/// the number of them.
///
/// A macro, because diesel gives every table and every column a type of its own.
macro_rules! delete_oldest {
    ($table:ident, key: $key:ident, moment: $moment:ident, $connection:expr, $before:expr, $limit:expr) => {{
        let old = diesel::alias!($table as old);
        let oldest = old
            .filter(old.field($table::$moment).lt($before.unix_micros()))
            .order(old.field($table::$moment))
            .limit(i64::from($limit))
            .select(old.field($table::$key));
        diesel::delete($table::table.filter($table::$key.eq_any(oldest)))
            .execute($connection)
            .map($crate::sweep::deleted)
    }};
}

pub(crate) use delete_oldest;

/// How many rows a statement deleted, as the ports say it.
pub(crate) fn deleted(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
