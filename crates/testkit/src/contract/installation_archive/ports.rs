use std::time::Duration;

use portcullis_domain::archive::{
    CodeAttempts, IssuedCode, IssuedEmailChangeLink, IssuedPasswordReset, IssuedVerification,
    PasswordAttempts, PendingEmailChange, Record, RecordKey, RecordKind,
};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::{MailKind, MailRecord, MailState};
use portcullis_domain::ports::{
    AuditQuery, CodeLimits, CodeOutcome, CodeRedemption, EmailChangeOutcome, EmailChangeRequest,
    EmailChangeRequestOutcome, KeySuccession, LinkRedemption, LockoutPolicy, MailResending, NewAccount,
    PasswordReset, RoleCreation, RoleCreationOutcome, RoleUpdate, RoleUpdateOutcome, Rotation,
    RotationOutcome, UserFilter, UserQuery, VerificationOutcome, VerificationSecrets,
};
use portcullis_domain::{
    Account, Change, Generation, KeyId, LoginIdentifier, Permissions, ProfileNames, Role, RoleId, RoleName,
    SearchPrefix, Session, SigningAlgorithm, SigningKey, Timestamp, User,
};

use super::ArchiveSetup;
use crate::ScriptedEntropy;
use crate::contract::steps::{DAY, HOUR, MINUTE, TICK, everything};
use crate::contract::trail::EVERYTHING;
use crate::fixtures::{
    LIFETIME, NOW, account_attempts, account_of, code_attempts, code_digest, custom_role, email, event,
    event_at, mail, name, numbered_permissions, other_hash, password_hash, permission, role, session,
    token_digest, user, username,
};

static ENTROPY: ScriptedEntropy = ScriptedEntropy::seeded(0x9027);

const POLICY: LockoutPolicy = LockoutPolicy { threshold: 2, duration: HOUR };
const LIMITS: CodeLimits = CodeLimits { per_code: 5, per_hour: 15 };

fn signing_key(id: &str) -> SigningKey {
    SigningKey {
        id: KeyId::new(id),
        algorithm: SigningAlgorithm::EdDsa,
        sealed: vec![1, 2, 3],
        created_at: NOW,
        signs_from: NOW + TICK,
        verifies_until: None,
    }
}

fn rotation(session: &Session, generation: Generation, now: Timestamp) -> Rotation {
    Rotation {
        session: session.id,
        generation,
        now,
        lifetime: LIFETIME,
        grace: Duration::ZERO,
        reuse: event(AuditKind::RefreshTokenReuse),
    }
}

fn succession(key: SigningKey, predecessor: Option<KeyId>, predecessor_until: Timestamp) -> KeySuccession {
    KeySuccession { key, predecessor, predecessor_until, event: event(AuditKind::SigningKeyRotation) }
}

fn redemption(address: &str, code: &str) -> CodeRedemption {
    CodeRedemption {
        address: email(address),
        code: Some(code_digest(address, code)),
        attempts: code_attempts(address),
        limits: LIMITS,
        now: NOW,
        event: event(AuditKind::EmailVerification),
        failure: event(AuditKind::EmailVerification),
    }
}

/// Whatever came about through the other ports is read from the archive as it is.
pub async fn what_the_ports_keep_is_in_the_archive(setup: &ArchiveSetup) {
    accounts_are_in_the_archive(setup).await;
    secrets_are_in_the_archive(setup).await;
    attempts_are_in_the_archive(setup).await;
    mails_are_in_the_archive(setup).await;
    signing_keys_are_in_the_archive(setup).await;
    audit_events_are_in_the_archive(setup).await;
}

