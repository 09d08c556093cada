//! What roles are: made, changed and deleted.

use std::collections::BTreeSet;
use std::ops::Range;

use portcullis_domain::ports::{
    RoleCreationOutcome, RoleDeletion, RoleDeletionOutcome, RoleUpdate, RoleUpdateOutcome,
};
use portcullis_domain::{Change, Permissions, Role, RoleDescription, RoleName};

use super::steps::{deletion, only, permissions, update};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::fixtures::{account, custom_role, numbered_permissions, role};

/// How many of the permissions that have numbers roles may name.
const MOST: usize = Role::MAX_NAMED_OCTETS / 64;

fn numbered_role(name: &str, numbers: Range<usize>) -> Role {
    Role { permissions: numbered_permissions(numbers), ..custom_role(name, &[]) }
}

fn description(text: &str) -> RoleDescription {
    RoleDescription::parse(text).expect("a case names a valid description")
}

/// Of 50 at once who make a role of one name, or give this name to a role of theirs, one does.
pub async fn raced_roles_of_one_name_leave_one(storage: &Storage) {
    let mut renamed = Vec::new();
    for caller in 0..CALLERS {
        renamed.push(storage.add_role(&format!("role-{caller}"), &[]).await);
    }
    for round in 0..ROUNDS {
        let name = format!("wanted-{round}");
        let got_it = race(storage, |caller, storage| {
            let new = custom_role(&name, &["reports:read"]);
            let renaming = RoleUpdate { name: Some(role(&name)), ..update(renamed[caller].id) };
            async move {
                if caller % 4 < 2 {
                    let outcome = storage.create_role(&new).await;
                    (outcome == RoleCreationOutcome::Created).then_some(new.id)
                } else {
                    let id = renaming.role;
                    match storage.update_role(renaming).await {
                        RoleUpdateOutcome::Updated(_) => Some(id),
                        RoleUpdateOutcome::NameTaken => None,
                        outcome => panic!("the name is taken, or it is not: {outcome:?}"),
                    }
                }
            }
        })
        .await;
        let winners: Vec<_> = got_it.into_iter().flatten().collect();
        assert_eq!(winners, [storage.role(&role(&name)).await.id], "a name has one role");
    }
}

/// Everything about a role comes back as it was given, whichever way it is found; roles are listed by their
/// names, octet by octet.
pub async fn a_role_is_kept_as_it_was_given(storage: &Storage) {
    let full = Role {
        description: Some(description("Prüft, was die anderen tun 🔎; '\"--\\%")),
        ..custom_role("auditor-2_eu", &["reports:read", "audit:read", "a:b"])
    };
    let longest = Role {
        description: Some(description(&"名".repeat(500))),
        ..custom_role(&"r".repeat(64), &[&format!("{}:{}", "n".repeat(32), "v".repeat(32))])
    };
    let given = [full, longest, custom_role("nothing", &[])];
    for role in &given {
        assert_eq!(storage.create_role(role).await, RoleCreationOutcome::Created, "the name is free");
    }
    for role in &given {
        let ways = [
            storage.roles.find(role.id).await.expect("find"),
            storage.roles.find_by_name(&role.name).await.expect("find"),
        ];
        assert_eq!(ways, [Some(role.clone()), Some(role.clone())], "every field is kept");
    }
    let in_no_dictionary = ["a-b", "a0", "a_b", "aa", "ab"];
    for name in in_no_dictionary {
        storage.add_role(name, &[]).await;
    }
    let mut wanted: Vec<_> = given.into_iter().chain(Role::all_built_in()).map(|role| role.name).collect();
    wanted.extend(in_no_dictionary.map(role));
    wanted.sort_unstable();
    let listed = storage.all_roles().await;
    assert_eq!(listed.iter().map(|role| role.name.clone()).collect::<Vec<_>>(), wanted, "by name");
    for built_in in Role::all_built_in() {
        assert!(listed.contains(&built_in), "the built-in roles are among them");
    }

    let unknown = custom_role("unknown", &[]);
    assert_eq!(storage.roles.find(unknown.id).await.expect("find"), None);
    assert_eq!(storage.roles.find_by_name(&unknown.name).await.expect("find"), None);
    let namesake = custom_role("nothing", &["reports:read"]);
    assert_eq!(storage.create_role(&namesake).await, RoleCreationOutcome::NameTaken);
    assert_eq!(storage.all_roles().await, listed, "what was refused changes nothing");
}

