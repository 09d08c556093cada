//! What the application has a say in.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::Principal;
use portcullis_domain::ports::{
    AddedClaims, Applicant, ClaimName, ClaimSource, ClaimValue, LoginObserver, RegistrationGate,
    RegistrationRefusal, StorageError,
};
use portcullis_domain::use_cases::Hooks;

/// The claim that says how long somebody has had their account, in days.
pub const DAYS_WITH_US: ClaimName = ClaimName::new("days_with_us");

/// All of them.
#[must_use]
pub fn hooks() -> Hooks {
    Hooks {
        claims: Some(Arc::new(Seniority)),
        registration_gate: Some(Arc::new(ColleaguesOnly)),
        login_observer: Some(Arc::new(Greeter)),
    }
}

struct Seniority;

#[async_trait]
impl ClaimSource for Seniority {
    async fn claims_of(&self, principal: &Principal) -> Result<AddedClaims, StorageError> {
        // The session was used for the token that is about to be issued.
        let days = principal.session.last_used_at.since(principal.user.created_at).as_secs() / 86_400;
        let days = i64::try_from(days).map_err(StorageError::broken)?;
        Ok(AddedClaims::from([(DAYS_WITH_US, ClaimValue::from(days))]))
    }
}

struct ColleaguesOnly;

#[async_trait]
impl RegistrationGate for ColleaguesOnly {
    async fn admit(&self, applicant: &Applicant) -> Result<(), RegistrationRefusal> {
        if applicant.email.canonical().ends_with("@example.com") {
            return Ok(());
        }
        Err(RegistrationRefusal::Refused("Only addresses at example.com can register here.".to_owned()))
    }
}

struct Greeter;

#[async_trait]
impl LoginObserver for Greeter {
    async fn signed_in(&self, principal: &Principal) {
        tracing::info!(user = %principal.user.id, "welcome back");
    }
}
