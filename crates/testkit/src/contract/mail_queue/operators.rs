use portcullis_domain::Timestamp;
use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::{MailBacklog, MailKind, MailRecord, MailState, QueuedMail};
use portcullis_domain::ports::MailResending;

use super::steps::{LEASE, claim, claim_due, enqueue, list, park, send_again};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::TICK;
use crate::contract::trail::Trail;
use crate::fixtures::{NOW, event, mail, user};

/// A mail that was set aside stays for operators to read, and is claimed no more.
pub async fn a_parked_mail_is_kept_and_not_claimed(storage: &Storage) {
    let given = mail(MailKind::VerifyEmail, "ada@example.com");
    enqueue(storage, &given).await;
    let reason = "550 5.1.1 пользователь неизвестен 📭";
    park(storage, NOW, reason).await;
    for now in [NOW, NOW + LEASE, Timestamp::MAX] {
        assert_eq!(claim(storage, now).await, None, "a mail that was set aside is claimed no more");
    }
    let last_failure = Some(reason.to_owned());
    let parked = MailRecord { mail: given, attempts: 1, state: MailState::Parked, last_failure };
    assert_eq!(list(storage).await, [parked], "it is kept with the reason");
}

/// Operators see of each mail what it is, how it stands, and what went wrong last.
pub async fn operators_see_how_each_mail_stands(storage: &Storage) {
    let given = QueuedMail {
        queued_at: NOW + TICK,
        ..mail(MailKind::ConfirmEmailChange(user("ada@example.com").id), "Zoe\u{308}@BÜCHER.example")
    };
    let stands = async |attempts, state, last_failure: Option<&str>| {
        let last_failure = last_failure.map(str::to_owned);
        let record = MailRecord { mail: given.clone(), attempts, state, last_failure };
        assert_eq!(list(storage).await, [record]);
    };
    enqueue(storage, &given).await;
    stands(0, MailState::Waiting { due_at: NOW + TICK }, None).await;
    let claimed = claim_due(storage, NOW + TICK).await;
    stands(1, MailState::Claimed { leased_until: claimed.leased_until }, None).await;
    storage.mails.retry(&claimed, NOW + LEASE * 2, "451 4.7.1 später 🙁").await.expect("retry");
    stands(1, MailState::Waiting { due_at: NOW + LEASE * 2 }, Some("451 4.7.1 später 🙁")).await;
    let claimed = claim_due(storage, NOW + LEASE * 2).await;
    stands(2, MailState::Claimed { leased_until: claimed.leased_until }, Some("451 4.7.1 später 🙁")).await;
    storage.mails.park(&claimed, "550").await.expect("park");
    stands(2, MailState::Parked, Some("550")).await;
}

/// Operators see how many mails are to be delivered, how many were set aside, and how long they have waited.
pub async fn operators_see_how_much_is_in_the_queue(storage: &Storage) {
    let holds = async |pending, parked, oldest_due_at| {
        let backlog = storage.mails.backlog().await.expect("backlog");
        assert_eq!(backlog, MailBacklog { pending, parked, oldest_due_at });
    };
    holds(0, 0, None).await;
    for (number, queued_at) in [(1, NOW + TICK), (2, NOW + TICK * 2), (3, NOW + TICK * 3)] {
        let given = mail(MailKind::VerifyEmail, &format!("ada{number}@example.com"));
        enqueue(storage, &QueuedMail { queued_at, ..given }).await;
    }
    holds(3, 0, Some(NOW + TICK)).await;
    let claimed = claim_due(storage, NOW + TICK).await;
    holds(3, 0, Some(NOW + TICK * 2)).await;
    storage.mails.park(&claimed, "550").await.expect("park");
    holds(2, 1, Some(NOW + TICK * 2)).await;
    for now in [NOW + TICK * 2, NOW + TICK * 3] {
        let claimed = claim_due(storage, now).await;
        storage.mails.complete(&claimed).await.expect("complete");
    }
    holds(0, 1, None).await;
}

/// Mails are listed by their ids, page by page, whatever becomes of those that were listed.
pub async fn mails_are_listed_in_pages(storage: &Storage) {
    let mut given: Vec<_> =
        (0..7).map(|number| mail(MailKind::VerifyEmail, &format!("ada{number}@example.com"))).collect();
    for mail in &given {
        enqueue(storage, mail).await;
    }
    given.sort_unstable_by_key(|mail| mail.id);
    let (mut listed, mut after) = (Vec::new(), None);
    for length in [3, 3, 1, 0] {
        let page = storage.mails.list(after, 3).await.expect("list");
        assert_eq!(page.len(), length, "a page is full while there are more");
        after = page.last().map(|record| record.mail.id).or(after);
        listed.extend(page.into_iter().map(|record| record.mail));
        if length == 3 {
            let claimed = claim_due(storage, NOW).await;
            storage.mails.complete(&claimed).await.expect("complete");
        }
    }
    assert_eq!(listed, given, "the oldest comes first");
}

/// A mail that was set aside is due again when an operator says so, with all of its attempts before it.
pub async fn a_parked_mail_sent_again_begins_anew(storage: &Storage) {
    let given = mail(MailKind::VerifyEmail, "ada@example.com");
    enqueue(storage, &given).await;
    let busy = claim_due(storage, NOW).await;
    storage.mails.retry(&busy, NOW, "busy").await.expect("retry");
    park(storage, NOW, "unknown").await;
    let now = NOW + LEASE * 1000;
    assert!(send_again(storage, given.id, now).await);
    let given = QueuedMail { queued_at: now, ..given };
    let state = MailState::Waiting { due_at: now };
    let anew =
        MailRecord { mail: given.clone(), attempts: 0, state, last_failure: Some("unknown".to_owned()) };
    assert_eq!(list(storage).await, [anew], "it is as good as new, and its past can be read");
    assert_eq!(claim(storage, now - TICK).await, None);
    let claimed = claim_due(storage, now).await;
    assert_eq!((claimed.mail, claimed.attempt), (given, 1));
}

