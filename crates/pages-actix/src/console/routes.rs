//! The one table of the console's pages, and of who may see and do what.

use portcullis_domain::OwnPermission::{
    self, AuditRead, RolesAssign, RolesRead, RolesWrite, SessionsRevoke, TokensIntrospect, UsersDelete,
    UsersRead, UsersWrite,
};
use portcullis_http_actix::Access::{Holding, HoldingAll, SignedIn};
use portcullis_http_actix::RouteGroup::Other;
use portcullis_http_actix::RouteRule;
use portcullis_http_actix::building_blocks::{Endpoint, at};

use super::users::acts::Act;
use super::{audit, keys, mail, overview, roles, users};

/// Who may see and do what in the console; the paths are below `/admin`.
#[must_use]
pub fn console_routes() -> Vec<RouteRule> {
    pages().iter().flat_map(Endpoint::rules).collect()
}

/// The pages below `/admin`. Whoever acts on something sees it, too, so an act takes the permission to see it
/// besides its own. The first path that fits wins.
pub(crate) fn pages() -> Vec<Endpoint> {
    let mut pages = vec![at("").get(SignedIn, Other, super::home)];
    pages.push(at("/overview").get(Holding(AuditRead), Other, overview::show));
    pages.extend(of_users());
    pages.extend(of_roles());
    pages.push(at("/audit").get(Holding(AuditRead), Other, audit::show));
    pages.extend(of_mail());
    pages.extend(of_keys());
    pages
}

fn of_users() -> Vec<Endpoint> {
    const WRITE: &[OwnPermission] = &[UsersRead, UsersWrite];
    const TAKE: &[OwnPermission] = &[UsersRead, RolesRead, RolesAssign];
    vec![
        at("/users").get(Holding(UsersRead), Other, users::list::show),
        at("/users/new").get(HoldingAll(WRITE), Other, users::creation::show).post(
            HoldingAll(WRITE),
            Other,
            users::creation::act,
        ),
        at("/users/{id}").get(Holding(UsersRead), Other, users::detail::show),
        at("/users/{id}/edit").get(HoldingAll(WRITE), Other, users::change::show).post(
            HoldingAll(WRITE),
            Other,
            users::change::act,
        ),
        act_at("/users/{id}/verify", WRITE, Act::Verify),
        act_at("/users/{id}/unlock", WRITE, Act::Unlock),
        act_at("/users/{id}/enable", WRITE, Act::Enable),
        act_at("/users/{id}/disable", WRITE, Act::Disable),
        act_at("/users/{id}/sign-out", &[UsersRead, SessionsRevoke], Act::SignOut),
        act_at("/users/{id}/delete", &[UsersRead, UsersDelete], Act::Delete),
        at("/users/{id}/roles").post(HoldingAll(TAKE), Other, users::roles::give),
        at("/users/{id}/roles/{role_id}/take").get(HoldingAll(TAKE), Other, users::roles::ask).post(
            HoldingAll(TAKE),
            Other,
            users::roles::take,
        ),
    ]
}

/// What is done to a user by one button; what cannot be taken back has a page that asks first.
fn act_at(path: &'static str, permissions: &'static [OwnPermission], act: Act) -> Endpoint {
    let endpoint = at(path);
    let endpoint = if act.asks_first() {
        endpoint.get(HoldingAll(permissions), Other, move |visitor, user, use_cases| {
            act.ask(visitor, user, use_cases)
        })
    } else {
        endpoint
    };
    endpoint
        .post(HoldingAll(permissions), Other, move |form, user, use_cases| act.perform(form, user, use_cases))
}

fn of_roles() -> Vec<Endpoint> {
    const WRITE: &[OwnPermission] = &[RolesRead, RolesWrite];
    vec![
        at("/roles").get(Holding(RolesRead), Other, roles::list),
        at("/roles/new").get(HoldingAll(WRITE), Other, roles::form::new).post(
            HoldingAll(WRITE),
            Other,
            roles::form::create,
        ),
        at("/roles/{id}").get(Holding(RolesRead), Other, roles::show),
        at("/roles/{id}/edit").get(HoldingAll(WRITE), Other, roles::form::edit).post(
            HoldingAll(WRITE),
            Other,
            roles::form::update,
        ),
        at("/roles/{id}/delete").get(HoldingAll(WRITE), Other, roles::deletion::ask).post(
            HoldingAll(WRITE),
            Other,
            roles::deletion::act,
        ),
    ]
}

/// Sending a mail again does no more than what makes the service mail in the first place, which whoever changes
/// accounts can do: it goes to the address that is stored, and says what it would have said.
fn of_mail() -> Vec<Endpoint> {
    vec![
        at("/mail").get(Holding(UsersRead), Other, mail::show),
        at("/mail/{id}/send-again").post(HoldingAll(&[UsersRead, UsersWrite]), Other, mail::send_again),
    ]
}

/// The next key is announced before it signs, so nobody is signed out by it. Who may make it is who could sign
/// everybody out by themselves.
fn of_keys() -> Vec<Endpoint> {
    const ROTATE: &[OwnPermission] = &[TokensIntrospect, SessionsRevoke];
    vec![
        at("/keys").get(Holding(TokensIntrospect), Other, keys::show),
        at("/keys/rotate").get(HoldingAll(ROTATE), Other, keys::ask).post(
            HoldingAll(ROTATE),
            Other,
            keys::rotate,
        ),
    ]
}
