//! Who holds roles: given, taken, and what they allow.

use portcullis_domain::ports::{RoleAssignmentOutcome, RoleDeletionOutcome, RoleUpdate, RoleUpdateOutcome};
use portcullis_domain::{OwnPermission, Permissions, RoleName, User};

use super::steps::{assignment_by, deletion, permissions, update};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::{holding, role_assignment};
use crate::fixtures::{account, account_of, custom_role, role, user};

/// A role is given to who does not hold it, and taken from who does; of 50 who do so at once, one changes
/// anything.
pub async fn a_role_is_given_and_taken_once(storage: &Storage) {
    let editors = storage.add_role("editors", &["reports:write"]).await;
    storage.add_role("a-first", &[]).await;
    let ada = storage.register(account("ada@example.com")).await;
    let bystander = storage.register(account("bystander@example.com")).await;
    let change = || role_assignment(ada.id, editors.id);

    assert_eq!(storage.revoke(change()).await, RoleAssignmentOutcome::Unchanged, "they never held it");
    assert_eq!(storage.assign(change()).await, RoleAssignmentOutcome::Changed);
    assert_eq!(storage.assign(change()).await, RoleAssignmentOutcome::Unchanged, "they hold it");
    storage.give_role(ada.id, &role("a-first")).await;
    let held = [role("a-first"), role("editors"), RoleName::user()];
    assert_eq!(storage.held_by(ada.id).await.as_deref(), Some(&held[..]), "by name");
    assert_eq!(storage.stored(ada.id).await.user, User { roles: held.into(), ..ada.clone() });
    assert_eq!(storage.revoke(change()).await, RoleAssignmentOutcome::Changed);
    assert_eq!(storage.held_by(ada.id).await, Some(vec![role("a-first"), RoleName::user()]));
    assert_eq!(storage.stored(bystander.id).await.user, bystander, "nobody else is changed");

    let nobody = user("nobody@example.com").id;
    assert_eq!(storage.held_by(nobody).await, None, "there is no such user");
    let unknown = custom_role("unknown", &[]).id;
    let for_nobody = role_assignment(nobody, editors.id);
    assert_eq!(storage.assign(for_nobody.clone()).await, RoleAssignmentOutcome::UserNotFound);
    assert_eq!(storage.revoke(for_nobody).await, RoleAssignmentOutcome::UserNotFound);
    assert_eq!(storage.assign(role_assignment(ada.id, unknown)).await, RoleAssignmentOutcome::RoleNotFound);
    assert_eq!(storage.revoke(role_assignment(ada.id, unknown)).await, RoleAssignmentOutcome::RoleNotFound);

    for _ in 0..ROUNDS {
        for gives in [true, false] {
            let outcomes = race(storage, |_, storage| {
                let change = role_assignment(ada.id, editors.id);
                async move { if gives { storage.assign(change).await } else { storage.revoke(change).await } }
            })
            .await;
            let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
            let counts = (count(RoleAssignmentOutcome::Changed), count(RoleAssignmentOutcome::Unchanged));
            assert_eq!(counts, (1, CALLERS - 1), "one changes it, and all others find it changed");
            let holds_it = storage.stored(ada.id).await.user.roles.contains(&editors.name);
            assert_eq!(holds_it, gives);
        }
    }
}

/// However giving a role is raced against deleting it, nobody holds a role that is gone.
pub async fn raced_assignments_and_a_deletion_leave_no_holder(storage: &Storage) {
    let mut users = Vec::new();
    for caller in 0..CALLERS {
        users.push(storage.register(account(&format!("user{caller}@example.com"))).await.id);
    }
    for round in 0..ROUNDS {
        let doomed = storage.add_role(&format!("doomed-{round}"), &["reports:write"]).await;
        race(storage, |caller, storage| {
            let (change, deletion) = (role_assignment(users[caller], doomed.id), deletion(doomed.id));
            async move {
                if caller == CALLERS / 2 {
                    assert_eq!(storage.delete_role(deletion).await, RoleDeletionOutcome::Deleted);
                } else {
                    let outcome = storage.assign(change).await;
                    let is_possible = [RoleAssignmentOutcome::Changed, RoleAssignmentOutcome::RoleNotFound];
                    assert!(is_possible.contains(&outcome), "it is there, or it is gone: {outcome:?}");
                }
            }
        })
        .await;
        for id in &users {
            assert_eq!(storage.held_by(*id).await, Some(vec![RoleName::user()]), "what is gone is not held");
        }
    }
}

