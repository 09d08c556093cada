//! Deletion of accounts.

use portcullis_domain::RoleName;
use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    DeleteOutcome, Deletion, EmailChangeRequest, EmailChangeRequestOutcome, FailureOutcome, LockoutPolicy,
    NewAccount, VerificationSecrets,
};

use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::{HOUR, deletion};
use crate::contract::trail::Trail;
use crate::fixtures::{
    NOW, account, account_attempts, account_of, code_attempts, code_digest, email, event, mail, other_hash,
    password_hash, role, token_digest, username,
};

/// What hung on an account is gone with it, and does not come back with its address.
pub async fn deletion_erases_all_that_hangs_on_the_account(storage: &Storage) {
    const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 1, duration: HOUR };
    let mut given = account("ada@example.com");
    given.user.username = Some(username("ada"));
    let ada = storage.register(given).await;
    let eve = storage.register(account("eve@example.com")).await;
    storage.add_role("editors", &[]).await;
    storage.give_role(ada.id, &role("editors")).await;
    let [session, eves_session] = [storage.sign_in(ada.id).await, storage.sign_in(eve.id).await];
    let [link, reset, confirmation] = [token_digest(), token_digest(), token_digest()];
    let tokens = &storage.tokens;
    let secrets = VerificationSecrets {
        link,
        link_expires_at: NOW + HOUR,
        code: code_digest("ada@example.com", "111111"),
        code_expires_at: NOW + HOUR,
        attempts: code_attempts("ada@example.com"),
    };
    tokens.issue_verification(&ada.email, secrets).await.expect("issue").expect("a user");
    tokens.issue_password_reset(&ada.email, reset, NOW + HOUR).await.expect("issue").expect("a user");
    let new_address = email("new@example.com");
    let request = EmailChangeRequest {
        user: ada.id,
        session: session.id,
        new_address: new_address.clone(),
        verified_hash: password_hash(),
        mails: vec![
            mail(MailKind::ConfirmEmailChange(ada.id), "new@example.com"),
            mail(MailKind::EmailChangeRequested, "ada@example.com"),
        ],
        event: event(AuditKind::EmailChangeRequest).about(ada.id),
        if_taken: None,
    };
    let outcome = tokens.request_email_change(request).await.expect("request");
    assert_eq!(outcome, EmailChangeRequestOutcome::Requested, "it is asked for");
    let issued = tokens.issue_email_change(ada.id, &new_address, confirmation, NOW + HOUR).await;
    issued.expect("issue").expect("a pending change");
    let eves_mail = mail(MailKind::PasswordChanged, "eve@example.com");
    storage.mails.enqueue(eves_mail.clone()).await.expect("enqueue");
    let [attempts, eves_attempts] = [account_attempts(ada.id), account_attempts(eve.id)];
    for key in [attempts, eves_attempts] {
        let counted = storage.count_wrong_password(key, NOW, LOCKOUT).await;
        assert_eq!(counted, FailureOutcome::Admitted { locks: true });
    }

    assert_eq!(storage.delete(ada.id).await, DeleteOutcome::Deleted);

    assert!(storage.users.find_by_id(ada.id).await.expect("find").is_none(), "the account is gone");
    assert!(!storage.is_live(&session).await, "its sessions are ended");
    assert_eq!(storage.take_mails().await, [eves_mail], "no mail goes to who is gone, all others go on");
    let locked = storage.lockouts.locked_until(attempts, NOW).await.expect("read");
    assert_eq!(locked, None, "its wrong passwords are forgotten");
    let locked = storage.lockouts.locked_until(eves_attempts, NOW).await.expect("read");
    assert_eq!(locked, Some(NOW + HOUR), "nobody else's are");
    assert!(storage.is_live(&eves_session).await, "nobody else's session is ended");
    assert_eq!(storage.delete(ada.id).await, DeleteOutcome::NotFound, "an account is deleted once");

    // The same id, address and username again: whatever was left behind would hang on it.
    let successor = storage.register(account_of(ada)).await;
    assert_eq!(storage.stored(successor.id).await.user.roles, [RoleName::user()], "roles held are erased");
    assert!(!storage.is_live(&session).await);
    assert_eq!(storage.sessions.list(successor.id, NOW).await.expect("list"), []);
    assert!(tokens.find_verification(link, NOW).await.expect("find").is_none(), "secrets are erased");
    assert!(tokens.find_password_reset(reset, NOW).await.expect("find").is_none(), "secrets are erased");
    assert!(tokens.find_email_change(confirmation, NOW).await.expect("find").is_none(), "secrets are erased");
}

