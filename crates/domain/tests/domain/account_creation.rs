use std::collections::BTreeSet;

use portcullis_domain::mail::MailContent;
use portcullis_domain::policy::Policy;
use portcullis_domain::use_cases::{
    CreateUserCommand, CreateUserError, LoginError, ResetPasswordCommand, UpdateRoleCommand,
};
use portcullis_domain::{Actor, ProfileNames, RoleName, User};
use portcullis_testkit::TestDomain;
use portcullis_testkit::fixtures::{self, PASSWORD, new_user, password, permissions};

use crate::ADA;

async fn create(
    domain: &TestDomain,
    actor: &Actor,
    command: CreateUserCommand,
) -> Result<User, CreateUserError> {
    domain.use_cases.create_user.create(actor, command).await
}

fn with_roles(roles: &[&str]) -> CreateUserCommand {
    CreateUserCommand { roles: roles.iter().map(|name| fixtures::role(name)).collect(), ..new_user(ADA) }
}

#[tokio::test]
async fn an_account_is_made_as_it_was_asked_for() {
    let domain = TestDomain::new();
    domain.role("editor", &["texts:edit"]).await;
    let command = CreateUserCommand {
        username: Some(fixtures::username("countess")),
        profile: ProfileNames { name: Some(fixtures::name("Ada")), ..ProfileNames::default() },
        locale: Some(fixtures::locale("de")),
        ..with_roles(&["editor"])
    };
    let user = create(&domain, &Actor::operator(), command).await.unwrap();
    assert_eq!(user.email, fixtures::email(ADA));
    assert_eq!(user.username, Some(fixtures::username("countess")));
    assert_eq!(user.profile.name, Some(fixtures::name("Ada")));
    assert_eq!(user.locale, fixtures::locale("de"));
    assert_eq!(user.roles, [fixtures::role("editor"), RoleName::user()], "every account has the role `user`");
    assert_eq!(domain.current(&user).await, user);
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_account_with_password_and_verified_address_hears_nothing() {
    let domain = TestDomain::new();
    let user = create(&domain, &Actor::operator(), new_user(ADA)).await.unwrap();
    assert!(user.email_verified);
    assert_eq!(domain.delivery.count(), 0);
    domain.deliver().await;
    assert!(domain.mailer.sent().is_empty());
}

#[tokio::test]
async fn an_unverified_address_is_asked_to_verify_itself() {
    let domain = TestDomain::new();
    let command = CreateUserCommand { email_verified: false, ..new_user(ADA) };
    let user = create(&domain, &Actor::operator(), command).await.unwrap();
    assert!(!user.email_verified);
    assert_eq!(domain.delivery.count(), 1);
    assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::EmailNotVerified)));
    domain.deliver().await;
    assert!(matches!(domain.last_mail_to(ADA).content, MailContent::VerifyEmail { .. }));
    domain.verify(&domain.mailer.last_token_for(ADA).unwrap()).await.unwrap();
    domain.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn who_gets_no_password_is_invited_to_set_one() {
    for email_verified in [false, true] {
        let policy = Policy { locale: fixtures::locale("de"), ..Policy::default() };
        let domain = TestDomain::under(policy);
        let command = CreateUserCommand { password: None, email_verified, ..new_user(ADA) };
        create(&domain, &Actor::operator(), command).await.unwrap();
        assert_eq!(domain.hasher.hashes(), 0);
        assert_eq!(domain.delivery.count(), 1);
        assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::InvalidCredentials)));

        domain.deliver().await;
        let invitation = domain.last_mail_to(ADA);
        assert!(matches!(invitation.content, MailContent::Invitation { .. }));
        assert_eq!(invitation.locale, fixtures::locale("de"), "of who asks for no other language");
        let token = domain.mailer.last_token_for(ADA);
        let command =
            ResetPasswordCommand { token, new_password: password(PASSWORD), client: fixtures::client() };
        domain.use_cases.reset_password.reset(command).await.unwrap();
        assert!(domain.login(ADA, PASSWORD).await.unwrap().user.email_verified);
    }
}

#[tokio::test]
async fn a_disabled_account_cannot_be_used_from_the_start() {
    let domain = TestDomain::new();
    let command = CreateUserCommand { is_active: false, ..new_user(ADA) };
    assert!(!create(&domain, &Actor::operator(), command).await.unwrap().is_active);
    assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::AccountDisabled)));
}

