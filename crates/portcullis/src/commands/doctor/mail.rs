use super::finding::Finding;
use crate::config::Config;
use crate::wiring;

const CHECK: &str = "mail";

/// Finds out whether mails can be handed to the mail server, or written into the mailbox.
pub(super) async fn examine(config: &Config) -> Finding {
    let (fine, remedy) = if config.smtp_url.is_some() {
        (
            "the mail server takes mails from here",
            "see PORTCULLIS_SMTP_URL, PORTCULLIS_SMTP_CA_FILE and the mail server",
        )
    } else {
        ("mails can be written into the mailbox", "see PORTCULLIS_DATA_DIR and who may write there")
    };
    match wiring::check_mailer(config).await {
        Ok(()) => Finding::ok(CHECK, fine),
        Err(error) => Finding::error(CHECK, error, remedy),
    }
}
