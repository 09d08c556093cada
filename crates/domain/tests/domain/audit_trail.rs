//! What the trail says of each act, as who reads it sees it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_domain::audit::{AuditEvent, AuditKind, AuditOutcome, FailureReason};
use portcullis_domain::mail::{MailContent, MailKind};
use portcullis_domain::policy::{Policy, Registration};
use portcullis_domain::ports::{
    Clock as _, HashRefusal, HashingError, PasswordHasher, PasswordSetting, UserAdministration as _,
    Verification,
};
use portcullis_domain::use_cases::{
    AuditFilter, ChangePasswordCommand, ClaimedIdentifier, CreateUserCommand, ImportTally, LoginCommand,
    LoginError, Ports, RegisterError, RequestEmailChangeCommand, ResetPasswordCommand, RotationStart,
    UpdateRoleCommand, UpdateUserCommand, UseCases, VerifyEmailByCodeCommand,
};
use portcullis_domain::{
    AcceptedPassword, Actor, AuditEventId, Change, Client, InvalidValue, LoginIdentifier, OneTimeCode,
    Origin, PageLimit, Password, PasswordHash, Permissions, ProfileChange, SessionId, SigningAlgorithm,
    UserId,
};
use portcullis_testkit::{CheapHasher, Fakes, MemoryStorage, ScriptedEntropy, fixtures};

use crate::world::{ADA, PASSWORD, World, new_role, new_user, password, registration};

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
async fn trail(world: &World) -> Vec<AuditEvent> {
    let everything = PageLimit::new(PageLimit::MAX).unwrap();
    let page = world.domain.list_audit_events.list(AuditFilter::default(), None, everything).await.unwrap();
    assert_eq!(page.next_cursor, None);
    let mut events = page.items;
    events.reverse();
    let mut told = world.observer.told();
    assert!(told.is_sorted_by_key(|event| event.at));
    // Within a millisecond ids have no order.
    told.sort_by_key(|event| event.id);
    assert_eq!(told, events);
    events
}

/// What the trail says of `act`, which everybody does at [`fixtures::client`].
async fn told_of<T>(world: &World, act: impl Future<Output = T>) -> Vec<Said> {
    let before = trail(world).await;
    world.clock.advance(Duration::from_millis(1));
    act.await;
    let mut events = trail(world).await;
    events.retain(|event| !before.contains(event));
    for event in &events {
        assert_eq!(event.at, world.clock.now());
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

fn private() -> World {
    World::under(Policy { registration: Registration::Private, ..Policy::default() })
}

async fn verify_by_code(world: &World, email: &str, code: Option<OneTimeCode>) {
    let command =
        VerifyEmailByCodeCommand { email: fixtures::email(email), code, client: fixtures::client() };
    let _ = world.domain.verify_email_by_code.verify(command).await;
}

async fn user_id(world: &World, email: &str) -> UserId {
    let identifier = LoginIdentifier::Email(fixtures::email(email));
    world.domain.find_user.find_by_login(&identifier).await.unwrap().id
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
    let world = World::new();
    let told = told_of(&world, world.register(ADA)).await;
    let ada = user_id(&world, ADA).await;
    assert_eq!(told, [success(AuditKind::Registration, None, Some(ada), "")]);
    let told = told_of(&world, async {
        assert!(matches!(world.register(ADA).await, Err(RegisterError::EmailTaken)));
    });
    assert!(told.await.is_empty(), "nothing came of it");
}

#[tokio::test]
async fn a_private_registration_is_told_of_the_account_that_stands() {
    let world = private();
    let first = told_of(&world, world.register(ADA)).await;
    let ada = user_id(&world, ADA).await;
    assert_eq!(first, [success(AuditKind::Registration, None, Some(ada), "")]);
    let second = told_of(&world, world.register(ADA)).await;
    assert_eq!(second, first, "it stands in place of the first");
    world.deliver().await;
    world.verify(&world.mailer.last_token_for(ADA).unwrap()).await.unwrap();
    let third = told_of(&world, world.register(ADA)).await;
    assert_eq!(third, [failure(AuditKind::Registration, None, Some(ada), "reason=email_taken")]);
}

#[tokio::test]
async fn a_verification_is_told_once() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.deliver().await;
    let (token, ada) = (world.mailer.last_token_for(ADA).unwrap(), user_id(&world, ADA).await);
    let told = told_of(&world, world.verify(&token)).await;
    assert_eq!(told, [success(AuditKind::EmailVerification, None, Some(ada), "")]);
    assert!(told_of(&world, world.verify(&token)).await.is_empty());
}

#[tokio::test]
async fn each_wrong_code_is_told_and_so_is_the_right_one() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.deliver().await;
    let (code, ada) = (world.mailer.last_code_for(ADA), user_id(&world, ADA).await);
    let wrong = |subject| failure(AuditKind::EmailVerification, None, subject, "reason=wrong_code");
    assert_eq!(told_of(&world, verify_by_code(&world, ADA, None)).await, [wrong(Some(ada))]);
    assert_eq!(told_of(&world, verify_by_code(&world, NOBODY, code.clone())).await, [wrong(None)]);
    let told = told_of(&world, verify_by_code(&world, ADA, code)).await;
    assert_eq!(told, [success(AuditKind::EmailVerification, None, Some(ada), "")]);
    for _ in 0..4 {
        assert_eq!(told_of(&world, verify_by_code(&world, NOBODY, None)).await, [wrong(None)]);
    }
    assert!(told_of(&world, verify_by_code(&world, NOBODY, None)).await.is_empty(), "what is not counted");
}

