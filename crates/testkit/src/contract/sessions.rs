//! Cases of [`SessionRepository`](portcullis_domain::ports::SessionRepository).

use std::time::Duration;

use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{
    EndAllOutcome, FailureOutcome, LockoutPolicy, NewAccount, OpenOutcome, Rotation, RotationOutcome,
    SessionEnding, SessionOpening, SessionsEnding,
};
use portcullis_domain::{
    Client, Generation, Permissions, Principal, RoleName, Session, SessionLifetime, Timestamp, User,
    UserAgent,
};

use super::race::{CALLERS, ROUNDS, race};
use super::steps::{DAY, MINUTE, TICK, everything, opening};
use super::trail::Trail;
use crate::Storage;
use crate::fixtures::{
    LIFETIME, NOW, account, account_attempts, account_of, event, other_hash, password_hash, permission, role,
    session, session_opened_at, user,
};

const GRACE: Duration = Duration::from_secs(10);

fn rotation(session: &Session, generation: u32, now: Timestamp) -> Rotation {
    let generation = Generation::new(generation);
    let reuse = event(AuditKind::RefreshTokenReuse);
    Rotation { session: session.id, generation, now, lifetime: LIFETIME, grace: GRACE, reuse }
}

async fn rotate(storage: &Storage, session: &Session, generation: u32, now: Timestamp) -> RotationOutcome {
    storage.sessions.rotate(rotation(session, generation, now)).await.expect("rotate")
}

/// Rotates with success, and says who called.
async fn advance(storage: &Storage, session: &Session, generation: u32, now: Timestamp) -> Principal {
    match rotate(storage, session, generation, now).await {
        RotationOutcome::Current(principal) => *principal,
        outcome => panic!("generation {generation} is good: {outcome:?}"),
    }
}

/// A session opens only for an active account that still has the password which was checked. A refusal
/// stores nothing: no session, no login, no hash.
pub async fn a_session_opens_only_under_the_password_that_was_checked(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let inactive = storage.register(account("inactive@example.com")).await;
    storage.back_door.set_active(inactive.id, false).await;
    let invited = NewAccount { password_hash: None, ..account("invited@example.com") };
    let invited = storage.register(invited).await;
    let gone = user("gone@example.com");
    for (id, verified_hash, why) in [
        (ada.id, other_hash("since reset"), "the password was reset while it was being checked"),
        (inactive.id, password_hash(), "the account is inactive"),
        (invited.id, password_hash(), "the account has no password"),
        (gone.id, password_hash(), "the account is gone"),
    ] {
        let session = session(id);
        let opening = SessionOpening {
            verified_hash,
            renewed_hash: Some(other_hash("renewed")),
            ..opening(session.clone())
        };
        assert_eq!(storage.sessions.open(opening).await.expect("open"), OpenOutcome::Refused, "{why}");
        assert!(!storage.is_live(&session).await, "a refused session is not stored: {why}");
    }
    for (user, hash) in [(ada, Some(password_hash())), (invited, None)] {
        let stored = storage.stored(user.id).await;
        assert_eq!(stored.password_hash, hash, "a refusal renews no hash");
        assert_eq!(stored.user.last_login_at, None, "a refusal notes no login");
    }
}

