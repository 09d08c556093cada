//! Cases of [`TokenRepository`](portcullis_domain::ports::TokenRepository).

use std::time::Duration;

use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    Attempt, CodeLimits, CodeOutcome, CodeRedemption, EmailChangeOutcome, EmailChangeRequest, LockoutPolicy,
    NewAccount, PasswordReset, RegisterOutcome, VerificationSecrets,
};
use portcullis_domain::{PasswordHash, Session, SessionId, Timestamp, TokenDigest, User};

use super::race::{CALLERS, ROUNDS, race};
use super::steps::TICK;
use crate::Storage;
use crate::fixtures::{
    NOW, account, account_attempts, account_of, code_attempts, code_digest, email, mail, other_hash,
    password_hash, session, token_digest, user,
};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const LIMITS: CodeLimits = CodeLimits { per_code: 5, per_hour: 15 };
const RIGHT: &str = "314159";
const WRONG: &str = "271828";

/// The secrets of a verification mail to `address`: a link that lives for a day, and the code [`RIGHT`],
/// which lives for ten minutes.
fn verification(address: &str) -> VerificationSecrets {
    VerificationSecrets {
        link: token_digest(),
        link_expires_at: NOW + DAY,
        code: code_digest(address, RIGHT),
        code_expires_at: NOW + 10 * MINUTE,
        attempts: code_attempts(address),
    }
}

/// Mails a verification to a user who is to be verified, and returns the link.
async fn mail_verification(storage: &Storage, user: &User) -> TokenDigest {
    let secrets = verification(user.email.as_str());
    let issued = storage.tokens.issue_verification(&user.email, secrets).await.expect("issue");
    assert_eq!(issued.map(|issued| issued.id), Some(user.id), "it is mailed to the user with the address");
    secrets.link
}

/// Mails a reset that lives for an hour, and returns its secret.
async fn mail_reset(storage: &Storage, user: &User) -> TokenDigest {
    let digest = token_digest();
    let issued = storage.tokens.issue_password_reset(&user.email, digest, NOW + HOUR).await.expect("issue");
    assert_eq!(issued.map(|issued| issued.id), Some(user.id), "it is mailed to the user with the address");
    digest
}

/// Asks for another address, without mails.
async fn ask_for_address(storage: &Storage, user: &User, session: SessionId, new_address: &str) {
    let request = EmailChangeRequest {
        user: user.id,
        session,
        new_address: email(new_address),
        now: NOW,
        mails: vec![],
    };
    storage.tokens.request_email_change(request).await.expect("request");
}

/// Mails a confirmation that lives for an hour to the new address; none when the change is not pending.
async fn mail_confirmation(storage: &Storage, user: &User, new_address: &str) -> Option<TokenDigest> {
    let digest = token_digest();
    let issued = storage.tokens.issue_email_change(user.id, &email(new_address), digest, NOW + HOUR).await;
    let issued = issued.expect("issue")?;
    assert_eq!(issued.id, user.id, "it is the user's change");
    Some(digest)
}

/// Asks for another address and mails the confirmation.
async fn change_address(
    storage: &Storage,
    user: &User,
    session: SessionId,
    new_address: &str,
) -> TokenDigest {
    ask_for_address(storage, user, session, new_address).await;
    mail_confirmation(storage, user, new_address).await.expect("the change is pending")
}

async fn find_verification(storage: &Storage, link: TokenDigest, now: Timestamp) -> Option<User> {
    storage.tokens.find_verification(link, now).await.expect("find")
}

async fn redeem_link(storage: &Storage, link: TokenDigest, now: Timestamp) -> Option<User> {
    storage.tokens.redeem_verification_link(link, now).await.expect("redeem")
}

async fn redeem_code(storage: &Storage, address: &str, code: &str, now: Timestamp) -> CodeOutcome {
    let redemption = CodeRedemption {
        address: email(address),
        code: Some(code_digest(address, code)),
        attempts: code_attempts(address),
        limits: LIMITS,
        now,
    };
    storage.tokens.redeem_verification_code(redemption).await.expect("redeem")
}

async fn find_reset(storage: &Storage, digest: TokenDigest, now: Timestamp) -> Option<User> {
    storage.tokens.find_password_reset(digest, now).await.expect("find")
}

