//! Where the pages are that mailed links lead to, below the root of all pages. Each takes the secret of its link as
//! the parameter `token`.

/// Verifies an address.
pub const VERIFY_EMAIL: &str = "verify-email";

/// Sets a new password, or the first.
pub const RESET_PASSWORD: &str = "reset-password";

/// Moves an account to another address.
pub const CONFIRM_EMAIL_CHANGE: &str = "confirm-email-change";
