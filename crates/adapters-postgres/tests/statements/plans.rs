use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use portcullis_domain::Generation;
use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{
    Rotation, RotationOutcome, SessionOpening, SessionRepository as _, UserRepository as _,
};
use portcullis_testkit::fixtures::{
    self, LIFETIME, NOW, account, account_attempts, event, password_hash, session,
};
use portcullis_throwaway_postgres::Database;
use tokio_postgres::{Client, NoTls};

use crate::every_method::Calls;
use crate::{ONE_AT_A_TIME, TEMPLATE, connect};

/// What diesel did, as it said.
struct Record {
    prepared: Vec<String>,
    run: BTreeSet<String>,
}

static RECORD: Mutex<Record> = Mutex::new(Record { prepared: Vec::new(), run: BTreeSet::new() });

#[expect(clippy::unnecessary_wraps, reason = "diesel asks for it so")]
fn take_down() -> Option<Box<dyn Instrumentation>> {
    Some(Box::new(|event: InstrumentationEvent<'_>| {
        let mut record = RECORD.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            InstrumentationEvent::CacheQuery { sql, .. } => record.prepared.push(sql.to_owned()),
            InstrumentationEvent::StartQuery { query, .. } => {
                let text = query.to_string();
                let statement = text.split(" -- binds").next().unwrap_or_default();
                record.run.insert(statement.to_owned());
            }
            _ => {}
        }
    }))
}

