//! The names of mail files: written by the file mailer, read by the mailbox.

use portcullis_domain::{MailId, Timestamp};
use time::OffsetDateTime;
use time::macros::format_description;

/// The extension of mail files.
pub(crate) const EXTENSION: &str = "eml";

/// The stem of the file for a mail written at `now`: sorts by time, and names the mail.
///
/// `copy` counts from 1 and tells apart the files of one mail written in one microsecond.
pub(crate) fn stem(now: Timestamp, id: MailId, copy: u32) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:6]Z");
    let time = OffsetDateTime::from(now).format(&format).expect("every timestamp can be written");
    match copy {
        1 => format!("{time}-{id}"),
        _ => format!("{time}-{id}-{copy}"),
    }
}

/// Whether `text` has the form of a [`stem`]; what has it can be no path.
pub(crate) fn is_stem(text: &str) -> bool {
    let is_time = |time: &str| {
        time.len() == "20261121T101530.123456Z".len()
            && time.bytes().enumerate().all(|(position, byte)| match position {
                8 => byte == b'T',
                15 => byte == b'.',
                22 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            })
    };
    let is_id = |id: &str| id.len() >= 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    text.split_once('-').is_some_and(|(time, id)| is_time(time) && is_id(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_time_and_mail_and_is_known_again() {
        let id: MailId = "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b".parse::<uuid::Uuid>().unwrap().into();
        let now = Timestamp::from_unix_micros(1_795_256_130_000_042);
        assert_eq!(stem(now, id, 1), "20261121T101530.000042Z-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b");
        assert_eq!(stem(now, id, 2), "20261121T101530.000042Z-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b-2");
        assert!(is_stem(&stem(now, id, 1)) && is_stem(&stem(now, id, 12)));
    }

    #[test]
    fn foreign_names_and_paths_are_no_stems() {
        for text in [
            "",
            "note",
            "../../etc/passwd",
            "20261121T101530.000042Z",
            "20261121T101530.000042Z-../../../../../../../../../etc/passwd",
            ".20261121T101530.00042Z-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b",
        ] {
            assert!(!is_stem(text), "{text:?}");
        }
    }
}
