//! Both or neither: a change, and the event that tells of it.

use portcullis_domain::audit::{AuditEvent, AuditKind};
use portcullis_domain::mail::{MailKind, MailRecord, QueuedMail};
use portcullis_domain::ports::{
    CodeLimits, CodeOutcome, CodeRedemption, Deletion, EmailChangeRefusal, EmailChangeRequest, FailedAttempt,
    KeySuccession, LinkRedemption, LockoutPolicy, MailResending, NewAccount, PasswordChange, PasswordReset,
    PasswordSetting, PrivateRegistration, ProfileUpdate, RoleAssignment, RoleCreation, RoleDeletion,
    RoleUpdate, Rotation, SessionEnding, SessionOpening, SessionsEnding, StorageError, Unlocking, UserFilter,
    UserQuery, UserUpdate,
};
use portcullis_domain::{
    AuditEventId, Change, Generation, KeyId, PasswordHash, ProfileChange, Role, RoleName, Session,
    SigningAlgorithm, SigningKey, Timestamp, TokenDigest, User,
};

use crate::Storage;
use crate::contract::steps::{HOUR, deletion, everything, opening, role_assignment, wrong_password};
use crate::contract::tokens::steps::{
    RIGHT, WRONG, change_address, confirmed_change, find_reset, find_verification, followed_link, mail_reset,
    mail_verification, reset, typed_code, would_change,
};
use crate::contract::trail::EVERYTHING;
use crate::fixtures::{
    LIFETIME, NOW, account, account_attempts, account_of, code_attempts, custom_role, email, event, mail,
    name, other_hash, password_hash, role, session, user,
};

const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 2, duration: HOUR };
const LIMITS: CodeLimits = CodeLimits { per_code: 1, per_hour: 1 };

/// A change whose event cannot be stored, because another event has its id, is not made, whichever port it is
/// asked of.
pub async fn a_change_whose_event_cannot_be_stored_is_not_made(storage: &Storage) {
    let world = World::of(storage).await;
    accounts_stay(&world).await;
    administered_accounts_stay(&world).await;
    roles_stay(&world).await;
    sessions_stay(&world).await;
    secrets_stay(&world).await;
    counts_stay(&world).await;
    signing_keys_stay(&world).await;
    mails_stay(&world).await;
    // Which shows that the wrong code was not counted.
    let right = CodeRedemption { limits: LIMITS, ..typed_code("ada@example.com", RIGHT, NOW) };
    let outcome = storage.tokens.redeem_verification_code(right).await.expect("redeem");
    assert!(
        matches!(outcome, CodeOutcome::Verified(_)),
        "without its event, nothing is counted: {outcome:?}"
    );
}

/// An installation in which each change could be made, were it not for its event.
struct World<'a> {
    storage: &'a Storage,
    /// The id that is taken.
    taken: AuditEventId,
    ada: User,
    session: Session,
    reused: Session,
    editors: Role,
    key: SigningKey,
    link: TokenDigest,
    reset: TokenDigest,
    change: TokenDigest,
    waiting: QueuedMail,
    before: Stored,
}

/// What the changes would change.
#[derive(Debug, Default, PartialEq)]
struct Stored {
    accounts: Vec<(User, Option<PasswordHash>)>,
    roles: Vec<Role>,
    sessions: Vec<Session>,
    /// Whether the link, the reset and the change of address are good.
    secrets: [bool; 3],
    mails: Vec<MailRecord>,
    locked_until: Option<Timestamp>,
    keys: Vec<SigningKey>,
    events: Vec<AuditEvent>,
}

