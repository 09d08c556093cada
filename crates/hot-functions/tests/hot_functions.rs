//! Whether they can be measured.

use portcullis_hot_functions::HOT_FUNCTIONS;

/// Each call panics unless it comes out as it should.
#[test]
fn every_hot_function_can_be_called_again_and_again() {
    for (_, set_up) in HOT_FUNCTIONS {
        let mut calls = set_up();
        for _ in 0..3 {
            calls()();
        }
    }
}

#[test]
fn the_instructions_of_every_hot_function_are_watched() {
    let page = include_str!("../../../docs/performance.md");
    let watched = page
        .split_once("<!-- instructions: written by `just instructions --write` -->")
        .and_then(|(_, rest)| rest.split_once("<!-- end of instructions -->"))
        .map(|(table, _)| table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()));
    let mut watched: Vec<_> = watched.expect("a table").collect();
    let mut all = HOT_FUNCTIONS.map(|(name, _)| name);
    watched.sort_unstable();
    all.sort_unstable();
    assert_eq!(watched, all);
}
