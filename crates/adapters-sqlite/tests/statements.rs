//! What the ports' methods ask of SQLite: statements find their rows by an index, and are prepared once for
//! a connection. Each method is called, and what diesel runs is taken down.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{SqliteConnection, sql_query};
use portcullis_adapters_sqlite::{SqliteOptions, SqliteStore};
use portcullis_domain::archive::{self, PageStart, RecordKind};
use portcullis_domain::mail::{MailKind, QueuedMail};
use portcullis_domain::ports::{
    CodeLimits, CodeRedemption, EmailChangeRequest, InstallationArchive, LockoutPolicy, LockoutRepository,
    MailQueue, NewAccount, PasswordChange, PasswordReset, Rotation, SessionOpening, SessionRepository,
    SigningKeyRepository, StorageError, TokenRepository, UserRepository, VerificationSecrets,
};
use portcullis_domain::{
    Change, EmailAddress, Generation, KeyId, LoginIdentifier, ProfileChange, Role, RoleId, Session,
    SigningAlgorithm, SigningKey, Timestamp, TokenDigest, User,
};
use portcullis_testkit::fixtures::{
    LIFETIME, NOW, account, account_attempts, account_of, code_attempts, code_digest, email, mail, name,
    other_hash, password_hash, permission, role, session, token_digest, user, username,
};

const LATER: Duration = Duration::from_hours(24);

/// What diesel did, as it said.
#[derive(Default)]
struct Record {
    prepared: Vec<String>,
    run: BTreeSet<String>,
}

static RECORD: Mutex<Record> = Mutex::new(Record { prepared: Vec::new(), run: BTreeSet::new() });

#[expect(clippy::unnecessary_wraps, reason = "diesel asks for an option")]
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
    std::mem::take(&mut *RECORD.lock().unwrap_or_else(PoisonError::into_inner))
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_prepared_once_and_find_their_rows_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    // One reader: what a second one prepared would look like a repetition.
    let options = SqliteOptions { readers: NonZeroUsize::MIN, ..SqliteOptions::new(&path) };
    let store = SqliteStore::open(&options).await.unwrap();
    store.migrate().await.unwrap();
    drop(store);

    set_default_instrumentation(take_down).unwrap();
    let store = SqliteStore::open(&options).await.unwrap();
    call_every_method(&store, "first").await.unwrap();
    let first = taken_down();
    call_every_method(&store, "second").await.unwrap();
    let second = taken_down();

    assert_eq!(second.prepared, Vec::<String>::new(), "these are prepared again and again");
    let kept: BTreeSet<_> = first.prepared.into_iter().collect();
    let afresh: Vec<_> = second.run.difference(&kept).filter(|statement| !is_cheap(statement)).collect();
    assert_eq!(afresh, Vec::<&String>::new(), "these are prepared at each call");
    let replanned: Vec<_> = kept.iter().filter(|statement| is_planned_by_its_values(statement)).collect();
    assert_eq!(replanned, Vec::<&String>::new(), "SQLite prepares these again at each call");
    assert!(second.run.len() > 60, "{} statements are all that the ports need", second.run.len());
    assert_eq!(scans(&path, &second.run), Vec::<String>::new());
}

/// Diesel never keeps an `UPDATE`, which takes microseconds to prepare and is followed by a sync to disk.
fn is_cheap(statement: &str) -> bool {
    statement.starts_with("UPDATE") || ["BEGIN IMMEDIATE", "COMMIT"].contains(&statement)
}

/// SQLite looks at a bound limit when it plans, and plans again when it is bound again. That costs more
/// than to find the one row; a sweep and a page of a list, which need a limit, can bear it.
fn is_planned_by_its_values(statement: &str) -> bool {
    let is_a_page = statement.contains("> ?) ORDER BY");
    let needs_a_limit = statement.starts_with("DELETE") || is_a_page;
    statement.contains("LIMIT ?") && !needs_a_limit
}

#[derive(QueryableByName)]
struct PlanStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The statements that look through a table, or sort what they found.
fn scans(path: &Path, statements: &BTreeSet<String>) -> Vec<String> {
    const WANTED: [&str; 5] = [
        // Every key is listed, and the newest is at the end.
        "SCAN signing_keys",
        // An administrator may do whatever any role names.
        "SCAN role_permissions",
        // Any row shows that the store can be read.
        "SCAN roles",
        "SCAN CONSTANT ROW",
        "USE TEMP B-TREE FOR group_concat(DISTINCT)",
    ];
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("a plain name")).expect("the database opens");
    let mut scans = Vec::new();
    // Whoever counts a table looks through it, and only a copy does.
    for statement in statements.iter().filter(|statement| !statement.starts_with("SELECT COUNT(*)")) {
        let plan: Vec<PlanStep> =
            sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(&mut connection).expect("a plan");
        let unwanted = |step: &&PlanStep| {
            let is_costly = step.detail.starts_with("SCAN") || step.detail.contains("TEMP B-TREE");
            is_costly && !WANTED.iter().any(|wanted| step.detail.starts_with(wanted))
        };
        scans.extend(plan.iter().filter(unwanted).map(|step| format!("{}: {statement}", step.detail)));
    }
    scans
}

