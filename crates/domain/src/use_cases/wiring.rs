use std::sync::Arc;

use super::{
    AssignRole, Authenticate, ChangePassword, CheckHealth, ConfirmEmailChange, CountAuditEvents, CreateRole,
    CreateUser, DeleteAccount, DeleteRole, DeleteUser, DeliverMail, EndSession, EnsureSigningKey,
    FindLockout, FindRole, FindUser, ImportUsers, InspectLink, IntrospectToken, ListAuditEvents, ListMail,
    ListPermissions, ListRoles, ListSessions, ListSigningKeys, ListUsers, Login, Logout, LogoutAll,
    PublishKeys, Refresh, Register, RequestEmailChange, RequestPasswordReset, ResendMail, ResendVerification,
    ResetPassword, RevokeRole, RevokeSessions, RotateSigningKey, SetPassword, Sweep, UnlockUser,
    UpdateProfile, UpdateRole, UpdateUser, VerifyEmail, VerifyEmailByCode, VerifyUser,
};
use crate::policy::Policy;
use crate::ports::{
    AccessTokens, AuditObserver, AuditTrail, BreachedPasswords, ClaimSource, Clock, DeliverySignal, Entropy,
    LockoutRepository, LoginObserver, MailQueue, Mailer, PasswordHasher, RegistrationGate, RoleRepository,
    SessionRepository, SigningKeyFactory, SigningKeyRepository, TokenRepository, UserAdministration,
    UserRepository,
};
use crate::secrets::{AttemptKeys, CodeDigests, Cursors, RefreshTokens, SecretKey};
use crate::services::{Auditor, PasswordCheck, PasswordRules, TokenIssuer};

/// One adapter for each port.
#[derive(Clone)]
pub struct Ports {
    /// Keeps accounts.
    pub users: Arc<dyn UserRepository>,
    /// Shows and changes the same accounts for who administers them.
    pub administration: Arc<dyn UserAdministration>,
    /// Keeps roles.
    pub roles: Arc<dyn RoleRepository>,
    /// Keeps sessions.
    pub sessions: Arc<dyn SessionRepository>,
    /// Keeps one-time secrets.
    pub tokens: Arc<dyn TokenRepository>,
    /// Counts wrong passwords.
    pub lockouts: Arc<dyn LockoutRepository>,
    /// Keeps mails until they are delivered.
    pub mails: Arc<dyn MailQueue>,
    /// Keeps what happened.
    pub audit_trail: Arc<dyn AuditTrail>,
    /// Hears of it.
    pub audit_observer: Arc<dyn AuditObserver>,
    /// Keeps signing keys.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// Makes signing keys.
    pub key_factory: Arc<dyn SigningKeyFactory>,
    /// Writes and reads access tokens.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Hashes passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Knows passwords that have leaked, where there is a list of them.
    pub breached_passwords: Option<Arc<dyn BreachedPasswords>>,
    /// Hands mails to the outside world.
    pub mailer: Arc<dyn Mailer>,
    /// Wakes the delivery worker.
    pub delivery: Arc<dyn DeliverySignal>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives random octets.
    pub entropy: Arc<dyn Entropy>,
    /// Where the application around has a say.
    pub hooks: Hooks,
}

/// Where the application around has a say in what the use cases do; nowhere by default.
#[derive(Clone, Default)]
pub struct Hooks {
    /// Adds claims to access tokens.
    pub claims: Option<Arc<dyn ClaimSource>>,
    /// Lets people register, or not.
    pub registration_gate: Option<Arc<dyn RegistrationGate>>,
    /// Hears of each session that is opened.
    pub login_observer: Option<Arc<dyn LoginObserver>>,
}