#[tokio::test]
async fn what_is_taken_is_told() {
    let domain = TestDomain::new();
    let first = CreateUserCommand { username: Some(fixtures::username("countess")), ..new_user(ADA) };
    create(&domain, &Actor::operator(), first.clone()).await.unwrap();
    let same_address = CreateUserCommand { username: None, ..new_user("ADA@example.com") };
    let taken = create(&domain, &Actor::operator(), same_address).await;
    assert!(matches!(taken, Err(CreateUserError::EmailTaken)), "{taken:?}");
    let same_name = CreateUserCommand { email: fixtures::email("eve@example.com"), ..first };
    let taken = create(&domain, &Actor::operator(), same_name).await;
    assert!(matches!(taken, Err(CreateUserError::UsernameTaken)), "{taken:?}");
}

#[tokio::test]
async fn a_refused_password_makes_no_account() {
    let domain = TestDomain::new();
    let command = CreateUserCommand { password: Some(password("ada@example.com1")), ..new_user(ADA) };
    let refused = create(&domain, &Actor::operator(), command).await;
    assert!(matches!(refused, Err(CreateUserError::PasswordRefused(_))), "{refused:?}");
    domain.hasher.set_overloaded(true);
    let overloaded = create(&domain, &Actor::operator(), new_user(ADA)).await;
    assert!(matches!(overloaded, Err(CreateUserError::Overloaded(_))), "{overloaded:?}");
    domain.hasher.set_overloaded(false);
    assert!(matches!(domain.login(ADA, PASSWORD).await, Err(LoginError::InvalidCredentials)));
}

#[tokio::test]
async fn an_unknown_role_is_told_before_whose_it_is_to_give() {
    let domain = TestDomain::new();
    let actor = domain.somebody_who_may(&["users:write"]).await;
    let refused = create(&domain, &actor, with_roles(&["admin", "ghost"])).await;
    assert!(matches!(refused, Err(CreateUserError::UnknownRole)), "{refused:?}");
}

#[tokio::test]
async fn who_may_not_give_roles_makes_accounts_without() {
    let domain = TestDomain::new();
    let actor = domain.somebody_who_may(&["users:write", "texts:edit"]).await;
    domain.role("editor", &["texts:edit"]).await;
    let refused = create(&domain, &actor, with_roles(&["editor"])).await;
    assert!(matches!(refused, Err(CreateUserError::Forbidden)), "{refused:?}");
    let user = create(&domain, &actor, new_user(ADA)).await.unwrap();
    assert_eq!(user.roles, [RoleName::user()]);
}

#[tokio::test]
async fn nobody_makes_accounts_that_may_do_what_they_lack() {
    let domain = TestDomain::new();
    let actor = domain.somebody_who_may(&["users:write", "roles:assign", "texts:edit"]).await;
    let editor = domain.role("editor", &["texts:edit"]).await;
    domain.role("printer", &["texts:print"]).await;
    let hashes = domain.hasher.hashes();
    for refused in [&["printer"][..], &["editor", "printer"], &["admin"]] {
        let refused = create(&domain, &actor, with_roles(refused)).await;
        assert!(matches!(refused, Err(CreateUserError::Forbidden)), "{refused:?}");
    }
    assert_eq!(domain.hasher.hashes(), hashes, "nothing is hashed in vain");
    let user = create(&domain, &actor, with_roles(&["editor", "user"])).await.unwrap();
    assert_eq!(user.roles, [fixtures::role("editor"), RoleName::user()]);

    let more = UpdateRoleCommand {
        permissions: Some(permissions(&["texts:edit", "texts:print"])),
        ..UpdateRoleCommand::default()
    };
    domain.use_cases.update_role.update(&Actor::operator(), editor.id, more).await.unwrap();
    let command = CreateUserCommand {
        email: fixtures::email("eve@example.com"),
        roles: BTreeSet::from([fixtures::role("editor")]),
        ..new_user(ADA)
    };
    let refused = create(&domain, &actor, command).await;
    assert!(matches!(refused, Err(CreateUserError::Forbidden)), "what the role allows now counts");
}

#[tokio::test]
async fn an_administrator_makes_administrators() {
    let domain = TestDomain::new();
    domain.made("root@example.com", &["admin"]).await;
    let actor = domain.actor("root@example.com").await;
    let user = create(&domain, &actor, with_roles(&["admin"])).await.unwrap();
    assert_eq!(user.roles, [RoleName::admin(), RoleName::user()]);
}
