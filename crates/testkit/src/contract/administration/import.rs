//! Accounts of another system.

use portcullis_domain::ports::{ImportOutcome, UserFilter};
use portcullis_domain::{Account, LoginIdentifier, ProfileNames, RoleName, User, Username};

use super::steps::{beginning, foreign};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::{DAY, TICK};
use crate::contract::tokens::steps::mail_reset;
use crate::fixtures::{
    NOW, account, email, locale, name, other_hash, password_hash, permission, role, user, username,
};

/// What is brought in works like what came about here: it is found, signed in to, and listed.
pub async fn imported_accounts_serve(storage: &Storage) {
    storage.add_role("editors", &["reports:write"]).await;
    let full = User {
        email_verified: true,
        username: Some(username("Ada.Lovelace")),
        profile: ProfileNames {
            name: Some(name("Ada 👩🏽\u{200D}💻 'Countess'; -- \"\\")),
            first_name: Some(name("Zoe\u{308}")),
            last_name: Some(name("עדה")),
        },
        roles: vec![role("editors"), RoleName::user()],
        locale: locale("de-at"),
        created_at: NOW - DAY * 3_000,
        updated_at: Some(NOW - DAY),
        last_login_at: Some(NOW - TICK),
        ..user("Ada@BÜCHER.example")
    };
    let invited = Account { password_hash: None, ..foreign(&user("invited@example.com")) };
    let inactive = foreign(&User { is_active: false, roles: vec![], ..user("inactive@example.com") });
    let given = [foreign(&full), invited, inactive];
    assert_eq!(storage.import(&given).await, [ImportOutcome::Imported; 3]);
    for Account { user, password_hash } in &given {
        let stored = storage.stored(user.id).await;
        assert_eq!((&stored.user, &stored.password_hash), (user, password_hash), "every field is kept");
        assert_eq!(stored.user.email.as_str(), user.email.as_str(), "to the letter");
    }
    let identifier = LoginIdentifier::Username(username("ADA.LOVELACE"));
    let found = storage.users.find_by_login(&identifier).await.expect("find").expect("an account");
    assert_eq!(found.user.username.as_ref().map(Username::as_str), Some("Ada.Lovelace"));
    let session = storage.sign_in(full.id).await;
    let principal = storage.caller(&session).await.expect("the session is live");
    assert!(principal.permissions.allow(&permission("reports:write")), "its roles count");
    mail_reset(storage, &given[1].user).await;
    let of_role = UserFilter { role: Some(role("editors")), ..beginning("ada") };
    assert_eq!(storage.found(&of_role).await, ["Ada@BÜCHER.example"]);
    assert_eq!(storage.take_mails().await, [], "nobody is mailed");
    assert_eq!(storage.import(&[]).await, []);

    let disordered = User { roles: vec![RoleName::user(), RoleName::admin()], ..user("last@example.com") };
    storage.import(&[foreign(&disordered)]).await;
    let held = storage.stored(disordered.id).await.user.roles;
    assert_eq!(held, [RoleName::admin(), RoleName::user()], "roles are in alphabetical order");
}

