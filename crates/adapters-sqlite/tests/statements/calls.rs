//! Every method of the ports, called in every way that makes it run other statements.

use std::time::Duration;

use portcullis_adapters_sqlite::SqliteStore;
use portcullis_domain::archive::{self, PageStart, RecordKind};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::{MailKind, QueuedMail};
use portcullis_domain::ports::{
    AuditQuery, AuditTally, AuditTrail, CodeLimits, CodeRedemption, Deletion, EmailChangeRefusal,
    EmailChangeRequest, FailedAttempt, InstallationArchive, KeySuccession, LinkRedemption, LockoutPolicy,
    LockoutRepository, MailQueue, MailResending, NewAccount, PasswordChange, PasswordReset, PasswordSetting,
    PrivateRegistration, ProfileUpdate, RoleAssignment, RoleCreation, RoleDeletion, RoleRepository,
    RoleUpdate, Rotation, SessionEnding, SessionOpening, SessionRepository, SessionsEnding,
    SigningKeyRepository, StorageError, TokenRepository, Unlocking, UserAdministration, UserFilter,
    UserQuery, UserRepository, UserUpdate, VerificationSecrets,
};
use portcullis_domain::{
    Account, Change, EmailAddress, Generation, KeyId, LoginIdentifier, Permissions, ProfileChange,
    RoleDescription, RoleName, SearchPrefix, Session, SigningAlgorithm, SigningKey, Timestamp, TokenDigest,
    User, UserId,
};
use portcullis_testkit::fixtures::{
    LIFETIME, NOW, account, account_attempts, account_of, code_attempts, code_digest, custom_role, email,
    event, mail, name, other_hash, password_hash, permission, role, session, token_digest, user, username,
};

const LATER: Duration = Duration::from_hours(24);

pub(crate) async fn call_every_method(store: &SqliteStore, round: &str) -> Result<(), StorageError> {
    let address = |who: &str| format!("{who}.{round}@example.com");
    accounts(store, &address).await?;
    administration(store, &address).await?;
    roles(store, round).await?;
    audit_trail(store).await?;
    sessions(store, &address).await?;
    verification(store, &address).await?;
    password_reset(store, &address).await?;
    email_change(store, &address).await?;
    lockout(store, &address).await?;
    mails(store, &address).await?;
    signing_keys(store, round).await?;
    everything(store, &address).await
}

fn verify_mail(user: &User) -> QueuedMail {
    mail(MailKind::VerifyEmail, user.email.as_str())
}

async fn registered(
    store: &SqliteStore,
    address: &str,
    alter: impl FnOnce(&mut User),
) -> Result<(User, Session), StorageError> {
    let mut user = user(address);
    alter(&mut user);
    let session = session(user.id);
    let mail = Some(verify_mail(&user));
    let account = NewAccount { session: Some(session.clone()), mail, ..account_of(user.clone()) };
    store.register(account).await?;
    Ok((user, session))
}

async fn accounts(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let name_of = |who: &str| username(&address(who).replace('@', "-")[..12]);
    let (ada, session) = registered(store, &address("ada"), |ada| {
        ada.username = Some(name_of("ada"));
        ada.profile.name = Some(name("Ada"));
        ada.roles.push(role("admin"));
    })
    .await?;
    store.register(account(ada.email.as_str())).await?;
    for claim in ["claimed", "claimed", "ada"] {
        let mut account = account(&address(claim));
        account.mail = Some(verify_mail(&account.user));
        let registration = PrivateRegistration {
            account,
            notice_to_owner: mail(MailKind::AddressAlreadyRegistered, &address(claim)),
            way_in_for_owner: mail(MailKind::ResetPassword, &address(claim)),
            refusal: event(AuditKind::Registration),
        };
        store.register_privately(registration).await?;
    }
    store.find_by_login(&LoginIdentifier::Email(ada.email.clone())).await?;
    store.find_by_login(&LoginIdentifier::Username(name_of("ada"))).await?;
    store.find_by_id(ada.id).await?;
    let change = ProfileChange { username: Change::Set(name_of("bob")), ..ProfileChange::default() };
    let event_of = |kind| event(kind).about(ada.id);
    let update = ProfileUpdate { user: ada.id, change, now: NOW, event: event_of(AuditKind::ProfileChange) };
    store.update_profile(update).await?;
    let change = PasswordChange {
        user: ada.id,
        verified_hash: password_hash(),
        new_hash: other_hash("new"),
        kept_session: session.id,
        notice: mail(MailKind::PasswordChanged, ada.email.as_str()),
        event: event_of(AuditKind::PasswordChange),
    };
    store.change_password(change).await?;
    let (other, _) = registered(store, &address("other"), |other| other.roles.push(role("admin"))).await?;
    let deletion = Deletion {
        user: other.id,
        authority: Permissions::every([]),
        verified_hash: Some(password_hash()),
        attempts: account_attempts(other.id),
        event: event(AuditKind::UserDeletion),
    };
    UserRepository::delete(store, deletion).await?;
    store.ping().await
}

