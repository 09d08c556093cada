use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use portcullis_domain::PasswordHash;
use portcullis_domain::ports::{DeleteOutcome, Deletion};

use crate::audit_trail::{store_event_if_any, with_event};
use crate::authority::{covers_user, is_last_admin, with_authority};
use crate::errors::Failure;
use crate::locks::lock_user_and_admin;
use crate::statement::statement;
use crate::transaction::locked;

/// Deletes the user, and with it by the foreign keys all that hangs on it; except for one who is not covered, for
/// one who is not usable under the hash that was checked, if one was, and for the last active administrator. Says
/// whether it was one of these.
const DELETE: &str = concat!(
    "
WITH found AS (
    SELECT accounts.id, accounts.email_canonical, ",
    covers_user!("$12"),
    " AS is_covered,
        ($13::text IS NULL OR accounts.is_active AND accounts.password_hash IS NOT DISTINCT FROM $13) AS is_usable, ",
    is_last_admin!(),
    " AS is_last_admin
    FROM accounts WHERE accounts.id = $10
), doomed AS (
    SELECT found.id, found.email_canonical FROM found 
    WHERE found.is_covered AND found.is_usable AND NOT found.is_last_admin
), forgotten AS (
    DELETE FROM password_attempts USING doomed WHERE password_attempts.key = $11
), unsent AS (
    DELETE FROM mail_queue USING doomed
    WHERE mail_queue.recipient_canonical = doomed.email_canonical OR mail_queue.user_id = doomed.id
), deleted AS (
    DELETE FROM users USING doomed WHERE users.id = doomed.id
), told AS (",
    store_event_if_any!("doomed"),
    ")
SELECT found.is_covered, found.is_usable, found.is_last_admin FROM found"
);

pub(super) async fn delete(
    mut connection: &AsyncPgConnection,
    deletion: &Deletion,
) -> Result<DeleteOutcome, Failure> {
    let Deletion { user, authority, verified_hash, attempts, event } = deletion;
    let delete = with_event(statement(DELETE), event)
        .bind::<sql::Uuid, _>(user.uuid())
        .bind::<sql::Binary, _>(attempts.as_bytes().as_slice());
    let delete = with_authority(delete, authority)
        .bind::<sql::Nullable<sql::Text>, _>(verified_hash.as_ref().map(PasswordHash::as_str))
        .returning_columns::<(sql::Bool, sql::Bool, sql::Bool)>();
    let found: Option<(bool, bool, bool)> =
        locked(connection, lock_user_and_admin(connection, *user), async {
            Ok(delete.get_result(&mut connection).await.optional()?)
        })
        .await?;
    Ok(match found {
        None => DeleteOutcome::NotFound,
        Some((false, _, _)) => DeleteOutcome::Outranked,
        Some((true, false, _)) => DeleteOutcome::Refused,
        Some((true, true, true)) => DeleteOutcome::LastAdmin,
        Some((true, true, false)) => DeleteOutcome::Deleted,
    })
}
