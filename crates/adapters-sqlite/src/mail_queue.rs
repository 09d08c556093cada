//! [`MailQueue`]: mails that wait, that are being delivered, and that were set aside.

use async_trait::async_trait;
use diesel::dsl::{auto_type, count, count_star, exists, min, select};
use diesel::prelude::*;
use portcullis_domain::mail::{ClaimedMail, MailBacklog, MailKind, MailRecord, MailState, QueuedMail};
use portcullis_domain::ports::{MailQueue, MailResending, StorageError};
use portcullis_domain::{EmailAddress, Locale, MailId, Timestamp, User, UserId};
use uuid::Uuid;

use crate::audit_trail;
use crate::errors::{Failure, UnreadableRow};
use crate::kept::ExecuteKept as _;
use crate::rows::InColumn as _;
use crate::schema::mail_queue;
use crate::store::SqliteStore;

#[async_trait]
impl MailQueue for SqliteStore {
    async fn enqueue(&self, mail: QueuedMail) -> Result<(), StorageError> {
        self.write(move |connection| Ok(enqueue(connection, &mail)?)).await
    }

    async fn claim(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
    ) -> Result<Option<ClaimedMail>, StorageError> {
        let claimed = self.write(move |connection| Ok(claim(connection, now, leased_until)?)).await?;
        Ok(claimed.map(Claimed::try_into_domain).transpose().map_err(Failure::from)?)
    }

    async fn complete(&self, claim: &ClaimedMail) -> Result<(), StorageError> {
        let claim = claim.clone();
        self.write(move |connection| Ok(remove(connection, &claim)?)).await
    }

    async fn retry(&self, claim: &ClaimedMail, due_at: Timestamp, reason: &str) -> Result<(), StorageError> {
        let (claim, reason) = (claim.clone(), reason.to_owned());
        self.write(move |connection| {
            if one_like_it_waits(connection, &(&claim.mail).into())? {
                Ok(remove(connection, &claim)?)
            } else {
                Ok(give_back(connection, &claim, Some(due_at), &reason)?)
            }
        })
        .await
    }

    async fn park(&self, claim: &ClaimedMail, reason: &str) -> Result<(), StorageError> {
        let (claim, reason) = (claim.clone(), reason.to_owned());
        self.write(move |connection| Ok(give_back(connection, &claim, None, &reason)?)).await
    }