/// Every use case of an installation.
pub struct UseCases {
    /// See [`AssignRole`].
    pub assign_role: AssignRole,
    /// See [`Authenticate`].
    pub authenticate: Authenticate,
    /// See [`ChangePassword`].
    pub change_password: ChangePassword,
    /// See [`CheckHealth`].
    pub check_health: CheckHealth,
    /// See [`ConfirmEmailChange`].
    pub confirm_email_change: ConfirmEmailChange,
    /// See [`CountAuditEvents`].
    pub count_audit_events: CountAuditEvents,
    /// See [`CreateRole`].
    pub create_role: CreateRole,
    /// See [`CreateUser`].
    pub create_user: CreateUser,
    /// See [`DeleteAccount`].
    pub delete_account: DeleteAccount,
    /// See [`DeleteRole`].
    pub delete_role: DeleteRole,
    /// See [`DeleteUser`].
    pub delete_user: DeleteUser,
    /// See [`DeliverMail`].
    pub deliver_mail: DeliverMail,
    /// See [`EndSession`].
    pub end_session: EndSession,
    /// See [`EnsureSigningKey`].
    pub ensure_signing_key: EnsureSigningKey,
    /// See [`FindLockout`].
    pub find_lockout: FindLockout,
    /// See [`FindRole`].
    pub find_role: FindRole,
    /// See [`FindUser`].
    pub find_user: FindUser,
    /// See [`ImportUsers`].
    pub import_users: ImportUsers,
    /// See [`InspectLink`].
    pub inspect_link: InspectLink,
    /// See [`IntrospectToken`].
    pub introspect_token: IntrospectToken,
    /// See [`ListAuditEvents`].
    pub list_audit_events: ListAuditEvents,
    /// See [`ListMail`].
    pub list_mail: ListMail,
    /// See [`ListPermissions`].
    pub list_permissions: ListPermissions,
    /// See [`ListRoles`].
    pub list_roles: ListRoles,
    /// See [`ListSessions`].
    pub list_sessions: ListSessions,
    /// See [`ListSigningKeys`].
    pub list_signing_keys: ListSigningKeys,
    /// See [`ListUsers`].
    pub list_users: ListUsers,
    /// See [`Login`].
    pub login: Login,
    /// See [`Logout`].
    pub logout: Logout,
    /// See [`LogoutAll`].
    pub logout_all: LogoutAll,
    /// See [`PublishKeys`].
    pub publish_keys: PublishKeys,
    /// See [`Refresh`].
    pub refresh: Refresh,
    /// See [`Register`].
    pub register: Register,
    /// See [`RequestEmailChange`].
    pub request_email_change: RequestEmailChange,
    /// See [`RequestPasswordReset`].
    pub request_password_reset: RequestPasswordReset,
    /// See [`ResendMail`].
    pub resend_mail: ResendMail,
    /// See [`ResendVerification`].
    pub resend_verification: ResendVerification,
    /// See [`ResetPassword`].
    pub reset_password: ResetPassword,
    /// See [`RevokeRole`].
    pub revoke_role: RevokeRole,
    /// See [`RevokeSessions`].
    pub revoke_sessions: RevokeSessions,
    /// See [`RotateSigningKey`].
    pub rotate_signing_key: RotateSigningKey,
    /// See [`SetPassword`].
    pub set_password: SetPassword,
    /// See [`Sweep`].
    pub sweep: Sweep,
    /// See [`UnlockUser`].
    pub unlock_user: UnlockUser,
    /// See [`UpdateProfile`].
    pub update_profile: UpdateProfile,
    /// See [`UpdateRole`].
    pub update_role: UpdateRole,
    /// See [`UpdateUser`].
    pub update_user: UpdateUser,
    /// See [`VerifyEmail`].
    pub verify_email: VerifyEmail,
    /// See [`VerifyEmailByCode`].
    pub verify_email_by_code: VerifyEmailByCode,
    /// See [`VerifyUser`].
    pub verify_user: VerifyUser,
}