async fn accounts_are_in_the_archive(setup: &ArchiveSetup) {
    let added = setup.storage.add_role("auditor", &["audit:read"]).await;
    assert!(setup.read(RecordKind::Roles, 10).await.contains(&Record::Role(added)));

    let mut ada = User { username: Some(username("Ada")), ..user("Ada@example.com") };
    ada.profile.first_name = Some(name("Ada"));
    ada.roles = vec![role("auditor"), role("user")];
    let opened = session(ada.id);
    let ada = setup.storage.register(NewAccount { session: Some(opened.clone()), ..account_of(ada) }).await;
    setup.storage.sessions.rotate(rotation(&opened, Generation::FIRST, NOW + TICK)).await.expect("rotate");
    let stored = setup.storage.stored(ada.id).await;
    assert_eq!(setup.read(RecordKind::Users, 10).await, [Record::User(stored)]);
    let rotated = Session {
        generation: Generation::new(1),
        last_used_at: NOW + TICK,
        expires_at: LIFETIME.expiry(NOW + TICK, opened.ends_at),
        ..opened
    };
    assert_eq!(setup.read(RecordKind::Sessions, 10).await, [Record::Session(rotated)]);
}

async fn secrets_are_in_the_archive(setup: &ArchiveSetup) {
    let bob = setup.storage.register(account_of(user("Bob@example.com"))).await;
    let tokens = &setup.storage.tokens;
    let secrets = VerificationSecrets {
        link: token_digest(),
        link_expires_at: NOW + DAY,
        code: code_digest("bob@example.com", "314159"),
        code_expires_at: NOW + HOUR,
        attempts: code_attempts("bob@example.com"),
    };
    tokens.issue_verification(&bob.email, secrets).await.expect("issue");
    let mut issued = IssuedVerification {
        user: bob.id,
        address: email("bob@example.com"),
        link: secrets.link,
        link_expires_at: NOW + DAY,
        code: Some(IssuedCode { digest: secrets.code, expires_at: NOW + HOUR }),
    };
    let verifications = async || setup.read(RecordKind::Verifications, 10).await;
    assert_eq!(verifications().await, [Record::Verification(issued.clone())]);
    tokens.redeem_verification_code(redemption("bob@example.com", "314159")).await.expect("redeem");
    issued.code = None;
    assert_eq!(verifications().await, [Record::Verification(issued)]);

    let digest = token_digest();
    tokens.issue_password_reset(&bob.email, digest, NOW + HOUR).await.expect("issue");
    let address = email("bob@example.com");
    let issued = IssuedPasswordReset { user: bob.id, address, digest, expires_at: NOW + HOUR };
    assert_eq!(setup.read(RecordKind::PasswordResets, 10).await, [Record::PasswordReset(issued)]);

    let (session, new_address) = (session(bob.id).id, email("Robert@BÜCHER.example"));
    let mut pending = PendingEmailChange { user: bob.id, session, new_address, link: None };
    let new_address = pending.new_address.clone();
    let event = event(AuditKind::EmailChangeRequest).about(bob.id);
    let request = EmailChangeRequest {
        user: bob.id,
        session,
        new_address,
        verified_hash: password_hash(),
        mails: vec![],
        event,
        if_taken: None,
    };
    let outcome = tokens.request_email_change(request).await.expect("request");
    assert_eq!(outcome, EmailChangeRequestOutcome::Requested, "it is asked for");
    let changes = async || setup.read(RecordKind::EmailChanges, 10).await;
    assert_eq!(changes().await, [Record::EmailChange(pending.clone())]);
    tokens.issue_email_change(bob.id, &pending.new_address, digest, NOW + HOUR).await.expect("issue");
    pending.link = Some(IssuedEmailChangeLink { digest, expires_at: NOW + HOUR });
    assert_eq!(changes().await, [Record::EmailChange(pending)]);
}

