//! Records of every kind: with everything that can be there, and with nothing that need not.

use std::net::Ipv6Addr;

use portcullis_domain::archive::{
    CodeAttempts, IssuedCode, IssuedEmailChangeLink, IssuedPasswordReset, IssuedVerification,
    PasswordAttempts, PendingEmailChange, Record,
};
use portcullis_domain::audit::{AuditEvent, AuditKind, FailureReason};
use portcullis_domain::mail::{MailKind, MailRecord, MailState, QueuedMail};
use portcullis_domain::{
    Account, AuditEventId, Client, Generation, KeyId, ProfileNames, Role, RoleDescription, RoleId, Session,
    SigningAlgorithm, SigningKey, Timestamp, User, UserAgent, UserId,
};

use crate::ScriptedEntropy;
use crate::contract::steps::{DAY, TICK};
use crate::fixtures::{
    NOW, account_attempts, code_attempts, code_digest, email, event_at, locale, mail, name, password_hash,
    permission, role, session, token_digest, user, username,
};

static ENTROPY: ScriptedEntropy = ScriptedEntropy::seeded(0xA2C4);

/// The records of an installation that has everything, each after those that it names, and in each kind
/// in the order of the keys. The built-in roles are not among them.
pub(super) fn installation() -> Vec<Record> {
    let [full, bare] = [full_account(), bare_account()];
    let [with_all, with_little] = [full.user.id, bare.user.id];
    let mut records = [
        vec![Record::Role(full_role()), Record::Role(bare_role())],
        vec![Record::User(full), Record::User(bare)],
        vec![Record::Session(full_session(with_all)), Record::Session(bare_session(with_little))],
        vec![verification(with_all, true), verification(with_little, false)],
        vec![password_reset(with_all), password_reset(with_little)],
        vec![email_change(with_all, true), email_change(with_little, false)],
        vec![password_attempts(with_all, true), password_attempts(with_little, false)],
        vec![code_attempts_for("ada@example.com", 0), code_attempts_for("bob@example.com", u32::MAX)],
        mails(with_all),
        signing_keys(),
        audit_events(with_all),
    ];
    for kind in &mut records {
        kind.sort_by_key(Record::key);
    }
    records.concat()
}

fn full_role() -> Role {
    Role {
        id: RoleId::generate(NOW, &ENTROPY),
        name: role("auditor-2_eu"),
        description: RoleDescription::parse("Prüft, was die anderen tun 🔎").ok(),
        built_in: false,
        permissions: ["reports:read", "audit:read", "a:b"].map(permission).into(),
    }
}

fn bare_role() -> Role {
    Role {
        id: RoleId::generate(NOW, &ENTROPY),
        name: role("nothing"),
        description: None,
        built_in: false,
        permissions: [].into(),
    }
}

fn full_account() -> Account {
    let user = User {
        email_verified: true,
        username: Some(username("Ada.Lovelace")),
        profile: ProfileNames {
            name: Some(name("عائشة 👩\u{200D}🚀")),
            first_name: Some(name("Zoe\u{308}, \"Ada\" 'A', {b}; \\c%")),
            last_name: Some(name("Лавлейс")),
        },
        is_active: false,
        roles: ["admin", "auditor-2_eu", "user"].map(role).into(),
        locale: locale("de-at"),
        updated_at: Some(NOW + TICK),
        last_login_at: Some(NOW + TICK * 2),
        ..user("Zoe\u{308}.Löwe@BÜCHER.example")
    };
    Account { user, password_hash: Some(password_hash()) }
}

fn bare_account() -> Account {
    Account { user: User { roles: Vec::new(), ..user("bob@example.com") }, password_hash: None }
}

fn full_session(user: UserId) -> Session {
    Session {
        generation: Generation::new(u32::MAX),
        last_used_at: NOW + TICK,
        expires_at: NOW + TICK * 3,
        ends_at: Timestamp::MAX,
        client: full_client(),
        ..session(user)
    }
}

fn full_client() -> Client {
    Client {
        ip: Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0xff, 0xfe00, 1).into()),
        user_agent: UserAgent::sanitized("Браузер/1.0 (🦊; rv:1)"),
    }
}

fn bare_session(user: UserId) -> Session {
    Session { created_at: Timestamp::MIN, client: Client::default(), ..session(user) }
}

fn verification(user: UserId, has_code: bool) -> Record {
    let code = IssuedCode { digest: code_digest("ada@example.com", "123456"), expires_at: NOW + TICK };
    Record::Verification(IssuedVerification {
        user,
        address: email("Zoe\u{308}.Löwe@BÜCHER.example"),
        link: token_digest(),
        link_expires_at: NOW + DAY,
        code: has_code.then_some(code),
    })
}

