//! Cases of [`UserRepository`](portcullis_domain::ports::UserRepository).

use std::time::Duration;

use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    Attempt, DeleteOutcome, EmailChangeRequest, LockoutPolicy, NewAccount, PasswordChange, ProfileOutcome,
    RegisterOutcome, SessionOpening, VerificationSecrets,
};
use portcullis_domain::{
    Change, LoginIdentifier, ProfileChange, ProfileNames, RoleId, RoleName, User, Username,
};
use uuid::Uuid;

use super::race::{CALLERS, ROUNDS, race};
use super::steps::TICK;
use crate::Storage;
use crate::fixtures::{
    NOW, account, account_attempts, account_of, code_attempts, code_digest, email, locale, mail, name,
    other_hash, password_hash, role, session, token_digest, user, username,
};

const HOUR: Duration = Duration::from_hours(1);

/// Of 50 registrations of one address, and of one username, at once, one is stored.
pub async fn raced_registrations_leave_one_account(storage: &Storage) {
    for round in 0..ROUNDS {
        let address = format!("raced{round}@example.com");
        let outcomes = race(storage, |_, storage| {
            let account = account(&address);
            async move { storage.users.register(account).await.expect("register") }
        })
        .await;
        let count = |wanted: &RegisterOutcome| outcomes.iter().filter(|outcome| *outcome == wanted).count();
        assert_eq!(count(&RegisterOutcome::Registered(None)), 1, "an address has one account");
        assert_eq!(count(&RegisterOutcome::EmailTaken), CALLERS - 1, "all others are told that it is taken");

        let outcomes = race(storage, |caller, storage| {
            let mut account = account(&format!("raced{round}.{caller}@example.com"));
            account.user.username = Some(username(&format!("raced{round}")));
            async move { storage.users.register(account).await.expect("register") }
        })
        .await;
        let count = |wanted: &RegisterOutcome| outcomes.iter().filter(|outcome| *outcome == wanted).count();
        assert_eq!(count(&RegisterOutcome::Registered(None)), 1, "a username has one account");
        assert_eq!(
            count(&RegisterOutcome::UsernameTaken),
            CALLERS - 1,
            "all others are told that it is taken"
        );
    }
}

/// A registration that is refused leaves no account, session or mail behind.
pub async fn a_refused_registration_stores_nothing(storage: &Storage) {
    let mut holder = account("holder@example.com");
    holder.user.username = Some(username("holder"));
    storage.register(holder).await;

    let mut both_taken = user("holder@example.com");
    both_taken.username = Some(username("Holder"));
    let mut name_taken = user("other@example.com");
    name_taken.username = Some(username("HOLDER"));
    for (refused, wanted) in [
        (user("Holder@Example.COM"), RegisterOutcome::EmailTaken),
        (both_taken, RegisterOutcome::UsernameTaken),
        (name_taken, RegisterOutcome::UsernameTaken),
    ] {
        let session = session(refused.id);
        let account = NewAccount {
            session: Some(session.clone()),
            mail: Some(mail(MailKind::VerifyEmail, refused.email.as_str())),
            ..account_of(refused.clone())
        };
        assert_eq!(storage.users.register(account).await.expect("register"), wanted);
        let stored = storage.users.find_by_id(refused.id).await.expect("find");
        assert!(stored.is_none(), "a refused account is not stored");
        assert!(!storage.is_live(&session).await, "the session of a refused account is not stored");
    }
    let free = storage.holder(&email("other@example.com")).await;
    assert!(free.is_none(), "the address of a refused account stays free");
    assert_eq!(storage.take_mails().await, [], "the mail of a refused account is not queued");
}

/// A role that does not exist is a defect, and the account that names it is not stored.
pub async fn an_unknown_role_is_refused_with_all_that_came_with_it(storage: &Storage) {
    let mut account = account("ada@example.com");
    account.user.roles = vec![role("nobody-made-this"), RoleName::user()];
    account.mail = Some(mail(MailKind::VerifyEmail, "ada@example.com"));
    let id = account.user.id;
    let outcome = storage.users.register(account).await;
    assert!(outcome.is_err(), "a role that does not exist cannot be held: {outcome:?}");
    assert!(storage.users.find_by_id(id).await.expect("find").is_none(), "the account is not stored");
    assert_eq!(storage.take_mails().await, [], "its mail is not queued");
}

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
    storage.operator.add_role(RoleId::from(Uuid::from_u128(1)), &role("editors"), &[]).await;
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

