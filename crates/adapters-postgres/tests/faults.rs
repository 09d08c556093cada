//! Servers that die, hang, lock, stop writing and change places: operations say that the store is unavailable,
//! in time, leave nothing half done, and go on without a new store.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portcullis_adapters_postgres::{PostgresOptions, PostgresStore, PostgresUrl};
use portcullis_domain::UserId;
use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    NewAccount, PasswordChange, SessionOpening, SessionRepository as _, StorageError, UserRepository as _,
};
use portcullis_testkit::fixtures::{
    account, account_attempts, event, mail, other_hash, password_hash, session,
};
use portcullis_throwaway_postgres::{Cluster, ClusterOptions, Template, with_time_to_connect};
use tokio_postgres::{Client, NoTls};

/// Far more than what is bounded takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);

static TEMPLATE: Template = Template::new(|url| {
    Box::pin(async move {
        connect(&url).await.migrate().await.expect("the migrations apply");
    })
});

async fn connect(url: &str) -> PostgresStore {
    PostgresStore::connect(&PostgresOptions::new(parsed(url))).await.expect("the server is there")
}

fn parsed(url: &str) -> PostgresUrl {
    PostgresUrl::parse(url).expect("the server's URL is one that the store reads")
}

async fn session_of(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server is there");
    tokio::spawn(connection);
    client
}

async fn migrated(cluster: &Cluster) -> PostgresStore {
    let store = connect(&with_time_to_connect(&cluster.url("postgres"))).await;
    store.migrate().await.expect("the migrations apply");
    store
}

/// The name of the database at `url`.
fn name(url: &str) -> &str {
    let (place, _) = url.split_once('?').unwrap_or((url, ""));
    place.rsplit_once('/').expect("it names one").1
}

/// Asserts that everything of an operation's answer is that the store is unavailable.
fn assert_unavailable<T: std::fmt::Debug>(answer: Result<T, StorageError>) {
    let error = answer.expect_err("the store cannot answer");
    assert!(error.is_unavailable(), "{error:?}");
}

