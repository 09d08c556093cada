use portcullis_domain::PageLimit;
use portcullis_domain::ports::UserFilter;

use super::view::UserView;
use crate::cli::UserSelection;
use crate::config::Config;
use crate::output::Listing;
use crate::wiring::Installation;

/// Prints the selected users, the newest first.
pub(super) async fn run(config: &Config, selection: UserSelection) -> anyhow::Result<()> {
    let UserSelection { query, role, verification, activity, limit, format } = selection;
    let filter = UserFilter {
        prefix: query,
        role,
        email_verified: verification.wanted(),
        is_active: activity.wanted(),
    };
    let installation = Installation::for_command(config).await?;
    let list_users = &installation.use_cases.list_users;
    let mut left = limit.unwrap_or(u64::MAX);
    let mut page = list_users.list(filter.clone(), None, page_limit(left)).await?;
    let mut listing = Listing::begin(format, &UserView::head())?;
    loop {
        let views: Vec<_> = page.items.iter().map(UserView::of).collect();
        if listing.print_page(&views)?.is_break() {
            return Ok(());
        }
        left = left.saturating_sub(u64::try_from(views.len())?);
        let Some(cursor) = page.next_cursor.filter(|_| left > 0) else {
            break;
        };
        page = list_users.list(filter.clone(), Some(&cursor), page_limit(left)).await?;
    }
    listing.end()?;
    Ok(())
}

/// As many as a page takes, and no more than are `left`, which is one or more.
fn page_limit(left: u64) -> PageLimit {
    let items = u32::try_from(left).unwrap_or(u32::MAX).min(PageLimit::MAX);
    PageLimit::new(items).expect("it lies between one and the most that a page takes")
}