/// The right password opens nothing during a lockout, and sets the count to zero outside of one. A refusal changes
/// nothing: no session, no login, no hash, and the count stays as it was.
pub async fn a_session_opens_only_while_no_lockout_holds(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let policy = LockoutPolicy { threshold: 3, duration: MINUTE };
    let wrong = async |moment| {
        let counted = storage.count_wrong_password(account_attempts(ada.id), moment, policy).await;
        assert!(matches!(counted, FailureOutcome::Admitted { .. }), "no lockout holds");
        counted == FailureOutcome::Admitted { locks: true }
    };
    for _ in 0..3 {
        assert!(!wrong(NOW).await && !wrong(NOW).await, "one more would lock");
        storage.sign_in(ada.id).await;
    }

    assert!(!wrong(NOW).await && !wrong(NOW).await);
    let since_reset = SessionOpening { verified_hash: other_hash("since reset"), ..opening(session(ada.id)) };
    assert_eq!(storage.sessions.open(since_reset).await.expect("open"), OpenOutcome::Refused);
    assert!(wrong(NOW).await, "what was refused sets no count to zero");

    let until = NOW + MINUTE;
    let before = storage.stored(ada.id).await.user;
    for moment in [NOW, until - TICK] {
        let session = session_opened_at(ada.id, moment);
        for verified_hash in [password_hash(), other_hash("since reset")] {
            let renewed_hash = Some(other_hash("renewed"));
            let opening = SessionOpening { verified_hash, renewed_hash, ..opening(session.clone()) };
            let outcome = storage.sessions.open(opening).await.expect("open");
            assert_eq!(outcome, OpenOutcome::Locked { until }, "locked to the last microsecond");
        }
        assert!(!storage.is_live(&session).await, "a refused session is not stored");
    }
    let stored = storage.stored(ada.id).await;
    assert_eq!(stored.user, before, "a refusal notes no login");
    assert_eq!(stored.password_hash, Some(password_hash()), "a refusal renews no hash");
    storage.sign_in_at(ada.id, until).await;
    assert!(!wrong(until).await && !wrong(until).await, "counted from zero");
}

/// Logins at once all open sessions, also after a wrong password.
pub async fn raced_logins_all_open_sessions(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let policy = LockoutPolicy { threshold: 2, duration: MINUTE };
    for _ in 0..ROUNDS {
        let counted = storage.count_wrong_password(account_attempts(ada.id), NOW, policy).await;
        assert_eq!(counted, FailureOutcome::Admitted { locks: false }, "counted from zero");
        let id = ada.id;
        let open = |_, storage: Storage| async move {
            storage.sessions.open(opening(session(id))).await.expect("open")
        };
        let outcomes = race(storage, open).await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, OpenOutcome::Opened(_))), "{outcomes:?}");
    }
}

/// A hash by today's settings replaces the outdated one with the login; without one, the hash stays.
pub async fn login_renews_the_hash(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    storage.sign_in(ada.id).await;
    assert_eq!(storage.stored(ada.id).await.password_hash, Some(password_hash()), "the hash stays");

    let renewed = other_hash("renewed");
    let renewing = SessionOpening { renewed_hash: Some(renewed.clone()), ..opening(session(ada.id)) };
    let outcome = storage.sessions.open(renewing).await.expect("open");
    assert!(matches!(outcome, OpenOutcome::Opened(_)));
    assert_eq!(storage.stored(ada.id).await.password_hash, Some(renewed.clone()), "the hash is renewed");
    assert_eq!(storage.stored(eve.id).await.password_hash, Some(password_hash()), "nobody else's is");
    let checked = SessionOpening { verified_hash: renewed, ..opening(session(ada.id)) };
    let outcome = storage.sessions.open(checked).await.expect("open");
    assert!(matches!(outcome, OpenOutcome::Opened(_)), "the renewed hash is the account's");
}

/// Every login is noted with its time, and the answer says so already.
pub async fn a_login_is_noted(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    for moment in [NOW + TICK, NOW + DAY] {
        let principal = storage.open(session_opened_at(ada.id, moment)).await;
        assert_eq!(principal.user.last_login_at, Some(moment), "the answer knows of the login");
        let wanted = User { last_login_at: Some(moment), ..ada.clone() };
        assert_eq!(storage.stored(ada.id).await.user, wanted, "the login is stored, and nothing besides");
    }
    assert_eq!(storage.stored(eve.id).await.user, eve, "nobody else signed in");
}

