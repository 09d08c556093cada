//! Lockouts that are lifted.

use std::time::Duration;

use portcullis_domain::ports::{CodeOutcome, FailureOutcome, LockoutPolicy, UnlockOutcome};

use super::steps::unlocking;
use crate::Storage;
use crate::contract::steps::HOUR;
use crate::contract::tokens::steps::{LIMITS, RIGHT, WRONG, mail_verification, redeem_code};
use crate::fixtures::{NOW, account, account_attempts, user};

/// Who is unlocked can sign in and type codes again, as if nobody had got them wrong.
pub async fn unlocking_lets_passwords_and_codes_count_from_zero(storage: &Storage) {
    const POLICY: LockoutPolicy = LockoutPolicy { threshold: 3, duration: Duration::from_hours(1) };
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    for user in [&ada, &eve] {
        // As many as an hour allows, so that not even a new code helps.
        for _ in 0..LIMITS.per_hour / LIMITS.per_code {
            mail_verification(storage, user).await;
            for _ in 0..LIMITS.per_code {
                redeem_code(storage, user.email.as_str(), WRONG, NOW).await;
            }
        }
        for _ in 0..POLICY.threshold {
            storage.count_wrong_password(account_attempts(user.id), NOW, POLICY).await;
        }
    }
    let is_locked = async |id| storage.lockouts.locked_until(account_attempts(id), NOW).await.expect("look");
    assert_eq!(is_locked(ada.id).await, Some(NOW + HOUR));

    let UnlockOutcome::Unlocked(unlocked) = storage.unlock(unlocking(&ada)).await else {
        panic!("every authority covers them");
    };
    assert_eq!(*unlocked, storage.stored(ada.id).await.user, "the answer is the user, unchanged");
    assert_eq!(is_locked(ada.id).await, None, "passwords count again");
    for count in 1..=POLICY.threshold {
        let outcome = storage.count_wrong_password(account_attempts(ada.id), NOW, POLICY).await;
        let locks = count == POLICY.threshold;
        assert_eq!(outcome, FailureOutcome::Admitted { locks }, "they count from zero");
    }
    for _ in 1..LIMITS.per_code {
        let outcome = redeem_code(storage, "ada@example.com", WRONG, NOW).await;
        assert_eq!(outcome, CodeOutcome::Wrong(Some(ada.id)), "codes count from zero");
    }
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert!(matches!(outcome, CodeOutcome::Verified(_)), "the hour of the limit begins anew: {outcome:?}");

    assert_eq!(is_locked(eve.id).await, Some(NOW + HOUR), "nobody else is unlocked");
    let outcome = redeem_code(storage, "eve@example.com", RIGHT, NOW).await;
    assert!(matches!(outcome, CodeOutcome::Exhausted { .. }), "nobody else is unlocked: {outcome:?}");
    let unlocked_before = storage.register(account("free@example.com")).await;
    let outcome = storage.unlock(unlocking(&unlocked_before)).await;
    assert_eq!(outcome, UnlockOutcome::Unlocked(Box::new(unlocked_before)), "there need be no lockout");
    assert_eq!(storage.unlock(unlocking(&user("nobody@example.com"))).await, UnlockOutcome::NotFound);
}
