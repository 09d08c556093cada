//! What comes of the rule when people register.

use std::sync::Arc;

use example_unit_tests_on_mocks::Seats;
use portcullis_domain::Actor;
use portcullis_domain::policy::Policy;
use portcullis_domain::use_cases::RegisterError;
use portcullis_testkit::TestDomain;

fn domain_with_seats(seats: u32) -> TestDomain {
    TestDomain::with(Policy::default(), |ports| {
        let seats = Seats::new(ports.administration.clone(), seats);
        ports.hooks.registration_gate = Some(Arc::new(seats));
    })
}

#[tokio::test]
async fn who_comes_too_late_gets_no_account_and_no_mail() {
    let domain = domain_with_seats(2);
    domain.verified("ada@example.com").await;
    domain.verified("bob@example.com").await;
    assert!(matches!(domain.register("eve@example.com").await, Err(RegisterError::Refused(_))));
    domain.deliver().await;
    assert!(domain.mailer.last_to("eve@example.com").is_none());
}

#[tokio::test]
async fn a_seat_is_free_again_when_its_account_is_erased() {
    let domain = domain_with_seats(1);
    let ada = domain.verified("ada@example.com").await;
    assert!(domain.register("bob@example.com").await.is_err());
    domain.use_cases.delete_user.delete(&Actor::operator(), ada.id).await.expect("the account is erased");
    assert!(domain.register("bob@example.com").await.is_ok());
}
