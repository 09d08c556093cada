//! Parts of `docs/` that are generated: tests hold them to what they are made of, and write them anew where
//! `PORTCULLIS_TEST_UPDATE_DOCS` is set.

use std::fs;

/// The page with this between the marks that have this name.
pub(crate) fn between(page: &str, name: &str, generated: &str) -> String {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = page.split_once(&begin).expect("the page has the mark where it begins");
    let (_, after) = rest.split_once(&end).expect("the page has the mark where it ends");
    format!("{before}{begin}\n{generated}\n{end}{after}")
}

/// Holds a generated file of the documentation to what `write` makes of it, or writes it anew.
pub(crate) fn keep_current(file: &str, write: impl FnOnce(&str) -> String) {
    let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(&path).unwrap_or_default();
    let current = write(&page);
    if std::env::var_os("PORTCULLIS_TEST_UPDATE_DOCS").is_some() {
        fs::write(path, current).expect("the page can be written");
    } else {
        assert!(page == current, "`just docs` writes {path} anew");
    }
}
