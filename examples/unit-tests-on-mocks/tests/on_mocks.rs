//! What the rule asks of the store, and what it makes of the answers.

use std::sync::Arc;

use example_unit_tests_on_mocks::Seats;
use portcullis_domain::ports::{
    Applicant, MockUserAdministration, RegistrationGate as _, RegistrationRefusal, StorageError,
};
use portcullis_testkit::fixtures;

fn eve() -> Applicant {
    Applicant {
        email: fixtures::email("eve@example.com"),
        username: None,
        profile: fixtures::user("eve@example.com").profile,
        locale: None,
        client: fixtures::client(),
    }
}

/// Three seats, and so many people who use their account.
fn seats_with(people: usize) -> Seats {
    let mut accounts = MockUserAdministration::new();
    accounts
        .expect_list()
        .once()
        .withf(|query| query.limit == 3 && query.filter.is_active == Some(true))
        .returning(move |_| {
            Ok((0..people).map(|number| fixtures::user(&format!("user{number}@example.com"))).collect())
        });
    Seats::new(Arc::new(accounts), 3)
}

#[tokio::test]
async fn one_look_at_as_many_as_there_are_seats_decides() {
    assert!(seats_with(0).admit(&eve()).await.is_ok());
    assert!(seats_with(2).admit(&eve()).await.is_ok());
    let refused = seats_with(3).admit(&eve()).await;
    assert!(
        matches!(refused, Err(RegistrationRefusal::Refused(reason)) if reason == "All 3 seats are taken.")
    );
}

#[tokio::test]
async fn a_store_that_does_not_answer_gives_no_seat_away() {
    let mut accounts = MockUserAdministration::new();
    accounts.expect_list().once().returning(|_| Err(StorageError::unavailable("no route to host")));
    let refused = Seats::new(Arc::new(accounts), 3).admit(&eve()).await;
    assert!(matches!(refused, Err(RegistrationRefusal::Storage(error)) if error.is_unavailable()));
}
