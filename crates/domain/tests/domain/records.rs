//! What a store keeps, as an archive has it: what makes two records different, and their checksum.

use std::net::Ipv4Addr;
use std::slice;

use portcullis_domain::archive::{
    CodeAttempts, IssuedCode, IssuedEmailChangeLink, IssuedPasswordReset, IssuedVerification,
    PasswordAttempts, PendingEmailChange, Record, RecordKey, Tally, TallyInProgress,
};
use portcullis_domain::audit::{AuditKind, AuditOutcome};
use portcullis_domain::mail::{MailKind, MailRecord, MailState};
use portcullis_domain::{
    Account, AttemptKey, AuditEventId, Client, Generation, KeyId, MailId, Role, RoleDescription, RoleId,
    SessionId, SigningAlgorithm, SigningKey, Timestamp, UserAgent, UserId,
};
use portcullis_testkit::fixtures::{
    NOW, account_attempts, code_attempts, code_digest, email, event, locale, mail, name, other_hash,
    password_hash, permission, role, session, token_digest, user, username,
};
use uuid::Uuid;

use crate::ADA;

const LATER: Timestamp = Timestamp::MAX;
const OTHER_ID: Uuid = Uuid::max();

fn tally_of(records: &[Record]) -> Tally {
    let mut tally = TallyInProgress::default();
    for record in records {
        tally.add(record);
    }
    tally.finish()
}

/// Asserts that `plain` and what each alteration makes of it are as many records, and have as many checksums.
#[track_caller]
fn assert_each_alteration_tells<T: Clone>(
    plain: &T,
    record: impl Fn(T) -> Record,
    alterations: &[fn(&mut T)],
) {
    let altered = alterations.iter().map(|alter| {
        let mut it = plain.clone();
        alter(&mut it);
        it
    });
    let records: Vec<_> = std::iter::once(plain.clone()).chain(altered).map(record).collect();
    for (index, one) in records.iter().enumerate() {
        assert_eq!(*one, one.clone());
        for other in &records[..index] {
            assert_ne!(one, other);
            assert_ne!(tally_of(slice::from_ref(one)), tally_of(slice::from_ref(other)));
        }
    }
}

#[test]
fn every_field_of_a_role_tells() {
    let [plain, _] = Role::all_built_in();
    assert_each_alteration_tells(
        &plain,
        Record::Role,
        &[
            |role| role.id = OTHER_ID.into(),
            |it| it.name = role("other"),
            |role| role.description = None,
            |role| role.description = RoleDescription::parse("Other").ok(),
            |role| role.built_in = false,
            |role| role.permissions = [permission("reports:read")].into(),
            |role| role.permissions = ["reports:read", "reports:write"].map(permission).into(),
        ],
    );
}

#[test]
fn every_field_of_a_user_tells() {
    assert_each_alteration_tells(
        &Account { user: user(ADA), password_hash: Some(password_hash()) },
        Record::User,
        &[
            |account| account.user.id = OTHER_ID.into(),
            |account| account.user.email = email("eve@example.com"),
            |account| account.user.email = email("ADA@example.com"),
            |account| account.user.email_verified = true,
            |account| account.user.username = Some(username("ada")),
            |account| account.user.username = Some(username("Ada")),
            |account| account.user.profile.name = Some(name("Ada")),
            |account| account.user.profile.first_name = Some(name("Ada")),
            |account| account.user.profile.last_name = Some(name("Ada")),
            |account| account.user.is_active = false,
            |account| account.user.roles = [].into(),
            |account| account.user.roles = [role("other")].into(),
            |account| account.user.locale = locale("de"),
            |account| account.user.created_at = LATER,
            |account| account.user.updated_at = Some(LATER),
            |account| account.user.last_login_at = Some(LATER),
            |account| account.password_hash = None,
            |account| account.password_hash = Some(other_hash("other")),
        ],
    );
}

#[test]
fn every_field_of_a_session_tells() {
    assert_each_alteration_tells(
        &session(user(ADA).id),
        Record::Session,
        &[
            |session| session.id = OTHER_ID.into(),
            |session| session.user_id = OTHER_ID.into(),
            |session| session.generation = Generation::new(1),
            |session| session.created_at = LATER,
            |session| session.last_used_at = LATER,
            |session| session.expires_at = LATER,
            |session| session.ends_at = LATER,
            |session| session.client = Client::default(),
            |session| session.client.ip = Some(Ipv4Addr::BROADCAST.into()),
            |session| session.client.user_agent = UserAgent::sanitized("other"),
        ],
    );
}

