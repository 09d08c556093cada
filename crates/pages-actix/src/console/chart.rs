//! Bars, one a day, and the same as a table.

use askama::Template;
use portcullis_domain::Timestamp;
use portcullis_domain::use_cases::AuditDay;
use time::OffsetDateTime;
use time::macros::format_description;

use super::elements::words;
use crate::elements::Table;
use crate::texts::ConsoleOverviewTexts;

/// How often something happened, day by day, drawn without a script.
#[derive(Template)]
#[template(path = "console/chart.html")]
pub(super) struct Chart {
    texts: &'static ConsoleOverviewTexts,
    /// Tells its parts from those of other charts on the page.
    name: &'static str,
    title: &'static str,
    /// What is seen, in a sentence.
    summary: String,
    successes: u64,
    failures: u64,
    most: u64,
    width: usize,
    bars: Vec<Bar>,
    first: String,
    last: String,
    table: Table,
}

/// A day: what succeeded stands on the ground, what failed on top of it.
struct Bar {
    x: usize,
    success: Span,
    failure: Span,
    in_words: String,
}

struct Span {
    y: u64,
    height: u64,
}

/// How high the drawing is, in its own units; it is as wide as its days.
const HEIGHT: u64 = 1000;
/// From one day to the next.
const STEP: usize = 100;

impl Chart {
    pub(super) fn of(
        texts: &'static ConsoleOverviewTexts,
        name: &'static str,
        title: &'static str,
        days: &[AuditDay],
    ) -> Self {
        let most = days.iter().map(|day| day.successes + day.failures).max().unwrap_or_default();
        let (successes, failures) =
            (days.iter().map(|day| day.successes).sum(), days.iter().map(|day| day.failures).sum());
        let edge = |day: Option<&AuditDay>| day.map(|day| date(day.day)).unwrap_or_default();
        let (first, last) = (edge(days.first()), edge(days.last()));
        let summary = told(&texts.summary, successes, failures)
            .replace("{title}", title)
            .replace("{first}", &first)
            .replace("{last}", &last);
        let row = |day: &AuditDay| {
            vec![words(date(day.day)), words(day.successes.to_string()), words(day.failures.to_string())]
        };
        Self {
            texts,
            name,
            title,
            summary,
            successes,
            failures,
            most,
            width: days.len() * STEP,
            bars: days.iter().enumerate().map(|(number, day)| Bar::of(texts, number, day, most)).collect(),
            first,
            last,
            table: Table {
                caption: title,
                head: vec![&texts.day, &texts.successes, &texts.failures],
                rows: days.iter().rev().map(row).collect(),
            },
        }
    }
}

impl Bar {
    fn of(texts: &ConsoleOverviewTexts, number: usize, day: &AuditDay, most: u64) -> Self {
        let AuditDay { day, successes, failures } = *day;
        // Whatever there is can be seen.
        let height = |events: u64| (events * HEIGHT).div_ceil(most.max(1));
        let success = Span { y: HEIGHT - height(successes), height: height(successes) };
        let failed = height(failures).min(success.y);
        let failure = Span { y: success.y - failed, height: failed };
        let in_words = told(&texts.of_day, successes, failures).replace("{day}", &date(day));
        Self { x: number * STEP, success, failure, in_words }
    }
}

fn told(sentence: &str, successes: u64, failures: u64) -> String {
    sentence.replace("{successes}", &successes.to_string()).replace("{failures}", &failures.to_string())
}

/// A day in UTC.
fn date(day: Timestamp) -> String {
    OffsetDateTime::from(day)
        .format(format_description!("[year]-[month]-[day]"))
        .expect("the format fits every moment")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    #[test]
    fn bars_stand_on_the_ground_and_within_the_drawing() {
        let day = |successes, failures| AuditDay { day: Timestamp::MIN, successes, failures };
        let days = [day(0, 0), day(1, 0), day(0, 1), day(3, 1), day(100_000, 1), day(66_667, 33_334)];
        let chart = Chart::of(&ENGLISH.console_overview, "logins", "Logins", &days);
        assert_eq!(chart.most, 100_001);
        for (bar, day) in chart.bars.iter().zip(days) {
            assert_eq!(bar.success.y + bar.success.height, HEIGHT, "{}", bar.in_words);
            assert_eq!(bar.failure.y + bar.failure.height, bar.success.y, "{}", bar.in_words);
            assert_eq!(bar.success.height > 0, day.successes > 0, "{}", bar.in_words);
        }
        assert_eq!(chart.bars[5].failure.y, 0, "the highest reaches the top");
        assert_eq!((chart.successes, chart.failures), (166_671, 33_337));
    }
}