/// What a role allows counts at the next call of who holds it, at every instance: once it is given, as it is
/// changed, and no longer than until it is taken.
pub async fn a_role_given_counts_at_the_next_call(storage: &Storage) {
    let editors = storage.add_role("editors", &["reports:write"]).await;
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let expect = async |wanted: Permissions, when: &str| {
        for instance in [storage.instance(0), storage.instance(1)] {
            let principal = instance.caller(&session).await.expect("the session is live");
            assert_eq!(principal.permissions, wanted, "{when}");
        }
    };
    expect(Permissions::only([]), "before").await;
    storage.give_role(ada.id, &editors.name).await;
    expect(Permissions::only(permissions(&["reports:write"])), "once it is given").await;
    let raising = Some(permissions(&["reports:read", "reports:write"]));
    let raised = storage.update_role(RoleUpdate { permissions: raising, ..update(editors.id) }).await;
    assert!(matches!(raised, RoleUpdateOutcome::Updated(_)), "{raised:?}");
    expect(Permissions::only(permissions(&["reports:read", "reports:write"])), "as it is changed").await;
    storage.take_role(ada.id, &editors.name).await;
    expect(Permissions::only([]), "once it is taken").await;
    storage.give_role(ada.id, &RoleName::admin()).await;
    let named = permissions(&["reports:read", "reports:write"]);
    expect(Permissions::every(named), "administrators may do everything").await;
}

/// Nobody gives or takes a role that allows what they lack, nor touches who holds such a role.
pub async fn nobody_hands_out_what_they_lack(storage: &Storage) {
    let readers = storage.add_role("readers", &["reports:read"]).await.id;
    let writers = storage.add_role("writers", &["reports:read", "reports:write"]).await.id;
    let admin = storage.role(&RoleName::admin()).await.id;
    let plain = storage.register(account_of(holding("plain@example.com", &["user"]))).await;
    let reader = storage.register(account_of(holding("reader@example.com", &["readers"]))).await;
    let writer = storage.register(account_of(holding("writer@example.com", &["readers", "writers"]))).await;
    let [root, other_root] =
        ["root", "other.root"].map(|name| holding(&format!("{name}@example.com"), &["admin"]));
    let root = storage.register(account_of(root)).await;
    storage.register(account_of(other_root)).await;
    let a_reader = ["reports:read", "roles:assign"];
    // Whatever can be listed: not even that is everything.
    let own = OwnPermission::ALL.iter().map(|own| own.name());
    let every_one: Vec<_> = own.chain(["reports:read", "reports:write"]).collect();

    for (user, role, authority, why) in [
        (&plain, writers, &a_reader[..], "the role allows what they lack"),
        (&plain, admin, &a_reader, "the role allows everything"),
        (&plain, admin, &every_one, "only administrators give what administrators have"),
        (&writer, readers, &a_reader, "the user has what they lack"),
        (&writer, writers, &a_reader, "both do, though nothing would change"),
        (&root, readers, &every_one, "the user is an administrator"),
        (&root, admin, &every_one, "the user is an administrator"),
        (&reader, readers, &[], "they may do nothing at all"),
    ] {
        let change = || assignment_by(user.id, role, authority);
        assert_eq!(storage.assign(change()).await, RoleAssignmentOutcome::Outranked, "given: {why}");
        assert_eq!(storage.revoke(change()).await, RoleAssignmentOutcome::Outranked, "taken: {why}");
        assert_eq!(storage.stored(user.id).await.user, *user, "a refusal changes nothing: {why}");
    }

    let allowed = || assignment_by(plain.id, readers, &a_reader);
    assert_eq!(
        storage.assign(allowed()).await,
        RoleAssignmentOutcome::Changed,
        "they lack nothing of either"
    );
    assert_eq!(storage.revoke(allowed()).await, RoleAssignmentOutcome::Changed);
    let allowed = || assignment_by(writer.id, writers, &every_one);
    assert_eq!(storage.revoke(allowed()).await, RoleAssignmentOutcome::Changed);
    let demoted = assignment_by(writer.id, readers, &a_reader);
    assert_eq!(storage.revoke(demoted).await, RoleAssignmentOutcome::Changed, "what they hold now counts");
    assert_eq!(storage.revoke(role_assignment(root.id, admin)).await, RoleAssignmentOutcome::Changed);
}