fn reset(user: &User, digest: TokenDigest, new_hash: PasswordHash, now: Timestamp) -> PasswordReset {
    PasswordReset {
        digest,
        now,
        new_hash,
        attempts: account_attempts(user.id),
        notice: mail(MailKind::PasswordChanged, user.email.as_str()),
    }
}

async fn redeem_reset(storage: &Storage, user: &User, digest: TokenDigest, now: Timestamp) -> bool {
    let reset = reset(user, digest, other_hash("after the reset"), now);
    storage.tokens.redeem_password_reset(reset).await.expect("redeem")
}

async fn redeem_confirmation(storage: &Storage, digest: TokenDigest, now: Timestamp) -> EmailChangeOutcome {
    storage.tokens.redeem_email_change(digest, now).await.expect("redeem")
}

/// Whether this secret would still change an address at [`NOW`].
async fn would_change(storage: &Storage, digest: TokenDigest) -> bool {
    storage.tokens.find_email_change(digest, NOW).await.expect("find").is_some()
}

async fn is_verified(storage: &Storage, user: &User) -> bool {
    storage.stored(user.id).await.user.email_verified
}

// Verification

/// Verification secrets are for active users who are not verified yet, and for nobody else.
pub async fn verification_is_for_active_unverified_users(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let verified = User { email_verified: true, ..user("verified@example.com") };
    storage.register(account_of(verified.clone())).await;
    let inactive = storage.register(account("inactive@example.com")).await;
    storage.operator.set_active(inactive.id, false).await;
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
    assert_eq!(outcome, CodeOutcome::Wrong, "the older code is dead");
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
    assert_eq!(outcome, CodeOutcome::Wrong, "the code of a link that was followed is over");
}

/// A right code works once; the link of the same mail lives on.
pub async fn a_right_code_is_spent_and_its_link_lives_on(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let link = mail_verification(storage, &ada).await;
    let outcome = redeem_code(storage, "Ada@EXAMPLE.com", RIGHT, NOW).await;
    assert!(matches!(outcome, CodeOutcome::Verified(_)), "any spelling of the address will do: {outcome:?}");
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert_eq!(outcome, CodeOutcome::Wrong, "a right code is spent");
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
        let wrong = outcomes.iter().filter(|it| **it == CodeOutcome::Wrong).count();
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
        let counts = (count(&CodeOutcome::Wrong), count(&exhausted));
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
        assert_eq!(outcome, CodeOutcome::Wrong, "number {time} of {times} is told that it is wrong");
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
    assert_eq!(last, CodeOutcome::Wrong, "that was the fifteenth within the hour");

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
    storage.register(account(known)).await;
    let verified = "verified@example.com";
    storage.register(account_of(User { email_verified: true, ..user(verified) })).await;
    storage.register(account("without.code@example.com")).await;

    let mut answers = Vec::new();
    for address in [known, verified, "without.code@example.com", "unknown@example.com"] {
        let mut told = Vec::new();
        for round in 0..4 {
            if address != "without.code@example.com" || round > 0 {
                let secrets = verification(address);
                storage.tokens.issue_verification(&email(address), secrets).await.expect("issue");
            }
            for _ in 0..4 {
                told.push(redeem_code(storage, address, WRONG, NOW).await);
            }
            let nonsense = CodeRedemption {
                address: email(address),
                code: None,
                attempts: code_attempts(address),
                limits: LIMITS,
                now: NOW,
            };
            for _ in 0..2 {
                let redeemed = storage.tokens.redeem_verification_code(nonsense.clone()).await;
                told.push(redeemed.expect("redeem"));
            }
        }
        answers.push((address, told));
    }
    let within = |until| [vec![CodeOutcome::Wrong; 5], vec![CodeOutcome::Exhausted { until }]].concat();
    let over = CodeOutcome::Exhausted { until: Some(NOW + HOUR) };
    for (address, told) in answers {
        assert_eq!(told[..12], [within(None), within(None)].concat(), "{address}: five for each code");
        assert_eq!(told[12..17], vec![CodeOutcome::Wrong; 5], "{address}: fifteen in the hour");
        assert_eq!(told[17..], vec![over.clone(); 7], "{address}: and no more, new codes or not");
    }
}

// Resets

