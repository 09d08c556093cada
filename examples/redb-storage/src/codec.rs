//! What is stored, as octets.
//!
//! Fields follow each other. Texts and lists begin with their length, options with whether there is a value; ids and
//! numbers are in the order of their octets, so that they are good keys.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use portcullis_domain::archive::{
    CodeAttempts, IssuedCode, IssuedEmailChangeLink, IssuedPasswordReset, IssuedVerification,
    PasswordAttempts, PendingEmailChange,
};
use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome};
use portcullis_domain::mail::{MailKind, MailRecord, MailState, QueuedMail};
use portcullis_domain::{
    Account, AttemptKey, AuditEventId, Client, CodeDigest, EmailAddress, Generation, KeyId, Locale, MailId,
    Name, PasswordHash, Permission, ProfileNames, Role, RoleDescription, RoleId, RoleName, Session,
    SessionId, SigningAlgorithm, SigningKey, Timestamp, TokenDigest, User, UserAgent, UserId, Username,
};
use uuid::Uuid;

/// What can be stored.
pub(crate) trait Stored: Sized {
    /// Adds it to `octets`.
    fn write(&self, octets: &mut Vec<u8>);

    /// Takes it from the start of `octets`; none when they are something else.
    fn read(octets: &mut &[u8]) -> Option<Self>;
}

/// It alone.
pub(crate) fn encode(value: &impl Stored) -> Vec<u8> {
    let mut octets = Vec::new();
    value.write(&mut octets);
    octets
}

/// What [`encode`] was given.
pub(crate) fn decode<T: Stored>(mut octets: &[u8]) -> Option<T> {
    let value = T::read(&mut octets)?;
    octets.is_empty().then_some(value)
}

impl<const N: usize> Stored for [u8; N] {
    fn write(&self, octets: &mut Vec<u8>) {
        octets.extend(self);
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        let (these, others) = octets.split_first_chunk()?;
        *octets = others;
        Some(*these)
    }
}

/// What is another form of something that can be stored.
macro_rules! forms {
    ($($type:ty as $stored:ty: |$value:pat_param| $to:expr, |$form:pat_param| $from:expr;)+) => {$(
        impl Stored for $type {
            fn write(&self, octets: &mut Vec<u8>) {
                let $value = self;
                <$stored>::write(&$to, octets);
            }

            fn read(octets: &mut &[u8]) -> Option<Self> {
                let $form = <$stored>::read(octets)?;
                $from
            }
        }
    )+};
}

forms! {
    u32 as [u8; 4]: |number| number.to_be_bytes(), |octets| Some(Self::from_be_bytes(octets));
    i64 as [u8; 8]: |number| number.to_be_bytes(), |octets| Some(Self::from_be_bytes(octets));
    bool as [u8; 1]: |flag| [u8::from(*flag)], |[octet]| (octet < 2).then_some(octet == 1);
    Uuid as [u8; 16]: |uuid| *uuid.as_bytes(), |octets| Some(Self::from_bytes(octets));
    UserId as Uuid: |id| id.uuid(), |uuid| Some(uuid.into());
    SessionId as Uuid: |id| id.uuid(), |uuid| Some(uuid.into());
    RoleId as Uuid: |id| id.uuid(), |uuid| Some(uuid.into());
    MailId as Uuid: |id| id.uuid(), |uuid| Some(uuid.into());
    AuditEventId as Uuid: |id| id.uuid(), |uuid| Some(uuid.into());
    AttemptKey as [u8; 32]: |key| *key.as_bytes(), |octets| Some(Self::from_bytes(octets));
    TokenDigest as [u8; 32]: |digest| *digest.as_bytes(), |octets| Some(Self::from_bytes(octets));
    CodeDigest as [u8; 32]: |digest| *digest.as_bytes(), |octets| Some(Self::from_bytes(octets));
    Generation as u32: |generation| generation.number(), |number| Some(Self::new(number));
    Timestamp as i64: |moment| moment.unix_micros(), |micros| Some(Self::from_unix_micros(micros));
    String as Vec<u8>: |text| text.as_bytes().to_vec(), |octets| Self::from_utf8(octets).ok();
    IpAddr as String: |ip| ip.to_string(), |text| text.parse().ok();
    AuditKind as String: |kind| kind.name().to_owned(), |name| Self::parse(&name).ok();
    AuditOutcome as String: |outcome| outcome.name().to_owned(), |name| Self::parse(&name).ok();
    EmailAddress as String: |address| address.to_string(), |text| Self::parse(&text).ok();
    KeyId as String: |id| id.as_str().to_owned(), |text| Some(Self::new(text));
    Locale as String: |locale| locale.to_string(), |text| Self::parse(&text).ok();
    Name as String: |name| name.as_str().to_owned(), |text| Self::parse(&text).ok();
    PasswordHash as String: |hash| hash.as_str().to_owned(), |text| Some(Self::new(text));
    Permission as String: |permission| permission.to_string(), |text| Self::parse(&text).ok();
    RoleDescription as String: |text| text.as_str().to_owned(), |text| Self::parse(&text).ok();
    RoleName as String: |name| name.to_string(), |text| Self::parse(&text).ok();
    SigningAlgorithm as String: |algorithm| algorithm.to_string(), |name| Self::from_name(&name);
    UserAgent as String: |agent| agent.to_string(), |text| Self::sanitized(&text);
    Username as String: |username| username.as_str().to_owned(), |text| Self::parse(&text).ok();
}

