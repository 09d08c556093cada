//! The real program, as operators meet it: its commands, its exit codes, its start and its end.

mod account_files;
mod accounts;
mod administration;
mod audit_log;
mod audit_trail;
mod beginning;
mod collector;
mod command_line;
mod copying;
mod doctor;
mod mails;
mod newer_version;
mod process;
mod requests_in_the_log;
mod serving;
mod sign_in;
mod start_failures;
mod traces;