/// A role is changed field by field, for all who hold it, and keeps what the change does not name.
pub async fn a_role_change_keeps_the_rest(storage: &Storage) {
    let bystander = storage.add_role("bystander", &["reports:read"]).await;
    let mut wanted = storage.add_role("middle", &["reports:read", "reports:write"]).await;
    let mut ada = account("ada@example.com");
    ada.user.roles = vec![role("bystander"), role("middle"), RoleName::user()];
    let ada = storage.register(ada).await;
    let expect = async |change: RoleUpdate, wanted: &Role| {
        let outcome = storage.update_role(change).await;
        assert_eq!(
            outcome,
            RoleUpdateOutcome::Updated(wanted.clone()),
            "the answer is the role as it is now"
        );
        assert_eq!(
            storage.roles.find(wanted.id).await.expect("find").as_ref(),
            Some(wanted),
            "and is stored"
        );
    };

    wanted.name = role("zenith");
    expect(RoleUpdate { name: Some(role("zenith")), ..update(wanted.id) }, &wanted).await;
    let held = [role("bystander"), RoleName::user(), role("zenith")];
    assert_eq!(storage.stored(ada.id).await.user.roles, held, "who holds it holds it by its new name");
    wanted.description = Some(description("Über allen"));
    let describing = Change::Set(description("Über allen"));
    expect(RoleUpdate { description: describing, ..update(wanted.id) }, &wanted).await;
    wanted.permissions = permissions(&["reports:write", "users:read"]);
    let permitting = Some(wanted.permissions.clone());
    expect(RoleUpdate { permissions: permitting, ..update(wanted.id) }, &wanted).await;
    // With its own name, which is not taken.
    wanted.description = None;
    wanted.permissions = permissions(&[]);
    let everything = RoleUpdate {
        name: Some(role("zenith")),
        description: Change::Clear,
        permissions: Some(permissions(&[])),
        ..update(wanted.id)
    };
    expect(everything, &wanted).await;

    let taken = RoleUpdate {
        name: Some(role("bystander")),
        permissions: Some(permissions(&["users:read"])),
        ..update(wanted.id)
    };
    assert_eq!(storage.update_role(taken).await, RoleUpdateOutcome::NameTaken);
    let built_in = RoleUpdate { name: Some(RoleName::admin()), ..update(wanted.id) };
    assert_eq!(storage.update_role(built_in).await, RoleUpdateOutcome::NameTaken);
    assert_eq!(storage.role(&role("zenith")).await, wanted, "a refused change changes nothing");
    assert_eq!(storage.role(&role("bystander")).await, bystander, "no other role is changed");
    let unknown = custom_role("unknown", &[]);
    assert_eq!(storage.update_role(update(unknown.id)).await, RoleUpdateOutcome::NotFound);
}

/// What is in every store from the start is neither changed nor deleted, whatever the authority.
pub async fn built_in_roles_stay_as_they_are(storage: &Storage) {
    let mut admin = account("admin@example.com");
    admin.user.roles = vec![RoleName::admin(), RoleName::user()];
    let admin = storage.register(admin).await;
    let before = storage.all_roles().await;
    for built_in in Role::all_built_in() {
        let changes = [
            RoleUpdate { name: Some(role("renamed")), ..update(built_in.id) },
            RoleUpdate { description: Change::Clear, ..update(built_in.id) },
            RoleUpdate { permissions: Some(permissions(&["users:read"])), ..update(built_in.id) },
        ];
        for change in changes {
            assert_eq!(storage.update_role(change).await, RoleUpdateOutcome::BuiltIn, "{}", built_in.name);
        }
        assert_eq!(storage.delete_role(deletion(built_in.id)).await, RoleDeletionOutcome::BuiltIn);
    }
    assert_eq!(storage.all_roles().await, before, "they are as they were");
    assert_eq!(storage.stored(admin.id).await.user, admin, "and held as they were");
}

