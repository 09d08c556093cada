//! The pages that mails lead to and the mailbox, as browsers meet them, on fakes.

mod assets;
mod confirm_email_change;
mod failures;
mod languages;
mod mailbox;
mod reset_password;
mod site;
mod verify_email;
