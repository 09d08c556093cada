//! What the audit trail says of secrets that were redeemed, and of wrong ones.

use portcullis_domain::User;
use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    CodeRedemption, EmailChangeOutcome, EmailChangeRequest, EmailChangeRequestOutcome, VerificationOutcome,
};

use super::steps::{
    LIMITS, RIGHT, WRONG, change_address, confirmed_change, follow_link, followed_link, mail_reset,
    mail_verification, redeem_code, redeem_confirmation, redeem_reset, reset, typed_code,
};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::{DAY, HOUR};
use crate::contract::trail::Trail;
use crate::fixtures::{
    NOW, account, account_of, email, event, mail, other_hash, password_hash, token_digest, user,
};

/// A verification comes with one event, which concerns whom it verifies, however often or however many follow
/// the link.
pub async fn a_verification_is_in_the_trail_once(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let link = mail_verification(storage, &ada).await;
    let mut trail = Trail::of(storage).await;
    let followed = followed_link(link, NOW);
    let outcome = storage.tokens.redeem_verification_link(followed.clone()).await.expect("redeem");
    let verified = Box::new(User { email_verified: true, ..ada.clone() });
    assert_eq!(outcome, VerificationOutcome::Verified(verified.clone()));
    trail.gains([followed.event.about(ada.id)], "a verification").await;
    let again = follow_link(storage, link, NOW + HOUR).await;
    assert_eq!(again, VerificationOutcome::VerifiedBefore(verified), "it says that it was before");
    for (link, now) in [(link, NOW + DAY), (token_digest(), NOW)] {
        assert_eq!(follow_link(storage, link, now).await, VerificationOutcome::Invalid);
    }
    trail.gains_nothing("a link that changes nothing").await;

    let eve = storage.register(account("eve@example.com")).await;
    let link = mail_verification(storage, &eve).await;
    trail.news().await;
    let typed = typed_code("EVE@example.com", RIGHT, NOW);
    storage.tokens.redeem_verification_code(typed.clone()).await.expect("redeem");
    trail.gains([typed.event.about(eve.id)], "a verification by code").await;
    let after_the_code = follow_link(storage, link, NOW).await;
    assert!(matches!(after_the_code, VerificationOutcome::VerifiedBefore(_)), "{after_the_code:?}");
    trail.gains_nothing("a link to what the code has verified").await;

    for round in 0..ROUNDS {
        let raced = storage.register(account(&format!("raced{round}@example.com"))).await;
        let link = mail_verification(storage, &raced).await;
        trail.news().await;
        let outcomes =
            race(storage, |_, storage| async move { follow_link(&storage, link, NOW).await }).await;
        let count =
            |is_such: fn(&VerificationOutcome) -> bool| outcomes.iter().filter(|it| is_such(it)).count();
        let verified = count(|outcome| matches!(outcome, VerificationOutcome::Verified(_)));
        let before = count(|outcome| matches!(outcome, VerificationOutcome::VerifiedBefore(_)));
        assert_eq!((verified, before), (1, CALLERS - 1), "an address is verified once");
        let [event] = &trail.news().await[..] else { panic!("one of them is told") };
        assert_eq!(event.subject, Some(raced.id));
    }
}

