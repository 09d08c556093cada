use portcullis_domain::OwnPermission::{RolesRead, RolesWrite, UsersRead};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::use_cases::UpdateRoleCommand;
use portcullis_domain::{Actor, Permission, Role};
use portcullis_testkit::fixtures;

use super::{detail, permissions};
use crate::browser::Browser;
use crate::site::Site;

#[actix_web::test]
async fn a_role_is_made_changed_and_deleted() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    let fields = [
        ("role_name", "clerk"),
        ("description", "Looks <after> people"),
        ("users:read", "true"),
        ("further", "reports:read,\r\n reports:write\r\n"),
    ];
    let made = browser.send("/admin/roles/new", &fields).await;
    assert_eq!(made.status, 303, "{}", made.body);
    site.assert_audited(AuditKind::RoleCreation, &root, None).await;
    let clerk = site.use_cases.find_role.find_by_name(&fixtures::role("clerk")).await.expect("the role");
    assert_eq!(clerk.permissions, permissions(&["users:read", "reports:read", "reports:write"]));

    let page = browser.get(&format!("/admin/roles/{}", clerk.id)).await;
    page.assert_contains("Looks &#60;after&#62; people");
    page.assert_contains("The role is there.");
    let edit = format!("/admin/roles/{}/edit", clerk.id);
    let form = browser.get(&edit).await;
    form.assert_contains(r#"name="users:read" value="true" checked"#);
    assert!(!form.body.contains(r#"name="users:write" value="true" checked"#));
    form.assert_contains("reports:read\nreports:write</textarea>");

    let fields =
        [("role_name", "clerk"), ("description", ""), ("users:read", "true"), ("users:write", "true")];
    browser.send(&edit, &fields).await.assert_redirects_to(&format!("../../../admin/roles/{}", clerk.id));
    let event = site.assert_audited(AuditKind::RoleUpdate, &root, None).await;
    assert_eq!(detail(&event)["fields"], "description,permissions");
    let changed = site.use_cases.find_role.find(clerk.id).await.expect("the role");
    assert_eq!(changed.permissions, permissions(&["users:read", "users:write"]));
    assert_eq!(changed.description, None);

    let delete = format!("/admin/roles/{}/delete", clerk.id);
    browser.get(&delete).await.assert_contains("clerk");
    assert!(site.use_cases.find_role.find(clerk.id).await.is_ok(), "asking deletes nothing");
    browser.send(&delete, &[]).await.assert_redirects_to("../../../admin/roles");
    site.assert_audited(AuditKind::RoleDeletion, &root, None).await;
    assert!(site.use_cases.find_role.find(clerk.id).await.is_err());
}

#[actix_web::test]
async fn a_permission_that_is_taken_away_while_a_form_is_open_does_not_come_back() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let clerk = site.made_role("clerk", ["users:read", "roles:write"]).await;
    let edit = format!("/admin/roles/{}/edit", clerk.id);
    let form = browser.get(&edit).await;
    let narrowed =
        UpdateRoleCommand { permissions: Some(permissions(&["users:read"])), ..Default::default() };
    site.use_cases.update_role.update(&Actor::operator(), clerk.id, narrowed).await.expect("a change");

    let typed = [
        ("role_name", "clerk"),
        ("description", "Looks after people"),
        ("users:read", "true"),
        ("roles:write", "true"),
        ("further", "reports:read"),
    ];
    assert_eq!(browser.fill_in(&form, &edit, &typed).await.status, 303);
    let changed = site.use_cases.find_role.find(clerk.id).await.expect("the role");
    assert_eq!(changed.permissions, permissions(&["users:read", "reports:read"]));
    assert!(changed.description.is_some());
}

#[actix_web::test]
async fn what_is_wrong_with_a_role_is_told_beside_it() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    site.made_role("clerk", []).await;
    let fields = [("role_name", "Clerk!"), ("further", "reports"), ("users:read", "true")];
    let refused = browser.send("/admin/roles/new", &fields).await;
    refused.assert_is_form_page(422);
    refused.assert_contains(r#"id="role_name-error">Use 2 to 64"#);
    refused.assert_contains(r#"id="further-error">Write each as two words"#);
    refused.assert_contains(r#"name="users:read" value="true" checked"#);
    let permissions = fixtures::numbered_permissions(0..Role::MAX_NAMED_OCTETS / 64 + 1);
    let further = permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join("\n");
    let fields = [("role_name", "everything"), ("further", further.as_str())];
    let refused = browser.send("/admin/roles/new", &fields).await;
    refused.assert_is_form_page(422);
    refused.assert_contains(r#"id="further-error">That is more than there is room for"#);
    let taken = browser.send("/admin/roles/new", &[("role_name", "clerk")]).await;
    taken.assert_is_form_page(409);
    taken.assert_contains(r#"id="role_name-error">Another role has this name."#);
}

#[actix_web::test]
async fn built_in_roles_stay_as_they_are() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let roles = site.use_cases.list_roles.list().await.expect("a list");
    let before = site.trail().await;
    for role in roles.iter().filter(|role| role.built_in) {
        let page = browser.get(&format!("/admin/roles/{}", role.id)).await;
        page.assert_is_form_page(200);
        assert!(!page.body.contains("/edit\"") && !page.body.contains("/delete\""), "{}", role.name);
        let renamed = [("role_name", "other")];
        let refused = browser.send(&format!("/admin/roles/{}/edit", role.id), &renamed).await;
        refused.assert_is_form_page(409);
        refused.assert_contains("This role is built in and stays as it is.");
        browser.send(&format!("/admin/roles/{}/delete", role.id), &[]).await.assert_is_form_page(409);
    }
    assert_eq!(site.trail().await, before);
    assert_eq!(site.use_cases.list_roles.list().await.expect("a list"), roles);
}

#[actix_web::test]
async fn nobody_gives_a_role_what_they_lack() {
    let site = Site::new();
    site.holding("keeper", &[RolesRead, RolesWrite, UsersRead]).await;
    let auditor = site.made_role("auditor", ["audit:read"]).await;
    let mut browser = Browser::of(&site, "keeper@example.com").await;
    let form = browser.get("/admin/roles/new").await;
    form.assert_contains(r#"name="audit:read" value="true" disabled"#);
    assert!(!form.body.contains(r#"name="users:read" value="true" disabled"#));
    let before = site.trail().await;
    for field in [("audit:read", "true"), ("further", "reports:read"), ("further", "users:delete")] {
        let refused = browser.send("/admin/roles/new", &[("role_name", "more"), field]).await;
        refused.assert_is_form_page(403);
        refused.assert_contains("That takes a permission that you lack");
    }
    let edit = format!("/admin/roles/{}/edit", auditor.id);
    browser.send(&edit, &[("role_name", "auditor")]).await.assert_is_form_page(403);
    let delete = format!("/admin/roles/{}/delete", auditor.id);
    browser.send(&delete, &[]).await.assert_is_form_page(403);
    assert_eq!(site.trail().await, before);
}

#[actix_web::test]
async fn a_role_that_is_not_there_is_not_found() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    for id in ["00000000-0000-7000-8000-0000000000ff", "x"] {
        for act in ["", "/edit", "/delete"] {
            browser.get(&format!("/admin/roles/{id}{act}")).await.assert_is_problem(404, "not_found");
        }
        for act in ["edit", "delete"] {
            let path = format!("/admin/roles/{id}/{act}");
            let answer = browser.send_from("/account", &path, &[("role_name", "clerk")]).await;
            answer.assert_is_problem(404, "not_found");
        }
    }
}
