//! What the audit trail says of roles.

use portcullis_domain::ports::{RoleDeletion, RoleUpdate};
use portcullis_domain::{Role, RoleName};

use super::steps::{assignment_by, creation, deletion, only, update};
use crate::Storage;
use crate::contract::race::race;
use crate::contract::steps::role_assignment;
use crate::contract::trail::Trail;
use crate::fixtures::{account, custom_role, numbered_permissions, role, user};

/// Each change of a role, or of who holds it, comes with its event, and what changes nothing with none.
pub async fn role_changes_are_in_the_trail(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let mut admin = account("admin@example.com");
    admin.user.roles = vec![RoleName::admin()];
    let admin = storage.register(admin).await;
    let editors = custom_role("editors", &["reports:write"]);
    let admins = storage.role(&RoleName::admin()).await;
    let mut trail = Trail::of(storage).await;

    let made = creation(&editors);
    storage.roles.create(made.clone()).await.expect("create");
    trail.gains([made.event], "a new role").await;
    let namesake = Role { name: role("editors"), ..custom_role("namesake", &[]) };
    storage.roles.create(creation(&namesake)).await.expect("create");
    trail.gains_nothing("a role whose name is taken").await;
    let too_many = Some(numbered_permissions(0..Role::MAX_NAMED_OCTETS));
    let beyond = Role { permissions: too_many.clone().unwrap_or_default(), ..custom_role("beyond", &[]) };
    storage.roles.create(creation(&beyond)).await.expect("create");
    trail.gains_nothing("a role that would name too much").await;

    let change = RoleUpdate { name: Some(role("writers")), ..update(editors.id) };
    storage.update_role(change.clone()).await;
    trail.gains([change.event], "a change of a role").await;
    let outranked = RoleUpdate { authority: only(&[]), ..update(editors.id) };
    for refused in [
        outranked,
        update(admins.id),
        update(namesake.id),
        RoleUpdate { name: Some(RoleName::user()), ..update(editors.id) },
        RoleUpdate { permissions: too_many, ..update(editors.id) },
    ] {
        storage.update_role(refused).await;
    }
    trail.gains_nothing("a refused change of a role").await;

    let given = role_assignment(ada.id, editors.id);
    storage.assign(given.clone()).await;
    trail.gains([given.event], "a role that is given").await;
    let nobody = user("nobody@example.com").id;
    let refused = |id| {
        [
            assignment_by(id, editors.id, &[]),
            role_assignment(id, namesake.id),
            role_assignment(nobody, editors.id),
        ]
    };
    for change in refused(ada.id).into_iter().chain([role_assignment(ada.id, editors.id)]) {
        storage.assign(change).await;
    }
    trail.gains_nothing("a role that is not given").await;
    let taken = role_assignment(ada.id, editors.id);
    storage.revoke(taken.clone()).await;
    trail.gains([taken.event], "a role that is taken").await;
    let last_admin = role_assignment(admin.id, admins.id);
    for change in refused(admin.id).into_iter().chain([role_assignment(ada.id, editors.id), last_admin]) {
        storage.revoke(change).await;
    }
    trail.gains_nothing("a role that is not taken").await;

    for gives in [true, false] {
        race(storage, |_, storage| {
            let change = role_assignment(ada.id, editors.id);
            async move { if gives { storage.assign(change).await } else { storage.revoke(change).await } }
        })
        .await;
        assert_eq!(trail.news().await.len(), 1, "of many at once, one changes anything");
    }

    let outranked = RoleDeletion { authority: only(&[]), ..deletion(editors.id) };
    for refused in [outranked, deletion(admins.id), deletion(namesake.id)] {
        storage.delete_role(refused).await;
    }
    trail.gains_nothing("a refused deletion of a role").await;
    let deleted = deletion(editors.id);
    storage.delete_role(deleted.clone()).await;
    trail.gains([deleted.event], "a deletion of a role").await;
}
