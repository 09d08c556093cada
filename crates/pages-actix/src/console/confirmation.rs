//! What is asked before something is done that cannot be taken back.

use actix_web::HttpResponse;

use super::Section;
use crate::elements::{Html, Link, Page, Panel, Shell, Weight};
use crate::refusals::Refusals;
use crate::texts::Question;
use crate::visit::Visit;

/// A page with nothing but the question, a button that does it, and a way back.
pub(super) struct Confirmation {
    pub(super) section: Section,
    pub(super) question: &'static Question,
    /// Whom or what it is about, in the place of `{about}`.
    pub(super) about: String,
    /// Where the button leads, from the root.
    pub(super) action: String,
    /// Where the way back leads, from the root.
    pub(super) back: String,
}

impl Confirmation {
    pub(super) fn page(self, visit: &Visit, refusals: &Refusals) -> HttpResponse {
        let Self { section, question, about, action, back } = self;
        let mut form = visit.form(&action, &question.button);
        form.weight = Weight::Danger;
        form.cancel = Some(Link::new(&visit.texts().common.cancel, visit.frame.to(&back)));
        let panel = Panel {
            text: question.text.iter().map(|text| text.replace("{about}", &about)).collect(),
            content: Some(Html::of(form)),
            is_dangerous: true,
            ..Panel::default()
        };
        let shell = Shell { panels: vec![panel], ..section.shell(visit, &question.title, refusals) };
        visit.respond(Page::from(shell).refused(refusals))
    }
}
