//! [`AuditTrail`]: what happened, stored with the statement that makes it happen.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::{FutureExt as _, try_join};
use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use portcullis_domain::ports::{AuditQuery, AuditTally, AuditTrail, DayCount, StorageError};
use portcullis_domain::{AuditEventId, Client, Timestamp, UserAgent, UserId};
use serde_json::Value;
use uuid::Uuid;

use crate::errors::{Failure, UnreadableRow};
use crate::moment::Moment;
use crate::rows::{InColumn as _, user_agent};
use crate::schema::audit_events;
use crate::statement::{Statement, statement};
use crate::store::PostgresStore;

#[async_trait]
impl AuditTrail for PostgresStore {
    async fn append(&self, event: AuditEvent) -> Result<(), StorageError> {
        self.write(event, |connection, event| async { Ok(append(connection, event).await?) }.boxed()).await
    }

    async fn list(&self, query: AuditQuery) -> Result<Vec<AuditEvent>, StorageError> {
        self.read(query, |connection, query| list(connection, query).boxed()).await
    }

    async fn count_by_day(&self, tally: AuditTally) -> Result<Vec<DayCount>, StorageError> {
        self.read(tally, |connection, tally| count_by_day(connection, *tally).boxed()).await
    }

    async fn delete_older(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.write((before, limit), |connection, &(before, limit)| {
            delete_older(connection, before, limit).boxed()
        })
        .await
    }
}

/// An event, stored or to be stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
pub(crate) struct AuditEventRow {
    id: Uuid,
    at: Moment,
    kind: String,
    outcome: String,
    actor_id: Option<Uuid>,
    subject_id: Option<Uuid>,
    ip: Option<String>,
    user_agent: Option<String>,
    detail: Value,
}

impl From<&AuditEvent> for AuditEventRow {
    fn from(event: &AuditEvent) -> Self {
        Self {
            id: event.id.uuid(),
            at: Moment(event.at),
            kind: event.kind.name().to_owned(),
            outcome: event.outcome.name().to_owned(),
            actor_id: event.actor.map(UserId::uuid),
            subject_id: event.subject.map(UserId::uuid),
            ip: event.client.ip.map(|ip| ip.to_string()),
            user_agent: event.client.user_agent.as_ref().map(UserAgent::to_string),
            detail: event.detail.clone().into_iter().collect(),
        }
    }
}

impl AuditEventRow {
    pub(crate) fn try_into_domain(self) -> Result<AuditEvent, UnreadableRow> {
        let detail: BTreeMap<String, String> =
            serde_json::from_value(self.detail).in_column("audit_events.detail")?;
        Ok(AuditEvent {
            id: self.id.into(),
            at: self.at.0,
            kind: AuditKind::parse(&self.kind).in_column("audit_events.kind")?,
            outcome: AuditOutcome::parse(&self.outcome).in_column("audit_events.outcome")?,
            actor: self.actor_id.map(UserId::from),
            subject: self.subject_id.map(UserId::from),
            client: Client {
                ip: self.ip.map(|text| text.parse()).transpose().in_column("audit_events.ip")?,
                user_agent: user_agent(self.user_agent, "audit_events.user_agent")?,
            },
            detail,
        })
    }
}

/// Stores an event.
pub(crate) async fn append(mut connection: &AsyncPgConnection, event: &AuditEvent) -> QueryResult<()> {
    let event = AuditEventRow::from(event);
    diesel::insert_into(audit_events::table).values(event).execute(&mut connection).await?;
    Ok(())
}

/// Part of a larger statement: stores the event of [`with_event`] once for each row of what is called `$cause`,
/// which should have one or none. It concerns whom it says, unless the rows name a `$subject`.
macro_rules! store_event_if_any {
    ($cause:literal) => {
        $crate::audit_trail::store_event_if_any!($cause, about "NULL::uuid")
    };
    ($cause:literal, about $subject:literal) => {
        concat!(
            "INSERT INTO audit_events (id, at, kind, outcome, actor_id, subject_id, ip, user_agent, detail)
            SELECT $1, $2, $3, $4, $5, coalesce(",
            $subject,
            ", $6), $7, $8, $9 FROM ",
            $cause
        )
    };
}
pub(crate) use store_event_if_any;

/// As [`store_event_if_any`], for the event of a second [`with_event`].
macro_rules! store_second_event_if_any {
    ($cause:literal) => {
        $crate::audit_trail::store_second_event_if_any!($cause, about "NULL::uuid")
    };
    ($cause:literal, about $subject:literal) => {
        concat!(
            "INSERT INTO audit_events (id, at, kind, outcome, actor_id, subject_id, ip, user_agent, detail)
            SELECT $10, $11, $12, $13, $14, coalesce(",
            $subject,
            ", $15), $16, $17, $18 FROM ",
            $cause
        )
    };
}
pub(crate) use store_second_event_if_any;

/// Gives the next nine placeholders, which are the first nine of a statement that stores an event with its
/// cause, the values of the event.
pub(crate) fn with_event<'a>(statement: Statement<'a>, event: &AuditEvent) -> Statement<'a> {
    let row = AuditEventRow::from(event);
    statement
        .bind::<sql::Uuid, _>(row.id)
        .bind::<sql::Timestamptz, _>(row.at)
        .bind::<sql::Text, _>(row.kind)
        .bind::<sql::Text, _>(row.outcome)
        .bind::<sql::Nullable<sql::Uuid>, _>(row.actor_id)
        .bind::<sql::Nullable<sql::Uuid>, _>(row.subject_id)
        .bind::<sql::Nullable<sql::Text>, _>(row.ip)
        .bind::<sql::Nullable<sql::Text>, _>(row.user_agent)
        .bind::<sql::Jsonb, _>(row.detail)
}

