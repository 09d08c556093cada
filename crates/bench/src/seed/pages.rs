//! A population as rows, made on a thread of its own while others are written.

use std::collections::BTreeMap;
use std::thread;

use portcullis_domain::{RoleId, RoleName};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::rows::{self, Rows, SESSIONS, USER_ROLES, USERS};
use crate::population::{Population, Resident};

/// How many people are written at once. No more than a few such pages are in memory, some 60 MB each.
const PAGE: usize = 20_000;
/// How many pages wait to be written.
const WAITING: usize = 1;

/// Some people, the roles that they hold and their sessions.
pub(crate) struct Page {
    pub(crate) users: u32,
    pub(crate) sessions: u32,
    /// Those that name others after them.
    pub(crate) tables: [Rows; 3],
}

/// All of a population, page by page in the order of their numbers. There is an error in place of the page that
/// cannot be made, and nothing after it.
pub(crate) fn pages(
    population: &Population,
    roles: BTreeMap<RoleName, RoleId>,
) -> Receiver<anyhow::Result<Page>> {
    let (sender, receiver) = channel(WAITING);
    let population = population.clone();
    thread::spawn(move || make(&population, &roles, &sender));
    receiver
}

fn make(population: &Population, roles: &BTreeMap<RoleName, RoleId>, sender: &Sender<anyhow::Result<Page>>) {
    for first in (0..population.size()).step_by(PAGE) {
        let page = Page::from(population, first, roles);
        let is_last = page.is_err();
        // Nobody waits for it when the last one could not be written.
        if sender.blocking_send(page).is_err() || is_last {
            return;
        }
    }
}

impl Page {
    /// The people whose numbers are `first` and those that follow.
    fn from(population: &Population, first: u32, roles: &BTreeMap<RoleName, RoleId>) -> anyhow::Result<Self> {
        let (mut users, mut user_roles, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
        for number in (first..population.size()).take(PAGE) {
            let Resident { account, sessions: live } = population.resident(number);
            users.push(rows::user(&account));
            user_roles.extend(rows::user_roles(&account.user, roles)?);
            sessions.extend(live.iter().map(rows::session));
        }
        Ok(Self {
            users: u32::try_from(users.len())?,
            sessions: u32::try_from(sessions.len())?,
            tables: [
                Rows { table: &USERS, rows: users },
                Rows { table: &USER_ROLES, rows: user_roles },
                Rows { table: &SESSIONS, rows: sessions },
            ],
        })
    }
}
