//! Events as they are kept, found and deleted.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use portcullis_domain::audit::AuditOutcome::{Failure, Success};
use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome, FailureReason};
use portcullis_domain::ports::{AuditQuery, AuditTally, DayCount};
use portcullis_domain::{AuditEventId, Client, Timestamp, UserAgent};
use uuid::Uuid;

use crate::Storage;
use crate::contract::race::{CALLERS, race};
use crate::contract::steps::{DAY, TICK};
use crate::contract::trail::{EVERYTHING, Trail};
use crate::fixtures::{NOW, account, event, event_at, user};

async fn append(storage: &Storage, event: &AuditEvent) {
    storage.audit_trail.append(event.clone()).await.expect("append");
}

async fn list(storage: &Storage, query: AuditQuery) -> Vec<AuditEvent> {
    let listed = storage.audit_trail.list(query).await.expect("list");
    assert!(listed.len() as u64 <= query.limit.into(), "a page has {} events at most", query.limit);
    let goes_on = listed.iter().all(|event| query.before.is_none_or(|before| event.id < before));
    assert!(goes_on, "a page goes on after the one before it");
    listed
}

/// All that a query asks for, page by page.
async fn list_in_pages(storage: &Storage, query: AuditQuery) -> Vec<AuditEvent> {
    let (mut listed, mut before) = (Vec::new(), query.before);
    loop {
        let page = list(storage, AuditQuery { before, ..query }).await;
        let Some(last) = page.last() else {
            return listed;
        };
        before = Some(last.id);
        listed.extend(page);
    }
}

/// Everything about an event comes back as it was given, whatever its kind, and whoever it is of is there or
/// not.
pub async fn events_are_kept_as_they_were_given(storage: &Storage) {
    let ada = storage.register(account("ada@example.com")).await;
    let gone = user("gone@example.com");
    let mut trail = Trail::of(storage).await;
    let mut given: Vec<_> = AuditKind::ALL.iter().map(|&kind| event(kind)).collect();
    given.push(AuditEvent {
        at: Timestamp::MAX,
        actor: Some(gone.id),
        client: Client {
            ip: "2001:db8::dead:beef".parse().ok(),
            user_agent: UserAgent::sanitized(&"🦊".repeat(UserAgent::MAX_CHARACTERS)),
        },
        ..event(AuditKind::UserDeletion).about(gone.id)
    });
    let at_once =
        Client { ip: "::ffff:198.51.100.4".parse().ok(), user_agent: UserAgent::sanitized("'; -- \\ \"") };
    given.push(AuditEvent { client: at_once, ..event(AuditKind::Login).about(ada.id) });
    given.push(AuditEvent { at: Timestamp::MIN, client: Client::default(), ..event(AuditKind::Logout) });
    given.push(
        event_at(AuditKind::Login, NOW + TICK)
            .failed(FailureReason::WrongPassword)
            .with("fields", "name,email")
            .with("", "an empty name")
            .with("empty", "")
            .with("zwölf \"'{}[]\\", "'; -- \"\\\n\t 🦊 \u{10FFFF}")
            .with("long", "x".repeat(10_000)),
    );
    for event in &given {
        append(storage, event).await;
    }
    given.sort_unstable_by_key(|event| event.id);
    assert_eq!(trail.news().await, given, "every field is kept, moments to the microsecond");

    let again = AuditEvent { kind: AuditKind::Login, ..given[0].clone() };
    assert!(storage.audit_trail.append(again).await.is_err(), "an id names one event for good");
    let appended = race(storage, |_, storage| async move {
        let event = event(AuditKind::Login);
        append(&storage, &event).await;
        event.id
    })
    .await;
    let news = trail.news().await.into_iter().map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(news.len(), CALLERS, "none is lost");
    assert!(appended.iter().all(|id| news.contains(id)), "each is among them");
}