#[tokio::test]
async fn a_login_is_told_with_its_session() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await.id;
    let told = told_of(&world, world.login(ADA, PASSWORD)).await;
    let session = world.domain.list_sessions.list(ada).await.unwrap().remove(0).id;
    assert_eq!(told, [success(AuditKind::Login, None, Some(ada), &format!("session_id={session}"))]);
}

#[tokio::test]
async fn a_login_that_fails_is_told_with_its_reason() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await.id;
    let told = told_of(&world, world.login(ADA, "wrong")).await;
    assert_eq!(told, [failure(AuditKind::Login, None, Some(ada), "reason=wrong_password")]);
    for unknown in [NOBODY, "not an address"] {
        let told = told_of(&world, world.login(unknown, PASSWORD)).await;
        assert_eq!(told, [failure(AuditKind::Login, None, None, "reason=unknown_account")]);
    }
    let disabled = CreateUserCommand { is_active: false, ..new_user("disabled@example.com") };
    let disabled = world.domain.create_user.create(&Actor::operator(), disabled).await.unwrap();
    let told = told_of(&world, world.login("disabled@example.com", PASSWORD)).await;
    assert_eq!(told, [failure(AuditKind::Login, None, Some(disabled.id), "reason=account_disabled")]);
    world.register("new@example.com").await.unwrap();
    let told = told_of(&world, world.login("new@example.com", PASSWORD)).await;
    let new = user_id(&world, "new@example.com").await;
    assert_eq!(told, [failure(AuditKind::Login, None, Some(new), "reason=email_not_verified")]);
}

#[tokio::test]
async fn the_failure_that_locks_is_told_with_the_lockout_and_none_after_it() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await.id;
    for (email, subject, reason) in
        [(ADA, Some(ada), "reason=wrong_password"), (NOBODY, None, "reason=unknown_account")]
    {
        let wrong = failure(AuditKind::Login, None, subject, reason);
        for _ in 0..4 {
            assert_eq!(told_of(&world, world.login(email, "wrong")).await, std::slice::from_ref(&wrong));
        }
        let last = told_of(&world, world.login(email, "wrong")).await;
        assert_eq!(last, [wrong, success(AuditKind::AccountLock, None, subject, "")]);
        assert!(told_of(&world, world.login(email, "wrong")).await.is_empty());
        assert!(told_of(&world, world.login(email, PASSWORD)).await.is_empty());
    }
}