/// Who lacks a permission of a role, as it is stored at that moment, neither changes nor deletes it.
pub async fn nobody_changes_a_role_beyond_their_authority(storage: &Storage) {
    let writers = storage.add_role("writers", &["reports:read", "reports:write"]).await;
    let assignment_by =
        |authority| RoleUpdate { permissions: Some(permissions(&[])), authority, ..update(writers.id) };
    for authority in [only(&[]), only(&["reports:read"]), only(&["reports:write", "users:write"])] {
        let changed = storage.update_role(assignment_by(authority.clone())).await;
        assert_eq!(changed, RoleUpdateOutcome::Outranked, "{authority:?}");
        let deleting = RoleDeletion { authority, ..deletion(writers.id) };
        assert_eq!(storage.delete_role(deleting).await, RoleDeletionOutcome::Outranked);
        assert_eq!(storage.role(&writers.name).await, writers, "a refusal changes nothing");
    }
    let covering = || only(&["reports:read", "reports:write", "users:read"]);
    let changed = storage.update_role(assignment_by(covering())).await;
    assert!(matches!(changed, RoleUpdateOutcome::Updated(_)), "nothing is lacked: {changed:?}");
    let deleting = RoleDeletion { authority: only(&[]), ..deletion(writers.id) };
    assert_eq!(
        storage.delete_role(deleting).await,
        RoleDeletionOutcome::Deleted,
        "nothing is lacked any more"
    );

    for round in 0..ROUNDS {
        let contested = storage.add_role(&format!("contested-{round}"), &["reports:read"]).await;
        let raced = race(storage, |caller, storage| {
            let raising = RoleUpdate {
                permissions: Some(permissions(&["reports:read", "reports:write"])),
                ..update(contested.id)
            };
            let deleting = RoleDeletion { authority: only(&["reports:read"]), ..deletion(contested.id) };
            async move {
                if caller == CALLERS / 2 {
                    matches!(storage.update_role(raising).await, RoleUpdateOutcome::Updated(_))
                } else {
                    storage.delete_role(deleting).await == RoleDeletionOutcome::Deleted
                }
            }
        })
        .await;
        let took_effect = raced.iter().filter(|took_effect| **took_effect).count();
        assert_eq!(
            took_effect, 1,
            "a role that was raised is not deleted, and one that was deleted not raised"
        );
        let is_left = storage.roles.find(contested.id).await.expect("find").is_some();
        assert_eq!(is_left, raced[CALLERS / 2]);
    }
}

/// The permissions that all roles name, each counted once, stay within what an access token has room for: neither a
/// new role nor a changed one goes beyond. Those that are there can be exchanged and taken away.
pub async fn what_roles_name_stays_within_its_limit(storage: &Storage) {
    let first = numbered_role("first", 0..64);
    let second = numbered_role("second", 32..MOST);
    let beyond = custom_role("beyond", &["a:b"]);
    for role in [&first, &second] {
        assert_eq!(storage.create_role(role).await, RoleCreationOutcome::Created, "there is room");
    }
    assert_eq!(storage.create_role(&beyond).await, RoleCreationOutcome::TooManyPermissions);
    assert_eq!(storage.roles.find(beyond.id).await.expect("find"), None, "a refused role is not there");
    let named_already = numbered_role("third", 0..10);
    assert_eq!(storage.create_role(&named_already).await, RoleCreationOutcome::Created, "each counts once");

    let permit = async |role: &Role, numbers| {
        let permissions = Some(numbered_permissions(numbers));
        storage.update_role(RoleUpdate { permissions, ..update(role.id) }).await
    };
    let refused = permit(&second, 32..MOST + 1).await;
    assert_eq!(refused, RoleUpdateOutcome::TooManyPermissions);
    assert_eq!(storage.role(&second.name).await, second, "a refused change changes nothing");
    let renaming = RoleUpdate { name: Some(role("renamed")), ..update(second.id) };
    let renamed = storage.update_role(renaming).await;
    assert!(matches!(renamed, RoleUpdateOutcome::Updated(_)), "no permission is added: {renamed:?}");
    for (numbers, what) in [(64..MOST, "what another role names, too"), (65..MOST + 1, "one for another")] {
        let changed = permit(&second, numbers).await;
        assert!(matches!(changed, RoleUpdateOutcome::Updated(_)), "{what}: {changed:?}");
    }
    let changed = permit(&first, 0..0).await;
    assert!(
        matches!(changed, RoleUpdateOutcome::Updated(_)),
        "what is taken away takes no room: {changed:?}"
    );
    assert_eq!(storage.create_role(&beyond).await, RoleCreationOutcome::Created, "there is room again");
}

