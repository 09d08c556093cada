//! What is kept of an account, and how it is found.

use portcullis_domain::ports::{NewAccount, RegisterOutcome};
use portcullis_domain::{LoginIdentifier, ProfileNames, RoleName, User, Username};

use crate::Storage;
use crate::contract::steps::TICK;
use crate::fixtures::{NOW, account, account_of, email, locale, name, password_hash, role, user, username};

/// Two spellings of one address meet; addresses that merely look alike do not.
///
/// A store that folds case, strips accents or matches patterns on its own fails here.
pub async fn look_alike_addresses_never_meet(storage: &Storage) {
    let one_address = [
        ("Ada@Example.COM", "ada@example.com"),
        ("\u{212A}elvin@example.com", "kelvin@example.com"),
        ("ｆｕｌｌ@example.com", "full@example.com"),
        ("info@BÜCHER.example", "info@xn--bcher-kva.example"),
        ("Андрей@example.com", "андрей@example.com"),
    ];
    for (first, second) in one_address {
        let stored = storage.register(account(first)).await;
        let outcome = storage.users.register(account(second)).await.expect("register");
        assert_eq!(outcome, RegisterOutcome::EmailTaken, "{first} and {second} are one address");
        let holder = storage.holder(&email(second)).await.expect("it is found by either spelling");
        assert_eq!(holder.user.id, stored.id);
        assert_eq!(holder.user.email.as_str(), first, "an address is shown as it was first given");
    }

    let different_addresses = [
        "iris@example.com",
        "\u{131}ris@example.com",
        "írıs@example.com",
        "\u{456}ris@example.com",
        "_ris@example.com",
        "%@example.com",
        "%ris@example.com",
        "strasse@example.com",
        "straße@example.com",
        "resume@example.com",
        "résumé@example.com",
        "iris@example.net",
    ];
    let mut users = Vec::new();
    for address in different_addresses {
        users.push(storage.register(account(address)).await);
    }
    for user in users {
        let holder = storage.holder(&user.email).await.expect("every one of them is stored");
        assert_eq!(holder.user.id, user.id, "{} is nobody else's", user.email);
    }
}

/// Everything about an account comes back as it was given, whichever way it is found.
pub async fn an_account_is_kept_as_it_was_given(storage: &Storage) {
    storage.add_role("editors", &[]).await;
    let full = User {
        email_verified: true,
        username: Some(username("Ada.Lovelace_1815")),
        profile: ProfileNames {
            // An emoji of several code points, a mark that stays decomposed, a right-to-left script.
            name: Some(name("Ada 👩🏽\u{200D}💻 'Countess'; -- \"\\")),
            first_name: Some(name("Zoe\u{308}")),
            last_name: Some(name("עדה لوفلايس")),
        },
        roles: vec![role("editors"), RoleName::user()],
        locale: locale("de-at"),
        updated_at: Some(NOW + TICK),
        last_login_at: Some(NOW + 2 * TICK),
        ..user("Ada.Lovelace+portcullis@BÜCHER.example")
    };
    let inactive = User { is_active: false, roles: vec![], ..user("idle@example.com") };
    let longest = User {
        username: Some(username(&"u".repeat(32))),
        profile: ProfileNames { name: Some(name(&"名".repeat(255))), ..ProfileNames::default() },
        locale: locale("zh-hant-tw-x-aaaaaaaa-bbbbbbbb-cccc"),
        ..user(&format!("{}@{}.example", "l".repeat(64), ["d".repeat(59).as_str(); 3].join(".")))
    };
    for given in [full, inactive, longest, user("plain@example.com")] {
        storage.register(account_of(given.clone())).await;
        let mut ways =
            vec![storage.users.find_by_id(given.id).await.expect("find"), storage.holder(&given.email).await];
        if let Some(username) = &given.username {
            let other_case = Username::parse(&username.as_str().to_uppercase()).expect("a username");
            let identifier = LoginIdentifier::Username(other_case);
            ways.push(storage.users.find_by_login(&identifier).await.expect("find"));
        }
        for found in ways {
            let found = found.expect("the account is found by id, address and username");
            assert_eq!(found.user, given, "every field is kept, moments to the microsecond");
            assert_eq!(found.user.email.as_str(), given.email.as_str(), "the address keeps its spelling");
            assert_eq!(
                found.user.username.as_ref().map(Username::as_str),
                given.username.as_ref().map(Username::as_str),
                "the username keeps its spelling",
            );
            assert_eq!(found.password_hash, Some(password_hash()));
        }
    }
    let invited = NewAccount { password_hash: None, ..account("invited@example.com") };
    let invited = storage.register(invited).await;
    assert_eq!(storage.stored(invited.id).await.password_hash, None, "an invited user has no password yet");
    let nobody = storage.users.find_by_id(user("nobody@example.com").id).await.expect("find");
    assert!(nobody.is_none(), "an id that no account has finds none");
}

/// The roles of a user come back in alphabetical order, each once, however they were given.
pub async fn roles_are_held_in_alphabetical_order(storage: &Storage) {
    let mut account = account("ada@example.com");
    account.user.roles = vec![RoleName::user(), RoleName::admin()];
    let ada = storage.register(account).await;
    let held = storage.stored(ada.id).await.user.roles;
    assert_eq!(held, [RoleName::admin(), RoleName::user()], "roles are in alphabetical order");
}

/// A store that can be read and written says so.
pub async fn a_store_that_answers_says_so(storage: &Storage) {
    storage.users.ping().await.expect("the store answers");
}
