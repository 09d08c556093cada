//! The administrator's console: what the API's administration does, for people.
//!
//! - `routes` is the table that says who may see and do what; a route admits whoever holds all the permissions that
//!   stand there, before anything of the request is read;
//! - `overview`, `users/`, `roles/`, `audit`, `mail` and `keys` are its sections; `confirmation` is what asks before
//!   something is done that cannot be taken back;
//! - `listing` is what long lists are shown with, `asked` reads what is asked of them.
//!
//! Every act is a use case that the API or the command line serves, too. What depends on what the administrator and the person
//! concerned hold is seen to there, and shown here.

mod asked;
mod audit;
mod chart;
mod confirmation;
mod elements;
mod keys;
mod listing;
mod mail;
mod overview;
mod roles;
mod routes;
mod users;

use actix_web::HttpResponse;
use portcullis_domain::OwnPermission;
use portcullis_http_actix::building_blocks::{Code, Problem};

pub use routes::console_routes;
pub(crate) use routes::pages;

use crate::elements::{NavItem, Shell};
use crate::refusals::Refusals;
use crate::visit::{SignedIn, Visit};

/// The parts of the console, in the order of the navigation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Users,
    Roles,
    Audit,
    Mail,
    Keys,
}

impl Section {
    pub(crate) const ALL: [Self; 6] =
        [Self::Overview, Self::Users, Self::Roles, Self::Audit, Self::Mail, Self::Keys];

    /// What it takes to see anything of it.
    ///
    /// The API has no calls for three of them. The overview counts the audit trail, which its readers could count
    /// by themselves. The mail queue shows the addresses of people, as their accounts do. Keys say by what tokens
    /// are good, which is what introspection is about.
    pub(crate) const fn permission(self) -> OwnPermission {
        match self {
            Self::Overview | Self::Audit => OwnPermission::AuditRead,
            Self::Users | Self::Mail => OwnPermission::UsersRead,
            Self::Roles => OwnPermission::RolesRead,
            Self::Keys => OwnPermission::TokensIntrospect,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "admin/overview",
            Self::Users => "admin/users",
            Self::Roles => "admin/roles",
            Self::Audit => "admin/audit",
            Self::Mail => "admin/mail",
            Self::Keys => "admin/keys",
        }
    }

    fn label(self, visit: &Visit) -> &'static str {
        let texts = &visit.texts().console;
        match self {
            Self::Overview => &texts.overview,
            Self::Users => &texts.users,
            Self::Roles => &texts.roles,
            Self::Audit => &texts.audit,
            Self::Mail => &texts.mail,
            Self::Keys => &texts.keys,
        }
    }

    /// Those that a visitor may see.
    fn seen_by(visit: &Visit) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|section| visit.may(section.permission()))
    }

    /// An empty page of this part.
    fn shell(self, visit: &Visit, title: impl Into<String>, refusals: &Refusals) -> Shell {
        shell(visit, Some(self), title.into(), refusals)
    }
}

/// An empty page that is none of the parts.
pub(crate) fn empty_page(visit: &Visit, title: &str) -> Shell {
    shell(visit, None, title.to_owned(), &Refusals::none())
}

fn shell(visit: &Visit, current: Option<Section>, title: String, refusals: &Refusals) -> Shell {
    let texts = &visit.texts().console;
    let item = |section: Section| NavItem {
        label: section.label(visit),
        href: visit.frame.to(section.path()),
        is_current: Some(section) == current,
    };
    let account = NavItem { label: &texts.own_account, href: visit.frame.to("account"), is_current: false };
    Shell {
        nav_label: &texts.nav_label,
        nav: Section::seen_by(visit).map(item).chain([account]).collect(),
        title,
        lead: None,
        action: None,
        banner: refusals.banner(visit).or_else(|| visit.news()),
        panels: Vec::new(),
        is_wide: true,
    }
}

/// `/admin`: leads to the first part that the visitor may see.
async fn home(SignedIn { visit, .. }: SignedIn) -> Result<HttpResponse, Problem> {
    let first = Section::seen_by(&visit).next().ok_or_else(|| Problem::new(Code::Forbidden))?;
    Ok(visit.frame.redirect(first.path()))
}