/// A hasher that takes so long that meanwhile somebody sets another password.
struct SlowHasher {
    hasher: CheapHasher,
    storage: MemoryStorage,
    user: UserId,
}

#[async_trait]
impl PasswordHasher for SlowHasher {
    async fn hash(&self, password: AcceptedPassword) -> Result<PasswordHash, HashingError> {
        self.hasher.hash(password).await
    }

    fn import(&self, text: &str) -> Result<PasswordHash, HashRefusal> {
        self.hasher.import(text)
    }

    async fn verify(
        &self,
        password: Password,
        hash: Option<PasswordHash>,
    ) -> Result<Verification, HashingError> {
        let verification = self.hasher.verify(password, hash).await?;
        let setting = PasswordSetting {
            user: self.user,
            authority: Permissions::every([]),
            new_hash: fixtures::other_hash("meanwhile"),
            attempts: fixtures::account_attempts(self.user),
            notice: fixtures::mail(MailKind::PasswordChanged, ADA),
            event: fixtures::event(AuditKind::PasswordSet),
        };
        self.storage.set_password(setting).await.expect("the store works");
        Ok(verification)
    }
}

#[tokio::test]
async fn a_password_that_was_replaced_while_it_was_checked_is_told_as_wrong() {
    let fakes = Fakes::default();
    let domain = fakes.use_cases(Policy::default());
    let ada = domain.create_user.create(&Actor::operator(), new_user(ADA)).await.unwrap().id;
    let hasher = SlowHasher { hasher: CheapHasher::default(), storage: fakes.storage.clone(), user: ada };
    let ports = Ports { hasher: Arc::new(hasher), ..fakes.ports() };
    let slow = UseCases::new(&ports, Policy::default(), &fixtures::secret_key());
    let command = LoginCommand {
        identifier: ClaimedIdentifier::Email(ADA.to_owned()),
        password: Some(password(PASSWORD)),
        client: fixtures::client(),
    };
    let refused = slow.login.login(command).await;
    assert!(matches!(refused, Err(LoginError::InvalidCredentials)), "{refused:?}");
    let event = fakes.audit_observer.told().pop().unwrap();
    let expected = failure(AuditKind::Login, None, Some(ada), "reason=wrong_password");
    assert_eq!(said(&event), expected, "without a session, for there is none");
    assert!(fakes.storage.audit_events().contains(&event));
}

#[tokio::test]
async fn a_refresh_token_that_was_spent_before_is_told() {
    let world = World::new();
    let signed_in = world.signed_in(ADA).await;
    let (ada, session) = (signed_in.user.id, world.principal(&signed_in).await.session.id);
    let first = &signed_in.tokens.refresh_token;
    assert!(told_of(&world, world.refresh(first)).await.is_empty(), "an ordinary refresh is no event");
    world.clock.advance(Duration::from_secs(10));
    let detail = format!("reason=spent session_id={session}");
    let told = told_of(&world, world.refresh(first)).await;
    assert_eq!(told, [failure(AuditKind::RefreshTokenReuse, None, Some(ada), &detail)]);
    assert!(told_of(&world, world.refresh(first)).await.is_empty(), "its session has ended");
}

