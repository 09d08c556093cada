//! Resets of a password by a mailed secret.

use portcullis_domain::User;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{CodeOutcome, FailureOutcome, LockoutPolicy, NewAccount};

use super::steps::{
    RIGHT, change_address, find_reset, find_verification, is_verified, mail_confirmation, mail_reset,
    mail_verification, redeem_code, redeem_reset, reset, would_change,
};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::HOUR;
use crate::fixtures::{NOW, account, account_attempts, email, other_hash, password_hash, token_digest};

/// Resets are for active users, verified or not, and for nobody else.
pub async fn resets_are_for_active_users(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let inactive = storage.register(account("inactive@example.com")).await;
    storage.back_door.set_active(inactive.id, false).await;
    for address in ["inactive@example.com", "nobody@example.com"] {
        let digest = token_digest();
        let issued = storage.tokens.issue_password_reset(&email(address), digest, NOW + HOUR).await;
        assert_eq!(issued.expect("issue"), None, "nobody is to be mailed at {address}");
        assert_eq!(find_reset(storage, digest, NOW).await, None, "nothing is stored");
    }
    let address = email("ADA@Example.com");
    let issued = storage.tokens.issue_password_reset(&address, token_digest(), NOW + HOUR).await;
    let issued = issued.expect("issue").expect("a user");
    assert_eq!(issued, ada);
    assert_eq!(
        issued.email.as_str(),
        "ada@example.com",
        "the mail goes to the address that is stored, not to what somebody typed",
    );
}

/// A newer reset makes the older one worthless.
pub async fn a_newer_reset_ends_the_older(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let (eves, older) = (mail_reset(storage, &eve).await, mail_reset(storage, &ada).await);
    let newer = mail_reset(storage, &ada).await;
    assert_eq!(find_reset(storage, older, NOW).await, None, "the older one is dead");
    assert!(!redeem_reset(storage, &ada, older, NOW).await, "the older one is dead");
    assert_eq!(storage.stored(ada.id).await.password_hash, Some(password_hash()), "it sets nothing");
    assert!(redeem_reset(storage, &ada, newer, NOW).await, "the newer one is good");
    assert_eq!(find_reset(storage, eves, NOW).await, Some(eve), "nobody else's is ended");
}

/// Of 50 who redeem one reset at once, each with a password of their own, one wins, and only that
/// password counts.
pub async fn raced_resets_have_one_winner(storage: &Storage) {
    for round in 0..ROUNDS {
        let ada = storage.register(account(&format!("ada{round}@example.com"))).await;
        let digest = mail_reset(storage, &ada).await;
        let redeemed = race(storage, |caller, storage| {
            let reset = reset(&ada, digest, other_hash(caller), NOW);
            async move { storage.tokens.redeem_password_reset(reset).await.expect("redeem") }
        })
        .await;
        let winners: Vec<_> = (0..CALLERS).filter(|caller| redeemed[*caller]).collect();
        let [winner] = winners[..] else {
            panic!("one redemption wins, and {} did", winners.len());
        };
        assert_eq!(
            storage.stored(ada.id).await.password_hash,
            Some(other_hash(winner)),
            "the winner's counts"
        );
    }
}

/// A reset ends what anybody who knew the old password, or had an older mail, could still use.
pub async fn a_reset_ends_all_that_was_set_before(storage: &Storage) {
    const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 1, duration: HOUR };
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let eves_session = storage.sign_in(eve.id).await;
    let link = mail_verification(storage, &ada).await;
    let eves_link = mail_verification(storage, &eve).await;
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    let attempts = account_attempts(ada.id);
    let locked = storage.count_wrong_password(attempts, NOW, LOCKOUT).await;
    assert_eq!(locked, FailureOutcome::Admitted { locks: true });
    let digest = mail_reset(storage, &ada).await;
    let before = storage.stored(ada.id).await.user;

    assert!(redeem_reset(storage, &ada, digest, NOW).await);

    let stored = storage.stored(ada.id).await;
    assert_eq!(stored.password_hash, Some(other_hash("after the reset")), "the new password counts");
    let wanted = User { email_verified: true, ..before };
    assert_eq!(stored.user, wanted, "who reads the mails has shown so, and nothing else is changed");
    assert!(!storage.is_live(&session).await, "every session is ended");
    assert_eq!(find_reset(storage, digest, NOW).await, None, "the secret is spent");
    assert!(!redeem_reset(storage, &ada, digest, NOW).await, "the secret is spent");
    assert_eq!(find_verification(storage, link, NOW).await, None, "older mails are worth nothing");
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert_eq!(outcome, CodeOutcome::Wrong(Some(ada.id)), "older mails are worth nothing");
    assert!(!would_change(storage, confirmation).await, "a pending e-mail change is over");
    assert_eq!(mail_confirmation(storage, &ada, "new@example.com").await, None, "and stays over");
    let locked = storage.lockouts.locked_until(attempts, NOW).await.expect("read");
    assert_eq!(locked, None, "the lockout is lifted");
    let mails = storage.take_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].kind, MailKind::PasswordChanged, "the owner is told");
    assert!(storage.is_live(&eves_session).await, "nobody else's session is ended");
    assert!(find_verification(storage, eves_link, NOW).await.is_some(), "nobody else's secret is ended");
}

/// A secret that is not good sets nothing, ends nothing and tells nobody.
pub async fn a_refused_reset_changes_nothing(storage: &Storage) {
    const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 1, duration: HOUR };
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let digest = mail_reset(storage, &ada).await;
    let link = mail_verification(storage, &ada).await;
    let attempts = account_attempts(ada.id);
    storage.count_wrong_password(attempts, NOW, LOCKOUT).await;
    assert!(!redeem_reset(storage, &ada, token_digest(), NOW).await, "a secret that nobody mailed");
    assert!(!redeem_reset(storage, &ada, digest, NOW + HOUR).await, "a secret that has expired");
    assert_eq!(storage.stored(ada.id).await.password_hash, Some(password_hash()));
    assert!(!is_verified(storage, &ada).await);
    assert!(storage.is_live(&session).await, "a refusal ends no session");
    assert!(find_verification(storage, link, NOW).await.is_some(), "a refusal ends no secret");
    let locked = storage.lockouts.locked_until(attempts, NOW).await.expect("read");
    assert_eq!(locked, Some(NOW + HOUR), "a refusal lifts no lockout");
    assert_eq!(storage.take_mails().await, [], "a refusal tells nobody");
    assert!(redeem_reset(storage, &ada, digest, NOW).await, "a refusal spends nothing");
}

/// The first password of an invited user is set by a reset.
pub async fn a_reset_sets_a_first_password(storage: &Storage) {
    let invited = NewAccount { password_hash: None, ..account("invited@example.com") };
    let invited = storage.register(invited).await;
    let digest = mail_reset(storage, &invited).await;
    assert!(redeem_reset(storage, &invited, digest, NOW).await);
    let stored = storage.stored(invited.id).await;
    assert_eq!(stored.password_hash, Some(other_hash("after the reset")));
    assert!(stored.user.email_verified);
}
