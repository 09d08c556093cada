//! [`MailQueue`]: mails that wait, that are being delivered, and that were set aside.

use async_trait::async_trait;
use diesel::dsl::{count, count_star, min};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use portcullis_domain::mail::{ClaimedMail, MailBacklog, MailKind, MailRecord, MailState, QueuedMail};
use portcullis_domain::ports::{MailQueue, MailResending, StorageError};
use portcullis_domain::{EmailAddress, Locale, MailId, Timestamp, UserId};
use uuid::Uuid;

use crate::audit_trail::{store_event_if_any, with_event};
use crate::errors::{Failure, UnreadableRow};
use crate::moment::Moment;
use crate::rows::InColumn as _;
use crate::schema::mail_queue;
use crate::statement::{Statement, statement};
use crate::store::PostgresStore;

#[async_trait]
impl MailQueue for PostgresStore {
    async fn enqueue(&self, mail: QueuedMail) -> Result<(), StorageError> {
        self.write(mail, |connection, mail| async { Ok(enqueue(connection, mail).await?) }.boxed()).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<ClaimedMail>, StorageError> {
        self.write((now, leased_until), |connection, &(now, leased_until)| {
            claim(connection, now, leased_until).boxed()
        })
        .await
    }

    async fn complete(&self, claim: &ClaimedMail) -> Result<(), StorageError> {
        self.write(claim.clone(), |mut connection, claim| {
            async move {
                let claimed = mail_queue::table
                    .find(claim.mail.id.uuid())
                    .filter(mail_queue::leased_until.eq(Moment(claim.leased_until)));
                diesel::delete(claimed).execute(&mut connection).await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }

    async fn retry(&self, claim: &ClaimedMail, due_at: Timestamp, reason: &str) -> Result<(), StorageError> {
        self.write((claim.clone(), due_at, storable(reason)), |connection, (claim, due_at, reason)| {
            retry(connection, claim, *due_at, reason).boxed()
        })
        .await
    }

    async fn park(&self, claim: &ClaimedMail, reason: &str) -> Result<(), StorageError> {
        self.write((claim.clone(), storable(reason)), |mut connection, (claim, reason)| {
            async move {
                statement(PARK)
                    .bind::<sql::Uuid, _>(claim.mail.id.uuid())
                    .bind::<sql::Timestamptz, _>(Moment(claim.leased_until))
                    .bind::<sql::Text, _>(reason)
                    .execute(&mut connection)
                    .await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }

    async fn list(&self, after: Option<MailId>, limit: u32) -> Result<Vec<MailRecord>, StorageError> {
        // Every id comes after the one that is all zeros.
        let after = after.map_or(Uuid::nil(), MailId::uuid);
        self.read((after, limit), |mut connection, &(after, limit)| {
            async move {
                let rows: Vec<MailRecordRow> = mail_queue::table
                    .filter(mail_queue::id.gt(after))
                    .order(mail_queue::id)
                    .limit(limit.into())
                    .select(MailRecordRow::as_select())
                    .load(&mut connection)
                    .await?;
                Ok(rows.into_iter().map(MailRecordRow::try_into_domain).collect::<Result<_, _>>()?)
            }
            .boxed()
        })
        .await
    }

    async fn backlog(&self) -> Result<MailBacklog, StorageError> {
        self.read((), |mut connection, ()| {
            async move {
                // What was set aside is never due.
                let (all, pending, oldest): (i64, i64, Option<Moment>) = mail_queue::table
                    .select((count_star(), count(mail_queue::due_at), min(mail_queue::due_at)))
                    .get_result(&mut connection)
                    .await?;
                Ok(MailBacklog {
                    pending: pending.unsigned_abs(),
                    parked: (all - pending).unsigned_abs(),
                    oldest_due_at: oldest.map(|Moment(due_at)| due_at),
                })
            }
            .boxed()
        })
        .await
    }

    async fn send_again(&self, resending: MailResending) -> Result<bool, StorageError> {
        self.write(resending, |connection, resending| send_again(connection, resending).boxed()).await
    }
}

/// What a mail server said may hold anything, and no text of PostgreSQL's can hold a NUL.
fn storable(reason: &str) -> String {
    reason.replace('\0', "\u{FFFD}")
}

/// A mail, stored or to be stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = mail_queue, treat_none_as_default_value = false)]
pub(crate) struct MailRow {
    id: Uuid,
    kind: String,
    user_id: Option<Uuid>,
    recipient: String,
    locale: String,
    queued_at: Moment,
    attempts: i64,
}

impl From<&QueuedMail> for MailRow {
    fn from(mail: &QueuedMail) -> Self {
        Self {
            id: mail.id.uuid(),
            kind: mail.kind.name().to_owned(),
            user_id: mail.kind.user().map(UserId::uuid),
            recipient: mail.recipient.as_str().to_owned(),
            locale: mail.locale.as_str().to_owned(),
            queued_at: Moment(mail.queued_at),
            attempts: 0,
        }
    }
}

impl MailRow {
    fn try_into_domain(self) -> Result<QueuedMail, UnreadableRow> {
        Ok(QueuedMail {
            id: self.id.into(),
            kind: MailKind::parse(&self.kind, self.user_id.map(UserId::from)).in_column("mail_queue.kind")?,
            recipient: EmailAddress::parse(&self.recipient).in_column("mail_queue.recipient")?,
            locale: Locale::parse(&self.locale).in_column("mail_queue.locale")?,
            queued_at: self.queued_at.0,
        })
    }
}

/// A mail and how it stands, stored or to be stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = mail_queue, treat_none_as_default_value = false)]
pub(crate) struct MailRecordRow {
    #[diesel(embed)]
    mail: MailRow,
    due_at: Option<Moment>,
    leased_until: Option<Moment>,
    last_failure: Option<String>,
}

impl From<&MailRecord> for MailRecordRow {
    fn from(record: &MailRecord) -> Self {
        let (due_at, leased_until) = match record.state {
            MailState::Waiting { due_at } => (Some(due_at), None),
            MailState::Claimed { leased_until } => (Some(leased_until), Some(leased_until)),
            MailState::Parked => (None, None),
        };
        Self {
            mail: MailRow { attempts: record.attempts.into(), ..MailRow::from(&record.mail) },
            due_at: due_at.map(Moment),
            leased_until: leased_until.map(Moment),
            last_failure: record.last_failure.clone(),
        }
    }
}

impl MailRecordRow {
    pub(crate) fn try_into_domain(self) -> Result<MailRecord, UnreadableRow> {
        Ok(MailRecord {
            attempts: self.mail.attempts.try_into().in_column("mail_queue.attempts")?,
            mail: self.mail.try_into_domain()?,
            state: match (self.due_at, self.leased_until) {
                (_, Some(Moment(leased_until))) => MailState::Claimed { leased_until },
                (Some(Moment(due_at)), None) => MailState::Waiting { due_at },
                (None, None) => MailState::Parked,
            },
            last_failure: self.last_failure,
        })
    }
}

/// Queues a mail, unless one like it waits already: the unique index `mail_queue_waiting` refuses it.
pub(crate) async fn enqueue(mut connection: &AsyncPgConnection, mail: &QueuedMail) -> QueryResult<()> {
    diesel::insert_into(mail_queue::table)
        .values((
            MailRow::from(mail),
            mail_queue::recipient_canonical.eq(mail.recipient.canonical()),
            mail_queue::due_at.eq(Moment(mail.queued_at)),
        ))
        .on_conflict_do_nothing()
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// Part of a larger statement: queues the mails of [`with_mails`] as [`enqueue`] does, if there is a row in
/// what is called `$cause`.
macro_rules! enqueue_if_any {
    ($cause:literal) => {
        concat!(
            "INSERT INTO mail_queue (id, kind, user_id, recipient, recipient_canonical, locale, queued_at,
                attempts, due_at)
            SELECT mail.id, mail.kind, mail.user_id, mail.recipient, mail.recipient_canonical, mail.locale,
                mail.queued_at, 0, mail.queued_at
            FROM ",
            $cause,
            ", unnest($10::uuid[], $11::text[], $12::uuid[], $13::text[], $14::text[], $15::text[],
                $16::timestamptz[]) AS mail (id, kind, user_id, recipient,
                recipient_canonical, locale, queued_at)
            ON CONFLICT DO NOTHING"
        )
    };
}
pub(crate) use enqueue_if_any;

/// Gives the next seven placeholders, which in a statement that contains [`enqueue_if_any`] come after those of
/// its [event](crate::audit_trail::with_event), the values of mails, column by column.
pub(crate) fn with_mails<'a>(statement: Statement<'a>, mails: &'a [QueuedMail]) -> Statement<'a> {
    fn column<'a, T>(mails: &'a [QueuedMail], value: impl Fn(&'a QueuedMail) -> T) -> Vec<T> {
        mails.iter().map(value).collect()
    }
    statement
        .bind::<sql::Array<sql::Uuid>, _>(column(mails, |mail| mail.id.uuid()))
        .bind::<sql::Array<sql::Text>, _>(column(mails, |mail| mail.kind.name()))
        .bind::<sql::Array<sql::Nullable<sql::Uuid>>, _>(column(mails, |mail| {
            mail.kind.user().map(UserId::uuid)
        }))
        .bind::<sql::Array<sql::Text>, _>(column(mails, |mail| mail.recipient.as_str()))
        .bind::<sql::Array<sql::Text>, _>(column(mails, |mail| mail.recipient.canonical()))
        .bind::<sql::Array<sql::Text>, _>(column(mails, |mail| mail.locale.as_str()))
        .bind::<sql::Array<sql::Timestamptz>, _>(column(mails, |mail| Moment(mail.queued_at)))
}

/// Passes over what another claimant is about to take.
const CLAIM: &str = "
UPDATE mail_queue SET attempts = attempts + 1, due_at = $2, leased_until = $2
WHERE id = (
    SELECT waiting.id FROM mail_queue AS waiting WHERE waiting.due_at <= $1
    ORDER BY waiting.due_at, waiting.id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, user_id, recipient, locale, queued_at, attempts";

async fn claim(
    mut connection: &AsyncPgConnection,
    now: Timestamp,
    leased_until: Timestamp,
) -> Result<Option<ClaimedMail>, Failure> {
    let claimed: Option<MailRow> = statement(CLAIM)
        .bind::<sql::Timestamptz, _>(Moment(now))
        .bind::<sql::Timestamptz, _>(Moment(leased_until))
        .returning::<MailRow>()
        .get_result(&mut connection)
        .await
        .optional()?;
    let Some(row) = claimed else {
        return Ok(None);
    };
    Ok(Some(ClaimedMail {
        attempt: row.attempts.try_into().in_column("mail_queue.attempts")?,
        mail: row.try_into_domain()?,
        leased_until,
    }))
}

const PARK: &str = "
UPDATE mail_queue SET due_at = NULL, leased_until = NULL, last_failure = $3
WHERE id = $1 AND leased_until = $2";

/// The mail goes and comes as a new row, because only an insertion can yield to what is there already.
const RETRY: &str = "
WITH claimed AS (
    DELETE FROM mail_queue WHERE id = $1 AND leased_until = $2
    RETURNING id, kind, user_id, recipient, recipient_canonical, locale, queued_at, attempts
)
INSERT INTO mail_queue (
    id, kind, user_id, recipient, recipient_canonical, locale, queued_at, attempts, due_at, last_failure
)
SELECT claimed.*, $3, $4 FROM claimed
ON CONFLICT DO NOTHING";

async fn retry(
    mut connection: &AsyncPgConnection,
    claim: &ClaimedMail,
    due_at: Timestamp,
    reason: &str,
) -> Result<(), Failure> {
    statement(RETRY)
        .bind::<sql::Uuid, _>(claim.mail.id.uuid())
        .bind::<sql::Timestamptz, _>(Moment(claim.leased_until))
        .bind::<sql::Timestamptz, _>(Moment(due_at))
        .bind::<sql::Text, _>(reason)
        .execute(&mut connection)
        .await?;
    Ok(())
}

/// As [`RETRY`], for one that nobody has claimed.
const SEND_AGAIN: &str = concat!(
    "
WITH found AS (
    SELECT id FROM mail_queue WHERE id = $10
), unclaimed AS (
    DELETE FROM mail_queue WHERE id = $10 AND leased_until IS NULL
    RETURNING id, kind, user_id, recipient, recipient_canonical, locale, last_failure
), begun_anew AS (
    INSERT INTO mail_queue (
        id, kind, user_id, recipient, recipient_canonical, locale, last_failure, queued_at, attempts, due_at
    )
    SELECT unclaimed.*, $11, 0, $11 FROM unclaimed
    ON CONFLICT DO NOTHING
), told AS (",
    store_event_if_any!("found"),
    ")
SELECT EXISTS (SELECT FROM found)"
);

async fn send_again(
    mut connection: &AsyncPgConnection,
    MailResending { id, now, event }: &MailResending,
) -> Result<bool, Failure> {
    let was_there = with_event(statement(SEND_AGAIN), event)
        .bind::<sql::Uuid, _>(id.uuid())
        .bind::<sql::Timestamptz, _>(Moment(*now))
        .returning_columns::<sql::Bool>();
    Ok(was_there.get_result(&mut connection).await?)
}
