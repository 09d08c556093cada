use async_trait::async_trait;
use portcullis_domain::archive::{PageStart, Record, RecordKind};
use portcullis_domain::mail::MailState;
use portcullis_domain::ports::{
    InstallationArchive, RecordRefusal, RefusedRecord, StorageError, WritePageError,
};
use portcullis_domain::{Account, RoleName, TokenDigest};

use super::MemoryStorage;
use super::state::State;

#[async_trait]
impl InstallationArchive for MemoryStorage {
    async fn count(&self, kind: RecordKind) -> Result<u64, StorageError> {
        Ok(self.step("InstallationArchive::count").await?.records(kind).len() as u64)
    }

    async fn read_page(&self, start: PageStart, limit: u32) -> Result<Vec<Record>, StorageError> {
        let mut records = self.step("InstallationArchive::read_page").await?.records(start.kind());
        records.retain(|record| start.key().is_none_or(|key| record.key() > key));
        records.sort_by_key(Record::key);
        records.truncate(limit.try_into().unwrap_or(usize::MAX));
        Ok(records)
    }

    async fn write_page(&self, records: Vec<Record>) -> Result<u32, WritePageError> {
        let mut state = self.step("InstallationArchive::write_page").await?;
        let mut written = state.clone();
        let mut new = 0;
        for record in records {
            new += u32::from(written.add(record)?);
        }
        *state = written;
        Ok(new)
    }
}

impl State {
    fn records(&self, kind: RecordKind) -> Vec<Record> {
        match kind {
            RecordKind::Roles => self.roles.values().cloned().map(Record::Role).collect(),
            RecordKind::Users => self.accounts.values().cloned().map(Record::User).collect(),
            RecordKind::Sessions => self.sessions.values().cloned().map(Record::Session).collect(),
            RecordKind::Verifications => {
                self.verifications.values().cloned().map(Record::Verification).collect()
            }
            RecordKind::PasswordResets => self.resets.values().cloned().map(Record::PasswordReset).collect(),
            RecordKind::EmailChanges => {
                self.email_changes.values().cloned().map(Record::EmailChange).collect()
            }
            RecordKind::PasswordAttempts => {
                self.wrong_passwords.values().copied().map(Record::PasswordAttempts).collect()
            }
            RecordKind::CodeAttempts => {
                self.wrong_codes.values().copied().map(Record::CodeAttempts).collect()
            }
            RecordKind::Mails => self.mails.iter().cloned().map(Record::Mail).collect(),
            RecordKind::SigningKeys => self
                .signing_keys
                .iter()
                .map(|(position, key)| Record::SigningKey { position: *position, key: key.clone() })
                .collect(),
            RecordKind::AuditEvents => self.events.values().cloned().map(Record::AuditEvent).collect(),
        }
    }

    /// The record that is stored under the key of this one.
    fn stored(&self, record: &Record) -> Option<Record> {
        match record {
            Record::Role(role) => {
                self.roles.values().find(|stored| stored.id == role.id).cloned().map(Record::Role)
            }
            Record::User(account) => self.accounts.get(&account.user.id).cloned().map(Record::User),
            Record::Session(session) => self.sessions.get(&session.id).cloned().map(Record::Session),
            Record::Verification(issued) => {
                self.verifications.get(&issued.user).cloned().map(Record::Verification)
            }
            Record::PasswordReset(issued) => {
                self.resets.get(&issued.user).cloned().map(Record::PasswordReset)
            }
            Record::EmailChange(pending) => {
                self.email_changes.get(&pending.user).cloned().map(Record::EmailChange)
            }
            Record::PasswordAttempts(attempts) => {
                self.wrong_passwords.get(&attempts.key).copied().map(Record::PasswordAttempts)
            }
            Record::CodeAttempts(attempts) => {
                self.wrong_codes.get(&attempts.key).copied().map(Record::CodeAttempts)
            }
            Record::Mail(record) => {
                self.mails.iter().find(|stored| stored.mail.id == record.mail.id).cloned().map(Record::Mail)
            }
            Record::SigningKey { position, .. } => {
                let key = self.signing_keys.get(position).cloned();
                key.map(|key| Record::SigningKey { position: *position, key })
            }
            Record::AuditEvent(event) => self.events.get(&event.id).cloned().map(Record::AuditEvent),
        }
    }

