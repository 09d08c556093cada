/// The block of a Markdown document whose fence opens with these words.
#[track_caller]
pub(crate) fn snippet<'a>(document: &'a str, fence: &str) -> &'a str {
    let opening = format!("```{fence}\n");
    let start = document.find(&opening).unwrap_or_else(|| panic!("no block opens with {fence}"));
    let block = &document[start + opening.len()..];
    &block[..block.find("```").expect("the block ends")]
}