async fn attempts_are_in_the_archive(setup: &ArchiveSetup) {
    let key = account_attempts(user("ada@example.com").id);
    let mut attempts = PasswordAttempts { key, failures: 1, last_failure_at: NOW, locked_until: None };
    let counted = async || setup.read(RecordKind::PasswordAttempts, 10).await;
    setup.storage.count_wrong_password(key, NOW, POLICY).await;
    assert_eq!(counted().await, [Record::PasswordAttempts(attempts)]);
    setup.storage.count_wrong_password(key, NOW + TICK, POLICY).await;
    attempts.failures = 2;
    attempts.last_failure_at = NOW + TICK;
    attempts.locked_until = Some(NOW + TICK + HOUR);
    assert_eq!(counted().await, [Record::PasswordAttempts(attempts)]);

    for seconds in [0, 1] {
        let wrong = redemption("ada@example.com", "000000");
        let wrong = CodeRedemption { now: NOW + Duration::from_secs(seconds), ..wrong };
        setup.storage.tokens.redeem_verification_code(wrong).await.expect("redeem");
    }
    let attempts = CodeAttempts {
        key: code_attempts("ada@example.com"),
        since_issued: 2,
        within_hour: 2,
        hour_started_at: NOW,
        last_failure_at: NOW + Duration::from_secs(1),
    };
    assert_eq!(setup.read(RecordKind::CodeAttempts, 10).await, [Record::CodeAttempts(attempts)]);
}

async fn mails_are_in_the_archive(setup: &ArchiveSetup) {
    let mails = &setup.storage.mails;
    for who in ["parked", "claimed", "deferred", "waiting"] {
        let queued = mail(MailKind::VerifyEmail, &format!("{who}@example.com"));
        mails.enqueue(queued.clone()).await.expect("enqueue");
        if who == "waiting" {
            continue;
        }
        let claim = mails.claim(NOW, NOW + MINUTE).await.expect("claim").expect("it is due");
        match who {
            "parked" => mails.park(&claim, "550 \u{1F4ED}").await.expect("park"),
            "deferred" => mails.retry(&claim, NOW + HOUR, "451").await.expect("retry"),
            _ => {}
        }
    }
    let listed = mails.list(None, 10).await.expect("list");
    assert_eq!(listed.len(), 4);
    let listed: Vec<_> = listed.into_iter().map(Record::Mail).collect();
    assert_eq!(setup.read(RecordKind::Mails, 3).await, listed);
}

async fn signing_keys_are_in_the_archive(setup: &ArchiveSetup) {
    let keys = &setup.storage.signing_keys;
    let [first, second] = ["z", "a"].map(signing_key);
    assert!(keys.succeed(succession(first.clone(), None, NOW)).await.expect("succeed"));
    assert!(keys.succeed(succession(second, Some(first.id), NOW + DAY)).await.expect("succeed"));
    let archived = setup.read(RecordKind::SigningKeys, 1).await.into_iter().map(|record| match record {
        Record::SigningKey { key, .. } => key,
        other => panic!("{other:?} is no signing key"),
    });
    assert_eq!(archived.collect::<Vec<_>>(), keys.list().await.expect("list"), "the oldest comes first");
}

/// Of all that happened until here, too.
async fn audit_events_are_in_the_archive(setup: &ArchiveSetup) {
    let trail = &setup.storage.audit_trail;
    trail.append(event(AuditKind::UserImport).with("imported", "3")).await.expect("append");
    let mut happened = trail.list(EVERYTHING).await.expect("list");
    assert!(happened.len() > 5, "each change came with its event: {happened:?}");
    happened.reverse();
    let happened: Vec<_> = happened.into_iter().map(Record::AuditEvent).collect();
    assert_eq!(setup.read(RecordKind::AuditEvents, 3).await, happened);
}

/// Whatever was written to the archive works through the other ports as if it had come about by them.
pub async fn what_is_written_serves(setup: &ArchiveSetup) {
    written_accounts_serve(setup).await;
    written_secrets_serve(setup).await;
    written_attempts_serve(setup).await;
    written_mails_serve(setup).await;
    written_signing_keys_serve(setup).await;
    written_audit_events_serve(setup).await;
}

