//! Keeps secrets out of what operators read.

use portcullis_domain::mail::MailContent;

/// `reason` as it may be stored and logged: without the secrets of the mail, on one line, and short.
///
/// Servers do quote mails: some filters name the link they refuse, whole or in part. So a word
/// goes that has the code or some of the token in it.
pub(crate) fn redacted(reason: &str, content: &MailContent) -> String {
    const MAX_CHARACTERS: usize = 300;
    let (token, code) = match content {
        MailContent::VerifyEmail { token, code, .. } => (Some(token.expose()), Some(code.expose())),
        MailContent::ResetPassword { token, .. }
        | MailContent::Invitation { token, .. }
        | MailContent::ConfirmEmailChange { token, .. } => (Some(token.expose()), None),
        MailContent::EmailChangeRequested
        | MailContent::EmailChanged
        | MailContent::PasswordChanged
        | MailContent::AddressAlreadyRegistered => (None, None),
    };
    let tells = |word: &str| {
        code.is_some_and(|code| word.contains(code))
            || token.as_ref().is_some_and(|token| shares_a_run(word, token))
    };
    let words = reason.split(|character: char| character.is_whitespace() || character.is_control());
    let words: Vec<_> = words
        .filter(|word| !word.is_empty())
        .map(|word| if tells(word) { "[redacted]" } else { word })
        .collect();
    words.join(" ").chars().take(MAX_CHARACTERS).collect()
}

/// Whether `word` holds eight neighbouring characters of `token`, more than chance would explain.
fn shares_a_run(word: &str, token: &str) -> bool {
    const RUN: usize = 8;
    token.as_bytes().windows(RUN).any(|run| word.as_bytes().windows(RUN).any(|part| part == run))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use portcullis_domain::{OneTimeCode, TokenSecret};

    use super::*;

    const TOKEN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn in_verification(reason: &str) -> String {
        let content = MailContent::VerifyEmail {
            token: TokenSecret::parse(TOKEN).unwrap(),
            link_lifetime: Duration::ZERO,
            code: OneTimeCode::parse("042137").unwrap(),
            code_lifetime: Duration::ZERO,
        };
        redacted(reason, &content)
    }

    #[test]
    fn words_with_a_secret_or_part_of_one_go() {
        for (reason, told) in [
            ("554 refused https://provider.example/why?id=12345678", None),
            (&format!("554 blocked https://x.example/?token={TOKEN}"), Some("554 blocked [redacted]")),
            ("554 blocked token=3DAAECAwQFBgcIC= by rule 7", Some("554 blocked [redacted] by rule 7")),
            ("554 spam: \"042137\"", Some("554 spam: [redacted]")),
        ] {
            assert_eq!(in_verification(reason), told.unwrap_or(reason));
        }
    }

    #[test]
    fn a_reason_is_one_short_line() {
        assert_eq!(in_verification("450 try\r\nagain\0\u{1b}[31m later"), "450 try again [31m later");
        assert_eq!(in_verification(&"ä".repeat(1000)).chars().count(), 300);
    }
}
