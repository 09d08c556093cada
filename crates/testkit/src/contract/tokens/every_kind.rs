//! What holds for secrets of every kind.

use portcullis_domain::ports::{CodeOutcome, EmailChangeOutcome, VerificationSecrets};

use super::steps::{
    RIGHT, ask_for_address, change_address, find_reset, find_verification, is_verified, mail_confirmation,
    mail_reset, mail_verification, redeem_code, redeem_confirmation, redeem_link, redeem_reset, verification,
    would_change,
};
use crate::Storage;
use crate::contract::steps::{DAY, HOUR, MINUTE, TICK};
use crate::fixtures::{NOW, account, session, token_digest};

/// Every secret is over at the very moment at which it expires, whether or not anything sweeps.
pub async fn secrets_expire_at_use(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let link = mail_verification(storage, &ada).await;
    let digest = mail_reset(storage, &ada).await;
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    let find_change = async |now| storage.tokens.find_email_change(confirmation, now).await.expect("find");

    assert_eq!(redeem_link(storage, link, NOW + DAY).await, None, "the link has expired");
    assert_eq!(find_verification(storage, link, NOW + DAY).await, None, "the link has expired");
    let late = redeem_code(storage, "ada@example.com", RIGHT, NOW + 10 * MINUTE).await;
    assert_eq!(late, CodeOutcome::Wrong(Some(ada.id)), "the code has expired");
    assert_eq!(find_reset(storage, digest, NOW + HOUR).await, None, "the reset has expired");
    assert!(!redeem_reset(storage, &ada, digest, NOW + HOUR).await, "the reset has expired");
    assert_eq!(find_change(NOW + HOUR).await, None, "the confirmation has expired");
    let late = redeem_confirmation(storage, confirmation, NOW + HOUR).await;
    assert_eq!(late, EmailChangeOutcome::Invalid, "the confirmation has expired");
    assert!(!is_verified(storage, &ada).await, "what has expired changes nothing");

    assert!(find_verification(storage, link, NOW + DAY - TICK).await.is_some(), "good until then");
    assert!(find_reset(storage, digest, NOW + HOUR - TICK).await.is_some(), "good until then");
    assert!(find_change(NOW + HOUR - TICK).await.is_some(), "good until then");
    let in_time = redeem_code(storage, "ada@example.com", RIGHT, NOW + 10 * MINUTE - TICK).await;
    assert!(matches!(in_time, CodeOutcome::Verified(_)), "good until then: {in_time:?}");
    assert!(redeem_reset(storage, &ada, digest, NOW + HOUR - TICK).await, "good until then");
}

/// A secret of one kind is none of another.
pub async fn a_secret_is_good_for_its_own_kind(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let link = mail_verification(storage, &ada).await;
    let digest = mail_reset(storage, &ada).await;
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    for other in [digest, confirmation] {
        assert_eq!(find_verification(storage, other, NOW).await, None);
        assert_eq!(redeem_link(storage, other, NOW).await, None, "it is no verification link");
    }
    for other in [link, confirmation] {
        assert_eq!(find_reset(storage, other, NOW).await, None);
        assert!(!redeem_reset(storage, &ada, other, NOW).await, "it is no reset");
    }
    for other in [link, digest] {
        assert!(!would_change(storage, other).await);
        let outcome = redeem_confirmation(storage, other, NOW).await;
        assert_eq!(outcome, EmailChangeOutcome::Invalid, "it confirms no address");
    }
    assert!(!is_verified(storage, &ada).await);
}

/// Expired secrets are deleted in batches no larger than asked for, and live ones never.
pub async fn expired_secrets_are_deleted_in_batches(storage: &Storage) {
    let mut expired = Vec::new();
    for number in 0..5 {
        let user = storage.register(account(&format!("user{number}@example.com"))).await;
        expired.push(mail_reset(storage, &user).await);
    }
    let ada = storage.register(account("ada@example.com")).await;
    let live = token_digest();
    let expires_at = NOW + HOUR + 2 * TICK;
    storage.tokens.issue_password_reset(&ada.email, live, expires_at).await.expect("issue").expect("a user");
    let mut deleted = Vec::new();
    for _ in 0..4 {
        deleted.push(storage.tokens.delete_expired(NOW + HOUR + TICK, 2).await.expect("delete"));
    }
    assert_eq!(deleted, [2, 2, 1, 0], "a batch is as large as asked for, until nothing is left");
    for digest in expired {
        assert_eq!(find_reset(storage, digest, NOW).await, None, "what was deleted is gone");
    }
    assert!(find_reset(storage, live, NOW + HOUR + TICK).await.is_some(), "a live one is never deleted");

    let link = mail_verification(storage, &ada).await;
    let session = session(ada.id);
    storage.open(session.clone()).await;
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    while storage.tokens.delete_expired(NOW + 2 * DAY, 1).await.expect("delete") > 0 {}
    assert_eq!(find_verification(storage, link, NOW).await, None, "every kind is deleted");
    assert!(!would_change(storage, confirmation).await, "every kind is deleted");
}

/// Link and code of one mail live as long as each of them does, and a wish for another address waits for
/// its mail as long as it takes.
pub async fn deleting_expired_secrets_spares_what_still_lives(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let link = mail_verification(storage, &ada).await;
    let long_lived_code = VerificationSecrets {
        link_expires_at: NOW + 10 * MINUTE,
        code_expires_at: NOW + DAY,
        ..verification("eve@example.com")
    };
    storage.tokens.issue_verification(&eve.email, long_lived_code).await.expect("issue").expect("a user");
    ask_for_address(storage, &ada, session.id, "new@example.com").await;

    let now = NOW + HOUR;
    while storage.tokens.delete_expired(now, 100).await.expect("delete") == 100 {}
    assert!(find_verification(storage, link, now).await.is_some(), "a link outlives its code");
    let outcome = redeem_code(storage, "eve@example.com", RIGHT, now).await;
    assert!(matches!(outcome, CodeOutcome::Verified(_)), "a code outlives its link: {outcome:?}");
    let confirmation = mail_confirmation(storage, &ada, "new@example.com").await;
    assert!(confirmation.is_some(), "a mail that was delayed finds the change pending");
}