/// Everything about a session comes back as it was given, moments to the microsecond.
pub async fn a_session_is_kept_as_it_was_given(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let clients = [
        Client::default(),
        Client { ip: "203.0.113.7".parse().ok(), user_agent: None },
        Client { ip: "2001:db8::dead:beef".parse().ok(), user_agent: UserAgent::sanitized("curl/8.15.0") },
        Client { ip: "::ffff:198.51.100.4".parse().ok(), user_agent: UserAgent::sanitized("'; -- \\ \"\"") },
        Client { ip: None, user_agent: UserAgent::sanitized(&"🦊".repeat(UserAgent::MAX_CHARACTERS)) },
    ];
    for (number, client) in (0..).zip(clients) {
        let given = Session {
            generation: Generation::new(u32::MAX - number),
            created_at: NOW + TICK * number,
            last_used_at: NOW + TICK * 2,
            expires_at: NOW + DAY + TICK * 3,
            ends_at: Timestamp::MAX,
            client,
            ..session(ada.id)
        };
        let opened = storage.open(given.clone()).await;
        assert_eq!(opened.session, given, "the answer is the session as given");
        let principal = storage.caller(&given).await.expect("the session is live");
        assert_eq!(principal.session, given, "the session is stored as given");
        let listed = storage.sessions.list(ada.id, NOW).await.expect("list");
        assert!(listed.contains(&given), "the session is listed as given");
    }
}

/// A session that was ended lets nobody in, and nothing prolongs it.
pub async fn an_ended_session_has_no_principal(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    assert!(storage.end(ada.id, session.id, NOW).await, "it was live");
    assert_eq!(storage.caller(&session).await, None, "it lets nobody in");
    assert_eq!(rotate(storage, &session, 0, NOW).await, RotationOutcome::Unknown, "it cannot be refreshed");
    assert_eq!(storage.sessions.list(ada.id, NOW).await.expect("list"), [], "it is not listed");
    assert!(!storage.end(ada.id, session.id, NOW).await, "a session ends once");

    let never_opened = session_opened_at(ada.id, NOW);
    assert_eq!(storage.caller(&never_opened).await, None, "what was never opened lets nobody in");
    assert_eq!(rotate(storage, &never_opened, 0, NOW).await, RotationOutcome::Unknown);
}

/// Of 50 who end one session at once, one ended it.
pub async fn raced_endings_end_a_session_once(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    for _ in 0..ROUNDS {
        let session = storage.sign_in(ada.id).await;
        let ended =
            race(storage, |_, storage| async move { storage.end(session.user_id, session.id, NOW).await })
                .await;
        assert_eq!(ended.into_iter().filter(|ended| *ended).count(), 1, "a session ends once");
    }
}

/// A session is over at the very moment at which it expires, whether or not anything sweeps.
pub async fn expiry_is_checked_at_use(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let (last, over) = (session.expires_at - TICK, session.expires_at);
    let sessions = &storage.sessions;

    let principal = sessions.principal(session.id, last).await.expect("principal");
    assert!(principal.is_some(), "it is live until a microsecond before");
    assert_eq!(sessions.list(ada.id, last).await.expect("list").len(), 1);

    assert_eq!(sessions.principal(session.id, over).await.expect("principal"), None, "it lets nobody in");
    assert_eq!(sessions.list(ada.id, over).await.expect("list"), [], "it is not listed");
    assert!(!storage.end(ada.id, session.id, over).await, "it cannot be ended");
    let refused = rotate(storage, &session, 0, over).await;
    assert_eq!(refused, RotationOutcome::Unknown, "it cannot be refreshed");
    let principal = advance(storage, &session, 0, last).await;
    assert_eq!(principal.session.generation, Generation::new(1), "the refusal changed nothing");
}

/// The sessions of an inactive user are worth nothing, and nothing happens to them.
pub async fn an_inactive_user_has_no_principal(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    storage.back_door.set_active(ada.id, false).await;
    assert_eq!(storage.caller(&session).await, None, "an inactive user calls nothing");
    assert_eq!(rotate(storage, &session, 0, NOW).await, RotationOutcome::Unknown, "nor refreshes");
    storage.back_door.set_active(ada.id, true).await;
    let principal = advance(storage, &session, 0, NOW).await;
    assert_eq!(principal.session.generation, Generation::new(1), "the refusal changed nothing");
}

