//! What all pictures share: size, colours, letters, a title and a key to the colours.

use anyhow::anyhow;
use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, IntoFont as _, RGBColor, TextStyle, WHITE};

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Letters, axes, and lines to guide the eye.
pub(super) const INK: RGBColor = RGBColor(36, 41, 47);
pub(super) const AXIS: RGBColor = RGBColor(140, 149, 159);
pub(super) const GRID: RGBColor = RGBColor(228, 232, 236);

/// Those of Okabe and Ito, which people who see fewer colours can tell apart.
const SERIES: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(110, 84, 148),
    RGBColor(90, 90, 90),
];

pub(super) fn colour(series: usize) -> RGBColor {
    SERIES[series % SERIES.len()]
}

/// The shape that stands for a series in the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Bar,
    Line,
}

const WIDTH: u32 = 960;
const PANEL_HEIGHT: u32 = 300;
const TITLE_HEIGHT: u32 = 44;
const KEY_LINE: u32 = 22;
/// As wide as a letter is in the mean, in parts of its size.
const LETTER: f64 = 0.55;

/// Letters so many pixels high. What the backend takes for the size of a font is 1.24 times that.
pub(super) fn letters(size: i32) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", 1.24 * f64::from(size)).into_font()).color(&INK)
}

pub(super) fn anchored(size: i32, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    letters(size).pos(Pos::new(horizontal, vertical))
}

/// Pixels that a text takes.
pub(super) fn width_of(text: &str, size: i32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "texts are short")]
    let width = (f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX))
        * f64::from(size)
        * LETTER) as i32;
    width
}

/// Draws a picture of panels in two columns, with a title and the names of the series above them. `panel` is given the
/// whole picture, and the part of it that is the panel's.
pub(super) fn draw(
    title: &str,
    (series, mark): (&[String], Mark),
    panels: usize,
    panel: impl Fn(usize, &Area<'_>, &Area<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let places = places_in_key(series);
    let key_lines = places.last().map_or(0, |(_, line)| line + 1);
    let head = TITLE_HEIGHT + key_lines * KEY_LINE;
    let rows = panels.div_ceil(2);
    let height = head + u32::try_from(rows)? * PANEL_HEIGHT;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let (top, below) = root.split_vertically(head);
        top.draw(&Text::new(title.to_owned(), (20, 16), letters(20))).map_err(failed)?;
        for (index, (name, (x, line))) in series.iter().zip(places).enumerate() {
            let y = i32::try_from(TITLE_HEIGHT + line * KEY_LINE)? + 8;
            match mark {
                Mark::Bar => {
                    let corners = [(x, y - 6), (x + 12, y + 6)];
                    top.draw(&Rectangle::new(corners, colour(index).filled())).map_err(failed)?;
                }
                Mark::Line => {
                    let ends = vec![(x - 4, y), (x + 14, y)];
                    top.draw(&PathElement::new(ends, colour(index).stroke_width(2))).map_err(failed)?;
                    top.draw(&Circle::new((x + 5, y), 4, colour(index).filled())).map_err(failed)?;
                }
            }
            let style = anchored(14, HPos::Left, VPos::Center);
            top.draw(&Text::new(name.clone(), (x + 20, y), style)).map_err(failed)?;
        }
        for (index, area) in below.split_evenly((rows, 2)).iter().take(panels).enumerate() {
            panel(index, &root, area)?;
        }
        root.present().map_err(failed)?;
    }
    Ok(svg)
}

/// Where each series stands in the key: from the left, and on which line.
fn places_in_key(series: &[String]) -> Vec<(i32, u32)> {
    const FIRST: i32 = 24;
    let last = WIDTH.cast_signed() - 20;
    let (mut x, mut line) = (FIRST, 0);
    let place = |name: &String| {
        let width = width_of(name, 14) + 44;
        if x > FIRST && x + width > last {
            (x, line) = (FIRST, line + 1);
        }
        let place = (x, line);
        x += width;
        place
    };
    series.iter().map(place).collect()
}

/// Errors of drawing name the picture, and do not live as long as it.
pub(super) fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("a plot cannot be drawn: {error}")
}
