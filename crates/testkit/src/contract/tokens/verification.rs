//! Verification by link and by code.

use portcullis_domain::ports::{CodeOutcome, CodeRedemption, EmailChangeOutcome, VerificationSecrets};
use portcullis_domain::{Timestamp, User};

use super::steps::{
    LIMITS, RIGHT, WRONG, change_address, find_reset, find_verification, is_verified, mail_confirmation,
    mail_reset, mail_verification, redeem_code, redeem_confirmation, redeem_link, redeem_reset, typed_code,
    verification, would_change,
};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::{DAY, HOUR, MINUTE, TICK};
use crate::fixtures::{NOW, account, account_of, code_digest, email, user};

/// Verification secrets are for active users who are not verified yet, and for nobody else.
pub async fn verification_is_for_active_unverified_users(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let verified = User { email_verified: true, ..user("verified@example.com") };
    storage.register(account_of(verified.clone())).await;
    let inactive = storage.register(account("inactive@example.com")).await;
    storage.back_door.set_active(inactive.id, false).await;
    for address in ["verified@example.com", "inactive@example.com", "nobody@example.com"] {
        let secrets = verification(address);
        let issued = storage.tokens.issue_verification(&email(address), secrets).await.expect("issue");
        assert_eq!(issued, None, "nobody is to be verified by {address}");
        assert_eq!(find_verification(storage, secrets.link, NOW).await, None, "nothing is stored");
    }
    let secrets = verification("ada@example.com");
    let issued = storage.tokens.issue_verification(&email("ADA@Example.com"), secrets).await.expect("issue");
    assert_eq!(issued, Some(ada), "the answer is the user, to be mailed at the address they have stored");
}

/// A link or a code verifies the user whom it was mailed to, and nobody else.
pub async fn verification_verifies_whom_it_was_mailed_to(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let bystander = storage.register(account("bystander@example.com")).await;
    let link = mail_verification(storage, &ada).await;
    mail_verification(storage, &eve).await;
    mail_verification(storage, &bystander).await;

    let wanted = User { email_verified: true, ..ada.clone() };
    assert_eq!(redeem_link(storage, link, NOW).await, Some(wanted.clone()));
    assert_eq!(storage.stored(ada.id).await.user, wanted, "the user is verified, and nothing besides");

    let wanted = User { email_verified: true, ..eve.clone() };
    let outcome = redeem_code(storage, "eve@example.com", RIGHT, NOW).await;
    assert_eq!(outcome, CodeOutcome::Verified(Box::new(wanted.clone())));
    assert_eq!(storage.stored(eve.id).await.user, wanted, "the user is verified, and nothing besides");
    assert_eq!(storage.stored(bystander.id).await.user, bystander, "nobody else is");
}

/// Looking a link up changes nothing, so that mail scanners cost nobody their link.
pub async fn finding_a_secret_changes_nothing(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let before = storage.stored(ada.id).await.user;
    let link = mail_verification(storage, &ada).await;
    let digest = mail_reset(storage, &ada).await;
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    for _ in 0..2 {
        assert_eq!(find_verification(storage, link, NOW).await, Some(before.clone()));
        assert_eq!(find_reset(storage, digest, NOW).await, Some(before.clone()));
        let found = storage.tokens.find_email_change(confirmation, NOW).await.expect("find");
        assert_eq!(found, Some((before.clone(), email("new@example.com"))));
        assert_eq!(storage.stored(ada.id).await.user, before, "looking changes nothing");
    }
    assert!(storage.is_live(&session).await, "looking ends no session");
    assert!(redeem_reset(storage, &ada, digest, NOW).await, "looking spends nothing");
}

/// A newer verification mail makes link and code of the older one worthless.
pub async fn a_newer_verification_ends_the_older(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let older = mail_verification(storage, &ada).await;
    let newer = VerificationSecrets {
        code: code_digest("ada@example.com", "161803"),
        ..verification("ada@example.com")
    };
    storage.tokens.issue_verification(&ada.email, newer).await.expect("issue").expect("a user");
    assert_eq!(find_verification(storage, older, NOW).await, None, "the older link is dead");
    assert_eq!(redeem_link(storage, older, NOW).await, None, "the older link is dead");
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert_eq!(outcome, CodeOutcome::Wrong(Some(ada.id)), "the older code is dead");
    assert!(!is_verified(storage, &ada).await);
    let outcome = redeem_code(storage, "ada@example.com", "161803", NOW).await;
    assert!(matches!(outcome, CodeOutcome::Verified(_)), "the newer code is good: {outcome:?}");
}

/// A verification link says the same as often as it is followed, until it expires.
pub async fn a_verification_link_repeats_while_it_lives(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let link = mail_verification(storage, &ada).await;
    let wanted = User { email_verified: true, ..ada };
    for now in [NOW, NOW + HOUR, NOW + DAY - TICK] {
        assert_eq!(redeem_link(storage, link, now).await, Some(wanted.clone()), "it repeats while it lives");
        assert_eq!(
            find_verification(storage, link, now).await,
            Some(wanted.clone()),
            "it says so before, too"
        );
    }
    assert_eq!(redeem_link(storage, link, NOW + DAY).await, None, "it does not repeat after");
    assert_eq!(storage.stored(wanted.id).await.user, wanted, "the user stays verified");
}

