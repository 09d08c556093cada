use portcullis_domain::Timestamp;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::NewAccount;

use super::steps::{LEASE, claim, claim_due, enqueue};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::TICK;
use crate::fixtures::{NOW, account, locale, mail, user};

/// Many mails of one kind to one address are one mail, the first, while it waits; neither another kind nor
/// another address is.
pub async fn a_mail_that_waits_already_stands_for_both(storage: &Storage) {
    let (ada, eve) = (user("ada@example.com").id, user("eve@example.com").id);
    let different = [
        mail(MailKind::ResetPassword, "ada@example.com"),
        mail(MailKind::VerifyEmail, "ada@example.com"),
        mail(MailKind::ResetPassword, "eve@example.com"),
        mail(MailKind::ConfirmEmailChange(ada), "ada@example.com"),
        mail(MailKind::ConfirmEmailChange(eve), "ada@example.com"),
    ];
    for mail in &different {
        enqueue(storage, mail).await;
    }
    let mut same = mail(MailKind::ResetPassword, "ADA@Example.com");
    same.locale = locale("fr");
    enqueue(storage, &same).await;
    enqueue(storage, &mail(MailKind::ConfirmEmailChange(eve), "ada@example.com")).await;
    let mut registering = account("ada@example.com");
    registering.mail = Some(mail(MailKind::VerifyEmail, "ada@example.com"));
    storage.register(registering).await;
    let taken = storage.take_mails().await;
    assert_eq!(taken.len(), different.len(), "kind, user and recipient tell mails apart: {taken:?}");
    for mail in &different {
        assert!(taken.contains(mail), "the one that waits stands for both: {mail:?}");
    }

    enqueue(storage, &same).await;
    let given_back = claim_due(storage, NOW).await;
    assert_eq!(given_back.mail, same, "a mail that was delivered stands for none");
    storage.mails.retry(&given_back, NOW + LEASE, "try later").await.expect("retry");
    enqueue(storage, &different[0]).await;
    assert_eq!(claim(storage, NOW).await, None, "one that waits for another attempt stands for both");

    let parked = claim_due(storage, NOW + LEASE).await;
    storage.mails.park(&parked, "refused").await.expect("park");
    enqueue(storage, &different[0]).await;
    let next = claim_due(storage, NOW).await;
    assert_eq!(next.mail, different[0], "one that was set aside stands for none");
}

/// However requests for one mail are raced, one mail waits.
pub async fn raced_requests_queue_one_mail(storage: &Storage) {
    for round in 0..ROUNDS {
        let address = format!("ada{round}@example.com");
        race(storage, |caller, storage| {
            let mail = mail(MailKind::VerifyEmail, &address);
            // Half of them come with a change of their own.
            let account = NewAccount {
                mail: Some(mail.clone()),
                ..account(&format!("caller{round}.{caller}@example.com"))
            };
            async move {
                if caller % 4 < 2 {
                    storage.mails.enqueue(mail).await.expect("enqueue");
                } else {
                    storage.register(account).await;
                }
            }
        })
        .await;
        assert_eq!(storage.take_mails().await.len(), 1, "many requests send few mails");
    }
}

/// A mail that is being delivered stands for no later one: what it says may be outdated already.
pub async fn a_claimed_mail_stands_for_none(storage: &Storage) {
    let recipient = "ada@example.com";
    let [first, second, third] = [(); 3].map(|()| mail(MailKind::VerifyEmail, recipient));
    enqueue(storage, &first).await;
    let first_claim = claim_due(storage, NOW).await;
    enqueue(storage, &second).await;
    let second_claim = claim_due(storage, NOW).await;
    assert_eq!(second_claim.mail, second, "a mail that is being delivered stands for none");

    let mut registering = account(recipient);
    registering.mail = Some(third.clone());
    storage.register(registering).await;
    let late = mail(MailKind::VerifyEmail, recipient);
    enqueue(storage, &late).await;
    let third_claim = claim_due(storage, NOW).await;
    assert_eq!(third_claim.mail, third, "nor for one that comes with a change");
    assert_eq!(claim(storage, NOW).await, None, "the one that waited stood for both");
    for claim in [first_claim, second_claim, third_claim] {
        storage.mails.complete(&claim).await.expect("complete");
    }
    assert_eq!(claim(storage, Timestamp::MAX).await, None, "each was delivered");
}

/// A mail whose delivery failed is not tried again when another like it waits by now.
pub async fn a_mail_given_back_yields_to_one_that_waits(storage: &Storage) {
    let [first, second, third] = [(); 3].map(|()| mail(MailKind::ResetPassword, "ada@example.com"));
    enqueue(storage, &first).await;
    let first_claim = claim_due(storage, NOW).await;
    enqueue(storage, &second).await;
    storage.mails.retry(&first_claim, NOW, "busy").await.expect("retry");
    let second_claim = claim_due(storage, NOW).await;
    assert_eq!((&second_claim.mail, second_claim.attempt), (&second, 1), "the one that waits is untouched");
    assert_eq!(claim(storage, NOW + LEASE - TICK).await, None, "the one given back is gone");

    enqueue(storage, &third).await;
    let third_claim = claim_due(storage, NOW).await;
    storage.mails.retry(&second_claim, NOW + TICK, "busy").await.expect("retry");
    storage.mails.retry(&third_claim, NOW, "busy").await.expect("retry");
    let left = claim_due(storage, NOW + TICK).await;
    assert_eq!((left.mail, left.attempt), (second, 2), "the first to be given back stands for both");
    assert_eq!(claim(storage, NOW + LEASE).await, None, "the one given back later is gone");
}

/// When a claimant died, its mail is delivered beside the one that was queued since: neither knows whether
/// the other will be.
pub async fn a_lease_that_ran_out_loses_no_mail(storage: &Storage) {
    let [left_behind, later, latest] = [(); 3].map(|()| mail(MailKind::ResetPassword, "ada@example.com"));
    enqueue(storage, &left_behind).await;
    claim_due(storage, NOW).await;
    enqueue(storage, &later).await;
    let now = NOW + LEASE;
    let delivered = claim_due(storage, now).await;
    assert_eq!(delivered.mail, later, "it has been due longer");
    storage.mails.complete(&delivered).await.expect("complete");
    enqueue(storage, &latest).await;
    let taken = storage.take_mails_due_at(now).await;
    assert_eq!(taken, [latest, left_behind], "one that nobody has given back stands for none");
}

/// However a mail that is given back is raced by requests for one like it, one mail waits.
pub async fn raced_returns_and_requests_leave_one_mail(storage: &Storage) {
    for round in 0..ROUNDS {
        let like_it = || mail(MailKind::VerifyEmail, &format!("ada{round}@example.com"));
        let mut claims = Vec::new();
        for _ in 0..CALLERS / 2 {
            enqueue(storage, &like_it()).await;
            claims.push(claim_due(storage, NOW).await);
        }
        race(storage, |caller, storage| {
            let (claim, mail) = (claims.get(caller).cloned(), like_it());
            async move {
                match claim {
                    Some(claim) => storage.mails.retry(&claim, NOW, "busy").await.expect("retry"),
                    None => enqueue(&storage, &mail).await,
                }
            }
        })
        .await;
        assert_eq!(storage.take_mails().await.len(), 1, "whichever waited first stands for all");
        assert_eq!(storage.take_mails_due_at(Timestamp::MAX).await, [], "each that was given back is gone");
    }
}