async fn administration(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let (eve, _) = registered(store, &address("eve"), |eve| eve.roles.push(role("admin"))).await?;
    let authority = || Permissions::every([]);
    let attempts = account_attempts(eve.id);
    let update = UserUpdate {
        user: eve.id,
        authority: authority(),
        profile: ProfileChange { username: Change::Set(username("eve")), ..ProfileChange::default() },
        email: Some(email(&address("evelyn"))),
        verifies_email: false,
        is_active: Some(false),
        now: NOW,
        mails: vec![mail(MailKind::EmailChanged, eve.email.as_str())],
        seen: None,
        event: event(AuditKind::UserUpdate),
    };
    UserAdministration::update(store, update).await?;
    let event_ = || event(AuditKind::AccountUnlock);
    let unlocking =
        Unlocking { user: eve.id, authority: authority(), attempts: vec![attempts], event: event_() };
    store.unlock(unlocking).await?;
    let notice = mail(MailKind::PasswordChanged, eve.email.as_str());
    let new_hash = other_hash("set");
    let setting = PasswordSetting {
        user: eve.id,
        authority: authority(),
        new_hash,
        attempts,
        notice,
        event: event(AuditKind::PasswordSet),
    };
    store.set_password(setting).await?;
    import(store, address).await?;
    list(store).await
}

/// More users than a few begin alike, and some are refused.
async fn import(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let imported = |who: &str| Account { user: user(&address(who)), password_hash: None };
    let mut batch: Vec<_> = (0..1_100).map(|number| imported(&format!("many-{number}"))).collect();
    let taken = batch[0].user.clone();
    batch.push(imported("many-0"));
    batch.push(Account { user: User { id: taken.id, ..user(&address("id")) }, password_hash: None });
    batch.push(Account { password_hash: Some(password_hash()), ..imported("many-0") });
    let mut named = imported("named");
    named.user.username = Some(username("eve"));
    batch.push(named);
    let mut unknown = imported("unknown");
    unknown.user.roles.push(role("no-such-role"));
    batch.push(unknown);
    store.import(batch).await?;
    Ok(())
}

/// Each filter alone and with every other.
async fn list(store: &SqliteStore) -> Result<(), StorageError> {
    let newest =
        UserAdministration::list(store, UserQuery { filter: UserFilter::default(), before: None, limit: 1 });
    let newest = newest.await?.pop().map(|user| user.id);
    let flags = [None, Some(true)];
    for prefix in [None, Some("eve"), Some("many-")] {
        for role in [None, Some(RoleName::user())] {
            for (email_verified, is_active) in
                flags.into_iter().flat_map(|one| flags.map(|other| (one, other)))
            {
                let prefix = prefix.map(|text| SearchPrefix::parse(text).expect("a prefix"));
                let filter = UserFilter { prefix, role: role.clone(), email_verified, is_active };
                UserAdministration::list(store, UserQuery { filter, before: newest, limit: 10 }).await?;
            }
        }
    }
    Ok(())
}

async fn roles(store: &SqliteStore, round: &str) -> Result<(), StorageError> {
    let holder = user(&format!("holder.{round}@example.com"));
    store.register(account_of(holder.clone())).await?;
    let authority = || Permissions::every([]);
    let made = custom_role(&format!("made-{round}"), &["reports:read"]);
    store.create(RoleCreation { role: made.clone(), event: event(AuditKind::RoleCreation) }).await?;
    let update = RoleUpdate {
        role: made.id,
        name: Some(role(&format!("renamed-{round}"))),
        description: Change::Set(RoleDescription::parse("Reads reports").expect("a description")),
        permissions: Some([permission("reports:write")].into()),
        authority: authority(),
        event: event(AuditKind::RoleUpdate),
    };
    RoleRepository::update(store, update).await?;
    let change =
        |kind| RoleAssignment { user: holder.id, role: made.id, authority: authority(), event: event(kind) };
    store.assign(change(AuditKind::RoleAssignment)).await?;
    store.held_by(holder.id).await?;
    store.revoke(change(AuditKind::RoleRevocation)).await?;
    RoleRepository::list(store).await?;
    store.find(made.id).await?;
    store.find_by_name(&made.name).await?;
    let deletion =
        RoleDeletion { role: made.id, authority: authority(), event: event(AuditKind::RoleDeletion) };
    RoleRepository::delete(store, deletion).await?;
    Ok(())
}

