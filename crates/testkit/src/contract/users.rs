//! Cases of [`UserRepository`](portcullis_domain::ports::UserRepository).

use portcullis_domain::LoginIdentifier;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{NewAccount, RegisterOutcome};

use super::race::{CALLERS, ROUNDS, race};
use crate::Storage;
use crate::fixtures::{NOW, account, account_of, email, mail, session, user, username};

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

/// A registration that is refused leaves no account, session, role or mail behind.
pub async fn a_refused_registration_stores_nothing(storage: &Storage) {
    let mut holder = account("holder@example.com");
    holder.user.username = Some(username("holder"));
    storage.users.register(holder).await.expect("register");

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
        let principal = storage.sessions.principal(session.id, NOW).await.expect("principal");
        assert!(principal.is_none(), "the session of a refused account is not stored");
    }
    let free = LoginIdentifier::Email(email("other@example.com"));
    let found = storage.users.find_by_login(&free).await.expect("find");
    assert!(found.is_none(), "the address of a refused account stays free");
    let queued = storage.mails.claim(NOW, NOW).await.expect("claim");
    assert!(queued.is_none(), "the mail of a refused account is not queued");
}