#[test]
fn every_field_of_a_verification_tells() {
    let plain = IssuedVerification {
        user: user(ADA).id,
        address: email(ADA),
        link: token_digest(),
        link_expires_at: NOW,
        code: Some(IssuedCode { digest: code_digest(ADA, "123456"), expires_at: NOW }),
    };
    assert_each_alteration_tells(
        &plain,
        Record::Verification,
        &[
            |issued| issued.user = OTHER_ID.into(),
            |issued| issued.address = email("eve@example.com"),
            |issued| issued.link = token_digest(),
            |issued| issued.link_expires_at = LATER,
            |issued| issued.code = None,
            |issued| issued.code.as_mut().unwrap().digest = code_digest(ADA, "654321"),
            |issued| issued.code.as_mut().unwrap().expires_at = LATER,
        ],
    );
}

#[test]
fn every_field_of_a_password_reset_tells() {
    let plain = IssuedPasswordReset {
        user: user(ADA).id,
        address: email(ADA),
        digest: token_digest(),
        expires_at: NOW,
    };
    assert_each_alteration_tells(
        &plain,
        Record::PasswordReset,
        &[
            |issued| issued.user = OTHER_ID.into(),
            |issued| issued.address = email("eve@example.com"),
            |issued| issued.digest = token_digest(),
            |issued| issued.expires_at = LATER,
        ],
    );
}

#[test]
fn every_field_of_a_change_of_address_tells() {
    let ada = user(ADA).id;
    let link = IssuedEmailChangeLink { digest: token_digest(), expires_at: NOW };
    let plain =
        PendingEmailChange { user: ada, session: session(ada).id, new_address: email(ADA), link: Some(link) };
    assert_each_alteration_tells(
        &plain,
        Record::EmailChange,
        &[
            |pending| pending.user = OTHER_ID.into(),
            |pending| pending.session = OTHER_ID.into(),
            |pending| pending.new_address = email("eve@example.com"),
            |pending| pending.new_address = email("ADA@example.com"),
            |pending| pending.link = None,
            |pending| pending.link.as_mut().unwrap().digest = token_digest(),
            |pending| pending.link.as_mut().unwrap().expires_at = LATER,
        ],
    );
}

#[test]
fn every_field_of_counted_attempts_tells() {
    let plain = PasswordAttempts {
        key: account_attempts(user(ADA).id),
        failures: 1,
        last_failure_at: NOW,
        locked_until: None,
    };
    assert_each_alteration_tells(
        &plain,
        Record::PasswordAttempts,
        &[
            |attempts| attempts.key = account_attempts(OTHER_ID.into()),
            |attempts| attempts.failures = 2,
            |attempts| attempts.last_failure_at = LATER,
            |attempts| attempts.locked_until = Some(NOW),
            |attempts| attempts.locked_until = Some(LATER),
        ],
    );
    let plain = CodeAttempts {
        key: code_attempts(ADA),
        since_issued: 1,
        within_hour: 1,
        hour_started_at: NOW,
        last_failure_at: NOW,
    };
    assert_each_alteration_tells(
        &plain,
        Record::CodeAttempts,
        &[
            |attempts| attempts.key = code_attempts("eve@example.com"),
            |attempts| attempts.since_issued = 2,
            |attempts| attempts.within_hour = 2,
            |attempts| attempts.hour_started_at = LATER,
            |attempts| attempts.last_failure_at = LATER,
        ],
    );
}

#[test]
fn every_field_of_a_mail_tells() {
    let plain = MailRecord {
        mail: mail(MailKind::VerifyEmail, ADA),
        attempts: 1,
        state: MailState::Waiting { due_at: NOW },
        last_failure: None,
    };
    assert_each_alteration_tells(
        &plain,
        Record::Mail,
        &[
            |record| record.mail.id = OTHER_ID.into(),
            |record| record.mail.kind = MailKind::ResetPassword,
            |record| record.mail.kind = MailKind::ConfirmEmailChange(Uuid::nil().into()),
            |record| record.mail.kind = MailKind::ConfirmEmailChange(OTHER_ID.into()),
            |record| record.mail.recipient = email("eve@example.com"),
            |record| record.mail.recipient = email("ADA@example.com"),
            |record| record.mail.locale = locale("de"),
            |record| record.mail.queued_at = LATER,
            |record| record.attempts = 2,
            |record| record.state = MailState::Waiting { due_at: LATER },
            |record| record.state = MailState::Claimed { leased_until: NOW },
            |record| record.state = MailState::Claimed { leased_until: LATER },
            |record| record.state = MailState::Parked,
            |record| record.last_failure = Some(String::new()),
            |record| record.last_failure = Some("451 later".to_owned()),
        ],
    );
}

