//! The pages as browsers meet them, on fakes.

mod account;
mod assets;
mod browser;
mod confirm_email_change;
mod console;
mod entry;
mod failures;
mod forgery;
mod languages;
mod mailbox;
mod reset_password;
mod sessions;
mod site;
mod verify_email;
