//! What the trail says of each act, as who reads it sees it.

use std::collections::BTreeSet;
use std::time::Duration;

use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome, FailureReason};
use portcullis_domain::mail::MailContent;
use portcullis_domain::policy::{Policy, Registration};
use portcullis_domain::ports::Clock as _;
use portcullis_domain::use_cases::{
    AuditFilter, ChangePasswordCommand, CreateUserCommand, ImportTally, LoginError, RegisterError,
    RequestEmailChangeCommand, ResetPasswordCommand, RotationStart, UpdateRoleCommand, UpdateUserCommand,
    VerifyEmailByCodeCommand,
};
use portcullis_domain::{
    Actor, AuditEventId, Change, Client, InvalidValue, LoginIdentifier, OneTimeCode, Origin, PageLimit,
    Password, ProfileChange, SessionId, SigningAlgorithm, UserId,
};
use portcullis_testkit::fixtures::{self, PASSWORD, new_role, new_user, password, registration};
use portcullis_testkit::{ScriptedEntropy, TestDomain};

use crate::ADA;

const NEW: &str = "countess@example.com";
const NOBODY: &str = "nobody@example.com";
const NEW_PASSWORD: &str = "a whole new password";

/// What an event says, but for when, from where and its id: kind, outcome, actor, subject, detail.
type Said = (AuditKind, AuditOutcome, Option<UserId>, Option<UserId>, String);

fn success(kind: AuditKind, actor: Option<UserId>, subject: Option<UserId>, detail: &str) -> Said {
    (kind, AuditOutcome::Success, actor, subject, detail.to_owned())
}

fn failure(kind: AuditKind, actor: Option<UserId>, subject: Option<UserId>, detail: &str) -> Said {
    (kind, AuditOutcome::Failure, actor, subject, detail.to_owned())
}

fn said(event: &AuditEvent) -> Said {
    let detail: Vec<_> = event.detail.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (event.kind, event.outcome, event.actor, event.subject, detail.join(" "))
}

/// The whole trail, the oldest event first, once it is sure that the observer was told exactly that, in order.
async fn trail(domain: &TestDomain) -> Vec<AuditEvent> {
    let everything = PageLimit::new(PageLimit::MAX).unwrap();
    let page =
        domain.use_cases.list_audit_events.list(AuditFilter::default(), None, everything).await.unwrap();
    assert_eq!(page.next_cursor, None);
    let mut events = page.items;
    events.reverse();
    let mut told = domain.audit_observer.told();
    assert!(told.is_sorted_by_key(|event| event.at));
    // Within a millisecond ids have no order.
    told.sort_by_key(|event| event.id);
    assert_eq!(told, events);
    events
}

/// What the trail says of `act`, which everybody does at [`fixtures::client`].
async fn told_of<T>(domain: &TestDomain, act: impl Future<Output = T>) -> Vec<Said> {
    let before = trail(domain).await;
    domain.clock.advance(Duration::from_millis(1));
    act.await;
    let mut events = trail(domain).await;
    events.retain(|event| !before.contains(event));
    for event in &events {
        assert_eq!(event.at, domain.clock.now());
        assert!(event.id >= AuditEventId::earliest(event.at));
        let is_operator = event.detail.get("by").is_some_and(|by| by == "operator");
        assert_eq!(event.client, if is_operator { Client::default() } else { fixtures::client() });
    }
    let mut said: Vec<_> = events.iter().map(said).collect();
    said.sort_by_key(|said| said.0);
    said
}

fn new_email(email: &str, password: &str) -> RequestEmailChangeCommand {
    RequestEmailChangeCommand {
        new_email: fixtures::email(email),
        password: Password::parse(password).ok(),
        client: fixtures::client(),
    }
}

fn private() -> TestDomain {
    TestDomain::under(Policy { registration: Registration::Private, ..Policy::default() })
}

async fn verify_by_code(domain: &TestDomain, email: &str, code: Option<OneTimeCode>) {
    let command =
        VerifyEmailByCodeCommand { email: fixtures::email(email), code, client: fixtures::client() };
    let _ = domain.use_cases.verify_email_by_code.verify(command).await;
}

async fn user_id(domain: &TestDomain, email: &str) -> UserId {
    let identifier = LoginIdentifier::Email(fixtures::email(email));
    domain.use_cases.find_user.find_by_login(&identifier).await.unwrap().id
}

