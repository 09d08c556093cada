//! Changes of somebody else's account.

use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    CodeOutcome, OpenOutcome, RegisterOutcome, SeenUser, UserUpdate, UserUpdateOutcome,
};
use portcullis_domain::{Change, ProfileChange, ProfileNames, User};

use super::steps::{Mailed, activation, move_to, update};
use crate::Storage;
use crate::contract::race::{CALLERS, ROUNDS, race};
use crate::contract::steps::{TICK, opening};
use crate::contract::tokens::steps::{RIGHT, redeem_code};
use crate::fixtures::{
    NOW, account, account_of, email, locale, mail, name, password_hash, session, user, username,
};

/// A change of an account sets what it names, keeps the rest, and notes the time; sessions and secrets go on.
pub async fn an_administered_change_keeps_the_rest(storage: &Storage) {
    let mut wanted = User {
        username: Some(username("Ada")),
        profile: ProfileNames {
            name: Some(name("Ada Lovelace")),
            first_name: Some(name("Ada")),
            last_name: Some(name("Lovelace")),
        },
        locale: locale("fr"),
        ..user("ada@example.com")
    };
    storage.register(account_of(wanted.clone())).await;
    let bystander = storage.register(account("bystander@example.com")).await;
    let session = storage.sign_in(wanted.id).await;
    wanted.last_login_at = Some(NOW);
    let mailed = Mailed::to(storage, &wanted, session.id).await;
    let expect = async |change: UserUpdate, wanted: &User| {
        let change = UserUpdate { now: wanted.updated_at.expect("it was changed"), ..change };
        let answer = storage.updated(change).await;
        assert_eq!(answer, *wanted, "the answer is the user as changed");
        assert_eq!(answer.email.as_str(), wanted.email.as_str(), "to the letter");
        let stored = storage.stored(wanted.id).await;
        assert_eq!(stored.user, *wanted, "the change is stored, and nothing besides");
        assert_eq!(stored.user.email.as_str(), wanted.email.as_str(), "to the letter");
        assert_eq!(stored.password_hash, Some(password_hash()), "the password stays");
    };

    wanted.updated_at = Some(NOW + TICK);
    expect(update(wanted.id), &wanted).await;
    let profile = ProfileChange {
        username: Change::Set(username("Countess")),
        name: Change::Clear,
        first_name: Change::Set(name("Augusta 👑")),
        last_name: Change::Keep,
    };
    wanted.username = Some(username("Countess"));
    wanted.profile.name = None;
    wanted.profile.first_name = Some(name("Augusta 👑"));
    wanted.updated_at = Some(NOW + TICK * 2);
    expect(UserUpdate { profile, ..update(wanted.id) }, &wanted).await;
    let profile = ProfileChange { username: Change::Set(username("COUNTESS")), ..ProfileChange::default() };
    wanted.username = Some(username("COUNTESS"));
    expect(UserUpdate { profile, ..update(wanted.id) }, &wanted).await;
    wanted.updated_at = Some(NOW + TICK * 3);
    expect(activation(wanted.id, true), &wanted).await;
    let respelled = UserUpdate { mails: move_to(&wanted, email("x@example.com")).mails, ..update(wanted.id) };
    wanted.email = email("Ada@Example.COM");
    expect(UserUpdate { email: Some(wanted.email.clone()), ..respelled }, &wanted).await;
    assert_eq!(storage.take_mails().await, [], "of another spelling nobody is told");
    assert_eq!(mailed.are_good(storage).await, [true; 3], "what was mailed is as good as before");

    wanted.email_verified = true;
    wanted.updated_at = Some(NOW + TICK * 4);
    expect(UserUpdate { verifies_email: true, ..update(wanted.id) }, &wanted).await;
    assert_eq!(mailed.are_good(storage).await, [true; 3], "who is verified keeps what they had");
    expect(update(wanted.id), &wanted).await;
    assert!(storage.is_live(&session).await, "the session goes on");
    assert_eq!(storage.stored(bystander.id).await.user, bystander, "nobody else is changed");

    // All at once.
    let profile = ProfileChange { last_name: Change::Clear, ..ProfileChange::default() };
    wanted.profile.last_name = None;
    wanted.email = email("other@example.com");
    wanted.is_active = false;
    let all = UserUpdate {
        profile,
        verifies_email: true,
        is_active: Some(false),
        ..move_to(&storage.stored(wanted.id).await.user, wanted.email.clone())
    };
    expect(all, &wanted).await;

    let nobody = user("nobody@example.com");
    assert_eq!(storage.update(update(nobody.id)).await, UserUpdateOutcome::NotFound);
}