/// Resets are for active users, verified or not, and for nobody else.
pub async fn resets_are_for_active_users(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let inactive = storage.register(account("inactive@example.com")).await;
    storage.operator.set_active(inactive.id, false).await;
    for address in ["inactive@example.com", "nobody@example.com"] {
        let digest = token_digest();
        let issued = storage.tokens.issue_password_reset(&email(address), digest, NOW + HOUR).await;
        assert_eq!(issued.expect("issue"), None, "nobody is to be mailed at {address}");
        assert_eq!(find_reset(storage, digest, NOW).await, None, "nothing is stored");
    }
    let address = email("ADA@Example.com");
    let issued = storage.tokens.issue_password_reset(&address, token_digest(), NOW + HOUR).await;
    let issued = issued.expect("issue").expect("a user");
    assert_eq!(issued, ada);
    assert_eq!(
        issued.email.as_str(),
        "ada@example.com",
        "the mail goes to the address that is stored, not to what somebody typed",
    );
}

/// A newer reset makes the older one worthless.
pub async fn a_newer_reset_ends_the_older(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let (eves, older) = (mail_reset(storage, &eve).await, mail_reset(storage, &ada).await);
    let newer = mail_reset(storage, &ada).await;
    assert_eq!(find_reset(storage, older, NOW).await, None, "the older one is dead");
    assert!(!redeem_reset(storage, &ada, older, NOW).await, "the older one is dead");
    assert_eq!(storage.stored(ada.id).await.password_hash, Some(password_hash()), "it sets nothing");
    assert!(redeem_reset(storage, &ada, newer, NOW).await, "the newer one is good");
    assert_eq!(find_reset(storage, eves, NOW).await, Some(eve), "nobody else's is ended");
}

/// Of 50 who redeem one reset at once, each with a password of their own, one wins, and only that
/// password counts.
pub async fn raced_resets_have_one_winner(storage: &Storage) {
    for round in 0..ROUNDS {
        let ada = storage.register(account(&format!("ada{round}@example.com"))).await;
        let digest = mail_reset(storage, &ada).await;
        let redeemed = race(storage, |caller, storage| {
            let reset = reset(&ada, digest, other_hash(caller), NOW);
            async move { storage.tokens.redeem_password_reset(reset).await.expect("redeem") }
        })
        .await;
        let winners: Vec<_> = (0..CALLERS).filter(|caller| redeemed[*caller]).collect();
        let [winner] = winners[..] else {
            panic!("one redemption wins: {winners:?}");
        };
        assert_eq!(
            storage.stored(ada.id).await.password_hash,
            Some(other_hash(winner)),
            "the winner's counts"
        );
    }
}

/// A reset ends what anybody who knew the old password, or had an older mail, could still use.
pub async fn a_reset_ends_all_that_was_set_before(storage: &Storage) {
    const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 1, duration: HOUR };
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let eves_session = storage.sign_in(eve.id).await;
    let link = mail_verification(storage, &ada).await;
    let eves_link = mail_verification(storage, &eve).await;
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    let attempts = account_attempts(ada.id);
    let locked = storage.lockout.record_failure(attempts, NOW, LOCKOUT).await.expect("record");
    assert_eq!(locked, Attempt::Admitted);
    let digest = mail_reset(storage, &ada).await;
    let before = storage.stored(ada.id).await.user;

    assert!(redeem_reset(storage, &ada, digest, NOW).await);

    let stored = storage.stored(ada.id).await;
    assert_eq!(stored.password_hash, Some(other_hash("after the reset")), "the new password counts");
    let wanted = User { email_verified: true, ..before };
    assert_eq!(stored.user, wanted, "who reads the mails has shown so, and nothing else is changed");
    assert!(!storage.is_live(&session).await, "every session is ended");
    assert_eq!(find_reset(storage, digest, NOW).await, None, "the secret is spent");
    assert!(!redeem_reset(storage, &ada, digest, NOW).await, "the secret is spent");
    assert_eq!(find_verification(storage, link, NOW).await, None, "older mails are worth nothing");
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert_eq!(outcome, CodeOutcome::Wrong, "older mails are worth nothing");
    assert!(!would_change(storage, confirmation).await, "a pending e-mail change is over");
    assert_eq!(mail_confirmation(storage, &ada, "new@example.com").await, None, "and stays over");
    let locked = storage.lockout.locked_until(attempts, NOW).await.expect("read");
    assert_eq!(locked, None, "the lockout is lifted");
    let mails = storage.take_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].kind, MailKind::PasswordChanged, "the owner is told");
    assert!(storage.is_live(&eves_session).await, "nobody else's session is ended");
    assert!(find_verification(storage, eves_link, NOW).await.is_some(), "nobody else's secret is ended");
}

