//! The documents: every link leads somewhere, the book has every page, and no snippet stands there unchecked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// The files below a folder whose names end like this, relative to the workspace.
fn files_below(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn collect(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() && entry.file_name() != "target" {
                collect(&path, ending, found);
            } else if path.to_str().is_some_and(|path| path.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    let (root, mut found) = (root(), Vec::new());
    collect(&root.join(folder), ending, &mut found);
    found.into_iter().map(|path| path.strip_prefix(&root).expect("below the root").to_owned()).collect()
}

/// A document in Markdown.
struct Document {
    /// Relative to the workspace.
    path: PathBuf,
    text: String,
}

/// A block of code: the words after its fence, and what it holds.
struct Block<'a> {
    fence: &'a str,
    code: String,
}

impl Document {
    fn read(path: PathBuf) -> Self {
        let text = std::fs::read_to_string(root().join(&path)).expect("a text");
        Self { path, text }
    }

    fn all() -> Vec<Self> {
        let folders = ["docs", "crates", "examples", "migrations", ".github"];
        let below = folders.iter().flat_map(|folder| files_below(folder, ".md"));
        let above = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(PathBuf::from);
        below.chain(above).map(Self::read).collect()
    }

    /// The lines that are no code, and the blocks that are.
    fn parts(&self) -> (Vec<&str>, Vec<Block<'_>>) {
        let (mut prose, mut blocks) = (Vec::new(), Vec::<Block<'_>>::new());
        let mut is_code = false;
        for line in self.text.lines() {
            match line.trim_start().strip_prefix("```") {
                Some(_) if is_code => is_code = false,
                Some(fence) => {
                    is_code = true;
                    blocks.push(Block { fence, code: String::new() });
                }
                None if is_code => {
                    let block = blocks.last_mut().expect("a block has begun");
                    block.code += line;
                    block.code.push('\n');
                }
                None => prose.push(line),
            }
        }
        assert!(!is_code, "{}: a block does not end", self.path.display());
        (prose, blocks)
    }

    /// Where its links and pictures lead.
    fn links(&self) -> Vec<String> {
        let prose = without_code_spans(&self.parts().0.join("\n"));
        let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        targets.map(|(target, _)| target.to_owned()).collect()
    }

    /// What its headings are called in links.
    fn anchors(&self) -> BTreeSet<String> {
        let mut counts = BTreeMap::<String, usize>::new();
        let headings = self.parts().0.into_iter().filter(|line| line.starts_with('#'));
        headings
            .map(|heading| {
                let anchor = anchor(heading.trim_start_matches('#').trim());
                let count = counts.entry(anchor.clone()).or_default();
                *count += 1;
                if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
            })
            .collect()
    }
}

/// As GitHub and mdBook write it.
fn anchor(heading: &str) -> String {
    let letters = heading.to_lowercase();
    let kept = letters.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

fn without_code_spans(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join("")
}

/// A path without `..` within.
fn normalized(path: &Path) -> PathBuf {
    let mut normalized = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                assert!(normalized.pop(), "{} leads out of the workspace", path.display());
            }
            component => normalized.push(component),
        }
    }
    normalized
}