async fn audit_trail(store: &SqliteStore) -> Result<(), StorageError> {
    let somebody = user("somebody@example.com").id;
    store.append(event(AuditKind::UserImport).about(somebody)).await?;
    for user in [None, Some(somebody)] {
        for kind in [None, Some(AuditKind::Login)] {
            let query = AuditQuery {
                user,
                kind,
                since: Some(NOW),
                until: Some(NOW + LATER),
                before: None,
                limit: 10,
            };
            AuditTrail::list(store, query).await?;
        }
    }
    store.count_by_day(AuditTally { kind: AuditKind::Login, since: NOW, at_most: 10 }).await?;
    store.delete_older(Timestamp::MIN, 10).await?;
    Ok(())
}

async fn sessions(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let (user, first) = registered(store, &address("sessions"), |_| {}).await?;
    let opening = SessionOpening {
        session: session(user.id),
        attempts: account_attempts(user.id),
        verified_hash: password_hash(),
        renewed_hash: None,
        event: event(AuditKind::Login).about(user.id),
    };
    store.open(opening).await?;
    store.principal(first.id, NOW).await?;
    for generation in [Generation::FIRST, Generation::FIRST.next(), Generation::FIRST] {
        let rotation = Rotation {
            session: first.id,
            generation,
            now: NOW,
            lifetime: LIFETIME,
            grace: Duration::from_secs(10),
            reuse: event(AuditKind::RefreshTokenReuse),
        };
        store.rotate(rotation).await?;
    }
    SessionRepository::list(store, user.id, NOW).await?;
    let event = || event(AuditKind::Logout).about(user.id);
    store.end(SessionEnding { user: user.id, session: first.id, now: NOW, event: event() }).await?;
    let authority = Permissions::every([]);
    store.end_all(SessionsEnding { user: user.id, authority, event: event() }).await?;
    SessionRepository::delete_expired(store, NOW, 10).await?;
    Ok(())
}

fn secrets(address: &str) -> VerificationSecrets {
    VerificationSecrets {
        link: token_digest(),
        link_expires_at: NOW + LATER,
        code: code_digest(address, "123456"),
        code_expires_at: NOW + LATER,
        attempts: code_attempts(address),
    }
}

async fn verification(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let address = address("verification");
    registered(store, &address, |_| {}).await?;
    let secrets = secrets(&address);
    store.issue_verification(&email(&address), secrets).await?;
    store.find_verification(secrets.link, NOW).await?;
    for code in ["000000", "123456"] {
        let redemption = CodeRedemption {
            address: email(&address),
            code: Some(code_digest(&address, code)),
            attempts: secrets.attempts,
            limits: CodeLimits { per_code: 5, per_hour: 15 },
            now: NOW,
            event: event(AuditKind::EmailVerification),
            failure: event(AuditKind::EmailVerification),
        };
        store.redeem_verification_code(redemption).await?;
    }
    let event = event(AuditKind::EmailVerification);
    store.redeem_verification_link(LinkRedemption { digest: secrets.link, now: NOW, event }).await?;
    TokenRepository::delete_expired(store, NOW, 10).await?;
    Ok(())
}

async fn password_reset(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let (user, _) = registered(store, &address("reset"), |_| {}).await?;
    let digest = token_digest();
    store.issue_password_reset(&user.email, digest, NOW + LATER).await?;
    store.find_password_reset(digest, NOW).await?;
    let reset = PasswordReset {
        digest,
        now: NOW,
        new_hash: other_hash("reset"),
        attempts: account_attempts(user.id),
        notice: mail(MailKind::PasswordChanged, user.email.as_str()),
        event: event(AuditKind::PasswordReset).about(user.id),
    };
    store.redeem_password_reset(reset).await?;
    Ok(())
}

async fn email_change(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let (user, session) = registered(store, &address("change"), |_| {}).await?;
    let new_address: EmailAddress = email(&address("changed"));
    let request = EmailChangeRequest {
        user: user.id,
        session: session.id,
        new_address: new_address.clone(),
        verified_hash: password_hash(),
        mails: vec![mail(MailKind::ConfirmEmailChange(user.id), new_address.as_str())],
        event: event(AuditKind::EmailChangeRequest).about(user.id),
        if_taken: None,
    };
    let (other, _) = registered(store, &address("other-change"), |_| {}).await?;
    let refusal = EmailChangeRefusal {
        mails: vec![mail(MailKind::AddressAlreadyRegistered, other.email.as_str())],
        event: event(AuditKind::EmailChangeRequest).about(user.id),
    };
    let taken = EmailChangeRequest { new_address: other.email, if_taken: Some(refusal), ..request.clone() };
    store.request_email_change(taken).await?;
    store.request_email_change(request).await?;
    let digest: TokenDigest = token_digest();
    store.issue_email_change(user.id, &new_address, digest, NOW + LATER).await?;
    store.find_email_change(digest, NOW).await?;
    let event = event(AuditKind::EmailChange);
    store.redeem_email_change(LinkRedemption { digest, now: NOW, event }).await?;
    Ok(())
}