impl<'a> World<'a> {
    async fn of(storage: &'a Storage) -> Self {
        let editors = storage.add_role("editors", &["reports:write"]).await;
        let ada = User { roles: vec![role("editors"), RoleName::user()], ..user("ada@example.com") };
        let ada = storage.register(account_of(ada)).await;
        storage.register(account("claim@example.com")).await;
        let owner = User { email_verified: true, ..user("owner@example.com") };
        storage.register(account_of(owner)).await;
        let [session, reused] = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
        for generation in 0..2 {
            let rotation = rotation(&reused, generation, event(AuditKind::RefreshTokenReuse));
            storage.sessions.rotate(rotation).await.expect("rotate");
        }
        let key = signing_key("first");
        let event = event(AuditKind::SigningKeyRotation);
        let succession = succession(&key, None, event.clone());
        assert!(storage.signing_keys.succeed(succession).await.expect("succeed"));
        storage.count_wrong_password(account_attempts(ada.id), NOW, LOCKOUT).await;
        let link = mail_verification(storage, &ada).await;
        let reset = mail_reset(storage, &ada).await;
        let change = change_address(storage, &ada, session.id, "new@example.com").await;
        let waiting = mail(MailKind::PasswordChanged, "waiting@example.com");
        storage.mails.enqueue(waiting.clone()).await.expect("enqueue");
        let taken = event.id;
        let before = Stored::default();
        let world =
            Self { storage, taken, ada, session, reused, editors, key, link, reset, change, waiting, before };
        Self { before: world.stored().await, ..world }
    }

    async fn stored(&self) -> Stored {
        let storage = self.storage;
        let query = UserQuery { filter: UserFilter::default(), before: None, limit: 200 };
        let mut accounts = Vec::new();
        for user in storage.administration.list(query).await.expect("list") {
            let password_hash = storage.stored(user.id).await.password_hash;
            accounts.push((user, password_hash));
        }
        let attempts = account_attempts(self.ada.id);
        Stored {
            accounts,
            roles: storage.roles.list().await.expect("list"),
            sessions: storage.sessions.list(self.ada.id, NOW).await.expect("list"),
            secrets: [
                find_verification(storage, self.link, NOW).await.is_some(),
                find_reset(storage, self.reset, NOW).await.is_some(),
                would_change(storage, self.change).await,
            ],
            mails: storage.mails.list(None, 200).await.expect("list"),
            locked_until: storage.lockouts.locked_until(attempts, NOW).await.expect("look"),
            keys: storage.signing_keys.list().await.expect("list"),
            events: storage.audit_trail.list(EVERYTHING).await.expect("list"),
        }
    }

    /// An event that cannot be stored.
    fn event(&self, kind: AuditKind) -> AuditEvent {
        AuditEvent { id: self.taken, ..event(kind) }
    }

    /// Expects that `step` failed, and that nothing came of it.
    async fn fails<T: std::fmt::Debug>(&self, step: &str, outcome: Result<T, StorageError>) {
        assert!(outcome.is_err(), "{step} comes with its event, or not at all: {outcome:?}");
        assert_eq!(self.stored().await, self.before, "nothing comes of {step}");
    }
}

fn signing_key(id: &str) -> SigningKey {
    SigningKey {
        id: KeyId::new(id),
        algorithm: SigningAlgorithm::EdDsa,
        sealed: vec![1, 2, 3],
        created_at: NOW,
        signs_from: NOW,
        verifies_until: None,
    }
}

fn succession(key: &SigningKey, predecessor: Option<&SigningKey>, event: AuditEvent) -> KeySuccession {
    let predecessor = predecessor.map(|key| key.id.clone());
    KeySuccession { key: key.clone(), predecessor, predecessor_until: NOW + HOUR, event }
}

fn rotation(session: &Session, generation: u32, reuse: AuditEvent) -> Rotation {
    Rotation {
        session: session.id,
        generation: Generation::new(generation),
        now: NOW,
        lifetime: LIFETIME,
        grace: HOUR,
        reuse,
    }
}

