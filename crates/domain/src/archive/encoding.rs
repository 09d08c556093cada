//! Records as octets: the same for the same record, whichever store it came from.
//!
//! Fields follow each other in the order of their declaration. A text, a list and a run of octets begin
//! with their length, an option with whether there is a value, an alternative with its name; numbers have
//! eight octets, the most significant first. So no two records have the same octets.

use zeroize::Zeroizing;

use super::{
    CodeAttempts, IssuedPasswordReset, IssuedVerification, PasswordAttempts, PendingEmailChange, Record,
};
use crate::audit::AuditEvent;
use crate::mail::{MailRecord, MailState};
use crate::role::Role;
use crate::session::Session;
use crate::signing_key::SigningKey;
use crate::user::{Account, User};
use crate::values::{
    Client, Name, PasswordHash, Permission, RoleDescription, RoleName, Timestamp, UserAgent, UserId, Username,
};

/// Octets in the making.
struct Encoding(Zeroizing<Vec<u8>>);

impl Encoding {
    /// More than most records need: growing would leave copies behind that are not wiped.
    const USUAL_LENGTH: usize = 1024;

    fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    fn flag(&mut self, flag: bool) -> &mut Self {
        self.0.push(flag.into());
        self
    }

    fn octets(&mut self, octets: &[u8]) -> &mut Self {
        self.number(octets.len() as u64);
        self.0.extend(octets);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.octets(text.as_bytes())
    }

    fn moment(&mut self, moment: Timestamp) -> &mut Self {
        self.number(moment.unix_micros().cast_unsigned())
    }

    fn optional<T>(&mut self, value: Option<T>, encode: impl FnOnce(&mut Self, T)) -> &mut Self {
        self.flag(value.is_some());
        if let Some(value) = value {
            encode(self, value);
        }
        self
    }

    fn optional_text(&mut self, text: Option<&str>) -> &mut Self {
        self.optional(text, |encoding, text| {
            encoding.text(text);
        })
    }

    fn optional_moment(&mut self, moment: Option<Timestamp>) -> &mut Self {
        self.optional(moment, |encoding, moment| {
            encoding.moment(moment);
        })
    }

    fn optional_user(&mut self, user: Option<UserId>) -> &mut Self {
        self.optional(user, |encoding, user| {
            encoding.octets(user.uuid().as_bytes());
        })
    }

    fn client(&mut self, client: &Client) -> &mut Self {
        let ip = client.ip.map(|ip| ip.to_string());
        self.optional_text(ip.as_deref()).optional_text(client.user_agent.as_ref().map(UserAgent::as_str))
    }

    fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = &'a str>) -> &mut Self {
        self.number(texts.len() as u64);
        texts.fold(self, Self::text)
    }
}

impl Record {
    /// The record as octets.
    pub(super) fn encoded(&self) -> Zeroizing<Vec<u8>> {
        let mut encoding = Encoding(Zeroizing::new(Vec::with_capacity(Encoding::USUAL_LENGTH)));
        encoding.text(self.kind().name());
        match self {
            Self::Role(role) => encode_role(&mut encoding, role),
            Self::User(account) => encode_user(&mut encoding, account),
            Self::Session(session) => encode_session(&mut encoding, session),
            Self::Verification(issued) => encode_verification(&mut encoding, issued),
            Self::PasswordReset(issued) => encode_password_reset(&mut encoding, issued),
            Self::EmailChange(pending) => encode_email_change(&mut encoding, pending),
            Self::PasswordAttempts(attempts) => encode_password_attempts(&mut encoding, attempts),
            Self::CodeAttempts(attempts) => encode_code_attempts(&mut encoding, attempts),
            Self::Mail(record) => encode_mail(&mut encoding, record),
            Self::SigningKey { position, key } => encode_signing_key(&mut encoding, *position, key),
            Self::AuditEvent(event) => encode_audit_event(&mut encoding, event),
        }
        encoding.0
    }
}

// Every field is named here, so that a new one cannot be forgotten.

fn encode_role(encoding: &mut Encoding, role: &Role) {
    let Role { id, name, description, built_in, permissions } = role;
    encoding
        .octets(id.uuid().as_bytes())
        .text(name.as_str())
        .optional_text(description.as_ref().map(RoleDescription::as_str))
        .flag(*built_in)
        .texts(permissions.iter().map(Permission::as_str));
}

