use serde::Deserialize;

/// Some items of a long list.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Page<T> {
    /// The newest first.
    pub items: Vec<T>,
    /// With which the list goes on, if it does: the `cursor` of the next query.
    pub next_cursor: Option<String>,
}