#[test]
fn an_event_tells_who_did_it_and_from_where() {
    let entropy = ScriptedEntropy::default();
    let ada = UserId::generate(fixtures::NOW, &entropy);
    let event = |origin| AuditEvent::new(AuditKind::Logout, &origin, fixtures::NOW, &entropy);
    let by_ada = event(Origin::user(ada, fixtures::client()));
    assert_eq!((by_ada.actor, by_ada.subject), (Some(ada), None));
    assert_eq!((by_ada.client.clone(), by_ada.at), (fixtures::client(), fixtures::NOW));
    assert!(by_ada.detail.is_empty());
    let by_anyone = event(Origin::anyone(fixtures::client()));
    assert_eq!((by_anyone.actor, by_anyone.client), (None, fixtures::client()));
    let by_operator = event(Origin::operator());
    assert_eq!(said(&by_operator), success(AuditKind::Logout, None, None, "by=operator"));
    assert_ne!(by_ada.id, by_operator.id);

    let failed = by_ada.about(ada).failed(FailureReason::Spent).with("session_id", "7");
    let detail = "reason=spent session_id=7";
    assert_eq!(said(&failed), failure(AuditKind::Logout, Some(ada), Some(ada), detail));
}

#[test]
fn kinds_outcomes_and_reasons_read_back_by_names_of_their_own() {
    for kind in AuditKind::ALL {
        assert_eq!(AuditKind::parse(kind.name()), Ok(*kind));
    }
    for reason in FailureReason::ALL {
        assert_eq!(FailureReason::parse(reason.name()), Ok(*reason));
    }
    for outcome in [AuditOutcome::Success, AuditOutcome::Failure] {
        assert_eq!(AuditOutcome::parse(outcome.name()), Ok(outcome));
    }
    for text in ["", "Login", "login ", "nonsense"] {
        assert_eq!(AuditKind::parse(text), Err(InvalidValue::Malformed));
        assert_eq!(FailureReason::parse(text), Err(InvalidValue::Malformed));
        assert_eq!(AuditOutcome::parse(text), Err(InvalidValue::Malformed));
    }
}

#[tokio::test]
async fn a_registration_is_told() {
    let domain = TestDomain::new();
    let told = told_of(&domain, domain.register(ADA)).await;
    let ada = user_id(&domain, ADA).await;
    assert_eq!(told, [success(AuditKind::Registration, None, Some(ada), "")]);
    let told = told_of(&domain, async {
        assert!(matches!(domain.register(ADA).await, Err(RegisterError::EmailTaken)));
    });
    assert!(told.await.is_empty(), "nothing came of it");
}

#[tokio::test]
async fn a_private_registration_is_told_of_the_account_that_there_is() {
    let domain = private();
    let told = told_of(&domain, domain.register(ADA)).await;
    let ada = user_id(&domain, ADA).await;
    assert_eq!(told, [success(AuditKind::Registration, None, Some(ada), "")]);
    let refused = [failure(AuditKind::Registration, None, Some(ada), "reason=email_taken")];
    assert_eq!(told_of(&domain, domain.register(ADA)).await, refused, "nobody has shown that it is theirs");
    domain.deliver().await;
    let token = domain.mailer.last_token_for(ADA);
    let command =
        ResetPasswordCommand { token, new_password: password(PASSWORD), client: fixtures::client() };
    domain.use_cases.reset_password.reset(command).await.unwrap();
    assert_eq!(told_of(&domain, domain.register(ADA)).await, refused, "somebody has");
}

#[tokio::test]
async fn a_verification_is_told_once() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.deliver().await;
    let (token, ada) = (domain.mailer.last_token_for(ADA).unwrap(), user_id(&domain, ADA).await);
    let told = told_of(&domain, domain.verify(&token)).await;
    assert_eq!(told, [success(AuditKind::EmailVerification, None, Some(ada), "")]);
    assert!(told_of(&domain, domain.verify(&token)).await.is_empty());
}