/// Events are found by who did them or whom they concern, by what they are, and by when they happened, to the
/// microsecond; and by all of it together.
pub async fn events_are_found_by_user_kind_and_time(storage: &Storage) {
    let [ada, eve, nobody] = ["ada", "eve", "nobody"].map(|name| user(&format!("{name}@example.com")).id);
    let kinds = [AuditKind::Login, AuditKind::Logout, AuditKind::UserUpdate];
    let millisecond = Duration::from_millis(1);
    let moments = [NOW - DAY, NOW - millisecond, NOW - TICK, NOW, NOW + TICK, NOW + millisecond, NOW + DAY];
    let parties = [
        (None, None),
        (Some(ada), None),
        (None, Some(ada)),
        (Some(ada), Some(ada)),
        (Some(ada), Some(eve)),
        (Some(eve), Some(ada)),
    ];
    let mut events = Vec::new();
    for (number, (actor, subject)) in parties.into_iter().enumerate() {
        for (moment_number, moment) in moments.into_iter().enumerate() {
            let kind = kinds[(number + moment_number) % kinds.len()];
            events.push(AuditEvent { actor, subject, ..event_at(kind, moment) });
        }
    }
    for event in &events {
        append(storage, event).await;
    }
    events.sort_unstable_by_key(|event| Reverse(event.id));
    let from = [None, Some(NOW - millisecond), Some(NOW), Some(NOW + TICK)];
    let to = [None, Some(NOW - DAY), Some(NOW), Some(NOW + TICK), Some(NOW + DAY), Some(Timestamp::MAX)];
    for user in [None, Some(ada), Some(eve), Some(nobody)] {
        for kind in [None, Some(AuditKind::Login), Some(AuditKind::SigningKeyRotation)] {
            for (since, until) in from.iter().flat_map(|since| to.map(|until| (*since, until))) {
                let query = AuditQuery { user, kind, since, until, ..EVERYTHING };
                let is_asked_for = |event: &&AuditEvent| {
                    user.is_none_or(|user| event.actor == Some(user) || event.subject == Some(user))
                        && kind.is_none_or(|kind| event.kind == kind)
                        && since.is_none_or(|since| since <= event.at)
                        && until.is_none_or(|until| event.at < until)
                };
                let wanted: Vec<_> = events.iter().filter(is_asked_for).cloned().collect();
                assert_eq!(list(storage, query).await, wanted, "{query:?}");
            }
        }
    }
}

/// Events come by their ids, the greatest first, each once, in pages as long as was asked for.
pub async fn events_are_listed_in_pages(storage: &Storage) {
    let [ada, eve] = ["ada", "eve"].map(|name| user(&format!("{name}@example.com")).id);
    let mut events = Vec::new();
    for number in 0..40_u32 {
        let moment = NOW + Duration::from_secs((number / 3).into());
        let kind = if number % 4 == 0 { AuditKind::Login } else { AuditKind::Logout };
        let actor = [None, Some(ada), Some(eve)][number as usize % 3];
        let subject = [None, Some(ada)][number as usize % 2];
        events.push(AuditEvent { actor, subject, ..event_at(kind, moment) });
    }
    for event in &events {
        append(storage, event).await;
    }
    events.sort_unstable_by_key(|event| Reverse(event.id));
    for limit in [1, 3, 39, 40, 41] {
        let query = AuditQuery { limit, ..EVERYTHING };
        assert_eq!(list_in_pages(storage, query).await, events, "in pages of {limit}");
        let of_user = AuditQuery { user: Some(ada), ..query };
        let adas = |event: &&AuditEvent| [event.actor, event.subject].contains(&Some(ada));
        let wanted: Vec<_> = events.iter().filter(adas).cloned().collect();
        assert_eq!(list_in_pages(storage, of_user).await, wanted, "of a user, in pages of {limit}");
        let of_kind = AuditQuery { kind: Some(AuditKind::Login), ..query };
        let wanted: Vec<_> = events.iter().filter(|event| event.kind == AuditKind::Login).cloned().collect();
        assert_eq!(list_in_pages(storage, of_kind).await, wanted, "of a kind, in pages of {limit}");
        let since = Some(NOW + Duration::from_secs(5));
        let wanted: Vec<_> = events.iter().filter(|event| Some(event.at) >= since).cloned().collect();
        let of_late = AuditQuery { since, ..query };
        assert_eq!(list_in_pages(storage, of_late).await, wanted, "of late, in pages of {limit}");
    }
    let [least, greatest] = [Uuid::nil(), Uuid::max()].map(AuditEventId::from);
    assert_eq!(list(storage, AuditQuery { before: Some(least), ..EVERYTHING }).await, []);
    let page = list(storage, AuditQuery { before: Some(greatest), limit: 3, ..EVERYTHING }).await;
    assert_eq!(page, events[..3], "whichever event has the id, or none");
}

