use super::finding::Finding;
use crate::config::{Config, Warning};

const CHECK: &str = "settings";

/// Names the settings that are allowed and perhaps not wanted.
pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let warning =
        |Warning { key, concern, remedy }| Finding::warning(CHECK, format!("{key} {concern}"), remedy);
    let warnings: Vec<_> = config.warnings().map(warning).collect();
    if warnings.is_empty() { vec![Finding::ok(CHECK, "none calls for attention")] } else { warnings }
}
