use std::time::Duration;

use portcullis_domain::TokenSecret;
use portcullis_domain::mail::MailContent;

/// The subject and the text of a mail. Links lead to pages at `pages_url`.
pub(crate) fn words(content: &MailContent, pages_url: &str) -> (&'static str, String) {
    let link =
        |page: &str, token: &TokenSecret| format!("{pages_url}/{page}?token={}", token.expose().as_str());
    match content {
        MailContent::VerifyEmail { token, link_lifetime, code, code_lifetime } => (
            "Please verify your address",
            format!(
                "Follow {} within {}, or enter the code {} within {}.\n",
                link("verify-email", token),
                minutes(*link_lifetime),
                code.expose(),
                minutes(*code_lifetime),
            ),
        ),
        MailContent::ResetPassword { token, lifetime } => (
            "Set a new password",
            format!("Follow {} within {}.\n", link("reset-password", token), minutes(*lifetime)),
        ),
        MailContent::Invitation { token, lifetime } => (
            "Your account",
            format!(
                "An account was made for you. Set your password at {} within {}.\n",
                link("reset-password", token),
                minutes(*lifetime)
            ),
        ),
        MailContent::ConfirmEmailChange { token, lifetime } => (
            "Please confirm your new address",
            format!("Follow {} within {}.\n", link("confirm-email-change", token), minutes(*lifetime)),
        ),
        MailContent::EmailChangeRequested => (
            "Your address is about to change",
            "Somebody asked to move your account to another address. If it was not you, change your password.\n"
                .to_owned(),
        ),
        MailContent::EmailChanged => (
            "Your address has changed",
            "An administrator moved your account to another address.\n".to_owned(),
        ),
        MailContent::PasswordChanged => (
            "Your password has changed",
            "If it was not you who changed it, reset it now.\n".to_owned(),
        ),
        MailContent::AddressAlreadyRegistered => (
            "You have an account already",
            "Somebody tried to register with your address. If it was you, sign in instead.\n".to_owned(),
        ),
    }
}

fn minutes(time: Duration) -> String {
    format!("{} minutes", time.as_secs() / 60)
}