async fn call_every_method(store: &SqliteStore, round: &str) -> Result<(), StorageError> {
    let address = |who: &str| format!("{who}.{round}@example.com");
    accounts(store, &address).await?;
    sessions(store, &address).await?;
    verification(store, &address).await?;
    password_reset(store, &address).await?;
    email_change(store, &address).await?;
    lockout(store, &address).await?;
    mails(store, &address).await?;
    signing_keys(store, round).await?;
    everything(store, &address).await
}

fn verify_mail(user: &User) -> QueuedMail {
    mail(MailKind::VerifyEmail, user.email.as_str())
}

async fn registered(
    store: &SqliteStore,
    address: &str,
    alter: impl FnOnce(&mut User),
) -> Result<(User, Session), StorageError> {
    let mut user = user(address);
    alter(&mut user);
    let session = session(user.id);
    let mail = Some(verify_mail(&user));
    let account = NewAccount { session: Some(session.clone()), mail, ..account_of(user.clone()) };
    store.register(account).await?;
    Ok((user, session))
}

async fn accounts(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let name_of = |who: &str| username(&address(who).replace('@', "-")[..12]);
    let (ada, session) = registered(store, &address("ada"), |ada| {
        ada.username = Some(name_of("ada"));
        ada.profile.name = Some(name("Ada"));
        ada.roles.push(role("admin"));
    })
    .await?;
    store.register(account(ada.email.as_str())).await?;
    for claim in ["claimed", "claimed", "ada"] {
        let notice = mail(MailKind::AddressAlreadyRegistered, &address(claim));
        let mut account = account(&address(claim));
        account.mail = Some(verify_mail(&account.user));
        store.register_privately(account, notice).await?;
    }
    store.find_by_login(&LoginIdentifier::Email(ada.email.clone())).await?;
    store.find_by_login(&LoginIdentifier::Username(name_of("ada"))).await?;
    store.find_by_id(ada.id).await?;
    let change = ProfileChange { username: Change::Set(name_of("bob")), ..ProfileChange::default() };
    store.update_profile(ada.id, change, NOW).await?;
    let change = PasswordChange {
        user: ada.id,
        verified_hash: password_hash(),
        new_hash: other_hash("new"),
        kept_session: session.id,
        now: NOW,
        notice: mail(MailKind::PasswordChanged, ada.email.as_str()),
    };
    store.change_password(change).await?;
    let (other, _) = registered(store, &address("other"), |other| other.roles.push(role("admin"))).await?;
    store.delete(other.id, account_attempts(other.id)).await?;
    store.ping().await
}

async fn sessions(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let (user, first) = registered(store, &address("sessions"), |_| {}).await?;
    let opening =
        SessionOpening { session: session(user.id), verified_hash: password_hash(), renewed_hash: None };
    store.open(opening).await?;
    store.principal(first.id, NOW).await?;
    for generation in [Generation::FIRST, Generation::FIRST.next(), Generation::FIRST] {
        let rotation = Rotation {
            session: first.id,
            generation,
            now: NOW,
            lifetime: LIFETIME,
            grace: Duration::from_secs(10),
        };
        store.rotate(rotation).await?;
    }
    SessionRepository::list(store, user.id, NOW).await?;
    store.end(user.id, first.id, NOW).await?;
    store.end_all(user.id).await?;
    SessionRepository::delete_expired(store, NOW, 10).await?;
    Ok(())
}

fn secrets(address: &str) -> VerificationSecrets {
    VerificationSecrets {
        link: token_digest(),
        link_expires_at: NOW + LATER,
        code: code_digest(address, "123456"),
        code_expires_at: NOW + LATER,
        attempts: code_attempts(address),
    }
}

async fn verification(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let address = address("verification");
    registered(store, &address, |_| {}).await?;
    let secrets = secrets(&address);
    store.issue_verification(&email(&address), secrets).await?;
    store.find_verification(secrets.link, NOW).await?;
    for code in ["000000", "123456"] {
        let redemption = CodeRedemption {
            address: email(&address),
            code: Some(code_digest(&address, code)),
            attempts: secrets.attempts,
            limits: CodeLimits { per_code: 5, per_hour: 15 },
            now: NOW,
        };
        store.redeem_verification_code(redemption).await?;
    }
    store.redeem_verification_link(secrets.link, NOW).await?;
    TokenRepository::delete_expired(store, NOW, 10).await?;
    Ok(())
}