/// A registration stores its first session and its mail with the account, and says who signed in.
pub async fn a_registration_signs_in_and_queues_its_mail(storage: &Storage) {
    let ada = user("ada@example.com");
    let first = session(ada.id);
    let welcome = mail(MailKind::VerifyEmail, "ada@example.com");
    let account =
        NewAccount { session: Some(first.clone()), mail: Some(welcome.clone()), ..account_of(ada.clone()) };
    let RegisterOutcome::Registered(Some(principal)) =
        storage.users.register(account).await.expect("register")
    else {
        panic!("a registration with a session signs in");
    };
    assert_eq!((&principal.user, &principal.session), (&ada, &first));
    assert_eq!(storage.caller(&first).await, Some(*principal), "the session can be used");
    assert_eq!(storage.take_mails().await, [welcome], "the mail waits");
}

/// A private registration of a free address is a registration.
pub async fn private_registration_of_a_free_address_registers(storage: &Storage) {
    let welcome = mail(MailKind::VerifyEmail, "ada@example.com");
    let account = NewAccount { mail: Some(welcome.clone()), ..account("ada@example.com") };
    let ada = account.user.clone();
    let notice = mail(MailKind::AddressAlreadyRegistered, "ada@example.com");
    let outcome = storage.users.register_privately(account, notice).await.expect("register");
    assert_eq!(outcome, RegisterOutcome::Registered(None));
    assert_eq!(storage.stored(ada.id).await.user, ada);
    assert_eq!(storage.take_mails().await, [welcome], "a free address has no owner to tell");
}

/// For an address whose owner is known, a private registration changes nothing and tells the owner.
pub async fn private_registration_of_a_taken_address_tells_its_owner(storage: &Storage) {
    storage.operator.add_role(RoleId::from(Uuid::from_u128(1)), &role("editors"), &[]).await;
    let verified = User { email_verified: true, ..user("verified@example.com") };
    let privileged =
        User { roles: vec![role("editors"), RoleName::user()], ..user("privileged@example.com") };
    let signed_in = user("signed.in@example.com");
    for owner in [&verified, &privileged, &signed_in] {
        storage.register(account_of(owner.clone())).await;
    }
    let session = storage.sign_in(signed_in.id).await;

    for owner in [verified, privileged, signed_in] {
        let before = storage.stored(owner.id).await;
        let mut claim = account(&owner.email.as_str().to_uppercase());
        claim.password_hash = Some(other_hash("of a stranger"));
        claim.user.username = Some(username("stranger"));
        claim.mail = Some(mail(MailKind::VerifyEmail, owner.email.as_str()));
        let claimed = claim.user.id;
        let notice = mail(MailKind::AddressAlreadyRegistered, owner.email.as_str());
        let outcome = storage.users.register_privately(claim, notice.clone()).await.expect("register");
        assert_eq!(outcome, RegisterOutcome::Registered(None), "the answer tells nothing");

        let after = storage.stored(owner.id).await;
        assert_eq!(after.user, before.user, "the account stays as it is");
        assert_eq!(after.password_hash, before.password_hash, "the password stays as it is");
        let claimed = storage.users.find_by_id(claimed).await.expect("find");
        assert!(claimed.is_none(), "nothing of the claim is stored");
        assert_eq!(storage.take_mails().await, [notice], "the owner is told, and nobody else");
    }
    assert!(storage.is_live(&session).await, "the owner's session goes on");
}