    async fn list(&self, after: Option<MailId>, limit: u32) -> Result<Vec<MailRecord>, StorageError> {
        // Every id comes after no octets at all.
        let after = after.map_or_else(Vec::new, |after| after.uuid().into_bytes().into());
        self.read(move |connection| {
            let rows: Vec<MailRecordRow> = mail_queue::table
                .filter(mail_queue::id.gt(after))
                .order(mail_queue::id)
                .limit(limit.into())
                .select(MailRecordRow::as_select())
                .load(connection)?;
            Ok(rows.into_iter().map(MailRecordRow::try_into_domain).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn backlog(&self) -> Result<MailBacklog, StorageError> {
        self.read(|connection| {
            // What was set aside is never due.
            let (all, pending, oldest): (i64, i64, Option<i64>) = mail_queue::table
                .select((count_star(), count(mail_queue::due_at), min(mail_queue::due_at)))
                .get_result(connection)?;
            Ok(MailBacklog {
                pending: pending.unsigned_abs(),
                parked: (all - pending).unsigned_abs(),
                oldest_due_at: oldest.map(Timestamp::from_unix_micros),
            })
        })
        .await
    }

    async fn send_again(&self, resending: MailResending) -> Result<bool, StorageError> {
        self.write(move |connection| Ok(send_again(connection, &resending)?)).await
    }
}

/// A mail, stored or to be stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = mail_queue)]
pub(crate) struct MailRow {
    id: Vec<u8>,
    kind: String,
    user_id: Vec<u8>,
    recipient: String,
    recipient_canonical: String,
    locale: String,
    queued_at: i64,
    attempts: i64,
}

impl From<&QueuedMail> for MailRow {
    fn from(mail: &QueuedMail) -> Self {
        Self {
            id: mail.id.uuid().into_bytes().into(),
            kind: mail.kind.name().to_owned(),
            user_id: mail.kind.user().map_or_else(Vec::new, |user| user.uuid().into_bytes().into()),
            recipient: mail.recipient.as_str().to_owned(),
            recipient_canonical: mail.recipient.canonical().to_owned(),
            locale: mail.locale.as_str().to_owned(),
            queued_at: mail.queued_at.unix_micros(),
            attempts: 0,
        }
    }
}

impl MailRow {
    fn try_into_domain(self) -> Result<QueuedMail, UnreadableRow> {
        let user = (!self.user_id.is_empty()).then(|| Uuid::from_slice(&self.user_id).map(UserId::from));
        let user = user.transpose().in_column("mail_queue.user_id")?;
        Ok(QueuedMail {
            id: Uuid::from_slice(&self.id).in_column("mail_queue.id")?.into(),
            kind: MailKind::parse(&self.kind, user).in_column("mail_queue.kind")?,
            recipient: EmailAddress::parse(&self.recipient).in_column("mail_queue.recipient")?,
            locale: Locale::parse(&self.locale).in_column("mail_queue.locale")?,
            queued_at: Timestamp::from_unix_micros(self.queued_at),
        })
    }
}

/// A mail and how it stands, stored or to be stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = mail_queue, treat_none_as_default_value = false)]
pub(crate) struct MailRecordRow {
    #[diesel(embed)]
    mail: MailRow,
    due_at: Option<i64>,
    leased_until: Option<i64>,
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
            due_at: due_at.map(Timestamp::unix_micros),
            leased_until: leased_until.map(Timestamp::unix_micros),
            last_failure: record.last_failure.clone(),
        }
    }
}

impl MailRecordRow {
    pub(crate) fn try_into_domain(self) -> Result<MailRecord, UnreadableRow> {
        let [due_at, leased_until] =
            [self.due_at, self.leased_until].map(|micros| micros.map(Timestamp::from_unix_micros));
        Ok(MailRecord {
            attempts: self.mail.attempts.try_into().in_column("mail_queue.attempts")?,
            mail: self.mail.try_into_domain()?,
            state: match (due_at, leased_until) {
                (_, Some(leased_until)) => MailState::Claimed { leased_until },
                (Some(due_at), None) => MailState::Waiting { due_at },
                (None, None) => MailState::Parked,
            },
            last_failure: self.last_failure,
        })
    }
}

/// Queues a mail, unless one like it waits already: the unique index `mail_queue_waiting` refuses it.
pub(crate) fn enqueue(connection: &mut SqliteConnection, mail: &QueuedMail) -> QueryResult<()> {
    diesel::insert_into(mail_queue::table)
        .values((MailRow::from(mail), mail_queue::due_at.eq(mail.queued_at.unix_micros())))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(())
}

pub(crate) fn enqueue_all(connection: &mut SqliteConnection, mails: &[QueuedMail]) -> QueryResult<()> {
    mails.iter().try_for_each(|mail| enqueue(connection, mail))
}

/// A mail that is leased. Whether it can be read shows afterwards, so that one that cannot be keeps nobody from the others.
struct Claimed {
    row: MailRow,
    leased_until: Timestamp,
}

impl Claimed {
    fn try_into_domain(self) -> Result<ClaimedMail, UnreadableRow> {
        Ok(ClaimedMail {
            attempt: self.row.attempts.try_into().in_column("mail_queue.attempts")?,
            mail: self.row.try_into_domain()?,
            leased_until: self.leased_until,
        })
    }
}

fn claim(
    connection: &mut SqliteConnection,
    now: Timestamp,
    leased_until: Timestamp,
) -> QueryResult<Option<Claimed>> {
    let due = mail_queue::table
        .filter(mail_queue::due_at.le(now.unix_micros()))
        .order((mail_queue::due_at, mail_queue::id))
        .select(MailRow::as_select())
        .get_result(connection)
        .optional()?;
    let Some(mut row) = due else {
        return Ok(None);
    };
    row.attempts += 1;
    diesel::update(mail_queue::table.find(&row.id))
        .set((
            mail_queue::attempts.eq(row.attempts),
            mail_queue::due_at.eq(leased_until.unix_micros()),
            mail_queue::leased_until.eq(leased_until.unix_micros()),
        ))
        .execute_kept(connection)?;
    Ok(Some(Claimed { row, leased_until }))
}

/// Whether another mail of the same kind to the same recipient waits: the rows of `mail_queue_waiting`.
fn one_like_it_waits(connection: &mut SqliteConnection, mail: &MailRow) -> QueryResult<bool> {
    let alike = mail_queue::table
        .filter(mail_queue::recipient_canonical.eq(&mail.recipient_canonical))
        .filter(mail_queue::kind.eq(&mail.kind))
        .filter(mail_queue::user_id.eq(&mail.user_id))
        .filter(mail_queue::due_at.is_not_null())
        .filter(mail_queue::leased_until.is_null());
    select(exists(alike)).get_result(connection)
}

/// The mail, while this claim is the latest one.
#[auto_type(no_type_alias)]
fn claimed(claim: &ClaimedMail) -> _ {
    let id: Vec<u8> = claim.mail.id.uuid().into_bytes().into();
    let leased_until: i64 = claim.leased_until.unix_micros();
    mail_queue::table.find(id).filter(mail_queue::leased_until.eq(leased_until))
}

fn remove(connection: &mut SqliteConnection, claim: &ClaimedMail) -> QueryResult<()> {
    diesel::delete(claimed(claim)).execute(connection)?;
    Ok(())
}

/// Ends a claim whose delivery failed: the mail is due again, or never.
fn give_back(
    connection: &mut SqliteConnection,
    claim: &ClaimedMail,
    due_at: Option<Timestamp>,
    reason: &str,
) -> QueryResult<()> {
    diesel::update(claimed(claim))
        .set((
            mail_queue::due_at.eq(due_at.map(Timestamp::unix_micros)),
            mail_queue::leased_until.eq(None::<i64>),
            mail_queue::last_failure.eq(reason),
        ))
        .execute_kept(connection)?;
    Ok(())
}

fn send_again(connection: &mut SqliteConnection, resending: &MailResending) -> QueryResult<bool> {
    let MailResending { id, now, event } = resending;
    let found = mail_queue::table.find(id.uuid().into_bytes());
    let row = found.select(MailRecordRow::as_select()).get_result(connection).optional()?;
    let Some(MailRecordRow { mail, due_at, leased_until, .. }) = row else {
        return Ok(false);
    };
    audit_trail::insert(connection, event)?;
    let (is_parked, is_claimed) = (due_at.is_none(), leased_until.is_some());
    if is_parked && one_like_it_waits(connection, &mail)? {
        diesel::delete(found).execute(connection)?;
    } else if !is_claimed {
        diesel::update(found)
            .set((
                mail_queue::attempts.eq(0),
                mail_queue::queued_at.eq(now.unix_micros()),
                mail_queue::due_at.eq(now.unix_micros()),
            ))
            .execute_kept(connection)?;
    }
    Ok(true)
}

/// Removes every mail to or about a user.
pub(crate) fn remove_all(connection: &mut SqliteConnection, user: &User) -> QueryResult<()> {
    let to_them = mail_queue::recipient_canonical.eq(user.email.canonical());
    diesel::delete(mail_queue::table.filter(to_them)).execute(connection)?;
    let about_them = mail_queue::user_id.eq(user.id.uuid().into_bytes());
    diesel::delete(mail_queue::table.filter(about_them)).execute(connection)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use diesel::connection::SimpleConnection as _;
    use portcullis_testkit::fixtures;

    use super::*;
    use crate::test_store::fresh_store;

    #[tokio::test]
    async fn a_mail_that_cannot_be_read_keeps_nobody_from_the_others() {
        let (store, _folder) = fresh_store().await;
        let mut mails = ["ada@example.com", "bob@example.com"]
            .map(|recipient| fixtures::mail(MailKind::VerifyEmail, recipient));
        mails.sort_by_key(|mail| mail.id);
        for mail in &mails {
            store.enqueue(mail.clone()).await.unwrap();
        }
        let of_another_version =
            "UPDATE mail_queue SET kind = 'unheard_of' WHERE id = (SELECT min(id) FROM mail_queue)";
        store.write(|connection| Ok(connection.batch_execute(of_another_version)?)).await.unwrap();
        let now = mails[1].queued_at;
        let claim = || store.claim(now, now + Duration::from_mins(2));
        claim().await.expect_err("it cannot be read");
        let claimed = claim().await.unwrap().expect("another one is due");
        assert_eq!((claimed.mail, claimed.attempt), (mails[1].clone(), 1));
    }
}