/// What somebody may do is what their roles allow at the moment of the call: the union over all roles
/// held, and everything for `admin`.
pub async fn authority_is_read_at_each_call(storage: &Storage) {
    storage.add_role("editors", &["reports:read", "reports:write"]).await;
    storage.add_role("auditors", &["audit:read", "reports:read"]).await;
    storage.add_role("nobody-holds-it", &["rockets:launch"]).await;
    storage.add_role("bare", &[]).await;
    let another_admin = User { roles: vec![RoleName::admin()], ..user("admin@example.com") };
    storage.register(account_of(another_admin)).await;

    let ada = User {
        roles: vec![role("auditors"), role("bare"), role("editors"), RoleName::user()],
        ..user("ada@example.com")
    };
    storage.register(account_of(ada.clone())).await;
    let bystander = storage.register(account("bystander@example.com")).await;
    let opened = storage.open(session(ada.id)).await;
    let session = opened.session.clone();
    let union = ["audit:read", "reports:read", "reports:write"].map(permission);
    assert_eq!(opened.user.roles, ada.roles, "roles are in alphabetical order");
    assert_eq!(opened.permissions, Permissions::only(union), "what any role allows is allowed");
    assert_eq!(storage.caller(&session).await, Some(opened), "every answer about the caller is the same");

    for taken in ["auditors", "bare", "editors"].map(role) {
        storage.take_role(ada.id, &taken).await;
    }
    let principal = storage.caller(&session).await.expect("the session is live");
    assert_eq!(principal.user.roles, [RoleName::user()], "a role that was taken away is gone at once");
    assert_eq!(principal.permissions, Permissions::only([]), "and so is what it allowed");

    storage.give_role(ada.id, &role("bare")).await;
    storage.give_role(ada.id, &RoleName::admin()).await;
    storage.take_role(ada.id, &RoleName::user()).await;
    let principal = advance(storage, &session, 0, NOW).await;
    let named = ["audit:read", "reports:read", "reports:write", "rockets:launch"].map(permission);
    assert_eq!(principal.user.roles, [RoleName::admin(), role("bare")]);
    assert_eq!(
        principal.permissions,
        Permissions::every(named),
        "`admin` is allowed everything, and lists what any role names, held or not",
    );

    storage.take_role(ada.id, &RoleName::admin()).await;
    let again = advance(storage, &session, 0, NOW).await;
    assert_eq!(again.permissions, Permissions::only([]), "a repeated answer is not an old one");
    let bystanders = storage.sign_in(bystander.id).await;
    let principal = storage.caller(&bystanders).await.expect("the session is live");
    assert_eq!(principal.permissions, Permissions::only([]), "nobody has what others' roles allow");
}

/// However many present one refresh token at once, they all get the same one successor.
pub async fn raced_rotation_has_one_successor(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    for round in 0..4 {
        let now = NOW + DAY * round;
        let outcomes = race(storage, |_, storage| {
            let rotation = rotation(&session, round, now);
            async move { storage.sessions.rotate(rotation).await.expect("rotate") }
        })
        .await;
        for outcome in outcomes {
            let RotationOutcome::Current(principal) = outcome else {
                panic!("everybody who presents the token within the grace gets its successor: {outcome:?}");
            };
            let successor = principal.session;
            assert_eq!(successor.generation, Generation::new(round + 1), "a generation has one successor");
            assert_eq!(successor.last_used_at, now, "everybody sees the rotation that took place");
        }
    }
    let principal = storage.sessions.principal(session.id, NOW + DAY * 4).await.expect("principal");
    let kept = principal.expect("the session goes on").session;
    assert_eq!(kept.generation, Generation::new(4), "each race advanced the session by one");
}

/// Within the grace, the immediate predecessor gets the current generation again and nothing changes.
pub async fn a_retry_within_the_grace_repeats(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let rotated_at = NOW + DAY;
    let rotated = advance(storage, &session, 0, rotated_at).await;
    // The last one is an instance whose clock is behind.
    for now in [rotated_at, rotated_at + GRACE / 2, rotated_at + GRACE - TICK, rotated_at - TICK] {
        let again = advance(storage, &session, 0, now).await;
        assert_eq!(again, rotated, "a retry is answered as the rotation was, and prolongs nothing");
    }
    let stored = storage.sessions.principal(session.id, rotated_at).await.expect("principal");
    assert_eq!(stored, Some(rotated), "a retry changes nothing");
    let next = advance(storage, &session, 1, rotated_at + TICK).await;
    assert_eq!(next.session.generation, Generation::new(2), "the chain goes on after a retry");
}