#[tokio::test]
async fn each_wrong_code_is_told_and_so_is_the_right_one() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.deliver().await;
    let (code, ada) = (domain.mailer.last_code_for(ADA), user_id(&domain, ADA).await);
    let wrong = |subject| failure(AuditKind::EmailVerification, None, subject, "reason=wrong_code");
    assert_eq!(told_of(&domain, verify_by_code(&domain, ADA, None)).await, [wrong(Some(ada))]);
    assert_eq!(told_of(&domain, verify_by_code(&domain, NOBODY, code.clone())).await, [wrong(None)]);
    let told = told_of(&domain, verify_by_code(&domain, ADA, code)).await;
    assert_eq!(told, [success(AuditKind::EmailVerification, None, Some(ada), "")]);
    for _ in 0..4 {
        assert_eq!(told_of(&domain, verify_by_code(&domain, NOBODY, None)).await, [wrong(None)]);
    }
    assert!(told_of(&domain, verify_by_code(&domain, NOBODY, None)).await.is_empty(), "what is not counted");
}

#[tokio::test]
async fn a_login_is_told_with_its_session() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await.id;
    let told = told_of(&domain, domain.login(ADA, PASSWORD)).await;
    let session = domain.use_cases.list_sessions.list(ada).await.unwrap().remove(0).id;
    assert_eq!(told, [success(AuditKind::Login, None, Some(ada), &format!("session_id={session}"))]);
}

#[tokio::test]
async fn a_login_that_fails_is_told_with_its_reason() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await.id;
    let told = told_of(&domain, domain.login(ADA, "wrong")).await;
    assert_eq!(told, [failure(AuditKind::Login, None, Some(ada), "reason=wrong_password")]);
    for unknown in [NOBODY, "not an address"] {
        let told = told_of(&domain, domain.login(unknown, PASSWORD)).await;
        assert_eq!(told, [failure(AuditKind::Login, None, None, "reason=unknown_account")]);
    }
    let disabled = CreateUserCommand { is_active: false, ..new_user("disabled@example.com") };
    let disabled = domain.use_cases.create_user.create(&Actor::operator(), disabled).await.unwrap();
    let told = told_of(&domain, domain.login("disabled@example.com", PASSWORD)).await;
    assert_eq!(told, [failure(AuditKind::Login, None, Some(disabled.id), "reason=account_disabled")]);
    domain.register("new@example.com").await.unwrap();
    let told = told_of(&domain, domain.login("new@example.com", PASSWORD)).await;
    let new = user_id(&domain, "new@example.com").await;
    assert_eq!(told, [failure(AuditKind::Login, None, Some(new), "reason=email_not_verified")]);
}

#[tokio::test]
async fn the_failure_that_locks_is_told_with_the_lockout_and_none_after_it() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await.id;
    for (email, subject, reason) in
        [(ADA, Some(ada), "reason=wrong_password"), (NOBODY, None, "reason=unknown_account")]
    {
        let wrong = failure(AuditKind::Login, None, subject, reason);
        for _ in 0..4 {
            assert_eq!(told_of(&domain, domain.login(email, "wrong")).await, std::slice::from_ref(&wrong));
        }
        let last = told_of(&domain, domain.login(email, "wrong")).await;
        assert_eq!(last, [wrong, success(AuditKind::AccountLock, None, subject, "")]);
        assert!(told_of(&domain, domain.login(email, "wrong")).await.is_empty());
        assert!(told_of(&domain, domain.login(email, PASSWORD)).await.is_empty());
    }
}

#[tokio::test]
async fn a_password_that_was_replaced_while_it_was_checked_is_told_as_wrong() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await.id;
    let operator = Actor::operator();
    let set_password = domain.use_cases.set_password.set(&operator, ada, password(NEW_PASSWORD));
    let (refused, set) =
        domain.storage.interleave("SessionRepository::open", domain.login(ADA, PASSWORD), set_password).await;
    set.unwrap();
    assert!(matches!(refused, Err(LoginError::InvalidCredentials)), "{refused:?}");
    let told = domain.audit_observer.told();
    let event = told.iter().rfind(|event| event.kind == AuditKind::Login).unwrap();
    let expected = failure(AuditKind::Login, None, Some(ada), "reason=wrong_password");
    assert_eq!(said(event), expected, "without a session, for there is none");
    assert!(domain.storage.audit_events().contains(event));
}

#[tokio::test]
async fn a_refresh_token_that_was_spent_before_is_told() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let (ada, session) = (signed_in.user.id, domain.principal(&signed_in).await.session.id);
    let first = &signed_in.tokens.refresh_token;
    assert!(told_of(&domain, domain.refresh(first)).await.is_empty(), "an ordinary refresh is no event");
    domain.clock.advance(Duration::from_secs(10));
    let detail = format!("reason=spent session_id={session}");
    let told = told_of(&domain, domain.refresh(first)).await;
    assert_eq!(told, [failure(AuditKind::RefreshTokenReuse, None, Some(ada), &detail)]);
    assert!(told_of(&domain, domain.refresh(first)).await.is_empty(), "its session has ended");
}

