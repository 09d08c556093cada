//! The paths of the HTTP contract that rows call.

pub(crate) const REGISTER: &str = "/api/v1/auth/register";
pub(crate) const VERIFY: &str = "/api/v1/auth/verify";
pub(crate) const RESEND: &str = "/api/v1/auth/verify/resend";
pub(crate) const LOGIN: &str = "/api/v1/auth/login";
pub(crate) const REFRESH: &str = "/api/v1/auth/refresh";
pub(crate) const LOGOUT: &str = "/api/v1/auth/logout";
pub(crate) const LOGOUT_ALL: &str = "/api/v1/auth/logout-all";
pub(crate) const SESSIONS: &str = "/api/v1/auth/sessions";
pub(crate) const ME: &str = "/api/v1/auth/me";
pub(crate) const CHECK: &str = "/api/v1/auth/check";
pub(crate) const PASSWORD_CHANGE: &str = "/api/v1/auth/password-change";
pub(crate) const RESET_REQUEST: &str = "/api/v1/auth/password-reset/request";
pub(crate) const RESET_CONFIRM: &str = "/api/v1/auth/password-reset/confirm";
pub(crate) const EMAIL_CHANGE: &str = "/api/v1/auth/email-change";
pub(crate) const EMAIL_CHANGE_CONFIRM: &str = "/api/v1/auth/email-change/confirm";
pub(crate) const USERS: &str = "/api/v1/users";
pub(crate) const ROLES: &str = "/api/v1/roles";
pub(crate) const KEYS: &str = "/.well-known/jwks.json";
pub(crate) const LIVE: &str = "/health/live";

/// The call that a verification link leads to in the end.
pub(crate) fn verify_by_link(secret: &str) -> String {
    format!("/api/v1/auth/verify-email/{secret}")
}
