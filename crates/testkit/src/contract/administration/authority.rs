//! Who may administer whom, and who has to stay.

use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{
    DeleteOutcome, Deletion, EndAllOutcome, LockoutPolicy, PasswordSetting, RoleAssignmentOutcome,
    SessionsEnding, SetPasswordOutcome, UnlockOutcome, Unlocking, UserUpdate, UserUpdateOutcome,
};
use portcullis_domain::{OwnPermission, Permissions, RoleName, User, UserId};

use super::steps::{Mailed, activation, move_to, setting, unlocking, update};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::{HOUR, deletion, holding, role_assignment};
use crate::contract::trail::Trail;
use crate::fixtures::{
    NOW, account, account_attempts, account_of, email, event, password_hash, permission, role, user,
};

/// Whoever lacks a permission that a user holds at that moment does nothing at all to their account.
pub async fn nobody_administers_who_holds_what_they_lack(storage: &Storage) {
    storage.add_role("readers", &["reports:read"]).await;
    storage.add_role("writers", &["reports:read", "reports:write"]).await;
    storage.register(account_of(holding("another.admin@example.com", &["admin"]))).await;
    let own = || OwnPermission::ALL.iter().map(|&own| own.into());
    let reader = || Permissions::only(own().chain([permission("reports:read")]));
    let writer = || Permissions::only(own().chain(["reports:read", "reports:write"].map(permission)));
    for (held, lacking, covering) in [
        (&["user", "writers"][..], reader(), writer()),
        (&["readers"], Permissions::only(own()), reader()),
        // Whatever can be listed is not everything that administrators have.
        (&["admin"], writer(), Permissions::every([])),
    ] {
        let address = format!("{}@example.com", held.join("."));
        let target = storage.register(account_of(holding(&address, held))).await;
        refuse(storage, &target, &lacking).await;
        allow(storage, &target, &covering).await;
    }

    let rising = storage.register(account("rising@example.com")).await;
    let change = |now| UserUpdate { authority: reader(), now, ..update(rising.id) };
    assert!(matches!(storage.update(change(NOW)).await, UserUpdateOutcome::Updated(_)));
    storage.give_role(rising.id, &role("writers")).await;
    assert_eq!(
        storage.update(change(NOW + HOUR)).await,
        UserUpdateOutcome::Outranked,
        "what they hold now counts"
    );
}

fn ending(user: UserId, authority: &Permissions) -> SessionsEnding {
    let event = event(AuditKind::SessionRevocation).about(user);
    SessionsEnding { user, authority: authority.clone(), event }
}

/// Expects that nothing comes of whatever can be done to an account.
async fn refuse(storage: &Storage, target: &User, lacking: &Permissions) {
    const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 1, duration: HOUR };
    let session = storage.sign_in(target.id).await;
    let mailed = Mailed::to(storage, target, session.id).await;
    let attempts = account_attempts(target.id);
    storage.count_wrong_password(attempts, NOW, LOCKOUT).await;
    let before = storage.stored(target.id).await.user;
    let mut trail = Trail::of(storage).await;

    let authority = || lacking.clone();
    for change in
        [update(target.id), activation(target.id, false), move_to(target, email("other@example.com"))]
    {
        let change = UserUpdate { authority: authority(), verifies_email: true, ..change };
        assert_eq!(storage.update(change).await, UserUpdateOutcome::Outranked);
    }
    let lifting = Unlocking { authority: authority(), ..unlocking(target) };
    assert_eq!(storage.unlock(lifting).await, UnlockOutcome::Outranked);
    let password = PasswordSetting { authority: authority(), ..setting(target) };
    assert_eq!(storage.set_password(password).await, SetPasswordOutcome::Outranked);
    let ended = storage.sessions.end_all(ending(target.id, lacking)).await.expect("end");
    assert_eq!(ended, EndAllOutcome::Outranked);
    let erasing = Deletion { authority: authority(), ..deletion(target.id) };
    assert_eq!(storage.users.delete(erasing).await.expect("delete"), DeleteOutcome::Outranked);

    let stored = storage.stored(target.id).await;
    assert_eq!(stored.user, before, "a refusal changes nothing");
    assert_eq!(stored.password_hash, Some(password_hash()), "nor the password");
    assert!(storage.is_live(&session).await, "it ends no session");
    assert_eq!(mailed.are_good(storage).await, [true; 3], "it ends no secret");
    let locked = storage.lockouts.locked_until(attempts, NOW).await.expect("look");
    assert_eq!(locked, Some(NOW + HOUR), "it lifts no lockout");
    assert_eq!(storage.take_mails().await, [], "it tells nobody");
    trail.gains_nothing("what is beyond an authority").await;
}

