//! People, roles, sessions, mails and events to begin a test with: valid, ordinary, and different at every call.
//!
//! All of it happens at [`NOW`]. The functions that read text panic when it is not valid.

#![expect(clippy::missing_panics_doc, reason = "said once, above")]

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use portcullis_domain::audit::{AuditEvent, AuditKind};
use portcullis_domain::mail::{MailKind, QueuedMail};
use portcullis_domain::ports::NewAccount;
use portcullis_domain::use_cases::{CreateRoleCommand, CreateUserCommand, RegisterCommand};
use portcullis_domain::{
    AttemptKey, AttemptKeys, Client, CodeDigest, CodeDigests, EmailAddress, Locale, Name, OneTimeCode,
    Origin, Password, PasswordHash, Permission, ProfileNames, Role, RoleId, RoleName, SecretKey, Session,
    SessionLifetime, Timestamp, TokenDigest, TokenSecret, User, UserAgent, UserId, Username,
};

use crate::{FrozenClock, ScriptedEntropy};

static ENTROPY: ScriptedEntropy = ScriptedEntropy::seeded(0xF1C7);

/// When everything here happens: a moment that no store keeps which rounds to milliseconds.
pub const NOW: Timestamp = Timestamp::from_unix_micros(FrozenClock::START.unix_micros() + 123_457);

/// How long sessions live: 30 days idle, 365 days at most.
pub const LIFETIME: SessionLifetime =
    SessionLifetime { idle: Duration::from_hours(30 * 24), absolute: Duration::from_hours(365 * 24) };

/// The password of everybody whom a [`TestDomain`](crate::TestDomain) knows, which any policy accepts.
pub const PASSWORD: &str = "correct horse battery";

/// A password.
#[must_use]
pub fn password(text: &str) -> Password {
    Password::parse(text).expect("a fixture names a password that is not too long")
}

/// The hash that the password of every [`account`] has.
#[must_use]
pub fn password_hash() -> PasswordHash {
    PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$Zml4dHVyZXMhIQ$the-first-password")
}

/// A hash unlike [`password_hash`], told from others by `name`.
#[must_use]
pub fn other_hash(name: impl std::fmt::Display) -> PasswordHash {
    PasswordHash::new(format!("$argon2id$v=19$m=19456,t=2,p=1$b3RoZXIgaGFzaCE${name}"))
}

/// An address.
#[must_use]
pub fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("a fixture names a valid address")
}

/// A username.
#[must_use]
pub fn username(text: &str) -> Username {
    Username::parse(text).expect("a fixture names a valid username")
}

/// A name of a person.
#[must_use]
pub fn name(text: &str) -> Name {
    Name::parse(text).expect("a fixture names a valid name")
}

/// A language.
#[must_use]
pub fn locale(tag: &str) -> Locale {
    Locale::parse(tag).expect("a fixture names a valid language")
}

/// The name of a role.
#[must_use]
pub fn role(text: &str) -> RoleName {
    RoleName::parse(text).expect("a fixture names a valid role")
}

/// A permission.
#[must_use]
pub fn permission(text: &str) -> Permission {
    Permission::parse(text).expect("a fixture names a valid permission")
}

/// Permissions.
#[must_use]
pub fn permissions(texts: &[&str]) -> BTreeSet<Permission> {
    texts.iter().map(|text| permission(text)).collect()
}

/// A role of this name that an installation made for itself, with these permissions and no description.
#[must_use]
pub fn custom_role(name: &str, permissions: &[&str]) -> Role {
    Role {
        id: RoleId::generate(NOW, &ENTROPY),
        name: role(name),
        description: None,
        built_in: false,
        permissions: self::permissions(permissions),
    }
}

/// A permission for each of these numbers, that takes 64 octets in an access token.
#[must_use]
pub fn numbered_permissions(numbers: Range<usize>) -> BTreeSet<Permission> {
    numbers.map(|number| permission(&format!("{number:028}:{number:032}"))).collect()
}

/// An active, unverified user who holds the role `user` and has neither username nor names.
#[must_use]
pub fn user(address: &str) -> User {
    User {
        id: UserId::generate(NOW, &ENTROPY),
        email: email(address),
        email_verified: false,
        username: None,
        profile: ProfileNames::default(),
        is_active: true,
        roles: vec![RoleName::user()],
        locale: Locale::english(),
        created_at: NOW,
        updated_at: None,
        last_login_at: None,
    }
}