async fn accounts_stay(world: &World<'_>) {
    let users = &world.storage.users;
    let registering = |address: &str| {
        let new = user(address);
        NewAccount {
            session: Some(session(new.id)),
            mail: Some(mail(MailKind::VerifyEmail, address)),
            event: world.event(AuditKind::Registration),
            ..account_of(new)
        }
    };
    world.fails("a registration", users.register(registering("new@example.net")).await).await;
    for (address, step) in [
        ("new@example.net", "a private registration"),
        ("claim@example.com", "one that ends a claim"),
        ("owner@example.com", "one that is refused"),
    ] {
        let registration = PrivateRegistration {
            account: NewAccount {
                session: None,
                password_hash: Some(other_hash("new")),
                ..registering(address)
            },
            notice_to_owner: mail(MailKind::AddressAlreadyRegistered, address),
            way_in_for_owner: mail(MailKind::ResetPassword, address),
            refusal: world.event(AuditKind::Registration),
        };
        world.fails(step, users.register_privately(registration).await).await;
    }
    let change = ProfileChange { name: Change::Set(name("Another")), ..ProfileChange::default() };
    let event = world.event(AuditKind::ProfileChange);
    let change = ProfileUpdate { user: world.ada.id, change, now: NOW, event };
    world.fails("a profile change", users.update_profile(change).await).await;
    let change = PasswordChange {
        user: world.ada.id,
        verified_hash: password_hash(),
        new_hash: other_hash("new"),
        kept_session: world.session.id,
        notice: mail(MailKind::PasswordChanged, "ada@example.com"),
        event: world.event(AuditKind::PasswordChange),
    };
    world.fails("a password change", users.change_password(change).await).await;
    let deletion = Deletion { event: world.event(AuditKind::UserDeletion), ..deletion(world.ada.id) };
    world.fails("a deletion", users.delete(deletion).await).await;
}

async fn administered_accounts_stay(world: &World<'_>) {
    let administration = &world.storage.administration;
    let update = UserUpdate {
        user: world.ada.id,
        authority: everything(),
        profile: ProfileChange { name: Change::Set(name("Another")), ..ProfileChange::default() },
        email: Some(email("moved@example.com")),
        verifies_email: true,
        is_active: Some(false),
        now: NOW,
        mails: vec![mail(MailKind::EmailChanged, "ada@example.com")],
        seen: None,
        event: world.event(AuditKind::UserUpdate),
    };
    world.fails("an administered change", administration.update(update).await).await;
    let unlocking = Unlocking {
        user: world.ada.id,
        authority: everything(),
        attempts: vec![account_attempts(world.ada.id), code_attempts("ada@example.com")],
        event: world.event(AuditKind::AccountUnlock),
    };
    world.fails("unlocking", administration.unlock(unlocking).await).await;
    let setting = PasswordSetting {
        user: world.ada.id,
        authority: everything(),
        new_hash: other_hash("set"),
        attempts: account_attempts(world.ada.id),
        notice: mail(MailKind::PasswordChanged, "ada@example.com"),
        event: world.event(AuditKind::PasswordSet),
    };
    world.fails("setting a password", administration.set_password(setting).await).await;
}

async fn roles_stay(world: &World<'_>) {
    let roles = &world.storage.roles;
    let new = custom_role("new", &["reports:read"]);
    let creation = RoleCreation { role: new, event: world.event(AuditKind::RoleCreation) };
    world.fails("a new role", roles.create(creation).await).await;
    let update = RoleUpdate {
        role: world.editors.id,
        name: Some(role("renamed")),
        description: Change::Keep,
        permissions: Some([].into()),
        authority: everything(),
        event: world.event(AuditKind::RoleUpdate),
    };
    world.fails("a change of a role", roles.update(update).await).await;
    let event = world.event(AuditKind::RoleDeletion);
    let deletion = RoleDeletion { role: world.editors.id, authority: everything(), event };
    world.fails("a deletion of a role", roles.delete(deletion).await).await;
    let admin = world.storage.role(&RoleName::admin()).await.id;
    let change = |role| RoleAssignment {
        event: world.event(AuditKind::RoleAssignment),
        ..role_assignment(world.ada.id, role)
    };
    world.fails("giving a role", roles.assign(change(admin)).await).await;
    world.fails("taking a role", roles.revoke(change(world.editors.id)).await).await;
}

