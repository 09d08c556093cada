use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_domain::policy::{EmailVerification, Policy, Registration};
use portcullis_domain::ports::{
    AddedClaims, Applicant, ClaimName, ClaimSource, ClaimValue, LoginObserver, RegistrationGate,
    RegistrationRefusal, StorageError,
};
use portcullis_domain::use_cases::{Hooks, LoginError, RefreshError, RegisterError, Registered};
use portcullis_domain::{Principal, RoleName};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::PASSWORD;

use crate::ADA;

const ROLES_AND_SESSION: ClaimName = ClaimName::new("roles_and_session");
const EVE: &str = "eve@example.com";
const NOBODY_KNOWS: &str = "nobody-knows@example.com";

/// Says of whom a token is, so that it shows who was asked about.
struct Described;

#[async_trait]
impl ClaimSource for Described {
    async fn claims_of(&self, principal: &Principal) -> Result<AddedClaims, StorageError> {
        if principal.user.email.canonical() == NOBODY_KNOWS {
            return Err(StorageError::unavailable("the directory is away"));
        }
        let roles = principal.user.roles.iter().map(RoleName::as_str);
        let described = roles.chain([principal.session.id.to_string().as_str()]).collect();
        Ok(AddedClaims::from([(ROLES_AND_SESSION, described)]))
    }
}

/// Does not want Eve.
struct NotEve;

#[async_trait]
impl RegistrationGate for NotEve {
    async fn admit(&self, applicant: &Applicant) -> Result<(), RegistrationRefusal> {
        match applicant.email.canonical() {
            EVE => Err(RegistrationRefusal::Refused("We know you.".to_owned())),
            NOBODY_KNOWS => Err(StorageError::unavailable("the directory is away").into()),
            _ => Ok(()),
        }
    }
}

/// Writes down who signs in.
#[derive(Default)]
struct Visitors(Mutex<Vec<String>>);

#[async_trait]
impl LoginObserver for Visitors {
    async fn signed_in(&self, principal: &Principal) {
        self.0.lock().unwrap().push(principal.user.email.to_string());
    }
}

fn domain_with(policy: Policy, hooks: Hooks) -> TestDomain {
    TestDomain::with(policy, |ports| ports.hooks = hooks)
}

#[test]
fn a_claim_has_a_name_that_the_service_does_not_write_itself() {
    let is_refused = |name: &'static str| std::panic::catch_unwind(|| ClaimName::new(name)).is_err();
    for reserved in ClaimName::RESERVED {
        assert!(is_refused(reserved), "{reserved}");
        // What is longer, shorter or spelled otherwise is another claim.
        for other in [format!("{reserved}s"), reserved[..2].to_owned(), reserved.to_uppercase()] {
            let other = other.leak();
            assert_eq!(ClaimName::new(other).as_str(), other);
        }
    }
    for text in ["", "a b", "caf\u{e9}", "a\n", "x".repeat(256).leak()] {
        assert!(is_refused(text), "{text:?}");
    }
    assert!(!is_refused("x".repeat(255).leak()));
    assert_eq!(ClaimName::new("https://example.com/tenant").to_string(), "https://example.com/tenant");
}

#[tokio::test]
async fn every_access_token_says_what_the_application_adds_at_that_moment() {
    let hooks = Hooks { claims: Some(Arc::new(Described)), ..Hooks::default() };
    let domain = domain_with(Policy::default(), hooks);
    domain.made(ADA, &[]).await;
    let signed_in = domain.login(ADA, PASSWORD).await.unwrap();
    let session = domain.principal(&signed_in).await.session.id.to_string();
    let analyst = domain.role("analyst", &[]).await;
    let operator = portcullis_domain::Actor::operator();
    domain.use_cases.assign_role.assign(&operator, signed_in.user.id, analyst.id).await.unwrap();
    domain.refresh(&signed_in.tokens.refresh_token).await.unwrap();

    let said: Vec<_> = domain.access_tokens.issued().into_iter().map(|claims| claims.added).collect();
    let described =
        |names: &[&str]| -> ClaimValue { names.iter().copied().chain([session.as_str()]).collect() };
    assert_eq!(
        said,
        [
            AddedClaims::from([(ROLES_AND_SESSION, described(&["user"]))]),
            AddedClaims::from([(ROLES_AND_SESSION, described(&["analyst", "user"]))]),
        ]
    );
}