fn wrong_password(user: UserId) -> FailedAttempt {
    FailedAttempt {
        key: account_attempts(user),
        now: NOW,
        policy: LockoutPolicy { threshold: 5, duration: Duration::from_mins(15) },
        failure: event(AuditKind::Login).about(user),
        lock: event(AuditKind::AccountLock).about(user),
    }
}

async fn lockout(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let attempt = wrong_password(user(&address("lockout")).id);
    let key = attempt.key;
    store.record_failure(attempt).await?;
    store.locked_until(key, NOW).await?;
    store.record_success(key, NOW).await?;
    store.delete_stale(NOW, 10).await?;
    Ok(())
}

async fn mails(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    store.enqueue(mail(MailKind::VerifyEmail, &address("mail"))).await?;
    let mut claims = Vec::new();
    while let Some(claim) = store.claim(NOW, NOW + LATER).await? {
        claims.push(claim);
    }
    assert!(claims.len() > 2, "registrations queued mails too");
    store.retry(&claims[0], NOW + LATER, "busy").await?;
    store.park(&claims[1], "unknown").await?;
    store.complete(&claims[2]).await?;
    store.backlog().await?;
    let listed = MailQueue::list(store, None, 10).await?;
    MailQueue::list(store, listed.first().map(|record| record.mail.id), 10).await?;
    for claim in &claims[..3] {
        let event = event(AuditKind::MailResend);
        store.send_again(MailResending { id: claim.mail.id, now: NOW, event }).await?;
    }
    Ok(())
}

async fn signing_keys(store: &SqliteStore, round: &str) -> Result<(), StorageError> {
    let newest = SigningKeyRepository::list(store).await?.pop().map(|key| key.id);
    let key = |id: String| SigningKey {
        id: KeyId::new(id),
        algorithm: SigningAlgorithm::EdDsa,
        sealed: vec![1, 2, 3],
        created_at: NOW,
        signs_from: NOW,
        verifies_until: None,
    };
    let (first, second) = (key(format!("{round}.1")), key(format!("{round}.2")));
    let first_id = first.id.clone();
    for (key, predecessor) in [(first, newest), (second, Some(first_id))] {
        let event = event(AuditKind::SigningKeyRotation);
        store.succeed(KeySuccession { key, predecessor, predecessor_until: NOW + LATER, event }).await?;
    }
    SigningKeyRepository::delete_expired(store, Timestamp::MIN).await?;
    Ok(())
}

/// Reads what is there of each kind, and writes it again: that it is new, then that it is not.
async fn everything(store: &SqliteStore, address: &dyn Fn(&str) -> String) -> Result<(), StorageError> {
    let (ada, session) = registered(store, &address("archived"), |_| {}).await?;
    store.issue_verification(&ada.email, secrets(ada.email.as_str())).await?;
    store.issue_password_reset(&ada.email, token_digest(), NOW + LATER).await?;
    let new_address = email(&address("renamed"));
    let request = EmailChangeRequest {
        user: ada.id,
        session: session.id,
        new_address,
        verified_hash: password_hash(),
        mails: Vec::new(),
        event: event(AuditKind::EmailChangeRequest),
        if_taken: None,
    };
    store.request_email_change(request).await?;
    store.record_failure(wrong_password(ada.id)).await?;
    let redemption = CodeRedemption {
        address: ada.email.clone(),
        code: None,
        attempts: code_attempts(ada.email.as_str()),
        limits: CodeLimits { per_code: 5, per_hour: 15 },
        now: NOW,
        event: event(AuditKind::EmailVerification),
        failure: event(AuditKind::EmailVerification),
    };
    store.redeem_verification_code(redemption).await?;
    let reader = custom_role(&format!("reader-{}", session.id), &["reports:read"]);
    store.write_page(vec![archive::Record::Role(reader)]).await.expect("the role is new");
    for kind in RecordKind::ALL {
        let page = store.read_page(kind.first_page(), 10_000).await?;
        let last = page.last().expect("there is something of each kind");
        store.read_page(PageStart::after(last), 100).await?;
        assert_eq!(store.count(kind).await?, page.len() as u64);
        assert_eq!(store.write_page(page).await.expect("it is there"), 0);
    }
    Ok(())
}
