//! Registration where a taken address is told to its owner only.

use portcullis_domain::audit::{AuditKind, FailureReason};
use portcullis_domain::mail::{MailKind, QueuedMail};
use portcullis_domain::ports::{
    NewAccount, PrivateRegistration, PrivateRegistrationOutcome, VerificationSecrets,
};
use portcullis_domain::{RoleName, User};

use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::HOUR;
use crate::fixtures::{
    NOW, account, account_of, code_attempts, code_digest, email, event, mail, other_hash, password_hash,
    role, token_digest, user, username,
};

/// A private registration of this account, with this notice should its address be taken.
fn privately(account: NewAccount, notice_to_owner: QueuedMail) -> PrivateRegistration {
    PrivateRegistration {
        way_in_for_owner: mail(MailKind::ResetPassword, account.user.email.as_str()),
        account,
        notice_to_owner,
        refusal: event(AuditKind::Registration).failed(FailureReason::EmailTaken),
    }
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

/// Of two who claim an address that nobody has shown to read, neither one's password is worth anything: whoever
/// reads its mails sets one.
pub async fn private_registration_ends_an_unverified_claim(storage: &Storage) {
    let mut first = account("ada@example.com");
    first.user.username = Some(username("first"));
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
    second.user.username = Some(username("second"));
    second.mail = Some(mail(MailKind::VerifyEmail, "ada@example.com"));
    let stranger = second.user.id;
    let notice = mail(MailKind::AddressAlreadyRegistered, "ada@example.com");
    let registration = privately(second, notice);
    let way_in = registration.way_in_for_owner.clone();
    let outcome = storage.users.register_privately(registration).await.expect("register");
    assert_eq!(outcome, PrivateRegistrationOutcome::ClaimEnded(first.id));

    let holder = storage.holder(&address).await.expect("the address has one account");
    assert_eq!(holder.password_hash, None, "neither password is that of the owner");
    assert_eq!(holder.user, first, "nothing of the second claim is stored");
    assert!(storage.users.find_by_id(stranger).await.expect("find").is_none(), "there is one account");
    let found = storage.tokens.find_verification(link, NOW).await.expect("find");
    assert!(found.is_none(), "a link that was mailed for the first claim is dead");
    let found = storage.tokens.find_password_reset(reset, NOW).await.expect("find");
    assert!(found.is_none(), "a reset that was mailed for the first claim is dead");
    assert_eq!(storage.take_mails().await, [way_in], "who reads the mails is asked");
    let mut next = account("next@example.com");
    next.user.username = Some(username("second"));
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
    assert_eq!((kept.user, kept.password_hash), (claim, Some(password_hash())), "the claim stays as it is");
    assert_eq!(storage.take_mails().await, [], "nothing is queued");
}

/// Of 50 private registrations of one address at once, one is stored and the others end its claim: one account is
/// left, and nobody's password.
pub async fn raced_private_registrations_leave_one_account(storage: &Storage) {
    for round in 0..ROUNDS {
        let address = format!("raced{round}@example.com");
        let outcomes = race(storage, |caller, storage| {
            let mut account = account(&address);
            account.password_hash = Some(other_hash(caller));
            account.mail = Some(mail(MailKind::VerifyEmail, &address));
            let notice = mail(MailKind::AddressAlreadyRegistered, &address);
            async move { register_privately(&storage, account, notice).await }
        })
        .await;
        let holder = storage.holder(&email(&address)).await.expect("the address has an account");
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        assert_eq!(count(PrivateRegistrationOutcome::Registered), 1, "an address has one account");
        let ended = count(PrivateRegistrationOutcome::ClaimEnded(holder.user.id));
        assert_eq!(ended, CALLERS - 1, "nobody has shown yet that it is theirs: {outcomes:?}");
        assert_eq!(holder.password_hash, None, "the word of each stands against that of the others");
        let mut kinds: Vec<_> = storage.take_mails().await.iter().map(|mail| mail.kind.name()).collect();
        kinds.sort_unstable();
        let wanted = [MailKind::ResetPassword, MailKind::VerifyEmail].map(MailKind::name);
        assert_eq!(kinds, wanted, "mails of one kind to one address are one mail");
    }
}
