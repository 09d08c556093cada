use portcullis_domain::archive::{
    IssuedEmailChangeLink, IssuedPasswordReset, IssuedVerification, PendingEmailChange, Record,
};
use portcullis_domain::audit::AuditEvent;
use portcullis_domain::mail::{MailKind, MailRecord, MailState, QueuedMail};
use portcullis_domain::ports::{RecordRefusal, WritePageError};
use portcullis_domain::{
    Account, KeyId, Locale, Role, RoleDescription, RoleId, SigningAlgorithm, SigningKey, TokenDigest, User,
    UserId,
};

use super::ArchiveSetup;
use super::samples::installation;
use crate::ScriptedEntropy;
use crate::contract::steps::TICK;
use crate::fixtures::{
    NOW, email, mail, other_hash, permission, role, session, token_digest, user, username,
};

static ENTROPY: ScriptedEntropy = ScriptedEntropy::seeded(0x2EF5);

impl ArchiveSetup {
    /// Writes a record that must be refused, beside which nothing may change.
    async fn refuse(&self, record: &Record, refusal: RecordRefusal) {
        let before = self.read_everything().await;
        match self.archive.write_page(vec![record.clone()]).await {
            Err(WritePageError::Refused(refused)) => {
                let told = (refused.kind, refused.key, refused.refusal);
                assert_eq!(told, (record.kind(), record.key(), refusal), "{record:?}");
            }
            other => panic!("{record:?} {refusal}, so it is refused: {other:?}"),
        }
        assert_eq!(self.read_everything().await, before, "a refused record changes nothing");
    }
}

/// What is stored is never overwritten by something else under the same key, however small the difference.
pub async fn a_record_with_other_content_is_refused(setup: &ArchiveSetup) {
    let stored = installation();
    setup.write(&stored).await;
    for record in &stored {
        for changed in changes_of(record) {
            assert!(changed.key() == record.key() && changed != *record, "{changed:?}");
            setup.refuse(&changed, RecordRefusal::Differs).await;
        }
    }
    for built_in in Role::all_built_in() {
        let permissions = [permission("users:read")].into();
        setup.refuse(&Record::Role(Role { permissions, ..built_in }), RecordRefusal::Differs).await;
    }
}

/// The record with something else in it.
fn changes_of(record: &Record) -> Vec<Record> {
    match record.clone() {
        Record::Role(role) => {
            let with = |description: &str| RoleDescription::parse(description).ok();
            let permissions = role.permissions.iter().cloned().chain([permission("x:y")]).collect();
            vec![
                Record::Role(Role { description: with("another"), ..role.clone() }),
                Record::Role(Role { permissions, ..role }),
            ]
        }
        Record::User(account) => {
            let other_user = |user| Record::User(Account { user, ..account.clone() });
            let respelled = email(&account.user.email.as_str().to_uppercase());
            vec![
                Record::User(Account { password_hash: Some(other_hash("x")), ..account.clone() }),
                other_user(User { email: respelled, ..account.user.clone() }),
                other_user(User { updated_at: Some(NOW + TICK * 7), ..account.user.clone() }),
                other_user(User { roles: vec![role("user")], ..account.user.clone() }),
            ]
        }
        Record::Session(mut session) => {
            session.last_used_at = session.last_used_at + TICK;
            vec![Record::Session(session)]
        }
        Record::Verification(issued) => {
            let (spent, link) = (issued.code.is_none(), token_digest());
            let other_code = IssuedVerification { code: None, ..issued.clone() };
            let mut changes = vec![Record::Verification(IssuedVerification { link, ..issued })];
            changes.extend((!spent).then_some(Record::Verification(other_code)));
            changes
        }
        Record::PasswordReset(issued) => {
            let address = email("other@example.com");
            vec![Record::PasswordReset(IssuedPasswordReset { address, ..issued })]
        }
        Record::EmailChange(pending) => {
            let link = Some(IssuedEmailChangeLink { digest: token_digest(), expires_at: NOW });
            vec![Record::EmailChange(PendingEmailChange { link, ..pending })]
        }
        Record::PasswordAttempts(mut attempts) => {
            attempts.failures -= u32::from(attempts.failures > 1);
            attempts.locked_until = attempts.locked_until.map_or(Some(NOW), |_| None);
            vec![Record::PasswordAttempts(attempts)]
        }
        Record::CodeAttempts(mut attempts) => {
            attempts.within_hour += 1;
            vec![Record::CodeAttempts(attempts)]
        }
        Record::Mail(record) => {
            let last_failure = Some("another".to_owned());
            let locale = Locale::english();
            let mail = QueuedMail { locale, ..record.mail.clone() };
            vec![
                Record::Mail(MailRecord { last_failure, ..record.clone() }),
                Record::Mail(MailRecord { mail, ..record }),
            ]
        }
        Record::SigningKey { position, key } => {
            let verifies_until = Some(NOW + TICK * 9);
            vec![Record::SigningKey { position, key: SigningKey { verifies_until, ..key } }]
        }
        Record::AuditEvent(event) => vec![
            Record::AuditEvent(AuditEvent { actor: Some(user("other@example.com").id), ..event.clone() }),
            Record::AuditEvent(event.with("more", "than before")),
        ],
    }
}

