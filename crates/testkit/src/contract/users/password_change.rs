//! Changes of a password by who knows it.

use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{EmailChangeRequest, EmailChangeRequestOutcome, PasswordChange};

use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::{HOUR, opening};
use crate::fixtures::{NOW, account, email, event, mail, other_hash, password_hash, session, token_digest};

/// Of 50 changes of one password at once, all checked against the same hash, one takes effect.
pub async fn raced_password_changes_have_one_winner(storage: &Storage) {
    for round in 0..ROUNDS {
        let ada = storage.register(account(&format!("ada{round}@example.com"))).await;
        let session = storage.sign_in(ada.id).await;
        let changed = race(storage, |caller, storage| {
            let change = PasswordChange {
                user: ada.id,
                verified_hash: password_hash(),
                new_hash: other_hash(caller),
                kept_session: session.id,
                notice: mail(MailKind::PasswordChanged, ada.email.as_str()),
                event: event(AuditKind::PasswordChange).about(ada.id),
            };
            async move { storage.users.change_password(change).await.expect("change") }
        })
        .await;
        let winners: Vec<_> = (0..CALLERS).filter(|caller| changed[*caller]).collect();
        let [winner] = winners[..] else {
            panic!("one change wins: {winners:?}");
        };
        assert_eq!(
            storage.stored(ada.id).await.password_hash,
            Some(other_hash(winner)),
            "the winner's counts"
        );
    }
}

/// A password change ends the user's other sessions, pending resets and pending e-mail changes, and
/// tells the owner.
pub async fn a_password_change_ends_the_other_sessions(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let [kept, other] = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    let somebody_elses = storage.sign_in(eve.id).await;
    let [reset, eves_reset, confirmation] = [token_digest(), token_digest(), token_digest()];
    let tokens = &storage.tokens;
    tokens.issue_password_reset(&ada.email, reset, NOW + HOUR).await.expect("issue").expect("a user");
    tokens.issue_password_reset(&eve.email, eves_reset, NOW + HOUR).await.expect("issue").expect("a user");
    let new_address = email("new@example.com");
    let request = EmailChangeRequest {
        user: ada.id,
        session: kept.id,
        new_address: new_address.clone(),
        verified_hash: password_hash(),
        mails: vec![],
        event: event(AuditKind::EmailChangeRequest).about(ada.id),
        if_taken: None,
    };
    let outcome = tokens.request_email_change(request).await.expect("request");
    assert_eq!(outcome, EmailChangeRequestOutcome::Requested, "it is asked for");
    let issued = tokens.issue_email_change(ada.id, &new_address, confirmation, NOW + HOUR).await;
    issued.expect("issue").expect("a pending change");

    let notice = mail(MailKind::PasswordChanged, "ada@example.com");
    let change = |verified_hash| PasswordChange {
        user: ada.id,
        verified_hash,
        new_hash: other_hash("new"),
        kept_session: kept.id,
        notice: notice.clone(),
        event: event(AuditKind::PasswordChange).about(ada.id),
    };
    let changed = storage.users.change_password(change(other_hash("stale"))).await.expect("change");
    assert!(!changed, "a hash that is not the account's changes nothing");
    assert!(storage.is_live(&other).await, "a refused change ends no session");
    assert_eq!(storage.take_mails().await, [], "a refused change tells nobody");

    assert!(storage.users.change_password(change(password_hash())).await.expect("change"));
    assert_eq!(storage.stored(ada.id).await.password_hash, Some(other_hash("new")));
    assert!(storage.is_live(&kept).await, "the session that asked goes on");
    assert!(!storage.is_live(&other).await, "every other session of the user is ended");
    assert!(storage.is_live(&somebody_elses).await, "nobody else's session is");
    assert!(tokens.find_password_reset(reset, NOW).await.expect("find").is_none(), "pending resets end");
    assert!(
        tokens.find_password_reset(eves_reset, NOW).await.expect("find").is_some(),
        "others' resets live"
    );
    let pending = tokens.find_email_change(confirmation, NOW).await.expect("find");
    assert!(pending.is_none(), "pending e-mail changes end");
    let issued = tokens.issue_email_change(ada.id, &new_address, token_digest(), NOW + HOUR).await;
    assert_eq!(issued.expect("issue"), None, "no new secret makes an ended change pending again");
    assert_eq!(storage.take_mails().await, [notice], "the owner is told");
}

/// Logins that checked the old password do not outlive its change, however they are raced.
pub async fn raced_logins_do_not_outlive_the_password(storage: &Storage) {
    for round in 0..ROUNDS {
        let ada = storage.register(account(&format!("ada{round}@example.com"))).await;
        let kept = storage.sign_in(ada.id).await;
        let sessions = race(storage, |caller, storage| {
            let session = session(ada.id);
            let change = PasswordChange {
                user: ada.id,
                verified_hash: password_hash(),
                new_hash: other_hash("new"),
                kept_session: kept.id,
                notice: mail(MailKind::PasswordChanged, ada.email.as_str()),
                event: event(AuditKind::PasswordChange).about(ada.id),
            };
            async move {
                if caller == CALLERS / 2 {
                    assert!(storage.users.change_password(change).await.expect("change"));
                } else {
                    storage.sessions.open(opening(session.clone())).await.expect("open");
                }
                session
            }
        })
        .await;
        for session in sessions {
            assert!(
                !storage.is_live(&session).await,
                "a session opened by the old password is ended with it"
            );
        }
        assert!(storage.is_live(&kept).await, "the session that changed the password goes on");
    }
}