/// With another address, nothing is worth anything that was mailed to the one before, and both are told; the
/// new one counts as verified only when the change says so.
pub async fn a_new_address_is_unverified_and_ends_what_was_mailed_before(storage: &Storage) {
    let bystander = storage.register(account("bystander@example.com")).await;
    let bystanders = storage.sign_in(bystander.id).await;
    let bystanders_mails = Mailed::to(storage, &bystander, bystanders.id).await;
    for (before, after, verifies_email) in
        [("ada@example.com", "Ada@new.example", false), ("eve@example.com", "eve@new.example", true)]
    {
        let ada = storage.register(account(before)).await;
        let session = storage.sign_in(ada.id).await;
        let mailed = Mailed::to(storage, &ada, session.id).await;
        let change = UserUpdate { verifies_email, ..move_to(&ada, email(after)) };
        let mails = change.mails.clone();
        let changed = storage.updated(change).await;
        assert_eq!((changed.email.as_str(), changed.email_verified), (after, verifies_email));
        assert_eq!(storage.stored(ada.id).await.user, changed, "the answer is what is stored");
        assert_eq!(mailed.are_good(storage).await, [false; 3], "nothing that was mailed before is good");
        let outcome = redeem_code(storage, before, RIGHT, NOW).await;
        assert_eq!(outcome, CodeOutcome::Wrong(None), "nor is the code");
        let queued = storage.take_mails().await;
        let both = queued.len() == 2 && mails.iter().all(|mail| queued.contains(mail));
        assert!(both, "both addresses are told: {queued:?}");
        assert!(storage.holder(&email(before)).await.is_none(), "the old address is nobody's");
        assert!(storage.is_live(&session).await, "the session goes on");
    }
    assert_eq!(bystanders_mails.are_good(storage).await, [true; 3], "nobody else's secrets end");

    let verified = User { email_verified: true, ..user("verified@example.com") };
    storage.register(account_of(verified.clone())).await;
    let changed = storage.updated(move_to(&verified, email("again@example.com"))).await;
    assert!(!changed.email_verified, "whom the old one belonged to says nothing of the new one");
}

/// Who is deactivated is signed out everywhere, has no secret that is good, and gets neither back with the
/// account.
pub async fn deactivation_ends_all_sessions(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let sessions = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    let eves = storage.sign_in(eve.id).await;
    let mailed = Mailed::to(storage, &ada, sessions[0].id).await;
    let eves_mails = Mailed::to(storage, &eve, eves.id).await;

    let deactivated = storage.updated(activation(ada.id, false)).await;
    assert!(!deactivated.is_active);
    let refused = storage.sessions.open(opening(session(ada.id))).await.expect("open");
    assert_eq!(refused, OpenOutcome::Refused, "an inactive user cannot sign in");
    assert!(storage.updated(activation(ada.id, true)).await.is_active);
    for session in &sessions {
        assert!(!storage.is_live(session).await, "what was ended stays ended");
    }
    assert_eq!(storage.sessions.list(ada.id, NOW).await.expect("list"), []);
    assert_eq!(mailed.are_good(storage).await, [false; 3], "no secret is good any more");
    storage.sign_in(ada.id).await;
    assert!(storage.is_live(&eves).await, "nobody else's session is ended");
    assert_eq!(eves_mails.are_good(storage).await, [true; 3], "nor anybody else's secret");

    for round in 0..ROUNDS {
        let ada = storage.register(account(&format!("ada{round}@example.com"))).await;
        let sessions = race(storage, |caller, storage| {
            let (deactivation, opening) = (activation(ada.id, false), opening(session(ada.id)));
            async move {
                let session = opening.session.clone();
                if caller == CALLERS / 2 {
                    storage.updated(deactivation).await;
                } else {
                    storage.sessions.open(opening).await.expect("open");
                }
                session
            }
        })
        .await;
        storage.updated(activation(ada.id, true)).await;
        for session in sessions {
            assert!(!storage.is_live(&session).await, "no login outlives the deactivation");
        }
    }
}

