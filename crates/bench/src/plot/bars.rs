//! Bars beside each other.

use plotters::chart::ChartBuilder;
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color as _, TRANSPARENT};

use super::Plot;
use super::canvas::{AXIS, Area, GRID, INK, Mark, anchored, colour, draw, failed, letters, width_of};
use crate::report::number;

/// A picture of bars.
pub(crate) struct Bars {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    /// What bars of the same colour are.
    pub(crate) series: Vec<String>,
    pub(crate) panels: Vec<BarsPanel>,
}

/// One diagram of it.
pub(crate) struct BarsPanel {
    pub(crate) title: String,
    pub(crate) unit: &'static str,
    /// A value that others are to be compared to.
    pub(crate) level: Option<f64>,
    pub(crate) groups: Vec<Group>,
}

/// Bars of one name, one for each series.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
}

/// How much of the width of a group its bars take.
const FILLED: f64 = 0.76;
const SMALL: i32 = 12;
/// Of values above bars that are narrow.
const TINY: i32 = 10;

impl Bars {
    pub(crate) fn plot(&self) -> anyhow::Result<Plot> {
        let titles: Vec<_> = self.panels.iter().map(|panel| panel.title.as_str()).collect();
        Ok(Plot {
            name: self.name,
            description: format!("{}: {}", self.title, titles.join("; ")),
            svg: draw(&self.title, (&self.series, Mark::Bar), self.panels.len(), |index, root, area| {
                self.panels[index].draw(root, area)
            })?,
        })
    }
}

impl BarsPanel {
    fn draw(&self, root: &Area<'_>, area: &Area<'_>) -> anyhow::Result<()> {
        let most = self.groups.iter().flat_map(|group| &group.values).copied().fold(0.0, f64::max);
        let top = 1.15 * most.max(self.level.unwrap_or(0.0)).max(f64::MIN_POSITIVE);
        let count = u32::try_from(self.groups.len())?;
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, letters(16))
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(58)
            .build_cartesian_2d(0.0..f64::from(count), 0.0..top)
            .map_err(failed)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .x_labels(0)
            .y_labels(6)
            .y_desc(self.unit)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .label_style(letters(13))
            .y_label_formatter(&|value| tick(*value))
            .draw()
            .map_err(failed)?;
        let space = chart.plotting_area().dim_in_pixel().0 / count.max(1);
        for (left, group) in (0..count).zip(&self.groups) {
            let width = FILLED / f64::from(u32::try_from(group.values.len().max(1))?);
            let is_narrow = f64::from(space) * width < f64::from(width_of("12.34", SMALL));
            for (series, (position, value)) in (0_u32..).zip(&group.values).enumerate() {
                let x = f64::from(left) + (1.0 - FILLED) / 2.0 + width * f64::from(position);
                let corners = [(x, 0.0), (x + 0.94 * width, *value)];
                let middle = (x + 0.47 * width, value + 0.01 * top);
                let style = anchored(if is_narrow { TINY } else { SMALL }, HPos::Center, VPos::Bottom);
                let area = chart.plotting_area();
                area.draw(&Rectangle::new(corners, colour(series).filled())).map_err(failed)?;
                area.draw(&Text::new(number(*value), middle, style)).map_err(failed)?;
            }
        }
        if let Some(level) = self.level {
            let line = vec![(0.0, level), (f64::from(count), level)];
            chart.plotting_area().draw(&PathElement::new(line, INK.stroke_width(1))).map_err(failed)?;
        }
        for (left, group) in (0..count).zip(&self.groups) {
            let (x, y) = chart.plotting_area().map_coordinate(&(f64::from(left) + 0.5, 0.0));
            let style = anchored(SMALL, HPos::Center, VPos::Top);
            for (line, text) in (0..).zip(broken(&group.name, space.cast_signed() - 6)) {
                root.draw(&Text::new(text, (x, y + 6 + 14 * line), style.clone())).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// A number on an axis.
pub(super) fn tick(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A text in lines that fit into so many pixels, as far as its words do.
fn broken(text: &str, space: i32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width_of(&format!("{line} {word}"), SMALL) <= space => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_broken_between_words() {
        assert_eq!(broken("logins flood in", 60), ["logins", "flood in"]);
        assert_eq!(broken("logins flood in", 600), ["logins flood in"]);
        assert_eq!(broken("overlong", 1), ["overlong"]);
    }

    #[test]
    fn numbers_on_an_axis_are_as_short_as_they_can_be() {
        assert_eq!([0.0, 0.5, 20.0, 1.25].map(tick), ["0", "0.5", "20", "1.25"]);
    }

    #[test]
    fn every_bar_and_name_is_in_the_picture() {
        let groups = [("me", [1.5, 2.5]), ("refresh & more", [3.25, 0.0])];
        let groups = groups.map(|(name, values)| Group { name: name.to_owned(), values: values.to_vec() });
        let panel =
            BarsPanel { title: "Rate".to_owned(), unit: "a second", level: Some(1.0), groups: groups.into() };
        let series = ["SQLite", "PostgreSQL"].map(str::to_owned).to_vec();
        let bars = Bars { name: "test", title: "A <test>".to_owned(), series, panels: vec![panel] };
        let svg = bars.plot().unwrap().svg;
        for text in [
            "A &lt;test&gt;",
            "Rate",
            "a second",
            "SQLite",
            "PostgreSQL",
            "1.50",
            "2.50",
            "3.25",
            "me",
            "&amp;",
        ] {
            assert!(svg.contains(text), "{text} is missing in {svg}");
        }
    }
}
