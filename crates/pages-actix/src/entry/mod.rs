//! The ways in and out: signing up, confirming an address, signing in, a forgotten password, signing out.

pub(crate) mod forgot_password;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod sign_up;
pub(crate) mod verify_code;
