//! How SQLite finds the rows of a statement.

use std::collections::BTreeSet;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{SqliteConnection, sql_query};

#[derive(QueryableByName)]
struct PlanStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().expect("a plain name")).expect("the database opens")
}

/// The steps by which SQLite runs a statement.
pub(crate) fn plan(path: &Path, statement: &str) -> Vec<String> {
    let plan: Vec<PlanStep> =
        sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(&mut connect(path)).expect("a plan");
    plan.into_iter().map(|step| step.detail).collect()
}

/// The statements that look through a table, or sort what they found.
pub(crate) fn scans(path: &Path, statements: &BTreeSet<String>) -> Vec<String> {
    const WANTED: [&str; 5] = [
        // Every key is listed, and the newest is at the end.
        "SCAN signing_keys",
        // An administrator may do whatever any role names.
        "SCAN role_permissions",
        // Any row shows that the store can be read, and every role is listed.
        "SCAN roles",
        "SCAN CONSTANT ROW",
        "USE TEMP B-TREE FOR group_concat(DISTINCT)",
    ];
    let is_unwanted = |step: &String| {
        let is_costly = step.starts_with("SCAN") || step.contains("TEMP B-TREE");
        is_costly && !WANTED.iter().any(|wanted| step.starts_with(wanted))
    };
    // Whoever counts a table looks through it, and only a copy does.
    let statements = statements.iter().filter(|statement| !statement.starts_with("SELECT COUNT(*)"));
    statements
        .flat_map(|statement| {
            let steps = plan(path, statement).into_iter().filter(is_unwanted);
            steps.map(move |step| format!("{step}: {statement}")).collect::<Vec<_>>()
        })
        .collect()
}

/// Lets SQLite plan as if it had counted a million users, and what they did in ten years.
pub(crate) fn pretend_to_be_large(path: &Path) {
    connect(path)
        .batch_execute(
            "ANALYZE sqlite_schema;
            INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
                ('users', 'sqlite_autoindex_users_1', '1000000 1'),
                ('users', 'users_email', '1000000 1'),
                ('users', 'users_username', '1000000 1'),
                ('users', 'users_by_name', '800000 2'),
                ('users', 'users_by_first_name', '800000 400'),
                ('users', 'users_by_last_name', '800000 80'),
                ('users', 'users_by_verification', '1000000 500000 1'),
                ('users', 'users_by_activity', '1000000 500000 1'),
                ('roles', 'roles', '10 1'),
                ('roles', 'roles_name', '10 1'),
                ('role_permissions', 'role_permissions', '40 4 1'),
                ('user_roles', 'user_roles', '1001000 2 1'),
                ('user_roles', 'user_roles_by_role', '1001000 100100 1'),
                ('audit_events', 'audit_events', '50000000 1'),
                ('audit_events', 'audit_events_by_actor', '10000000 40 1'),
                ('audit_events', 'audit_events_by_subject', '45000000 50 1'),
                ('audit_events', 'audit_events_by_kind', '50000000 2000000 1'),
                ('sessions', 'sqlite_autoindex_sessions_1', '3000000 1'),
                ('sessions', 'sessions_by_user', '3000000 3 1 1'),
                ('sessions', 'sessions_by_expiry', '3000000 1');",
        )
        .expect("statistics are rows like others");
}