/// Each wrong code that is counted comes with its event, which concerns who has the address, if anybody has;
/// those that are not counted come with none.
pub async fn wrong_codes_are_in_the_trail(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let verified = User { email_verified: true, ..user("verified@example.com") };
    storage.register(account_of(verified.clone())).await;
    let inactive = storage.register(account("inactive@example.com")).await;
    storage.back_door.set_active(inactive.id, false).await;
    mail_verification(storage, &ada).await;
    let mut trail = Trail::of(storage).await;
    for (address, holder) in [
        ("ADA@example.com", Some(ada.id)),
        ("verified@example.com", Some(verified.id)),
        ("inactive@example.com", Some(inactive.id)),
        ("nobody@example.com", None),
    ] {
        for count in 0..LIMITS.per_code {
            let typed = typed_code(address, WRONG, NOW);
            let typed = if count == 0 { CodeRedemption { code: None, ..typed } } else { typed };
            storage.tokens.redeem_verification_code(typed.clone()).await.expect("redeem");
            let about = typed.failure.clone();
            let wanted = holder.map_or(typed.failure, |holder| about.about(holder));
            trail.gains([wanted], "a wrong code").await;
        }
        for code in [WRONG, RIGHT] {
            redeem_code(storage, address, code, NOW).await;
        }
        trail.gains_nothing("a code after too many wrong ones").await;
    }
    for round in 0..ROUNDS {
        let address = format!("raced{round}@example.com");
        race(storage, |_, storage| {
            let address = address.clone();
            async move { redeem_code(&storage, &address, WRONG, NOW).await }
        })
        .await;
        assert_eq!(trail.news().await.len(), 5, "as many as were counted");
    }
}

/// A reset, a wish for another address and its confirmation each come with their event, and secrets that are
/// not good with none.
pub async fn resets_and_email_changes_are_in_the_trail(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let request = EmailChangeRequest {
        user: ada.id,
        session: session.id,
        new_address: email("new@example.com"),
        verified_hash: password_hash(),
        mails: vec![mail(MailKind::ConfirmEmailChange(ada.id), "new@example.com")],
        event: event(AuditKind::EmailChangeRequest).about(ada.id),
        if_taken: None,
    };
    let mut trail = Trail::of(storage).await;
    let outcome = storage.tokens.request_email_change(request.clone()).await.expect("request");
    assert_eq!(outcome, EmailChangeRequestOutcome::Requested, "it is asked for");
    trail.gains([request.event], "a wish for another address").await;

    let confirmation = change_address(storage, &ada, session.id, "taken@example.com").await;
    let holder = storage.register(account("taken@example.com")).await;
    trail.news().await;
    redeem_confirmation(storage, token_digest(), NOW).await;
    redeem_confirmation(storage, confirmation, NOW + HOUR).await;
    let refused = redeem_confirmation(storage, confirmation, NOW).await;
    assert_eq!(refused, EmailChangeOutcome::EmailTaken);
    trail.gains_nothing("a change of address that is refused").await;
    storage.delete(holder.id).await;
    trail.news().await;
    let confirmed = confirmed_change(confirmation, NOW);
    storage.tokens.redeem_email_change(confirmed.clone()).await.expect("redeem");
    trail.gains([confirmed.event.about(ada.id)], "a change of address").await;
    redeem_confirmation(storage, confirmation, NOW).await;
    trail.gains_nothing("a secret that is spent").await;

    let ada = storage.stored(ada.id).await.user;
    let digest = mail_reset(storage, &ada).await;
    redeem_reset(storage, &ada, token_digest(), NOW).await;
    redeem_reset(storage, &ada, digest, NOW + HOUR).await;
    trail.gains_nothing("a reset that is refused").await;
    let good = reset(&ada, digest, other_hash("new"), NOW);
    assert!(storage.tokens.redeem_password_reset(good.clone()).await.expect("redeem"));
    trail.gains([good.event], "a reset").await;
    redeem_reset(storage, &ada, digest, NOW).await;
    trail.gains_nothing("a secret that is spent").await;

    for round in 0..ROUNDS {
        let ada = storage.register(account(&format!("ada{round}@example.com"))).await;
        let session = storage.sign_in(ada.id).await;
        let confirmation =
            change_address(storage, &ada, session.id, &format!("new{round}@example.com")).await;
        trail.news().await;
        race(storage, |_, storage| async move { redeem_confirmation(&storage, confirmation, NOW).await })
            .await;
        assert_eq!(trail.news().await.len(), 1, "a confirmation is spent once");
    }
}
