//! Cases of [`LockoutRepository`](portcullis_domain::ports::LockoutRepository).

use std::time::Duration;

use portcullis_domain::audit::{AuditKind, FailureReason};
use portcullis_domain::ports::{
    CodeLimits, CodeOutcome, CodeRedemption, FailedAttempt, FailureOutcome, LockoutPolicy, SuccessOutcome,
};
use portcullis_domain::{AttemptKey, Timestamp};

use super::race::{CALLERS, ROUNDS, race};
use super::steps::{DAY, MINUTE, TICK, wrong_password};
use super::trail::Trail;
use crate::Storage;
use crate::fixtures::{NOW, account_attempts, code_attempts, email, event, unknown_attempts, user};

const POLICY: LockoutPolicy =
    LockoutPolicy { threshold: 5, duration: Duration::from_micros(15 * 60 * 1_000_000 + 1) };

/// A wrong password that may be told, and does not lock.
const ADMITTED: FailureOutcome = FailureOutcome::Admitted { locks: false };
/// A wrong password that may be told, and locks.
const LOCKS: FailureOutcome = FailureOutcome::Admitted { locks: true };

async fn wrong(storage: &Storage, key: AttemptKey, now: Timestamp) -> FailureOutcome {
    storage.count_wrong_password(key, now, POLICY).await
}

async fn right(storage: &Storage, key: AttemptKey, now: Timestamp) -> SuccessOutcome {
    storage.lockouts.record_success(key, now).await.expect("record")
}

async fn locked_until(storage: &Storage, key: AttemptKey, now: Timestamp) -> Option<Timestamp> {
    storage.lockouts.locked_until(key, now).await.expect("read")
}

/// Locks `key` at `now`, by as many wrong passwords as it takes.
async fn lock(storage: &Storage, key: AttemptKey, now: Timestamp) {
    for count in 1..=POLICY.threshold {
        assert_eq!(locked_until(storage, key, now).await, None, "{count} are not too many");
        let wanted = if count < POLICY.threshold { ADMITTED } else { LOCKS };
        assert_eq!(wrong(storage, key, now).await, wanted, "number {count} is admitted");
    }
    let until = now + POLICY.duration;
    assert_eq!(locked_until(storage, key, now).await, Some(until), "the last one admitted locks");
}

/// Of 50 guesses at once, on an account or on an identifier that names none, as many are answered as
/// the policy lets, and the rest learn nothing.
pub async fn lockout_admits_exactly_the_threshold(storage: &Storage) {
    for round in 0..ROUNDS {
        let known = account_attempts(user("ada@example.com").id);
        let unknown = unknown_attempts(&format!("nobody{round}"));
        for key in [known, unknown] {
            let attempts = race(storage, |_, storage| async move { wrong(&storage, key, NOW).await }).await;
            let until = NOW + POLICY.duration;
            let count = |wanted| attempts.iter().filter(|attempt| **attempt == wanted).count();
            let counts = (count(ADMITTED), count(LOCKS), count(FailureOutcome::Locked { until }));
            assert_eq!(counts, (4, 1, CALLERS - 5), "five are admitted, and the rest are refused");
            assert_eq!(locked_until(storage, key, NOW).await, Some(until));
        }
    }
}

/// A lockout is over at its end, no matter how many were refused meanwhile, and counting begins anew.
pub async fn lockout_ends_by_itself(storage: &Storage) {
    let key = unknown_attempts("ada");
    lock(storage, key, NOW).await;
    let until = NOW + POLICY.duration;
    for now in [NOW + MINUTE, until - TICK] {
        assert_eq!(
            wrong(storage, key, now).await,
            FailureOutcome::Locked { until },
            "refusals prolong nothing"
        );
        assert_eq!(locked_until(storage, key, now).await, Some(until), "locked to the last microsecond");
    }
    assert_eq!(locked_until(storage, key, until).await, None, "it ends by itself");
    lock(storage, key, until).await;
    let over = until + POLICY.duration;
    assert_eq!(right(storage, key, over).await, SuccessOutcome::Admitted, "a right password counts again");
}

/// Wrong passwords are forgotten a day after the last one, and not before.
pub async fn lockout_forgets_old_failures(storage: &Storage) {
    assert_eq!(POLICY.forgotten_after(), DAY);
    let (remembered, forgotten) = (unknown_attempts("remembered"), unknown_attempts("forgotten"));
    for key in [remembered, forgotten] {
        for count in 1..POLICY.threshold {
            let now = NOW + MINUTE * count;
            assert_eq!(wrong(storage, key, now).await, ADMITTED);
        }
    }
    let last = NOW + MINUTE * (POLICY.threshold - 1);
    let just_in_time = last + DAY - TICK;
    assert_eq!(wrong(storage, remembered, just_in_time).await, LOCKS);
    assert!(
        locked_until(storage, remembered, just_in_time).await.is_some(),
        "it is the last report that counts, not the first, and a day has not passed since",
    );
    lock(storage, forgotten, last + DAY).await;

    let slow = LockoutPolicy { threshold: 2, duration: DAY * 30 };
    let key = unknown_attempts("slow");
    for (now, wanted) in [(NOW, ADMITTED), (NOW + DAY * 29, LOCKS)] {
        assert_eq!(storage.count_wrong_password(key, now, slow).await, wanted);
    }
    let now = NOW + DAY * 29;
    assert!(
        locked_until(storage, key, now).await.is_some(),
        "where lockouts are longer than a day, wrong passwords are remembered for as long",
    );
}