/// Of 50 at once who add permissions, by a new role or to one that is there, as many do as there is room for.
pub async fn raced_roles_name_no_more_than_the_limit(storage: &Storage) {
    const EACH: usize = 8;
    let mut changed = Vec::new();
    for caller in 0..CALLERS {
        changed.push(storage.add_role(&format!("changed-{caller}"), &[]).await);
    }
    for round in 0..ROUNDS {
        let added = race(storage, |caller, storage| {
            let new = numbered_role(&format!("new-{round}-{caller}"), caller * EACH..(caller + 1) * EACH);
            let change =
                RoleUpdate { permissions: Some(new.permissions.clone()), ..update(changed[caller].id) };
            async move {
                if caller % 2 == 0 {
                    storage.create_role(&new).await == RoleCreationOutcome::Created
                } else {
                    matches!(storage.update_role(change).await, RoleUpdateOutcome::Updated(_))
                }
            }
        })
        .await;
        let added = added.into_iter().filter(|is_added| *is_added).count();
        assert_eq!(added, MOST / EACH, "as many as there is room for");
        let named: BTreeSet<_> =
            storage.all_roles().await.into_iter().flat_map(|role| role.permissions).collect();
        assert_eq!(named.len(), MOST, "all of the room is taken");
        for role in storage.all_roles().await.into_iter().filter(|role| !role.permissions.is_empty()) {
            let emptied = RoleUpdate { permissions: Some(permissions(&[])), ..update(role.id) };
            assert!(matches!(storage.update_role(emptied).await, RoleUpdateOutcome::Updated(_)));
        }
    }
}

/// A role that is deleted is gone from all who held it, at their next call, and does not come back with its
/// name.
pub async fn a_deleted_role_is_held_by_nobody(storage: &Storage) {
    let editors = storage.add_role("editors", &["reports:write"]).await;
    storage.add_role("readers", &["reports:read"]).await;
    let mut callers = Vec::new();
    for number in 0..3 {
        let mut holder = account(&format!("holder{number}@example.com"));
        holder.user.roles = vec![role("editors"), role("readers"), RoleName::user()];
        let holder = storage.register(holder).await;
        callers.push(storage.sign_in(holder.id).await);
    }
    assert_eq!(storage.delete_role(deletion(editors.id)).await, RoleDeletionOutcome::Deleted);
    assert_eq!(storage.delete_role(deletion(editors.id)).await, RoleDeletionOutcome::NotFound);
    assert_eq!(storage.roles.find(editors.id).await.expect("find"), None);
    let again = custom_role("editors", &["reports:write"]);
    assert_eq!(storage.create_role(&again).await, RoleCreationOutcome::Created, "the name is free again");
    for session in callers {
        let principal = storage.caller(&session).await.expect("the session goes on");
        assert_eq!(principal.user.roles, [role("readers"), RoleName::user()], "the other roles stay");
        assert_eq!(principal.permissions, Permissions::only(permissions(&["reports:read"])));
    }
}