/// A secret that is not good sets nothing, ends nothing and tells nobody.
pub async fn a_refused_reset_changes_nothing(storage: &Storage) {
    const LOCKOUT: LockoutPolicy = LockoutPolicy { threshold: 1, duration: HOUR };
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let digest = mail_reset(storage, &ada).await;
    let link = mail_verification(storage, &ada).await;
    let attempts = account_attempts(ada.id);
    storage.lockout.record_failure(attempts, NOW, LOCKOUT).await.expect("record");
    assert!(!redeem_reset(storage, &ada, token_digest(), NOW).await, "a secret that nobody mailed");
    assert!(!redeem_reset(storage, &ada, digest, NOW + HOUR).await, "a secret that has expired");
    assert_eq!(storage.stored(ada.id).await.password_hash, Some(password_hash()));
    assert!(!is_verified(storage, &ada).await);
    assert!(storage.is_live(&session).await, "a refusal ends no session");
    assert!(find_verification(storage, link, NOW).await.is_some(), "a refusal ends no secret");
    let locked = storage.lockout.locked_until(attempts, NOW).await.expect("read");
    assert_eq!(locked, Some(NOW + HOUR), "a refusal lifts no lockout");
    assert_eq!(storage.take_mails().await, [], "a refusal tells nobody");
    assert!(redeem_reset(storage, &ada, digest, NOW).await, "a refusal spends nothing");
}

/// The first password of an invited user is set by a reset.
pub async fn a_reset_sets_a_first_password(storage: &Storage) {
    let invited = NewAccount { password_hash: None, ..account("invited@example.com") };
    let invited = storage.register(invited).await;
    let digest = mail_reset(storage, &invited).await;
    assert!(redeem_reset(storage, &invited, digest, NOW).await);
    let stored = storage.stored(invited.id).await;
    assert_eq!(stored.password_hash, Some(other_hash("after the reset")));
    assert!(stored.user.email_verified);
}

// E-mail changes

/// Asking for another address changes nothing yet, and queues the mails that say so.
pub async fn a_requested_email_change_waits_for_its_confirmation(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let before = storage.stored(ada.id).await.user;
    let mails = [
        mail(MailKind::ConfirmEmailChange(ada.id), "new@example.com"),
        mail(MailKind::EmailChangeRequested, "ada@example.com"),
    ];
    let request = EmailChangeRequest {
        user: ada.id,
        session: session.id,
        new_address: email("New@example.com"),
        now: NOW,
        mails: mails.to_vec(),
    };
    assert_eq!(mail_confirmation(storage, &ada, "new@example.com").await, None, "nothing is pending");
    storage.tokens.request_email_change(request).await.expect("request");
    assert_eq!(storage.stored(ada.id).await.user, before, "the address stays as it is");
    let queued = storage.take_mails().await;
    assert!(queued.len() == 2 && mails.iter().all(|mail| queued.contains(mail)), "both are told: {queued:?}");

    assert_eq!(mail_confirmation(storage, &ada, "another@example.com").await, None, "that is not pending");
    let eve = storage.register(account("eve@example.com")).await;
    assert_eq!(mail_confirmation(storage, &eve, "new@example.com").await, None, "nor is it for others");
    let confirmation = mail_confirmation(storage, &ada, "new@example.com").await.expect("it is pending");
    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    let EmailChangeOutcome::Changed(user) = outcome else { panic!("the secret is good: {outcome:?}") };
    assert_eq!(user.email.as_str(), "New@example.com", "the address is kept as it was asked for");
}