async fn written_accounts_serve(setup: &ArchiveSetup) {
    let reports = permission("reports:read");
    let reader = Role {
        id: RoleId::generate(NOW, &ENTROPY),
        name: role("reader"),
        description: None,
        built_in: false,
        permissions: [reports.clone()].into(),
    };
    let ada = User {
        username: Some(username("Ada")),
        profile: ProfileNames { first_name: Some(name("Augusta")), ..ProfileNames::default() },
        roles: vec![reader.name.clone(), RoleName::user()],
        ..user("Ada@example.com")
    };
    let opened = Session { generation: Generation::new(7), ..session(ada.id) };
    let account = Account { user: ada.clone(), password_hash: Some(password_hash()) };
    setup.write(&[Record::Role(reader), Record::User(account), Record::Session(opened.clone())]).await;

    let found = setup.storage.users.find_by_login(&LoginIdentifier::Username(username("ADA"))).await;
    let found = found.expect("find").expect("the username is theirs");
    assert_eq!((found.user, found.password_hash), (ada.clone(), Some(password_hash())));
    let caller = setup.storage.caller(&opened).await.expect("the session is live");
    assert_eq!(caller.permissions, Permissions::only([reports]));
    setup.storage.sign_in(ada.id).await;
    let prefix = SearchPrefix::parse("augus").expect("a valid prefix");
    let filter = UserFilter { prefix: Some(prefix), role: Some(role("reader")), ..UserFilter::default() };
    let query = UserQuery { filter, before: None, limit: 10 };
    let listed = setup.storage.administration.list(query).await.expect("list");
    assert_eq!(
        listed.iter().map(|user| user.id).collect::<Vec<_>>(),
        [ada.id],
        "they are found by their name"
    );
    let rotation = rotation(&opened, Generation::new(7), NOW);
    let outcome = setup.storage.sessions.rotate(rotation.clone()).await.expect("rotate");
    assert!(matches!(outcome, RotationOutcome::Current(_)), "its refresh token is good: {outcome:?}");
    let reused = setup.storage.sessions.rotate(rotation).await.expect("rotate");
    assert!(matches!(reused, RotationOutcome::Reused(_)), "once: {reused:?}");
}

/// Roles that name more than new ones may are written as they are, and can then be changed to name less.
pub async fn roles_that_name_too_much_are_kept_and_can_name_less(setup: &ArchiveSetup) {
    let too_many = 2 * Role::MAX_NAMED_OCTETS / 64;
    let written = Role { permissions: numbered_permissions(0..too_many), ..custom_role("written", &[]) };
    setup.write(&[Record::Role(written.clone())]).await;
    assert!(setup.read(RecordKind::Roles, 10).await.contains(&Record::Role(written.clone())));

    let roles = &setup.storage.roles;
    let change = |name, permissions| RoleUpdate {
        role: written.id,
        name,
        description: Change::Keep,
        permissions,
        authority: everything(),
        event: event(AuditKind::RoleUpdate),
    };
    let permitting = async |numbers| {
        let update = change(None, Some(numbered_permissions(numbers)));
        roles.update(update).await.expect("update")
    };
    assert_eq!(permitting(0..too_many + 1).await, RoleUpdateOutcome::TooManyPermissions);
    let renamed = Role { name: role("renamed"), ..written.clone() };
    let outcome = roles.update(change(Some(role("renamed")), None)).await.expect("update");
    assert_eq!(outcome, RoleUpdateOutcome::Updated(renamed.clone()), "it names what it did");
    let exchanged = Role { permissions: numbered_permissions(1..too_many + 1), ..renamed.clone() };
    assert_eq!(
        permitting(1..too_many + 1).await,
        RoleUpdateOutcome::Updated(exchanged),
        "no more than before"
    );
    let fewer = Role { permissions: numbered_permissions(1..too_many), ..renamed };
    assert_eq!(permitting(1..too_many).await, RoleUpdateOutcome::Updated(fewer), "less, if still too much");
    assert_eq!(permitting(0..too_many).await, RoleUpdateOutcome::TooManyPermissions, "and not more again");
    let creation = |permissions: &[&str]| RoleCreation {
        role: custom_role("another", permissions),
        event: event(AuditKind::RoleCreation),
    };
    let outcome = roles.create(creation(&["a:b"])).await.expect("create");
    assert_eq!(outcome, RoleCreationOutcome::TooManyPermissions);
    let outcome = roles.create(creation(&[])).await.expect("create");
    assert_eq!(outcome, RoleCreationOutcome::Created, "a role without permissions takes no room");
}

