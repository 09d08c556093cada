//! What the audit trail says of accounts.

use portcullis_domain::audit::{AuditKind, FailureReason};
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    Deletion, NewAccount, PasswordChange, PrivateRegistration, PrivateRegistrationOutcome, ProfileUpdate,
};
use portcullis_domain::{Change, Permissions, ProfileChange, RoleName, User};

use crate::Storage;
use crate::contract::steps::deletion;
use crate::contract::trail::{EVERYTHING, Trail};
use crate::fixtures::{
    NOW, account, account_of, event, mail, other_hash, password_hash, role, session, user, username,
};

/// Each change of an account comes with its event, and what is refused with none; what is known of an account
/// outlives it.
pub async fn account_changes_are_in_the_trail(storage: &Storage) {
    let mut trail = Trail::of(storage).await;
    let mut given = account("ada@example.com");
    given.user.username = Some(username("ada"));
    let registration = given.event.clone();
    let ada = storage.register(given).await;
    trail.gains([registration.clone()], "a registration").await;
    assert_eq!(registration.subject, Some(ada.id));
    let same_name = User { username: Some(username("ADA")), ..user("other@example.com") };
    let no_such_role = User { roles: vec![role("nobody-made-this")], ..user("third@example.com") };
    for refused in [account("ADA@example.com"), account_of(same_name), account_of(no_such_role)] {
        storage.users.register(refused).await.expect("register");
    }
    trail.gains_nothing("a refused registration").await;

    let eve = storage.register(account("eve@example.com")).await;
    trail.news().await;
    let renaming = |user, name: &str| ProfileUpdate {
        user,
        change: ProfileChange { username: Change::Set(username(name)), ..ProfileChange::default() },
        now: NOW,
        event: event(AuditKind::ProfileChange).about(user),
    };
    let change = renaming(eve.id, "eve");
    storage.users.update_profile(change.clone()).await.expect("update");
    trail.gains([change.event], "a profile change").await;
    for refused in [renaming(eve.id, "Ada"), renaming(user("nobody@example.com").id, "nobody")] {
        storage.users.update_profile(refused).await.expect("update");
    }
    trail.gains_nothing("a refused profile change").await;

    let change = |verified_hash| PasswordChange {
        user: eve.id,
        verified_hash,
        new_hash: other_hash("new"),
        kept_session: session(eve.id).id,
        notice: mail(MailKind::PasswordChanged, "eve@example.com"),
        event: event(AuditKind::PasswordChange).about(eve.id),
    };
    let right = change(password_hash());
    assert!(storage.users.change_password(right.clone()).await.expect("change"));
    trail.gains([right.event], "a password change").await;
    assert!(!storage.users.change_password(change(password_hash())).await.expect("change"));
    trail.gains_nothing("a change of a password that is not theirs").await;

    storage.give_role(ada.id, &RoleName::admin()).await;
    trail.news().await;
    let beyond = Deletion { authority: Permissions::only([]), ..deletion(ada.id) };
    for refused in [beyond, deletion(ada.id), deletion(user("nobody@example.com").id)] {
        storage.users.delete(refused).await.expect("delete");
    }
    trail.gains_nothing("a refused deletion").await;
    let before = storage.audit_trail.list(EVERYTHING).await.expect("list");
    let erasing = deletion(eve.id);
    storage.users.delete(erasing.clone()).await.expect("delete");
    trail.gains([erasing.event], "a deletion").await;
    let after = storage.audit_trail.list(EVERYTHING).await.expect("list");
    assert!(before.iter().all(|event| after.contains(event)), "what happened before outlives the account");
}

/// A private registration comes with one event: of the new account, of the claim that it stands for, or of the
/// refusal, which concerns the owner.
pub async fn private_registrations_are_in_the_trail(storage: &Storage) {
    let mut holder = account("holder@example.com");
    holder.user.username = Some(username("holder"));
    holder.user.email_verified = true;
    let owner = storage.register(holder).await;
    let claim = storage.register(account("claim@example.com")).await;
    let mut trail = Trail::of(storage).await;
    let privately = |address: &str| PrivateRegistration {
        account: NewAccount { mail: Some(mail(MailKind::VerifyEmail, address)), ..account(address) },
        notice_to_owner: mail(MailKind::AddressAlreadyRegistered, address),
        way_in_for_owner: mail(MailKind::ResetPassword, address),
        refusal: event(AuditKind::Registration).failed(FailureReason::EmailTaken),
    };
    let register = async |registration: &PrivateRegistration| {
        storage.users.register_privately(registration.clone()).await.expect("register")
    };

    let free = privately("free@example.com");
    assert_eq!(register(&free).await, PrivateRegistrationOutcome::Registered);
    trail.gains([free.account.event], "a registration").await;
    let claimed = privately("claim@example.com");
    assert_eq!(register(&claimed).await, PrivateRegistrationOutcome::ClaimEnded(claim.id));
    trail.gains([claimed.refusal.about(claim.id)], "a claim, ended").await;
    let taken = privately("holder@example.com");
    assert_eq!(register(&taken).await, PrivateRegistrationOutcome::OwnerTold(owner.id));
    trail.gains([taken.refusal.about(owner.id)], "a refusal").await;
    for address in ["other@example.com", "claim@example.com", "holder@example.com"] {
        let mut same_name = privately(address);
        same_name.account.user.username = Some(username("HOLDER"));
        assert_eq!(register(&same_name).await, PrivateRegistrationOutcome::UsernameTaken);
    }
    trail.gains_nothing("a username that is taken").await;
}