/// A newer wish for another address replaces the older one with its secret, and so does a newer mail.
pub async fn a_newer_email_change_replaces_the_older(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let older = change_address(storage, &ada, session.id, "older@example.com").await;
    ask_for_address(storage, &ada, session.id, "newer@example.com").await;
    assert!(!would_change(storage, older).await, "the older secret is dead, before there is a newer one");
    let newer = mail_confirmation(storage, &ada, "newer@example.com").await.expect("it is pending");
    assert_eq!(redeem_confirmation(storage, older, NOW).await, EmailChangeOutcome::Invalid);
    assert_eq!(
        mail_confirmation(storage, &ada, "older@example.com").await,
        None,
        "it is not pending any more"
    );
    let newest = mail_confirmation(storage, &ada, "newer@example.com").await.expect("it is pending");
    assert!(!would_change(storage, newer).await, "a newer mail ends the older");
    let outcome = redeem_confirmation(storage, newest, NOW).await;
    let EmailChangeOutcome::Changed(user) = outcome else { panic!("the secret is good: {outcome:?}") };
    assert_eq!(user.email, email("newer@example.com"));
}

/// Of 50 who redeem one confirmation at once, one wins; and of 50 users who ask for one address, or
/// register with it, one gets it.
pub async fn raced_email_changes_have_one_winner(storage: &Storage) {
    let mut movers = Vec::new();
    for caller in 0..CALLERS {
        let user = storage.register(account(&format!("mover{caller}@example.com"))).await;
        movers.push((user.clone(), storage.sign_in(user.id).await));
    }
    for round in 0..ROUNDS {
        let (ada, session) = &movers[round];
        let confirmation = change_address(storage, ada, session.id, &format!("ada{round}@example.com")).await;
        let outcomes =
            race(storage, |_, storage| async move { redeem_confirmation(&storage, confirmation, NOW).await })
                .await;
        let changed = outcomes.iter().filter(|it| matches!(it, EmailChangeOutcome::Changed(_))).count();
        let invalid = outcomes.iter().filter(|it| **it == EmailChangeOutcome::Invalid).count();
        assert_eq!((changed, invalid), (1, CALLERS - 1), "a confirmation is spent once");

        let wanted = format!("wanted{round}@example.com");
        let mut confirmations = Vec::new();
        for (user, session) in &movers {
            confirmations.push(change_address(storage, user, session.id, &wanted).await);
        }
        let got_it = race(storage, |caller, storage| {
            let (confirmation, registering) = (confirmations[caller], account(&wanted));
            async move {
                // Four of five move, to either instance; the fifth registers.
                if caller % 5 == 0 {
                    let outcome = storage.users.register(registering).await.expect("register");
                    matches!(outcome, RegisterOutcome::Registered(_))
                } else {
                    let outcome = redeem_confirmation(&storage, confirmation, NOW).await;
                    matches!(outcome, EmailChangeOutcome::Changed(_))
                }
            }
        })
        .await;
        assert_eq!(got_it.into_iter().filter(|got_it| *got_it).count(), 1, "an address has one account");
    }
}

/// After an e-mail change nothing that was mailed before is worth anything, and only the session that
/// asked goes on.
pub async fn an_email_change_ends_all_that_was_mailed_before(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let [asking, other]: [Session; 2] = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    let eves_session = storage.sign_in(eve.id).await;
    let link = mail_verification(storage, &ada).await;
    let digest = mail_reset(storage, &ada).await;
    let eves_reset = mail_reset(storage, &eve).await;
    let before = storage.stored(ada.id).await.user;
    let confirmation = change_address(storage, &ada, asking.id, "Ada@new.example").await;

    let wanted = User { email: email("Ada@new.example"), email_verified: true, ..before };
    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    let EmailChangeOutcome::Changed(changed) = outcome else { panic!("the secret is good: {outcome:?}") };
    assert_eq!(*changed, User { updated_at: changed.updated_at, ..wanted });
    let stored = storage.stored(ada.id).await;
    assert_eq!(stored.user, *changed, "the answer is what is stored");
    assert_eq!(stored.password_hash, Some(password_hash()), "the password stays");

    assert!(storage.is_live(&asking).await, "the session that asked goes on");
    assert!(!storage.is_live(&other).await, "every other session is ended");
    assert!(storage.is_live(&eves_session).await, "nobody else's session is");
    let again = redeem_confirmation(storage, confirmation, NOW).await;
    assert_eq!(again, EmailChangeOutcome::Invalid, "the secret is spent");
    assert_eq!(find_verification(storage, link, NOW).await, None, "the old address verifies nothing");
    assert_eq!(redeem_link(storage, link, NOW).await, None, "the old address verifies nothing");
    let outcome = redeem_code(storage, "ada@example.com", RIGHT, NOW).await;
    assert_eq!(outcome, CodeOutcome::Wrong, "the old address verifies nothing");
    assert_eq!(find_reset(storage, digest, NOW).await, None, "the old address resets nothing");
    assert!(!redeem_reset(storage, &ada, digest, NOW).await, "the old address resets nothing");
    assert!(find_reset(storage, eves_reset, NOW).await.is_some(), "nobody else's secret is ended");

    assert!(storage.holder(&email("ada@example.com")).await.is_none(), "the old address is nobody's");
    let holder = storage.holder(&email("ada@NEW.example")).await.expect("the new one is theirs");
    assert_eq!(holder.user.id, ada.id);

    let back = change_address(storage, &stored.user, asking.id, "ada@example.com").await;
    let outcome = redeem_confirmation(storage, back, NOW).await;
    assert!(matches!(outcome, EmailChangeOutcome::Changed(_)), "the old address was free: {outcome:?}");
    assert_eq!(find_verification(storage, link, NOW).await, None, "what was ended stays ended");
    assert_eq!(find_reset(storage, digest, NOW).await, None, "what was ended stays ended");
}