/// Expects that whatever can be done to an account is done.
async fn allow(storage: &Storage, target: &User, covering: &Permissions) {
    let authority = || covering.clone();
    let change = UserUpdate { authority: authority(), ..activation(target.id, true) };
    assert!(matches!(storage.update(change).await, UserUpdateOutcome::Updated(_)));
    let lifting = Unlocking { authority: authority(), ..unlocking(target) };
    assert!(matches!(storage.unlock(lifting).await, UnlockOutcome::Unlocked(_)));
    let password = PasswordSetting { authority: authority(), ..setting(target) };
    assert_eq!(storage.set_password(password).await, SetPasswordOutcome::Set);
    let ended = storage.sessions.end_all(ending(target.id, covering)).await.expect("end");
    assert_eq!(ended, EndAllOutcome::Ended);
    let erasing = Deletion { authority: authority(), ..deletion(target.id) };
    assert_eq!(storage.users.delete(erasing).await.expect("delete"), DeleteOutcome::Deleted);
    storage.take_mails().await;
}

/// The last active administrator stays one, and stays active; nobody else has to.
pub async fn the_last_administrator_stays(storage: &Storage) {
    let admin = storage.role(&RoleName::admin()).await.id;
    let mut users = Vec::new();
    for address in ["last@example.com", "other@example.com"] {
        let roles = vec![RoleName::admin(), RoleName::user()];
        users.push(storage.register(account_of(User { roles, ..user(address) })).await);
    }
    let [last, other] = &users[..] else { unreachable!("two were registered") };
    assert!(!storage.updated(activation(other.id, false)).await.is_active, "there is another one");
    let session = storage.sign_in(last.id).await;
    let stays = async || {
        let before = storage.stored(last.id).await.user;
        assert_eq!(storage.update(activation(last.id, false)).await, UserUpdateOutcome::LastAdmin);
        let demotion = role_assignment(last.id, admin);
        let demoted = storage.roles.revoke(demotion).await.expect("revoke");
        assert_eq!(demoted, RoleAssignmentOutcome::LastAdmin);
        assert_eq!(storage.stored(last.id).await.user, before, "a refusal changes nothing");
        assert!(storage.is_live(&session).await, "it ends no session");
    };
    stays().await;
    let moved = move_to(last, email("moved@example.com"));
    assert_eq!(
        storage.update(UserUpdate { is_active: Some(false), ..moved }).await,
        UserUpdateOutcome::LastAdmin
    );
    assert_eq!(storage.take_mails().await, [], "nothing of a refused change is done");
    assert!(storage.updated(activation(last.id, true)).await.is_active, "they may be changed otherwise");
    storage.take_role(last.id, &RoleName::user()).await;

    assert!(!storage.updated(activation(other.id, false)).await.is_active, "it was so before");
    storage.take_role(other.id, &RoleName::admin()).await;
    storage.updated(activation(other.id, true)).await;
    stays().await;
    storage.give_role(other.id, &RoleName::admin()).await;
    storage.take_role(last.id, &RoleName::admin()).await;
    assert!(
        !storage.updated(activation(last.id, false)).await.is_active,
        "they are no administrator any more"
    );
}

/// However administrators are demoted, deactivated and erased at once, an active one is left.
pub async fn raced_demotions_leave_an_administrator(storage: &Storage) {
    let admin = storage.role(&RoleName::admin()).await.id;
    let mut admins: Vec<UserId> = Vec::new();
    for round in 0..ROUNDS {
        for number in admins.len()..CALLERS {
            let roles = vec![RoleName::admin(), RoleName::user()];
            let admin = User { roles, ..user(&format!("admin{round}.{number}@example.com")) };
            admins.push(storage.register(account_of(admin)).await.id);
        }
        let went = race(storage, |caller, storage| {
            let id = admins[caller];
            async move {
                // Each of the three at either instance.
                match caller / 2 % 3 {
                    0 => match storage.roles.revoke(role_assignment(id, admin)).await.expect("revoke") {
                        RoleAssignmentOutcome::Changed => true,
                        RoleAssignmentOutcome::LastAdmin => false,
                        outcome => panic!("they are an administrator: {outcome:?}"),
                    },
                    1 => match storage.update(activation(id, false)).await {
                        UserUpdateOutcome::Updated(_) => true,
                        UserUpdateOutcome::LastAdmin => false,
                        outcome => panic!("they are there: {outcome:?}"),
                    },
                    _ => match storage.delete(id).await {
                        DeleteOutcome::Deleted => true,
                        DeleteOutcome::LastAdmin => false,
                        outcome => panic!("they are there: {outcome:?}"),
                    },
                }
            }
        })
        .await;
        let left: Vec<_> = admins.iter().zip(went).filter(|(_, went)| !went).map(|(id, _)| *id).collect();
        let [last] = left[..] else {
            panic!("the last administrator cannot go, and all others can: {left:?}");
        };
        let last = storage.stored(last).await.user;
        assert!(last.is_active && last.roles.contains(&RoleName::admin()), "the last one stays as they are");
        admins = vec![last.id];
    }
}
