//! The plans of SQLite for what its adapter runs.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::sql_types::Text;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, SqliteConnection, sql_query};
use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::audit::{AuditEvent, AuditKind};
use portcullis_domain::ports::{
    Rotation, SessionRepository as _, UserAdministration, UserFilter, UserQuery, UserRepository as _,
};
use portcullis_domain::{LoginIdentifier, Origin, SearchPrefix, Session, Timestamp};

use super::listed;
use crate::population::{Dice, Population};
use crate::report::Table;
use crate::scale::databases::{Database, Regular};
use crate::seed::now;

/// What diesel ran, as it said.
static RUN: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[expect(clippy::unnecessary_wraps, reason = "diesel asks for an option")]
fn take_down() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let statement = text.split(" -- binds").next().unwrap_or_default();
            RUN.lock().unwrap_or_else(PoisonError::into_inner).push(statement.to_owned());
        }
    }))
}

/// Those that look into tables.
fn taken_down() -> Vec<String> {
    let mut run = std::mem::take(&mut *RUN.lock().unwrap_or_else(PoisonError::into_inner));
    run.retain(|statement| {
        ["SELECT", "UPDATE", "INSERT", "DELETE"].iter().any(|verb| statement.starts_with(verb))
    });
    run
}

/// The table of plans.
pub(in crate::scale) async fn explain(database: &mut Database) -> anyhow::Result<Table> {
    let Regular { account, session, .. } = database.regulars.pop().context("somebody is signed in")?;
    let path = database.url.strip_prefix("sqlite://").context("it is a file")?;
    ensure!(set_default_instrumentation(take_down).is_ok(), "diesel tells of what it runs");
    let store = SqliteStore::open(&SqliteOptions { create: false, ..SqliteOptions::new(path) }).await?;
    taken_down();

    let mut plans = Vec::new();
    let by_address = LoginIdentifier::Email(account.user.email.clone());
    store.find_by_login(&by_address).await?.context("they have an account")?;
    plans.push(("find a user by address", taken_down()));
    store.principal(session.id, now()).await?.context("they are signed in")?;
    plans.push(("find who is calling", taken_down()));
    store.rotate(rotation(&session, now())).await?;
    plans.push(("spend a refresh token", taken_down()));

    let address = SearchPrefix::parse(account.user.email.as_str())?;
    let beginnings = [
        ("list users", None),
        ("find few users", Some(address)),
        ("find many users", Some(SearchPrefix::parse("ma")?)),
    ];
    for (operation, prefix) in beginnings {
        let filter = UserFilter { prefix, ..UserFilter::default() };
        let query = UserQuery { filter, before: Some(account.user.id), limit: 20 };
        UserAdministration::list(&store, query).await?;
        plans.push((operation, taken_down()));
    }

    let mut connection = SqliteConnection::establish(path)?;
    let mut rows = Vec::new();
    for (operation, statements) in plans {
        for statement in statements {
            let steps: Vec<Step> =
                sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(&mut connection)?;
            let verb = statement.split(' ').next().unwrap_or_default().to_lowercase();
            let (searched, scanned) = summed_up(steps.iter().map(|step| step.detail.as_str()));
            rows.push(vec![operation.to_owned(), verb, searched, scanned]);
        }
    }
    Ok(Table {
        title: format!("How SQLite finds rows, among {} users", database.users()),
        columns: vec!["operation", "statement", "finds rows by", "reads as a whole"],
        rows,
        plot: None,
    })
}

/// What is searched by an index, and by which of its columns; and what is read as a whole.
fn summed_up<'a>(steps: impl Iterator<Item = &'a str>) -> (String, String) {
    let (mut searched, mut scanned) = (BTreeSet::new(), BTreeSet::new());
    for step in steps {
        let mut words = step.split(' ');
        match (words.next(), words.next()) {
            (Some("SEARCH"), Some(table)) => {
                let by = step.split_once('(').map_or(step, |(_, by)| by);
                let columns = by.trim_end_matches(')').replace("=?", "").replace(" AND ", ", ");
                searched.insert(format!("{table} ({columns})"));
            }
            (Some("SCAN"), Some(table)) => {
                scanned.insert(table.to_owned());
            }
            _ => {}
        }
    }
    (listed(&searched), listed(&scanned))
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// Of the token that was given when they signed in.
fn rotation(session: &Session, now: Timestamp) -> Rotation {
    Rotation {
        reuse: AuditEvent::new(AuditKind::RefreshTokenReuse, &Origin::operator(), now, &Dice::new(1)),
        session: session.id,
        generation: session.generation.next(),
        now,
        lifetime: Population::LIFETIME,
        grace: Duration::from_secs(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_are_told_from_scans() {
        let steps = [
            "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)",
            "CORRELATED SCALAR SUBQUERY 1",
            "SEARCH user_roles USING PRIMARY KEY (user_id=? AND role_id=?)",
            "SCAN role_permissions",
        ];
        let (searched, scanned) = summed_up(steps.into_iter());
        assert_eq!(searched, "sessions (id), user_roles (user_id, role_id)");
        assert_eq!(scanned, "role_permissions");
    }
}