#[tokio::test]
async fn a_logout_is_told_with_its_session() {
    let world = World::new();
    let (here, there) = (world.signed_in(ADA).await, world.login(ADA, PASSWORD).await.unwrap());
    let (here, there) = (world.principal(&here).await, world.principal(&there).await);
    let ada = here.user.id;
    let logout = |session: SessionId| {
        success(AuditKind::Logout, Some(ada), Some(ada), &format!("session_id={session}"))
    };
    let end = || world.domain.end_session.end(ada, there.session.id, fixtures::client());
    assert_eq!(told_of(&world, end()).await, [logout(there.session.id)]);
    assert!(told_of(&world, end()).await.is_empty());
    let out = || world.domain.logout.logout(&here, None, fixtures::client());
    assert_eq!(told_of(&world, out()).await, [logout(here.session.id)]);
    assert!(told_of(&world, out()).await.is_empty());
    let all = world.domain.logout_all.logout_all(ada, fixtures::client());
    assert_eq!(told_of(&world, all).await, [success(AuditKind::LogoutAll, Some(ada), Some(ada), "")]);
}

#[tokio::test]
async fn a_changed_password_is_told_and_so_is_a_wrong_one() {
    let world = World::new();
    let signed_in = world.signed_in(ADA).await;
    let principal = world.principal(&signed_in).await;
    let ada = Some(principal.user.id);
    let change = |current: &str| {
        let command = ChangePasswordCommand {
            current_password: Password::parse(current).ok(),
            new_password: password(NEW_PASSWORD),
            client: fixtures::client(),
        };
        world.domain.change_password.change(&principal, command)
    };
    let told = told_of(&world, change("wrong")).await;
    assert_eq!(told, [failure(AuditKind::PasswordChange, ada, ada, "reason=wrong_password")]);
    let told = told_of(&world, change(PASSWORD)).await;
    assert_eq!(told, [success(AuditKind::PasswordChange, ada, ada, "")]);
}

#[tokio::test]
async fn a_reset_password_is_told_and_the_asking_is_not() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await.id;
    let asked = world.domain.request_password_reset.request(fixtures::email(ADA), None);
    assert!(told_of(&world, asked).await.is_empty());
    world.deliver().await;
    let token = world.mailer.last_token_for(ADA);
    let command =
        ResetPasswordCommand { token, new_password: password(NEW_PASSWORD), client: fixtures::client() };
    let told = told_of(&world, world.domain.reset_password.reset(command.clone())).await;
    assert_eq!(told, [success(AuditKind::PasswordReset, None, Some(ada), "")]);
    assert!(told_of(&world, world.domain.reset_password.reset(command)).await.is_empty());
}

#[tokio::test]
async fn a_change_of_address_is_told_in_two_steps() {
    let world = World::new();
    let signed_in = world.signed_in(ADA).await;
    let principal = world.principal(&signed_in).await;
    let ada = Some(principal.user.id);
    let request = |email: &str, password: &str| {
        world.domain.request_email_change.request(&principal, new_email(email, password))
    };
    let told = told_of(&world, request(NEW, "wrong")).await;
    assert_eq!(told, [failure(AuditKind::EmailChangeRequest, ada, ada, "reason=wrong_password")]);
    world.made("eve@example.com", &[]).await;
    assert!(told_of(&world, request("eve@example.com", PASSWORD)).await.is_empty());
    let told = told_of(&world, request(NEW, PASSWORD)).await;
    assert_eq!(told, [success(AuditKind::EmailChangeRequest, ada, ada, "")]);
    world.deliver().await;
    let token = world.mailer.last_token_for(NEW).unwrap();
    let told = told_of(&world, world.confirm(&token)).await;
    assert_eq!(told, [success(AuditKind::EmailChange, None, ada, "")]);
    assert!(told_of(&world, world.confirm(&token)).await.is_empty());
}

#[tokio::test]
async fn a_wish_for_a_taken_address_is_told_where_its_owner_is() {
    let world = private();
    let ada = world.made(ADA, &[]).await.id;
    world.made("eve@example.com", &[]).await;
    let signed_in = world.login(ADA, PASSWORD).await.unwrap();
    let principal = world.principal(&signed_in).await;
    let request =
        world.domain.request_email_change.request(&principal, new_email("eve@example.com", PASSWORD));
    let taken = failure(AuditKind::EmailChangeRequest, Some(ada), Some(ada), "reason=email_taken");
    assert_eq!(told_of(&world, request).await, [taken]);
}