#[tokio::test]
async fn a_logout_is_told_with_its_session() {
    let domain = TestDomain::new();
    let (here, there) = (domain.signed_in(ADA).await, domain.login(ADA, PASSWORD).await.unwrap());
    let (here, there) = (domain.principal(&here).await, domain.principal(&there).await);
    let ada = here.user.id;
    let logout = |session: SessionId| {
        success(AuditKind::Logout, Some(ada), Some(ada), &format!("session_id={session}"))
    };
    let end = || domain.use_cases.end_session.end(ada, there.session.id, fixtures::client());
    assert_eq!(told_of(&domain, end()).await, [logout(there.session.id)]);
    assert!(told_of(&domain, end()).await.is_empty());
    let out = || domain.use_cases.logout.logout(&here, None, fixtures::client());
    assert_eq!(told_of(&domain, out()).await, [logout(here.session.id)]);
    assert!(told_of(&domain, out()).await.is_empty());
    let all = domain.use_cases.logout_all.logout_all(ada, fixtures::client());
    assert_eq!(told_of(&domain, all).await, [success(AuditKind::LogoutAll, Some(ada), Some(ada), "")]);
}

#[tokio::test]
async fn a_changed_password_is_told_and_so_is_a_wrong_one() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    let ada = Some(principal.user.id);
    let change = |current: &str| {
        let command = ChangePasswordCommand {
            current_password: Password::parse(current).ok(),
            new_password: password(NEW_PASSWORD),
            client: fixtures::client(),
        };
        domain.use_cases.change_password.change(&principal, command)
    };
    let told = told_of(&domain, change("wrong")).await;
    assert_eq!(told, [failure(AuditKind::PasswordChange, ada, ada, "reason=wrong_password")]);
    let told = told_of(&domain, change(PASSWORD)).await;
    assert_eq!(told, [success(AuditKind::PasswordChange, ada, ada, "")]);
}

#[tokio::test]
async fn a_reset_password_is_told_and_the_asking_is_not() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await.id;
    let asked = domain.use_cases.request_password_reset.request(fixtures::email(ADA), None);
    assert!(told_of(&domain, asked).await.is_empty());
    domain.deliver().await;
    let token = domain.mailer.last_token_for(ADA);
    let command =
        ResetPasswordCommand { token, new_password: password(NEW_PASSWORD), client: fixtures::client() };
    let told = told_of(&domain, domain.use_cases.reset_password.reset(command.clone())).await;
    assert_eq!(told, [success(AuditKind::PasswordReset, None, Some(ada), "")]);
    assert!(told_of(&domain, domain.use_cases.reset_password.reset(command)).await.is_empty());
}

#[tokio::test]
async fn a_change_of_address_is_told_in_two_steps() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    let ada = Some(principal.user.id);
    let request = |email: &str, password: &str| {
        domain.use_cases.request_email_change.request(&principal, new_email(email, password))
    };
    let told = told_of(&domain, request(NEW, "wrong")).await;
    assert_eq!(told, [failure(AuditKind::EmailChangeRequest, ada, ada, "reason=wrong_password")]);
    domain.made("eve@example.com", &[]).await;
    assert!(told_of(&domain, request("eve@example.com", PASSWORD)).await.is_empty());
    let told = told_of(&domain, request(NEW, PASSWORD)).await;
    assert_eq!(told, [success(AuditKind::EmailChangeRequest, ada, ada, "")]);
    domain.deliver().await;
    let token = domain.mailer.last_token_for(NEW).unwrap();
    let told = told_of(&domain, domain.confirm(&token)).await;
    assert_eq!(told, [success(AuditKind::EmailChange, None, ada, "")]);
    assert!(told_of(&domain, domain.confirm(&token)).await.is_empty());
}

#[tokio::test]
async fn a_wish_for_a_taken_address_is_told_where_its_owner_is() {
    let domain = private();
    let ada = domain.made(ADA, &[]).await.id;
    domain.made("eve@example.com", &[]).await;
    let signed_in = domain.login(ADA, PASSWORD).await.unwrap();
    let principal = domain.principal(&signed_in).await;
    let request =
        domain.use_cases.request_email_change.request(&principal, new_email("eve@example.com", PASSWORD));
    let taken = failure(AuditKind::EmailChangeRequest, Some(ada), Some(ada), "reason=email_taken");
    assert_eq!(told_of(&domain, request).await, [taken]);
}

