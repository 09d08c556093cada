use portcullis_domain::use_cases::{
    AssignRoleError, CreateRoleCommand, CreateRoleError, DeleteRoleError, FindRoleError, ListRolesError,
    RevokeRoleError, UpdateRoleCommand, UpdateRoleError, UseCases,
};
use portcullis_domain::{
    Actor, Change, OwnPermission, Permission, Principal, Role, RoleDescription, RoleId, RoleName, UserId,
};
use portcullis_testkit::fixtures::{self, PASSWORD, new_role, numbered_permissions, permissions};
use portcullis_testkit::{ScriptedEntropy, TestDomain};

use crate::ADA;

const ROOT: &str = "root@example.com";

fn description(text: &str) -> RoleDescription {
    RoleDescription::parse(text).unwrap()
}

fn rename(name: &str) -> UpdateRoleCommand {
    UpdateRoleCommand { name: Some(fixtures::role(name)), ..UpdateRoleCommand::default() }
}

fn allow(permissions: &[&str]) -> UpdateRoleCommand {
    UpdateRoleCommand {
        permissions: Some(fixtures::permissions(permissions)),
        ..UpdateRoleCommand::default()
    }
}

fn no_role() -> RoleId {
    RoleId::generate(fixtures::NOW, &ScriptedEntropy::seeded(404))
}

async fn built_in(domain: &TestDomain, name: RoleName) -> Role {
    domain.use_cases.find_role.find_by_name(&name).await.unwrap()
}

fn may(principal: &Principal, permission: &str) -> bool {
    principal.permissions.allow(&fixtures::permission(permission))
}

#[tokio::test]
async fn a_role_is_made_as_it_was_asked_for_and_found_by_id_and_name() {
    let domain = TestDomain::new();
    let mut command = new_role("editor", &["texts:edit"]);
    command.description = Some(description("Edits texts"));
    let role = domain.use_cases.create_role.create(&Actor::operator(), command).await.unwrap();
    assert_eq!(role.name, fixtures::role("editor"));
    assert_eq!(role.description, Some(description("Edits texts")));
    assert_eq!(role.permissions, permissions(&["texts:edit"]));
    assert!(!role.built_in);
    let find_role = &domain.use_cases.find_role;
    assert_eq!(find_role.find(role.id).await.unwrap(), role);
    assert_eq!(find_role.find_by_name(&role.name).await.unwrap(), role);
    let roles = domain.use_cases.list_roles.list();
    let names: Vec<_> = roles.await.unwrap().into_iter().map(|role| role.name).collect();
    assert_eq!(names, [RoleName::admin(), fixtures::role("editor"), RoleName::user()]);
}

#[tokio::test]
async fn what_is_not_there_is_not_shown() {
    let domain = TestDomain::new();
    let find_role = &domain.use_cases.find_role;
    assert!(matches!(find_role.find(no_role()).await, Err(FindRoleError::NotFound)));
    let ghost = fixtures::role("ghost");
    assert!(matches!(find_role.find_by_name(&ghost).await, Err(FindRoleError::NotFound)));
    let nobody = UserId::generate(fixtures::NOW, &ScriptedEntropy::seeded(404));
    let held = domain.use_cases.list_roles.held_by(nobody).await;
    assert!(matches!(held, Err(ListRolesError::NotFound)));
}

#[tokio::test]
async fn a_name_has_one_role() {
    let domain = TestDomain::new();
    let (editor, printer) = (domain.role("editor", &[]).await, domain.role("printer", &[]).await);
    for name in ["editor", "admin", "user"] {
        let taken = domain.use_cases.create_role.create(&Actor::operator(), new_role(name, &[])).await;
        assert!(matches!(taken, Err(CreateRoleError::NameTaken)), "{name}: {taken:?}");
        let taken = domain.use_cases.update_role.update(&Actor::operator(), printer.id, rename(name)).await;
        assert!(matches!(taken, Err(UpdateRoleError::NameTaken)), "{name}: {taken:?}");
    }
    let same = domain.use_cases.update_role.update(&Actor::operator(), editor.id, rename("editor")).await;
    assert_eq!(same.unwrap(), editor);
}

