use portcullis_domain::OwnPermission::{self, UsersRead};
use portcullis_http_actix::{Access, RouteRule};
use portcullis_pages_actix::console_routes;

use crate::browser::{Browser, form_token};
use crate::site::{ADA, Answer, Site};

/// What the paths of the table name, fresh for each rule.
struct Named {
    user: String,
    role: String,
    mail: String,
}

impl Named {
    /// A user who holds a role without permissions, and a mail that waits.
    async fn at(site: &Site) -> Self {
        let role = site.made_role("plain", []).await;
        let user = site.made("target@example.com", &["plain"]).await;
        site.register("waiting@example.com").await;
        let mails = site.use_cases.list_mail.list(None).await.expect("a list");
        Self { user: user.id.to_string(), role: role.id.to_string(), mail: mails[0].mail.id.to_string() }
    }

    fn path(&self, rule: &RouteRule) -> String {
        let id = match rule.path.split('/').nth(1) {
            Some("roles") => &self.role,
            Some("mail") => &self.mail,
            _ => &self.user,
        };
        format!("/admin{}", rule.path.replace("{role_id}", &self.role).replace("{id}", id))
    }
}

async fn call(browser: &mut Browser<'_>, rule: &RouteRule, path: &str) -> Answer {
    match rule.method {
        "GET" => browser.get(path).await,
        "POST" => browser.send_from("/account", path, &[]).await,
        other => panic!("pages know no {other}"),
    }
}

#[actix_web::test]
async fn every_page_of_the_console_admits_who_holds_what_the_table_says_and_nobody_else() {
    let rules = console_routes();
    assert!(rules.len() > 30, "the table has {} rules", rules.len());
    for rule in rules {
        let needed = rule.access.permissions();
        let leads_on = rule.path.is_empty();
        assert!(!needed.is_empty() || (leads_on && rule.access == Access::SignedIn), "{rule:?} is unguarded");
        let site = Site::new();
        let path = Named::at(&site).await.path(&rule);

        let guest = match rule.method {
            "GET" => Browser::at(&site).get(&path).await,
            _ => Browser::at(&site).post(&path, &[]).await,
        };
        assert_eq!(guest.status, 303, "{rule:?}: {}", guest.body);
        assert!(guest.header("location").is_some_and(|url| url.contains("sign-in")), "{rule:?}");

        site.made(ADA, &[]).await;
        call(&mut Browser::of(&site, ADA).await, &rule, &path).await.assert_is_not_for_them();
        for lacking in needed {
            let others: Vec<_> = OwnPermission::ALL.iter().filter(|own| *own != lacking).copied().collect();
            let name = format!("without-{}", lacking.name().replace(':', "-"));
            site.holding(&name, &others).await;
            let mut browser = Browser::of(&site, &format!("{name}@example.com")).await;
            call(&mut browser, &rule, &path).await.assert_is_not_for_them();
        }
        let needed = if leads_on { &[UsersRead] } else { needed };
        site.holding("exact", needed).await;
        let mut exact = Browser::of(&site, "exact@example.com").await;
        let answer = call(&mut exact, &rule, &path).await;
        // A form with nothing filled in is let in and refused then.
        assert!([200, 303, 422].contains(&answer.status.as_u16()), "{rule:?}: {}", answer.body);
        assert!(rule.method == "POST" || answer.status != 422, "{rule:?}: {}", answer.body);
    }
}

#[actix_web::test]
async fn an_administrator_is_let_in_everywhere_and_looking_changes_nothing() {
    let site = Site::new();
    let named = Named::at(&site).await;
    let (mut browser, _) = site.administered().await;
    let before = site.trail().await;
    for rule in console_routes().iter().filter(|rule| rule.method == "GET" && !rule.path.is_empty()) {
        browser.get(&named.path(rule)).await.assert_is_form_page(200);
    }
    assert_eq!(site.trail().await, before);
}

#[actix_web::test]
async fn no_form_of_the_console_acts_without_its_token() {
    let site = Site::new();
    let named = Named::at(&site).await;
    let (mut browser, _) = site.administered().await;
    let before = site.trail().await;
    let of_stranger = form_token(&Browser::at(&site).get("/sign-in").await);
    for rule in console_routes().iter().filter(|rule| rule.method == "POST") {
        for fields in [&[][..], &[("form_token", "x")], &[("form_token", of_stranger.as_str())]] {
            let refused = browser.post(&named.path(rule), fields).await;
            assert_eq!(refused.status, 403, "{rule:?}: {}", refused.body);
            refused.assert_contains("<h1>This page has moved on</h1>");
        }
    }
    let token = form_token(&browser.get("/account").await);
    browser.headers = vec![("sec-fetch-site", "cross-site")];
    let refused = browser.post("/admin/keys/rotate", &[("form_token", &token)]).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_eq!(site.trail().await, before);
}

