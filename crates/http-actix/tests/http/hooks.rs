use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_domain::Principal;
use portcullis_domain::ports::{
    Applicant, LoginObserver, RegistrationGate, RegistrationRefusal, StorageError,
};
use portcullis_domain::use_cases::Hooks;
use serde_json::json;

use crate::service::{ADA, Installation, PASSWORD};

const REGISTER: &str = "/api/v1/auth/register";
const EVE: &str = "eve@example.com";

/// Does not want Eve, and cannot say of anybody with a username.
struct NotEve;

#[async_trait]
impl RegistrationGate for NotEve {
    async fn admit(&self, applicant: &Applicant) -> Result<(), RegistrationRefusal> {
        if applicant.username.is_some() {
            return Err(StorageError::unavailable("the directory is away").into());
        }
        match applicant.email.canonical() {
            EVE => Err(RegistrationRefusal::Refused("We know you.".to_owned())),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn who_may_not_register_is_told_why() {
    let hooks = Hooks { registration_gate: Some(Arc::new(NotEve)), ..Hooks::default() };
    let service = Installation { hooks, ..Installation::default() }.serve();
    let refused = service.post(REGISTER, json!({"email": EVE, "password": PASSWORD})).await;
    assert_eq!(refused.problem(), "403 registration_closed");
    assert_eq!(refused.json()["detail"], "We know you.");
    let unknown = json!({"email": ADA, "password": PASSWORD, "username": "ada"});
    assert_eq!(service.post(REGISTER, unknown).await.problem(), "503 store_unavailable");
    assert_eq!(service.post(REGISTER, json!({"email": ADA, "password": PASSWORD})).await.status, 201);
}

/// Writes down who signs in.
#[derive(Default)]
struct Visitors(Mutex<Vec<String>>);

#[async_trait]
impl LoginObserver for Visitors {
    async fn signed_in(&self, principal: &Principal) {
        self.0.lock().expect("nobody panics").push(principal.user.email.to_string());
    }
}

#[tokio::test]
async fn the_application_hears_of_a_login_before_its_answer_goes_out() {
    let visitors = Arc::new(Visitors::default());
    let hooks = Hooks { login_observer: Some(visitors.clone()), ..Hooks::default() };
    let service = Installation { hooks, ..Installation::default() }.serve();
    service.verified(ADA).await;
    assert_eq!(service.login(ADA, "wrong horse battery").await.status, 401);
    assert!(visitors.0.lock().unwrap().is_empty());
    assert_eq!(service.login(ADA, PASSWORD).await.status, 200);
    assert_eq!(*visitors.0.lock().unwrap(), [ADA]);
}
