//! Registration.

use portcullis_domain::RoleName;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{NewAccount, RegisterOutcome};

use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::fixtures::{account, account_of, email, mail, role, session, user, username};

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

/// An account that names a role which does not exist is not stored.
pub async fn an_unknown_role_is_refused_with_all_that_came_with_it(storage: &Storage) {
    let mut account = account("ada@example.com");
    account.user.roles = vec![role("nobody-made-this"), RoleName::user()];
    account.mail = Some(mail(MailKind::VerifyEmail, "ada@example.com"));
    let id = account.user.id;
    let outcome = storage.users.register(account).await.expect("register");
    assert_eq!(outcome, RegisterOutcome::UnknownRole, "a role that does not exist cannot be held");
    assert!(storage.users.find_by_id(id).await.expect("find").is_none(), "the account is not stored");
    assert_eq!(storage.take_mails().await, [], "its mail is not queued");
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