/// After the grace, the predecessor's return is theft: the session ends, and that is stored.
pub async fn a_retry_after_the_grace_ends_the_session(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let [session, other] = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    advance(storage, &session, 0, NOW).await;
    let late = NOW + GRACE;
    assert_eq!(rotate(storage, &session, 0, late).await, RotationOutcome::Reused(ada.id));
    assert!(!storage.is_live(&session).await, "the session is ended");
    assert_eq!(
        rotate(storage, &session, 1, late).await,
        RotationOutcome::Unknown,
        "the current token of an ended session is worth nothing",
    );
    assert!(storage.is_live(&other).await, "the user's other sessions go on");
}

/// A generation before the predecessor ends the session, the grace notwithstanding.
pub async fn an_older_generation_ends_the_session(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    advance(storage, &session, 0, NOW).await;
    advance(storage, &session, 1, NOW).await;
    assert_eq!(rotate(storage, &session, 0, NOW).await, RotationOutcome::Reused(ada.id));
    assert!(!storage.is_live(&session).await, "the session is ended");
    assert_eq!(rotate(storage, &session, 2, NOW).await, RotationOutcome::Unknown);
}

/// However an old generation is raced against the current one, the session is ended.
pub async fn raced_reuse_ends_the_session(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    for _ in 0..ROUNDS {
        let session = storage.sign_in(ada.id).await;
        advance(storage, &session, 0, NOW).await;
        advance(storage, &session, 1, NOW).await;
        let outcomes = race(storage, |caller, storage| {
            let generation = if caller % 2 == 0 { 0 } else { 2 };
            let rotation = rotation(&session, generation, NOW);
            async move { (generation, storage.sessions.rotate(rotation).await.expect("rotate")) }
        })
        .await;
        let reused = |outcome: &RotationOutcome| *outcome == RotationOutcome::Reused(ada.id);
        assert!(outcomes.iter().any(|(_, outcome)| reused(outcome)), "the theft is found");
        for (generation, outcome) in outcomes {
            let is_possible = match outcome {
                RotationOutcome::Unknown => true,
                RotationOutcome::Reused(_) => generation == 0,
                RotationOutcome::Current(_) => generation == 2,
            };
            assert!(is_possible, "generation {generation}: {outcome:?}");
        }
        assert!(!storage.is_live(&session).await, "the session is ended");
    }
}

/// A session that ends because a spent token came back leaves one event, which concerns its user, however
/// many present the token.
pub async fn a_reuse_is_in_the_trail(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    let mut trail = Trail::of(storage).await;
    for generation in [0, 1] {
        advance(storage, &session, generation, NOW).await;
    }
    advance(storage, &session, 1, NOW).await;
    rotate(storage, &session, 7, NOW).await;
    rotate(storage, &session, 0, session.ends_at).await;
    trail.gains_nothing("a rotation, a retry, or a token that is none").await;
    let reused = rotation(&session, 0, NOW);
    let outcome = storage.sessions.rotate(reused.clone()).await.expect("rotate");
    assert_eq!(outcome, RotationOutcome::Reused(ada.id));
    trail.gains([reused.reuse.about(ada.id)], "a reuse").await;
    rotate(storage, &session, 0, NOW).await;
    trail.gains_nothing("a token of a session that has ended").await;

    for _ in 0..ROUNDS {
        let session = storage.sign_in(ada.id).await;
        advance(storage, &session, 0, NOW).await;
        advance(storage, &session, 1, NOW).await;
        trail.news().await;
        race(storage, |_, storage| {
            let rotation = rotation(&session, 0, NOW);
            async move { storage.sessions.rotate(rotation).await.expect("rotate") }
        })
        .await;
        let [reuse] = &trail.news().await[..] else { panic!("a session ends once") };
        assert_eq!((reuse.kind, reuse.subject), (AuditKind::RefreshTokenReuse, Some(ada.id)));
    }
}

/// A generation that the session never had is refused, and nothing changes.
pub async fn a_generation_that_never_was_changes_nothing(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let session = storage.sign_in(ada.id).await;
    for generation in [1, 2, u32::MAX] {
        let refused = rotate(storage, &session, generation, NOW).await;
        assert_eq!(refused, RotationOutcome::Unknown, "generation {generation}");
    }
    let principal = advance(storage, &session, 0, NOW).await;
    assert_eq!(principal.session.generation, Generation::new(1), "the session goes on as it was");
}