/// Whoever erases their own account does it under the password that was checked, while it is active. What is refused
/// erases nothing, and has no event.
pub async fn an_account_is_deleted_by_its_holder_only_under_the_password_that_was_checked(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let inactive = storage.register(account("inactive@example.com")).await;
    let invited = NewAccount { password_hash: None, ..account("invited@example.com") };
    let invited = storage.register(invited).await;
    storage.back_door.set_active(inactive.id, false).await;
    let mut trail = Trail::of(storage).await;
    let by_its_holder = |user, hash| Deletion { verified_hash: Some(hash), ..deletion(user) };
    for (user, hash, why) in [
        (ada.id, other_hash("since reset"), "the password was reset while it was being checked"),
        (inactive.id, password_hash(), "the account is inactive"),
        (invited.id, password_hash(), "the account has no password"),
    ] {
        let outcome = storage.users.delete(by_its_holder(user, hash)).await.expect("delete");
        assert_eq!(outcome, DeleteOutcome::Refused, "{why}");
        assert_eq!(storage.stored(user).await.user.id, user, "{why}, and it stays");
    }
    trail.gains_nothing("a refused deletion").await;
    let outcome = storage.users.delete(by_its_holder(ada.id, password_hash())).await.expect("delete");
    assert_eq!(outcome, DeleteOutcome::Deleted, "the password is theirs");
}

/// Of 50 administrators who delete themselves at once, one stays.
pub async fn raced_deletions_leave_an_administrator(storage: &Storage) {
    let mut admins = Vec::new();
    for round in 0..ROUNDS {
        for number in admins.len()..CALLERS {
            let mut admin = account(&format!("admin{round}.{number}@example.com"));
            admin.user.roles = vec![RoleName::admin(), RoleName::user()];
            admins.push(storage.register(admin).await.id);
        }
        let outcomes = race(storage, |caller, storage| {
            let id = admins[caller];
            async move { storage.delete(id).await }
        })
        .await;
        let kept: Vec<_> =
            admins.iter().zip(outcomes).filter(|(_, it)| *it != DeleteOutcome::Deleted).collect();
        let [(&last, DeleteOutcome::LastAdmin)] = kept[..] else {
            panic!("the last administrator cannot be deleted, and all others can: {kept:?}");
        };
        assert!(storage.stored(last).await.user.is_active, "the last administrator stays");
        admins = vec![last];
    }
}

/// Only active administrators count, and only they are protected.
pub async fn only_active_administrators_count(storage: &Storage) {
    let plain = storage.register(account("plain@example.com")).await;
    assert_eq!(
        storage.delete(plain.id).await,
        DeleteOutcome::Deleted,
        "who is no administrator can go, even where there is none",
    );
    let mut admins = Vec::new();
    for address in ["active@example.com", "inactive@example.com"] {
        let mut admin = account(address);
        admin.user.roles = vec![RoleName::admin()];
        admins.push(storage.register(admin).await.id);
    }
    let [active, inactive] = admins[..] else { unreachable!("two were registered") };
    storage.back_door.set_active(inactive, false).await;
    assert_eq!(
        storage.delete(active).await,
        DeleteOutcome::LastAdmin,
        "an inactive administrator does not count"
    );
    assert_eq!(storage.stored(active).await.user.roles, [RoleName::admin()], "a refusal changes nothing");
    let session = storage.sign_in(active).await;
    assert_eq!(storage.delete(active).await, DeleteOutcome::LastAdmin);
    assert!(storage.is_live(&session).await, "a refusal ends no session");
    storage.back_door.set_active(inactive, true).await;
    assert_eq!(
        storage.delete(active).await,
        DeleteOutcome::Deleted,
        "another active administrator is enough"
    );
    storage.back_door.set_active(inactive, false).await;
    assert_eq!(storage.delete(inactive).await, DeleteOutcome::Deleted, "an inactive administrator can go");
}
