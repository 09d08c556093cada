//! Rows that the other ports read and write piece by piece, as a whole.

use diesel::prelude::*;
use portcullis_domain::archive::{
    CodeAttempts, IssuedCode, IssuedEmailChangeLink, IssuedPasswordReset, IssuedVerification,
    PasswordAttempts, PendingEmailChange,
};
use portcullis_domain::{AttemptKey, CodeDigest, EmailAddress, SigningKey, TokenDigest};
use uuid::Uuid;

use crate::errors::UnreadableRow;
use crate::moment::Moment;
use crate::rows::InColumn as _;
use crate::schema::{
    code_attempts, email_changes, password_attempts, password_resets, signing_keys, verifications,
};
use crate::signing_keys::SigningKeyRow;

fn digest(octets: &[u8], column: &'static str) -> Result<[u8; 32], UnreadableRow> {
    octets.try_into().in_column(column)
}

fn number(stored: i64, column: &'static str) -> Result<u32, UnreadableRow> {
    stored.try_into().in_column(column)
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = verifications, treat_none_as_default_value = false)]
pub(super) struct VerificationRow {
    user_id: Uuid,
    email_canonical: String,
    link: Vec<u8>,
    link_expires_at: Moment,
    code: Option<Vec<u8>>,
    code_expires_at: Option<Moment>,
}

impl From<&IssuedVerification> for VerificationRow {
    fn from(issued: &IssuedVerification) -> Self {
        Self {
            user_id: issued.user.uuid(),
            email_canonical: issued.address.canonical().to_owned(),
            link: issued.link.as_bytes().into(),
            link_expires_at: Moment(issued.link_expires_at),
            code: issued.code.map(|code| code.digest.as_bytes().into()),
            code_expires_at: issued.code.map(|code| Moment(code.expires_at)),
        }
    }
}

impl VerificationRow {
    pub(super) fn try_into_domain(self) -> Result<IssuedVerification, UnreadableRow> {
        let code = self.code.zip(self.code_expires_at).map(|(code, expires_at)| {
            Ok(IssuedCode {
                digest: CodeDigest::from_bytes(digest(&code, "verifications.code")?),
                expires_at: expires_at.0,
            })
        });
        Ok(IssuedVerification {
            user: self.user_id.into(),
            address: EmailAddress::parse(&self.email_canonical).in_column("verifications.email_canonical")?,
            link: TokenDigest::from_bytes(digest(&self.link, "verifications.link")?),
            link_expires_at: self.link_expires_at.0,
            code: code.transpose()?,
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = password_resets)]
pub(super) struct PasswordResetRow {
    user_id: Uuid,
    email_canonical: String,
    digest: Vec<u8>,
    expires_at: Moment,
}

impl From<&IssuedPasswordReset> for PasswordResetRow {
    fn from(issued: &IssuedPasswordReset) -> Self {
        Self {
            user_id: issued.user.uuid(),
            email_canonical: issued.address.canonical().to_owned(),
            digest: issued.digest.as_bytes().into(),
            expires_at: Moment(issued.expires_at),
        }
    }
}

impl PasswordResetRow {
    pub(super) fn try_into_domain(self) -> Result<IssuedPasswordReset, UnreadableRow> {
        Ok(IssuedPasswordReset {
            user: self.user_id.into(),
            address: EmailAddress::parse(&self.email_canonical)
                .in_column("password_resets.email_canonical")?,
            digest: TokenDigest::from_bytes(digest(&self.digest, "password_resets.digest")?),
            expires_at: self.expires_at.0,
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = email_changes, treat_none_as_default_value = false)]
pub(super) struct EmailChangeRow {
    user_id: Uuid,
    session_id: Uuid,
    new_email: String,
    digest: Option<Vec<u8>>,
    expires_at: Option<Moment>,
}

impl From<&PendingEmailChange> for EmailChangeRow {
    fn from(pending: &PendingEmailChange) -> Self {
        Self {
            user_id: pending.user.uuid(),
            session_id: pending.session.uuid(),
            new_email: pending.new_address.as_str().to_owned(),
            digest: pending.link.map(|link| link.digest.as_bytes().into()),
            expires_at: pending.link.map(|link| Moment(link.expires_at)),
        }
    }
}

impl EmailChangeRow {
    pub(super) fn try_into_domain(self) -> Result<PendingEmailChange, UnreadableRow> {
        let link = self.digest.zip(self.expires_at).map(|(octets, expires_at)| {
            Ok(IssuedEmailChangeLink {
                digest: TokenDigest::from_bytes(digest(&octets, "email_changes.digest")?),
                expires_at: expires_at.0,
            })
        });
        Ok(PendingEmailChange {
            user: self.user_id.into(),
            session: self.session_id.into(),
            new_address: EmailAddress::parse(&self.new_email).in_column("email_changes.new_email")?,
            link: link.transpose()?,
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = password_attempts, treat_none_as_default_value = false)]
pub(super) struct PasswordAttemptsRow {
    key: Vec<u8>,
    failures: i64,
    last_failure_at: Moment,
    locked_until: Option<Moment>,
}

impl From<&PasswordAttempts> for PasswordAttemptsRow {
    fn from(attempts: &PasswordAttempts) -> Self {
        Self {
            key: attempts.key.as_bytes().into(),
            failures: attempts.failures.into(),
            last_failure_at: Moment(attempts.last_failure_at),
            locked_until: attempts.locked_until.map(Moment),
        }
    }
}

impl PasswordAttemptsRow {
    pub(super) fn try_into_domain(self) -> Result<PasswordAttempts, UnreadableRow> {
        Ok(PasswordAttempts {
            key: AttemptKey::from_bytes(digest(&self.key, "password_attempts.key")?),
            failures: number(self.failures, "password_attempts.failures")?,
            last_failure_at: self.last_failure_at.0,
            locked_until: self.locked_until.map(|moment| moment.0),
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = code_attempts)]
pub(super) struct CodeAttemptsRow {
    key: Vec<u8>,
    since_issued: i64,
    within_hour: i64,
    hour_started_at: Moment,
    last_failure_at: Moment,
}

impl From<&CodeAttempts> for CodeAttemptsRow {
    fn from(attempts: &CodeAttempts) -> Self {
        Self {
            key: attempts.key.as_bytes().into(),
            since_issued: attempts.since_issued.into(),
            within_hour: attempts.within_hour.into(),
            hour_started_at: Moment(attempts.hour_started_at),
            last_failure_at: Moment(attempts.last_failure_at),
        }
    }
}

impl CodeAttemptsRow {
    pub(super) fn try_into_domain(self) -> Result<CodeAttempts, UnreadableRow> {
        Ok(CodeAttempts {
            key: AttemptKey::from_bytes(digest(&self.key, "code_attempts.key")?),
            since_issued: number(self.since_issued, "code_attempts.since_issued")?,
            within_hour: number(self.within_hour, "code_attempts.within_hour")?,
            hour_started_at: self.hour_started_at.0,
            last_failure_at: self.last_failure_at.0,
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = signing_keys)]
pub(super) struct PositionedKeyRow {
    position: i64,
    #[diesel(embed)]
    key: SigningKeyRow,
}

impl PositionedKeyRow {
    pub(super) fn new(position: u32, key: &SigningKey) -> Self {
        Self { position: position.into(), key: SigningKeyRow::from(key) }
    }

    pub(super) fn try_into_domain(self) -> Result<(u32, SigningKey), UnreadableRow> {
        Ok((number(self.position, "signing_keys.position")?, self.key.try_into_domain()?))
    }
}