#[tokio::test]
async fn roles_name_no_more_than_a_token_has_room_for() {
    let domain = TestDomain::new();
    let editor = domain.role("editor", &["texts:edit"]).await;
    let told = domain.audit_observer.told().len();
    let too_many = numbered_permissions(0..Role::MAX_NAMED_OCTETS / 64);
    let command = CreateRoleCommand { permissions: too_many.clone(), ..new_role("everything", &[]) };
    let refused = domain.use_cases.create_role.create(&Actor::operator(), command).await;
    assert!(matches!(refused, Err(CreateRoleError::TooManyPermissions)), "{refused:?}");
    let mut beside = too_many;
    beside.insert(fixtures::permission("texts:edit"));
    let command = UpdateRoleCommand { permissions: Some(beside), ..UpdateRoleCommand::default() };
    let refused = domain.use_cases.update_role.update(&Actor::operator(), editor.id, command).await;
    assert!(matches!(refused, Err(UpdateRoleError::TooManyPermissions)), "{refused:?}");
    assert_eq!(domain.audit_observer.told().len(), told, "nothing has happened");
}

#[tokio::test]
async fn a_role_changes_field_by_field_for_all_who_hold_it() {
    let domain = TestDomain::new();
    let editor = domain.role("editor", &["texts:edit"]).await;
    let ada = domain.made(ADA, &["editor"]).await;
    let signed_in = domain.login(ADA, PASSWORD).await.unwrap();
    let operator = Actor::operator();
    let update = |command| domain.use_cases.update_role.update(&operator, editor.id, command);

    let described = UpdateRoleCommand {
        description: Change::Set(description("Edits texts")),
        ..UpdateRoleCommand::default()
    };
    let role = update(described).await.unwrap();
    assert_eq!(role, Role { description: Some(description("Edits texts")), ..editor.clone() });
    let role = update(allow(&["texts:print"])).await.unwrap();
    assert_eq!(role.description, Some(description("Edits texts")));
    assert_eq!(role.permissions, permissions(&["texts:print"]));
    let principal = domain.principal(&signed_in).await;
    assert!(may(&principal, "texts:print") && !may(&principal, "texts:edit"), "from the next call");

    let role = update(rename("printer")).await.unwrap();
    assert_eq!(role.name, fixtures::role("printer"));
    assert_eq!(domain.current(&ada).await.roles, [fixtures::role("printer"), RoleName::user()]);
    let cleared = UpdateRoleCommand { description: Change::Clear, ..UpdateRoleCommand::default() };
    assert_eq!(update(cleared).await.unwrap(), Role { description: None, ..role });
}

#[tokio::test]
async fn nothing_to_change_changes_no_role() {
    let domain = TestDomain::new();
    let editor = domain.role("editor", &["texts:edit"]).await;
    let told = domain.audit_observer.told().len();
    let nothing = UpdateRoleCommand::default();
    let same = domain.use_cases.update_role.update(&Actor::operator(), editor.id, nothing).await;
    assert_eq!(same.unwrap(), editor);
    assert_eq!(domain.audit_observer.told().len(), told);
}

#[tokio::test]
async fn built_in_roles_stay_as_they_are() {
    let domain = TestDomain::new();
    for name in [RoleName::admin(), RoleName::user()] {
        let role = built_in(&domain, name).await;
        for command in [rename("chief"), allow(&["texts:edit"])] {
            let kept = domain.use_cases.update_role.update(&Actor::operator(), role.id, command).await;
            assert!(matches!(kept, Err(UpdateRoleError::BuiltIn)), "{kept:?}");
        }
        let kept = domain.use_cases.delete_role.delete(&Actor::operator(), role.id).await;
        assert!(matches!(kept, Err(DeleteRoleError::BuiltIn)), "{kept:?}");
        assert_eq!(built_in(&domain, role.name.clone()).await, role);
    }
}