#[tokio::test]
async fn a_changed_profile_is_told_by_its_fields_and_not_their_values() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await;
    let change = ProfileChange {
        username: Change::Set(fixtures::username("countess")),
        first_name: Change::Set(fixtures::name("Augusta")),
        last_name: Change::Clear,
        ..ProfileChange::default()
    };
    let update = |change| world.domain.update_profile.update(ada.clone(), change, fixtures::client());
    let fields = "fields=username,first_name,last_name";
    let told = told_of(&world, update(change)).await;
    assert_eq!(told, [success(AuditKind::ProfileChange, Some(ada.id), Some(ada.id), fields)]);
    assert!(told_of(&world, update(ProfileChange::default())).await.is_empty());
}

#[tokio::test]
async fn an_erased_account_is_told_and_what_it_did_stays() {
    let world = World::new();
    let signed_in = world.signed_in(ADA).await;
    let principal = world.principal(&signed_in).await;
    let ada = Some(principal.user.id);
    let delete = |password: &str| {
        world.domain.delete_account.delete(&principal, Password::parse(password).ok(), fixtures::client())
    };
    let told = told_of(&world, delete("wrong")).await;
    assert_eq!(told, [failure(AuditKind::UserDeletion, ada, ada, "reason=wrong_password")]);
    let before = trail(&world).await;
    let told = told_of(&world, delete(PASSWORD)).await;
    assert_eq!(told, [success(AuditKind::UserDeletion, ada, ada, "")]);
    let after = trail(&world).await;
    assert!(before.iter().all(|event| after.contains(event)));
}

#[tokio::test]
async fn what_is_done_to_an_account_is_told_of_who_did_it() {
    let world = World::new();
    let root = world.made("root@example.com", &["admin"]).await.id;
    let actor = world.actor("root@example.com").await;
    let (domain, root) = (&world.domain, Some(root));
    let done = |kind, subject, detail: &str| success(kind, root, Some(subject), detail);
    world.role("editor", &[]).await;

    let command = CreateUserCommand { roles: [fixtures::role("editor")].into(), ..new_user(ADA) };
    let told = told_of(&world, domain.create_user.create(&actor, command)).await;
    let ada = user_id(&world, ADA).await;
    assert_eq!(told, [done(AuditKind::UserCreation, ada, "roles=editor,user")]);

    let command = UpdateUserCommand {
        profile: ProfileChange { name: Change::Clear, ..ProfileChange::default() },
        email: Some(fixtures::email(NEW)),
        verifies_email: true,
        is_active: Some(false),
    };
    let told = told_of(&world, domain.update_user.update(&actor, ada, command)).await;
    let fields = "fields=name,email,email_verified,is_active is_active=false";
    assert_eq!(told, [done(AuditKind::UserUpdate, ada, fields)]);
    let command = UpdateUserCommand { is_active: Some(true), ..UpdateUserCommand::default() };
    let told = told_of(&world, domain.update_user.update(&actor, ada, command)).await;
    assert_eq!(told, [done(AuditKind::UserUpdate, ada, "fields=is_active is_active=true")]);

    let told = told_of(&world, domain.unlock_user.unlock(&actor, ada)).await;
    assert_eq!(told, [done(AuditKind::AccountUnlock, ada, "")]);
    let told = told_of(&world, domain.set_password.set(&actor, ada, password(NEW_PASSWORD))).await;
    assert_eq!(told, [done(AuditKind::PasswordSet, ada, "")]);
    let told = told_of(&world, domain.revoke_sessions.revoke(&actor, ada)).await;
    assert_eq!(told, [done(AuditKind::SessionRevocation, ada, "")]);
    let told = told_of(&world, domain.delete_user.delete(&actor, ada)).await;
    assert_eq!(told, [done(AuditKind::UserDeletion, ada, "")]);
}

