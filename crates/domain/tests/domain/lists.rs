use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_domain::audit::AuditKind::{Login, UserCreation, UserUpdate};
use portcullis_domain::audit::{AuditEvent, AuditOutcome};
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::{
    AuditQuery, AuditTally, AuditTrail, Clock as _, DayCount, StorageError, UserFilter,
};
use portcullis_domain::use_cases::{
    AuditDay, AuditFilter, CountAuditEvents, CreateUserCommand, ListAuditEventsError, ListUsersError,
    UpdateUserCommand,
};
use portcullis_domain::{Actor, Page, PageLimit, ProfileNames, SearchPrefix, Timestamp, User};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::{self, PASSWORD, new_user};

use crate::ADA;

fn at_most(items: u32) -> PageLimit {
    PageLimit::new(items).unwrap()
}

fn prefix(text: &str) -> UserFilter {
    UserFilter { prefix: Some(SearchPrefix::parse(text).unwrap()), ..UserFilter::default() }
}

async fn users(
    domain: &TestDomain,
    filter: &UserFilter,
    cursor: Option<&str>,
    items: u32,
) -> Result<Page<User>, ListUsersError> {
    domain.use_cases.list_users.list(filter.clone(), cursor, at_most(items)).await
}

async fn events(
    domain: &TestDomain,
    filter: AuditFilter,
    cursor: Option<&str>,
    items: u32,
) -> Result<Page<AuditEvent>, ListAuditEventsError> {
    domain.use_cases.list_audit_events.list(filter, cursor, at_most(items)).await
}

/// The local parts of the addresses of all users that the filter lets through, in their order.
async fn found(domain: &TestDomain, filter: UserFilter) -> Vec<String> {
    let page = users(domain, &filter, None, 200).await.unwrap();
    page.items.iter().map(|user| user.email.canonical_local_part().to_owned()).collect()
}

/// Accounts made a second after each other.
async fn made_in_order(domain: &TestDomain, names: &[&str]) {
    for name in names {
        domain.clock.advance(Duration::from_secs(1));
        domain.made(&format!("{name}@example.com"), &[]).await;
    }
}

#[test]
fn a_page_has_1_to_200_items_and_50_unless_asked_otherwise() {
    assert_eq!(PageLimit::default().get(), 50);
    assert_eq!(PageLimit::new(0), None);
    assert_eq!(PageLimit::new(1).unwrap().get(), 1);
    assert_eq!(PageLimit::new(200).unwrap().get(), PageLimit::MAX);
    assert_eq!(PageLimit::new(201), None);
}

