use askama::Template;

use super::Html;

/// Many things of one kind. Where there is no room beside each other, each row becomes a card.
#[derive(Template)]
#[template(path = "table.html")]
pub(crate) struct Table {
    /// What it shows, for who cannot see what it stands beside.
    pub(crate) caption: &'static str,
    pub(crate) head: Vec<&'static str>,
    /// Each with one cell for each label of the head; the first says which thing it is.
    pub(crate) rows: Vec<Vec<Html>>,
}