/// Of two who claim an address that nobody has shown to read, the later one's word counts: what the
/// first one set is dead, so that the one who reads the mails wins.
pub async fn private_registration_replaces_an_unverified_claim(storage: &Storage) {
    let mut first = account("ada@example.com");
    first.user.username = Some(username("squatter"));
    first.user.profile.name = Some(name("Squatter"));
    storage.register(first).await;
    let (link, reset) = (token_digest(), token_digest());
    let address = email("ada@example.com");
    let secrets = VerificationSecrets {
        link,
        link_expires_at: NOW + HOUR,
        code: code_digest("ada@example.com", "111111"),
        code_expires_at: NOW + HOUR,
        attempts: code_attempts("ada@example.com"),
    };
    storage.tokens.issue_verification(&address, secrets).await.expect("issue").expect("a user");
    storage.tokens.issue_password_reset(&address, reset, NOW + HOUR).await.expect("issue").expect("a user");

    let mut second = account("ADA@example.com");
    second.password_hash = Some(other_hash("of the second"));
    second.user.profile = ProfileNames { first_name: Some(name("Ada")), ..ProfileNames::default() };
    second.user.locale = locale("fr");
    let welcome = mail(MailKind::VerifyEmail, "ada@example.com");
    second.mail = Some(welcome.clone());
    let wanted = second.user.clone();
    let notice = mail(MailKind::AddressAlreadyRegistered, "ada@example.com");
    let outcome = storage.users.register_privately(second, notice).await.expect("register");
    assert_eq!(outcome, RegisterOutcome::Registered(None));

    let holder = storage.holder(&address).await.expect("the address has one account");
    assert_eq!(holder.password_hash, Some(other_hash("of the second")), "the first password is dead");
    assert_eq!(holder.user.username, None, "the first username is gone");
    assert_eq!(holder.user.profile, wanted.profile, "the first names are gone");
    assert_eq!(holder.user.locale, wanted.locale);
    assert!(!holder.user.email_verified, "nobody has shown yet that they read mails to the address");
    let found = storage.tokens.find_verification(link, NOW).await.expect("find");
    assert!(found.is_none(), "a link that was mailed for the first claim is dead");
    let found = storage.tokens.find_password_reset(reset, NOW).await.expect("find");
    assert!(found.is_none(), "a reset that was mailed for the first claim is dead");
    assert_eq!(storage.take_mails().await, [welcome], "the new claim is verified like any other");
    let mut next = account("next@example.com");
    next.user.username = Some(username("squatter"));
    storage.register(next).await;
}

/// A username that somebody else has is refused in private too, and the refusal changes nothing.
pub async fn private_registration_of_a_taken_username_changes_nothing(storage: &Storage) {
    let mut holder = account("holder@example.com");
    holder.user.username = Some(username("holder"));
    storage.register(holder).await;
    let claim = storage.register(account("claim@example.com")).await;
    for address in ["free@example.com", "claim@example.com"] {
        let mut account = account(address);
        account.password_hash = Some(other_hash("refused"));
        account.user.username = Some(username("HOLDER"));
        account.mail = Some(mail(MailKind::VerifyEmail, address));
        let notice = mail(MailKind::AddressAlreadyRegistered, address);
        let outcome = storage.users.register_privately(account, notice).await.expect("register");
        assert_eq!(outcome, RegisterOutcome::UsernameTaken, "{address}");
    }
    assert!(storage.holder(&email("free@example.com")).await.is_none(), "nothing is stored");
    let kept = storage.stored(claim.id).await;
    assert_eq!((kept.user, kept.password_hash), (claim, Some(password_hash())), "nothing is replaced");
    assert_eq!(storage.take_mails().await, [], "nothing is queued");
}