impl Stored for u8 {
    fn write(&self, octets: &mut Vec<u8>) {
        octets.push(*self);
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        let (first, others) = octets.split_first()?;
        *octets = others;
        Some(*first)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn write(&self, octets: &mut Vec<u8>) {
        self.is_some().write(octets);
        if let Some(value) = self {
            value.write(octets);
        }
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        Some(if bool::read(octets)? { Some(T::read(octets)?) } else { None })
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn write(&self, octets: &mut Vec<u8>) {
        self.0.write(octets);
        self.1.write(octets);
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        Some((A::read(octets)?, B::read(octets)?))
    }
}

/// Several of a kind, after their number.
fn write_all<'a, T: Stored + 'a>(values: impl ExactSizeIterator<Item = &'a T>, octets: &mut Vec<u8>) {
    u32::try_from(values.len()).expect("nobody has four billion of anything").write(octets);
    values.for_each(|value| value.write(octets));
}

fn read_all<T: Stored, C: FromIterator<T>>(octets: &mut &[u8]) -> Option<C> {
    (0..u32::read(octets)?).map(|_| T::read(octets)).collect()
}

impl<T: Stored> Stored for Vec<T> {
    fn write(&self, octets: &mut Vec<u8>) {
        write_all(self.iter(), octets);
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        read_all(octets)
    }
}

impl<T: Stored + Ord> Stored for BTreeSet<T> {
    fn write(&self, octets: &mut Vec<u8>) {
        write_all(self.iter(), octets);
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        read_all(octets)
    }
}

impl<K: Stored + Ord + Clone, V: Stored + Clone> Stored for BTreeMap<K, V> {
    fn write(&self, octets: &mut Vec<u8>) {
        let pairs: Vec<_> = self.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        pairs.write(octets);
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        read_all::<(K, V), _>(octets)
    }
}

/// What is stored field by field. Every field is named, so that a new one cannot be forgotten.
macro_rules! structs {
    ($($type:ident { $($field:ident),+ })+) => {$(
        impl Stored for $type {
            fn write(&self, octets: &mut Vec<u8>) {
                let Self { $($field),+ } = self;
                $($field.write(octets);)+
            }

            fn read(octets: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Stored::read(octets)?),+ })
            }
        }
    )+};
}

structs! {
    Account { user, password_hash }
    AuditEvent { id, at, kind, outcome, actor, subject, client, detail }
    Client { ip, user_agent }
    CodeAttempts { key, since_issued, within_hour, hour_started_at, last_failure_at }
    IssuedCode { digest, expires_at }
    IssuedEmailChangeLink { digest, expires_at }
    IssuedPasswordReset { user, address, digest, expires_at }
    IssuedVerification { user, address, link, link_expires_at, code }
    MailRecord { mail, attempts, state, last_failure }
    PasswordAttempts { key, failures, last_failure_at, locked_until }
    PendingEmailChange { user, session, new_address, link }
    ProfileNames { name, first_name, last_name }
    QueuedMail { id, kind, recipient, locale, queued_at }
    Role { id, name, description, built_in, permissions }
    Session { id, user_id, generation, created_at, last_used_at, expires_at, ends_at, client }
    SigningKey { id, algorithm, sealed, created_at, signs_from, verifies_until }
    User { id, email, email_verified, username, profile, is_active, roles, locale, created_at, updated_at, last_login_at }
}

impl Stored for MailKind {
    fn write(&self, octets: &mut Vec<u8>) {
        (self.name().to_owned(), self.user()).write(octets);
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        let (name, user) = <(String, Option<UserId>)>::read(octets)?;
        Self::parse(&name, user).ok()
    }
}

impl Stored for MailState {
    fn write(&self, octets: &mut Vec<u8>) {
        match self {
            Self::Waiting { due_at } => (0_u8, Some(*due_at)).write(octets),
            Self::Claimed { leased_until } => (1_u8, Some(*leased_until)).write(octets),
            Self::Parked => (2_u8, None::<Timestamp>).write(octets),
        }
    }

    fn read(octets: &mut &[u8]) -> Option<Self> {
        match <(u8, Option<Timestamp>)>::read(octets)? {
            (0, Some(due_at)) => Some(Self::Waiting { due_at }),
            (1, Some(leased_until)) => Some(Self::Claimed { leased_until }),
            (2, None) => Some(Self::Parked),
            _ => None,
        }
    }
}