/// When somebody else took the address meanwhile, all stays as it is, the secret included.
pub async fn an_email_change_to_a_taken_address_changes_nothing(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let [asking, other]: [Session; 2] = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    let digest = mail_reset(storage, &ada).await;
    let before = storage.stored(ada.id).await.user;
    let confirmation = change_address(storage, &ada, asking.id, "wanted@example.com").await;
    let holder = storage.register(account("Wanted@Example.com")).await;

    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    assert_eq!(outcome, EmailChangeOutcome::EmailTaken);
    assert_eq!(storage.stored(ada.id).await.user, before, "the user keeps the address they had");
    assert_eq!(storage.stored(holder.id).await.user, holder, "the holder keeps theirs");
    assert!(storage.is_live(&asking).await && storage.is_live(&other).await, "no session is ended");
    assert!(find_reset(storage, digest, NOW).await.is_some(), "no secret is ended");

    storage.users.delete(holder.id, account_attempts(holder.id)).await.expect("delete");
    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    assert!(
        matches!(outcome, EmailChangeOutcome::Changed(_)),
        "the secret is as good as before: {outcome:?}"
    );
}

/// A user can have their own address spelled anew.
pub async fn an_email_change_can_respell_the_own_address(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let confirmation = change_address(storage, &ada, session.id, "Ada@Example.com").await;
    let outcome = redeem_confirmation(storage, confirmation, NOW).await;
    let EmailChangeOutcome::Changed(user) = outcome else { panic!("nobody else has it: {outcome:?}") };
    assert_eq!(user.email.as_str(), "Ada@Example.com");
}

// All kinds

/// Every secret is over at the very moment at which it expires, whether or not anything sweeps.
pub async fn secrets_expire_at_use(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let link = mail_verification(storage, &ada).await;
    let digest = mail_reset(storage, &ada).await;
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    let find_change = async |now| storage.tokens.find_email_change(confirmation, now).await.expect("find");

    assert_eq!(redeem_link(storage, link, NOW + DAY).await, None, "the link has expired");
    assert_eq!(find_verification(storage, link, NOW + DAY).await, None, "the link has expired");
    let late = redeem_code(storage, "ada@example.com", RIGHT, NOW + 10 * MINUTE).await;
    assert_eq!(late, CodeOutcome::Wrong, "the code has expired");
    assert_eq!(find_reset(storage, digest, NOW + HOUR).await, None, "the reset has expired");
    assert!(!redeem_reset(storage, &ada, digest, NOW + HOUR).await, "the reset has expired");
    assert_eq!(find_change(NOW + HOUR).await, None, "the confirmation has expired");
    let late = redeem_confirmation(storage, confirmation, NOW + HOUR).await;
    assert_eq!(late, EmailChangeOutcome::Invalid, "the confirmation has expired");
    assert!(!is_verified(storage, &ada).await, "what has expired changes nothing");

    assert!(find_verification(storage, link, NOW + DAY - TICK).await.is_some(), "good until then");
    assert!(find_reset(storage, digest, NOW + HOUR - TICK).await.is_some(), "good until then");
    assert!(find_change(NOW + HOUR - TICK).await.is_some(), "good until then");
    let in_time = redeem_code(storage, "ada@example.com", RIGHT, NOW + 10 * MINUTE - TICK).await;
    assert!(matches!(in_time, CodeOutcome::Verified(_)), "good until then: {in_time:?}");
    assert!(redeem_reset(storage, &ada, digest, NOW + HOUR - TICK).await, "good until then");
}