/// What is wrong with a link of a document, if anything.
fn fault(document: &Document, link: &str) -> Option<String> {
    if ["https://", "http://", "mailto:"].iter().any(|scheme| link.starts_with(scheme)) {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let anchors = if path.is_empty() {
        document.anchors()
    } else {
        let target = normalized(&document.path.parent().expect("a file is in a folder").join(path));
        if !root().join(&target).exists() {
            return Some("leads nowhere".to_owned());
        }
        if document.path.starts_with("docs") && !target.starts_with("docs") {
            return Some("leads out of the book".to_owned());
        }
        if anchor.is_some() { Document::read(target).anchors() } else { BTreeSet::new() }
    };
    let anchor = anchor?;
    (!anchors.contains(anchor)).then(|| format!("has no heading #{anchor}"))
}

#[test]
fn every_link_leads_somewhere() {
    let (mut faults, mut count) = (Vec::new(), 0);
    for document in Document::all() {
        for link in document.links() {
            count += 1;
            let fault = fault(&document, &link);
            faults.extend(fault.map(|fault| format!("{}: {link} {fault}", document.path.display())));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(count > 100, "links are found: {count}");
}

#[test]
fn a_link_that_is_wrong_is_noticed() {
    let document = |text: &str| Document { path: "docs/page.md".into(), text: text.to_owned() };
    let fault_of = |text: &str| {
        let document = document(text);
        document.links().iter().find_map(|link| fault(&document, link))
    };
    assert_eq!(
        fault_of("[a](security.md) [b](#a-heading)\n# `A` heading!\n`[c](x)`\n```\n[d](y)\n```"),
        None
    );
    assert_eq!(fault_of("[`a`](nowhere.md)").as_deref(), Some("leads nowhere"));
    assert_eq!(fault_of("[a](../Cargo.toml)").as_deref(), Some("leads out of the book"));
    assert_eq!(fault_of("[a](security.md#nowhere)").as_deref(), Some("has no heading #nowhere"));
    assert_eq!(fault_of("# A\n# A\n[a](#a-1)[b](#a-2)").as_deref(), Some("has no heading #a-2"));
}

#[test]
fn the_book_has_every_page() {
    let summary = Document::read("docs/SUMMARY.md".into());
    let mut listed: Vec<_> = summary.links().iter().map(|link| Path::new("docs").join(link)).collect();
    let mut pages = files_below("docs", ".md");
    pages.retain(|page| *page != summary.path);
    pages.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, pages);
}

#[test]
fn the_list_of_decisions_has_every_decision() {
    let listed: BTreeSet<_> = Document::read("docs/decisions/README.md".into()).links().into_iter().collect();
    let name = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
    let mut decisions: BTreeSet<_> = files_below("docs/decisions", ".md").iter().map(name).collect();
    decisions.remove("README.md");
    assert_eq!(listed, decisions);
}

/// Whether a source includes the page: as documentation whose examples are run, or to compare them.
fn is_included(page: &Path, code: &str) -> bool {
    code.contains(&format!("/{}\")", page.display()))
}

#[test]
fn rust_in_the_documents_is_compiled_and_data_is_well_formed() {
    let sources = ["crates", "tests"].iter().flat_map(|folder| files_below(folder, ".rs"));
    let code: String =
        sources.map(|path| std::fs::read_to_string(root().join(path)).expect("a text")).collect();
    let mut kinds = BTreeSet::new();
    for document in Document::all() {
        let page = document.path.display();
        for Block { fence, code: snippet } in document.parts().1 {
            let kind = fence.split([' ', ',']).next().unwrap_or_default();
            kinds.insert(kind.to_owned());
            match kind {
                // A README of a crate is its documentation.
                "rust" if document.path.starts_with("docs") => {
                    assert!(is_included(&document.path, &code), "no crate includes {page}");
                }
                "json" if !snippet.contains('…') => {
                    let read = serde_json::from_str::<serde_json::Value>(&snippet);
                    assert!(read.is_ok(), "{page}: {snippet}");
                }
                "toml" => {
                    assert!(snippet.parse::<toml::Table>().is_ok(), "{page}: {snippet}");
                }
                _ => {}
            }
        }
    }
    assert!(["rust", "json", "toml"].iter().all(|kind| kinds.contains(*kind)), "{kinds:?}");
}

/// The statements of the first block of SQL after this, as they are but for what begins a line of a comment.
fn sql_after(mark: &str, text: &str) -> String {
    let (_, section) = text.split_once(mark).unwrap_or_else(|| panic!("{mark} is in it"));
    let (_, statements) = section.split_once("```sql").expect("with SQL");
    let (statements, _) = statements.split_once("```").expect("to its end");
    let lines = statements.lines().map(|line| line.trim_start_matches("//!").trim());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_operators_are_told_the_grants_and_settings_that_the_adapter_is_tested_with() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("a text");
    let (page, adapter) =
        (read("docs/operations/postgresql.md"), read("crates/adapters-postgres/src/lib.rs"));
    for (on_the_page, in_the_crate) in [
        ("Run `portcullis migrate` as the first", "# Least rights"),
        ("## Behind PgBouncer", "# Behind a pooler"),
    ] {
        assert_eq!(sql_after(on_the_page, &page), sql_after(in_the_crate, &adapter), "{on_the_page}");
    }
}
