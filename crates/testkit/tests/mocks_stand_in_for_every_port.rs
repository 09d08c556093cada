//! The mocks of the domain: there is one of every port, and a use case runs on them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use portcullis_domain::Origin;
use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::MailKind;
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::{
    MockAccessTokens, MockAuditObserver, MockAuditTrail, MockBreachedPasswords, MockClaimSource, MockClock,
    MockDeliverySignal, MockEntropy, MockLockoutRepository, MockLoginObserver, MockMailQueue, MockMailer,
    MockPasswordHasher, MockRegistrationGate, MockRoleRepository, MockSessionRepository,
    MockSigningKeyFactory, MockSigningKeyRepository, MockTokenRepository, MockUserAdministration,
    MockUserRepository, StorageError,
};
use portcullis_domain::use_cases::{Hooks, Ports, UseCases};
use portcullis_testkit::fixtures::{mail, secret_key};
use portcullis_testkit::{FrozenClock, ScriptedEntropy};

/// Ports that expect no call at all.
fn ports() -> Ports {
    Ports {
        users: Arc::new(MockUserRepository::new()),
        administration: Arc::new(MockUserAdministration::new()),
        roles: Arc::new(MockRoleRepository::new()),
        sessions: Arc::new(MockSessionRepository::new()),
        tokens: Arc::new(MockTokenRepository::new()),
        lockouts: Arc::new(MockLockoutRepository::new()),
        mails: Arc::new(MockMailQueue::new()),
        audit_trail: Arc::new(MockAuditTrail::new()),
        audit_observer: Arc::new(MockAuditObserver::new()),
        signing_keys: Arc::new(MockSigningKeyRepository::new()),
        key_factory: Arc::new(MockSigningKeyFactory::new()),
        access_tokens: Arc::new(MockAccessTokens::new()),
        hasher: Arc::new(MockPasswordHasher::new()),
        breached_passwords: Some(Arc::new(MockBreachedPasswords::new())),
        mailer: Arc::new(MockMailer::new()),
        delivery: Arc::new(MockDeliverySignal::new()),
        clock: Arc::new(MockClock::new()),
        entropy: Arc::new(MockEntropy::new()),
        hooks: Hooks {
            claims: Some(Arc::new(MockClaimSource::new())),
            registration_gate: Some(Arc::new(MockRegistrationGate::new())),
            login_observer: Some(Arc::new(MockLoginObserver::new())),
        },
    }
}

#[tokio::test]
async fn resending_a_mail_asks_the_queue_wakes_the_worker_and_tells_of_it() {
    let waiting = mail(MailKind::VerifyEmail, "ada@example.com").id;
    let mut clock = MockClock::new();
    clock.expect_now().once().return_const(FrozenClock::START);
    let mut mails = MockMailQueue::new();
    mails
        .expect_send_again()
        .once()
        .withf(move |resending| resending.id == waiting && resending.now == FrozenClock::START)
        .returning(|_| Ok(true));
    let mut delivery = MockDeliverySignal::new();
    delivery.expect_mail_queued().once().return_const(());
    let mut audit_observer = MockAuditObserver::new();
    audit_observer
        .expect_observe()
        .once()
        .withf(|event| event.kind == AuditKind::MailResend)
        .return_const(());
    let ports = Ports {
        clock: Arc::new(clock),
        mails: Arc::new(mails),
        delivery: Arc::new(delivery),
        audit_observer: Arc::new(audit_observer),
        entropy: Arc::new(ScriptedEntropy::seeded(1)),
        ..ports()
    };
    let domain = UseCases::new(&ports, Policy::default(), &secret_key());
    domain.resend_mail.resend(&Origin::operator(), waiting).await.expect("the mail waits");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_told_as_such() {
    let mut users = MockUserRepository::new();
    users.expect_ping().once().returning(|| Err(StorageError::unavailable("no route to host")));
    let ports = Ports { users: Arc::new(users), ..ports() };
    let domain = UseCases::new(&ports, Policy::default(), &secret_key());
    let health = domain.check_health.check().await;
    assert!(health.is_err_and(|error| error.is_unavailable()));
}

#[test]
fn every_port_has_a_mock() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src/ports");
    let exported = fs::read_to_string(folder.join("mod.rs")).expect("the ports");
    let mut ports = 0;
    for file in fs::read_dir(folder).expect("a folder of ports") {
        let source = fs::read_to_string(file.expect("a file").path()).expect("a source file");
        for declaration in source.lines().filter_map(|line| line.strip_prefix("pub trait ")) {
            let port = declaration.split(':').next().expect("a name");
            assert!(exported.contains(&format!("Mock{port}")), "there is no mock of {port}");
            ports += 1;
        }
    }
    assert!(ports > 10, "the ports are found: {ports}");
}
