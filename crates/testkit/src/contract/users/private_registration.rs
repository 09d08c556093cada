//! Registration where a taken address is told to its owner only.

use portcullis_domain::audit::{AuditKind, FailureReason};
use portcullis_domain::mail::{MailKind, QueuedMail};
use portcullis_domain::ports::{
    NewAccount, PrivateRegistration, PrivateRegistrationOutcome, VerificationSecrets,
};
use portcullis_domain::{ProfileNames, RoleName, User};

use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::HOUR;
use crate::fixtures::{
    NOW, account, account_of, code_attempts, code_digest, email, event, locale, mail, name, other_hash,
    password_hash, role, token_digest, user, username,
};

/// A private registration of this account, with this notice should its address be taken.
fn privately(account: NewAccount, notice_to_owner: QueuedMail) -> PrivateRegistration {
    let refusal = event(AuditKind::Registration).failed(FailureReason::EmailTaken);
    PrivateRegistration { account, notice_to_owner, refusal }
}

async fn register_privately(
    storage: &Storage,
    account: NewAccount,
    notice_to_owner: QueuedMail,
) -> PrivateRegistrationOutcome {
    storage.users.register_privately(privately(account, notice_to_owner)).await.expect("register")
}

/// A private registration of a free address is a registration.
pub async fn private_registration_of_a_free_address_registers(storage: &Storage) {
    let welcome = mail(MailKind::VerifyEmail, "ada@example.com");
    let account = NewAccount { mail: Some(welcome.clone()), ..account("ada@example.com") };
    let ada = account.user.clone();
    let notice = mail(MailKind::AddressAlreadyRegistered, "ada@example.com");
    let outcome = register_privately(storage, account, notice).await;
    assert_eq!(outcome, PrivateRegistrationOutcome::Registered);
    assert_eq!(storage.stored(ada.id).await.user, ada);
    assert_eq!(storage.take_mails().await, [welcome], "a free address has no owner to tell");
}

/// For an address whose owner is known, a private registration changes nothing and tells the owner.
pub async fn private_registration_of_a_taken_address_tells_its_owner(storage: &Storage) {
    storage.add_role("editors", &[]).await;
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
        let outcome = register_privately(storage, claim, notice.clone()).await;
        assert_eq!(outcome, PrivateRegistrationOutcome::OwnerTold(owner.id));

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
    let first = storage.register(first).await;
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
    let outcome = register_privately(storage, second, notice).await;
    assert_eq!(outcome, PrivateRegistrationOutcome::Replaced(first.id));

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
        let outcome = register_privately(storage, account, notice).await;
        assert_eq!(outcome, PrivateRegistrationOutcome::UsernameTaken, "{address}");
    }
    assert!(storage.holder(&email("free@example.com")).await.is_none(), "nothing is stored");
    let kept = storage.stored(claim.id).await;
    assert_eq!((kept.user, kept.password_hash), (claim, Some(password_hash())), "nothing is replaced");
    assert_eq!(storage.take_mails().await, [], "nothing is queued");
}

/// Of 50 private registrations of one address at once, one is stored and each of the others stands in its
/// place in turn: one account is left, whose password is that of one of them.
pub async fn raced_private_registrations_leave_one_account(storage: &Storage) {
    for round in 0..ROUNDS {
        let address = format!("raced{round}@example.com");
        let outcomes = race(storage, |caller, storage| {
            let mut account = account(&address);
            account.password_hash = Some(other_hash(caller));
            account.user.profile.name = Some(name(&format!("Caller {caller}")));
            account.mail = Some(mail(MailKind::VerifyEmail, &address));
            let notice = mail(MailKind::AddressAlreadyRegistered, &address);
            async move { register_privately(&storage, account, notice).await }
        })
        .await;
        let holder = storage.holder(&email(&address)).await.expect("the address has an account");
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        assert_eq!(count(PrivateRegistrationOutcome::Registered), 1, "an address has one account");
        let replacements = count(PrivateRegistrationOutcome::Replaced(holder.user.id));
        assert_eq!(replacements, CALLERS - 1, "nobody has shown yet that it is theirs: {outcomes:?}");
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