#[tokio::test]
async fn no_token_is_issued_whose_claims_cannot_be_had() {
    let hooks = Hooks { claims: Some(Arc::new(Described)), ..Hooks::default() };
    let domain = domain_with(Policy::default(), hooks);
    domain.made(NOBODY_KNOWS, &[]).await;
    let refused = domain.login(NOBODY_KNOWS, PASSWORD).await;
    assert!(matches!(refused, Err(LoginError::Storage(error)) if error.is_unavailable()));
    assert_eq!(domain.access_tokens.issued(), []);
}

#[tokio::test]
async fn a_refresh_whose_claims_cannot_be_had_can_be_tried_again() {
    struct AwayOnce(Mutex<u32>);

    #[async_trait]
    impl ClaimSource for AwayOnce {
        async fn claims_of(&self, _: &Principal) -> Result<AddedClaims, StorageError> {
            let mut asked = self.0.lock().unwrap();
            *asked += 1;
            // The first is the login.
            if *asked == 2 { Err(StorageError::unavailable("away")) } else { Ok(AddedClaims::new()) }
        }
    }

    let hooks = Hooks { claims: Some(Arc::new(AwayOnce(Mutex::new(0)))), ..Hooks::default() };
    let domain = domain_with(Policy::default(), hooks);
    let signed_in = domain.signed_in(ADA).await;
    let first = domain.refresh(&signed_in.tokens.refresh_token).await;
    assert!(matches!(first, Err(RefreshError::Storage(error)) if error.is_unavailable()));
    assert!(domain.refresh(&signed_in.tokens.refresh_token).await.is_ok(), "within the grace");
}

#[tokio::test]
async fn whom_the_gate_refuses_leaves_no_trace() {
    for registration in [Registration::Open, Registration::Private] {
        let hooks = Hooks { registration_gate: Some(Arc::new(NotEve)), ..Hooks::default() };
        let domain = domain_with(Policy { registration, ..Policy::default() }, hooks);
        let refused = domain.register(EVE).await;
        assert!(matches!(refused, Err(RegisterError::Refused(reason)) if reason == "We know you."));
        let unknown = domain.register(NOBODY_KNOWS).await;
        assert!(matches!(unknown, Err(RegisterError::Storage(error)) if error.is_unavailable()));
        domain.deliver().await;
        assert_eq!(domain.hasher.hashes(), 0, "nothing was hashed");
        assert!(domain.mailer.sent().is_empty() && domain.storage.audit_events().is_empty());
        assert!(domain.register(ADA).await.is_ok(), "who is welcome registers");
    }
}

#[tokio::test]
async fn the_gate_is_not_asked_where_registration_is_closed_or_by_who_makes_accounts() {
    let hooks = Hooks { registration_gate: Some(Arc::new(NotEve)), ..Hooks::default() };
    let domain = domain_with(Policy { registration: Registration::Closed, ..Policy::default() }, hooks);
    assert!(matches!(domain.register(EVE).await, Err(RegisterError::Closed)));
    domain.made(EVE, &[]).await;
}

#[tokio::test]
async fn each_session_that_is_opened_is_told_and_nothing_else() {
    let visitors = Arc::new(Visitors::default());
    let hooks = Hooks { login_observer: Some(visitors.clone()), ..Hooks::default() };
    let domain = domain_with(Policy::default(), hooks);
    let signed_in = domain.signed_in(ADA).await;
    domain.refresh(&signed_in.tokens.refresh_token).await.unwrap();
    assert!(domain.login(ADA, "wrong horse battery").await.is_err());
    assert_eq!(*visitors.0.lock().unwrap(), [ADA]);
}

#[tokio::test]
async fn a_registration_that_signs_in_is_told_too() {
    let visitors = Arc::new(Visitors::default());
    let hooks = Hooks { login_observer: Some(visitors.clone()), ..Hooks::default() };
    let policy = Policy { email_verification: EmailVerification::Optional, ..Policy::default() };
    let domain = domain_with(policy, hooks);
    let registered = domain.register(ADA).await.unwrap();
    assert!(matches!(registered, Registered::Created { tokens: Some(_), .. }));
    assert_eq!(*visitors.0.lock().unwrap(), [ADA]);
}
