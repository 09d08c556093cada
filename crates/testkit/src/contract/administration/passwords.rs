//! Passwords that are set for somebody else.

use portcullis_domain::ports::{
    LockoutPolicy, NewAccount, PasswordSetting, SessionOpening, SetPasswordOutcome,
};

use super::steps::{Mailed, setting};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::{HOUR, opening};
use crate::contract::tokens::steps::mail_confirmation;
use crate::fixtures::{NOW, account, account_attempts, other_hash, password_hash, session, user};

/// With the password goes what hung on the one before: sessions, resets, a pending change of address, the
/// lockout. What verifies the address stays, and the owner is told.
pub async fn a_password_that_is_set_ends_what_hung_on_the_old_one(storage: &Storage) {
    const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 1, duration: HOUR };
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let sessions = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    let eves = storage.sign_in(eve.id).await;
    let mailed = Mailed::to(storage, &ada, sessions[0].id).await;
    let eves_mails = Mailed::to(storage, &eve, eves.id).await;
    for user in [&ada, &eve] {
        storage.count_wrong_password(account_attempts(user.id), NOW, LOCKOUT).await;
    }
    let before = storage.stored(ada.id).await.user;

    let given = setting(&ada);
    assert_eq!(storage.set_password(given.clone()).await, SetPasswordOutcome::Set);

    let stored = storage.stored(ada.id).await;
    assert_eq!(stored.password_hash, Some(other_hash("set")), "the new password counts");
    assert_eq!(stored.user, before, "nothing else about them is changed");
    for session in &sessions {
        assert!(!storage.is_live(session).await, "every session is ended");
    }
    assert_eq!(mailed.are_good(storage).await, [true, false, false], "only what verifies the address stays");
    assert_eq!(mail_confirmation(storage, &ada, "new.ada@example.com").await, None, "nothing is pending");
    let is_locked = async |id| storage.lockouts.locked_until(account_attempts(id), NOW).await.expect("look");
    assert_eq!(is_locked(ada.id).await, None, "the lockout is lifted");
    assert_eq!(storage.take_mails().await, [given.notice], "the owner is told");
    assert!(storage.is_live(&eves).await, "nobody else's session is ended");
    assert_eq!(eves_mails.are_good(storage).await, [true; 3], "nor anybody else's secret");
    assert_eq!(is_locked(eve.id).await, Some(NOW + HOUR), "nor is anybody else unlocked");
    assert_eq!(storage.stored(eve.id).await.password_hash, Some(password_hash()));

    let invited = NewAccount { password_hash: None, ..account("invited@example.com") };
    let invited = storage.register(invited).await;
    assert_eq!(
        storage.set_password(setting(&invited)).await,
        SetPasswordOutcome::Set,
        "it may be their first"
    );
    let first = SessionOpening { verified_hash: other_hash("set"), ..opening(session(invited.id)) };
    storage.sessions.open(first.clone()).await.expect("open");
    assert!(storage.is_live(&first.session).await, "they sign in with it");
    let nobody = setting(&user("nobody@example.com"));
    assert_eq!(storage.set_password(nobody).await, SetPasswordOutcome::NotFound);
}

/// Logins that checked the old password do not outlive the one that is set, however they are raced.
pub async fn raced_logins_do_not_outlive_a_password_that_is_set(storage: &Storage) {
    for round in 0..ROUNDS {
        let ada = storage.register(account(&format!("ada{round}@example.com"))).await;
        let sessions = race(storage, |caller, storage| {
            let new = PasswordSetting { new_hash: other_hash("new"), ..setting(&ada) };
            let opening = opening(session(ada.id));
            async move {
                let session = opening.session.clone();
                if caller == CALLERS / 2 {
                    assert_eq!(storage.set_password(new).await, SetPasswordOutcome::Set);
                } else {
                    storage.sessions.open(opening).await.expect("open");
                }
                session
            }
        })
        .await;
        for session in sessions {
            assert!(!storage.is_live(&session).await, "a session of the old password is ended with it");
        }
    }
}