#[tokio::test]
async fn what_is_done_to_a_role_is_told_of_who_did_it() {
    let world = World::new();
    let root = world.made("root@example.com", &["admin"]).await.id;
    let ada = world.made(ADA, &[]).await.id;
    let actor = world.actor("root@example.com").await;
    let (domain, root) = (&world.domain, Some(root));

    let told = told_of(&world, domain.create_role.create(&actor, new_role("editor", &[]))).await;
    let role = domain.list_roles.find_by_name(&fixtures::role("editor")).await.unwrap().id;
    let detail = format!("role=editor role_id={role}");
    assert_eq!(told, [success(AuditKind::RoleCreation, root, None, &detail)]);

    let assign = || domain.change_roles.assign(&actor, ada, role);
    let told = told_of(&world, assign()).await;
    assert_eq!(told, [success(AuditKind::RoleAssignment, root, Some(ada), &detail)]);
    assert!(told_of(&world, assign()).await.is_empty(), "it was so before");
    let revoke = || domain.change_roles.revoke(&actor, ada, role);
    let told = told_of(&world, revoke()).await;
    assert_eq!(told, [success(AuditKind::RoleRevocation, root, Some(ada), &detail)]);
    assert!(told_of(&world, revoke()).await.is_empty(), "it was so before");

    let rename = UpdateRoleCommand { name: Some(fixtures::role("printer")), ..UpdateRoleCommand::default() };
    let told = told_of(&world, domain.update_role.update(&actor, role, rename)).await;
    assert_eq!(told, [success(AuditKind::RoleUpdate, root, None, &format!("fields=name {detail}"))]);
    let told = told_of(&world, domain.delete_role.delete(&actor, role)).await;
    let detail = format!("role=printer role_id={role}");
    assert_eq!(told, [success(AuditKind::RoleDeletion, root, None, &detail)]);
}

#[tokio::test]
async fn what_operators_do_is_told_as_theirs() {
    let world = World::new();
    let told = told_of(&world, world.made(ADA, &[])).await;
    let ada = user_id(&world, ADA).await;
    assert_eq!(told, [success(AuditKind::UserCreation, None, Some(ada), "by=operator roles=user")]);
}

#[tokio::test]
async fn an_import_is_told_in_figures() {
    let world = World::new();
    let tally = ImportTally { imported: 12_345, present: 6, refused: 7 };
    let told = told_of(&world, world.domain.import_users.conclude(&Actor::operator(), tally)).await;
    let detail = "by=operator imported=12345 present=6 refused=7";
    assert_eq!(told, [success(AuditKind::UserImport, None, None, detail)]);
}

#[tokio::test]
async fn a_new_key_is_told_by_its_id() {
    let world = World::new();
    let first = told_of(&world, world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa)).await;
    let rotation = |detail| success(AuditKind::SigningKeyRotation, None, None, detail);
    assert_eq!(first, [rotation("algorithm=EdDSA by=operator key_id=key-1")]);
    let again = world.domain.ensure_signing_key.ensure(SigningAlgorithm::EdDsa);
    assert!(told_of(&world, again).await.is_empty());
    let operator = Origin::operator();
    let next =
        world.domain.rotate_signing_key.rotate(&operator, SigningAlgorithm::Es256, RotationStart::Immediate);
    assert_eq!(told_of(&world, next).await, [rotation("algorithm=ES256 by=operator key_id=key-2")]);
    let ada = world.made(ADA, &[]).await.id;
    let by_ada = fixtures::origin_of(ada);
    let last =
        world.domain.rotate_signing_key.rotate(&by_ada, SigningAlgorithm::EdDsa, RotationStart::Announced);
    let told = success(AuditKind::SigningKeyRotation, Some(ada), None, "algorithm=EdDSA key_id=key-3");
    assert_eq!(told_of(&world, last).await, [told]);
}

