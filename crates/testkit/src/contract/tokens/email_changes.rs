//! Changes of address, confirmed by a mailed secret.

use portcullis_domain::audit::{AuditKind, FailureReason};
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    CodeOutcome, DeleteOutcome, EmailChangeOutcome, EmailChangeRefusal, EmailChangeRequest,
    EmailChangeRequestOutcome, NewAccount, RegisterOutcome,
};
use portcullis_domain::{Session, User};

use super::steps::{
    RIGHT, ask_for_address, change_address, find_reset, find_verification, mail_confirmation, mail_reset,
    mail_verification, redeem_code, redeem_confirmation, redeem_link, redeem_reset, would_change,
};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::trail::Trail;
use crate::fixtures::{NOW, account, email, event, mail, other_hash, password_hash, user};

/// Asking for another address changes nothing yet, and queues the mails that say so.
pub async fn a_requested_email_change_waits_for_its_confirmation(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let before = storage.stored(ada.id).await.user;
    let mails = [
        mail(MailKind::ConfirmEmailChange(ada.id), "new@example.com"),
        mail(MailKind::EmailChangeRequested, "ada@example.com"),
    ];
    let request = EmailChangeRequest {
        user: ada.id,
        session: session.id,
        new_address: email("New@example.com"),
        verified_hash: password_hash(),
        mails: mails.to_vec(),
        event: event(AuditKind::EmailChangeRequest).about(ada.id),
        if_taken: None,
    };
    assert_eq!(mail_confirmation(storage, &ada, "new@example.com").await, None, "nothing is pending");
    let outcome = storage.tokens.request_email_change(request).await.expect("request");
    assert_eq!(outcome, EmailChangeRequestOutcome::Requested, "it is asked for");
    assert_eq!(storage.stored(ada.id).await.user, before, "the address stays as it is");
    let queued = storage.take_mails().await;
    assert!(queued.len() == 2 && mails.iter().all(|mail| queued.contains(mail)), "both are told: {queued:?}");

    assert_eq!(mail_confirmation(storage, &ada, "another@example.com").await, None, "that is not pending");
    let eve = storage.register(account("eve@example.com")).await;
    assert_eq!(mail_confirmation(storage, &eve, "new@example.com").await, None, "nor is it for others");
    let confirmation = mail_confirmation(storage, &ada, "new@example.com").await.expect("it is pending");
    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    let EmailChangeOutcome::Changed(user) = outcome else { panic!("the secret is good: {outcome:?}") };
    assert_eq!(user.email.as_str(), "New@example.com", "the address is kept as it was asked for");
    assert_eq!(user.updated_at, Some(NOW), "it was changed at that moment");
    assert_eq!(storage.stored(ada.id).await.user, *user, "the answer is the user as they are now");
}

/// Another address is asked for only under the password that was checked, by an active user. What is refused stores
/// nothing: no change, no mail, no event.
pub async fn an_email_change_is_asked_for_only_under_the_password_that_was_checked(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let inactive = storage.register(account("inactive@example.com")).await;
    let invited = NewAccount { password_hash: None, ..account("invited@example.com") };
    let invited = storage.register(invited).await;
    let kept_session = storage.sign_in(ada.id).await.id;
    let pending = change_address(storage, &ada, kept_session, "pending@example.com").await;
    storage.back_door.set_active(inactive.id, false).await;
    storage.take_mails().await;
    let mut trail = Trail::of(storage).await;
    for (id, verified_hash, why) in [
        (ada.id, other_hash("since reset"), "the password was reset while it was being checked"),
        (inactive.id, password_hash(), "the account is inactive"),
        (invited.id, password_hash(), "the account has no password"),
        (user("gone@example.com").id, password_hash(), "the account is gone"),
    ] {
        let request = EmailChangeRequest {
            user: id,
            session: kept_session,
            new_address: email("stolen@example.com"),
            verified_hash,
            mails: vec![mail(MailKind::ConfirmEmailChange(id), "stolen@example.com")],
            event: event(AuditKind::EmailChangeRequest).about(id),
            if_taken: None,
        };
        let outcome = storage.tokens.request_email_change(request).await.expect("request");
        assert_eq!(outcome, EmailChangeRequestOutcome::Refused, "{why}");
    }
    assert!(storage.take_mails().await.is_empty(), "a refusal mails nobody");
    trail.gains_nothing("what is refused").await;
    assert!(would_change(storage, pending).await, "a refusal leaves what is pending as it is");
}

