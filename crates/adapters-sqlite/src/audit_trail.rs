//! [`AuditTrail`]: what happened, found by who did it, whom it concerns, what it was and when.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use diesel::prelude::*;
use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use portcullis_domain::ports::{AuditQuery, AuditTally, AuditTrail, DayCount, StorageError};
use portcullis_domain::{AuditEventId, Timestamp, UserAgent, UserId};
use uuid::Uuid;

use crate::errors::UnreadableRow;
use crate::rows::{InColumn as _, client};
use crate::schema::audit_events;
use crate::store::SqliteStore;
use crate::sweep::deleted;

#[async_trait]
impl AuditTrail for SqliteStore {
    async fn append(&self, event: AuditEvent) -> Result<(), StorageError> {
        self.write(move |connection| Ok(insert(connection, &event)?)).await
    }

    async fn list(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError> {
        self.read(move |connection| {
            let rows = match query.user {
                Some(user) => newest_of_user(connection, &query, user)?,
                None => newest(connection, &query, Party::Any)?,
            };
            Ok(rows.into_iter().map(AuditEventRow::try_into_domain).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn count_by_day(&self, tally: AuditTally) -> Result<Vec<DayCount>, StorageError> {
        self.read(move |connection| {
            let mut counts = HashMap::new();
            for (at, outcome) in newest_outcomes(connection, &tally)? {
                let outcome = AuditOutcome::parse(&outcome).in_column("audit_events.outcome")?;
                *counts.entry((Timestamp::from_unix_micros(at).start_of_day(), outcome)).or_default() += 1;
            }
            Ok(counts.into_iter().map(|((day, outcome), events)| DayCount { day, outcome, events }).collect())
        })
        .await
    }

    async fn delete_older(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write_alone(move |connection| Ok(delete_older(connection, before, limit)?)).await
    }
}

/// An event, stored or to be stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
pub(crate) struct AuditEventRow {
    id: Vec<u8>,
    at: i64,
    kind: String,
    outcome: String,
    actor_id: Option<Vec<u8>>,
    subject_id: Option<Vec<u8>>,
    ip: Option<String>,
    user_agent: Option<String>,
    detail: String,
}

impl From<&AuditEvent> for AuditEventRow {
    fn from(event: &AuditEvent) -> Self {
        let octets = |user: UserId| user.uuid().into_bytes().into();
        Self {
            id: event.id.uuid().into_bytes().into(),
            at: event.at.unix_micros(),
            kind: event.kind.name().to_owned(),
            outcome: event.outcome.name().to_owned(),
            actor_id: event.actor.map(octets),
            subject_id: event.subject.map(octets),
            ip: event.client.ip.map(|ip| ip.to_string()),
            user_agent: event.client.user_agent.as_ref().map(UserAgent::to_string),
            detail: serde_json::to_string(&event.detail).expect("texts under names are JSON"),
        }
    }
}

impl AuditEventRow {
    pub(crate) fn try_into_domain(self) -> Result<AuditEvent, UnreadableRow> {
        let user = |octets: Option<Vec<u8>>, column| {
            let user = octets.map(|octets| Uuid::from_slice(&octets).map(UserId::from));
            user.transpose().in_column(column)
        };
        let detail: BTreeMap<_, _> = serde_json::from_str(&self.detail).in_column("audit_events.detail")?;
        let (ip, user_agent) = (self.ip.as_deref(), self.user_agent.as_deref());
        Ok(AuditEvent {
            id: Uuid::from_slice(&self.id).in_column("audit_events.id")?.into(),
            at: Timestamp::from_unix_micros(self.at),
            kind: AuditKind::parse(&self.kind).in_column("audit_events.kind")?,
            outcome: AuditOutcome::parse(&self.outcome).in_column("audit_events.outcome")?,
            actor: user(self.actor_id, "audit_events.actor_id")?,
            subject: user(self.subject_id, "audit_events.subject_id")?,
            client: client(ip, user_agent, "audit_events.ip", "audit_events.user_agent")?,
            detail,
        })
    }
}

/// Stores an event: with the change that it tells of, whose transaction this is.
pub(crate) fn insert(connection: &mut SqliteConnection, event: &AuditEvent) -> QueryResult<()> {
    diesel::insert_into(audit_events::table).values(AuditEventRow::from(event)).execute(connection)?;
    Ok(())
}

/// As [`insert`], once it is known whom the event concerns.
pub(crate) fn insert_about(
    connection: &mut SqliteConnection,
    event: &AuditEvent,
    user: UserId,
) -> QueryResult<()> {
    insert(connection, &event.clone().about(user))
}

/// What a user is to the events that are asked for.
#[derive(Clone, Copy)]
enum Party {
    Any,
    Actor(UserId),
    Subject(UserId),
}

/// The newest events that a user did, and the newest that concern them, as one list. The newest of both
/// are among the newest of each.
fn newest_of_user(
    connection: &mut SqliteConnection,
    query: &AuditQuery,
    user: UserId,
) -> QueryResult<Vec<AuditEventRow>> {
    let mut rows = newest(connection, query, Party::Actor(user))?;
    rows.extend(newest(connection, query, Party::Subject(user))?);
    rows.sort_unstable_by(|one, other| other.id.cmp(&one.id));
    rows.dedup_by(|one, other| one.id == other.id);
    rows.truncate(query.limit.try_into().unwrap_or(usize::MAX));
    Ok(rows)
}

fn newest(
    connection: &mut SqliteConnection,
    query: &AuditQuery,
    party: Party,
) -> QueryResult<Vec<AuditEventRow>> {
    let IdRange { first, end } = IdRange::of(query);
    let (since, until) = (query.since.unwrap_or(Timestamp::MIN), query.until);
    let mut events = audit_events::table
        .filter(audit_events::id.ge(first))
        .filter(audit_events::id.lt(end))
        .filter(audit_events::at.ge(since.unix_micros()))
        .filter(audit_events::at.lt(until.map_or(i64::MAX, Timestamp::unix_micros)))
        .order(audit_events::id.desc())
        .limit(query.limit.into())
        .select(AuditEventRow::as_select())
        .into_boxed();
    events = match party {
        Party::Any => events,
        Party::Actor(user) => events.filter(audit_events::actor_id.eq(user.uuid().into_bytes())),
        Party::Subject(user) => events.filter(audit_events::subject_id.eq(user.uuid().into_bytes())),
    };
    if let Some(kind) = query.kind {
        events = events.filter(audit_events::kind.eq(kind.name()));
    }
    events.load(connection)
}

/// When the newest events of a tally were, and what came of them. They are counted here: SQLite is in the same
/// process, and would have to sort them first.
fn newest_outcomes(connection: &mut SqliteConnection, tally: &AuditTally) -> QueryResult<Vec<(i64, String)>> {
    let AuditTally { kind, since, at_most } = *tally;
    audit_events::table
        .filter(audit_events::kind.eq(kind.name()))
        .filter(audit_events::id.ge(Vec::from(AuditEventId::earliest(since).uuid().into_bytes())))
        .filter(audit_events::at.ge(since.unix_micros()))
        .order(audit_events::id.desc())
        .limit(at_most.into())
        .select((audit_events::at, audit_events::outcome))
        .load(connection)
}

/// Where ids lie, as octets: from the first up to, and without, the end.
struct IdRange {
    first: Vec<u8>,
    end: Vec<u8>,
}

impl IdRange {
    /// Of every event that `query` may ask for.
    fn of(query: &AuditQuery) -> Self {
        let octets = |id: AuditEventId| Vec::from(id.uuid().into_bytes());
        let ends = [query.before.map(octets), query.until.map(id_after)];
        Self {
            // Every id comes after no octets at all, and before seventeen of the highest.
            first: query.since.map(AuditEventId::earliest).map_or_else(Vec::new, octets),
            end: ends.into_iter().flatten().min().unwrap_or_else(|| vec![u8::MAX; 17]),
        }
    }
}

/// An id after those of all events before `moment`. Ids count milliseconds, so those of the same one may
/// be before it or not.
fn id_after(moment: Timestamp) -> Vec<u8> {
    AuditEventId::earliest(moment + Duration::from_millis(1)).uuid().into_bytes().into()
}

fn delete_older(connection: &mut SqliteConnection, before: Timestamp, limit: u32) -> QueryResult<u32> {
    let old = diesel::alias!(audit_events as old);
    let oldest = old
        .filter(old.field(audit_events::id).lt(id_after(before)))
        .filter(old.field(audit_events::at).lt(before.unix_micros()))
        .order(old.field(audit_events::id))
        .limit(limit.into())
        .select(old.field(audit_events::id));
    diesel::delete(audit_events::table.filter(audit_events::id.eq_any(oldest)))
        .execute(connection)
        .map(deleted)
}
