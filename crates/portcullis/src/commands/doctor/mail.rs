use portcullis_domain::EmailAddress;

use super::finding::Finding;
use crate::config::Config;
use crate::wiring;

const CHECK: &str = "mail";

/// Finds out whether mails can be handed to the mail server, or written into the mailbox: by one to `recipient`, if
/// somebody waits for it.
pub(super) async fn examine(config: &Config, recipient: Option<&EmailAddress>) -> Finding {
    const OF_SERVER: &str =
        "see PORTCULLIS_SMTP_URL, PORTCULLIS_SMTP_CA_FILE, PORTCULLIS_MAIL_FROM and the mail server";
    const OF_FOLDER: &str = "see PORTCULLIS_DATA_DIR and who may write there";
    let (fine, remedy) = match (&config.smtp_url, recipient) {
        (Some(_), None) => ("the mail server takes mails from here", OF_SERVER),
        (Some(_), Some(_)) => ("the mail server has taken a mail: see whether it arrives", OF_SERVER),
        (None, None) => ("mails can be written into the mailbox", OF_FOLDER),
        (None, Some(_)) => ("a mail was written into the mailbox, as there is no mail server", OF_FOLDER),
    };
    match wiring::check_mailer(config, recipient).await {
        Ok(()) => Finding::ok(CHECK, fine),
        Err(error) => Finding::error(CHECK, error, remedy),
    }
}