/// Of 50 private registrations of one address at once, every one is answered alike and one account is
/// left, whose password is that of one of them.
pub async fn raced_private_registrations_leave_one_account(storage: &Storage) {
    for round in 0..ROUNDS {
        let address = format!("raced{round}@example.com");
        let outcomes = race(storage, |caller, storage| {
            let mut account = account(&address);
            account.password_hash = Some(other_hash(caller));
            account.user.profile.name = Some(name(&format!("Caller {caller}")));
            account.mail = Some(mail(MailKind::VerifyEmail, &address));
            let notice = mail(MailKind::AddressAlreadyRegistered, &address);
            async move { storage.users.register_privately(account, notice).await.expect("register") }
        })
        .await;
        assert!(
            outcomes.iter().all(|outcome| *outcome == RegisterOutcome::Registered(None)),
            "no answer tells that the address was taken",
        );
        let holder = storage.holder(&email(&address)).await.expect("the address has an account");
        let name = holder.user.profile.name.expect("a name");
        let caller = name.as_str().strip_prefix("Caller ").expect("the name of a caller");
        assert_eq!(
            holder.password_hash,
            Some(other_hash(caller)),
            "name and password are from the same claim: a claim is replaced whole",
        );
        assert_eq!(storage.take_mails().await.len(), 1, "mails of one kind to one address are one mail");
    }
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

async fn expect_profile(
    storage: &Storage,
    wanted: &User,
    change: ProfileChange,
    now: portcullis_domain::Timestamp,
) {
    let outcome = storage.users.update_profile(wanted.id, change, now).await.expect("update");
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
    let outcome = storage.users.update_profile(ada.id, taken, NOW + TICK).await.expect("update");
    assert_eq!(outcome, ProfileOutcome::UsernameTaken, "usernames are unique regardless of case");
    assert_eq!(storage.stored(ada.id).await.user, ada, "a refused change changes nothing");

    let respelled = ProfileChange { username: Change::Set(username("ADA")), ..ProfileChange::default() };
    storage.users.update_profile(ada.id, respelled, NOW + TICK).await.expect("update");
    let stored = storage.stored(ada.id).await.user.username.expect("a username");
    assert_eq!(stored.as_str(), "ADA", "one's own username can be spelled anew");

    let nobody = user("nobody@example.com").id;
    let outcome = storage.users.update_profile(nobody, ProfileChange::default(), NOW).await.expect("update");
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
            async move { storage.users.update_profile(id, change, NOW).await.expect("update") }
        })
        .await;
        let updated = outcomes.iter().filter(|outcome| matches!(outcome, ProfileOutcome::Updated(_))).count();
        let refused = outcomes.iter().filter(|outcome| **outcome == ProfileOutcome::UsernameTaken).count();
        assert_eq!((updated, refused), (1, CALLERS - 1), "a username has one holder");
    }
}

/// Of 50 changes of one password at once, all checked against the same hash, one takes effect.
pub async fn raced_password_changes_have_one_winner(storage: &Storage) {
    for round in 0..ROUNDS {
        let ada = storage.register(account(&format!("ada{round}@example.com"))).await;
        let session = storage.sign_in(ada.id).await;
        let changed = race(storage, |caller, storage| {
            let change = PasswordChange {
                user: ada.id,
                verified_hash: password_hash(),
                new_hash: other_hash(caller),
                kept_session: session.id,
                now: NOW,
                notice: mail(MailKind::PasswordChanged, ada.email.as_str()),
            };
            async move { storage.users.change_password(change).await.expect("change") }
        })
        .await;
        let winners: Vec<_> = (0..CALLERS).filter(|caller| changed[*caller]).collect();
        let [winner] = winners[..] else {
            panic!("one change wins: {winners:?}");
        };
        assert_eq!(
            storage.stored(ada.id).await.password_hash,
            Some(other_hash(winner)),
            "the winner's counts"
        );
    }
}

/// A password change ends the user's other sessions, pending resets and pending e-mail changes, and
/// tells the owner.
pub async fn a_password_change_ends_the_other_sessions(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let [kept, other] = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    let somebody_elses = storage.sign_in(eve.id).await;
    let [reset, eves_reset, confirmation] = [token_digest(), token_digest(), token_digest()];
    let tokens = &storage.tokens;
    tokens.issue_password_reset(&ada.email, reset, NOW + HOUR).await.expect("issue").expect("a user");
    tokens.issue_password_reset(&eve.email, eves_reset, NOW + HOUR).await.expect("issue").expect("a user");
    let new_address = email("new@example.com");
    let request = EmailChangeRequest {
        user: ada.id,
        session: kept.id,
        new_address: new_address.clone(),
        now: NOW,
        mails: vec![],
    };
    tokens.request_email_change(request).await.expect("request");
    let issued = tokens.issue_email_change(ada.id, &new_address, confirmation, NOW + HOUR).await;
    issued.expect("issue").expect("a pending change");

    let notice = mail(MailKind::PasswordChanged, "ada@example.com");
    let change = |verified_hash| PasswordChange {
        user: ada.id,
        verified_hash,
        new_hash: other_hash("new"),
        kept_session: kept.id,
        now: NOW,
        notice: notice.clone(),
    };
    let changed = storage.users.change_password(change(other_hash("stale"))).await.expect("change");
    assert!(!changed, "a hash that is not the account's changes nothing");
    assert!(storage.is_live(&other).await, "a refused change ends no session");
    assert_eq!(storage.take_mails().await, [], "a refused change tells nobody");

    assert!(storage.users.change_password(change(password_hash())).await.expect("change"));
    assert_eq!(storage.stored(ada.id).await.password_hash, Some(other_hash("new")));
    assert!(storage.is_live(&kept).await, "the session that asked goes on");
    assert!(!storage.is_live(&other).await, "every other session of the user is ended");
    assert!(storage.is_live(&somebody_elses).await, "nobody else's session is");
    assert!(tokens.find_password_reset(reset, NOW).await.expect("find").is_none(), "pending resets end");
    assert!(
        tokens.find_password_reset(eves_reset, NOW).await.expect("find").is_some(),
        "others' resets live"
    );
    let pending = tokens.find_email_change(confirmation, NOW).await.expect("find");
    assert!(pending.is_none(), "pending e-mail changes end");
    let issued = tokens.issue_email_change(ada.id, &new_address, token_digest(), NOW + HOUR).await;
    assert_eq!(issued.expect("issue"), None, "no new secret makes an ended change pending again");
    assert_eq!(storage.take_mails().await, [notice], "the owner is told");
}