/// Each account comes to what it comes to, told in the order in which they were given: what was refused
/// keeps no other from being stored, nor anything for itself.
pub async fn a_refused_import_spares_the_rest(storage: &Storage) {
    let mut holder = account("holder@example.com");
    holder.user.username = Some(username("holder"));
    let holder = storage.register(holder).await;
    let called = |name: &str, address: &str| User { username: Some(username(name)), ..user(address) };
    let first = called("first", "first@example.com");
    let unknown_role =
        User { roles: vec![role("nobody-made-this")], ..called("second", "second@example.com") };
    let batch = [
        (foreign(&User { id: holder.id, ..user("1@example.com") }), ImportOutcome::IdTaken),
        (foreign(&first), ImportOutcome::Imported),
        (Account { user: user("HOLDER@example.com"), password_hash: None }, ImportOutcome::EmailTaken),
        (foreign(&called("HOLDER", "2@example.com")), ImportOutcome::UsernameTaken),
        (foreign(&unknown_role), ImportOutcome::UnknownRole),
        // What was refused before has taken neither address nor username.
        (foreign(&called("second", "second@example.com")), ImportOutcome::Imported),
        // What was stored before, in the same batch, has.
        (foreign(&User { id: first.id, ..user("3@example.com") }), ImportOutcome::IdTaken),
        (Account { user: user("First@example.com"), password_hash: None }, ImportOutcome::EmailTaken),
        (foreign(&called("FIRST", "4@example.com")), ImportOutcome::UsernameTaken),
        (foreign(&user("FIRST@example.com")), ImportOutcome::Present),
        (foreign(&user("last@example.com")), ImportOutcome::Imported),
    ];
    let (accounts, wanted): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    assert_eq!(storage.import(&accounts).await, wanted);
    assert_eq!(storage.stored(holder.id).await.user, holder, "what was there is as it was");
    assert_eq!(storage.stored(first.id).await.user, first, "the first of two counts");
    let there = ["first@example.com", "holder@example.com", "last@example.com", "second@example.com"];
    assert_eq!(storage.found(&UserFilter::default()).await, there, "no refused account is stored");
    let second = storage.holder(&email("second@example.com")).await.expect("an account");
    assert_eq!(second.user.roles, [RoleName::user()], "nothing of a refused account is left");
}

/// What was brought in before stays as it is by now; it counts as the same with its address and its hash,
/// under whatever id.
pub async fn importing_again_changes_nothing(storage: &Storage) {
    let given: Vec<_> = (0..4).map(|number| foreign(&user(&format!("user{number}@example.com")))).collect();
    let invited = Account { password_hash: None, ..foreign(&user("invited@example.com")) };
    let given = [given, vec![invited]].concat();
    assert_eq!(
        storage.import(&given[..2]).await,
        [ImportOutcome::Imported; 2],
        "and then it was interrupted"
    );
    let [present, imported] = [ImportOutcome::Present, ImportOutcome::Imported];
    assert_eq!(storage.import(&given).await, [present, present, imported, imported, imported]);
    assert_eq!(storage.import(&given).await, [present; 5]);

    let before = storage.list(&UserFilter::default(), 200).await;
    let respelled = User { username: Some(username("other")), is_active: false, ..user("USER0@example.com") };
    assert_eq!(storage.import(&[foreign(&respelled)]).await, [present], "the address and the hash tell");
    let rehashed = Account { user: user("user1@example.com"), password_hash: Some(other_hash("since")) };
    assert_eq!(
        storage.import(&[rehashed]).await,
        [ImportOutcome::EmailTaken],
        "a password is never replaced"
    );
    let unhashed = Account { user: user("user1@example.com"), password_hash: None };
    assert_eq!(storage.import(&[unhashed]).await, [ImportOutcome::EmailTaken], "nor taken away");
    let hashed = foreign(&user("invited@example.com"));
    assert_eq!(storage.import(&[hashed]).await, [ImportOutcome::EmailTaken], "nor given");
    assert_eq!(storage.list(&UserFilter::default(), 200).await, before, "what is there stays as it is");
    assert_eq!(storage.stored(given[1].user.id).await.password_hash, Some(password_hash()));
}

/// However imports of the same accounts are raced, each account is brought in once.
pub async fn raced_imports_store_each_account_once(storage: &Storage) {
    for round in 0..ROUNDS {
        let batch: Vec<_> =
            (0..3).map(|number| foreign(&user(&format!("user{round}.{number}@example.com")))).collect();
        let outcomes = race(storage, |_, storage| {
            let batch = batch.clone();
            async move { storage.import(&batch).await }
        })
        .await;
        for number in 0..batch.len() {
            let count = |wanted| outcomes.iter().filter(|outcomes| outcomes[number] == wanted).count();
            let counts = (count(ImportOutcome::Imported), count(ImportOutcome::Present));
            assert_eq!(counts, (1, CALLERS - 1), "one brings it in, and all others find it there");
        }
    }
}
