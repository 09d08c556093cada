//! What a session's device is called, as far as its `User-Agent` tells.

use portcullis_domain::UserAgent;

use crate::texts::SessionsTexts;

/// The first mark that is found tells: browsers name each other, the imitated ones last.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// `Firefox on Linux`; of what is no browser, the product that it names first.
pub(crate) fn describe(user_agent: Option<&UserAgent>, texts: &SessionsTexts) -> String {
    let text = user_agent.map(UserAgent::as_str).unwrap_or_default();
    let find = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => {
            texts.device.replace("{browser}", browser).replace("{system}", system)
        }
        (Some(browser), None) => browser.to_owned(),
        (None, _) => match text.split(['/', ' ']).next() {
            Some(product) if !product.is_empty() => product.to_owned(),
            _ => texts.unknown_device.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::{ENGLISH, GERMAN};

    #[test]
    fn a_browser_is_told_from_those_that_it_imitates() {
        for (user_agent, expected) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                "Safari on iOS",
            ),
            ("curl/8.14.1", "curl"),
        ] {
            assert_eq!(describe(UserAgent::sanitized(user_agent).as_ref(), &ENGLISH.sessions), expected);
        }
        assert_eq!(describe(None, &GERMAN.sessions), "Unbekanntes Gerät");
    }
}
