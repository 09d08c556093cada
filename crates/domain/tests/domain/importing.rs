use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_domain::policy::Policy;
use portcullis_domain::ports::{Clock as _, HashRefusal, ImportOutcome, UserRepository as _};
use portcullis_domain::use_cases::{ImportedUser, LoginError};
use portcullis_domain::{
    AuditEventId, LoginIdentifier, PasswordHash, ProfileNames, RoleName, Timestamp, UserId,
};
use portcullis_testkit::fixtures::{self, PASSWORD};
use portcullis_testkit::{FrozenClock, ScriptedEntropy, TestDomain};

use crate::ADA;

const BEFORE: Timestamp = Timestamp::from_unix_micros(1_600_000_000_000_000);

fn imported(email: &str) -> ImportedUser {
    ImportedUser {
        id: None,
        email: fixtures::email(email),
        password_hash: Some(fixtures::password_hash()),
        username: None,
        profile: ProfileNames::default(),
        email_verified: true,
        is_active: true,
        roles: BTreeSet::new(),
        locale: None,
        created_at: None,
        updated_at: None,
        last_login_at: None,
    }
}

async fn import<const N: usize>(domain: &TestDomain, batch: [ImportedUser; N]) -> Vec<ImportOutcome> {
    domain.use_cases.import_users.import(batch.into()).await.unwrap()
}

async fn hash_of(domain: &TestDomain, email: &str) -> PasswordHash {
    let identifier = LoginIdentifier::Email(fixtures::email(email));
    domain.storage.find_by_login(&identifier).await.unwrap().unwrap().password_hash.unwrap()
}

#[tokio::test]
async fn an_account_is_brought_in_as_it_was() {
    let domain = TestDomain::new();
    domain.role("editor", &[]).await;
    let id = UserId::generate(BEFORE, &ScriptedEntropy::seeded(1));
    let account = ImportedUser {
        id: Some(id),
        username: Some(fixtures::username("countess")),
        profile: ProfileNames { name: Some(fixtures::name("Ada")), ..ProfileNames::default() },
        email_verified: false,
        is_active: false,
        roles: BTreeSet::from([fixtures::role("editor")]),
        locale: Some(fixtures::locale("de")),
        created_at: Some(BEFORE),
        updated_at: Some(BEFORE + Duration::from_secs(1)),
        last_login_at: Some(BEFORE + Duration::from_secs(2)),
        ..imported(ADA)
    };
    assert_eq!(import(&domain, [account]).await, [ImportOutcome::Imported]);
    let user = domain.use_cases.find_user.find(id).await.unwrap();
    assert_eq!(user.email, fixtures::email(ADA));
    assert_eq!(user.username, Some(fixtures::username("countess")));
    assert_eq!(user.profile.name, Some(fixtures::name("Ada")));
    assert!(!user.email_verified && !user.is_active);
    assert_eq!(user.roles, [fixtures::role("editor"), RoleName::user()]);
    assert_eq!(user.locale, fixtures::locale("de"));
    assert_eq!(user.created_at, BEFORE);
    assert_eq!(user.updated_at, Some(BEFORE + Duration::from_secs(1)));
    assert_eq!(user.last_login_at, Some(BEFORE + Duration::from_secs(2)));
}

#[tokio::test]
async fn what_is_not_known_of_an_account_is_made_up() {
    let domain = TestDomain::under(Policy { locale: fixtures::locale("de"), ..Policy::default() });
    let old = ImportedUser { created_at: Some(BEFORE), ..imported(ADA) };
    import(&domain, [old, imported("eve@example.com")]).await;
    let find = async |email| {
        let identifier = LoginIdentifier::Email(fixtures::email(email));
        domain.use_cases.find_user.find_by_login(&identifier).await.unwrap()
    };
    let (ada, eve) = (find(ADA).await, find("eve@example.com").await);
    assert_eq!((ada.created_at, eve.created_at), (BEFORE, domain.clock.now()));
    assert_eq!((ada.updated_at, ada.last_login_at), (None, None));
    assert_eq!(ada.locale, fixtures::locale("de"));
    let earliest = |moment| AuditEventId::earliest(moment).uuid();
    assert!(earliest(BEFORE) <= ada.id.uuid() && ada.id.uuid() < earliest(FrozenClock::START));
    assert!(earliest(FrozenClock::START) <= eve.id.uuid(), "ids tell the age of accounts");
}

#[tokio::test]
async fn a_password_of_the_other_system_serves_and_its_hash_is_renewed() {
    let elsewhere = TestDomain::new();
    elsewhere.made(ADA, &[]).await;
    let text = hash_of(&elsewhere, ADA).await.as_str().to_owned();

    let domain = TestDomain::new();
    let password_hash = Some(domain.use_cases.import_users.accept_hash(&text).unwrap());
    import(&domain, [ImportedUser { password_hash, ..imported(ADA) }]).await;
    assert!(matches!(domain.login(ADA, "wrong").await, Err(LoginError::InvalidCredentials)));
    domain.hasher.change_settings();
    domain.login(ADA, PASSWORD).await.unwrap();
    assert_ne!(hash_of(&domain, ADA).await.as_str(), text);
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_hash_that_cannot_be_checked_is_refused() {
    let refused = TestDomain::new().use_cases.import_users.accept_hash("$6$salt$hash");
    assert_eq!(refused, Err(HashRefusal::UnknownScheme));
}

#[tokio::test]
async fn what_is_refused_is_told_in_its_place_and_spares_the_rest() {
    let domain = TestDomain::new();
    let id = Some(UserId::generate(BEFORE, &ScriptedEntropy::seeded(1)));
    let username = Some(fixtures::username("countess"));
    let roles = BTreeSet::from([fixtures::role("ghost")]);
    let password_hash = Some(fixtures::other_hash("another"));
    let outcomes = import(
        &domain,
        [
            ImportedUser { id, username: username.clone(), ..imported(ADA) },
            ImportedUser { id, ..imported("b@example.com") },
            ImportedUser { password_hash, ..imported("ADA@example.com") },
            ImportedUser { username, ..imported("c@example.com") },
            ImportedUser { roles, ..imported("d@example.com") },
            imported(ADA),
            imported("e@example.com"),
        ],
    )
    .await;
    assert_eq!(
        outcomes,
        [
            ImportOutcome::Imported,
            ImportOutcome::IdTaken,
            ImportOutcome::EmailTaken,
            ImportOutcome::UsernameTaken,
            ImportOutcome::UnknownRole,
            ImportOutcome::Present,
            ImportOutcome::Imported,
        ]
    );
}

#[tokio::test]
async fn nobody_is_mailed_for_having_been_brought_in() {
    let domain = TestDomain::new();
    let unverified = ImportedUser { email_verified: false, password_hash: None, ..imported(ADA) };
    import(&domain, [unverified]).await;
    assert_eq!(domain.delivery.count(), 0);
    domain.deliver().await;
    assert!(domain.mailer.sent().is_empty());
    assert!(domain.audit_observer.told().is_empty(), "one event tells of the whole import, at its end");
}

#[tokio::test]
async fn a_batch_that_the_store_refused_can_be_given_again() {
    let domain = TestDomain::new();
    domain.storage.fail_next_call_to("UserAdministration::import");
    assert!(domain.use_cases.import_users.import(vec![imported(ADA)]).await.is_err());
    assert_eq!(import(&domain, [imported(ADA)]).await, [ImportOutcome::Imported]);
}