fn taken_down() -> Record {
    let mut record = RECORD.lock().unwrap_or_else(PoisonError::into_inner);
    Record { prepared: std::mem::take(&mut record.prepared), run: std::mem::take(&mut record.run) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_is_prepared_once_and_finds_its_rows_by_an_index() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let database = TEMPLATE.database().await;
    fill(&database).await;
    set_default_instrumentation(take_down).unwrap();
    let store = connect(&database.url()).await;
    Calls::new(&store, "first", || 0).make_all().await;
    let first = taken_down();
    Calls::new(&store, "second", || 0).make_all().await;
    let second = taken_down();

    assert_eq!(second.prepared, Vec::<String>::new(), "these are prepared again and again");
    let known: BTreeSet<_> = first.prepared.into_iter().collect();
    // A transaction that failed is ended in the simplest way there is.
    let unprepared: Vec<_> = second.run.difference(&known).filter(|text| *text != "ROLLBACK").collect();
    assert_eq!(unprepared, Vec::<&String>::new(), "all that is run is prepared");
    assert!(known.len() > 45, "{} statements are what the ports need", known.len());
    let scans = scans(&database, &known).await;
    assert_eq!(scans, Vec::<String>::new());
    let greedy = greedy_searches(&database, &known).await;
    assert_eq!(greedy, Vec::<String>::new());
}

/// Enough rows that PostgreSQL does not rather read a table as a whole, and what it has to know of them.
async fn fill(database: &Database) {
    database
        .run(
            "INSERT INTO roles (id, name, built_in)
             SELECT gen_random_uuid(), 'role-' || n, FALSE FROM generate_series(1, 2000) AS n;
             INSERT INTO role_permissions SELECT id, 'notes:read' FROM roles WHERE NOT built_in;
             INSERT INTO role_permissions SELECT id, 'notes:write' FROM roles WHERE NOT built_in;
             INSERT INTO users (id, email, email_canonical, email_verified, username, username_canonical,
                 name, name_folded, first_name, first_name_folded, last_name, last_name_folded,
                 password_hash, is_active, locale, created_at)
             SELECT gen_random_uuid(), n || '@example.org', n || '@example.org', n % 10 > 0, 'user' || n, 'user' || n,
                 'Name ' || n, 'name ' || n, 'First ' || n, 'first ' || n, 'Last ' || n, 'last ' || n,
                 'hash', n % 100 > 0, 'en', '2020-01-01'
             FROM generate_series(1, 20000) AS n;
             INSERT INTO user_roles
             SELECT users.id, roles.id FROM users, roles WHERE roles.name = 'user';
             INSERT INTO user_roles
             SELECT users.id, roles.id FROM users JOIN roles ON roles.name = 'role-' || right(users.username, 3);
             INSERT INTO sessions (id, user_id, generation, created_at, last_used_at, expires_at, ends_at)
             SELECT gen_random_uuid(), id, 0, '2020-01-01', '2020-01-01', '9999-01-01', '9999-01-01' FROM users;
             INSERT INTO verifications (user_id, email_canonical, link, link_expires_at)
             SELECT id, email_canonical, sha256(email::bytea), '9999-01-01' FROM users;
             INSERT INTO password_resets
             SELECT id, email_canonical, sha256(email::bytea), '9999-01-01' FROM users;
             INSERT INTO email_changes
             SELECT id, id, 'x' || email, 'x' || email, sha256(email::bytea), '9999-01-01' FROM users;
             INSERT INTO password_attempts SELECT sha256(email::bytea), 1, '9999-01-01' FROM users;
             INSERT INTO code_attempts
             SELECT sha256(email::bytea), 1, 1, '9999-01-01', '9999-01-01' FROM users;
             INSERT INTO mail_queue (id, kind, user_id, recipient, recipient_canonical, locale, queued_at,
                 attempts, due_at)
             SELECT gen_random_uuid(), 'password_changed', id, email, email, 'en', '2020-01-01', 0, '9999-01-01'
             FROM users;
             INSERT INTO audit_events (id, at, kind, outcome, actor_id, subject_id, detail)
             SELECT overlay(gen_random_uuid()::text PLACING '00000000' FROM 1)::uuid, '2020-01-01', 'login', 'success', id, id, '{}' FROM users;
             ANALYZE",
        )
        .await;
}

/// The statements that look through a table.
async fn scans(database: &Database, statements: &BTreeSet<String>) -> Vec<String> {
    let client = planning_for_any_values(database).await;
    let mut scans = Vec::new();
    // Whoever counts the queue looks through it, and only who collects figures does.
    let unplanned = ["BEGIN", "COMMIT", "SET", "SELECT COUNT(*), count("];
    for statement in statements.iter().filter(|text| !unplanned.iter().any(|start| text.starts_with(start))) {
        let plan = plan(&client, statement).await;
        let unwanted = |step: &&String| step.contains("Seq Scan on") && !is_wanted(step);
        scans.extend(plan.iter().filter(unwanted).map(|step| format!("{}: {statement}", step.trim())));
    }
    scans
}

/// How far a plan is indented beneath the parts of which the matches of a search are made.
const WITHIN_MATCHES: &str = "                      ->";

/// The searches that read all who have a prefix, or any of them elsewhere than in an index, before they know that these
/// are many.
async fn greedy_searches(database: &Database, statements: &BTreeSet<String>) -> Vec<String> {
    let client = planning_for_any_values(database).await;
    client.batch_execute("SET enable_bitmapscan = off").await.expect("as searches do");
    let searches: Vec<_> = statements.iter().filter(|text| text.starts_with("WITH matches")).collect();
    assert_eq!(searches.len(), 4, "one for each way down the users");
    let mut greedy = Vec::new();
    for search in searches {
        let plan = plan(&client, search).await;
        let limits = plan
            .windows(2)
            .filter(|steps| steps[0].starts_with(WITHIN_MATCHES) && steps[0].ends_with("->  Limit"));
        let first_steps: Vec<_> = limits.map(|steps| steps[1].trim()).collect();
        assert_eq!(first_steps.len(), 5, "one for each column: {plan:#?}");
        let unwanted = |step: &&str| !step.starts_with("->  Index Only Scan using");
        greedy.extend(first_steps.into_iter().filter(unwanted).map(|step| format!("{step}: {search}")));
    }
    greedy
}

/// Every signing key is listed, and there are few. Who holds `admin` may do whatever any role names, which is counted
/// when a role is to name more; what others may do is a second look at that table, and has another name.
fn is_wanted(step: &str) -> bool {
    step.contains("Seq Scan on signing_keys")
        || step.ends_with("Seq Scan on role_permissions")
        || step.ends_with("Seq Scan on role_permissions naming")
}

/// A connection on which it is as if each statement came for the sixth time, when PostgreSQL may take a plan that
/// suits any values.
async fn planning_for_any_values(database: &Database) -> Client {
    let (client, connection) =
        tokio_postgres::connect(&database.url(), NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await.expect("the server answers");
    client
}

async fn plan(client: &Client, statement: &str) -> Vec<String> {
    let prepared = client.batch_execute(&format!("PREPARE this AS {statement}")).await;
    prepared.unwrap_or_else(|error| panic!("{error:?}: {statement}"));
    let count = "SELECT coalesce(array_length(parameter_types, 1), 0) FROM pg_prepared_statements
                 WHERE name = 'this'";
    let count: i32 = client.query_one(count, &[]).await.expect("the server answers").get(0);
    let values = vec!["NULL"; usize::try_from(count).expect("a number of values")].join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    let rows = client
        .query(&format!("EXPLAIN (COSTS OFF) EXECUTE this{values}"), &[])
        .await
        .expect("the server answers");
    client.batch_execute("DEALLOCATE this").await.expect("the server answers");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_logins_nor_refreshes_touch_an_index() {
    const TIMES: u32 = 40;
    let _alone = ONE_AT_A_TIME.lock().await;
    let database = TEMPLATE.database().await;
    let store = connect(&database.url()).await;
    let ada = account("ada@example.com");
    store.register(ada.clone()).await.unwrap();
    let session = session(ada.user.id);
    for number in 0..TIMES {
        let first = if number == 0 { session.clone() } else { fixtures::session(ada.user.id) };
        let opening = SessionOpening {
            session: first,
            attempts: account_attempts(ada.user.id),
            verified_hash: password_hash(),
            renewed_hash: None,
            event: event(AuditKind::Login).about(ada.user.id),
        };
        store.open(opening).await.unwrap();
        let rotation = Rotation {
            session: session.id,
            generation: Generation::new(number),
            now: NOW + Duration::from_secs(number.into()),
            lifetime: LIFETIME,
            grace: Duration::from_secs(10),
            reuse: event(AuditKind::RefreshTokenReuse),
        };
        assert!(matches!(store.rotate(rotation).await.unwrap(), RotationOutcome::Current(_)));
    }
    drop(store);
    // A session of the server counts for all when it ends.
    let counts = "SELECT n_tup_upd || ' ' || n_tup_hot_upd FROM pg_stat_user_tables
                  WHERE relname IN ('users', 'sessions')";
    let wanted = format!("{TIMES} {TIMES}");
    let began = Instant::now();
    while database.run(counts).await != [wanted.as_str(); 2] {
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", database.run(counts).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