    /// Adds a record, and says whether it was not there before.
    fn add(&mut self, record: Record) -> Result<bool, RefusedRecord> {
        let refused = |refusal| Err(RefusedRecord::new(&record, refusal));
        match self.stored(&record) {
            Some(stored) if stored == record => return Ok(false),
            Some(_) => return refused(RecordRefusal::Differs),
            None if self.has_unique_value_of(&record) => return refused(RecordRefusal::Collides),
            None if !self.has_what_is_named_by(&record) => return refused(RecordRefusal::Dangles),
            None => {}
        }
        match record {
            Record::Role(role) => drop(self.roles.insert(role.name.clone(), role)),
            Record::User(account) => drop(self.accounts.insert(account.user.id, account)),
            Record::Session(session) => drop(self.sessions.insert(session.id, session)),
            Record::Verification(issued) => drop(self.verifications.insert(issued.user, issued)),
            Record::PasswordReset(issued) => drop(self.resets.insert(issued.user, issued)),
            Record::EmailChange(pending) => drop(self.email_changes.insert(pending.user, pending)),
            Record::PasswordAttempts(attempts) => drop(self.wrong_passwords.insert(attempts.key, attempts)),
            Record::CodeAttempts(attempts) => drop(self.wrong_codes.insert(attempts.key, attempts)),
            Record::Mail(record) => self.mails.push(record),
            Record::SigningKey { position, key } => drop(self.signing_keys.insert(position, key)),
            Record::AuditEvent(event) => drop(self.events.insert(event.id, event)),
        }
        Ok(true)
    }

    /// Whether another record has a value that only one may have.
    fn has_unique_value_of(&self, record: &Record) -> bool {
        let is_of_a_change = |digest: TokenDigest| {
            let mut links = self.email_changes.values().filter_map(|pending| pending.link);
            links.any(|link| link.digest == digest)
        };
        match record {
            Record::Role(role) => self.roles.contains_key(&role.name),
            Record::User(Account { user: new, .. }) => {
                self.accounts.values().any(|Account { user, .. }| {
                    user.email == new.email || (user.username.is_some() && user.username == new.username)
                })
            }
            Record::Verification(issued) => {
                self.verifications.values().any(|other| other.link == issued.link)
            }
            Record::PasswordReset(issued) => self.resets.values().any(|other| other.digest == issued.digest),
            Record::EmailChange(pending) => pending.link.is_some_and(|link| is_of_a_change(link.digest)),
            Record::Mail(record) => {
                matches!(record.state, MailState::Waiting { .. }) && self.one_like_it_waits(&record.mail)
            }
            Record::SigningKey { key, .. } => self.signing_keys.values().any(|other| other.id == key.id),
            Record::Session(_)
            | Record::PasswordAttempts(_)
            | Record::CodeAttempts(_)
            | Record::AuditEvent(_) => false,
        }
    }

    /// Whether the user or the roles that it names are stored.
    fn has_what_is_named_by(&self, record: &Record) -> bool {
        let is_stored = |role: &RoleName| self.roles.contains_key(role);
        match record {
            Record::User(account) => account.user.roles.iter().all(is_stored),
            Record::Session(session) => self.accounts.contains_key(&session.user_id),
            Record::Verification(issued) => self.accounts.contains_key(&issued.user),
            Record::PasswordReset(issued) => self.accounts.contains_key(&issued.user),
            Record::EmailChange(pending) => self.accounts.contains_key(&pending.user),
            Record::Role(_)
            | Record::PasswordAttempts(_)
            | Record::CodeAttempts(_)
            | Record::Mail(_)
            | Record::SigningKey { .. }
            | Record::AuditEvent(_) => true,
        }
    }
}
