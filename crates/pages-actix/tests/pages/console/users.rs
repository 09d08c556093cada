use std::time::Duration;

use portcullis_domain::Actor;
use portcullis_domain::OwnPermission::{
    RolesAssign, RolesRead, SessionsRevoke, UsersDelete, UsersRead, UsersWrite,
};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::use_cases::UpdateUserCommand;
use portcullis_testkit::fixtures;

use super::{attribute, detail};
use crate::browser::{Browser, shown_before};
use crate::site::{ADA, Answer, PASSWORD, Site};

const NOBODY: &str = "00000000-0000-7000-8000-0000000000ff";

#[actix_web::test]
async fn users_are_searched_filtered_and_listed_a_page_at_a_time() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    for number in 0..60 {
        site.clock.advance(Duration::from_secs(1));
        site.made(&format!("user-{number:02}@example.com"), &[]).await;
    }
    let first = browser.get("/admin/users").await;
    first.assert_is_form_page(200);
    let rows = first.rows();
    assert_eq!(rows.len(), 50);
    assert!(rows[0].contains("user-59@example.com"), "the newest first: {}", rows[0]);
    let next = attribute(&first, r#"<a class="button secondary" href=".."#).expect("it goes on").to_owned();
    let second = browser.get(&next).await;
    assert_eq!(second.rows().len(), 11);
    second.assert_contains("Back to the start");
    assert!(!second.body.contains("Further back"));

    let found = browser.get("/admin/users?q=USER-07&role=&email_verified=&is_active=").await;
    assert_eq!(found.rows().len(), 1);
    found.assert_contains(r#"value="USER-07""#);
    let admins = browser.get("/admin/users?q=&role=admin&email_verified=true&is_active=true").await;
    assert_eq!(admins.rows().len(), 1);
    let none = browser.get("/admin/users?is_active=false").await;
    none.assert_contains("There is nothing to show.");
}

#[actix_web::test]
async fn what_makes_no_sense_of_a_list_is_told_beside_it() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let long = format!("/admin/users?q={}", "x".repeat(256));
    for (path, told) in [
        ("/admin/users?cursor=made-up", "This part of the list cannot be found again."),
        ("/admin/users?role=nobody-is", r#"id="role-error">This cannot be used here."#),
        ("/admin/users?is_active=perhaps", r#"id="is_active-error">This cannot be used here."#),
        (&long, r#"id="q-error">Use at most"#),
        ("/admin/users?q=a&q=b", r#"id="q-error">"#),
    ] {
        let page = browser.get(path).await;
        page.assert_is_form_page(422);
        page.assert_contains(told);
        assert!(page.rows().is_empty());
    }
    let other = browser.get("/admin/users?unknown=%00&q=%C3%28").await;
    assert!([200, 422].contains(&other.status.as_u16()), "{}", other.body);
}

#[actix_web::test]
async fn an_account_is_made_with_a_password_or_an_invitation() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    let fields = [
        ("email", ADA),
        ("password", PASSWORD),
        ("email_verified", "true"),
        ("username", "ada"),
        ("name", "<b>Ada</b>"),
        ("first_name", ""),
        ("last_name", ""),
    ];
    let made = browser.send("/admin/users/new", &fields).await;
    assert_eq!(made.status, 303, "{}", made.body);
    assert!(site.can_sign_in(ADA, PASSWORD).await);
    let page = browser.get(made.header("location").expect("a page").trim_start_matches("../..")).await;
    page.assert_contains("The account is there.");
    page.assert_contains("&#60;b&#62;Ada&#60;/b&#62;");
    assert!(!page.body.contains("<b>Ada"));

    site.pass_time();
    let fields = [("email", "bob@example.com"), ("password", ""), ("username", "")];
    assert_eq!(browser.send("/admin/users/new", &fields).await.status, 303);
    let event = site.trail().await.remove(0);
    assert_eq!((event.kind, event.actor), (AuditKind::UserCreation, Some(root.id)));
    site.link_mailed_to("bob@example.com").await;

    let refused = browser.send("/admin/users/new", &[("email", ADA), ("username", "1 a")]).await;
    refused.assert_is_form_page(422);
    refused.assert_contains(r#"id="username-error">Use 3 to 32"#);
    let taken = browser.send("/admin/users/new", &[("email", ADA), ("name", "Other")]).await;
    taken.assert_is_form_page(409);
    taken.assert_contains(r#"id="email-error">Another account uses this address."#);
    taken.assert_contains(r#"value="Other""#);
    let weak = [("email", "eve@example.com"), ("password", "password1")];
    let weak = browser.send("/admin/users/new", &weak).await;
    weak.assert_is_form_page(422);
    assert!(!weak.body.contains("password1"), "what was typed is not sent back");
}

#[actix_web::test]
async fn an_account_is_changed_and_what_was_not_stays() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    let ada = site.made(ADA, &[]).await;
    let edit = format!("/admin/users/{}/edit", ada.id);
    let fields = [("email", ADA), ("name", "Ada"), ("username", ""), ("first_name", ""), ("last_name", "")];
    browser.send(&edit, &fields).await.assert_redirects_to(&format!("../../../admin/users/{}", ada.id));
    let event = site.assert_audited(AuditKind::UserUpdate, &root, Some(&ada)).await;
    assert_eq!(detail(&event)["fields"], "name", "what is the same is not changed");
    assert!(site.user(&ada).await.expect("ada").email_verified);

    let fields = [("email", "lovelace@example.com"), ("name", "Ada"), ("username", "")];
    browser.send(&edit, &fields).await;
    let moved = site.user(&ada).await.expect("ada");
    assert_eq!(moved.email, fixtures::email("lovelace@example.com"));
    assert!(!moved.email_verified, "another address is to be confirmed again");
    browser.get(&format!("/admin/users/{}", ada.id)).await.assert_contains("not confirmed");

    let refused = browser.send(&edit, &[("email", "nonsense"), ("name", "x\u{202e}y")]).await;
    refused.assert_is_form_page(422);
    refused.assert_contains("id=\"email-error\">This is not an e\u{2011}mail address.");
    refused.assert_contains(r#"id="name-error">"#);
}

#[actix_web::test]
async fn what_somebody_else_changed_while_a_form_was_open_stays_so() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let ada = site.made(ADA, &[]).await;
    let edit = format!("/admin/users/{}/edit", ada.id);
    let form = browser.get(&edit).await;
    let command =
        UpdateUserCommand { email: Some(fixtures::email("lovelace@example.com")), ..Default::default() };
    site.use_cases.update_user.update(&Actor::operator(), ada.id, command).await.expect("a change");
    site.use_cases.verify_user.verify(&Actor::operator(), ada.id).await.expect("a change");

    let typed = [("email", ADA), ("name", "Ada"), ("username", ""), ("first_name", ""), ("last_name", "")];
    assert_eq!(browser.fill_in(&form, &edit, &typed).await.status, 303);
    let user = site.user(&ada).await.expect("ada");
    assert_eq!(user.profile.name, Some(fixtures::name("Ada")));
    assert_eq!(user.email, fixtures::email("lovelace@example.com"), "it was not typed");
    assert!(user.email_verified);

    let typed = [("email", ADA), ("name", "x\u{202e}y")];
    let refused = browser.fill_in(&form, &edit, &typed).await;
    refused.assert_is_form_page(422);
    assert!(shown_before(&refused).contains(&("shown.email".to_owned(), ADA.to_owned())), "{}", refused.body);
}

#[actix_web::test]
async fn a_lockout_is_shown_and_lifted_and_is_no_disabling() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let ada = site.made(ADA, &[]).await;
    let page = format!("/admin/users/{}", ada.id);
    let offers = |page: &Answer, act: &str| page.body.contains(&format!("{}/{act}\"", ada.id));
    let shown = browser.get(&page).await;
    assert!(!shown.body.contains("locked until") && !offers(&shown, "unlock"), "{}", shown.body);

    for _ in 0..5 {
        assert!(!site.can_sign_in(ADA, "not the password").await);
    }
    let locked = browser.get(&page).await;
    locked.assert_contains(r#"<span class="badge problem">locked until</span>"#);
    assert!(offers(&locked, "unlock") && offers(&locked, "disable") && !offers(&locked, "enable"));
    assert!(!locked.body.contains("disabled</span>"), "{}", locked.body);
    browser.headers = vec![("accept-language", "de")];
    browser.get(&page).await.assert_contains("gesperrt bis");
    browser.headers = vec![("accept-language", "en")];
    site.clock.advance(Duration::from_mins(15));
    let over = browser.get(&page).await;
    assert!(!over.body.contains("locked until") && !offers(&over, "unlock"), "it ends by itself");

    browser.send(&format!("{page}/disable"), &[]).await;
    let disabled = browser.get(&page).await;
    disabled.assert_contains(r#"<span class="badge problem">disabled</span>"#);
    assert!(offers(&disabled, "enable") && !offers(&disabled, "unlock") && !offers(&disabled, "disable"));
    browser.get("/admin/users?is_active=false").await.assert_contains("disabled</span>");
}

#[actix_web::test]
async fn each_act_does_what_it_says_and_is_audited() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    let ada = site.made(ADA, &[]).await;
    let page = format!("/admin/users/{}", ada.id);
    let at = |act: &str| format!("{page}/{act}");
    let back = format!("../../../admin/users/{}", ada.id);

    let mut theirs = Browser::of(&site, ADA).await;
    site.pass_time();
    let question = browser.get(&at("sign-out")).await;
    question.assert_contains(ADA);
    theirs.get("/account").await.assert_is_form_page(200);
    browser.send(&at("sign-out"), &[]).await.assert_redirects_to(&back);
    site.assert_audited(AuditKind::SessionRevocation, &root, Some(&ada)).await;
    theirs.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");

    let mut theirs = Browser::of(&site, ADA).await;
    site.pass_time();
    browser.send(&at("disable"), &[]).await.assert_redirects_to(&back);
    let event = site.assert_audited(AuditKind::UserUpdate, &root, Some(&ada)).await;
    assert_eq!(detail(&event)["is_active"], "false");
    browser.get(&page).await.assert_contains("The account is disabled");
    theirs.get("/account").await.assert_redirects_to("sign-in?next=%2Faccount");
    assert!(!site.can_sign_in(ADA, PASSWORD).await);
    site.pass_time();

    browser.send_from(&page, &at("enable"), &[]).await.assert_redirects_to(&back);
    let event = site.assert_audited(AuditKind::UserUpdate, &root, Some(&ada)).await;
    assert_eq!(detail(&event)["is_active"], "true");
    browser.get(&page).await.assert_contains("The account is active again.");
    assert!(site.can_sign_in(ADA, PASSWORD).await);

    for _ in 0..5 {
        assert!(!site.can_sign_in(ADA, "not the password").await);
    }
    assert!(!site.can_sign_in(ADA, PASSWORD).await, "wrong passwords lock the account");
    site.pass_time();
    browser.get(&page).await.assert_contains("locked until");
    browser.send_from(&page, &at("unlock"), &[]).await.assert_redirects_to(&back);
    site.assert_audited(AuditKind::AccountUnlock, &root, Some(&ada)).await;
    assert!(site.can_sign_in(ADA, PASSWORD).await);

    site.register("bob@example.com").await;
    site.pass_time();
    let found = browser.get("/admin/users?q=bob").await;
    let bob = attribute(&found, r#"<a href="../admin/users/"#).expect("bob is found").to_owned();
    let page = format!("/admin/users/{bob}");
    browser.send_from(&page, &format!("{page}/verify"), &[]).await;
    assert_eq!(detail(&site.trail().await[0])["fields"], "email_verified");
    assert!(site.can_sign_in("bob@example.com", PASSWORD).await);
    site.pass_time();

    browser.get(&at("delete")).await.assert_contains("It cannot be undone.");
    assert!(site.user(&ada).await.is_some(), "asking deletes nothing");
    browser.send(&at("delete"), &[]).await.assert_redirects_to("../../../admin/users");
    site.assert_audited(AuditKind::UserDeletion, &root, Some(&ada)).await;
    assert!(site.user(&ada).await.is_none());
    browser.get("/admin/users").await.assert_contains("The account is deleted.");
}

#[actix_web::test]
async fn only_what_can_be_undone_is_done_without_asking() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    let ada = site.made(ADA, &[]).await;
    for _ in 0..5 {
        assert!(!site.can_sign_in(ADA, "not the password").await);
    }
    let page = browser.get(&format!("/admin/users/{}", ada.id)).await;
    for asking in ["disable", "sign-out", "delete"] {
        page.assert_contains(&format!(r#"href="../../admin/users/{}/{asking}""#, ada.id));
        assert!(!page.body.contains(&format!(r#"action="../../admin/users/{}/{asking}""#, ada.id)));
    }
    page.assert_contains(&format!(r#"action="../../admin/users/{}/unlock""#, ada.id));
    for without_question in ["verify", "unlock", "enable"] {
        let refused = browser.get(&format!("/admin/users/{}/{without_question}", ada.id)).await;
        refused.assert_is_problem(405, "method_not_allowed");
    }
}

#[actix_web::test]
async fn roles_are_given_and_taken() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    let ada = site.made(ADA, &[]).await;
    let clerk = site.made_role("clerk", ["users:read"]).await;
    let page = format!("/admin/users/{}", ada.id);
    let id = clerk.id.to_string();
    let given = browser.send_from(&page, &format!("{page}/roles"), &[("role", &id)]).await;
    given.assert_redirects_to(&format!("../../../admin/users/{}", ada.id));
    site.assert_audited(AuditKind::RoleAssignment, &root, Some(&ada)).await;
    assert!(site.roles_of(&ada).await.contains(&clerk.name));

    let take = format!("{page}/roles/{id}/take");
    browser.get(&take).await.assert_contains("clerk · ada@example.com");
    assert!(site.roles_of(&ada).await.contains(&clerk.name), "asking takes nothing");
    browser.send(&take, &[]).await.assert_redirects_to(&format!("../../../../../admin/users/{}", ada.id));
    site.assert_audited(AuditKind::RoleRevocation, &root, Some(&ada)).await;
    assert!(!site.roles_of(&ada).await.contains(&clerk.name));
}

#[actix_web::test]
async fn the_last_administrator_stays() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    let admin = site.use_cases.find_role.find_by_name(&fixtures::role("admin")).await.expect("the role");
    let before = site.trail().await;
    for act in ["disable".to_owned(), "delete".to_owned(), format!("roles/{}/take", admin.id)] {
        let refused = browser.send(&format!("/admin/users/{}/{act}", root.id), &[]).await;
        refused.assert_is_form_page(409);
        refused.assert_contains("You are the last administrator.");
    }
    assert_eq!(site.trail().await, before);
    assert_eq!(site.user(&root).await.map(|root| root.is_active), Some(true));
}

#[actix_web::test]
async fn nobody_hands_out_or_touches_what_is_beyond_their_own() {
    let site = Site::new();
    let all = [UsersRead, UsersWrite, UsersDelete, SessionsRevoke, RolesRead, RolesAssign];
    site.holding("clerk", &all).await;
    let (_, root) = site.administered().await;
    let ada = site.made(ADA, &[]).await;
    let auditor = site.made_role("auditor", ["audit:read"]).await;
    let admin = site.use_cases.find_role.find_by_name(&fixtures::role("admin")).await.expect("the role");
    let mut browser = Browser::of(&site, "clerk@example.com").await;

    let page = format!("/admin/users/{}", ada.id);
    let shown = browser.get(&page).await;
    assert!(!shown.body.contains(&auditor.id.to_string()), "what they lack is not theirs to choose");
    let before = site.trail().await;
    for role in [&auditor, &admin] {
        let id = role.id.to_string();
        let refused = browser.send_from(&page, &format!("{page}/roles"), &[("role", &id)]).await;
        refused.assert_is_form_page(403);
        refused.assert_contains("That takes a permission that you lack");
    }
    let page = format!("/admin/users/{}", root.id);
    for act in ["disable", "sign-out", "delete"] {
        let refused = browser.send(&format!("{page}/{act}"), &[]).await;
        refused.assert_is_form_page(403);
        refused.assert_contains("That takes a permission that you lack");
    }
    let refused = browser.send_from("/account", &format!("{page}/unlock"), &[]).await;
    refused.assert_is_form_page(403);
    let edit = [("email", "mine@example.com")];
    browser.send(&format!("{page}/edit"), &edit).await.assert_is_form_page(403);
    assert_eq!(site.trail().await, before);
    assert_eq!(site.user(&root).await.as_ref().map(|root| &root.email), Some(&root.email));
}

#[actix_web::test]
async fn who_is_not_there_is_not_found() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    let own = root.id.to_string();
    for id in [NOBODY, "x", "..", "%00", "019ca0f43c5b7cc180005d2e3b7f7a10", &own.to_uppercase()[..35]] {
        for act in ["", "/edit", "/disable", "/delete"] {
            browser.get(&format!("/admin/users/{id}{act}")).await.assert_is_problem(404, "not_found");
        }
        for act in ["verify", "unlock", "disable", "sign-out", "delete", "edit"] {
            let path = format!("/admin/users/{id}/{act}");
            let answer = browser.send_from("/account", &path, &[("email", ADA)]).await;
            answer.assert_is_problem(404, "not_found");
        }
    }
    let take = format!("/admin/users/{own}/roles/{NOBODY}/take");
    browser.get(&take).await.assert_is_problem(404, "not_found");
    browser.send_from("/account", &take, &[]).await.assert_is_problem(404, "not_found");
    let give = format!("/admin/users/{own}/roles");
    let refused = browser.send_from("/account", &give, &[("role", "nonsense")]).await;
    refused.assert_is_form_page(422);
    let missing = browser.send_from("/account", &give, &[("role", NOBODY)]).await;
    missing.assert_is_problem(404, "not_found");
}
