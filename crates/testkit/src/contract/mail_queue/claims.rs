use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_domain::Timestamp;
use portcullis_domain::mail::{ClaimedMail, MailKind, MailRecord, MailState, QueuedMail};

use super::steps::{LEASE, claim, claim_due, enqueue, list};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::TICK;
use crate::fixtures::{NOW, locale, mail, user};

/// Everything about a mail comes back as it was given, with its attempt and its lease.
pub async fn a_mail_is_kept_as_it_was_given(storage: &Storage) {
    let user = user("ada@example.com").id;
    let kinds = [
        MailKind::VerifyEmail,
        MailKind::ResetPassword,
        MailKind::ConfirmEmailChange(user),
        MailKind::EmailChangeRequested,
        MailKind::PasswordChanged,
        MailKind::AddressAlreadyRegistered,
    ];
    for kind in kinds {
        let given = QueuedMail {
            locale: locale("zh-hant-tw"),
            queued_at: NOW + TICK,
            ..mail(kind, "Андрей.Zoe\u{308}@BÜCHER.example")
        };
        enqueue(storage, &given).await;
        assert_eq!(claim(storage, NOW).await, None, "a mail is due from when it was queued");
        let claimed = claim_due(storage, NOW + TICK).await;
        let leased_until = NOW + TICK + LEASE;
        assert_eq!(claimed, ClaimedMail { mail: given.clone(), attempt: 1, leased_until });
        assert_eq!(
            claimed.mail.recipient.as_str(),
            given.recipient.as_str(),
            "the address keeps its spelling"
        );
        storage.mails.complete(&claimed).await.expect("complete");
        assert_eq!(claim(storage, Timestamp::MAX).await, None, "what was delivered is gone");
    }
}

/// However claims are raced, each mail goes to one claimant.
pub async fn a_claimed_mail_is_nobody_elses(storage: &Storage) {
    let waiting = CALLERS / 2;
    for round in 0..ROUNDS {
        for number in 0..waiting {
            let recipient = format!("ada{round}.{number}@example.com");
            enqueue(storage, &mail(MailKind::VerifyEmail, &recipient)).await;
        }
        let claims = race(storage, |_, storage| async move { claim(&storage, NOW).await }).await;
        let claims: Vec<_> = claims.into_iter().flatten().collect();
        let claimed: BTreeSet<_> = claims.iter().map(|claim| claim.mail.id).collect();
        assert_eq!(claimed.len(), claims.len(), "no mail was given to two");
        assert_eq!(claimed.len(), waiting, "every mail was given to one of twice as many claimants");
        assert!(claims.iter().all(|claim| claim.attempt == 1), "each claim is the first");
        assert_eq!(claim(storage, NOW + LEASE - TICK).await, None, "a lease holds to its last microsecond");
        for claim in claims {
            storage.mails.complete(&claim).await.expect("complete");
        }
        assert_eq!(claim(storage, Timestamp::MAX).await, None, "what was delivered is gone");
    }
}

/// When its lease ran out, a mail is the next claimant's, who learns which attempt this is.
pub async fn a_lease_that_ran_out_frees_the_mail(storage: &Storage) {
    let given = mail(MailKind::VerifyEmail, "ada@example.com");
    enqueue(storage, &given).await;
    let mut now = NOW;
    for attempt in 1..=3 {
        let claimed = claim_due(storage, now).await;
        assert_eq!(claimed, ClaimedMail { mail: given.clone(), attempt, leased_until: now + LEASE });
        assert_eq!(claim(storage, now + LEASE - TICK).await, None, "the lease holds");
        now = now + LEASE;
    }
    let raced = race(storage, |_, storage| async move { claim(&storage, now).await }).await;
    let raced: Vec<_> = raced.into_iter().flatten().collect();
    assert_eq!(raced.len(), 1, "a mail whose lease ran out goes to one claimant, too: {raced:?}");
    assert_eq!(raced[0].attempt, 4);
}