#[tokio::test]
async fn a_changed_profile_is_told_by_its_fields_and_not_their_values() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await;
    let change = ProfileChange {
        username: Change::Set(fixtures::username("countess")),
        first_name: Change::Set(fixtures::name("Augusta")),
        last_name: Change::Clear,
        ..ProfileChange::default()
    };
    let update = |change| domain.use_cases.update_profile.update(ada.clone(), change, fixtures::client());
    let fields = "fields=username,first_name,last_name";
    let told = told_of(&domain, update(change)).await;
    assert_eq!(told, [success(AuditKind::ProfileChange, Some(ada.id), Some(ada.id), fields)]);
    assert!(told_of(&domain, update(ProfileChange::default())).await.is_empty());
}

#[tokio::test]
async fn an_erased_account_is_told_and_what_it_did_stays() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    let ada = Some(principal.user.id);
    let delete = |password: &str| {
        domain.use_cases.delete_account.delete(&principal, Password::parse(password).ok(), fixtures::client())
    };
    let told = told_of(&domain, delete("wrong")).await;
    assert_eq!(told, [failure(AuditKind::UserDeletion, ada, ada, "reason=wrong_password")]);
    let before = trail(&domain).await;
    let told = told_of(&domain, delete(PASSWORD)).await;
    assert_eq!(told, [success(AuditKind::UserDeletion, ada, ada, "")]);
    let after = trail(&domain).await;
    assert!(before.iter().all(|event| after.contains(event)));
}

#[tokio::test]
async fn what_is_done_to_an_account_is_told_of_who_did_it() {
    let domain = TestDomain::new();
    let root = domain.made("root@example.com", &["admin"]).await.id;
    let actor = domain.actor("root@example.com").await;
    let (use_cases, root) = (&domain.use_cases, Some(root));
    let done = |kind, subject, detail: &str| success(kind, root, Some(subject), detail);
    domain.role("editor", &[]).await;

    let command = CreateUserCommand { roles: [fixtures::role("editor")].into(), ..new_user(ADA) };
    let told = told_of(&domain, use_cases.create_user.create(&actor, command)).await;
    let ada = user_id(&domain, ADA).await;
    assert_eq!(told, [done(AuditKind::UserCreation, ada, "roles=editor,user")]);

    let command = UpdateUserCommand {
        profile: ProfileChange { name: Change::Clear, ..ProfileChange::default() },
        email: Some(fixtures::email(NEW)),
        is_active: Some(false),
    };
    let told = told_of(&domain, use_cases.update_user.update(&actor, ada, command)).await;
    let fields = "fields=name,email,is_active is_active=false";
    assert_eq!(told, [done(AuditKind::UserUpdate, ada, fields)]);
    let command = UpdateUserCommand { is_active: Some(true), ..UpdateUserCommand::default() };
    let told = told_of(&domain, use_cases.update_user.update(&actor, ada, command)).await;
    assert_eq!(told, [done(AuditKind::UserUpdate, ada, "fields=is_active is_active=true")]);
    let told = told_of(&domain, use_cases.verify_user.verify(&actor, ada)).await;
    assert_eq!(told, [done(AuditKind::UserUpdate, ada, "fields=email_verified")]);

    let told = told_of(&domain, use_cases.unlock_user.unlock(&actor, ada)).await;
    assert_eq!(told, [done(AuditKind::AccountUnlock, ada, "")]);
    let told = told_of(&domain, use_cases.set_password.set(&actor, ada, password(NEW_PASSWORD))).await;
    assert_eq!(told, [done(AuditKind::PasswordSet, ada, "")]);
    let told = told_of(&domain, use_cases.revoke_sessions.revoke(&actor, ada)).await;
    assert_eq!(told, [done(AuditKind::SessionRevocation, ada, "")]);
    let told = told_of(&domain, use_cases.delete_user.delete(&actor, ada)).await;
    assert_eq!(told, [done(AuditKind::UserDeletion, ada, "")]);
}