#[tokio::test]
async fn a_role_that_is_not_there_cannot_be_changed() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await;
    let (use_cases, operator) = (&domain.use_cases, Actor::operator());
    let none = use_cases.update_role.update(&operator, no_role(), rename("editor")).await;
    assert!(matches!(none, Err(UpdateRoleError::NotFound)), "{none:?}");
    let none = use_cases.delete_role.delete(&operator, no_role()).await;
    assert!(matches!(none, Err(DeleteRoleError::NotFound)), "{none:?}");
    let none = use_cases.assign_role.assign(&operator, ada.id, no_role()).await;
    assert!(matches!(none, Err(AssignRoleError::NotFound)), "{none:?}");
    let none = use_cases.revoke_role.revoke(&operator, ada.id, no_role()).await;
    assert!(matches!(none, Err(RevokeRoleError::NotFound)), "{none:?}");
}

#[tokio::test]
async fn a_deleted_role_is_held_by_nobody() {
    let domain = TestDomain::new();
    let editor = domain.role("editor", &["texts:edit"]).await;
    let ada = domain.made(ADA, &["editor"]).await;
    let signed_in = domain.login(ADA, PASSWORD).await.unwrap();
    domain.use_cases.delete_role.delete(&Actor::operator(), editor.id).await.unwrap();
    assert_eq!(domain.current(&ada).await.roles, [RoleName::user()]);
    assert!(!may(&domain.principal(&signed_in).await, "texts:edit"));
    assert!(matches!(domain.use_cases.find_role.find(editor.id).await, Err(FindRoleError::NotFound)));
}

#[tokio::test]
async fn a_role_counts_from_the_next_call_on() {
    let domain = TestDomain::new();
    let editor = domain.role("editor", &["texts:edit"]).await;
    let ada = domain.made(ADA, &[]).await;
    let signed_in = domain.login(ADA, PASSWORD).await.unwrap();
    let UseCases { assign_role, revoke_role, .. } = &*domain.use_cases;
    for _ in 0..2 {
        assign_role.assign(&Actor::operator(), ada.id, editor.id).await.unwrap();
        assert!(may(&domain.principal(&signed_in).await, "texts:edit"));
    }
    let held: Vec<_> = domain.use_cases.list_roles.held_by(ada.id).await.unwrap();
    assert_eq!(held, [editor.clone(), built_in(&domain, RoleName::user()).await]);
    for _ in 0..2 {
        revoke_role.revoke(&Actor::operator(), ada.id, editor.id).await.unwrap();
        assert!(!may(&domain.principal(&signed_in).await, "texts:edit"));
    }
}

#[tokio::test]
async fn nobody_gets_a_role_who_is_not_there() {
    let domain = TestDomain::new();
    let editor = domain.role("editor", &["texts:edit"]).await;
    let nobody = UserId::generate(fixtures::NOW, &ScriptedEntropy::seeded(404));
    let none = domain.use_cases.assign_role.assign(&Actor::operator(), nobody, editor.id).await;
    assert!(matches!(none, Err(AssignRoleError::NotFound)), "{none:?}");
    let none = domain.use_cases.revoke_role.revoke(&Actor::operator(), nobody, editor.id).await;
    assert!(matches!(none, Err(RevokeRoleError::NotFound)), "{none:?}");
}

#[tokio::test]
async fn nobody_hands_out_what_they_lack() {
    let domain = TestDomain::new();
    let actor = domain.somebody_who_may(&["roles:assign", "roles:write", "texts:edit"]).await;
    let editor = domain.role("editor", &["texts:edit"]).await;
    let printer = domain.role("printer", &["texts:edit", "texts:print"]).await;
    let admin = built_in(&domain, RoleName::admin()).await;
    let ada = domain.made(ADA, &[]).await;
    let UseCases { assign_role, revoke_role, .. } = &*domain.use_cases;
    for role in [&printer, &admin] {
        let refused = assign_role.assign(&actor, ada.id, role.id).await;
        assert!(matches!(refused, Err(AssignRoleError::Forbidden)), "{refused:?}");
    }
    assign_role.assign(&actor, ada.id, editor.id).await.unwrap();
    revoke_role.revoke(&actor, ada.id, editor.id).await.unwrap();

    assign_role.assign(&Actor::operator(), ada.id, printer.id).await.unwrap();
    let refused = assign_role.assign(&actor, ada.id, editor.id).await;
    assert!(matches!(refused, Err(AssignRoleError::Forbidden)), "who has more is out of reach");
    let refused = revoke_role.revoke(&actor, ada.id, printer.id).await;
    assert!(matches!(refused, Err(RevokeRoleError::Forbidden)), "who has more is out of reach");
    assert_eq!(domain.current(&ada).await.roles, [fixtures::role("printer"), RoleName::user()]);
}