/// A session can be rotated as often as a generation can count.
pub async fn generations_reach_the_end_of_their_range(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    for before in [i32::MAX.cast_unsigned(), u32::MAX - 1] {
        let given = Session { generation: Generation::new(before), ..session(ada.id) };
        storage.open(given.clone()).await;
        let principal = advance(storage, &given, before, NOW).await;
        assert_eq!(principal.session.generation, Generation::new(before + 1));
        assert_eq!(storage.caller(&given).await, Some(principal), "a large generation is kept");
    }
}

/// Each rotation prolongs the session by its idle lifetime, but never past its absolute end, and
/// keeps all else.
pub async fn rotation_prolongs_up_to_the_absolute_end(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let opened = storage.sign_in(ada.id).await;
    let mut wanted = opened.clone();
    let mut now = NOW;
    for generation in 0.. {
        now = (now + DAY * 29).min(opened.ends_at - TICK);
        wanted.generation = Generation::new(generation + 1);
        wanted.last_used_at = now;
        wanted.expires_at = (now + LIFETIME.idle).min(opened.ends_at);
        let rotated = advance(storage, &opened, generation, now).await.session;
        assert_eq!(rotated, wanted, "a rotation prolongs, and notes the time, and nothing besides");
        if wanted.expires_at == opened.ends_at && now == opened.ends_at - TICK {
            break;
        }
    }
    let after = storage.sessions.principal(opened.id, opened.ends_at).await.expect("principal");
    assert_eq!(after, None, "however often it is refreshed, a session ends");

    let short = SessionLifetime { idle: Duration::from_mins(1), ..LIFETIME };
    let session = storage.sign_in(ada.id).await;
    let shortened = Rotation { lifetime: short, ..rotation(&session, 0, NOW) };
    let outcome = storage.sessions.rotate(shortened).await.expect("rotate");
    let RotationOutcome::Current(principal) = outcome else { panic!("the token is good: {outcome:?}") };
    assert_eq!(
        principal.session.expires_at,
        NOW + short.idle,
        "the lifetime in force at the rotation counts"
    );
}

/// However logout and refresh are raced, no session is left.
pub async fn raced_rotation_and_logout_leave_no_session(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    for round in 0..ROUNDS {
        let session = storage.sign_in(ada.id).await;
        let outcomes = race(storage, |caller, storage| {
            let rotation = rotation(&session, 0, NOW);
            async move {
                if caller != CALLERS / 2 {
                    return Some(storage.sessions.rotate(rotation).await.expect("rotate"));
                }
                if round % 2 == 0 {
                    let ended = storage.end(ada.id, rotation.session, NOW).await;
                    assert!(ended, "the session is live until the logout, refreshed or not");
                } else {
                    storage.end_all(ada.id).await;
                }
                None
            }
        })
        .await;
        for outcome in outcomes.into_iter().flatten() {
            assert!(
                !matches!(outcome, RotationOutcome::Reused(_)),
                "nobody presented an old token: {outcome:?}"
            );
        }
        assert!(!storage.is_live(&session).await, "a refresh does not bring back what a logout ended");
        assert_eq!(storage.sessions.list(ada.id, NOW).await.expect("list"), []);
    }
}

/// A user sees their own live sessions, the newest first.
pub async fn sessions_are_listed_newest_first(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let oldest = storage.sign_in_at(ada.id, NOW - DAY).await;
    let newest = storage.sign_in_at(ada.id, NOW).await;
    let middle = storage.sign_in_at(ada.id, NOW - TICK).await;
    storage.sign_in_at(ada.id, NOW - LIFETIME.idle).await;
    storage.sign_in(eve.id).await;
    // A refresh makes no session newer.
    let refreshed = advance(storage, &oldest, 0, NOW).await.session;
    let listed = storage.sessions.list(ada.id, NOW).await.expect("list");
    assert_eq!(listed, [newest, middle, refreshed], "own, live, by the time of opening");
}