async fn sessions_stay(world: &World<'_>) {
    let sessions = &world.storage.sessions;
    let user = world.ada.id;
    let event = world.event(AuditKind::Login);
    let renewed_hash = Some(other_hash("renewed"));
    let opening = SessionOpening { renewed_hash, event, ..opening(session(user)) };
    world.fails("a login", sessions.open(opening).await).await;
    let reuse = rotation(&world.reused, 0, world.event(AuditKind::RefreshTokenReuse));
    world.fails("a reuse", sessions.rotate(reuse).await).await;
    let event = world.event(AuditKind::Logout);
    let ending = SessionEnding { user, session: world.session.id, now: NOW, event };
    world.fails("a logout", sessions.end(ending).await).await;
    let ending = SessionsEnding { user, authority: everything(), event: world.event(AuditKind::LogoutAll) };
    world.fails("a logout everywhere", sessions.end_all(ending).await).await;
}

async fn secrets_stay(world: &World<'_>) {
    let tokens = &world.storage.tokens;
    let verification = || world.event(AuditKind::EmailVerification);
    let link = LinkRedemption { event: verification(), ..followed_link(world.link, NOW) };
    world.fails("a verification by link", tokens.redeem_verification_link(link).await).await;
    let typed = |code| CodeRedemption { limits: LIMITS, ..typed_code("ada@example.com", code, NOW) };
    let right = CodeRedemption { event: verification(), ..typed(RIGHT) };
    world.fails("a verification by code", tokens.redeem_verification_code(right).await).await;
    let wrong = CodeRedemption { failure: verification(), ..typed(WRONG) };
    world.fails("a wrong code", tokens.redeem_verification_code(wrong).await).await;
    let event = world.event(AuditKind::PasswordReset);
    let reset = PasswordReset { event, ..reset(&world.ada, world.reset, other_hash("reset"), NOW) };
    world.fails("a reset", tokens.redeem_password_reset(reset).await).await;
    let request = EmailChangeRequest {
        user: world.ada.id,
        session: world.session.id,
        new_address: email("another@example.com"),
        verified_hash: password_hash(),
        mails: vec![mail(MailKind::EmailChangeRequested, "ada@example.com")],
        event: world.event(AuditKind::EmailChangeRequest),
        if_taken: None,
    };
    world.fails("a wish for another address", tokens.request_email_change(request.clone()).await).await;
    let refusal = EmailChangeRefusal { mails: request.mails.clone(), event: request.event.clone() };
    let new_address = email("owner@example.com");
    let request = EmailChangeRequest { new_address, if_taken: Some(refusal), ..request };
    world.fails("a wish for a taken address", tokens.request_email_change(request).await).await;
    let event = world.event(AuditKind::EmailChange);
    let change = LinkRedemption { event, ..confirmed_change(world.change, NOW) };
    world.fails("a change of address", tokens.redeem_email_change(change).await).await;
}

async fn counts_stay(world: &World<'_>) {
    let lockouts = &world.storage.lockouts;
    let key = account_attempts(world.ada.id);
    let wrong = || wrong_password(key, NOW, LOCKOUT);
    let failure = FailedAttempt { failure: world.event(AuditKind::Login), ..wrong() };
    world.fails("a wrong password", lockouts.record_failure(failure).await).await;
    let lock = FailedAttempt { lock: world.event(AuditKind::AccountLock), ..wrong() };
    world.fails("a lockout", lockouts.record_failure(lock).await).await;
}

async fn signing_keys_stay(world: &World<'_>) {
    let event = world.event(AuditKind::SigningKeyRotation);
    let succession = succession(&signing_key("second"), Some(&world.key), event);
    world.fails("a new key", world.storage.signing_keys.succeed(succession).await).await;
}

async fn mails_stay(world: &World<'_>) {
    let event = world.event(AuditKind::MailResend);
    let resending = MailResending { id: world.waiting.id, now: NOW + HOUR, event };
    world.fails("a mail sent again", world.storage.mails.send_again(resending).await).await;
}
