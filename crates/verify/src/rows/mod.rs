//! The rows of `docs/security.md` that can be told from outside, in its order. A family is a file.

mod access_tokens;
mod addresses;
mod ending;
mod enumeration;
mod input;
mod lockout;
mod one_use;
mod passwords;
mod refresh_tokens;

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::ground::Ground;
use crate::outcome::Finding;

/// What must hold, and how to see whether it does.
pub(crate) struct Row {
    pub(crate) id: RowId,
    pub(crate) title: &'static str,
    pub(crate) run: for<'a> fn(&'a Ground<'a>) -> BoxFuture<'a, Finding>,
}

/// Names a row, as `docs/security.md` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RowId(&'static str);

/// There is no row of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of the rows, which are {}", RowId::all().map(RowId::as_str).collect::<Vec<_>>().join(", "))]
pub struct InvalidRowId;

impl RowId {
    /// Every row that there is, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.id)
    }

    /// Reads a name, in either case.
    ///
    /// # Errors
    ///
    /// [`InvalidRowId`] when there is no such row.
    pub fn parse(text: &str) -> Result<Self, InvalidRowId> {
        Self::all().find(|id| id.0.eq_ignore_ascii_case(text.trim())).ok_or(InvalidRowId)
    }

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

macro_rules! row {
    ($id:literal, $title:literal, $run:path) => {
        Row { id: RowId($id), title: $title, run: |ground| Box::pin($run(ground)) }
    };
}

/// Every row that there is.
pub(crate) const ROWS: &[Row] = &[
    row!("S1", "a refresh token, raced, has one successor", refresh_tokens::raced),
    row!("S2", "an older spent refresh token ends the session", refresh_tokens::reused),
    row!("S3", "a refresh whose answer was lost can be repeated", refresh_tokens::repeated),
    row!("S4", "a mailed secret, raced, is good once", one_use::mailed_secrets_raced),
    row!("S5", "an address or username, raced, makes one account", one_use::names_raced),
    row!("S6", "five wrong codes end a code", one_use::wrong_codes),
    row!("S7", "guesses at once get no more answers than the lockout allows", lockout::guesses_raced),
    row!("S10", "what ends a session ends both of its tokens at once", ending::of_sessions),
    row!("S11", "a role taken away is gone at the next call", ending::of_roles),
    row!("S12", "a newer secret ends the older", ending::of_secrets),
    row!("S20", "a login tells an unknown account neither by answer nor by time", enumeration::by_login),
    row!("S21", "requests for mail are answered alike for every address", enumeration::by_mail_requests),
    row!("S22", "links in mails do not come from headers", addresses::poisoned_headers),
    row!("S23", "what is not one address is refused and not mailed", addresses::hostile_addresses),
    row!("S28", "opening a mailed link costs nothing", addresses::opened_links),
    row!("S30", "forged headers of access tokens are refused", access_tokens::forged_headers),
    row!("S31", "other claims and other tokens are refused", access_tokens::other_claims),
    row!("S32", "another spelling of an access token is refused", access_tokens::other_spellings),
    row!("S41", "a lockout harms no session and does not stop a reset", lockout::harm),
    row!("S44", "passwords are read whole or refused", passwords::read_whole),
    row!("S51", "fields that are not the user's to set are inert", input::inert_fields),
    row!("S52", "somebody else's session is told like one that is not there", input::foreign_sessions),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_read_in_either_case() {
        assert_eq!(RowId::all().collect::<BTreeSet<_>>().len(), ROWS.len());
        assert_eq!(RowId::parse(" s10").map(RowId::as_str), Ok("S10"));
        assert_eq!(RowId::parse("S14"), Err(InvalidRowId));
    }

    #[test]
    fn every_row_is_one_of_the_contract() {
        let contract = include_str!("../../../../docs/security.md");
        for id in RowId::all() {
            assert!(contract.contains(&format!("\n| {} |", id.as_str())), "{}", id.as_str());
        }
    }
}
