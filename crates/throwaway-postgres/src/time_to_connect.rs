//! How long whoever connects waits for a server.

/// A database's URL that gives the server as much time as it may take on a busy machine, unless it says itself how much
/// there is.
#[must_use]
pub fn with_time_to_connect(url: &str) -> String {
    let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
    let mut parameters: Vec<_> = parameters.split('&').filter(|parameter| !parameter.is_empty()).collect();
    if parameters.iter().any(|parameter| parameter.starts_with("connect_timeout=")) {
        return url.to_owned();
    }
    parameters.push("connect_timeout=20");
    format!("{place}?{}", parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_time_unless_the_url_says_how_much() {
        for (url, with_time) in [
            ("postgres://u@a/n", "postgres://u@a/n?connect_timeout=20"),
            ("postgres://u@a/n?", "postgres://u@a/n?connect_timeout=20"),
            ("postgres://u@a/n?sslmode=require", "postgres://u@a/n?sslmode=require&connect_timeout=20"),
            ("postgres://u@a/n?connect_timeout=3", "postgres://u@a/n?connect_timeout=3"),
        ] {
            assert_eq!(with_time_to_connect(url), with_time);
        }
    }
}