/// A secret of one kind is none of another.
pub async fn a_secret_is_good_for_its_own_kind(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let link = mail_verification(storage, &ada).await;
    let digest = mail_reset(storage, &ada).await;
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    for other in [digest, confirmation] {
        assert_eq!(find_verification(storage, other, NOW).await, None);
        assert_eq!(redeem_link(storage, other, NOW).await, None, "it is no verification link");
    }
    for other in [link, confirmation] {
        assert_eq!(find_reset(storage, other, NOW).await, None);
        assert!(!redeem_reset(storage, &ada, other, NOW).await, "it is no reset");
    }
    for other in [link, digest] {
        assert!(!would_change(storage, other).await);
        let outcome = redeem_confirmation(storage, other, NOW).await;
        assert_eq!(outcome, EmailChangeOutcome::Invalid, "it confirms no address");
    }
    assert!(!is_verified(storage, &ada).await);
}

/// Expired secrets are deleted in batches no larger than asked for, and live ones never.
pub async fn expired_secrets_are_deleted_in_batches(storage: &Storage) {
    let mut expired = Vec::new();
    for number in 0..5 {
        let user = storage.register(account(&format!("user{number}@example.com"))).await;
        expired.push(mail_reset(storage, &user).await);
    }
    let ada = storage.register(account("ada@example.com")).await;
    let live = token_digest();
    let expires_at = NOW + HOUR + 2 * TICK;
    storage.tokens.issue_password_reset(&ada.email, live, expires_at).await.expect("issue").expect("a user");
    let mut deleted = Vec::new();
    for _ in 0..4 {
        deleted.push(storage.tokens.delete_expired(NOW + HOUR + TICK, 2).await.expect("delete"));
    }
    assert_eq!(deleted, [2, 2, 1, 0], "a batch is as large as asked for, until nothing is left");
    for digest in expired {
        assert_eq!(find_reset(storage, digest, NOW).await, None, "what was deleted is gone");
    }
    assert!(find_reset(storage, live, NOW + HOUR + TICK).await.is_some(), "a live one is never deleted");

    let link = mail_verification(storage, &ada).await;
    let session = session(ada.id);
    storage.open(session.clone()).await;
    let confirmation = change_address(storage, &ada, session.id, "new@example.com").await;
    while storage.tokens.delete_expired(NOW + 2 * DAY, 1).await.expect("delete") > 0 {}
    assert_eq!(find_verification(storage, link, NOW).await, None, "every kind is deleted");
    assert!(!would_change(storage, confirmation).await, "every kind is deleted");
}

/// Link and code of one mail live as long as each of them does, and a wish for another address waits for
/// its mail as long as it takes.
pub async fn deleting_expired_secrets_spares_what_still_lives(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let link = mail_verification(storage, &ada).await;
    let long_lived_code = VerificationSecrets {
        link_expires_at: NOW + 10 * MINUTE,
        code_expires_at: NOW + DAY,
        ..verification("eve@example.com")
    };
    storage.tokens.issue_verification(&eve.email, long_lived_code).await.expect("issue").expect("a user");
    ask_for_address(storage, &ada, session.id, "new@example.com").await;

    let now = NOW + HOUR;
    while storage.tokens.delete_expired(now, 100).await.expect("delete") == 100 {}
    assert!(find_verification(storage, link, now).await.is_some(), "a link outlives its code");
    let outcome = redeem_code(storage, "eve@example.com", RIGHT, now).await;
    assert!(matches!(outcome, CodeOutcome::Verified(_)), "a code outlives its link: {outcome:?}");
    let confirmation = mail_confirmation(storage, &ada, "new@example.com").await;
    assert!(confirmation.is_some(), "a mail that was delayed finds the change pending");
}
