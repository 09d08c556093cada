use portcullis_domain::ports::UserFilter;

use super::view::UserView;
use crate::cli::UserSelection;
use crate::commands::listing::print_list;
use crate::config::Config;
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
    print_list(
        format,
        &UserView::head(),
        limit,
        async |cursor, limit| list_users.list(filter.clone(), cursor, limit).await,
        |listing, users| listing.print_page(&users.iter().map(UserView::of).collect::<Vec<_>>()),
    )
    .await
}
