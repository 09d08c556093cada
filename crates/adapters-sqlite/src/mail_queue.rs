//! [`MailQueue`]: mails that wait, that are being delivered, and that were set aside.

use async_trait::async_trait;
use diesel::prelude::*;
use portcullis_domain::mail::{ClaimedMail, MailKind, QueuedMail};
use portcullis_domain::ports::{MailQueue, StorageError};
use portcullis_domain::{EmailAddress, Locale, Timestamp, User, UserId};
use uuid::Uuid;

use crate::errors::{Failure, UnreadableRow};
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
        self.write(move |connection| claim(connection, now, leased_until)).await
    }

    async fn complete(&self, claim: &ClaimedMail) -> Result<(), StorageError> {
        let ClaimedMail { mail, leased_until, .. } = claim.clone();
        self.write(move |connection| {
            let claimed = mail_queue::table
                .find(mail.id.uuid().into_bytes())
                .filter(mail_queue::leased_until.eq(leased_until.unix_micros()));
            diesel::delete(claimed).execute(connection)?;
            Ok(())
        })
        .await
    }

    async fn retry(&self, claim: &ClaimedMail, due_at: Timestamp, reason: &str) -> Result<(), StorageError> {
        self.give_back(claim, Some(due_at), reason).await
    }

    async fn park(&self, claim: &ClaimedMail, reason: &str) -> Result<(), StorageError> {
        self.give_back(claim, None, reason).await
    }
}

impl SqliteStore {
    /// Ends a claim whose delivery failed: the mail is due again, or never.
    async fn give_back(
        &self,
        claim: &ClaimedMail,
        due_at: Option<Timestamp>,
        reason: &str,
    ) -> Result<(), StorageError> {
        let ClaimedMail { mail, leased_until, .. } = claim.clone();
        let reason = reason.to_owned();
        self.write(move |connection| {
            let claimed = mail_queue::table
                .find(mail.id.uuid().into_bytes())
                .filter(mail_queue::leased_until.eq(leased_until.unix_micros()));
            diesel::update(claimed)
                .set((
                    mail_queue::due_at.eq(due_at.map(Timestamp::unix_micros)),
                    mail_queue::leased_until.eq(None::<i64>),
                    mail_queue::last_failure.eq(reason),
                ))
                .execute(connection)?;
            Ok(())
        })
        .await
    }
}

/// A mail, stored or to be stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = mail_queue)]
struct MailRow {
    id: Vec<u8>,
    kind: String,
    user_id: Vec<u8>,
    recipient: String,
    locale: String,
    queued_at: i64,
    attempts: i64,
}

impl From<&QueuedMail> for MailRow {
    fn from(mail: &QueuedMail) -> Self {
        let (kind, user) = columns_of(mail.kind);
        Self {
            id: mail.id.uuid().into_bytes().into(),
            kind: kind.to_owned(),
            user_id: user.map_or_else(Vec::new, |user| user.uuid().into_bytes().into()),
            recipient: mail.recipient.as_str().to_owned(),
            locale: mail.locale.as_str().to_owned(),
            queued_at: mail.queued_at.unix_micros(),
            attempts: 0,
        }
    }
}

impl MailRow {
    fn try_into_domain(self) -> Result<QueuedMail, UnreadableRow> {
        Ok(QueuedMail {
            id: Uuid::from_slice(&self.id).in_column("mail_queue.id")?.into(),
            kind: kind_of(&self.kind, &self.user_id)?,
            recipient: EmailAddress::parse(&self.recipient).in_column("mail_queue.recipient")?,
            locale: Locale::parse(&self.locale).in_column("mail_queue.locale")?,
            queued_at: Timestamp::from_unix_micros(self.queued_at),
        })
    }
}

/// The name of a kind, and the user whom it names.
fn columns_of(kind: MailKind) -> (&'static str, Option<UserId>) {
    match kind {
        MailKind::VerifyEmail => ("verify_email", None),
        MailKind::ResetPassword => ("reset_password", None),
        MailKind::ConfirmEmailChange(user) => ("confirm_email_change", Some(user)),
        MailKind::EmailChangeRequested => ("email_change_requested", None),
        MailKind::PasswordChanged => ("password_changed", None),
        MailKind::AddressAlreadyRegistered => ("address_already_registered", None),
    }
}

fn kind_of(kind: &str, user: &[u8]) -> Result<MailKind, UnreadableRow> {
    Ok(match kind {
        "verify_email" => MailKind::VerifyEmail,
        "reset_password" => MailKind::ResetPassword,
        "confirm_email_change" => {
            MailKind::ConfirmEmailChange(Uuid::from_slice(user).in_column("mail_queue.user_id")?.into())
        }
        "email_change_requested" => MailKind::EmailChangeRequested,
        "password_changed" => MailKind::PasswordChanged,
        "address_already_registered" => MailKind::AddressAlreadyRegistered,
        _ => return Err(UnreadableRow { column: "mail_queue.kind" }),
    })
}

/// Queues a mail, unless one like it waits already: the unique index `mail_queue_waiting` refuses it.
pub(crate) fn enqueue(connection: &mut SqliteConnection, mail: &QueuedMail) -> QueryResult<()> {
    diesel::insert_into(mail_queue::table)
        .values((
            MailRow::from(mail),
            mail_queue::recipient_canonical.eq(mail.recipient.canonical()),
            mail_queue::due_at.eq(mail.queued_at.unix_micros()),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(())
}

fn claim(
    connection: &mut SqliteConnection,
    now: Timestamp,
    leased_until: Timestamp,
) -> Result<Option<ClaimedMail>, Failure> {
    let due = mail_queue::table
        .filter(mail_queue::due_at.le(now.unix_micros()))
        .order((mail_queue::due_at, mail_queue::id))
        .select(MailRow::as_select())
        .get_result(connection)
        .optional()?;
    let Some(row) = due else {
        return Ok(None);
    };
    let attempts = row.attempts + 1;
    diesel::update(mail_queue::table.find(&row.id))
        .set((
            mail_queue::attempts.eq(attempts),
            mail_queue::due_at.eq(leased_until.unix_micros()),
            mail_queue::leased_until.eq(leased_until.unix_micros()),
        ))
        .execute(connection)?;
    Ok(Some(ClaimedMail {
        attempt: attempts.try_into().in_column("mail_queue.attempts")?,
        mail: row.try_into_domain()?,
        leased_until,
    }))
}

/// Removes every mail to or about a user.
pub(crate) fn remove_all(connection: &mut SqliteConnection, user: &User) -> QueryResult<()> {
    let to_them = mail_queue::recipient_canonical.eq(user.email.canonical());
    diesel::delete(mail_queue::table.filter(to_them)).execute(connection)?;
    let about_them = mail_queue::user_id.eq(user.id.uuid().into_bytes());
    diesel::delete(mail_queue::table.filter(about_them)).execute(connection)?;
    Ok(())
}