/// An account of such a [`user`] with [`password_hash`], without session and mail.
#[must_use]
pub fn account(address: &str) -> NewAccount {
    account_of(user(address))
}

/// An account of this user with [`password_hash`], without session and mail.
#[must_use]
pub fn account_of(user: User) -> NewAccount {
    let event = event(AuditKind::Registration).about(user.id);
    NewAccount { user, password_hash: Some(password_hash()), session: None, mail: None, event }
}

/// Somebody's wish for an account, with [`PASSWORD`] and nothing that is not needed.
#[must_use]
pub fn registration(address: &str) -> RegisterCommand {
    RegisterCommand {
        email: email(address),
        password: password(PASSWORD),
        username: None,
        profile: ProfileNames::default(),
        locale: None,
        client: client(),
    }
}

/// A verified account with [`PASSWORD`] and no roles but the default one, as administrators ask for it.
#[must_use]
pub fn new_user(address: &str) -> CreateUserCommand {
    CreateUserCommand {
        email: email(address),
        password: Some(password(PASSWORD)),
        username: None,
        profile: ProfileNames::default(),
        email_verified: true,
        is_active: true,
        roles: BTreeSet::new(),
        locale: None,
    }
}

/// A role with these permissions and no description, as administrators ask for it.
#[must_use]
pub fn new_role(name: &str, permissions: &[&str]) -> CreateRoleCommand {
    CreateRoleCommand { name: role(name), description: None, permissions: self::permissions(permissions) }
}

/// A browser somewhere.
#[must_use]
pub fn client() -> Client {
    Client {
        ip: Some([192, 0, 2, 17].into()),
        user_agent: UserAgent::sanitized("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101"),
    }
}

/// Somebody at that [`client`] who is not signed in.
#[must_use]
pub fn origin() -> Origin {
    Origin::anyone(client())
}

/// This user, signed in at that [`client`].
#[must_use]
pub fn origin_of(user: UserId) -> Origin {
    Origin::user(user, client())
}

/// Something that happened at [`NOW`], by [somebody](origin), and concerns nobody yet.
#[must_use]
pub fn event(kind: AuditKind) -> AuditEvent {
    event_at(kind, NOW)
}

/// Something that happened at `moment`, by [somebody](origin), and concerns nobody yet.
#[must_use]
pub fn event_at(kind: AuditKind, moment: Timestamp) -> AuditEvent {
    AuditEvent::new(kind, &origin(), moment, &ENTROPY)
}

/// A session of this user, opened at [`NOW`] from a browser, that lives for [`LIFETIME`].
#[must_use]
pub fn session(user: UserId) -> Session {
    session_opened_at(user, NOW)
}

/// A session of this user, opened at `moment` from a browser, that lives for [`LIFETIME`].
#[must_use]
pub fn session_opened_at(user: UserId, moment: Timestamp) -> Session {
    Session::open(user, client(), LIFETIME, moment, &ENTROPY)
}

/// A mail in English, queued at [`NOW`].
#[must_use]
pub fn mail(kind: MailKind, recipient: &str) -> QueuedMail {
    QueuedMail::new(kind, email(recipient), Locale::english(), NOW, &ENTROPY)
}

/// The digest of a new link.
#[must_use]
pub fn token_digest() -> TokenDigest {
    TokenSecret::generate(&ENTROPY).digest()
}

/// The digest of a code as mailed to an address.
#[must_use]
pub fn code_digest(address: &str, code: &str) -> CodeDigest {
    let code = OneTimeCode::parse(code).expect("a fixture names six digits");
    CodeDigests::new(&secret_key()).digest(&email(address), &code)
}

/// Where wrong passwords of an account are counted.
#[must_use]
pub fn account_attempts(user: UserId) -> AttemptKey {
    AttemptKeys::new(&secret_key()).of_account(user)
}

/// Where wrong passwords are counted for an identifier that names no account.
#[must_use]
pub fn unknown_attempts(identifier: &str) -> AttemptKey {
    AttemptKeys::new(&secret_key()).of_unknown(identifier)
}

/// Where wrong codes for an address are counted.
#[must_use]
pub fn code_attempts(address: &str) -> AttemptKey {
    AttemptKeys::new(&secret_key()).of_codes(&email(address))
}

/// A secret key of an installation, always the same.
#[must_use]
pub fn secret_key() -> SecretKey {
    SecretKey::new((0..32).collect()).expect("32 different octets are a secret key")
}
