//! The administrator's console.

mod audit;
mod authority;
mod keys;
mod mail;
mod overview;
mod roles;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use portcullis_domain::audit::{AuditEvent, AuditKind};
use portcullis_domain::use_cases::{AuditFilter, CreateRoleCommand, CreateUserCommand};
use portcullis_domain::{
    Actor, OwnPermission, PageLimit, Password, Permission, ProfileNames, Role, RoleName, User,
};
use portcullis_testkit::fixtures;

use crate::browser::Browser;
use crate::site::{Answer, PASSWORD, Site};

const ROOT: &str = "root@example.com";

impl Site {
    /// Somebody with a verified address and [`PASSWORD`] who holds these roles besides `user`.
    async fn made(&self, address: &str, roles: &[&str]) -> User {
        let command = CreateUserCommand {
            email: fixtures::email(address),
            password: Some(Password::parse(PASSWORD).expect("a password")),
            username: None,
            profile: ProfileNames::default(),
            email_verified: true,
            is_active: true,
            roles: roles.iter().map(|name| fixtures::role(name)).collect(),
            locale: None,
        };
        let user = self.use_cases.create_user.create(&Actor::operator(), command).await.expect("a user");
        self.pass_time();
        user
    }

    async fn made_role<'a>(&self, name: &str, permissions: impl IntoIterator<Item = &'a str>) -> Role {
        let command = CreateRoleCommand {
            name: fixtures::role(name),
            description: None,
            permissions: permissions.into_iter().map(fixtures::permission).collect(),
        };
        let role = self.use_cases.create_role.create(&Actor::operator(), command).await.expect("a role");
        self.pass_time();
        role
    }

    /// Somebody who holds these permissions and no others, by a role that is called `name`, as is the local part
    /// of their address.
    async fn holding(&self, name: &str, permissions: &[OwnPermission]) -> User {
        self.made_role(name, permissions.iter().map(|permission| permission.name())).await;
        self.made(&format!("{name}@example.com"), &[name]).await
    }

    /// What happens in one millisecond is in no order.
    fn pass_time(&self) {
        self.clock.advance(Duration::from_secs(1));
    }

    /// A browser that an administrator is signed in with.
    async fn administered(&self) -> (Browser<'_>, User) {
        let root = self.made(ROOT, &["admin"]).await;
        let browser = Browser::of(self, ROOT).await;
        self.pass_time();
        (browser, root)
    }

    async fn user(&self, user: &User) -> Option<User> {
        self.use_cases.find_user.find(user.id).await.ok()
    }

    async fn roles_of(&self, user: &User) -> BTreeSet<RoleName> {
        self.user(user).await.expect("the user is there").roles.into_iter().collect()
    }

    /// What happened, the newest first.
    async fn trail(&self) -> Vec<AuditEvent> {
        let most = PageLimit::new(PageLimit::MAX).expect("a limit");
        self.use_cases.list_audit_events.list(AuditFilter::default(), None, most).await.expect("a list").items
    }

    /// Expects that the last that happened is this, by `actor`.
    async fn assert_audited(&self, kind: AuditKind, actor: &User, subject: Option<&User>) -> AuditEvent {
        let last = self.trail().await.remove(0);
        self.pass_time();
        assert_eq!(
            (last.kind, last.actor, last.subject),
            (kind, Some(actor.id), subject.map(|subject| subject.id))
        );
        last
    }
}

impl Answer {
    /// Refused for want of a permission, and not for a form that is not ours.
    #[track_caller]
    fn assert_is_not_for_them(&self) {
        assert_eq!(self.status, 403, "{}", self.body);
        self.assert_contains("<h1>This is not for you to see</h1>");
    }

    /// The rows of the table, without the marks of HTML.
    fn rows(&self) -> Vec<String> {
        let body = self.body.split("<tbody").nth(1).unwrap_or_default();
        let body = body.split("</tbody>").next().unwrap_or_default();
        body.split("<tr").skip(1).map(without_marks).collect()
    }
}

fn without_marks(html: &str) -> String {
    let html = html.split_once('>').map_or(html, |(_, rest)| rest).replace("<wbr>", "");
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text).trim());
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" | ")
}

/// The value of the attribute that begins with `start`, wherever it is in a page.
fn attribute<'a>(page: &'a Answer, start: &str) -> Option<&'a str> {
    page.body.split(start).nth(1)?.split('"').next()
}

fn permissions(names: &[&str]) -> BTreeSet<Permission> {
    names.iter().map(|name| fixtures::permission(name)).collect()
}

fn detail(event: &AuditEvent) -> BTreeMap<&str, &str> {
    event.detail.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