async fn written_secrets_serve(setup: &ArchiveSetup) {
    let tokens = &setup.storage.tokens;
    let users = ["link", "code", "reset", "change"].map(|name| user(&format!("{name}@example.com")));
    let accounts =
        users.clone().map(|user| Record::User(Account { user, password_hash: Some(password_hash()) }));
    setup.write(&accounts).await;
    let [link, code, reset, change] = users;
    let [by_link, by_reset, by_change] = [(); 3].map(|()| token_digest());
    let right = IssuedCode { digest: code_digest("code@example.com", "314159"), expires_at: NOW + TICK };
    let verification = |user: &User, link, code| {
        let (user, address) = (user.id, user.email.clone());
        Record::Verification(IssuedVerification { user, address, link, link_expires_at: NOW + TICK, code })
    };
    let new_address = email("changed@example.com");
    setup
        .write(&[
            verification(&link, by_link, None),
            verification(&code, token_digest(), Some(right)),
            Record::PasswordReset(IssuedPasswordReset {
                user: reset.id,
                address: reset.email.clone(),
                digest: by_reset,
                expires_at: NOW + TICK,
            }),
            Record::EmailChange(PendingEmailChange {
                user: change.id,
                session: session(change.id).id,
                new_address: new_address.clone(),
                link: Some(IssuedEmailChangeLink { digest: by_change, expires_at: NOW + TICK }),
            }),
        ])
        .await;

    let followed = |digest, kind| LinkRedemption { digest, now: NOW, event: event(kind) };
    let followed_link = followed(by_link, AuditKind::EmailVerification);
    let verified = tokens.redeem_verification_link(followed_link).await.expect("redeem");
    assert!(matches!(verified, VerificationOutcome::Verified(user) if user.id == link.id));
    let verified = tokens.redeem_verification_code(redemption("code@example.com", "314159")).await;
    assert!(matches!(verified.expect("redeem"), CodeOutcome::Verified(user) if user.id == code.id));
    let password_reset = PasswordReset {
        digest: by_reset,
        now: NOW,
        new_hash: other_hash("new"),
        attempts: account_attempts(reset.id),
        notice: mail(MailKind::PasswordChanged, "reset@example.com"),
        event: event(AuditKind::PasswordReset).about(reset.id),
    };
    assert!(tokens.redeem_password_reset(password_reset).await.expect("redeem"));
    match tokens.redeem_email_change(followed(by_change, AuditKind::EmailChange)).await.expect("redeem") {
        EmailChangeOutcome::Changed(user) => assert_eq!((user.id, user.email), (change.id, new_address)),
        other => panic!("the secret is good: {other:?}"),
    }
    setup.storage.take_mails().await;
}

async fn written_attempts_serve(setup: &ArchiveSetup) {
    let key = account_attempts(user("ada@example.com").id);
    let until = NOW + HOUR;
    setup
        .write(&[
            Record::PasswordAttempts(PasswordAttempts {
                key,
                failures: 2,
                last_failure_at: NOW,
                locked_until: Some(until),
            }),
            Record::CodeAttempts(CodeAttempts {
                key: code_attempts("guessed@example.com"),
                since_issued: 0,
                within_hour: LIMITS.per_hour,
                hour_started_at: NOW,
                last_failure_at: NOW,
            }),
        ])
        .await;
    let locked = setup.storage.lockouts.locked_until(key, NOW).await.expect("look");
    assert_eq!(locked, Some(until));
    let outcome =
        setup.storage.tokens.redeem_verification_code(redemption("guessed@example.com", "000000")).await;
    assert_eq!(outcome.expect("redeem"), CodeOutcome::Exhausted { until: Some(until) });
}