/// A mail that waits for another attempt need not wait when an operator says so.
pub async fn a_waiting_mail_sent_again_is_due_at_once(storage: &Storage) {
    let given = mail(MailKind::VerifyEmail, "ada@example.com");
    enqueue(storage, &given).await;
    let claimed = claim_due(storage, NOW).await;
    storage.mails.retry(&claimed, NOW + LEASE * 5, "busy").await.expect("retry");
    let now = NOW + LEASE;
    assert!(send_again(storage, given.id, now).await);
    let like_it = mail(MailKind::VerifyEmail, "ada@example.com");
    enqueue(storage, &like_it).await;
    let claimed = claim_due(storage, now).await;
    assert_eq!((claimed.mail, claimed.attempt), (QueuedMail { queued_at: now, ..given }, 1));
    assert_eq!(claim(storage, now + LEASE - TICK).await, None, "it stood for a later one");
}

/// A mail that is being delivered is not sent twice.
pub async fn a_claimed_mail_sent_again_is_left_alone(storage: &Storage) {
    let given = mail(MailKind::VerifyEmail, "ada@example.com");
    enqueue(storage, &given).await;
    let claimed = claim_due(storage, NOW).await;
    let before = list(storage).await;
    assert!(send_again(storage, given.id, NOW + TICK).await, "there is such a mail");
    assert_eq!(list(storage).await, before, "nothing about it changed");
    storage.mails.complete(&claimed).await.expect("complete");
    assert_eq!(list(storage).await, [], "its claimant has the last word");
}

/// A mail that was set aside is not sent again beside one like it that waits.
pub async fn a_mail_sent_again_yields_to_one_that_waits(storage: &Storage) {
    let [parked, other, waiting] = ["ada@example.com", "eve@example.com", "ADA@example.com"]
        .map(|recipient| mail(MailKind::VerifyEmail, recipient));
    for mail in [&parked, &other] {
        enqueue(storage, mail).await;
        park(storage, NOW, "unknown").await;
    }
    let waiting = QueuedMail { queued_at: NOW + LEASE, ..waiting };
    enqueue(storage, &waiting).await;
    assert!(send_again(storage, parked.id, NOW).await, "one like it will be sent");
    assert!(send_again(storage, other.id, NOW).await);
    assert!(!send_again(storage, parked.id, NOW).await, "it is gone");
    let taken = storage.take_mails_due_at(NOW + LEASE).await;
    assert_eq!(taken, [other, waiting], "the one that waits stands for both, unchanged");
    assert_eq!(list(storage).await, []);
}

/// What was delivered, or never was, is not sent.
pub async fn a_mail_that_is_gone_is_not_sent_again(storage: &Storage) {
    let [given, never] = [(); 2].map(|()| mail(MailKind::VerifyEmail, "ada@example.com"));
    enqueue(storage, &given).await;
    let claimed = claim_due(storage, NOW).await;
    storage.mails.complete(&claimed).await.expect("complete");
    for gone in [given, never] {
        assert!(!send_again(storage, gone.id, NOW).await);
    }
    assert_eq!(list(storage).await, []);
}

/// That a mail is sent again is in the trail, whether it was waiting, set aside or being delivered; that there is
/// none is not.
pub async fn a_mail_sent_again_is_in_the_trail(storage: &Storage) {
    let given = mail(MailKind::VerifyEmail, "ada@example.com");
    enqueue(storage, &given).await;
    let mut trail = Trail::of(storage).await;
    let resending = || MailResending { id: given.id, now: NOW, event: event(AuditKind::MailResend) };
    for state in ["waits", "is being delivered", "is set aside"] {
        let resending = resending();
        assert!(storage.mails.send_again(resending.clone()).await.expect("send again"));
        trail.gains([resending.event], &format!("a mail that {state} and is sent again")).await;
        match state {
            "waits" => drop(claim_due(storage, NOW).await),
            _ => drop(park(storage, NOW + LEASE, "unknown").await),
        }
    }
    let gone = MailResending { id: mail(MailKind::VerifyEmail, "eve@example.com").id, ..resending() };
    assert!(!storage.mails.send_again(gone).await.expect("send again"));
    trail.gains_nothing("a mail that is gone").await;
}

/// However sending mails again is raced by requests for ones like them, one mail waits.
pub async fn mails_sent_again_in_a_race_leave_one(storage: &Storage) {
    for round in 0..ROUNDS {
        let like_it = || mail(MailKind::VerifyEmail, &format!("ada{round}@example.com"));
        let mut parked = Vec::new();
        for _ in 0..CALLERS / 2 {
            enqueue(storage, &like_it()).await;
            parked.push(park(storage, NOW, "unknown").await);
        }
        race(storage, |caller, storage| {
            let (id, mail) = (parked.get(caller).copied(), like_it());
            async move {
                match id {
                    Some(id) => assert!(send_again(&storage, id, NOW).await),
                    None => enqueue(&storage, &mail).await,
                }
            }
        })
        .await;
        assert_eq!(list(storage).await.len(), 1, "whichever waited first stands for all");
        assert_eq!(storage.take_mails().await.len(), 1, "and it waits");
    }
}
