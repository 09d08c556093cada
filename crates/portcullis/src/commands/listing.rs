//! Lists of any length, as use cases give them: page by page.

use std::io;
use std::ops::ControlFlow;

use portcullis_domain::{Page, PageLimit};

use crate::cli::OutputFormat;
use crate::output::Listing;

/// Prints what `read` gives from a cursor on, under `head`, with `print`: to the end, as far as the `limit`, or
/// until the reader has gone. Nothing is printed before the first page is there.
pub(super) async fn print_list<T, E>(
    format: OutputFormat,
    head: &str,
    limit: Option<u64>,
    read: impl AsyncFn(Option<&str>, PageLimit) -> Result<Page<T>, E>,
    print: impl Fn(&mut Listing, &[T]) -> io::Result<ControlFlow<()>>,
) -> anyhow::Result<()>
where
    anyhow::Error: From<E>,
{
    let mut left = limit.unwrap_or(u64::MAX);
    let mut page = read(None, page_limit(left)).await?;
    let mut listing = Listing::begin(format, head)?;
    loop {
        if print(&mut listing, &page.items)?.is_break() {
            return Ok(());
        }
        left = left.saturating_sub(u64::try_from(page.items.len())?);
        let Some(cursor) = page.next_cursor.filter(|_| left > 0) else {
            break;
        };
        page = read(Some(&cursor), page_limit(left)).await?;
    }
    listing.end()?;
    Ok(())
}

/// As many as a page takes, and no more than are `left`, which is one or more.
fn page_limit(left: u64) -> PageLimit {
    let items = u32::try_from(left).unwrap_or(u32::MAX).min(PageLimit::MAX);
    PageLimit::new(items).expect("it lies between one and the most that a page takes")
}
