//! The account journeys: `/api/v1/auth`, and `/api/v1/users/me`.

pub(crate) mod check;
pub(crate) mod email_change;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod me;
pub(crate) mod password_change;
pub(crate) mod password_reset;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod sessions;
pub(crate) mod verification;