/// The last id of all that are generated in the millisecond of `moment`. Ids begin with it, so what happened
/// before is not after this one.
fn latest(moment: Timestamp) -> Uuid {
    const WITHIN_MILLISECOND: u128 = (1 << 80) - 1;
    Uuid::from_u128(AuditEventId::earliest(moment).uuid().as_u128() | WITHIN_MILLISECOND)
}

/// The events that a query asks for, but for its user: found in an index by their ids.
fn events(query: &AuditQuery) -> audit_events::BoxedQuery<'static, Pg> {
    let &AuditQuery { user: _, kind, since, until, before, limit } = query;
    let mut events = audit_events::table.order(audit_events::id.desc()).limit(limit.into()).into_boxed();
    if let Some(before) = before {
        events = events.filter(audit_events::id.lt(before.uuid()));
    }
    if let Some(kind) = kind {
        events = events.filter(audit_events::kind.eq(kind.name()));
    }
    if let Some(since) = since {
        let earliest = AuditEventId::earliest(since).uuid();
        events = events.filter(audit_events::id.ge(earliest)).filter(audit_events::at.ge(Moment(since)));
    }
    if let Some(until) = until {
        events = events.filter(audit_events::id.le(latest(until))).filter(audit_events::at.lt(Moment(until)));
    }
    events
}

async fn list(mut connection: &AsyncPgConnection, query: &AuditQuery) -> Result<Vec<AuditEvent>, Failure> {
    let columns = AuditEventRow::as_select();
    let rows: Vec<AuditEventRow> = match query.user {
        None => events(query).select(columns).load(&mut connection).await?,
        Some(user) => {
            let done = events(query).filter(audit_events::actor_id.eq(user.uuid())).select(columns);
            let suffered = events(query).filter(audit_events::subject_id.eq(user.uuid())).select(columns);
            let done = async { done.load(&mut &*connection).await };
            let suffered = async { suffered.load(&mut &*connection).await };
            let (done, suffered): (Vec<AuditEventRow>, Vec<AuditEventRow>) = try_join!(done, suffered)?;
            newest(done.into_iter().chain(suffered), query.limit)
        }
    };
    Ok(rows.into_iter().map(AuditEventRow::try_into_domain).collect::<Result<_, _>>()?)
}

/// The newest of these events, each once: what somebody does to themselves is found twice.
fn newest(found: impl Iterator<Item = AuditEventRow>, limit: u32) -> Vec<AuditEventRow> {
    let by_id: BTreeMap<Uuid, AuditEventRow> = found.map(|event| (event.id, event)).collect();
    by_id.into_values().rev().take(limit.try_into().unwrap_or(usize::MAX)).collect()
}

const COUNT_BY_DAY: &str = "
SELECT date_trunc('day', at, 'UTC') AS day, outcome, count(*)
FROM (
    SELECT at, outcome FROM audit_events WHERE kind = $1 AND id >= $2 AND at >= $3
    ORDER BY id DESC LIMIT $4
) AS newest
GROUP BY day, outcome";

async fn count_by_day(
    mut connection: &AsyncPgConnection,
    tally: AuditTally,
) -> Result<Vec<DayCount>, Failure> {
    let AuditTally { kind, since, at_most } = tally;
    let rows: Vec<(Moment, String, i64)> = statement(COUNT_BY_DAY)
        .bind::<sql::Text, _>(kind.name())
        .bind::<sql::Uuid, _>(AuditEventId::earliest(since).uuid())
        .bind::<sql::Timestamptz, _>(Moment(since))
        .bind::<sql::BigInt, _>(i64::from(at_most))
        .returning_columns::<(sql::Timestamptz, sql::Text, sql::BigInt)>()
        .load(&mut connection)
        .await?;
    let count = |(day, outcome, events): (Moment, String, i64)| -> Result<DayCount, UnreadableRow> {
        Ok(DayCount {
            day: day.0,
            outcome: AuditOutcome::parse(&outcome).in_column("audit_events.outcome")?,
            events: events.unsigned_abs(),
        })
    };
    Ok(rows.into_iter().map(count).collect::<Result<_, _>>()?)
}

const DELETE_OLDER: &str = "
WITH deleted AS (
    DELETE FROM audit_events WHERE id = ANY (ARRAY(
        SELECT id FROM audit_events WHERE id <= $1 AND at < $2
        ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
)
SELECT count(*) FROM deleted";

async fn delete_older(
    mut connection: &AsyncPgConnection,
    before: Timestamp,
    limit: u32,
) -> Result<u32, Failure> {
    let deleted: i64 = statement(DELETE_OLDER)
        .bind::<sql::Uuid, _>(latest(before))
        .bind::<sql::Timestamptz, _>(Moment(before))
        .bind::<sql::BigInt, _>(i64::from(limit))
        .returning_columns::<sql::BigInt>()
        .get_result(&mut connection)
        .await?;
    Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
}
