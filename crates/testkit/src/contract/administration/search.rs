//! Searches by how addresses, usernames and names begin.

use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{ProfileUpdate, UserFilter, UserUpdate};
use portcullis_domain::{Change, ProfileChange, ProfileNames, User};

use super::steps::{beginning, foreign, move_to, update};
use crate::Storage;
use crate::fixtures::{NOW, account, account_of, email, event, name, role, user, username};

fn named(address: &str, first: &str, last: &str) -> User {
    let profile = ProfileNames { first_name: Some(name(first)), last_name: Some(name(last)), name: None };
    User { profile, ..user(address) }
}

/// Users are found by the beginning of their address, their username and each of their names, regardless of
/// case, octet by octet otherwise.
pub async fn users_are_found_by_how_they_begin(storage: &Storage) {
    let users = [
        User { username: Some(username("Lovelace_1815")), ..named("Ada@example.com", "Augusta", "King") },
        User {
            profile: ProfileNames { name: Some(name("Adalbert")), ..ProfileNames::default() },
            ..user("1@example.com")
        },
        named("2@example.com", "ADAM", "Áda"),
        named("3@example.com", "Grace", "adams"),
        User { username: Some(username("adaptive")), ..user("4@example.com") },
        // All of them at once, to be found once.
        User {
            username: Some(username("adx")),
            profile: ProfileNames {
                name: Some(name("Adx")),
                first_name: Some(name("ADX")),
                last_name: Some(name("adX")),
            },
            ..user("adx@example.com")
        },
        // Begins with it nowhere.
        User { username: Some(username("canadian")), ..named("canada@example.com", "Canada", "O'Ada") },
        named("6@example.com", "100%", "Under_score"),
        named("7@example.com", "ÉCOLE", "Straße"),
        named("8@example.com", "ｆｕｌｌ width", "\u{212A}elvin"),
        named("9@example.com", "\u{D7FF}\u{E000}", "\u{D7FF}z"),
        named("10@example.com", "\u{10FFFF}\u{10FFFF}", "\u{10FFFE}"),
        named("11@example.com", "\u{10FFFF}", "z"),
        named("Ж@example.com", "Жанна", "a b"),
    ];
    for user in users {
        storage.register(account_of(user)).await;
    }
    let highest = "\u{10FFFF}".repeat(255);
    for (prefix, wanted) in [
        ("ada", &["1@example.com", "2@example.com", "3@example.com", "4@example.com", "Ada@example.com"][..]),
        ("ADA", &["1@example.com", "2@example.com", "3@example.com", "4@example.com", "Ada@example.com"]),
        ("adam", &["2@example.com", "3@example.com"]),
        ("ada@example.com", &["Ada@example.com"]),
        ("ada@example.com.", &[]),
        ("adx", &["adx@example.com"]),
        ("ád", &["2@example.com"]),
        ("lovelace_", &["Ada@example.com"]),
        ("king", &["Ada@example.com"]),
        ("anada", &[]),
        ("%", &[]),
        ("_", &[]),
        ("1%", &[]),
        ("100%", &["6@example.com"]),
        ("under_", &["6@example.com"]),
        ("under-", &[]),
        ("o'a", &["canada@example.com"]),
        ("école", &["7@example.com"]),
        ("ecole", &[]),
        ("stras", &[]),
        ("STRAß", &["7@example.com"]),
        ("full", &["8@example.com"]),
        ("ＫＥＬ", &["8@example.com"]),
        ("\u{D7FF}", &["9@example.com"]),
        ("\u{D7FF}\u{E000}", &["9@example.com"]),
        ("\u{10FFFF}", &["10@example.com", "11@example.com"]),
        ("\u{10FFFF}\u{10FFFF}", &["10@example.com"]),
        ("\u{10FFFE}", &["10@example.com"]),
        (&highest, &[]),
        ("ж", &["Ж@example.com"]),
        ("a b", &["Ж@example.com"]),
    ] {
        assert_eq!(storage.found(&beginning(prefix)).await, wanted, "those who begin with {prefix}");
    }
}