/// What hung on an account is gone with it, and does not come back with its address.
pub async fn deletion_erases_all_that_hangs_on_the_account(storage: &Storage) {
    const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 1, duration: HOUR };
    let mut given = account("ada@example.com");
    given.user.username = Some(username("ada"));
    let ada = storage.register(given).await;
    let eve = storage.register(account("eve@example.com")).await;
    storage.operator.add_role(RoleId::from(Uuid::from_u128(1)), &role("editors"), &[]).await;
    storage.operator.set_roles(ada.id, &[role("editors")]).await;
    let [session, eves_session] = [storage.sign_in(ada.id).await, storage.sign_in(eve.id).await];
    let [link, reset, confirmation] = [token_digest(), token_digest(), token_digest()];
    let tokens = &storage.tokens;
    let secrets = VerificationSecrets {
        link,
        link_expires_at: NOW + HOUR,
        code: code_digest("ada@example.com", "111111"),
        code_expires_at: NOW + HOUR,
        attempts: code_attempts("ada@example.com"),
    };
    tokens.issue_verification(&ada.email, secrets).await.expect("issue").expect("a user");
    tokens.issue_password_reset(&ada.email, reset, NOW + HOUR).await.expect("issue").expect("a user");
    let new_address = email("new@example.com");
    let request = EmailChangeRequest {
        user: ada.id,
        session: session.id,
        new_address: new_address.clone(),
        now: NOW,
        mails: vec![
            mail(MailKind::ConfirmEmailChange(ada.id), "new@example.com"),
            mail(MailKind::EmailChangeRequested, "ada@example.com"),
        ],
    };
    tokens.request_email_change(request).await.expect("request");
    let issued = tokens.issue_email_change(ada.id, &new_address, confirmation, NOW + HOUR).await;
    issued.expect("issue").expect("a pending change");
    let eves_mail = mail(MailKind::PasswordChanged, "eve@example.com");
    storage.mails.enqueue(eves_mail.clone()).await.expect("enqueue");
    let [attempts, eves_attempts] = [account_attempts(ada.id), account_attempts(eve.id)];
    for key in [attempts, eves_attempts] {
        let counted = storage.lockout.record_failure(key, NOW, LOCKOUT).await.expect("record");
        assert_eq!(counted, Attempt::Admitted);
    }

    assert_eq!(storage.users.delete(ada.id, attempts).await.expect("delete"), DeleteOutcome::Deleted);

    assert!(storage.users.find_by_id(ada.id).await.expect("find").is_none(), "the account is gone");
    assert!(!storage.is_live(&session).await, "its sessions are ended");
    assert_eq!(storage.take_mails().await, [eves_mail], "no mail goes to who is gone, all others go on");
    let locked = storage.lockout.locked_until(attempts, NOW).await.expect("read");
    assert_eq!(locked, None, "its wrong passwords are forgotten");
    let locked = storage.lockout.locked_until(eves_attempts, NOW).await.expect("read");
    assert_eq!(locked, Some(NOW + HOUR), "nobody else's are");
    assert!(storage.is_live(&eves_session).await, "nobody else's session is ended");
    let again = storage.users.delete(ada.id, attempts).await.expect("delete");
    assert_eq!(again, DeleteOutcome::NotFound, "an account is deleted once");

    // The same id, address and username again: whatever was left behind would hang on it.
    let successor = storage.register(account_of(ada)).await;
    assert_eq!(storage.stored(successor.id).await.user.roles, [RoleName::user()], "roles held are erased");
    assert!(!storage.is_live(&session).await);
    assert_eq!(storage.sessions.list(successor.id, NOW).await.expect("list"), []);
    assert!(tokens.find_verification(link, NOW).await.expect("find").is_none(), "secrets are erased");
    assert!(tokens.find_password_reset(reset, NOW).await.expect("find").is_none(), "secrets are erased");
    assert!(tokens.find_email_change(confirmation, NOW).await.expect("find").is_none(), "secrets are erased");
}