#[tokio::test]
async fn a_mail_that_is_sent_again_is_told_by_its_id() {
    let world = World::new();
    let root = world.made("root@example.com", &[]).await.id;
    world.register(ADA).await.unwrap();
    let id = world.domain.list_mail.list(None).await.unwrap()[0].mail.id;
    let detail = format!("mail_id={id}");
    let by_root = fixtures::origin_of(root);
    let told = told_of(&world, world.domain.resend_mail.resend(&by_root, id)).await;
    assert_eq!(told, [success(AuditKind::MailResend, Some(root), None, &detail)]);
    world.deliver().await;
    assert!(told_of(&world, world.domain.resend_mail.resend(&by_root, id)).await.is_empty(), "it is gone");
}

#[tokio::test]
async fn what_the_store_refused_is_not_told() {
    let world = World::new();
    let ada = world.made(ADA, &[]).await.id;
    for method in ["SessionRepository::open", "LockoutRepository::record_success"] {
        world.storage.fail_next_call_to(method);
        assert!(told_of(&world, world.login(ADA, PASSWORD)).await.is_empty(), "{method}");
    }
    world.storage.fail_next_call_to("LockoutRepository::record_failure");
    assert!(told_of(&world, world.login(ADA, "wrong")).await.is_empty());
    world.storage.fail_next_call_to("UserRepository::delete");
    let operator = Actor::operator();
    let delete = world.domain.delete_user.delete(&operator, ada);
    assert!(told_of(&world, delete).await.is_empty());
    let tally = ImportTally::default();
    world.storage.fail_next_call_to("AuditTrail::append");
    let conclude = world.domain.import_users.conclude(&operator, tally);
    assert!(told_of(&world, conclude).await.is_empty());
}

#[tokio::test]
async fn no_event_holds_a_secret_or_an_address() {
    let world = World::new();
    let mut command = registration(ADA);
    command.username = Some(fixtures::username("Countess"));
    command.profile.name = Some(fixtures::name("Lovelace"));
    world.domain.register.register(command).await.unwrap();
    world.deliver().await;
    verify_by_code(&world, ADA, world.mailer.last_code_for(ADA)).await;
    let _ = world.login(ADA, "wrong secret").await;
    let _ = world.login(NOBODY, "wrong secret").await;
    let signed_in = world.login(ADA, PASSWORD).await.unwrap();
    let principal = world.principal(&signed_in).await;
    world.domain.request_email_change.request(&principal, new_email(NEW, PASSWORD)).await.unwrap();
    world.deliver().await;
    world.confirm(&world.mailer.last_token_for(NEW).unwrap()).await.unwrap();
    let first = &signed_in.tokens.refresh_token;
    let second = world.refresh(first).await.unwrap();
    world.clock.advance(Duration::from_mins(1));
    assert!(world.refresh(first).await.is_err());
    world.domain.request_password_reset.request(fixtures::email(NEW), None).await.unwrap();
    world.deliver().await;
    let token = world.mailer.last_token_for(NEW);
    let command =
        ResetPasswordCommand { token, new_password: password(NEW_PASSWORD), client: fixtures::client() };
    world.domain.reset_password.reset(command).await.unwrap();
    let moved = UpdateUserCommand {
        email: Some(fixtures::email("third@example.com")),
        ..UpdateUserCommand::default()
    };
    let operator = Actor::operator();
    world.domain.update_user.update(&operator, principal.user.id, moved).await.unwrap();
    world.domain.set_password.set(&operator, principal.user.id, password(PASSWORD)).await.unwrap();
    world.domain.delete_user.delete(&operator, principal.user.id).await.unwrap();

    let sent = world.mailer.sent();
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
    let events = trail(&world).await;
    let kinds: BTreeSet<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds.len(), 10, "{kinds:?}");
    for event in events {
        let text = format!("{event:?}");
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in {text}");
        }
        let code = world.mailer.last_code_for(ADA).unwrap();
        assert!(event.detail.values().all(|value| value != code.expose()));
    }
}