async fn password_reset(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let (user, _) = registered(store, &address("reset"), |_| {}).await?;
    let digest = token_digest();
    store.issue_password_reset(&user.email, digest, NOW + LATER).await?;
    store.find_password_reset(digest, NOW).await?;
    let reset = PasswordReset {
        digest,
        now: NOW,
        new_hash: other_hash("reset"),
        attempts: account_attempts(user.id),
        notice: mail(MailKind::PasswordChanged, user.email.as_str()),
    };
    store.redeem_password_reset(reset).await?;
    Ok(())
}

async fn email_change(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let (user, session) = registered(store, &address("change"), |_| {}).await?;
    let new_address: EmailAddress = email(&address("changed"));
    let request = EmailChangeRequest {
        user: user.id,
        session: session.id,
        new_address: new_address.clone(),
        now: NOW,
        mails: vec![mail(MailKind::ConfirmEmailChange(user.id), new_address.as_str())],
    };
    store.request_email_change(request).await?;
    let digest: TokenDigest = token_digest();
    store.issue_email_change(user.id, &new_address, digest, NOW + LATER).await?;
    store.find_email_change(digest, NOW).await?;
    store.redeem_email_change(digest, NOW).await?;
    Ok(())
}

async fn lockout(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let key = account_attempts(user(&address("lockout")).id);
    let policy = LockoutPolicy { threshold: 5, duration: Duration::from_mins(15) };
    store.record_failure(key, NOW, policy).await?;
    store.locked_until(key, NOW).await?;
    store.record_success(key, NOW).await?;
    store.delete_stale(NOW, 10).await?;
    Ok(())
}

async fn mails(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    store.enqueue(mail(MailKind::VerifyEmail, &address("mail"))).await?;
    let mut claims = Vec::new();
    while let Some(claim) = store.claim(NOW, NOW + LATER).await? {
        claims.push(claim);
    }
    assert!(claims.len() > 2, "registrations queued mails too");
    store.retry(&claims[0], NOW + LATER, "busy").await?;
    store.park(&claims[1], "unknown").await?;
    store.complete(&claims[2]).await?;
    let listed = MailQueue::list(store, None, 10).await?;
    MailQueue::list(store, listed.first().map(|record| record.mail.id), 10).await?;
    for claim in &claims[..3] {
        store.send_again(claim.mail.id, NOW).await?;
    }
    Ok(())
}

async fn signing_keys(store: &SqliteStore, round: &str) -> Result<(), StorageError> {
    let newest = SigningKeyRepository::list(store).await?.pop().map(|key| key.id);
    let key = |id: String| SigningKey {
        id: KeyId::new(id),
        algorithm: SigningAlgorithm::EdDsa,
        sealed: vec![1, 2, 3],
        created_at: NOW,
        signs_from: NOW,
        verifies_until: None,
    };
    let (first, second) = (key(format!("{round}.1")), key(format!("{round}.2")));
    let first_id = first.id.clone();
    store.succeed(first, newest, NOW + LATER).await?;
    store.succeed(second, Some(first_id), NOW + LATER).await?;
    SigningKeyRepository::delete_expired(store, Timestamp::MIN).await?;
    Ok(())
}

/// Reads what is there of each kind, and writes it again: that it is new, then that it is not.
async fn everything(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let (ada, session) = registered(store, &address("archived"), |_| {}).await?;
    store.issue_verification(&ada.email, secrets(ada.email.as_str())).await?;
    store.issue_password_reset(&ada.email, token_digest(), NOW + LATER).await?;
    let new_address = email(&address("renamed"));
    let mails = Vec::new();
    let request = EmailChangeRequest { user: ada.id, session: session.id, new_address, now: NOW, mails };
    store.request_email_change(request).await?;
    let policy = LockoutPolicy { threshold: 5, duration: Duration::from_mins(15) };
    store.record_failure(account_attempts(ada.id), NOW, policy).await?;
    let redemption = CodeRedemption {
        address: ada.email.clone(),
        code: None,
        attempts: code_attempts(ada.email.as_str()),
        limits: CodeLimits { per_code: 5, per_hour: 15 },
        now: NOW,
    };
    store.redeem_verification_code(redemption).await?;
    let reader = Role {
        id: RoleId::from(session.id.uuid()),
        name: role(&format!("reader-{}", session.id)),
        description: None,
        built_in: false,
        permissions: [permission("reports:read")].into(),
    };
    store.write_page(vec![archive::Record::Role(reader)]).await.expect("the role is new");
    for kind in RecordKind::ALL {
        let page = store.read_page(kind.first_page(), 100).await?;
        let last = page.last().expect("there is something of each kind");
        store.read_page(PageStart::after(last), 100).await?;
        assert_eq!(store.count(kind).await?, page.len() as u64);
        assert_eq!(store.write_page(page).await.expect("it is there"), 0);
    }
    Ok(())
}