fn password_reset(user: UserId) -> Record {
    let address = email("Zoe\u{308}.Löwe@BÜCHER.example");
    Record::PasswordReset(IssuedPasswordReset {
        user,
        address,
        digest: token_digest(),
        expires_at: NOW + TICK,
    })
}

fn email_change(user: UserId, has_link: bool) -> Record {
    let link = IssuedEmailChangeLink { digest: token_digest(), expires_at: NOW + TICK };
    Record::EmailChange(PendingEmailChange {
        user,
        session: session(user).id,
        new_address: email("Ada@Löwe.example"),
        link: has_link.then_some(link),
    })
}

fn password_attempts(user: UserId, locked: bool) -> Record {
    Record::PasswordAttempts(PasswordAttempts {
        key: account_attempts(user),
        failures: if locked { u32::MAX } else { 1 },
        last_failure_at: NOW + TICK,
        locked_until: locked.then_some(NOW + DAY + TICK),
    })
}

fn code_attempts_for(address: &str, since_issued: u32) -> Record {
    Record::CodeAttempts(CodeAttempts {
        key: code_attempts(address),
        since_issued,
        within_hour: 1,
        hour_started_at: NOW,
        last_failure_at: NOW + TICK,
    })
}

fn mails(user: UserId) -> Vec<Record> {
    let kinds = [
        MailKind::VerifyEmail,
        MailKind::ResetPassword,
        MailKind::Invitation,
        MailKind::ConfirmEmailChange(user),
        MailKind::EmailChangeRequested,
        MailKind::EmailChanged,
        MailKind::PasswordChanged,
        MailKind::AddressAlreadyRegistered,
    ];
    let waiting = MailState::Waiting { due_at: NOW + TICK };
    let of_kind = |kind| QueuedMail { locale: locale("de-at"), ..mail(kind, "Zoe\u{308}@BÜCHER.example") };
    let record = |kind, attempts, state, last_failure: Option<&str>| {
        let last_failure = last_failure.map(str::to_owned);
        Record::Mail(MailRecord { mail: of_kind(kind), attempts, state, last_failure })
    };
    let failed = "451 4.7.1 später 🙁\r\n";
    let mut mails: Vec<_> = kinds.map(|kind| record(kind, 0, waiting, None)).into();
    let claimed = MailState::Claimed { leased_until: NOW + DAY };
    for kind in [MailKind::VerifyEmail, MailKind::ConfirmEmailChange(user)] {
        mails.push(record(kind, 1, claimed, None));
        mails.push(record(kind, u32::MAX, MailState::Parked, Some(failed)));
    }
    mails.push(record(
        MailKind::ConfirmEmailChange(UserId::generate(NOW, &ENTROPY)),
        7,
        waiting,
        Some(failed),
    ));
    mails
}

fn signing_keys() -> Vec<Record> {
    let key = |id: &str, algorithm, verifies_until| SigningKey {
        id: KeyId::new(id),
        algorithm,
        sealed: (0..=u8::MAX).collect(),
        created_at: NOW,
        signs_from: NOW + TICK,
        verifies_until,
    };
    // Keys in between have expired; the order is not that of the ids.
    vec![
        Record::SigningKey { position: 2, key: key("z", SigningAlgorithm::Rs256, Some(NOW + DAY)) },
        Record::SigningKey { position: 300, key: key("é", SigningAlgorithm::Es256, Some(NOW + DAY + TICK)) },
        Record::SigningKey { position: 301, key: key("a", SigningAlgorithm::EdDsa, None) },
    ]
}

fn audit_events(user: UserId) -> Vec<Record> {
    let gone = UserId::generate(NOW, &ENTROPY);
    let full = AuditEvent {
        at: NOW + TICK,
        actor: Some(user),
        client: full_client(),
        ..event_at(AuditKind::Login, NOW).about(gone).failed(FailureReason::WrongPassword)
    };
    let mut events = vec![
        full.with("roles", "admin,user").with("", "'; -- \"\\ 🦊\n").with("zwölf", ""),
        AuditEvent { client: Client::default(), ..event_at(AuditKind::UserImport, NOW) },
    ];
    // The least and the greatest id that there can be.
    events.push(AuditEvent {
        id: AuditEventId::from(uuid::Uuid::nil()),
        at: Timestamp::MIN,
        actor: Some(gone),
        ..event_at(AuditKind::Logout, NOW)
    });
    events.push(AuditEvent {
        id: AuditEventId::from(uuid::Uuid::max()),
        at: Timestamp::MAX,
        ..event_at(AuditKind::Logout, NOW)
    });
    events.into_iter().map(Record::AuditEvent).collect()
}