/// Asks for the address of somebody else, to be refused aloud.
fn for_a_taken_address(user: &User, session: &Session, taken: &str) -> EmailChangeRequest {
    EmailChangeRequest {
        user: user.id,
        session: session.id,
        new_address: email(taken),
        verified_hash: password_hash(),
        mails: vec![mail(MailKind::ConfirmEmailChange(user.id), taken)],
        event: event(AuditKind::EmailChangeRequest).about(user.id),
        if_taken: None,
    }
}

/// An address that another account has cannot be asked for, in whatever spelling, and nothing is stored: what is
/// pending stays, nobody is told.
pub async fn a_taken_address_is_not_asked_for(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    storage.register(account("taken@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let pending = change_address(storage, &ada, session.id, "pending@example.com").await;
    storage.take_mails().await;
    let mut trail = Trail::of(storage).await;
    let request = for_a_taken_address(&ada, &session, "Taken@Example.com");
    let outcome = storage.tokens.request_email_change(request.clone()).await.expect("request");
    assert_eq!(outcome, EmailChangeRequestOutcome::EmailTaken);
    let stale = EmailChangeRequest { verified_hash: other_hash("since reset"), ..request };
    let outcome = storage.tokens.request_email_change(stale).await.expect("request");
    assert_eq!(outcome, EmailChangeRequestOutcome::Refused, "who lost the password learns of no address");
    assert!(storage.take_mails().await.is_empty(), "a refusal mails nobody");
    trail.gains_nothing("a wish for a taken address").await;
    assert!(would_change(storage, pending).await, "a refusal leaves what is pending as it is");
}

/// Where nobody may learn that an address is taken, its owner is told instead, with the event of the refusal, and all
/// else is as if the address were free: what was pending ends.
pub async fn a_taken_address_that_is_asked_for_privately_is_told_to_its_owner(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let owner = storage.register(account("taken@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let mut trail = Trail::of(storage).await;
    let notice = mail(MailKind::EmailChangeRequested, "ada@example.com");
    let told = mail(MailKind::AddressAlreadyRegistered, "taken@example.com");
    let refusal = EmailChangeRefusal {
        mails: vec![told, notice],
        event: event(AuditKind::EmailChangeRequest).about(ada.id).failed(FailureReason::EmailTaken),
    };
    for (address, wanted) in [
        ("free@example.com", EmailChangeRequestOutcome::Requested),
        ("Ada@example.com", EmailChangeRequestOutcome::Requested),
        ("Taken@Example.com", EmailChangeRequestOutcome::OwnerTold),
    ] {
        let pending = change_address(storage, &ada, session.id, "pending@example.com").await;
        storage.take_mails().await;
        trail.news().await;
        let request = for_a_taken_address(&ada, &session, address);
        let request = EmailChangeRequest { if_taken: Some(refusal.clone()), ..request };
        let outcome = storage.tokens.request_email_change(request.clone()).await.expect("request");
        assert_eq!(outcome, wanted, "{address}");
        let (mails, event) = match outcome {
            EmailChangeRequestOutcome::OwnerTold => (&refusal.mails, refusal.event.clone()),
            _ => (&request.mails, request.event),
        };
        let queued = storage.take_mails().await;
        let are_told = queued.len() == mails.len() && mails.iter().all(|mail| queued.contains(mail));
        assert!(are_told, "{address}: {queued:?}");
        trail.gains([event], "a wish for another address").await;
        assert!(!would_change(storage, pending).await, "{address}: what was pending is not any more");
    }
    assert_eq!(mail_confirmation(storage, &ada, "taken@example.com").await, None, "nothing is pending");
    assert_eq!(storage.stored(owner.id).await.user, owner, "the owner keeps what they have");
}

/// A newer wish for another address replaces the older one with its secret, and so does a newer mail.
pub async fn a_newer_email_change_replaces_the_older(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let older = change_address(storage, &ada, session.id, "older@example.com").await;
    ask_for_address(storage, &ada, session.id, "newer@example.com").await;
    assert!(!would_change(storage, older).await, "the older secret is dead, before there is a newer one");
    let newer = mail_confirmation(storage, &ada, "newer@example.com").await.expect("it is pending");
    assert_eq!(redeem_confirmation(storage, older, NOW).await, EmailChangeOutcome::Invalid);
    assert_eq!(
        mail_confirmation(storage, &ada, "older@example.com").await,
        None,
        "it is not pending any more"
    );
    let newest = mail_confirmation(storage, &ada, "newer@example.com").await.expect("it is pending");
    assert!(!would_change(storage, newer).await, "a newer mail ends the older");
    let outcome = redeem_confirmation(storage, newest, NOW).await;
    let EmailChangeOutcome::Changed(user) = outcome else { panic!("the secret is good: {outcome:?}") };
    assert_eq!(user.email, email("newer@example.com"));
}

/// Of 50 who redeem one confirmation at once, one wins; and of 50 users who ask for one address, or
/// register with it, one gets it.
pub async fn raced_email_changes_have_one_winner(storage: &Storage) {
    let mut movers = Vec::new();
    for caller in 0..CALLERS {
        let user = storage.register(account(&format!("mover{caller}@example.com"))).await;
        movers.push((user.clone(), storage.sign_in(user.id).await));
    }
    for round in 0..ROUNDS {
        let (ada, session) = &movers[round];
        let confirmation = change_address(storage, ada, session.id, &format!("ada{round}@example.com")).await;
        let outcomes =
            race(storage, |_, storage| async move { redeem_confirmation(&storage, confirmation, NOW).await })
                .await;
        let changed = outcomes.iter().filter(|it| matches!(it, EmailChangeOutcome::Changed(_))).count();
        let invalid = outcomes.iter().filter(|it| **it == EmailChangeOutcome::Invalid).count();
        assert_eq!((changed, invalid), (1, CALLERS - 1), "a confirmation is spent once");

        let wanted = format!("wanted{round}@example.com");
        let mut confirmations = Vec::new();
        for (user, session) in &movers {
            confirmations.push(change_address(storage, user, session.id, &wanted).await);
        }
        let got_it = race(storage, |caller, storage| {
            let (confirmation, registering) = (confirmations[caller], account(&wanted));
            async move {
                // Four of five move, to either instance; the fifth registers.
                if caller % 5 == 0 {
                    let outcome = storage.users.register(registering).await.expect("register");
                    matches!(outcome, RegisterOutcome::Registered(_))
                } else {
                    let outcome = redeem_confirmation(&storage, confirmation, NOW).await;
                    matches!(outcome, EmailChangeOutcome::Changed(_))
                }
            }
        })
        .await;
        assert_eq!(got_it.into_iter().filter(|got_it| *got_it).count(), 1, "an address has one account");
    }
}

/// After an e-mail change nothing that was mailed before is worth anything, and only the session that
/// asked goes on.
pub async fn an_email_change_ends_all_that_was_mailed_before(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let [asking, other]: [Session; 2] = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    let eves_session = storage.sign_in(eve.id).await;
    let link = mail_verification(storage, &ada).await;
    let digest = mail_reset(storage, &ada).await;
    let eves_reset = mail_reset(storage, &eve).await;
    let before = storage.stored(ada.id).await.user;
    let confirmation = change_address(storage, &ada, asking.id, "Ada@new.example").await;

    let wanted = User { email: email("Ada@new.example"), email_verified: true, ..before };
    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    let EmailChangeOutcome::Changed(changed) = outcome else { panic!("the secret is good: {outcome:?}") };
    assert_eq!(*changed, User { updated_at: changed.updated_at, ..wanted });
    let stored = storage.stored(ada.id).await;
    assert_eq!(stored.user, *changed, "the answer is what is stored");
    assert_eq!(stored.password_hash, Some(password_hash()), "the password stays");

    assert!(storage.is_live(&asking).await, "the session that asked goes on");
    assert!(!storage.is_live(&other).await, "every other session is ended");
    assert!(storage.is_live(&eves_session).await, "nobody else's session is");
    let again = redeem_confirmation(storage, confirmation, NOW).await;
    assert_eq!(again, EmailChangeOutcome::Invalid, "the secret is spent");
    assert_eq!(find_verification(storage, link, NOW).await, None, "the old address verifies nothing");
    assert_eq!(redeem_link(storage, link, NOW).await, None, "the old address verifies nothing");
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert_eq!(outcome, CodeOutcome::Wrong(None), "the old address verifies nothing");
    assert_eq!(find_reset(storage, digest, NOW).await, None, "the old address resets nothing");
    assert!(!redeem_reset(storage, &ada, digest, NOW).await, "the old address resets nothing");
    assert!(find_reset(storage, eves_reset, NOW).await.is_some(), "nobody else's secret is ended");

    assert!(storage.holder(&email("ada@example.com")).await.is_none(), "the old address is nobody's");
    let holder = storage.holder(&email("ada@NEW.example")).await.expect("the new one is theirs");
    assert_eq!(holder.user.id, ada.id);

    let back = change_address(storage, &stored.user, asking.id, "ada@example.com").await;
    let outcome = redeem_confirmation(storage, back, NOW).await;
    assert!(matches!(outcome, EmailChangeOutcome::Changed(_)), "the old address was free: {outcome:?}");
    assert_eq!(find_verification(storage, link, NOW).await, None, "what was ended stays ended");
    assert_eq!(find_reset(storage, digest, NOW).await, None, "what was ended stays ended");
}

/// When somebody else took the address meanwhile, all stays as it is, the secret included.
pub async fn an_email_change_to_a_taken_address_changes_nothing(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let [asking, other]: [Session; 2] = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    let digest = mail_reset(storage, &ada).await;
    let before = storage.stored(ada.id).await.user;
    let confirmation = change_address(storage, &ada, asking.id, "wanted@example.com").await;
    let holder = storage.register(account("Wanted@Example.com")).await;

    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    assert_eq!(outcome, EmailChangeOutcome::EmailTaken);
    assert_eq!(storage.stored(ada.id).await.user, before, "the user keeps the address they had");
    assert_eq!(storage.stored(holder.id).await.user, holder, "the holder keeps theirs");
    assert!(storage.is_live(&asking).await && storage.is_live(&other).await, "no session is ended");
    assert!(find_reset(storage, digest, NOW).await.is_some(), "no secret is ended");

    assert_eq!(storage.delete(holder.id).await, DeleteOutcome::Deleted);
    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    assert!(
        matches!(outcome, EmailChangeOutcome::Changed(_)),
        "the secret is as good as before: {outcome:?}"
    );
}

/// A user can have their own address spelled anew.
pub async fn an_email_change_can_respell_the_own_address(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let confirmation = change_address(storage, &ada, session.id, "Ada@Example.com").await;
    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    let EmailChangeOutcome::Changed(user) = outcome else { panic!("nobody else has it: {outcome:?}") };
    assert_eq!(user.email.as_str(), "Ada@Example.com");
}
