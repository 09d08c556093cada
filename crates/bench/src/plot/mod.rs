//! Figures as pictures, for those who compare many: SVG, dark on white, so that they can be read on any page.

mod bars;
mod canvas;
mod lines;

pub(crate) use self::bars::{Bars, BarsPanel, Group};
pub(crate) use self::lines::{Lines, LinesPanel};

/// A picture of figures.
#[derive(Debug)]
pub(crate) struct Plot {
    /// Of its file, without what says that it is SVG. No other plot has it.
    pub(crate) name: &'static str,
    /// What it shows, for who does not see it.
    pub(crate) description: String,
    pub(crate) svg: String,
}
