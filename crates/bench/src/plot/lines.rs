//! Lines over a logarithmic axis.

use plotters::chart::ChartBuilder;
use plotters::coord::combinators::{BindKeyPoints as _, IntoLogRange as _};
use plotters::element::Circle;
use plotters::series::LineSeries;
use plotters::style::{Color as _, TRANSPARENT};

use super::Plot;
use super::bars::tick;
use super::canvas::{AXIS, Area, GRID, Mark, colour, draw, failed, letters};
use crate::report::grouped;

/// A picture of lines.
pub(crate) struct Lines {
    pub(crate) name: &'static str,
    pub(crate) title: String,
    /// What lines of the same colour are.
    pub(crate) series: Vec<String>,
    pub(crate) panels: Vec<LinesPanel>,
}

/// One diagram of it, with both axes logarithmic.
pub(crate) struct LinesPanel {
    pub(crate) title: String,
    pub(crate) x_unit: &'static str,
    pub(crate) y_unit: &'static str,
    /// One for each series.
    pub(crate) lines: Vec<Line>,
}

/// Points from left to right.
pub(crate) type Line = Vec<(f64, f64)>;

impl Lines {
    pub(crate) fn plot(&self) -> anyhow::Result<Plot> {
        let titles: Vec<_> = self.panels.iter().map(|panel| panel.title.as_str()).collect();
        Ok(Plot {
            name: self.name,
            description: format!("{}: {}", self.title, titles.join("; ")),
            svg: draw(&self.title, (&self.series, Mark::Line), self.panels.len(), |index, _, area| {
                self.panels[index].draw(area)
            })?,
        })
    }
}

impl LinesPanel {
    fn draw(&self, area: &Area<'_>) -> anyhow::Result<()> {
        let points = || self.lines.iter().flatten();
        let (left, right) = range(points().map(|(x, _)| *x));
        // A factor of two at least, so that what hardly changes looks so.
        let (bottom, top) = range(points().map(|(_, y)| *y).chain([0.5, 2.0]));
        let mut xs: Vec<_> = points().map(|(x, _)| *x).collect();
        xs.sort_by(f64::total_cmp);
        xs.dedup();
        let ys = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0];
        let ys = ys.into_iter().filter(|y| (bottom..=top).contains(y)).collect();
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, letters(16))
            .margin(12)
            .margin_right(28)
            .x_label_area_size(44)
            .y_label_area_size(58)
            .build_cartesian_2d(
                (left..right).log_scale().with_key_points(xs),
                (bottom..top).log_scale().with_key_points(ys),
            )
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc(self.x_unit)
            .y_desc(self.y_unit)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .label_style(letters(13))
            .x_label_formatter(&|value| count(*value))
            .y_label_formatter(&|value| tick(*value))
            .draw()
            .map_err(failed)?;
        for (series, line) in self.lines.iter().enumerate() {
            let colour = colour(series);
            chart
                .draw_series(LineSeries::new(line.iter().copied(), colour.stroke_width(2)))
                .map_err(failed)?;
            let points = line.iter().map(|point| Circle::new(*point, 4, colour.filled()));
            chart.draw_series(points).map_err(failed)?;
        }
        Ok(())
    }
}

/// A range in which all these are.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (least, most) =
        values.fold((f64::MAX, 0.0), |(least, most), value| (value.min(least), value.max(most)));
    (least / 1.1, most * 1.1)
}

/// A number of users on an axis.
fn count(value: f64) -> String {
    match value {
        1e6.. => format!("{} million", tick(value / 1e6)),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is a number of users"
        )]
        _ => grouped(value as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_users_are_short() {
        assert_eq!(
            [500.0, 1e3, 1.5e3, 1e5, 1e6, 2.5e6].map(count),
            ["500", "1,000", "1,500", "100,000", "1 million", "2.5 million"]
        );
    }

    #[test]
    fn every_line_is_in_the_picture() {
        let lines = vec![vec![(1e3, 1.0), (1e6, 0.9)], vec![(1e3, 1.0), (1e6, 12.0)]];
        let panel = LinesPanel { title: "CPU".to_owned(), x_unit: "users", y_unit: "to the fewest", lines };
        let series = ["read", "write"].map(str::to_owned).to_vec();
        let lines = Lines { name: "test", title: "Growth".to_owned(), series, panels: vec![panel] };
        let svg = lines.plot().unwrap().svg;
        for text in
            ["Growth", "CPU", "users", "to the fewest", "read", "write", "1,000", "1 million", "\n10\n"]
        {
            assert!(svg.contains(text), "{text} is missing in {svg}");
        }
        assert_eq!(svg.matches("1 million").count(), 1, "a place on an axis has one name");
        for colour in ["#0072B2", "#E69F00"] {
            assert!(
                svg.contains(&format!("<polyline fill=\"none\" opacity=\"1\" stroke=\"{colour}\"")),
                "{svg}"
            );
        }
    }
}