/// Who verifies an address gets the account as theirs: a change to another address, asked for while
/// nobody had shown to read this one, is over.
pub async fn verification_ends_a_pending_email_change(storage: &Storage) {
    for (address, by_code) in [("link@example.com", false), ("code@example.com", true)] {
        let ada = storage.register(account(address)).await;
        let session = storage.sign_in(ada.id).await;
        let link = mail_verification(storage, &ada).await;
        let confirmation = change_address(storage, &ada, session.id, "strangers@example.com").await;
        if by_code {
            let outcome = redeem_code(storage, address, RIGHT, NOW).await;
            assert!(matches!(outcome, CodeOutcome::Verified(_)), "{outcome:?}");
        } else {
            assert!(redeem_link(storage, link, NOW).await.is_some());
        }
        assert!(!would_change(storage, confirmation).await, "a change from before is over");
        let outcome = redeem_confirmation(storage, confirmation, NOW).await;
        assert_eq!(outcome, EmailChangeOutcome::Invalid, "its secret is worth nothing");
        let confirmation = mail_confirmation(storage, &ada, "strangers@example.com").await;
        assert_eq!(confirmation, None, "no new secret is mailed for it");
    }
}

/// Following a link again does not undo what its owner asked for since.
pub async fn a_repeated_verification_spares_a_later_email_change(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let link = mail_verification(storage, &ada).await;
    assert!(redeem_link(storage, link, NOW).await.is_some());
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    assert!(redeem_link(storage, link, NOW).await.is_some(), "a scanner follows the link again");
    assert!(would_change(storage, confirmation).await, "the change was asked for by the owner");
}

/// Following a link makes the code of the same mail worthless.
pub async fn a_used_link_ends_its_code(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let link = mail_verification(storage, &ada).await;
    assert!(redeem_link(storage, link, NOW).await.is_some());
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert_eq!(outcome, CodeOutcome::Wrong(Some(ada.id)), "the code of a link that was followed is over");
}

/// A right code works once; the link of the same mail lives on.
pub async fn a_right_code_is_spent_and_its_link_lives_on(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let link = mail_verification(storage, &ada).await;
    let outcome = redeem_code(storage, "Ada@EXAMPLE.com", RIGHT, NOW).await;
    assert!(matches!(outcome, CodeOutcome::Verified(_)), "any spelling of the address will do: {outcome:?}");
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert_eq!(outcome, CodeOutcome::Wrong(Some(ada.id)), "a right code is spent");
    let found = redeem_link(storage, link, NOW).await;
    assert_eq!(found.map(|user| user.id), Some(ada.id), "the link of the same mail lives on");
}

/// Of 50 who type the right code at once, one verifies.
pub async fn raced_codes_verify_once(storage: &Storage) {
    for round in 0..ROUNDS {
        let address = format!("ada{round}@example.com");
        let ada = storage.register(account(&address)).await;
        mail_verification(storage, &ada).await;
        let outcomes = race(storage, |_, storage| {
            let address = address.clone();
            async move { redeem_code(&storage, &address, RIGHT, NOW).await }
        })
        .await;
        let verified = outcomes.iter().filter(|it| matches!(it, CodeOutcome::Verified(_))).count();
        let wrong = outcomes.iter().filter(|it| **it == CodeOutcome::Wrong(Some(ada.id))).count();
        assert_eq!(verified, 1, "a code is spent once");
        assert_eq!(wrong, 5, "a spent code is a wrong one, and counted");
        assert!(is_verified(storage, &ada).await);
    }
}

/// Of 50 wrong codes at once, as many are answered as the limit lets, and then not even the right one.
pub async fn raced_wrong_codes_are_all_counted(storage: &Storage) {
    for round in 0..ROUNDS {
        let address = format!("ada{round}@example.com");
        let ada = storage.register(account(&address)).await;
        let link = mail_verification(storage, &ada).await;
        let outcomes = race(storage, |_, storage| {
            let address = address.clone();
            async move { redeem_code(&storage, &address, WRONG, NOW).await }
        })
        .await;
        let exhausted = CodeOutcome::Exhausted { until: None };
        let count = |wanted: &CodeOutcome| outcomes.iter().filter(|outcome| *outcome == wanted).count();
        let counts = (count(&CodeOutcome::Wrong(Some(ada.id))), count(&exhausted));
        assert_eq!(counts, (5, CALLERS - 5), "five are told that they are wrong");
        let outcome = redeem_code(storage, &address, RIGHT, NOW).await;
        assert_eq!(outcome, exhausted, "after that not even the right code counts");
        assert!(!is_verified(storage, &ada).await);
        assert!(redeem_link(storage, link, NOW).await.is_some(), "the link still works");
    }
}

