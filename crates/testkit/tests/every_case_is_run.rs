//! A promise is proven only by a case that exists and is run, and that says what it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use portcullis_testkit::contract::{
    Case, access_tokens_cases, archive_cases, fault_cases, hasher_cases, mailer_cases, storage_cases,
};

/// The text of a source file, or of all files in a folder, below this crate.
fn source(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if path.is_file() {
        return fs::read_to_string(path).expect("a source file");
    }
    let files = fs::read_dir(path).expect("a folder of source files");
    files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("a source file")).collect()
}

/// What stands between `before` and `after` on the lines that begin with `before`.
fn named<'a>(text: &'a str, before: &str, after: char) -> BTreeSet<&'a str> {
    let rests = text.lines().filter_map(|line| line.trim().strip_prefix(before));
    rests.filter_map(|rest| rest.split(after).next()).collect()
}

fn described<Setup>(cases: Vec<Case<Setup>>) -> impl Iterator<Item = (&'static str, String)> {
    cases.into_iter().map(|case| (case.name(), case.promise()))
}

/// Every case of every contract, with its promise.
fn all() -> Vec<(&'static str, String)> {
    described(storage_cases())
        .chain(described(fault_cases()))
        .chain(described(archive_cases()))
        .chain(described(mailer_cases()))
        .chain(described(hasher_cases()))
        .chain(described(access_tokens_cases()))
        .collect()
}

#[test]
fn the_macros_list_every_case() {
    let lists = source("src/contract/cases.rs");
    let modules = source("src/contract/mod.rs");
    for contract in named(&modules, "pub mod ", ';') {
        let folder = format!("src/contract/{contract}");
        let is_folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder).is_dir();
        let cases = source(&if is_folder { folder } else { folder + ".rs" });
        let written = named(&cases, "pub async fn ", '(');
        let listed = named(&lists, &format!("{contract}::"), ':');
        assert!(!written.is_empty(), "{contract} has cases");
        assert_eq!(written, listed, "the macros list exactly the cases of {contract}");
    }
}

#[test]
fn every_case_says_what_the_port_promises() {
    for (case, promise) in all() {
        assert!(promise.ends_with('.') && promise.contains(' '), "{case} promises {promise:?}");
    }
}

#[test]
fn the_ports_name_every_case_and_no_other() {
    let cases: BTreeSet<_> = all().into_iter().map(|(case, _)| case).collect();
    let ports = source("../domain/src/ports");
    let proofs = ports.split("Proven by the case").skip(1).filter_map(|rest| rest.split('.').next());
    let named: BTreeSet<_> = proofs.flat_map(|proof| proof.split('`').skip(1).step_by(2)).collect();
    let [unknown, unnamed] = [&named - &cases, &cases - &named];
    assert!(unknown.is_empty(), "the ports name cases that do not exist: {unknown:?}");
    assert!(unnamed.is_empty(), "no port says that it is proven by the cases {unnamed:?}");
}