#[test]
fn every_field_of_a_signing_key_tells() {
    let key = SigningKey {
        id: KeyId::new("key"),
        algorithm: SigningAlgorithm::EdDsa,
        sealed: vec![0; 8],
        created_at: NOW,
        signs_from: NOW,
        verifies_until: None,
    };
    assert_each_alteration_tells(
        &(1, key),
        |(position, key)| Record::SigningKey { position, key },
        &[
            |(position, _)| *position = 2,
            |(_, key)| key.id = KeyId::new("other"),
            |(_, key)| key.algorithm = SigningAlgorithm::Rs256,
            |(_, key)| key.sealed = vec![0; 9],
            |(_, key)| key.created_at = LATER,
            |(_, key)| key.signs_from = LATER,
            |(_, key)| key.verifies_until = Some(NOW),
            |(_, key)| key.verifies_until = Some(LATER),
        ],
    );
}

#[test]
fn every_field_of_an_audit_event_tells() {
    assert_each_alteration_tells(
        &event(AuditKind::Login).with("by", "operator"),
        Record::AuditEvent,
        &[
            |event| event.id = OTHER_ID.into(),
            |event| event.at = LATER,
            |event| event.kind = AuditKind::Logout,
            |event| event.outcome = AuditOutcome::Failure,
            |event| event.actor = Some(OTHER_ID.into()),
            |event| event.subject = Some(OTHER_ID.into()),
            |event| event.client = Client::default(),
            |event| event.client.ip = Some(Ipv4Addr::BROADCAST.into()),
            |event| event.client.user_agent = UserAgent::sanitized("other"),
            |event| event.detail.clear(),
            |event| event.detail = [("by".to_owned(), "robot".to_owned())].into(),
            |event| event.detail = [("of".to_owned(), "operator".to_owned())].into(),
            |event| event.detail = [("byo".to_owned(), "perator".to_owned())].into(),
        ],
    );
}

#[test]
fn a_checksum_tells_how_many_there_are_and_in_which_order() {
    let user = Record::User(Account { user: user(ADA), password_hash: Some(password_hash()) });
    let role = Record::Role(Role::all_built_in()[0].clone());
    let lists = [vec![], vec![user.clone()], vec![user.clone(), role.clone()], vec![role, user]];
    for (index, one) in lists.iter().enumerate() {
        assert_eq!(tally_of(one).count, one.len() as u64);
        for other in &lists[..index] {
            assert_ne!(tally_of(one).checksum, tally_of(other).checksum);
        }
    }
}

#[test]
fn a_checksum_stays_what_it_is_from_version_to_version() {
    let roles = Role::all_built_in().map(Record::Role);
    let Tally { count, checksum } = tally_of(&roles);
    let expected = "e64509b6daf7ed68dab6fe6ae31c046b749594d634606f509aaa75193d4b185a";
    assert_eq!((count, checksum.to_string().as_str()), (2, expected));
}

#[test]
fn a_key_is_shown_so_that_an_operator_finds_the_record() {
    let id = "01234567-89ab-7def-8123-456789abcdef";
    let attempts = AttemptKey::from_bytes([0x0F; 32]);
    for (key, shown) in [
        (RecordKey::from(RoleId::parse(id).unwrap()), id),
        (RecordKey::from(UserId::parse(id).unwrap()), id),
        (RecordKey::from(SessionId::parse(id).unwrap()), id),
        (RecordKey::from(MailId::parse(id).unwrap()), id),
        (RecordKey::from(AuditEventId::parse(id).unwrap()), id),
        (RecordKey::Attempts(attempts), &"0f".repeat(32)),
        (RecordKey::Position(3), "3"),
    ] {
        assert_eq!(key.to_string(), shown);
    }
}