#[tokio::test]
async fn nobody_writes_into_a_role_what_they_lack() {
    let domain = TestDomain::new();
    let actor = domain.somebody_who_may(&["roles:write", "texts:edit"]).await;
    let use_cases = &domain.use_cases;
    let refused =
        use_cases.create_role.create(&actor, new_role("printer", &["texts:edit", "texts:print"])).await;
    assert!(matches!(refused, Err(CreateRoleError::Forbidden)), "{refused:?}");
    let editor = use_cases.create_role.create(&actor, new_role("editor", &["texts:edit"])).await.unwrap();
    let refused = use_cases.update_role.update(&actor, editor.id, allow(&["texts:print"])).await;
    assert!(matches!(refused, Err(UpdateRoleError::Forbidden)), "{refused:?}");
    use_cases.update_role.update(&actor, editor.id, allow(&[])).await.unwrap();
    use_cases.delete_role.delete(&actor, editor.id).await.unwrap();
}

#[tokio::test]
async fn nobody_changes_a_role_that_has_what_they_lack() {
    let domain = TestDomain::new();
    let actor = domain.somebody_who_may(&["roles:write", "texts:edit"]).await;
    let printer = domain.role("printer", &["texts:edit", "texts:print"]).await;
    let use_cases = &domain.use_cases;
    for command in [rename("editor"), allow(&["texts:edit"])] {
        let refused = use_cases.update_role.update(&actor, printer.id, command).await;
        assert!(matches!(refused, Err(UpdateRoleError::Forbidden)), "{refused:?}");
    }
    let refused = use_cases.delete_role.delete(&actor, printer.id).await;
    assert!(matches!(refused, Err(DeleteRoleError::Forbidden)), "{refused:?}");
    assert_eq!(use_cases.find_role.find(printer.id).await.unwrap(), printer);
}

#[tokio::test]
async fn an_administrator_hands_out_everything_but_the_last_administration() {
    let domain = TestDomain::new();
    let root = domain.made(ROOT, &["admin"]).await;
    let ada = domain.made(ADA, &[]).await;
    let admin = built_in(&domain, RoleName::admin()).await.id;
    let actor = domain.actor(ROOT).await;
    let UseCases { assign_role, revoke_role, .. } = &*domain.use_cases;
    let kept = revoke_role.revoke(&actor, root.id, admin).await;
    assert!(matches!(kept, Err(RevokeRoleError::LastAdmin)), "{kept:?}");
    assign_role.assign(&actor, ada.id, admin).await.unwrap();
    revoke_role.revoke(&actor, root.id, admin).await.unwrap();
    assert_eq!(domain.current(&root).await.roles, [RoleName::user()]);
    let kept = revoke_role.revoke(&Actor::operator(), ada.id, admin).await;
    assert!(matches!(kept, Err(RevokeRoleError::LastAdmin)), "{kept:?}");
}

#[tokio::test]
async fn permissions_are_the_own_ones_and_those_that_roles_name() {
    let domain = TestDomain::new();
    domain.role("editor", &["texts:edit", "users:read"]).await;
    let listed = domain.use_cases.list_permissions.list().await.unwrap();
    assert_eq!(listed.len(), OwnPermission::ALL.len() + 1);
    assert_eq!(listed[&fixtures::permission("texts:edit")], None);
    for own in OwnPermission::ALL {
        assert_eq!(listed[&Permission::from(*own)], Some(own.description()));
    }
}
