//! Changes of a profile.

use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{ProfileOutcome, ProfileUpdate};
use portcullis_domain::{Change, ProfileChange, ProfileNames, Timestamp, User, UserId};

use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::TICK;
use crate::fixtures::{NOW, account, account_of, event, locale, name, password_hash, user, username};

async fn change_profile(
    storage: &Storage,
    user: UserId,
    change: ProfileChange,
    now: Timestamp,
) -> ProfileOutcome {
    let event = event(AuditKind::ProfileChange).about(user);
    storage.users.update_profile(ProfileUpdate { user, change, now, event }).await.expect("update")
}

/// A profile change sets, clears and keeps field by field, and notes the time.
pub async fn a_profile_change_keeps_the_rest(storage: &Storage) {
    let given = User {
        username: Some(username("Ada")),
        profile: ProfileNames {
            name: Some(name("Ada Lovelace")),
            first_name: Some(name("Ada")),
            last_name: Some(name("Lovelace")),
        },
        locale: locale("fr"),
        ..user("ada@example.com")
    };
    storage.register(account_of(given.clone())).await;
    let bystander = storage.register(account("bystander@example.com")).await;

    let renaming = ProfileChange { name: Change::Set(name("Countess 👑")), ..ProfileChange::default() };
    let mut wanted = given.clone();
    wanted.profile.name = Some(name("Countess 👑"));
    wanted.updated_at = Some(NOW + TICK);
    expect_profile(storage, &wanted, renaming, NOW + TICK).await;

    let clearing =
        ProfileChange { username: Change::Clear, last_name: Change::Clear, ..ProfileChange::default() };
    wanted.username = None;
    wanted.profile.last_name = None;
    wanted.updated_at = Some(NOW + 2 * TICK);
    expect_profile(storage, &wanted, clearing, NOW + 2 * TICK).await;

    let everything = ProfileChange {
        username: Change::Set(username("Countess")),
        name: Change::Clear,
        first_name: Change::Set(name("Augusta")),
        last_name: Change::Set(name("King")),
    };
    wanted.username = Some(username("Countess"));
    wanted.profile =
        ProfileNames { name: None, first_name: Some(name("Augusta")), last_name: Some(name("King")) };
    wanted.updated_at = Some(NOW + 3 * TICK);
    expect_profile(storage, &wanted, everything, NOW + 3 * TICK).await;

    let stored = storage.stored(given.id).await;
    assert_eq!(stored.password_hash, Some(password_hash()), "a profile change keeps the password");
    assert_eq!(storage.stored(bystander.id).await.user, bystander, "nobody else is changed");
}

async fn expect_profile(storage: &Storage, wanted: &User, change: ProfileChange, now: Timestamp) {
    let outcome = change_profile(storage, wanted.id, change, now).await;
    assert_eq!(
        outcome,
        ProfileOutcome::Updated(Box::new(wanted.clone())),
        "the answer is the user as changed"
    );
    assert_eq!(storage.stored(wanted.id).await.user, *wanted, "the change is stored, and nothing besides");
}

/// A change to a username that somebody else has changes nothing at all; one's own can be respelled.
pub async fn a_profile_change_to_a_taken_username_changes_nothing(storage: &Storage) {
    let mut holder = account("holder@example.com");
    holder.user.username = Some(username("holder"));
    storage.register(holder).await;
    let mut ada = account("ada@example.com");
    ada.user.username = Some(username("ada"));
    let ada = storage.register(ada).await;

    let taken = ProfileChange {
        username: Change::Set(username("HOLDER")),
        name: Change::Set(name("Not to be stored")),
        ..ProfileChange::default()
    };
    let outcome = change_profile(storage, ada.id, taken, NOW + TICK).await;
    assert_eq!(outcome, ProfileOutcome::UsernameTaken, "usernames are unique regardless of case");
    assert_eq!(storage.stored(ada.id).await.user, ada, "a refused change changes nothing");

    let respelled = ProfileChange { username: Change::Set(username("ADA")), ..ProfileChange::default() };
    change_profile(storage, ada.id, respelled, NOW + TICK).await;
    let stored = storage.stored(ada.id).await.user.username.expect("a username");
    assert_eq!(stored.as_str(), "ADA", "one's own username can be spelled anew");

    let nobody = user("nobody@example.com").id;
    let outcome = change_profile(storage, nobody, ProfileChange::default(), NOW).await;
    assert_eq!(outcome, ProfileOutcome::NotFound);
}

/// Of 50 users who take one username at once, one gets it.
pub async fn raced_profile_changes_leave_one_holder(storage: &Storage) {
    let mut users = Vec::new();
    for caller in 0..CALLERS {
        users.push(storage.register(account(&format!("user{caller}@example.com"))).await.id);
    }
    for round in 0..ROUNDS {
        let wanted = username(&format!("wanted{round}"));
        let outcomes = race(storage, |caller, storage| {
            let id = users[caller];
            let change = ProfileChange { username: Change::Set(wanted.clone()), ..ProfileChange::default() };
            async move { change_profile(&storage, id, change, NOW).await }
        })
        .await;
        let updated = outcomes.iter().filter(|outcome| matches!(outcome, ProfileOutcome::Updated(_))).count();
        let refused = outcomes.iter().filter(|outcome| **outcome == ProfileOutcome::UsernameTaken).count();
        assert_eq!((updated, refused), (1, CALLERS - 1), "a username has one holder");
    }
}

/// Of 50 who change one field each of one profile at once, none undoes what another did to another field.
pub async fn raced_changes_of_one_profile_lose_none(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    for round in 0..ROUNDS {
        let nothing = ProfileChange {
            username: Change::Clear,
            name: Change::Clear,
            first_name: Change::Clear,
            last_name: Change::Clear,
        };
        change_profile(storage, ada.id, nothing, NOW).await;
        let given = |caller: usize| format!("given{round}x{caller}");
        race(storage, |caller, storage| {
            let text = given(caller);
            let mut change = ProfileChange::default();
            match caller % 4 {
                0 => change.username = Change::Set(username(&text)),
                1 => change.name = Change::Set(name(&text)),
                2 => change.first_name = Change::Set(name(&text)),
                _ => change.last_name = Change::Set(name(&text)),
            }
            async move { change_profile(&storage, ada.id, change, NOW).await }
        })
        .await;
        let User { username, profile, .. } = storage.stored(ada.id).await.user;
        let [name, first_name, last_name] = profile.as_array().map(|name| name.map(ToString::to_string));
        let fields = [username.map(|username| username.to_string()), name, first_name, last_name];
        for (field, value) in fields.into_iter().enumerate() {
            let mut given_to_it = (0..CALLERS).filter(|caller| caller % 4 == field).map(given);
            assert!(
                value.as_ref().is_some_and(|value| given_to_it.any(|given| given == *value)),
                "field {field} has what one of those who changed it gave it: {value:?}"
            );
        }
    }
}