/// Asserts that the store answers again, soon.
async fn assert_recovers(store: &PostgresStore) {
    let began = Instant::now();
    while let Err(error) = store.ping().await {
        assert!(error.is_unavailable(), "{error:?}");
        assert!(began.elapsed() < LONG, "it is back: {error:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn is_stored(store: &PostgresStore, user: UserId) -> bool {
    store.find_by_id(user).await.expect("find").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_is_unavailable_until_it_is_back_with_all_that_was_acknowledged() {
    let mut cluster = Cluster::start_with(&ClusterOptions { durable: true, ..Default::default() }).unwrap();
    let store = migrated(&cluster).await;
    let (is_over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (store, is_over, count) = (store.clone(), Arc::clone(&is_over), Arc::clone(&count));
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for number in 0.. {
                    if is_over.load(Ordering::SeqCst) {
                        break;
                    }
                    let account = account(&format!("ada{writer}.{number}@example.com"));
                    match store.register(account.clone()).await {
                        Ok(_) => {
                            acknowledged.push(account.user.id);
                            count.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(error) => assert!(error.is_unavailable(), "{error:?}"),
                    }
                }
                acknowledged
            })
        })
        .collect();
    let began = Instant::now();
    while count.load(Ordering::SeqCst) <= 20 {
        assert!(began.elapsed() < LONG, "there is something to lose");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    cluster.kill().unwrap();
    let began = Instant::now();
    assert_unavailable(store.ping().await);
    assert_unavailable(store.register(account("bob@example.com")).await);
    assert!(began.elapsed() < LONG);
    is_over.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    let restarted = tokio::task::spawn_blocking(move || cluster.restart().map(|()| cluster)).await.unwrap();
    let _cluster = restarted.unwrap();
    assert_recovers(&store).await;
    for user in acknowledged {
        assert!(is_stored(&store, user).await, "what was acknowledged is there");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_unavailable_in_time_however_many_ask() {
    let cluster = Cluster::start().unwrap();
    let store = migrated(&cluster).await;
    let ada = account("ada@example.com");
    store.register(ada.clone()).await.unwrap();

    cluster.pause().unwrap();
    for _ in 0..2 {
        let began = Instant::now();
        let asking: Vec<_> = (0..400)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move {
                    if number % 2 == 0 {
                        store.ping().await
                    } else {
                        store.register(account(&format!("bob{number}@example.com"))).await.map(|_| ())
                    }
                })
            })
            .collect();
        for asked in asking {
            assert_unavailable(asked.await.unwrap());
        }
        // One after the other, as many at once as there are connections, it would be more than a minute.
        assert!(began.elapsed() < LONG, "nobody waits for the others: {:?}", began.elapsed());
    }
    cluster.resume().unwrap();
    assert_recovers(&store).await;
    assert!(is_stored(&store, ada.user.id).await);
    store.register(account("carol@example.com")).await.expect("it takes writes again");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_leave_nothing_half_done() {
    let database = TEMPLATE.database().await;
    let url = database.url();
    let store = connect(&url).await;
    let (is_over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let workers: Vec<_> = (0..6)
        .map(|worker| {
            let (store, is_over, count) = (store.clone(), Arc::clone(&is_over), Arc::clone(&count));
            tokio::spawn(async move {
                let mut changed = Vec::new();
                for number in 0.. {
                    if is_over.load(Ordering::SeqCst) {
                        break;
                    }
                    match register_and_change(&store, &format!("ada{worker}.{number}@example.com")).await {
                        Ok(user) => {
                            changed.push(user.uuid().to_string());
                            count.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(error) => assert!(error.is_unavailable(), "{error:?}"),
                    }
                }
                changed
            })
        })
        .collect();
    // A busy machine takes more of them until there is something to lose. However slow it is, something gets through
    // when they are far enough apart.
    for round in 0..150_u32 {
        if round >= 30 && count.load(Ordering::SeqCst) > 20 {
            break;
        }
        database.terminate_connections().await;
        tokio::time::sleep(Duration::from_millis(40) * (1 + round.saturating_sub(30))).await;
    }
    is_over.store(true, Ordering::SeqCst);
    let mut changed = BTreeSet::new();
    for worker in workers {
        changed.extend(worker.await.unwrap());
    }
    assert_recovers(&store).await;

    let partial = "SELECT users.email FROM users
         WHERE (SELECT count(*) FROM user_roles WHERE user_id = users.id) <> 1
            OR (SELECT count(*) FROM mail_queue WHERE recipient = users.email AND kind = 'verify_email') <> 1
            OR (SELECT count(*) FROM mail_queue WHERE recipient = users.email AND kind = 'password_changed')
                <> (users.password_hash LIKE '%changed')::int
            OR (SELECT count(*) FROM audit_events WHERE subject_id = users.id AND kind = 'registration') <> 1
            OR (SELECT count(*) FROM audit_events WHERE subject_id = users.id AND kind = 'login')
                <> (users.last_login_at IS NOT NULL)::int
            OR (SELECT count(*) FROM audit_events WHERE subject_id = users.id AND kind = 'password_change')
                <> (users.password_hash LIKE '%changed')::int
            OR (users.password_hash LIKE '%changed'
                AND (SELECT count(*) FROM sessions WHERE user_id = users.id) <> 1)";
    assert_eq!(database.run(partial).await, Vec::<String>::new(), "each change is whole, or is not");
    let orphans = "SELECT recipient FROM mail_queue WHERE recipient NOT IN (SELECT email FROM users)";
    assert_eq!(database.run(orphans).await, Vec::<String>::new(), "no mail without its cause");
    let orphans = "SELECT kind FROM audit_events WHERE subject_id NOT IN (SELECT id FROM users)";
    assert_eq!(database.run(orphans).await, Vec::<String>::new(), "no event without what it tells of");
    let stored = "SELECT id::text FROM users WHERE password_hash LIKE '%changed'";
    let stored: BTreeSet<_> = database.run(stored).await.into_iter().collect();
    assert!(changed.is_subset(&stored), "what was acknowledged is there");
    assert!(changed.len() > 20, "there was something to lose: {}", changed.len());
}

/// Registers somebody with a session and a mail, signs them in once more, and changes their password.
async fn register_and_change(store: &PostgresStore, address: &str) -> Result<UserId, StorageError> {
    let mut account = account(address);
    let (user, first) = (account.user.id, session(account.user.id));
    account.session = Some(first.clone());
    account.mail = Some(mail(MailKind::VerifyEmail, address));
    store.register(account).await?;
    let opening = SessionOpening {
        session: session(user),
        attempts: account_attempts(user),
        verified_hash: password_hash(),
        renewed_hash: None,
        event: event(AuditKind::Login).about(user),
    };
    store.open(opening).await?;
    let change = PasswordChange {
        user,
        verified_hash: password_hash(),
        new_hash: other_hash("changed"),
        kept_session: first.id,
        notice: mail(MailKind::PasswordChanged, address),
        event: event(AuditKind::PasswordChange).about(user),
    };
    assert!(store.change_password(change).await?, "nobody else changes it");
    Ok(user)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_survives_a_cut_connection_unnoticed() {
    let database = TEMPLATE.database().await;
    let options =
        PostgresOptions { connections: NonZeroUsize::MIN, ..PostgresOptions::new(parsed(&database.url())) };
    let store = PostgresStore::connect(&options).await.unwrap();
    let ada = account("ada@example.com");
    store.register(ada.clone()).await.unwrap();
    for _ in 0..20 {
        database.terminate_connections().await;
        assert!(is_stored(&store, ada.user.id).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_a_lock_are_bounded_and_harm_nobody_else() {
    let database = TEMPLATE.database().await;
    let store = connect(&database.url()).await;
    let [ada, bob] = ["ada@example.com", "bob@example.com"].map(account);
    for account in [&ada, &bob] {
        store.register(account.clone()).await.unwrap();
    }
    let holder = session_of(&database.url()).await;
    holder.batch_execute("BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let opening = |account: &NewAccount| SessionOpening {
        session: session(account.user.id),
        attempts: account_attempts(account.user.id),
        verified_hash: password_hash(),
        renewed_hash: None,
        event: event(AuditKind::Login).about(account.user.id),
    };
    let began = Instant::now();
    let waiting: Vec<_> = (0..6)
        .map(|_| {
            let (store, opening) = (store.clone(), opening(&ada));
            tokio::spawn(async move { store.open(opening).await })
        })
        .collect();
    for waiting in waiting {
        assert_unavailable(waiting.await.unwrap());
    }
    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
    assert!(is_stored(&store, bob.user.id).await, "what does not need the table goes on");
    holder.batch_execute("ROLLBACK").await.unwrap();
    store.open(opening(&ada)).await.expect("a table that is free takes writes again");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_a_deadlock_tries_again() {
    let database = TEMPLATE.database().await;
    // The server looks for deadlocks once in a wait, and not before there can be one; the store has to outlast that.
    database.run(&format!("ALTER DATABASE {} SET deadlock_timeout = '10s'", name(&database.url()))).await;
    let options = PostgresOptions {
        patience: Duration::from_secs(40),
        ..PostgresOptions::new(parsed(&database.url()))
    };
    let store = PostgresStore::connect(&options).await.expect("the server is there");
    let mut ada = account("ada@example.com");
    let (kept, other) = (session(ada.user.id), session(ada.user.id));
    ada.session = Some(other.clone());
    store.register(ada.clone()).await.unwrap();

    let rival = session_of(&database.url()).await;
    rival
        .batch_execute("BEGIN; SET LOCAL deadlock_timeout = '1min'; SELECT FROM sessions FOR UPDATE")
        .await
        .unwrap();
    let change = PasswordChange {
        user: ada.user.id,
        verified_hash: password_hash(),
        new_hash: other_hash("new"),
        kept_session: kept.id,
        notice: mail(MailKind::PasswordChanged, "ada@example.com"),
        event: event(AuditKind::PasswordChange).about(ada.user.id),
    };
    let changing = tokio::spawn({
        let store = store.clone();
        async move { store.change_password(change).await }
    });
    let waits = "SELECT 1 FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let began = Instant::now();
    while database.run(waits).await.is_empty() {
        assert!(began.elapsed() < LONG, "the store waits for the rival");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    rival.batch_execute("SELECT FROM users FOR UPDATE").await.expect("the store steps back");
    rival.batch_execute("COMMIT").await.unwrap();
    assert!(changing.await.unwrap().expect("the second attempt succeeds"));
    assert_eq!(database.run("SELECT id FROM sessions").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_write_is_left_for_one_that_does() {
    let database = TEMPLATE.database().await;
    let url = database.url();
    let name = name(&url);
    let store = connect(&url).await;
    let ada = account("ada@example.com");
    store.register(ada.clone()).await.unwrap();
    database.run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    database.terminate_connections().await;
    // The first of them may meet a connection that is about to be cut.
    let began = Instant::now();
    while store.ping().await.is_ok() {
        assert!(began.elapsed() < LONG);
    }
    assert_unavailable(store.ping().await);
    assert_unavailable(store.register(account("bob@example.com")).await);
    assert!(is_stored(&store, ada.user.id).await, "it reads");
    let operator = session_of(&url).await;
    operator.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    let allow = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    operator.batch_execute(&allow).await.unwrap();
    assert_recovers(&store).await;
    store.register(account("bob@example.com")).await.expect("a new connection writes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_follows_the_primary() {
    let mut primary = Cluster::start().unwrap();
    let standby = Cluster::standby_of(&primary, &ClusterOptions::default()).unwrap();
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", standby.port(), primary.port());
    let store = connect(&with_time_to_connect(&format!("postgres://postgres@{hosts}/postgres"))).await;
    store.migrate().await.expect("the primary is found behind the standby");
    let ada = account("ada@example.com");
    store.register(ada.clone()).await.unwrap();
    wait_until_replicated(&primary, &standby).await;

    primary.kill().unwrap();
    assert_unavailable(store.ping().await);
    let standby = tokio::task::spawn_blocking(move || standby.promote().map(|()| standby)).await.unwrap();
    let _standby = standby.unwrap();
    assert_recovers(&store).await;
    assert!(is_stored(&store, ada.user.id).await);
    store.register(account("bob@example.com")).await.expect("it writes to the new primary");
}

async fn wait_until_replicated(primary: &Cluster, standby: &Cluster) {
    let position = session_of(&primary.url("postgres")).await;
    let position = position.query_one("SELECT pg_current_wal_lsn()::text", &[]).await.expect("a position");
    let reached = format!("SELECT pg_last_wal_replay_lsn() >= '{}'", position.get::<_, String>(0));
    let follower = session_of(&standby.url("postgres")).await;
    let began = Instant::now();
    while !follower.query_one(&reached, &[]).await.expect("an answer").get::<_, bool>(0) {
        assert!(began.elapsed() < LONG, "it follows");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_hangs_does_not_hide_the_next_one() {
    let (hung, well) = (Cluster::start().unwrap(), Cluster::start().unwrap());
    migrated(&well).await;
    hung.pause().unwrap();
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", hung.port(), well.port());
    // Longer than an operation may take.
    let store = connect(&format!("postgres://postgres@{hosts}/postgres?connect_timeout=3")).await;
    store.ping().await.expect("the one that answered last is asked first");
}