/// Names are found however they came about, and no longer than they last.
pub async fn names_are_found_however_they_were_given(storage: &Storage) {
    let expect = async |prefix: &str, wanted: &[&str], how: &str| {
        assert_eq!(storage.found(&beginning(prefix)).await, wanted, "those who begin with {prefix}: {how}");
    };
    let ada = storage.register(account_of(named("ada@example.com", "Registered", "King"))).await;
    expect("regis", &["ada@example.com"], "registered").await;

    let profile = ProfileChange {
        username: Change::Set(username("Countess")),
        name: Change::Set(name("Profiled")),
        first_name: Change::Clear,
        last_name: Change::Keep,
    };
    let event_of = |kind| event(kind).about(ada.id);
    let change =
        ProfileUpdate { user: ada.id, change: profile, now: NOW, event: event_of(AuditKind::ProfileChange) };
    storage.users.update_profile(change).await.expect("update");
    for prefix in ["profi", "countess", "king"] {
        expect(prefix, &["ada@example.com"], "changed by themselves").await;
    }
    expect("regis", &[], "no longer called so").await;

    let profile = ProfileChange { last_name: Change::Set(name("Updated")), ..ProfileChange::default() };
    storage.updated(UserUpdate { profile, ..update(ada.id) }).await;
    expect("updat", &["ada@example.com"], "changed by an administrator").await;
    expect("king", &[], "no longer called so").await;
    storage.updated(move_to(&ada, email("moved@example.com"))).await;
    expect("moved", &["moved@example.com"], "moved").await;
    expect("ada@", &[], "no longer there").await;

    storage.import(&[foreign(&named("foreign@example.com", "Imported", "Elsewhere"))]).await;
    expect("impor", &["foreign@example.com"], "brought in").await;
}

/// However many begin alike, they are listed as few are: newest first, in pages, and filtered.
pub async fn many_who_begin_alike_are_listed_in_pages(storage: &Storage) {
    const MANY: usize = 1_150;
    storage.add_role("editors", &[]).await;
    let mut users: Vec<_> = (0..MANY)
        .map(|number| {
            let mut crowd = user(&format!("crowd{number}@example.com"));
            crowd.email_verified = number % 2 == 0;
            crowd.is_active = number % 5 != 0;
            if number % 300 == 7 {
                crowd.roles.insert(0, role("editors"));
            }
            crowd
        })
        .collect();
    users.push(named("elsewhere@example.com", "Crowd", "Crowded"));
    let others: Vec<_> = (0..50).map(|number| user(&format!("other{number}@example.com"))).collect();
    for batch in [&users[..600], &users[600..], &others] {
        storage.import(&batch.iter().map(foreign).collect::<Vec<_>>()).await;
    }
    users.sort_unstable_by_key(|user| std::cmp::Reverse(user.id));

    let crowd = || beginning("crowd");
    let editors = Some(role("editors"));
    for (filter, limit) in [
        (crowd(), 200),
        (beginning("CROWD1"), 100),
        (UserFilter { email_verified: Some(true), ..crowd() }, 150),
        (UserFilter { email_verified: Some(false), is_active: Some(false), ..crowd() }, 50),
        (UserFilter { role: editors.clone(), ..crowd() }, 2),
        (UserFilter { role: editors, is_active: Some(true), ..beginning("crowd3") }, 2),
        (UserFilter { role: Some(role("nobody-made-this")), ..crowd() }, 2),
    ] {
        let prefix = filter.prefix.as_ref().expect("all of them have one").as_str();
        let is_asked_for = |user: &&User| {
            let first_name = user.profile.first_name.as_ref().map(|name| name.as_str().to_lowercase());
            let begins = |text: &str| text.starts_with(prefix);
            (begins(user.email.as_str()) || first_name.as_deref().is_some_and(begins))
                && filter.role.as_ref().is_none_or(|role| user.roles.contains(role))
                && filter.email_verified.is_none_or(|verified| user.email_verified == verified)
                && filter.is_active.is_none_or(|active| user.is_active == active)
        };
        let wanted: Vec<_> = users.iter().filter(is_asked_for).map(|user| user.id).collect();
        let listed: Vec<_> = storage.list(&filter, limit).await.iter().map(|user| user.id).collect();
        assert_eq!(listed, wanted, "{filter:?} in pages of {limit}");
    }
    // From where on there are few, and before.
    for left in [999, 1_000, 1_001, 1_002, 3] {
        let from = users.len() - left;
        let page = storage.page(&crowd(), Some(users[from - 1].id), 5).await;
        assert_eq!(page, users[from..][..left.min(5)], "a page with {left} left");
    }
    storage.register(account("latest@example.com")).await;
    assert_eq!(storage.list(&beginning("latest"), 5).await.len(), 1, "one among many is found");
}
