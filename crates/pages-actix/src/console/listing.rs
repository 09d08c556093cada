//! Long lists: what is asked of them, what was found, and how they go on.

use askama::Template;
use portcullis_http_actix::building_blocks::Problem;

use super::asked::address;
use crate::elements::{Field, Html, Link, Panel, Table};
use crate::refusals::{CURSOR, Refusals};
use crate::submission::Typed;
use crate::visit::Visit;

/// A list, a page at a time.
#[derive(Template)]
#[template(path = "console/listing.html")]
pub(super) struct Listing {
    filter: Option<Filter>,
    /// None when it was not understood what is asked.
    table: Option<Table>,
    nothing: &'static str,
    ways: Vec<Link>,
    ways_label: &'static str,
}

/// What can be asked of it.
#[derive(Template)]
#[template(path = "console/filter.html")]
pub(super) struct Filter {
    action: String,
    fields: Vec<Field>,
    button: &'static str,
    reset: Option<Link>,
}

/// A list as it is asked for: at which path, with what in the fields of its filter.
pub(super) struct Place<'a> {
    pub(super) visit: &'a Visit,
    pub(super) path: &'static str,
    pub(super) names: &'static [&'static str],
    pub(super) typed: &'a Typed,
}

impl Place<'_> {
    /// The filter with these fields.
    pub(super) fn filter(&self, fields: Vec<Field>) -> Filter {
        let texts = &self.visit.texts().console;
        let is_used = self.names.iter().any(|name| !self.typed.value(name).is_empty());
        let action = self.visit.frame.to(self.path);
        let reset = is_used.then(|| Link::new(&texts.reset, action.clone()));
        Filter { action, fields, button: &texts.search, reset }
    }

    /// The list with what was found, and with `next` where it goes on.
    pub(super) fn listing(&self, filter: Option<Filter>, found: Option<(Table, Option<String>)>) -> Panel {
        let texts = &self.visit.texts().console;
        let (table, next) = found.map_or((None, None), |(table, next)| (Some(table), next));
        let is_later_page = !self.typed.value(CURSOR).is_empty();
        let first = is_later_page.then(|| Link::new(&texts.first, self.address(None)));
        let next = next.map(|cursor| Link::new(&texts.next, self.address(Some(&cursor))));
        let listing = Listing {
            filter,
            table,
            nothing: &texts.nothing,
            ways: first.into_iter().chain(next).collect(),
            ways_label: &texts.pages,
        };
        Panel { content: Some(Html::of(listing)), ..Panel::default() }
    }

    /// The page of the same list that begins there, or its first.
    fn address(&self, cursor: Option<&str>) -> String {
        let asked = self.names.iter().map(|name| (*name, self.typed.value(name)));
        let cursor = cursor.map(|cursor| (CURSOR, cursor.to_owned()));
        address(&self.visit.frame.to(self.path), asked.chain(cursor))
    }
}

/// What was found, or else what was wrong with what is asked.
///
/// # Errors
///
/// What is wrong besides.
pub(super) fn found_or_refused<T>(
    found: Result<T, Problem>,
    visit: &Visit,
) -> Result<(Option<T>, Refusals), Problem> {
    match found {
        Ok(found) => Ok((Some(found), Refusals::none())),
        Err(problem) => Ok((None, Refusals::of(problem, visit)?)),
    }
}
