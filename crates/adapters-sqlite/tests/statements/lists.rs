//! Which index serves which list, whether or not SQLite has statistics.

use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{AuditQuery, AuditTrail, UserAdministration, UserFilter, UserQuery};
use portcullis_domain::{Account, RoleName, SearchPrefix};
use portcullis_testkit::fixtures::user;

use crate::plans::{plan, pretend_to_be_large};
use crate::{ObservedStore, taken_down};

const EVERYBODY: UserFilter = UserFilter { prefix: None, role: None, email_verified: None, is_active: None };
const ANYTHING: AuditQuery =
    AuditQuery { user: None, kind: None, since: None, until: None, before: None, limit: 10 };

const EACH_INDEX_OF_A_PREFIX: [&str; 5] = [
    "SEARCH users USING INDEX users_email (email_canonical>? AND email_canonical<?)",
    "SEARCH users USING INDEX users_username (username_canonical>? AND username_canonical<?)",
    "SEARCH users USING INDEX users_by_name (name_folded>? AND name_folded<?)",
    "SEARCH users USING INDEX users_by_first_name (first_name_folded>? AND first_name_folded<?)",
    "SEARCH users USING INDEX users_by_last_name (last_name_folded>? AND last_name_folded<?)",
];

impl ObservedStore {
    /// The steps of the statement that finds a page of users.
    async fn steps_to_users(&self, filter: UserFilter) -> Vec<String> {
        taken_down();
        let query = UserQuery { filter, before: None, limit: 10 };
        UserAdministration::list(&self.store, query).await.expect("a page");
        let page = taken_down().run.into_iter().find(|statement| statement.contains("ORDER BY"));
        plan(&self.path, &page.expect("a list has an order"))
    }

    /// The first step of each statement that finds a page of events.
    async fn first_steps_to_events(&self, query: AuditQuery) -> Vec<String> {
        taken_down();
        AuditTrail::list(&self.store, query).await.expect("a page");
        let pages = taken_down().run.into_iter().filter(|statement| statement.contains("ORDER BY"));
        pages.map(|statement| plan(&self.path, &statement).remove(0)).collect()
    }
}

fn begins(prefix: &str) -> UserFilter {
    UserFilter { prefix: Some(SearchPrefix::parse(prefix).expect("a prefix")), ..EVERYBODY }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_by_the_index_that_fits_the_filter() {
    let observed = ObservedStore::open().await;
    let many = (0..1_100).map(|number| user(&format!("many-{number}@example.com")));
    let many = many.map(|user| Account { user, password_hash: None }).collect();
    observed.store.import(many).await.unwrap();
    let user = || Some(RoleName::user());

    for is_large in [false, true] {
        if is_large {
            pretend_to_be_large(&observed.path);
        }
        for (filter, first_step) in [
            (EVERYBODY, "users USING INDEX sqlite_autoindex_users_1 (id<?)"),
            (
                UserFilter { email_verified: Some(true), ..EVERYBODY },
                "users USING INDEX users_by_verification (email_verified=? AND id<?)",
            ),
            (
                UserFilter { is_active: Some(false), ..EVERYBODY },
                "users USING INDEX users_by_activity (is_active=? AND id<?)",
            ),
            (
                UserFilter { role: user(), ..EVERYBODY },
                "user_roles USING COVERING INDEX user_roles_by_role (role_id=? AND user_id<?)",
            ),
            (
                UserFilter { role: user(), email_verified: Some(true), ..EVERYBODY },
                "user_roles USING COVERING INDEX user_roles_by_role (role_id=? AND user_id<?)",
            ),
            (begins("many-"), "users USING INDEX sqlite_autoindex_users_1 (id<?)"),
            (
                UserFilter { role: user(), ..begins("many-") },
                "user_roles USING COVERING INDEX user_roles_by_role (role_id=? AND user_id<?)",
            ),
            (begins("few-"), "users USING INDEX sqlite_autoindex_users_1 (id=?)"),
            (
                UserFilter { role: user(), ..begins("few-") },
                "users USING INDEX sqlite_autoindex_users_1 (id=?)",
            ),
        ] {
            let steps = observed.steps_to_users(filter.clone()).await;
            assert_eq!(steps[0], format!("SEARCH {first_step}"), "{filter:?}, large: {is_large}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_alike_is_found_by_the_index_of_each_form() {
    let observed = ObservedStore::open().await;
    for is_large in [false, true] {
        if is_large {
            pretend_to_be_large(&observed.path);
        }
        let steps = observed.steps_to_users(begins("few-")).await;
        for step in EACH_INDEX_OF_A_PREFIX {
            assert!(steps.iter().any(|taken| taken == step), "{step} is not in {steps:?}, large: {is_large}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_listed_by_the_index_that_fits_the_query() {
    let observed = ObservedStore::open().await;
    let somebody = Some(user("ada@example.com").id);
    let of_somebody = [
        "SEARCH audit_events USING INDEX audit_events_by_actor (actor_id=? AND id>? AND id<?)",
        "SEARCH audit_events USING INDEX audit_events_by_subject (subject_id=? AND id>? AND id<?)",
    ];
    for is_large in [false, true] {
        if is_large {
            pretend_to_be_large(&observed.path);
        }
        let login = Some(AuditKind::Login);
        let all = observed.first_steps_to_events(ANYTHING).await;
        assert_eq!(all, ["SEARCH audit_events USING PRIMARY KEY (id>? AND id<?)"], "large: {is_large}");
        let of_kind = observed.first_steps_to_events(AuditQuery { kind: login, ..ANYTHING }).await;
        let by_kind = "SEARCH audit_events USING INDEX audit_events_by_kind (kind=? AND id>? AND id<?)";
        assert_eq!(of_kind, [by_kind], "large: {is_large}");
        for kind in [None, login] {
            let of_user =
                observed.first_steps_to_events(AuditQuery { user: somebody, kind, ..ANYTHING }).await;
            assert_eq!(of_user, of_somebody, "{kind:?}, large: {is_large}");
        }
    }
}