#[tokio::test]
async fn what_is_done_to_a_role_is_told_of_who_did_it() {
    let domain = TestDomain::new();
    let root = domain.made("root@example.com", &["admin"]).await.id;
    let ada = domain.made(ADA, &[]).await.id;
    let actor = domain.actor("root@example.com").await;
    let (use_cases, root) = (&domain.use_cases, Some(root));

    let told = told_of(&domain, use_cases.create_role.create(&actor, new_role("editor", &[]))).await;
    let role = use_cases.find_role.find_by_name(&fixtures::role("editor")).await.unwrap().id;
    let detail = format!("role=editor role_id={role}");
    assert_eq!(told, [success(AuditKind::RoleCreation, root, None, &detail)]);

    let assign = || use_cases.assign_role.assign(&actor, ada, role);
    let told = told_of(&domain, assign()).await;
    assert_eq!(told, [success(AuditKind::RoleAssignment, root, Some(ada), &detail)]);
    assert!(told_of(&domain, assign()).await.is_empty(), "it was so before");
    let revoke = || use_cases.revoke_role.revoke(&actor, ada, role);
    let told = told_of(&domain, revoke()).await;
    assert_eq!(told, [success(AuditKind::RoleRevocation, root, Some(ada), &detail)]);
    assert!(told_of(&domain, revoke()).await.is_empty(), "it was so before");

    let rename = UpdateRoleCommand { name: Some(fixtures::role("printer")), ..UpdateRoleCommand::default() };
    let told = told_of(&domain, use_cases.update_role.update(&actor, role, rename)).await;
    assert_eq!(told, [success(AuditKind::RoleUpdate, root, None, &format!("fields=name {detail}"))]);
    let told = told_of(&domain, use_cases.delete_role.delete(&actor, role)).await;
    let detail = format!("role=printer role_id={role}");
    assert_eq!(told, [success(AuditKind::RoleDeletion, root, None, &detail)]);
}

#[tokio::test]
async fn what_operators_do_is_told_as_theirs() {
    let domain = TestDomain::new();
    let told = told_of(&domain, domain.made(ADA, &[])).await;
    let ada = user_id(&domain, ADA).await;
    assert_eq!(told, [success(AuditKind::UserCreation, None, Some(ada), "by=operator roles=user")]);
}

#[tokio::test]
async fn an_import_is_told_in_figures() {
    let domain = TestDomain::new();
    let tally = ImportTally { imported: 12_345, present: 6, refused: 7 };
    let told = told_of(&domain, domain.use_cases.import_users.conclude(&Actor::operator(), tally)).await;
    let detail = "by=operator imported=12345 present=6 refused=7";
    assert_eq!(told, [success(AuditKind::UserImport, None, None, detail)]);
}

#[tokio::test]
async fn a_new_key_is_told_by_its_id() {
    let domain = TestDomain::new();
    let first = told_of(&domain, domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa)).await;
    let rotation = |detail| success(AuditKind::SigningKeyRotation, None, None, detail);
    assert_eq!(first, [rotation("algorithm=EdDSA by=operator key_id=key-1")]);
    let again = domain.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa);
    assert!(told_of(&domain, again).await.is_empty());
    let operator = Origin::operator();
    let next = domain.use_cases.rotate_signing_key.rotate(
        &operator,
        SigningAlgorithm::Es256,
        RotationStart::Immediate,
    );
    assert_eq!(told_of(&domain, next).await, [rotation("algorithm=ES256 by=operator key_id=key-2")]);
    let ada = domain.made(ADA, &[]).await.id;
    let by_ada = fixtures::origin_of(ada);
    let last = domain.use_cases.rotate_signing_key.rotate(
        &by_ada,
        SigningAlgorithm::EdDsa,
        RotationStart::Announced,
    );
    let told = success(AuditKind::SigningKeyRotation, Some(ada), None, "algorithm=EdDSA key_id=key-3");
    assert_eq!(told_of(&domain, last).await, [told]);
}

#[tokio::test]
async fn a_mail_that_is_sent_again_is_told_by_its_id() {
    let domain = TestDomain::new();
    let root = domain.made("root@example.com", &[]).await.id;
    domain.register(ADA).await.unwrap();
    let id = domain.use_cases.list_mail.list(None).await.unwrap()[0].mail.id;
    let detail = format!("mail_id={id}");
    let by_root = fixtures::origin_of(root);
    let told = told_of(&domain, domain.use_cases.resend_mail.resend(&by_root, id)).await;
    assert_eq!(told, [success(AuditKind::MailResend, Some(root), None, &detail)]);
    domain.deliver().await;
    assert!(
        told_of(&domain, domain.use_cases.resend_mail.resend(&by_root, id)).await.is_empty(),
        "it is gone"
    );
}