#[actix_web::test]
async fn who_may_not_see_a_section_is_not_shown_the_way_to_it() {
    let sections = ["overview", "users", "roles", "audit", "mail", "keys"];
    let shown = |page: &Answer| {
        let is_shown = |section: &&str| page.body.contains(&format!(r#"href="../admin/{section}""#));
        sections.into_iter().filter(is_shown).collect::<Vec<_>>()
    };
    for (number, (permission, expected)) in [
        (OwnPermission::AuditRead, &["overview", "audit"][..]),
        (OwnPermission::UsersRead, &["users", "mail"]),
        (OwnPermission::RolesRead, &["roles"]),
        (OwnPermission::TokensIntrospect, &["keys"]),
    ]
    .into_iter()
    .enumerate()
    {
        let site = Site::new();
        let name = format!("holder-{number}");
        site.holding(&name, &[permission]).await;
        let mut browser = Browser::of(&site, &format!("{name}@example.com")).await;
        browser.get("/account").await.assert_contains(r#"<a href="admin">Administration</a>"#);
        browser.get("/admin").await.assert_redirects_to(&format!("admin/{}", expected[0]));
        let page = browser.get(&format!("/admin/{}", expected[0])).await;
        page.assert_is_form_page(200);
        assert_eq!(shown(&page), expected, "{permission}");
    }
}

#[actix_web::test]
async fn who_may_see_nothing_is_not_shown_the_way_to_the_console() {
    let site = Site::new();
    site.holding("writer", &[OwnPermission::UsersWrite]).await;
    let mut browser = Browser::of(&site, "writer@example.com").await;
    assert!(!browser.get("/account").await.body.contains("Administration"));
    let refused = browser.get("/admin").await;
    refused.assert_is_not_for_them();
    refused.assert_contains("Back to your account");
    refused.assert_contains(r#"<nav class="side""#);
}

#[actix_web::test]
async fn a_page_offers_no_act_that_its_reader_may_not_do() {
    let site = Site::new();
    let named = Named::at(&site).await;
    site.holding("reader", &[UsersRead, OwnPermission::RolesRead, OwnPermission::TokensIntrospect]).await;
    let mut browser = Browser::of(&site, "reader@example.com").await;
    for path in ["/admin/users".to_owned(), format!("/admin/users/{}", named.user), "/admin/mail".to_owned()]
    {
        let page = browser.get(&path).await;
        page.assert_is_form_page(200);
        assert_eq!(
            page.body.matches(r#"method="post""#).count(),
            1,
            "nothing but signing out: {}",
            page.body
        );
        for way in [r#"class="button""#, " …</a>"] {
            assert!(!page.body.contains(way), "{way} on {path}");
        }
    }
    assert!(!browser.get("/admin/roles").await.body.contains("roles/new"));
    assert!(!browser.get("/admin/keys").await.body.contains("keys/rotate"));
}

#[actix_web::test]
async fn a_permission_taken_away_counts_from_the_next_page_on() {
    let site = Site::new();
    let holder = site.holding("clerk", &[UsersRead]).await;
    let mut browser = Browser::of(&site, "clerk@example.com").await;
    browser.get("/admin/users").await.assert_is_form_page(200);
    let (mut root, _) = site.administered().await;
    let role = site.use_cases.find_role.find_by_name(&holder.roles[0]).await.expect("the role");
    let take = format!("/admin/users/{}/roles/{}/take", holder.id, role.id);
    root.send(&take, &[]).await.assert_redirects_to(&format!("../../../../../admin/users/{}", holder.id));
    browser.get("/admin/users").await.assert_is_not_for_them();
}

#[actix_web::test]
async fn where_pages_are_off_there_is_no_console() {
    let mut site = Site::new();
    site.pages.are_accounts_shown = false;
    for rule in console_routes() {
        site.get(&format!("/admin{}", rule.path)).await.assert_is_problem(404, "not_found");
    }
}

#[actix_web::test]
async fn the_console_speaks_german_too() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    browser.headers = vec![("accept-language", "de")];
    for (path, title) in [
        ("/admin/overview".to_owned(), "Überblick"),
        ("/admin/users".to_owned(), "Benutzer"),
        (format!("/admin/users/{}/disable", root.id), "Konto deaktivieren"),
        ("/admin/roles".to_owned(), "Rollen"),
        ("/admin/audit".to_owned(), "Protokoll"),
        ("/admin/mail".to_owned(), "Nachrichten"),
        ("/admin/keys".to_owned(), "Schlüssel"),
    ] {
        let page = browser.get(&path).await;
        page.assert_is_form_page(200);
        page.assert_contains(&format!("<h1>{title}</h1>"));
    }
}