/// Who held a lease that ran out, and comes back after the mail was claimed again, changes nothing.
pub async fn a_late_claimant_changes_nothing(storage: &Storage) {
    enqueue(storage, &mail(MailKind::VerifyEmail, "ada@example.com")).await;
    let late = claim_due(storage, NOW).await;
    let current = claim_due(storage, NOW + LEASE).await;
    storage.mails.complete(&late).await.expect("complete");
    storage.mails.retry(&late, NOW, "late").await.expect("retry");
    assert_eq!(claim(storage, NOW + LEASE).await, None, "the current lease holds");
    storage.mails.park(&late, "late").await.expect("park");
    let state = MailState::Claimed { leased_until: current.leased_until };
    let left = MailRecord { mail: late.mail.clone(), attempts: 2, state, last_failure: None };
    assert_eq!(list(storage).await, [left], "a late claimant sets nothing aside and notes nothing");
    let next = claim_due(storage, current.leased_until).await;
    assert_eq!((next.mail.id, next.attempt), (late.mail.id, 3), "a late claimant removes nothing");
}

/// A lease that ran out is still good for the last word, while nobody else has claimed the mail.
pub async fn a_late_delivery_counts_when_nobody_claimed_since(storage: &Storage) {
    enqueue(storage, &mail(MailKind::VerifyEmail, "ada@example.com")).await;
    let claimed = claim_due(storage, NOW).await;
    storage.mails.complete(&claimed).await.expect("complete");
    assert_eq!(claim(storage, NOW + 2 * LEASE).await, None, "what was delivered is not delivered again");
}

/// A mail that was given back waits until it is due, and its attempts are counted on.
pub async fn a_mail_given_back_waits_until_it_is_due(storage: &Storage) {
    enqueue(storage, &mail(MailKind::VerifyEmail, "ada@example.com")).await;
    for (attempt, wait) in [(1, LEASE / 2), (2, LEASE * 3), (3, Duration::ZERO)] {
        let claimed = claim_due(storage, NOW + LEASE * 10 * attempt).await;
        assert_eq!(claimed.attempt, attempt, "attempts are counted");
        let due_at = NOW + LEASE * 10 * attempt + wait;
        storage.mails.retry(&claimed, due_at, "451 4.7.1 später 🙁").await.expect("retry");
        assert_eq!(claim(storage, due_at - TICK).await, None, "it waits until it is due");
    }
    let claimed = claim_due(storage, NOW + LEASE * 30).await;
    assert_eq!(
        claimed.attempt, 4,
        "it is due at the very moment, before or after its lease would have ended"
    );
}

/// The mail that has been due longest is claimed first, whether it is new, was given back or was left
/// behind by a claimant who died.
pub async fn the_mail_due_longest_is_claimed_first(storage: &Storage) {
    let queued_at = |recipient, queued_at| QueuedMail { queued_at, ..mail(MailKind::VerifyEmail, recipient) };
    let given_back = queued_at("given.back@example.com", NOW);
    enqueue(storage, &given_back).await;
    let claimed = claim_due(storage, NOW).await;
    storage.mails.retry(&claimed, NOW + TICK * 40, "later").await.expect("retry");
    let left_behind = queued_at("left.behind@example.com", NOW);
    enqueue(storage, &left_behind).await;
    storage.mails.claim(NOW, NOW + TICK * 20).await.expect("claim").expect("a mail is due");
    let [second, fourth, last] = [
        queued_at("second@example.com", NOW + TICK * 30),
        queued_at("fourth@example.com", NOW + TICK * 50),
        queued_at("last@example.com", NOW + TICK * 60),
    ];
    for mail in [&last, &second, &fourth] {
        enqueue(storage, mail).await;
    }
    let taken = storage.take_mails_due_at(NOW + TICK * 60).await;
    assert_eq!(taken, [left_behind, second, given_back, fourth, last]);
}