/// What is to be mailed with an activation is queued when somebody becomes active, and not when they are already or
/// are deactivated.
pub async fn an_activation_queues_its_mails_once(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    storage.take_mails().await;
    let invitation = mail(MailKind::Invitation, "ada@example.com");
    let change = |is_active| UserUpdate { mails: vec![invitation.clone()], ..activation(ada.id, is_active) };
    for (is_active, queued, what) in [
        (true, vec![], "who is active stays so"),
        (false, vec![], "who is deactivated gets no mail"),
        (false, vec![], "who is inactive stays so"),
        (true, vec![invitation.clone()], "who becomes active gets the mail"),
        (true, vec![], "once"),
    ] {
        storage.updated(change(is_active)).await;
        assert_eq!(storage.take_mails().await, queued, "{what}");
    }
}

/// A change whose mails were chosen for another address than the user has by now, or for somebody who was active or was
/// not, changes nothing.
pub async fn mails_go_to_the_addresses_that_they_were_chosen_for(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let seen = |address: &str, is_active| Some(SeenUser { email: email(address), is_active });
    storage
        .updated(UserUpdate { seen: seen("ADA@example.com", true), ..move_to(&ada, email("b@example.com")) })
        .await;
    let before = storage.stored(ada.id).await.user;
    storage.take_mails().await;
    for (seen, what) in [
        (seen("ada@example.com", true), "the address is another by now"),
        (seen("b@example.com", false), "the account is active by now"),
    ] {
        let change = UserUpdate { seen, is_active: Some(false), ..move_to(&ada, email("c@example.com")) };
        assert_eq!(storage.update(change).await, UserUpdateOutcome::Overtaken, "{what}");
        assert_eq!(storage.stored(ada.id).await.user, before, "{what}");
        assert_eq!(storage.take_mails().await, [], "{what}");
    }
}

/// A change to an address or a username that somebody else has changes nothing at all; of 50 who get one
/// address at once, one does.
pub async fn an_administered_change_to_something_taken_changes_nothing(storage: &Storage) {
    let mut holder = account("holder@example.com");
    holder.user.username = Some(username("holder"));
    let holder = storage.register(holder).await;
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let mailed = Mailed::to(storage, &ada, session.id).await;
    let before = storage.stored(ada.id).await.user;
    let profile = ProfileChange {
        username: Change::Set(username("HOLDER")),
        name: Change::Set(name("Not to be stored")),
        ..ProfileChange::default()
    };
    for (refused, wanted) in [
        (move_to(&ada, email("Holder@Example.com")), UserUpdateOutcome::EmailTaken),
        (
            UserUpdate { profile, ..move_to(&ada, email("free@example.com")) },
            UserUpdateOutcome::UsernameTaken,
        ),
    ] {
        let refused = UserUpdate { verifies_email: true, is_active: Some(false), ..refused };
        assert_eq!(storage.update(refused).await, wanted);
        assert_eq!(storage.stored(ada.id).await.user, before, "a refused change changes nothing");
    }
    assert_eq!(storage.stored(holder.id).await.user, holder);
    assert!(storage.is_live(&session).await, "it ends no session");
    assert_eq!(mailed.are_good(storage).await, [true; 3], "it ends no secret");
    assert_eq!(storage.take_mails().await, [], "it tells nobody");

    let mut users = Vec::new();
    for caller in 0..CALLERS {
        users.push(storage.register(account(&format!("user{caller}@example.com"))).await);
    }
    for round in 0..ROUNDS {
        let wanted = format!("wanted{round}@example.com");
        let got_it = race(storage, |caller, storage| {
            let (change, registering) = (move_to(&users[caller], email(&wanted)), account(&wanted));
            async move {
                // Four of five are moved, by either instance; the fifth registers.
                if caller % 5 == 0 {
                    let outcome = storage.users.register(registering).await.expect("register");
                    matches!(outcome, RegisterOutcome::Registered(_))
                } else {
                    matches!(storage.update(change).await, UserUpdateOutcome::Updated(_))
                }
            }
        })
        .await;
        assert_eq!(got_it.into_iter().filter(|got_it| *got_it).count(), 1, "an address has one account");
    }
}