/// A new code lets wrong ones count from zero, while the hourly limit has not been reached.
pub async fn a_new_code_frees_the_address_within_the_hourly_limit(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    mail_verification(storage, &ada).await;
    exhaust(storage, "ada@example.com", LIMITS.per_code, NOW).await;
    let exhausted = CodeOutcome::Exhausted { until: None };
    assert_eq!(redeem_code(storage, "ada@example.com", RIGHT, NOW).await, exhausted);
    mail_verification(storage, &ada).await;
    exhaust(storage, "ada@example.com", LIMITS.per_code - 1, NOW).await;
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert!(matches!(outcome, CodeOutcome::Verified(_)), "a new code frees the address: {outcome:?}");
}

/// Types a wrong code so many times.
async fn exhaust(storage: &Storage, address: &str, times: u32, now: Timestamp) {
    for time in 1..=times {
        let outcome = redeem_code(storage, address, WRONG, now).await;
        assert!(
            matches!(outcome, CodeOutcome::Wrong(_)),
            "number {time} of {times} is told that it is wrong: {outcome:?}"
        );
    }
}

/// Wrong codes within an hour of the first are limited over all codes: asking for new ones buys an
/// attacker nothing.
pub async fn the_hourly_limit_outlives_new_codes(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let long_lived = || VerificationSecrets { code_expires_at: NOW + DAY, ..verification("ada@example.com") };
    let issue = async || {
        storage.tokens.issue_verification(&ada.email, long_lived()).await.expect("issue").expect("a user");
    };
    for _ in 0..2 {
        issue().await;
        exhaust(storage, "ada@example.com", 5, NOW).await;
        // What is refused is not counted.
        for _ in 0..5 {
            let outcome = redeem_code(storage, "ada@example.com", WRONG, NOW + 59 * MINUTE).await;
            assert_eq!(outcome, CodeOutcome::Exhausted { until: None });
        }
    }
    issue().await;
    exhaust(storage, "ada@example.com", 4, NOW).await;
    let last = redeem_code(storage, "ada@example.com", WRONG, NOW + 59 * MINUTE).await;
    assert_eq!(last, CodeOutcome::Wrong(Some(ada.id)), "that was the fifteenth within the hour");

    issue().await;
    let until = NOW + HOUR;
    for now in [NOW + 59 * MINUTE, until - TICK] {
        assert_eq!(
            redeem_code(storage, "ada@example.com", RIGHT, now).await,
            CodeOutcome::Exhausted { until: Some(until) },
            "a new code does not free the address; the answer says when the hour of the first one is over",
        );
    }
    for _ in 0..3 {
        issue().await;
        exhaust(storage, "ada@example.com", 5, until).await;
    }
    issue().await;
    let over = redeem_code(storage, "ada@example.com", RIGHT, until + HOUR - TICK).await;
    assert_eq!(
        over,
        CodeOutcome::Exhausted { until: Some(until + HOUR) },
        "after the hour the next one begins"
    );
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, until + HOUR).await;
    assert!(matches!(outcome, CodeOutcome::Verified(_)), "{outcome:?}");
}

/// Whether an address has an account, or a code, cannot be told by typing wrong codes.
pub async fn wrong_codes_count_for_unknown_addresses_alike(storage: &Storage) {
    let known = "known@example.com";
    let known_user = storage.register(account(known)).await;
    let verified = "verified@example.com";
    let verified_user = User { email_verified: true, ..user(verified) };
    storage.register(account_of(verified_user.clone())).await;
    let without_code = storage.register(account("without.code@example.com")).await;

    let mut answers = Vec::new();
    for (address, holder) in [
        (known, Some(known_user.id)),
        (verified, Some(verified_user.id)),
        ("without.code@example.com", Some(without_code.id)),
        ("unknown@example.com", None),
    ] {
        let mut told = Vec::new();
        for round in 0..4 {
            if address != "without.code@example.com" || round > 0 {
                let secrets = verification(address);
                storage.tokens.issue_verification(&email(address), secrets).await.expect("issue");
            }
            for _ in 0..4 {
                told.push(redeem_code(storage, address, WRONG, NOW).await);
            }
            for _ in 0..2 {
                let nonsense = CodeRedemption { code: None, ..typed_code(address, WRONG, NOW) };
                let redeemed = storage.tokens.redeem_verification_code(nonsense).await;
                told.push(redeemed.expect("redeem"));
            }
        }
        answers.push((address, holder, told));
    }
    let over = CodeOutcome::Exhausted { until: Some(NOW + HOUR) };
    for (address, holder, told) in answers {
        let wrong = vec![CodeOutcome::Wrong(holder); 5];
        let within = [wrong.clone(), vec![CodeOutcome::Exhausted { until: None }]].concat();
        assert_eq!(told[..12], [within.clone(), within].concat(), "{address}: five for each code");
        assert_eq!(told[12..17], wrong, "{address}: fifteen in the hour");
        assert_eq!(told[17..], vec![over.clone(); 7], "{address}: and no more, new codes or not");
    }
}