/// Nobody ends a session that is not theirs.
pub async fn somebody_elses_session_stays(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let adas = storage.sign_in(ada.id).await;
    assert!(!storage.end(eve.id, adas.id, NOW).await, "it is not hers to end");
    assert!(storage.is_live(&adas).await, "somebody else's session stays");
}

/// Ending all sessions ends every one of the user's and none of anybody else's.
pub async fn ending_all_sessions_spares_those_of_others(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let adas = [storage.sign_in(ada.id).await, storage.sign_in(ada.id).await];
    let eves = storage.sign_in(eve.id).await;
    for _ in 0..2 {
        storage.end_all(ada.id).await;
        for session in &adas {
            assert!(!storage.is_live(session).await, "every session of the user is ended");
        }
        assert!(storage.is_live(&eves).await, "nobody else's is");
    }
}

/// Who is not there has no sessions to end.
pub async fn ending_all_sessions_of_nobody_is_told(storage: &Storage) {
    let user = user("nobody@example.com").id;
    let event = event(AuditKind::LogoutAll).about(user);
    let ending = SessionsEnding { user, authority: everything(), event };
    assert_eq!(storage.sessions.end_all(ending).await.expect("end"), EndAllOutcome::NotFound);
}

/// Each login and each logout comes with its event, and what opens or ends nothing with none.
pub async fn logins_and_logouts_are_in_the_trail(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let eve = storage.register(account("eve@example.com")).await;
    let mut trail = Trail::of(storage).await;
    let login = opening(session(ada.id));
    storage.sessions.open(login.clone()).await.expect("open");
    trail.gains([login.event], "a login").await;
    let refused = SessionOpening { verified_hash: other_hash("wrong"), ..opening(session(ada.id)) };
    storage.sessions.open(refused).await.expect("open");
    trail.gains_nothing("a login that is refused").await;

    let ending = |user| {
        let event = event(AuditKind::Logout).about(user);
        SessionEnding { user, session: login.session.id, now: NOW, event }
    };
    storage.sessions.end(ending(eve.id)).await.expect("end");
    trail.gains_nothing("somebody else's session").await;
    let logout = ending(ada.id);
    storage.sessions.end(logout.clone()).await.expect("end");
    trail.gains([logout.event], "a logout").await;
    storage.sessions.end(ending(ada.id)).await.expect("end");
    trail.gains_nothing("a session that has ended").await;
    let session = storage.sign_in(ada.id).await;
    trail.news().await;
    race(storage, |_, storage| async move { storage.end(session.user_id, session.id, NOW).await }).await;
    assert_eq!(trail.news().await.len(), 1, "a session ends once");

    let ending = |user, authority| {
        let event = event(AuditKind::LogoutAll).about(user);
        SessionsEnding { user, authority, event }
    };
    for why in ["with sessions", "without any"] {
        let logout = ending(ada.id, everything());
        storage.sessions.end_all(logout.clone()).await.expect("end");
        trail.gains([logout.event], &format!("a logout everywhere, {why}")).await;
    }
    storage.give_role(eve.id, &RoleName::admin()).await;
    trail.news().await;
    let nobody = user("nobody@example.com").id;
    for refused in [ending(eve.id, Permissions::only([])), ending(nobody, everything())] {
        storage.sessions.end_all(refused).await.expect("end");
    }
    trail.gains_nothing("a refused logout everywhere").await;
}

/// Expired sessions are deleted in batches no larger than asked for, and live ones never.
pub async fn expired_sessions_are_deleted_in_batches(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let mut expired = Vec::new();
    for _ in 0..5 {
        expired.push(storage.sign_in_at(ada.id, NOW - LIFETIME.idle - TICK).await);
    }
    let live = storage.sign_in_at(ada.id, NOW - LIFETIME.idle + TICK).await;
    let mut deleted = Vec::new();
    for _ in 0..4 {
        deleted.push(storage.sessions.delete_expired(NOW, 2).await.expect("delete"));
    }
    assert_eq!(deleted, [2, 2, 1, 0], "a batch is as large as asked for, until nothing is left");
    for session in expired {
        let before = storage.sessions.principal(session.id, session.created_at).await.expect("principal");
        assert_eq!(before, None, "what was deleted is gone");
    }
    assert!(storage.is_live(&live).await, "a live session is never deleted");
}