#[tokio::test]
async fn users_come_newest_first_a_page_at_a_time() {
    let domain = TestDomain::new();
    made_in_order(&domain, &["a", "b", "c", "d", "e"]).await;
    let filter = UserFilter::default();
    let (mut seen, mut sizes, mut cursor) = (Vec::new(), Vec::new(), None);
    loop {
        let page = users(&domain, &filter, cursor.as_deref(), 2).await.unwrap();
        sizes.push(page.items.len());
        seen.extend(page.items.into_iter().map(|user| user.email.canonical_local_part().to_owned()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["e", "d", "c", "b", "a"]);
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test]
async fn a_full_page_that_ends_the_list_has_no_cursor() {
    let domain = TestDomain::new();
    made_in_order(&domain, &["a", "b"]).await;
    let page = users(&domain, &UserFilter::default(), None, 2).await.unwrap();
    assert_eq!((page.items.len(), page.next_cursor), (2, None));
    let page = users(&domain, &UserFilter::default(), None, 1).await.unwrap();
    assert!(page.next_cursor.is_some());
    let page = users(&domain, &prefix("nobody"), None, 1).await.unwrap();
    assert_eq!((page.items.len(), page.next_cursor), (0, None));
}

#[tokio::test]
async fn users_are_found_by_how_their_names_begin() {
    let domain = TestDomain::new();
    let named = CreateUserCommand {
        username: Some(fixtures::username("Countess")),
        profile: ProfileNames {
            name: Some(fixtures::name("Lady Lovelace")),
            first_name: Some(fixtures::name("Augusta")),
            last_name: Some(fixtures::name("King")),
        },
        ..new_user(ADA)
    };
    domain.use_cases.create_user.create(&Actor::operator(), named).await.unwrap();
    made_in_order(&domain, &["eve"]).await;
    for text in ["ADA", "count", "lady l", "aug", "KING", "ada@example.com"] {
        assert_eq!(found(&domain, prefix(text)).await, ["ada"], "{text}");
    }
    for text in ["da", "lovelace", "ada@example.com1"] {
        assert!(found(&domain, prefix(text)).await.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn users_are_filtered_by_role_and_state() {
    let domain = TestDomain::new();
    domain.role("editor", &[]).await;
    domain.made("editor@example.com", &["editor"]).await;
    let unverified = CreateUserCommand { email_verified: false, ..new_user("unverified@example.com") };
    domain.use_cases.create_user.create(&Actor::operator(), unverified).await.unwrap();
    let disabled = CreateUserCommand { is_active: false, ..new_user("disabled@example.com") };
    domain.use_cases.create_user.create(&Actor::operator(), disabled).await.unwrap();
    let all = UserFilter::default;
    let sorted = async |filter| found(&domain, filter).await.into_iter().collect::<BTreeSet<_>>();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<BTreeSet<_>>();

    let editors = UserFilter { role: Some(fixtures::role("editor")), ..all() };
    assert_eq!(sorted(editors.clone()).await, names(&["editor"]));
    let unverified = UserFilter { email_verified: Some(false), ..all() };
    assert_eq!(sorted(unverified).await, names(&["unverified"]));
    let verified = UserFilter { email_verified: Some(true), ..all() };
    assert_eq!(sorted(verified).await, names(&["editor", "disabled"]));
    let disabled = UserFilter { is_active: Some(false), ..all() };
    assert_eq!(sorted(disabled).await, names(&["disabled"]));
    let active = UserFilter { is_active: Some(true), ..all() };
    assert_eq!(sorted(active).await, names(&["editor", "unverified"]));
    assert!(found(&domain, UserFilter { is_active: Some(false), ..editors }).await.is_empty());
}

#[tokio::test]
async fn a_role_that_nobody_can_hold_is_told() {
    let domain = TestDomain::new();
    let filter = UserFilter { role: Some(fixtures::role("ghost")), ..UserFilter::default() };
    assert!(matches!(users(&domain, &filter, None, 1).await, Err(ListUsersError::UnknownRole)));
}

#[tokio::test]
async fn a_cursor_that_was_made_up_is_refused() {
    let domain = TestDomain::new();
    made_in_order(&domain, &["a", "b"]).await;
    let filter = UserFilter::default();
    let good = users(&domain, &filter, None, 1).await.unwrap().next_cursor.unwrap();
    users(&domain, &filter, Some(&good), 1).await.unwrap();
    for position in 0..good.len() {
        let twin = if good[position..].starts_with('A') { "B" } else { "A" };
        let mut changed = good.clone();
        changed.replace_range(position..=position, twin);
        let refused = users(&domain, &filter, Some(&changed), 1).await;
        assert!(matches!(refused, Err(ListUsersError::InvalidCursor)), "{position}");
        let refused = events(&domain, AuditFilter::default(), Some(&changed), 1).await;
        assert!(matches!(refused, Err(ListAuditEventsError::InvalidCursor)), "{position}");
    }
    for text in ["", "nonsense", &good[1..], &format!("{good}A"), &format!("{good}=")] {
        let refused = users(&domain, &filter, Some(text), 1).await;
        assert!(matches!(refused, Err(ListUsersError::InvalidCursor)), "{text}");
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_one_list() {
    let domain = TestDomain::new();
    made_in_order(&domain, &["a", "b"]).await;
    let of_users = users(&domain, &UserFilter::default(), None, 1).await.unwrap().next_cursor.unwrap();
    let of_events = events(&domain, AuditFilter::default(), None, 1).await.unwrap().next_cursor.unwrap();
    let refused = events(&domain, AuditFilter::default(), Some(&of_users), 1).await;
    assert!(matches!(refused, Err(ListAuditEventsError::InvalidCursor)));
    let refused = users(&domain, &UserFilter::default(), Some(&of_events), 1).await;
    assert!(matches!(refused, Err(ListUsersError::InvalidCursor)));
}

#[tokio::test]
async fn a_cursor_belongs_to_one_filter_of_users() {
    let domain = TestDomain::new();
    made_in_order(&domain, &["ada", "ada2", "ada3"]).await;
    let all = UserFilter::default;
    let filters = [
        all(),
        prefix("ada"),
        prefix("ad"),
        UserFilter { role: Some(fixtures::role("user")), ..all() },
        prefix("user"),
        UserFilter { email_verified: Some(true), ..all() },
        UserFilter { is_active: Some(true), ..all() },
        UserFilter { is_active: Some(false), ..all() },
    ];
    for filter in &filters {
        let Some(cursor) = users(&domain, filter, None, 1).await.unwrap().next_cursor else {
            continue;
        };
        for other in &filters {
            let answer = users(&domain, other, Some(&cursor), 1).await;
            let refused = matches!(answer, Err(ListUsersError::InvalidCursor));
            assert_eq!(refused, other != filter, "{filter:?} {other:?}");
        }
    }
}

#[tokio::test]
async fn a_cursor_goes_on_with_pages_of_another_size() {
    let domain = TestDomain::new();
    made_in_order(&domain, &["a", "b", "c"]).await;
    let cursor = users(&domain, &UserFilter::default(), None, 1).await.unwrap().next_cursor;
    let rest = users(&domain, &UserFilter::default(), cursor.as_deref(), 200).await.unwrap();
    assert_eq!((rest.items.len(), rest.next_cursor), (2, None));
}

#[tokio::test]
async fn events_come_newest_first_a_page_at_a_time() {
    let domain = TestDomain::new();
    made_in_order(&domain, &["a", "b", "c"]).await;
    let filter = AuditFilter { kind: Some(UserCreation), ..AuditFilter::default() };
    let first = events(&domain, filter, None, 2).await.unwrap();
    let second = events(&domain, filter, first.next_cursor.as_deref(), 2).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), &second.next_cursor), (2, 1, &None));
    let seen: Vec<_> = first.items.into_iter().chain(second.items).collect();
    let mut told = domain.audit_observer.told();
    told.reverse();
    assert_eq!(seen, told);
}

#[tokio::test]
async fn events_are_filtered_by_user_kind_and_time() {
    let domain = TestDomain::new();
    let root = domain.made("root@example.com", &["admin"]).await;
    domain.clock.advance(Duration::from_secs(1));
    let actor = domain.actor("root@example.com").await;
    domain.clock.advance(Duration::from_secs(1));
    let begin = domain.clock.now();
    let ada = domain.use_cases.create_user.create(&actor, new_user(ADA)).await.unwrap();
    domain.clock.advance(Duration::from_secs(1));
    let end = domain.clock.now();
    domain.login(ADA, PASSWORD).await.unwrap();
    let kinds = async |filter| {
        let page = events(&domain, filter, None, 200).await.unwrap();
        page.items.into_iter().map(|event| event.kind).collect::<Vec<_>>()
    };
    let all = AuditFilter::default;
    assert_eq!(kinds(all()).await, [Login, UserCreation, Login, UserCreation]);
    assert_eq!(kinds(AuditFilter { kind: Some(Login), ..all() }).await, [Login, Login]);
    let by_ada = AuditFilter { user: Some(ada.id), ..all() };
    assert_eq!(kinds(by_ada).await, [Login, UserCreation]);
    let by_root = AuditFilter { user: Some(root.id), ..all() };
    assert_eq!(
        kinds(by_root).await,
        [UserCreation, Login, UserCreation],
        "as who did it or whom it concerns"
    );
    assert_eq!(kinds(AuditFilter { since: Some(begin), ..all() }).await, [Login, UserCreation]);
    assert_eq!(kinds(AuditFilter { until: Some(begin), ..all() }).await, [Login, UserCreation]);
    let between = AuditFilter { since: Some(begin), until: Some(end), ..all() };
    assert_eq!(kinds(between).await, [UserCreation]);
    assert!(kinds(AuditFilter { since: Some(end), until: Some(end), ..all() }).await.is_empty());
}

#[tokio::test]
async fn a_cursor_belongs_to_one_filter_of_events() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await;
    let touched = UpdateUserCommand { is_active: Some(true), ..UpdateUserCommand::default() };
    for _ in 0..2 {
        domain.use_cases.update_user.update(&Actor::operator(), ada.id, touched.clone()).await.unwrap();
    }
    let now = domain.clock.now();
    let later = now + Duration::from_micros(1);
    let all = AuditFilter::default;
    let filters = [
        all(),
        AuditFilter { user: Some(ada.id), ..all() },
        AuditFilter { kind: Some(UserUpdate), ..all() },
        AuditFilter { since: Some(now), ..all() },
        AuditFilter { since: Some(now - Duration::from_micros(1)), ..all() },
        AuditFilter { until: Some(later), ..all() },
    ];
    for filter in filters {
        let cursor = events(&domain, filter, None, 1).await.unwrap().next_cursor.unwrap();
        for other in filters {
            let answer = events(&domain, other, Some(&cursor), 1).await;
            let refused = matches!(answer, Err(ListAuditEventsError::InvalidCursor));
            assert_eq!(refused, other != filter, "{filter:?} {other:?}");
        }
    }
}

#[tokio::test]
async fn events_are_counted_for_each_of_the_last_thirty_days() {
    const DAY: Duration = Duration::from_hours(24);
    let domain = TestDomain::new();
    domain.made(ADA, &[]).await;
    domain.login(ADA, PASSWORD).await.unwrap();
    domain.clock.advance(DAY);
    domain.login(ADA, PASSWORD).await.unwrap();
    domain.login(ADA, "not the password").await.unwrap_err();
    domain.clock.advance(DAY * (CountAuditEvents::DAYS - 1));
    domain.login(ADA, PASSWORD).await.unwrap();
    domain.login(ADA, PASSWORD).await.unwrap();

    let counts = domain.use_cases.count_audit_events.count(Login).await.unwrap();
    assert!(counts.is_whole);
    let today = domain.clock.now().start_of_day();
    assert_eq!(counts.days.len(), 30);
    assert!(counts.days.windows(2).all(|days| days[0].day + DAY == days[1].day), "each day, in its order");
    let first = AuditDay { day: today - DAY * 29, successes: 1, failures: 1 };
    let last = AuditDay { day: today, successes: 2, failures: 0 };
    assert_eq!((counts.days[0], counts.days[29]), (first, last), "what was before is not counted");
    let between = &counts.days[1..29];
    assert!(between.iter().all(|day| (day.successes, day.failures) == (0, 0)));
}

/// A trail of which nothing but its counts is asked.
struct Counted(u64);

#[async_trait]
impl AuditTrail for Counted {
    async fn append(&self, _: AuditEvent) -> Result<(), StorageError> {
        unreachable!("nothing happens")
    }

    async fn list(&self, _: AuditQuery) -> Result<Vec<AuditEvent>, StorageError> {
        unreachable!("nobody reads")
    }

    async fn count_by_day(
        &self,
        AuditTally { since, .. }: AuditTally,
    ) -> Result<Vec<DayCount>, StorageError> {
        let count = |outcome, events| DayCount { day: since, outcome, events };
        Ok(vec![count(AuditOutcome::Success, self.0), count(AuditOutcome::Failure, 2)])
    }

    async fn delete_older(&self, _: Timestamp, _: u32) -> Result<u32, StorageError> {
        unreachable!("nobody sweeps")
    }
}

#[tokio::test]
async fn counts_are_whole_unless_as_many_were_counted_as_may_be() {
    const AT_MOST: u64 = CountAuditEvents::AT_MOST as u64;
    for (successes, is_whole) in [(1, true), (AT_MOST - 3, true), (AT_MOST - 2, false)] {
        let domain =
            TestDomain::with(Policy::default(), |ports| ports.audit_trail = Arc::new(Counted(successes)));
        let counts = domain.use_cases.count_audit_events.count(Login).await.unwrap();
        assert_eq!(counts.is_whole, is_whole, "{successes}");
        assert_eq!((counts.days[0].successes, counts.days[0].failures), (successes, 2));
    }
}
