//! `/admin/users`: who has an account.

pub(super) mod acts;
pub(super) mod change;
pub(super) mod creation;
pub(super) mod detail;
pub(super) mod list;
pub(super) mod roles;

use portcullis_domain::{User, UserId};

use super::elements::Badges;
use crate::elements::{Content, Field, Html};
use crate::refusals::Refusals;
use crate::visit::Visit;

/// The page of a user, from the root.
pub(super) fn path_of(user: UserId) -> String {
    format!("admin/users/{user}")
}

/// How an account stands.
fn state(visit: &Visit, user: &User) -> Html {
    let texts = &visit.texts().console_users;
    let verified =
        if user.email_verified { (&*texts.verified, "success") } else { (&*texts.unverified, "problem") };
    let disabled = (!user.is_active).then_some((&*texts.disabled, "problem"));
    Html::of(Badges { text: "", badges: disabled.into_iter().chain([verified]).collect() })
}

/// The fields for what a person is called. Browsers know what their own user is called, which is not asked.
fn name_fields(visit: &Visit, content: impl Fn(&str) -> Content, refusals: &Refusals) -> [Field; 4] {
    let (texts, common) = (&visit.texts().profile, &visit.texts().common);
    let field = |name, label| {
        Field::text(name, label, "off")
            .optional(&common.optional)
            .content(content(name))
            .error(refusals.with(name))
    };
    [
        field("name", &texts.name),
        field("username", &texts.username).hint(&texts.username_hint),
        field("first_name", &texts.first_name),
        field("last_name", &texts.last_name),
    ]
}