/// What may be there once is not stored twice under different keys.
pub async fn a_record_that_collides_is_refused(setup: &ArchiveSetup) {
    let ada = User { username: Some(username("ada")), ..user("ada@example.com") };
    let bob = user("bob@example.com");
    let [links, resets, changes] = [(); 3].map(|()| token_digest());
    let mut stored = vec![role_named("auditor"), account(ada.clone()), account(bob.clone())];
    stored.extend([verification(ada.id, links), reset(ada.id, resets), change(ada.id, changes)]);
    stored.extend([waiting("ada@example.com"), key(1, "key-1")]);
    assert_eq!(setup.write(&stored).await as usize, stored.len());
    for colliding in [
        role_named("auditor"),
        role_named("admin"),
        account(user("ADA@example.com")),
        account(User { username: Some(username("ADA")), ..user("eve@example.com") }),
        verification(bob.id, links),
        reset(bob.id, resets),
        change(bob.id, changes),
        waiting("ADA@example.com"),
        key(2, "key-1"),
    ] {
        setup.refuse(&colliding, RecordRefusal::Collides).await;
    }
}

/// Nothing is stored that belongs to somebody who is not.
pub async fn a_record_that_names_what_is_not_stored_is_refused(setup: &ArchiveSetup) {
    let nobody = user("nobody@example.com").id;
    for dangling in [
        account(User { roles: vec![role("nowhere"), role("user")], ..user("ada@example.com") }),
        Record::Session(session(nobody)),
        verification(nobody, token_digest()),
        reset(nobody, token_digest()),
        change(nobody, token_digest()),
    ] {
        setup.refuse(&dangling, RecordRefusal::Dangles).await;
    }
}

fn role_named(name: &str) -> Record {
    let id = RoleId::generate(NOW, &ENTROPY);
    Record::Role(Role { id, name: role(name), description: None, built_in: false, permissions: [].into() })
}

fn account(user: User) -> Record {
    Record::User(Account { user, password_hash: None })
}

fn verification(user: UserId, link: TokenDigest) -> Record {
    let address = email("ada@example.com");
    Record::Verification(IssuedVerification { user, address, link, link_expires_at: NOW, code: None })
}

fn reset(user: UserId, digest: TokenDigest) -> Record {
    let address = email("ada@example.com");
    Record::PasswordReset(IssuedPasswordReset { user, address, digest, expires_at: NOW })
}

fn change(user: UserId, digest: TokenDigest) -> Record {
    let link = Some(IssuedEmailChangeLink { digest, expires_at: NOW });
    let new_address = email("new@example.com");
    Record::EmailChange(PendingEmailChange { user, session: session(user).id, new_address, link })
}

fn waiting(recipient: &str) -> Record {
    let mail = mail(MailKind::VerifyEmail, recipient);
    let state = MailState::Waiting { due_at: NOW };
    Record::Mail(MailRecord { mail, attempts: 0, state, last_failure: None })
}

fn key(position: u32, id: &str) -> Record {
    let key = SigningKey {
        id: KeyId::new(id),
        algorithm: SigningAlgorithm::EdDsa,
        sealed: vec![1],
        created_at: NOW,
        signs_from: NOW,
        verifies_until: None,
    };
    Record::SigningKey { position, key }
}
