//! Lists of users: in which order, in which pages, and of whom.

use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{RoleDeletion, UserFilter};
use portcullis_domain::{ProfileNames, RoleName, User, UserId};
use uuid::Uuid;

use super::steps::{beginning, foreign, update};
use crate::Storage;
use crate::contract::steps::{TICK, everything};
use crate::fixtures::{NOW, account, account_of, event, locale, name, role, user, username};

/// Users come by their ids, the greatest first, in pages as long as was asked for, with all there is to know
/// of them.
pub async fn users_are_listed_newest_first_in_pages(storage: &Storage) {
    let all = UserFilter::default();
    assert_eq!(storage.page(&all, None, 10).await, [], "a fresh store has no user");
    storage.add_role("editors", &["reports:write"]).await;
    let full = User {
        email_verified: true,
        username: Some(username("Ada.Lovelace")),
        profile: ProfileNames {
            name: Some(name("Ada 👩🏽\u{200D}💻")),
            first_name: Some(name("Zoe\u{308}")),
            last_name: Some(name("עדה")),
        },
        is_active: false,
        roles: vec![RoleName::admin(), role("editors"), RoleName::user()],
        locale: locale("de-at"),
        updated_at: Some(NOW + TICK),
        last_login_at: Some(NOW + TICK * 2),
        ..user("Ada@BÜCHER.example")
    };
    let mut users = vec![full, User { roles: vec![], ..user("bare@example.com") }];
    users.extend((0..5).map(|number| user(&format!("user{number}@example.com"))));
    for user in &users {
        storage.register(account_of(user.clone())).await;
    }
    users.sort_unstable_by_key(|user| std::cmp::Reverse(user.id));
    for limit in [1, 2, 3, 6, 7, 8, u32::MAX] {
        assert_eq!(storage.list(&all, limit).await, users, "in pages of {limit}");
    }
    assert_eq!(storage.page(&all, Some(users[2].id), 3).await, users[3..6], "a page begins after a user");
    assert_eq!(storage.page(&all, Some(users[6].id), 3).await, [], "the last one is followed by none");
    let [least, greatest] = [Uuid::nil(), Uuid::max()].map(UserId::from);
    assert_eq!(storage.page(&all, Some(least), 3).await, []);
    assert_eq!(storage.page(&all, Some(greatest), 3).await, users[..3], "whoever has the id, or nobody");
}

/// A filter lets through those who are all that it says, and nobody else.
pub async fn users_are_filtered(storage: &Storage) {
    storage.add_role("editors", &["reports:write"]).await;
    storage.add_role("bare", &[]).await;
    let mut users = Vec::new();
    for number in 0..24 {
        let (verified, active) = (number % 2 == 0, number % 3 != 0);
        let mut roles = vec![RoleName::user()];
        roles.extend((number % 4 < 2).then(|| role("editors")));
        roles.sort_unstable();
        let begins = if number < 12 { "one" } else { "other" };
        let (email_verified, is_active) = (verified, active);
        users.push(User {
            email_verified,
            is_active,
            roles,
            ..user(&format!("{begins}{number}@example.com"))
        });
    }
    storage.import(&users.iter().map(foreign).collect::<Vec<_>>()).await;
    users.sort_unstable_by_key(|user| std::cmp::Reverse(user.id));

    let flags = [None, Some(true), Some(false)];
    for prefix in [None, Some("one"), Some("other2")] {
        for held in [None, Some("editors"), Some("user"), Some("bare"), Some("nobody-made-this")] {
            for (email_verified, is_active) in flags.iter().flat_map(|one| flags.map(|other| (*one, other))) {
                let prefix_filter = prefix.map(beginning).unwrap_or_default();
                let filter = UserFilter { role: held.map(role), email_verified, is_active, ..prefix_filter };
                let is_asked_for = |user: &&User| {
                    prefix.is_none_or(|prefix| user.email.as_str().starts_with(prefix))
                        && held.is_none_or(|held| user.roles.contains(&role(held)))
                        && email_verified.is_none_or(|verified| user.email_verified == verified)
                        && is_active.is_none_or(|active| user.is_active == active)
                };
                let wanted: Vec<_> = users.iter().filter(is_asked_for).cloned().collect();
                for limit in [2, 200] {
                    assert_eq!(storage.list(&filter, limit).await, wanted, "{filter:?} in pages of {limit}");
                }
            }
        }
    }
}

/// Who is there all along is in one of the pages that follow each other, whoever comes, goes or is changed
/// meanwhile; and so it is where a page begins after somebody who is gone.
pub async fn pages_hold_while_users_come_and_go(storage: &Storage) {
    const PAGE: u32 = 4;
    for (round, filter) in [UserFilter::default(), beginning("round1")].into_iter().enumerate() {
        let (mut staying, mut leaving) = (Vec::new(), Vec::new());
        for number in (0..32_u128).rev() {
            let id = UserId::from(Uuid::from_u128((round as u128 * 1_000 + number) << 64));
            let user = User { id, ..user(&format!("round{round}.{number}@example.com")) };
            storage.register(account_of(user.clone())).await;
            // Every other page ends with somebody who leaves.
            if number % 8 == 4 { leaving.push(id) } else { staying.push(id) }
        }
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = storage.page(&filter, before, PAGE).await;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            seen.extend(page.iter().map(|user| user.id));
            if leaving.contains(&last.id) {
                storage.delete(last.id).await;
            }
            let passing =
                User { id: UserId::from(Uuid::max()), ..user(&format!("round{round}@example.com")) };
            let passing = storage.register(account_of(passing)).await;
            storage.delete(passing.id).await;
            storage.updated(update(staying[0])).await;
            storage.register(account(&format!("round{round}.{}@example.net", seen.len()))).await;
        }
        assert!(seen.is_sorted_by(|one, other| one > other), "each once, from the newest on: {seen:?}");
        for id in staying {
            assert!(seen.contains(&id), "who is there all along is listed");
        }
        for id in leaving {
            let is_left = storage.users.find_by_id(id).await.expect("find").is_some();
            assert!(!is_left, "a page ended with each who left");
        }
    }
}

/// Users are listed by a role as long as they hold it, and not by another that gets its name.
pub async fn users_are_listed_by_the_roles_that_they_hold_now(storage: &Storage) {
    let editors = storage.add_role("editors", &[]).await;
    let holding = |name: &str| UserFilter { role: Some(role(name)), ..UserFilter::default() };
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    for user in [&ada, &eve] {
        storage.give_role(user.id, &role("editors")).await;
    }
    storage.take_role(eve.id, &role("editors")).await;
    assert_eq!(storage.found(&holding("editors")).await, ["ada@example.com"]);
    let event = event(AuditKind::RoleDeletion);
    let deletion = RoleDeletion { role: editors.id, authority: everything(), event };
    storage.roles.delete(deletion).await.expect("delete");
    assert_eq!(storage.list(&holding("editors"), 10).await, [], "nobody holds what is gone");
    storage.add_role("editors", &[]).await;
    assert_eq!(storage.list(&holding("editors"), 10).await, [], "nor what has its name");
}
