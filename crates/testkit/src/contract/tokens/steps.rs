//! How the cases mail, look up and redeem secrets, in one line each.

use portcullis_domain::audit::{AuditKind, FailureReason};
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    CodeLimits, CodeOutcome, CodeRedemption, EmailChangeOutcome, EmailChangeRequest,
    EmailChangeRequestOutcome, LinkRedemption, PasswordReset, VerificationOutcome, VerificationSecrets,
};
use portcullis_domain::{PasswordHash, SessionId, Timestamp, TokenDigest, User};

use crate::Storage;
use crate::contract::steps::{DAY, HOUR, MINUTE};
use crate::fixtures::{
    NOW, account_attempts, code_attempts, code_digest, email, event, mail, other_hash, password_hash,
    token_digest,
};

pub(in crate::contract) const LIMITS: CodeLimits = CodeLimits { per_code: 5, per_hour: 15 };
pub(in crate::contract) const RIGHT: &str = "314159";
pub(in crate::contract) const WRONG: &str = "271828";

/// The secrets of a verification mail to `address`: a link that lives for a day, and the code [`RIGHT`],
/// which lives for ten minutes.
pub(in crate::contract) fn verification(address: &str) -> VerificationSecrets {
    VerificationSecrets {
        link: token_digest(),
        link_expires_at: NOW + DAY,
        code: code_digest(address, RIGHT),
        code_expires_at: NOW + 10 * MINUTE,
        attempts: code_attempts(address),
    }
}

/// Mails a verification to a user who is to be verified, and returns the link.
pub(in crate::contract) async fn mail_verification(storage: &Storage, user: &User) -> TokenDigest {
    let secrets = verification(user.email.as_str());
    let issued = storage.tokens.issue_verification(&user.email, secrets).await.expect("issue");
    assert_eq!(issued.map(|issued| issued.id), Some(user.id), "it is mailed to the user with the address");
    secrets.link
}

/// Mails a reset that lives for an hour, and returns its secret.
pub(in crate::contract) async fn mail_reset(storage: &Storage, user: &User) -> TokenDigest {
    let digest = token_digest();
    let issued = storage.tokens.issue_password_reset(&user.email, digest, NOW + HOUR).await.expect("issue");
    assert_eq!(issued.map(|issued| issued.id), Some(user.id), "it is mailed to the user with the address");
    digest
}

/// Asks for another address, without mails.
pub(in crate::contract) async fn ask_for_address(
    storage: &Storage,
    user: &User,
    session: SessionId,
    new_address: &str,
) {
    let request = EmailChangeRequest {
        user: user.id,
        session,
        new_address: email(new_address),
        verified_hash: password_hash(),
        mails: vec![],
        event: event(AuditKind::EmailChangeRequest).about(user.id),
        if_taken: None,
    };
    let outcome = storage.tokens.request_email_change(request).await.expect("request");
    assert_eq!(outcome, EmailChangeRequestOutcome::Requested, "it is asked for");
}

/// Mails a confirmation that lives for an hour to the new address; none when the change is not pending.
pub(in crate::contract) async fn mail_confirmation(
    storage: &Storage,
    user: &User,
    new_address: &str,
) -> Option<TokenDigest> {
    let digest = token_digest();
    let issued = storage.tokens.issue_email_change(user.id, &email(new_address), digest, NOW + HOUR).await;
    let issued = issued.expect("issue")?;
    assert_eq!(issued.id, user.id, "it is the user's change");
    Some(digest)
}

/// Asks for another address and mails the confirmation.
pub(in crate::contract) async fn change_address(
    storage: &Storage,
    user: &User,
    session: SessionId,
    new_address: &str,
) -> TokenDigest {
    ask_for_address(storage, user, session, new_address).await;
    mail_confirmation(storage, user, new_address).await.expect("the change is pending")
}

pub(in crate::contract) async fn find_verification(
    storage: &Storage,
    link: TokenDigest,
    now: Timestamp,
) -> Option<User> {
    storage.tokens.find_verification(link, now).await.expect("find")
}

/// A verification link that somebody follows.
pub(in crate::contract) fn followed_link(digest: TokenDigest, now: Timestamp) -> LinkRedemption {
    LinkRedemption { digest, now, event: event(AuditKind::EmailVerification) }
}

/// Follows a verification link.
pub(in crate::contract) async fn follow_link(
    storage: &Storage,
    link: TokenDigest,
    now: Timestamp,
) -> VerificationOutcome {
    storage.tokens.redeem_verification_link(followed_link(link, now)).await.expect("redeem")
}

/// Follows a verification link, and gives whom it has verified, now or before.
pub(in crate::contract) async fn redeem_link(
    storage: &Storage,
    link: TokenDigest,
    now: Timestamp,
) -> Option<User> {
    match follow_link(storage, link, now).await {
        VerificationOutcome::Verified(user) | VerificationOutcome::VerifiedBefore(user) => Some(*user),
        VerificationOutcome::Invalid => None,
    }
}

/// A code that somebody types.
pub(in crate::contract) fn typed_code(address: &str, code: &str, now: Timestamp) -> CodeRedemption {
    CodeRedemption {
        address: email(address),
        code: Some(code_digest(address, code)),
        attempts: code_attempts(address),
        limits: LIMITS,
        now,
        event: event(AuditKind::EmailVerification),
        failure: event(AuditKind::EmailVerification).failed(FailureReason::WrongCode),
    }
}

pub(in crate::contract) async fn redeem_code(
    storage: &Storage,
    address: &str,
    code: &str,
    now: Timestamp,
) -> CodeOutcome {
    storage.tokens.redeem_verification_code(typed_code(address, code, now)).await.expect("redeem")
}

pub(in crate::contract) async fn find_reset(
    storage: &Storage,
    digest: TokenDigest,
    now: Timestamp,
) -> Option<User> {
    storage.tokens.find_password_reset(digest, now).await.expect("find")
}

pub(in crate::contract) fn reset(
    user: &User,
    digest: TokenDigest,
    new_hash: PasswordHash,
    now: Timestamp,
) -> PasswordReset {
    PasswordReset {
        digest,
        now,
        new_hash,
        attempts: account_attempts(user.id),
        notice: mail(MailKind::PasswordChanged, user.email.as_str()),
        event: event(AuditKind::PasswordReset).about(user.id),
    }
}

pub(in crate::contract) async fn redeem_reset(
    storage: &Storage,
    user: &User,
    digest: TokenDigest,
    now: Timestamp,
) -> bool {
    let reset = reset(user, digest, other_hash("after the reset"), now);
    storage.tokens.redeem_password_reset(reset).await.expect("redeem")
}

/// A link that confirms a new address, as somebody follows it.
pub(in crate::contract) fn confirmed_change(digest: TokenDigest, now: Timestamp) -> LinkRedemption {
    LinkRedemption { digest, now, event: event(AuditKind::EmailChange) }
}

pub(in crate::contract) async fn redeem_confirmation(
    storage: &Storage,
    digest: TokenDigest,
    now: Timestamp,
) -> EmailChangeOutcome {
    storage.tokens.redeem_email_change(confirmed_change(digest, now)).await.expect("redeem")
}

/// Whether this secret would still change an address at [`NOW`].
pub(in crate::contract) async fn would_change(storage: &Storage, digest: TokenDigest) -> bool {
    storage.tokens.find_email_change(digest, NOW).await.expect("find").is_some()
}

pub(in crate::contract) async fn is_verified(storage: &Storage, user: &User) -> bool {
    storage.stored(user.id).await.user.email_verified
}