/// Of 50 administrators who delete themselves at once, one stays.
pub async fn raced_deletions_leave_an_administrator(storage: &Storage) {
    let mut admins = Vec::new();
    for round in 0..ROUNDS {
        for number in admins.len()..CALLERS {
            let mut admin = account(&format!("admin{round}.{number}@example.com"));
            admin.user.roles = vec![RoleName::admin(), RoleName::user()];
            admins.push(storage.register(admin).await.id);
        }
        let outcomes = race(storage, |caller, storage| {
            let id = admins[caller];
            async move { storage.users.delete(id, account_attempts(id)).await.expect("delete") }
        })
        .await;
        let kept: Vec<_> =
            admins.iter().zip(outcomes).filter(|(_, it)| *it != DeleteOutcome::Deleted).collect();
        let [(&last, DeleteOutcome::LastAdmin)] = kept[..] else {
            panic!("the last administrator cannot be deleted, and all others can: {kept:?}");
        };
        assert!(storage.stored(last).await.user.is_active, "the last administrator stays");
        admins = vec![last];
    }
}

/// Only active administrators count, and only they are protected.
pub async fn only_active_administrators_count(storage: &Storage) {
    let delete = async |id| storage.users.delete(id, account_attempts(id)).await.expect("delete");
    let plain = storage.register(account("plain@example.com")).await;
    assert_eq!(
        delete(plain.id).await,
        DeleteOutcome::Deleted,
        "who is no administrator can go, even where there is none",
    );
    let mut admins = Vec::new();
    for address in ["active@example.com", "inactive@example.com"] {
        let mut admin = account(address);
        admin.user.roles = vec![RoleName::admin()];
        admins.push(storage.register(admin).await.id);
    }
    let [active, inactive] = admins[..] else { unreachable!("two were registered") };
    storage.operator.set_active(inactive, false).await;
    assert_eq!(delete(active).await, DeleteOutcome::LastAdmin, "an inactive administrator does not count");
    assert_eq!(storage.stored(active).await.user.roles, [RoleName::admin()], "a refusal changes nothing");
    let session = storage.sign_in(active).await;
    assert_eq!(delete(active).await, DeleteOutcome::LastAdmin);
    assert!(storage.is_live(&session).await, "a refusal ends no session");
    storage.operator.set_active(inactive, true).await;
    assert_eq!(delete(active).await, DeleteOutcome::Deleted, "another active administrator is enough");
}

/// A store that can be read and written says so.
pub async fn a_store_that_answers_says_so(storage: &Storage) {
    storage.users.ping().await.expect("the store answers");
}

/// Logins that checked the old password do not outlive its change, however they are raced.
pub async fn raced_logins_do_not_outlive_the_password(storage: &Storage) {
    for round in 0..ROUNDS {
        let ada = storage.register(account(&format!("ada{round}@example.com"))).await;
        let kept = storage.sign_in(ada.id).await;
        let sessions = race(storage, |caller, storage| {
            let session = session(ada.id);
            let change = PasswordChange {
                user: ada.id,
                verified_hash: password_hash(),
                new_hash: other_hash("new"),
                kept_session: kept.id,
                now: NOW,
                notice: mail(MailKind::PasswordChanged, ada.email.as_str()),
            };
            async move {
                if caller == CALLERS / 2 {
                    assert!(storage.users.change_password(change).await.expect("change"));
                } else {
                    let (verified_hash, renewed_hash) = (password_hash(), None);
                    let opening = SessionOpening { session: session.clone(), verified_hash, renewed_hash };
                    storage.sessions.open(opening).await.expect("open");
                }
                session
            }
        })
        .await;
        for session in sessions {
            assert!(
                !storage.is_live(&session).await,
                "a session opened by the old password is ended with it"
            );
        }
        assert!(storage.is_live(&kept).await, "the session that changed the password goes on");
    }
}
