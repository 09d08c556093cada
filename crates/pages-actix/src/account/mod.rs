//! What people see and change of their own account.

pub(crate) mod deletion;
pub(crate) mod device;
pub(crate) mod email;
pub(crate) mod password;
pub(crate) mod profile;
pub(crate) mod sessions;

use crate::console::Section;
use crate::elements::{NavItem, Shell};
use crate::refusals::Refusals;
use crate::visit::Visit;

/// The parts of an account, in the order of the navigation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Profile,
    Email,
    Password,
    Sessions,
}

impl Part {
    const ALL: [Self; 4] = [Self::Profile, Self::Email, Self::Password, Self::Sessions];

    fn path(self) -> &'static str {
        match self {
            Self::Profile => "account",
            Self::Email => "account/email",
            Self::Password => "account/password",
            Self::Sessions => "account/sessions",
        }
    }

    fn label(self, visit: &Visit) -> &'static str {
        let texts = &visit.texts().account;
        match self {
            Self::Profile => &texts.profile,
            Self::Email => &texts.email,
            Self::Password => &texts.password,
            Self::Sessions => &texts.sessions,
        }
    }

    /// An empty page of this part.
    fn shell(self, visit: &Visit, title: &str, refusals: &Refusals) -> Shell {
        shell(visit, Some(self), title, refusals)
    }
}

/// An empty page that is none of the parts.
pub(crate) fn empty_page(visit: &Visit, title: &str) -> Shell {
    shell(visit, None, title, &Refusals::none())
}

fn shell(visit: &Visit, current: Option<Part>, title: &str, refusals: &Refusals) -> Shell {
    let item = |part: Part| NavItem {
        label: part.label(visit),
        href: visit.frame.to(part.path()),
        is_current: Some(part) == current,
    };
    Shell {
        nav_label: &visit.texts().account.nav_label,
        nav: Part::ALL.into_iter().map(item).chain(administration(visit)).collect(),
        title: title.to_owned(),
        lead: None,
        action: None,
        banner: refusals.banner(visit).or_else(|| visit.news()),
        panels: Vec::new(),
        is_wide: false,
    }
}

/// The way to the console, for who may see anything there.
fn administration(visit: &Visit) -> Option<NavItem> {
    Section::ALL.into_iter().any(|section| visit.may(section.permission())).then(|| NavItem {
        label: &visit.texts().account.administration,
        href: visit.frame.to("admin"),
        is_current: false,
    })
}