#[tokio::test]
async fn what_the_store_refused_is_not_told() {
    let domain = TestDomain::new();
    let ada = domain.made(ADA, &[]).await.id;
    domain.storage.fail_next_call_to("SessionRepository::open");
    assert!(told_of(&domain, domain.login(ADA, PASSWORD)).await.is_empty());
    domain.register("unverified@example.com").await.unwrap();
    domain.storage.fail_next_call_to("LockoutRepository::record_success");
    assert!(told_of(&domain, domain.login("unverified@example.com", PASSWORD)).await.is_empty());
    domain.storage.fail_next_call_to("LockoutRepository::record_failure");
    assert!(told_of(&domain, domain.login(ADA, "wrong")).await.is_empty());
    domain.storage.fail_next_call_to("UserRepository::delete");
    let operator = Actor::operator();
    let delete = domain.use_cases.delete_user.delete(&operator, ada);
    assert!(told_of(&domain, delete).await.is_empty());
    let tally = ImportTally::default();
    domain.storage.fail_next_call_to("AuditTrail::append");
    let conclude = domain.use_cases.import_users.conclude(&operator, tally);
    assert!(told_of(&domain, conclude).await.is_empty());
}

#[tokio::test]
async fn no_event_holds_a_secret_or_an_address() {
    let domain = TestDomain::new();
    let mut command = registration(ADA);
    command.username = Some(fixtures::username("Countess"));
    command.profile.name = Some(fixtures::name("Lovelace"));
    domain.use_cases.register.register(command).await.unwrap();
    domain.deliver().await;
    verify_by_code(&domain, ADA, domain.mailer.last_code_for(ADA)).await;
    let _ = domain.login(ADA, "wrong secret").await;
    let _ = domain.login(NOBODY, "wrong secret").await;
    let signed_in = domain.login(ADA, PASSWORD).await.unwrap();
    let principal = domain.principal(&signed_in).await;
    domain.use_cases.request_email_change.request(&principal, new_email(NEW, PASSWORD)).await.unwrap();
    domain.deliver().await;
    domain.confirm(&domain.mailer.last_token_for(NEW).unwrap()).await.unwrap();
    let first = &signed_in.tokens.refresh_token;
    let second = domain.refresh(first).await.unwrap();
    domain.clock.advance(Duration::from_mins(1));
    assert!(domain.refresh(first).await.is_err());
    domain.use_cases.request_password_reset.request(fixtures::email(NEW), None).await.unwrap();
    domain.deliver().await;
    let token = domain.mailer.last_token_for(NEW);
    let command =
        ResetPasswordCommand { token, new_password: password(NEW_PASSWORD), client: fixtures::client() };
    domain.use_cases.reset_password.reset(command).await.unwrap();
    let moved = UpdateUserCommand {
        email: Some(fixtures::email("third@example.com")),
        ..UpdateUserCommand::default()
    };
    let operator = Actor::operator();
    domain.use_cases.update_user.update(&operator, principal.user.id, moved).await.unwrap();
    domain.use_cases.set_password.set(&operator, principal.user.id, password(PASSWORD)).await.unwrap();
    domain.use_cases.delete_user.delete(&operator, principal.user.id).await.unwrap();

    let sent = domain.mailer.sent();
    let mut secrets: Vec<String> =
        [ADA, NEW, NOBODY, "third", "@", "ountess", "ovelace"].map(str::to_owned).into();
    secrets.extend([PASSWORD, NEW_PASSWORD, "wrong secret", "cheap"].map(str::to_owned));
    secrets.extend(
        [&signed_in.tokens.access_token, first, &second.access_token, &second.refresh_token]
            .map(|token| token.to_string()),
    );
    for mail in &sent {
        if let MailContent::VerifyEmail { token, .. }
        | MailContent::ResetPassword { token, .. }
        | MailContent::ConfirmEmailChange { token, .. } = &mail.content
        {
            secrets.push(token.expose().to_string());
        }
    }
    let events = trail(&domain).await;
    let kinds: BTreeSet<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds.len(), 10, "{kinds:?}");
    for event in events {
        let text = format!("{event:?}");
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in {text}");
        }
        let code = domain.mailer.last_code_for(ADA).unwrap();
        assert!(event.detail.values().all(|value| value != code.expose()));
    }
}
