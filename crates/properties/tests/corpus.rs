//! Every property on the corpus of its fuzzer and on mutations of that.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use portcullis_properties::{PROPERTIES, Property};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

/// Far more than any input takes on the slowest machine, in a build that is not optimised.
const PATIENCE: Duration = Duration::from_secs(5);

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = fuzz().join("seeds").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files.map(|file| fs::read(file.expect("an entry").path()).expect("a file")).collect()
}

fn judge(property: Property, input: &[u8]) {
    let begun = Instant::now();
    property(input);
    assert!(begun.elapsed() < PATIENCE, "{:?} for {input:?}", begun.elapsed());
}

/// What is done to an input, anywhere in it.
#[derive(Clone, Debug)]
enum Mutation {
    Insert(Index, Vec<u8>),
    Replace(Index, u8),
    Remove(Index, Index),
    Repeat(Index, Index),
}

impl Mutation {
    fn any() -> impl Strategy<Value = Self> {
        let telling: Vec<&[u8]> = vec![
            b"\"",
            b",",
            b"\r\n",
            b"\0",
            b"\xEF\xBB\xBF",
            b"@",
            b".",
            b"$",
            b";",
            b"{}",
            b"-1",
            b"\\u0000",
            b"null",
        ];
        let piece = prop_oneof![
            select(telling).prop_map(<[u8]>::to_vec),
            vec(any::<u8>(), 1..8),
            "\\PC{1,4}".prop_map(String::into_bytes)
        ];
        prop_oneof![
            (any::<Index>(), piece).prop_map(|(at, piece)| Self::Insert(at, piece)),
            any::<(Index, u8)>().prop_map(|(at, octet)| Self::Replace(at, octet)),
            any::<(Index, Index)>().prop_map(|(from, to)| Self::Remove(from, to)),
            any::<(Index, Index)>().prop_map(|(from, to)| Self::Repeat(from, to)),
        ]
    }

    fn apply(&self, input: &mut Vec<u8>) {
        let at = |index: &Index| index.index(input.len() + 1);
        let between = |one: &Index, other: &Index| at(one).min(at(other))..at(one).max(at(other));
        match self {
            Self::Insert(index, piece) => drop(input.splice(at(index)..at(index), piece.iter().copied())),
            Self::Replace(index, octet) if !input.is_empty() => {
                let position = index.index(input.len());
                input[position] = *octet;
            }
            Self::Replace(..) => {}
            Self::Remove(from, to) => drop(input.drain(between(from, to))),
            Self::Repeat(from, to) => input.extend_from_within(between(from, to)),
        }
    }
}

/// Holds the property of this name on its corpus and on `cases` mutations of that.
fn hold(name: &str, cases: u32) {
    let (_, property) = PROPERTIES.into_iter().find(|(known, _)| *known == name).expect("a property");
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has inputs to begin with");
    for input in &corpus {
        judge(property, input);
    }
    let mutations = (select(corpus), vec(Mutation::any(), 1..6));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&mutations, |(mut input, mutations)| {
        for mutation in mutations {
            mutation.apply(&mut input);
        }
        judge(property, &input);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn an_address_that_is_accepted_has_one_canonical_form_however_it_is_spelled() {
    hold("email_addresses", 4000);
}

#[test]
fn no_text_is_an_access_token_that_was_not_issued() {
    hold("access_tokens", 400);
}

#[test]
fn no_text_is_a_refresh_token_that_was_not_written() {
    hold("refresh_tokens", 4000);
}

#[test]
fn no_text_is_a_cursor_that_was_not_handed_out() {
    hold("cursors", 2000);
}

#[test]
fn a_hash_is_taken_over_as_it_stands_or_refused_without_being_told() {
    hold("password_hashes", 4000);
}

#[test]
fn no_body_is_answered_otherwise_than_the_same_json_in_other_words() {
    hold("request_bodies", 600);
}

#[test]
fn a_client_behind_a_trusted_proxy_has_the_address_that_the_proxy_saw() {
    hold("forwarding_headers", 4000);
}

#[test]
fn an_account_that_can_be_read_from_a_file_is_the_same_when_it_was_written_again() {
    hold("account_files", 2000);
}

#[test]
fn every_property_has_its_fuzzer() {
    let mut fuzzers: Vec<_> = fs::read_dir(fuzz().join("fuzz_targets"))
        .expect("the fuzzers")
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_owned())
        .collect();
    fuzzers.sort();
    assert_eq!(fuzzers, PROPERTIES.map(|(name, _)| name));
}

#[test]
fn fuzzers_are_built_of_the_versions_that_the_workspace_is_built_of() {
    let workspace = locked_versions(&fuzz().join("../Cargo.lock"));
    for (package, versions) in locked_versions(&fuzz().join("Cargo.lock")) {
        // The fuzzers have some packages for themselves.
        let known = workspace.get(&package).is_none_or(|locked| versions.is_subset(locked));
        assert!(known, "{package} is {versions:?} in fuzz/Cargo.lock: `just fuzz-lock`");
    }
}

fn locked_versions(lock_file: &Path) -> HashMap<String, HashSet<String>> {
    let text = fs::read_to_string(lock_file).expect("a lock file");
    let mut versions = HashMap::<_, HashSet<_>>::new();
    for package in text.split("[[package]]").skip(1) {
        let value = |key| {
            let mut values = package.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
            values.next().expect("a package has a name and a version").trim_matches('"').to_owned()
        };
        versions.entry(value("name")).or_default().insert(value("version"));
    }
    assert!(!versions.is_empty(), "there are packages in it");
    versions
}