/// With a threshold of zero nothing is counted and nothing locks.
pub async fn lockout_of_zero_is_off(storage: &Storage) {
    let off = LockoutPolicy { threshold: 0, ..POLICY };
    let key = unknown_attempts("ada");
    for _ in 0..20 {
        let attempt = storage.count_wrong_password(key, NOW, off).await;
        assert_eq!(attempt, ADMITTED, "nothing is refused");
        assert_eq!(locked_until(storage, key, NOW).await, None, "nothing locks");
    }
    lock(storage, key, NOW).await;
}

/// A right password is refused during a lockout, and sets the count to zero outside of one.
pub async fn lockout_refuses_the_right_password_and_success_resets_the_count(storage: &Storage) {
    let key = unknown_attempts("ada");
    for _ in 0..3 {
        for _ in 1..POLICY.threshold {
            assert_eq!(wrong(storage, key, NOW).await, ADMITTED);
        }
        assert_eq!(
            right(storage, key, NOW).await,
            SuccessOutcome::Admitted,
            "success sets the count to zero"
        );
    }
    lock(storage, key, NOW).await;
    let until = NOW + POLICY.duration;
    for now in [NOW, until - TICK] {
        assert_eq!(
            right(storage, key, now).await,
            SuccessOutcome::Locked { until },
            "the right password does not open what is locked: else it could be guessed through the lock",
        );
        assert_eq!(locked_until(storage, key, now).await, Some(until), "nor does it lift the lock");
    }
}

/// A lockout of one key is nobody else's.
pub async fn lockout_keys_are_apart(storage: &Storage) {
    lock(storage, unknown_attempts("ada"), NOW).await;
    let other = unknown_attempts("eve");
    assert_eq!(locked_until(storage, other, NOW).await, None);
    assert_eq!(right(storage, other, NOW).await, SuccessOutcome::Admitted);
    lock(storage, other, NOW).await;
}

/// Right passwords at once all succeed.
pub async fn right_passwords_in_parallel_all_succeed(storage: &Storage) {
    let key = unknown_attempts("ada");
    for _ in 0..ROUNDS {
        wrong(storage, key, NOW).await;
        let attempts = race(storage, |_, storage| async move { right(&storage, key, NOW).await }).await;
        assert!(attempts.iter().all(|attempt| *attempt == SuccessOutcome::Admitted), "{attempts:?}");
    }
    lock(storage, key, NOW).await;
}

/// Each wrong password that is answered comes with its event, the one that locks with that of the lockout too,
/// and what is refused, or right, with none.
pub async fn wrong_passwords_and_locks_are_in_the_trail(storage: &Storage) {
    let mut trail = Trail::of(storage).await;
    let ada = user("ada@example.com").id;
    let about_ada = |attempt: FailedAttempt| FailedAttempt {
        failure: attempt.failure.about(ada).failed(FailureReason::WrongPassword),
        lock: attempt.lock.about(ada),
        ..attempt
    };
    let key = account_attempts(ada);
    for count in 1..=POLICY.threshold {
        let attempt = about_ada(wrong_password(key, NOW, POLICY));
        let FailedAttempt { failure, lock, .. } = attempt.clone();
        storage.lockouts.record_failure(attempt).await.expect("record");
        if count < POLICY.threshold {
            trail.gains([failure], "a wrong password").await;
        } else {
            trail.gains([failure, lock], "the wrong password that locks").await;
        }
    }
    wrong(storage, key, NOW).await;
    right(storage, key, NOW).await;
    right(storage, unknown_attempts("ada"), NOW).await;
    trail.gains_nothing("what is refused, or right").await;

    let off = LockoutPolicy { threshold: 0, ..POLICY };
    let attempt = wrong_password(unknown_attempts("off"), NOW, off);
    storage.lockouts.record_failure(attempt.clone()).await.expect("record");
    trail.gains([attempt.failure], "a wrong password where none locks").await;

    for round in 0..ROUNDS {
        let key = unknown_attempts(&format!("nobody{round}"));
        race(storage, |_, storage| async move { wrong(&storage, key, NOW).await }).await;
        let news = trail.news().await;
        let count = |kind| news.iter().filter(|event| event.kind == kind).count();
        assert_eq!((count(AuditKind::Login), count(AuditKind::AccountLock), news.len()), (5, 1, 6));
    }
}

/// Counts that nobody added to for long are deleted in batches, of passwords and of codes, and fresh ones
/// never.
pub async fn stale_counts_are_deleted_in_batches(storage: &Storage) {
    for number in 0..3 {
        wrong(storage, unknown_attempts(&format!("stale{number}")), NOW - TICK).await;
        let address = format!("stale{number}@example.com");
        let redemption = CodeRedemption {
            address: email(&address),
            code: None,
            attempts: code_attempts(&address),
            limits: CodeLimits { per_code: 5, per_hour: 15 },
            now: NOW - TICK,
            event: event(AuditKind::EmailVerification),
            failure: event(AuditKind::EmailVerification),
        };
        let outcome = storage.tokens.redeem_verification_code(redemption).await.expect("redeem");
        assert_eq!(outcome, CodeOutcome::Wrong(None));
    }
    let fresh = unknown_attempts("fresh");
    for now in [NOW - DAY, NOW - 2 * TICK, NOW - TICK, NOW] {
        wrong(storage, fresh, now).await;
    }
    let mut deleted = Vec::new();
    for _ in 0..4 {
        deleted.push(storage.lockouts.delete_stale(NOW, 4).await.expect("delete"));
    }
    assert_eq!(deleted, [4, 2, 0, 0], "a batch is as large as asked for, until nothing is left");
    wrong(storage, fresh, NOW + TICK).await;
    assert!(locked_until(storage, fresh, NOW + TICK).await.is_some(), "a fresh count goes on");
}