async fn written_mails_serve(setup: &ArchiveSetup) {
    let mails = &setup.storage.mails;
    let record = |who: &str, attempts, state| {
        let mail = mail(MailKind::ResetPassword, &format!("{who}@example.com"));
        MailRecord { mail, attempts, state, last_failure: Some("451".to_owned()) }
    };
    let parked = record("parked", 3, MailState::Parked);
    let waiting = record("waiting", 4, MailState::Waiting { due_at: NOW });
    let claimed = record("claimed", 5, MailState::Claimed { leased_until: NOW + MINUTE });
    setup.write(&[parked.clone(), waiting.clone(), claimed.clone()].map(Record::Mail)).await;
    let claim_at = async |now| mails.claim(now, now + DAY).await.expect("claim");
    let claim = claim_at(NOW).await.expect("one is due");
    assert_eq!((claim.mail.id, claim.attempt), (waiting.mail.id, 5));
    assert_eq!(claim_at(NOW + MINUTE - TICK).await, None, "another one is being delivered");
    let claim = claim_at(NOW + MINUTE).await.expect("its lease ran out");
    assert_eq!((claim.mail.id, claim.attempt), (claimed.mail.id, 6));
    let resending = MailResending { id: parked.mail.id, now: NOW, event: event(AuditKind::MailResend) };
    assert!(mails.send_again(resending).await.expect("send again"));
    let claim = claim_at(NOW).await.expect("it is due again");
    assert_eq!((claim.mail.id, claim.attempt), (parked.mail.id, 1));
}

async fn written_signing_keys_serve(setup: &ArchiveSetup) {
    let [older, newer, newest] = ["z", "m", "a"].map(signing_key);
    let record = |position, key: &SigningKey| Record::SigningKey { position, key: key.clone() };
    // As they come: a page need not begin with the oldest.
    setup.write(&[record(40, &newer), record(7, &older)]).await;
    let keys = &setup.storage.signing_keys;
    assert_eq!(keys.list().await.expect("list"), [older, newer.clone()]);
    let succession = succession(newest.clone(), Some(newer.id), NOW + DAY);
    assert!(keys.succeed(succession).await.expect("succeed"));
    let newest_of_all = keys.list().await.expect("list").pop().map(|key| key.id);
    assert_eq!(newest_of_all, Some(newest.id), "the next one comes after them");
    let positions = setup.read(RecordKind::SigningKeys, 10).await;
    assert!(positions[2].key() > RecordKey::Position(40));
}

async fn written_audit_events_serve(setup: &ArchiveSetup) {
    let trail = &setup.storage.audit_trail;
    let (ada, eve) = (user("ada@example.com").id, user("eve@example.com").id);
    let events = [
        event_at(AuditKind::Logout, NOW - DAY * 2).about(ada),
        event_at(AuditKind::Login, NOW - DAY).about(ada),
        event_at(AuditKind::Login, NOW - TICK).about(eve),
    ];
    setup.write(&events.clone().map(Record::AuditEvent)).await;
    let [logout, login, _] = events;
    let of_ada = AuditQuery { user: Some(ada), ..EVERYTHING };
    assert_eq!(trail.list(of_ada).await.expect("list"), [login.clone(), logout.clone()]);
    let logins = AuditQuery { kind: Some(AuditKind::Login), since: Some(NOW - DAY), ..of_ada };
    assert_eq!(trail.list(logins).await.expect("list"), std::slice::from_ref(&login));
    assert_eq!(trail.delete_older(NOW - DAY, 10).await.expect("delete"), 1, "they age like others");
    assert_eq!(trail.list(of_ada).await.expect("list"), [login]);
}