fn encode_user(encoding: &mut Encoding, account: &Account) {
    let Account { user, password_hash } = account;
    let User {
        id,
        email,
        email_verified,
        username,
        profile,
        is_active,
        roles,
        locale,
        created_at,
        updated_at,
        last_login_at,
    } = user;
    encoding
        .octets(id.uuid().as_bytes())
        .text(email.as_str())
        .text(email.canonical())
        .flag(*email_verified)
        .optional_text(username.as_ref().map(Username::as_str));
    for name in profile.as_array() {
        encoding.optional_text(name.map(Name::as_str));
    }
    encoding
        .flag(*is_active)
        .texts(roles.iter().map(RoleName::as_str))
        .text(locale.as_str())
        .moment(*created_at)
        .optional_moment(*updated_at)
        .optional_moment(*last_login_at)
        .optional_text(password_hash.as_ref().map(PasswordHash::as_str));
}

fn encode_session(encoding: &mut Encoding, session: &Session) {
    let Session { id, user_id, generation, created_at, last_used_at, expires_at, ends_at, client } = session;
    encoding
        .octets(id.uuid().as_bytes())
        .octets(user_id.uuid().as_bytes())
        .number(generation.number().into())
        .moment(*created_at)
        .moment(*last_used_at)
        .moment(*expires_at)
        .moment(*ends_at)
        .client(client);
}

fn encode_verification(encoding: &mut Encoding, issued: &IssuedVerification) {
    let IssuedVerification { user, address, link, link_expires_at, code } = issued;
    encoding
        .octets(user.uuid().as_bytes())
        .text(address.canonical())
        .octets(link.as_bytes())
        .moment(*link_expires_at)
        .optional(*code, |encoding, code| {
            encoding.octets(code.digest.as_bytes()).moment(code.expires_at);
        });
}

fn encode_password_reset(encoding: &mut Encoding, issued: &IssuedPasswordReset) {
    let IssuedPasswordReset { user, address, digest, expires_at } = issued;
    encoding
        .octets(user.uuid().as_bytes())
        .text(address.canonical())
        .octets(digest.as_bytes())
        .moment(*expires_at);
}

fn encode_email_change(encoding: &mut Encoding, pending: &PendingEmailChange) {
    let PendingEmailChange { user, session, new_address, link } = pending;
    encoding
        .octets(user.uuid().as_bytes())
        .octets(session.uuid().as_bytes())
        .text(new_address.as_str())
        .text(new_address.canonical())
        .optional(*link, |encoding, link| {
            encoding.octets(link.digest.as_bytes()).moment(link.expires_at);
        });
}

fn encode_password_attempts(encoding: &mut Encoding, attempts: &PasswordAttempts) {
    let PasswordAttempts { key, failures, last_failure_at, locked_until } = attempts;
    encoding
        .octets(key.as_bytes())
        .number((*failures).into())
        .moment(*last_failure_at)
        .optional_moment(*locked_until);
}

fn encode_code_attempts(encoding: &mut Encoding, attempts: &CodeAttempts) {
    let CodeAttempts { key, since_issued, within_hour, hour_started_at, last_failure_at } = attempts;
    encoding
        .octets(key.as_bytes())
        .number((*since_issued).into())
        .number((*within_hour).into())
        .moment(*hour_started_at)
        .moment(*last_failure_at);
}

fn encode_mail(encoding: &mut Encoding, record: &MailRecord) {
    let MailRecord { mail, attempts, state, last_failure } = record;
    encoding
        .octets(mail.id.uuid().as_bytes())
        .text(mail.kind.name())
        .optional_user(mail.kind.user())
        .text(mail.recipient.as_str())
        .text(mail.recipient.canonical())
        .text(mail.locale.as_str())
        .moment(mail.queued_at)
        .number((*attempts).into());
    match state {
        MailState::Waiting { due_at } => encoding.text("waiting").moment(*due_at),
        MailState::Claimed { leased_until } => encoding.text("claimed").moment(*leased_until),
        MailState::Parked => encoding.text("parked"),
    };
    encoding.optional_text(last_failure.as_deref());
}

fn encode_signing_key(encoding: &mut Encoding, position: u32, key: &SigningKey) {
    let SigningKey { id, algorithm, sealed, created_at, signs_from, verifies_until } = key;
    encoding
        .number(position.into())
        .text(id.as_str())
        .text(algorithm.name())
        .octets(sealed)
        .moment(*created_at)
        .moment(*signs_from)
        .optional_moment(*verifies_until);
}

fn encode_audit_event(encoding: &mut Encoding, event: &AuditEvent) {
    let AuditEvent { id, at, kind, outcome, actor, subject, client, detail } = event;
    encoding
        .octets(id.uuid().as_bytes())
        .moment(*at)
        .text(kind.name())
        .text(outcome.name())
        .optional_user(*actor)
        .optional_user(*subject)
        .client(client)
        .number(detail.len() as u64);
    for (name, value) in detail {
        encoding.text(name).text(value);
    }
}
