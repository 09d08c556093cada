//! Figures as people read them: on a terminal, and in the documentation.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::plot::Plot;
use crate::rounds::Rounds;

/// Everything that one run measured.
#[derive(Debug)]
pub(crate) struct Report {
    /// What it was measured on, and how: a sentence each.
    pub(crate) setting: Vec<String>,
    pub(crate) tables: Vec<Table>,
}

/// A part of a document that is written by a command, between two marker lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    begin: &'static str,
    end: &'static str,
}

impl Section {
    pub(crate) const FIGURES: Self =
        Self { begin: "<!-- figures: written by `just bench` -->", end: "<!-- end of figures -->" };
    pub(crate) const SCALE: Self =
        Self { begin: "<!-- scale: written by `just bench-scale` -->", end: "<!-- end of scale -->" };

    fn replace_in(self, document: &str, text: &str) -> Option<String> {
        let (before, rest) = document.split_once(self.begin)?;
        let (_, after) = rest.split_once(self.end)?;
        Some([before, self.begin, "\n\n", text, "\n", self.end, after].concat())
    }
}

/// Figures of one kind.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) title: String,
    /// The first column names what the others measure.
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// What is easier seen than read in it.
    pub(crate) plot: Option<Plot>,
}

impl Report {
    /// Replaces a section of a Markdown document, and the plots in it, which are in a folder of its name beside it.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or written, or the document has no markers.
    pub(crate) fn write_into(&self, document: &Path, section: Section) -> anyhow::Result<()> {
        let name = document.display();
        let text = fs::read_to_string(document).with_context(|| format!("cannot read {name}"))?;
        let plots = document.with_extension("");
        let link = plots.file_name().context("a document has a name")?.to_string_lossy();
        let replaced = section.replace_in(&text, &self.to_markdown(&link));
        let replaced = replaced.with_context(|| format!("{name} lacks the line {}", section.begin))?;
        for Plot { name, svg, .. } in self.tables.iter().filter_map(|table| table.plot.as_ref()) {
            fs::create_dir_all(&plots)?;
            fs::write(plots.join(format!("{name}.svg")), svg)?;
        }
        fs::write(document, replaced).with_context(|| format!("cannot write {name}"))
    }

    /// With plots in a folder of this name.
    fn to_markdown(&self, plots: &str) -> String {
        let setting = self.setting.join("\n") + "\n";
        self.tables.iter().fold(setting, |text, table| text + "\n" + &table.to_markdown(plots))
    }
}

/// As plain text.
impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sentence in &self.setting {
            writeln!(formatter, "{sentence}")?;
        }
        self.tables.iter().try_for_each(|table| write!(formatter, "\n{table}"))
    }
}

impl Table {
    fn to_markdown(&self, plots: &str) -> String {
        let alignments =
            self.columns.iter().enumerate().map(|(column, _)| if column == 0 { "---" } else { "---:" });
        let mut text = format!("### {}\n\n| {} |\n", self.title, self.columns.join(" | "));
        let _ = writeln!(text, "|{}|", alignments.collect::<Vec<_>>().join("|"));
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        if let Some(Plot { name, description, .. }) = &self.plot {
            let _ = writeln!(text, "\n![{description}]({plots}/{name}.svg)");
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let cells = |column: usize| self.rows.iter().map(move |row| row[column].chars().count());
        let width = |(column, name): (usize, &&str)| cells(column).fold(name.chars().count(), usize::max);
        self.columns.iter().enumerate().map(width).collect()
    }
}

/// As plain text, with names to the left and numbers to the right.
impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let aligned = cells.zip(&widths).enumerate().map(|(column, (cell, width))| {
                if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            aligned.collect::<Vec<_>>().join("  ")
        };
        writeln!(formatter, "{}", self.title)?;
        writeln!(formatter, "  {}", line(&mut self.columns.iter().copied()))?;
        for row in &self.rows {
            writeln!(formatter, "  {}", line(&mut row.iter().map(String::as_str)))?;
        }
        Ok(())
    }
}