/// What a tally came to: on which day, with which outcome, how many. Each day and outcome is told once.
async fn tally(storage: &Storage, since: Timestamp, at_most: u32) -> HashSet<(Timestamp, AuditOutcome, u64)> {
    let tally = AuditTally { kind: AuditKind::Login, since, at_most };
    let counts = storage.audit_trail.count_by_day(tally).await.expect("count");
    let told: HashSet<_> =
        counts.iter().map(|DayCount { day, outcome, events }| (*day, *outcome, *events)).collect();
    let groups: HashSet<_> = told.iter().map(|(day, outcome, _)| (*day, *outcome)).collect();
    assert_eq!(groups.len(), counts.len(), "each day and outcome is told once: {counts:?}");
    told
}

/// Events of one kind are counted by the day in UTC, to the microsecond, and by what came of them.
pub async fn events_are_counted_by_day_and_outcome(storage: &Storage) {
    let today = NOW.start_of_day();
    let login = |moment| event_at(AuditKind::Login, moment);
    let failed = |moment| login(moment).failed(FailureReason::WrongPassword);
    let yesterday = today - DAY;
    for event in [
        login(yesterday - TICK),
        login(yesterday),
        login(today - TICK),
        failed(today - TICK),
        failed(today - TICK),
        login(today),
        login(today + TICK),
        login(today + DAY - TICK),
        failed(today + DAY),
        event_at(AuditKind::Registration, today),
    ] {
        append(storage, &event).await;
    }
    let of_yesterday = [(yesterday, Success, 2), (yesterday, Failure, 2)];
    let later = [(today, Success, 3), (today + DAY, Failure, 1)];
    let before = [(yesterday - DAY, Success, 1)];
    let all = before.into_iter().chain(of_yesterday).chain(later).collect();
    assert_eq!(tally(storage, Timestamp::MIN, 100).await, all);
    let late = of_yesterday.into_iter().chain(later).collect();
    assert_eq!(tally(storage, yesterday, 100).await, late, "since a moment, which is among them");
    assert_eq!(tally(storage, today - TICK, 100).await.len(), 4, "within a day");
    assert_eq!(tally(storage, today + DAY + TICK, 100).await, HashSet::new());
}

/// Of more events than are counted at most, the newest count.
pub async fn the_newest_events_are_counted(storage: &Storage) {
    let today = NOW.start_of_day();
    for number in 0..7_u32 {
        append(storage, &event_at(AuditKind::Login, today - DAY + Duration::from_hours(6) * number)).await;
    }
    let (yesterday, newest) = (today - DAY, (today, Success, 3));
    assert_eq!(tally(storage, Timestamp::MIN, 3).await, HashSet::from([newest]));
    assert_eq!(tally(storage, Timestamp::MIN, 5).await, HashSet::from([newest, (yesterday, Success, 2)]));
    assert_eq!(tally(storage, Timestamp::MIN, 7).await, HashSet::from([newest, (yesterday, Success, 4)]));
    assert_eq!(tally(storage, Timestamp::MIN, u32::MAX).await.len(), 2);
}

/// Events that are old enough are deleted, the oldest first, in batches no larger than asked for; others
/// never.
pub async fn old_events_are_deleted_in_batches(storage: &Storage) {
    let old: Vec<_> = (1..=5).rev().map(|number| event_at(AuditKind::Login, NOW - DAY * number)).collect();
    let just_old = event_at(AuditKind::Login, NOW - TICK);
    let kept = [NOW, NOW + TICK, NOW + DAY].map(|moment| event_at(AuditKind::Login, moment));
    for event in kept.iter().rev().chain([&just_old]).chain(&old) {
        append(storage, event).await;
    }
    let left = async || {
        let mut left = list(storage, EVERYTHING).await;
        left.sort_unstable_by_key(|event| event.at);
        left
    };
    let remaining = |deleted: usize| {
        old[deleted.min(5)..]
            .iter()
            .chain((deleted < 6).then_some(&just_old))
            .chain(&kept)
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(storage.audit_trail.delete_older(NOW - DAY * 5, 2).await.expect("delete"), 0, "none is older");
    let mut deleted = 0;
    for wanted in [2, 2, 2, 0] {
        assert_eq!(storage.audit_trail.delete_older(NOW, 2).await.expect("delete"), wanted);
        deleted += wanted as usize;
        assert_eq!(left().await, remaining(deleted), "the oldest go first");
    }
}