impl UseCases {
    /// The use cases over `ports`, under `policy`, with keys derived from `secret`.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table of who needs what, not a procedure")]
    pub fn new(ports: &Ports, policy: Policy, secret: &SecretKey) -> Self {
        let policy = Arc::new(policy);
        let auditor = Auditor { observer: ports.audit_observer.clone(), entropy: ports.entropy.clone() };
        let cursors = Cursors::new(secret);
        let attempts = AttemptKeys::new(secret);
        let codes = CodeDigests::new(secret);
        let refresh_tokens = RefreshTokens::new(secret);
        let password_check = PasswordCheck {
            hasher: ports.hasher.clone(),
            lockouts: ports.lockouts.clone(),
            auditor: auditor.clone(),
            policy: policy.lockout,
        };
        let password_rules =
            PasswordRules { policy: policy.password, breached: ports.breached_passwords.clone() };
        let token_issuer = TokenIssuer {
            access_tokens: ports.access_tokens.clone(),
            claims: ports.hooks.claims.clone(),
            refresh_tokens: refresh_tokens.clone(),
            entropy: ports.entropy.clone(),
            access_lifetime: policy.lifetimes.access_token,
        };
        let rotate_signing_key = || RotateSigningKey {
            keys: ports.signing_keys.clone(),
            factory: ports.key_factory.clone(),
            clock: ports.clock.clone(),
            auditor: auditor.clone(),
            policy: policy.clone(),
        };
        let end_session = || EndSession {
            sessions: ports.sessions.clone(),
            clock: ports.clock.clone(),
            auditor: auditor.clone(),
        };
        Self {
            assign_role: AssignRole {
                roles: ports.roles.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
            authenticate: Authenticate {
                access_tokens: ports.access_tokens.clone(),
                sessions: ports.sessions.clone(),
                clock: ports.clock.clone(),
            },
            change_password: ChangePassword {
                password_rules: password_rules.clone(),
                users: ports.users.clone(),
                hasher: ports.hasher.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                delivery: ports.delivery.clone(),
                password_check: password_check.clone(),
                attempts: attempts.clone(),
                auditor: auditor.clone(),
            },
            check_health: CheckHealth { users: ports.users.clone() },
            confirm_email_change: ConfirmEmailChange {
                tokens: ports.tokens.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
            count_audit_events: CountAuditEvents {
                trail: ports.audit_trail.clone(),
                clock: ports.clock.clone(),
            },
            create_role: CreateRole {
                roles: ports.roles.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                auditor: auditor.clone(),
            },
            create_user: CreateUser {
                password_rules: password_rules.clone(),
                users: ports.users.clone(),
                hasher: ports.hasher.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                policy: policy.clone(),
                roles: ports.roles.clone(),
                delivery: ports.delivery.clone(),
                auditor: auditor.clone(),
            },
            delete_account: DeleteAccount {
                users: ports.users.clone(),
                clock: ports.clock.clone(),
                password_check: password_check.clone(),
                attempts: attempts.clone(),
                auditor: auditor.clone(),
            },
            delete_role: DeleteRole {
                roles: ports.roles.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
            delete_user: DeleteUser {
                users: ports.users.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
                attempts: attempts.clone(),
            },
            deliver_mail: DeliverMail {
                mails: ports.mails.clone(),
                users: ports.users.clone(),
                tokens: ports.tokens.clone(),
                mailer: ports.mailer.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                codes: codes.clone(),
                attempts: attempts.clone(),
                policy: policy.clone(),
            },
            end_session: end_session(),
            ensure_signing_key: EnsureSigningKey {
                keys: ports.signing_keys.clone(),
                rotate: rotate_signing_key(),
            },
            find_lockout: FindLockout {
                lockouts: ports.lockouts.clone(),
                clock: ports.clock.clone(),
                attempts: attempts.clone(),
            },
            find_role: FindRole { roles: ports.roles.clone() },
            find_user: FindUser { users: ports.users.clone() },
            import_users: ImportUsers {
                administration: ports.administration.clone(),
                hasher: ports.hasher.clone(),
                trail: ports.audit_trail.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                auditor: auditor.clone(),
                policy: policy.clone(),
            },
            inspect_link: InspectLink { tokens: ports.tokens.clone(), clock: ports.clock.clone() },
            introspect_token: IntrospectToken {
                access_tokens: ports.access_tokens.clone(),
                refresh_tokens: refresh_tokens.clone(),
                sessions: ports.sessions.clone(),
                clock: ports.clock.clone(),
            },
            list_audit_events: ListAuditEvents { trail: ports.audit_trail.clone(), cursors: cursors.clone() },
            list_mail: ListMail { mails: ports.mails.clone() },
            list_permissions: ListPermissions { roles: ports.roles.clone() },
            list_roles: ListRoles { roles: ports.roles.clone() },
            list_sessions: ListSessions { sessions: ports.sessions.clone(), clock: ports.clock.clone() },
            list_signing_keys: ListSigningKeys {
                keys: ports.signing_keys.clone(),
                clock: ports.clock.clone(),
            },
            list_users: ListUsers {
                administration: ports.administration.clone(),
                roles: ports.roles.clone(),
                cursors: cursors.clone(),
            },
            login: Login {
                users: ports.users.clone(),
                sessions: ports.sessions.clone(),
                hasher: ports.hasher.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                password_check: password_check.clone(),
                attempts: attempts.clone(),
                token_issuer: token_issuer.clone(),
                observer: ports.hooks.login_observer.clone(),
                policy: policy.clone(),
                auditor: auditor.clone(),
                trail: ports.audit_trail.clone(),
            },
            logout: Logout { end_session: end_session(), refresh_tokens: refresh_tokens.clone() },
            logout_all: LogoutAll {
                sessions: ports.sessions.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
            publish_keys: PublishKeys {
                access_tokens: ports.access_tokens.clone(),
                clock: ports.clock.clone(),
            },
            refresh: Refresh {
                sessions: ports.sessions.clone(),
                clock: ports.clock.clone(),
                presented: refresh_tokens.clone(),
                token_issuer: token_issuer.clone(),
                policy: policy.clone(),
                auditor: auditor.clone(),
            },
            register: Register {
                gate: ports.hooks.registration_gate.clone(),
                password_rules: password_rules.clone(),
                users: ports.users.clone(),
                hasher: ports.hasher.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                delivery: ports.delivery.clone(),
                token_issuer: token_issuer.clone(),
                observer: ports.hooks.login_observer.clone(),
                policy: policy.clone(),
                auditor: auditor.clone(),
            },
            request_email_change: RequestEmailChange {
                users: ports.users.clone(),
                tokens: ports.tokens.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                delivery: ports.delivery.clone(),
                password_check: password_check.clone(),
                attempts: attempts.clone(),
                policy: policy.clone(),
                auditor: auditor.clone(),
            },
            request_password_reset: RequestPasswordReset {
                mails: ports.mails.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                delivery: ports.delivery.clone(),
                policy: policy.clone(),
            },
            resend_mail: ResendMail {
                mails: ports.mails.clone(),
                clock: ports.clock.clone(),
                delivery: ports.delivery.clone(),
                auditor: auditor.clone(),
            },
            resend_verification: ResendVerification {
                mails: ports.mails.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                delivery: ports.delivery.clone(),
                policy: policy.clone(),
            },
            reset_password: ResetPassword {
                password_rules: password_rules.clone(),
                tokens: ports.tokens.clone(),
                hasher: ports.hasher.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                delivery: ports.delivery.clone(),
                attempts: attempts.clone(),
                auditor: auditor.clone(),
            },
            revoke_role: RevokeRole {
                roles: ports.roles.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
            revoke_sessions: RevokeSessions {
                sessions: ports.sessions.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
            rotate_signing_key: rotate_signing_key(),
            set_password: SetPassword {
                password_rules: password_rules.clone(),
                users: ports.users.clone(),
                administration: ports.administration.clone(),
                hasher: ports.hasher.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                delivery: ports.delivery.clone(),
                auditor: auditor.clone(),
                attempts: attempts.clone(),
            },
            sweep: Sweep {
                sessions: ports.sessions.clone(),
                tokens: ports.tokens.clone(),
                lockouts: ports.lockouts.clone(),
                keys: ports.signing_keys.clone(),
                clock: ports.clock.clone(),
                policy: policy.clone(),
                trail: ports.audit_trail.clone(),
            },
            unlock_user: UnlockUser {
                users: ports.users.clone(),
                administration: ports.administration.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
                attempts: attempts.clone(),
            },
            update_profile: UpdateProfile {
                users: ports.users.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
            update_role: UpdateRole {
                roles: ports.roles.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
            update_user: UpdateUser {
                users: ports.users.clone(),
                administration: ports.administration.clone(),
                clock: ports.clock.clone(),
                entropy: ports.entropy.clone(),
                delivery: ports.delivery.clone(),
                auditor: auditor.clone(),
            },
            verify_email: VerifyEmail {
                tokens: ports.tokens.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
            verify_email_by_code: VerifyEmailByCode {
                tokens: ports.tokens.clone(),
                clock: ports.clock.clone(),
                codes: codes.clone(),
                attempts: attempts.clone(),
                policy: policy.clone(),
                auditor: auditor.clone(),
            },
            verify_user: VerifyUser {
                administration: ports.administration.clone(),
                clock: ports.clock.clone(),
                auditor: auditor.clone(),
            },
        }
    }
}