/// The last word of the path of a call, as tables name calls: where there is little room.
pub(crate) fn short(call: &str) -> &str {
    let path = call.split('`').nth(1).unwrap_or(call);
    path.rsplit('/').next().unwrap_or(path)
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The median, to three digits.
pub(crate) fn median(rounds: &Rounds) -> String {
    number(rounds.median())
}

/// The least and the greatest result.
pub(crate) fn range(rounds: &Rounds) -> String {
    format!("{} – {}", number(rounds.least()), number(rounds.most()))
}

/// The median as a factor.
pub(crate) fn factor(rounds: &Rounds) -> String {
    format!("{:.2}", rounds.median())
}

/// The median of shares from 0 to 1.
pub(crate) fn percent(rounds: &Rounds) -> String {
    format!("{:.0} %", 100.0 * rounds.median())
}

/// A number to three digits.
pub(crate) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let rows =
            vec![vec!["GET /me".to_owned(), "8123".to_owned()], vec!["login".to_owned(), "38".to_owned()]];
        let table = Table { title: "Calls".to_owned(), columns: vec!["call", "a second"], rows, plot: None };
        Report { setting: vec!["Two cores.".to_owned()], tables: vec![table] }
    }

    #[test]
    fn text_is_aligned() {
        let text = "Two cores.\n\nCalls\n  call     a second\n  GET /me      8123\n  login          38\n";
        assert_eq!(report().to_string(), text);
    }

    #[test]
    fn the_document_keeps_what_stands_around_the_figures() {
        let Section { begin, end } = Section::FIGURES;
        let document = format!("# Performance\n\n{begin}\nold\n{end}\n\nWhat it means.\n");
        let expected = format!(
            "# Performance\n\n{begin}\n\nTwo cores.\n\n### Calls\n\n| call | a second |\n|---|---:|\n\
             | GET /me | 8123 |\n| login | 38 |\n\n{end}\n\nWhat it means.\n"
        );
        let replaced = |document: &str| {
            Section::FIGURES.replace_in(document, &report().to_markdown("performance")).unwrap()
        };
        assert_eq!(replaced(&document), expected);
        assert_eq!(replaced(&expected), expected, "writing again changes nothing");
    }

    #[test]
    fn plots_are_in_a_folder_beside_the_document() {
        let folder = tempfile::tempdir().unwrap();
        let document = folder.path().join("speed.md");
        let Section { begin, end } = Section::FIGURES;
        fs::write(&document, format!("{begin}\n{end}\n")).unwrap();
        let mut report = report();
        let svg = "<svg/>".to_owned();
        report.tables[0].plot = Some(Plot { name: "calls", description: "How many".to_owned(), svg });
        report.write_into(&document, Section::FIGURES).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("speed/calls.svg")).unwrap(), "<svg/>");
        let text = fs::read_to_string(&document).unwrap();
        assert!(text.contains("| login | 38 |\n\n![How many](speed/calls.svg)\n"), "{text}");
    }

    #[test]
    fn a_document_without_markers_is_not_touched() {
        assert_eq!(Section::SCALE.replace_in("# Performance\n", "text"), None);
    }

    #[test]
    fn calls_are_known_by_the_end_of_their_path() {
        assert_eq!(short("`GET /api/v1/auth/me`"), "me");
        assert_eq!(short("login"), "login");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 12_345_678].map(grouped), ["0", "999", "1,000", "12,345,678"]);
    }

    #[test]
    fn numbers_have_three_digits_or_no_decimals() {
        assert_eq!([9.876, 98.76, 987.6, 98_765.4].map(number), ["9.88", "98.8", "988", "98765"]);
        assert_eq!([-0.5, -26.04, -500.4].map(number), ["-0.50", "-26.0", "-500"]);
    }
}
