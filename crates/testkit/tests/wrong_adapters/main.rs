//! The contracts bite: adapters that are honest but for one lie, and the cases that catch them.
//!
//! Each runs through its whole contract. It has to fail the cases that stand beside it, and no others.
//! `docs/writing-an-adapter.md` has the same table.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod accounts;
mod honest;
mod others;
mod queues;
mod sessions;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use portcullis_testkit::contract::{
    Case, VERSION, access_tokens_cases, fault_cases, hasher_cases, mailer_cases, storage_cases,
};
use tokio::runtime::Builder;

use self::accounts::{
    CountsAdministratorsFirst, ForgetsWhatWasChecked, LeavesMailsOfTheErased, LooksBeforeItRegisters,
    LooksUpAddressesAsTyped, LosesUpdates, PagesByOffset, QueuesTheMailFirst, ReadsWildcards,
    StoresTheEventApart, StripsAccents, that_breaks_in_the_middle,
};
use self::honest::{
    behind_administration, behind_audit_trail, behind_lockouts, behind_mails, behind_roles, behind_sessions,
    behind_signing_keys, behind_tokens, behind_users,
};
use self::others::{
    AcceptsAnyIssuer, AnswersEarly, BreaksLinks, DropsTags, ForgetsWhatWasTyped, ForgivesExpiry,
    PublishesPrivateKeys, Reads72Octets, SaltsAllAlike, SharesOneBuffer, TrimsTokens, hashing_with,
    in_front_of_a_mailbox, tokens_of,
};
use self::queues::{
    AddsUpBeforeItPermits, CountsOneRoleOnly, GivesOneMailToTwo, KeepsTheBasicPlaneOnly, ListsOldEventsFirst,
    MakesTwoFirstKeys, RoundsEvents, TriesAgainAtOnce,
};
use self::sessions::{
    CountsUpWhateverIsThere, DeletesWithoutALimit, EndsAnybodysSession, ForgivesAtTheEndOfTheGrace,
    KeepsMilliseconds, LeavesExpiryToTheSweeper, LetsTheRightPasswordThroughTheLock, LosesCountsOfCodes,
    LosesCountsOfPasswords, OpensThroughTheLock, RedeemsAResetTwice, RemembersPermissions,
    TellsTheOwnerApart,
};

/// The cases that an adapter fails, by name, each run on a new one. One thread runs all that is at once, so that
/// a race comes out the same every time.
fn failed_by<Setup>(cases: &[Case<Setup>], setup: impl Fn() -> Setup) -> BTreeSet<&'static str> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let fails = |case: &Case<Setup>| runtime.block_on(case.check(&setup())).is_err();
    cases.iter().filter(|case| fails(case)).map(Case::name).collect()
}

/// An adapter of the table. The case that is meant for it comes first.
#[derive(PartialEq)]
struct Row {
    adapter: String,
    lie: String,
    caught_by: Vec<String>,
}

macro_rules! wrong_adapters {
    ($(#[doc = $lie:literal] $adapter:ident, $test:ident: $cases:ident, $setup:expr => [$($case:ident),+];)+) => {
        $(
            #[test]
            fn $test() {
                assert_eq!(failed_by(&$cases(), || $setup), BTreeSet::from([$(stringify!($case)),+]));
            }
        )+

        fn table() -> Vec<Row> {
            vec![$(Row {
                adapter: stringify!($adapter).to_owned(),
                lie: $lie.trim().to_owned(),
                caught_by: vec![$(stringify!($case).to_owned()),+],
            }),+]
        }
    };
}

wrong_adapters! {
    /// writes back the whole profile that it read before
    LosesUpdates, a_lost_update: storage_cases, behind_users(LosesUpdates) =>
        [raced_changes_of_one_profile_lose_none];
    /// looks whether an address is free, and then stores the account
    LooksBeforeItRegisters, a_registration_in_two_steps: storage_cases, behind_users(LooksBeforeItRegisters) =>
        [raced_registrations_leave_one_account];
    /// compares addresses as they were typed
    LooksUpAddressesAsTyped, a_case_sensitive_lookup: storage_cases, behind_users(LooksUpAddressesAsTyped) =>
        [look_alike_addresses_never_meet, an_email_change_ends_all_that_was_mailed_before];
    /// has a unique index under a collation without accents
    StripsAccents, a_collation_without_accents: storage_cases, behind_users(StripsAccents) =>
        [look_alike_addresses_never_meet];
    /// queues the mail in a transaction of its own, before the registration that may be refused
    QueuesTheMailFirst, a_half_done_registration: storage_cases, behind_users(QueuesTheMailFirst) =>
        [a_refused_registration_stores_nothing, an_unknown_role_is_refused_with_all_that_came_with_it,
            a_change_whose_event_cannot_be_stored_is_not_made];
    /// stores the event of a new password after the password, in another transaction
    StoresTheEventApart, an_event_stored_apart: storage_cases, behind_users(StoresTheEventApart) =>
        [a_change_whose_event_cannot_be_stored_is_not_made];
    /// forgets the queued mails of an erased account
    LeavesMailsOfTheErased, mails_left_behind: storage_cases, behind_users(LeavesMailsOfTheErased) =>
        [deletion_erases_all_that_hangs_on_the_account];
    /// erases an account without a look at the hash that was checked
    ForgetsWhatWasChecked, a_deletion_under_any_password: storage_cases, behind_users(ForgetsWhatWasChecked) =>
        [an_account_is_deleted_by_its_holder_only_under_the_password_that_was_checked];
    /// counts the administrators, and then deletes one
    CountsAdministratorsFirst, administrators_counted_first: storage_cases, behind_users(CountsAdministratorsFirst) =>
        [raced_deletions_leave_an_administrator, raced_demotions_leave_an_administrator];
    /// pages by OFFSET
    PagesByOffset, paging_by_offset: storage_cases, behind_administration(PagesByOffset::new) =>
        [pages_hold_while_users_come_and_go, many_who_begin_alike_are_listed_in_pages];
    /// searches with LIKE, and escapes nothing
    ReadsWildcards, wildcards_in_a_search: storage_cases, behind_administration(ReadsWildcards) =>
        [users_are_found_by_how_they_begin];
    /// keeps the moment of a session's last use in milliseconds
    KeepsMilliseconds, truncated_time: storage_cases, behind_sessions(KeepsMilliseconds) =>
        [a_session_is_kept_as_it_was_given];
    /// lets a session live until something sweeps it away
    LeavesExpiryToTheSweeper, expiry_left_to_the_sweeper: storage_cases, behind_sessions(LeavesExpiryToTheSweeper) =>
        [expiry_is_checked_at_use, rotation_prolongs_up_to_the_absolute_end];
    /// remembers what somebody may do for as long as their session lives
    RemembersPermissions, stale_permissions: storage_cases, behind_sessions(RemembersPermissions::new) =>
        [authority_is_read_at_each_call, a_role_given_counts_at_the_next_call];
    /// lets the grace after a rotation end a microsecond late
    ForgivesAtTheEndOfTheGrace, a_grace_with_its_end: storage_cases, behind_sessions(ForgivesAtTheEndOfTheGrace) =>
        [a_retry_after_the_grace_ends_the_session];
    /// looks whether a refresh token is the current one, and then counts up whatever is there
    CountsUpWhateverIsThere, a_rotation_in_two_steps: storage_cases, behind_sessions(CountsUpWhateverIsThere) =>
        [raced_rotation_has_one_successor];
    /// ends a session by its id alone
    EndsAnybodysSession, somebody_elses_session: storage_cases, behind_sessions(EndsAnybodysSession) =>
        [somebody_elses_session_stays, logins_and_logouts_are_in_the_trail];
    /// deletes all that has expired at once
    DeletesWithoutALimit, a_batch_without_a_limit: storage_cases, behind_sessions(DeletesWithoutALimit) =>
        [expired_sessions_are_deleted_in_batches];
    /// looks whether a reset is good, and then spends it
    RedeemsAResetTwice, a_reset_in_two_steps: storage_cases, behind_tokens(RedeemsAResetTwice) =>
        [raced_resets_have_one_winner];
    /// tells the owner of a taken address in steps of their own, and leaves what was pending
    TellsTheOwnerApart, an_owner_told_apart: storage_cases, behind_tokens(TellsTheOwnerApart) =>
        [a_taken_address_that_is_asked_for_privately_is_told_to_its_owner,
            a_change_whose_event_cannot_be_stored_is_not_made];
    /// reads how many codes were wrong, and writes one more
    LosesCountsOfCodes, lost_counts_of_codes: storage_cases, behind_tokens(LosesCountsOfCodes::new) =>
        [raced_wrong_codes_are_all_counted, raced_codes_verify_once, wrong_codes_are_in_the_trail];
    /// reads how many passwords were wrong, and writes one more
    LosesCountsOfPasswords, lost_counts_of_passwords: storage_cases, behind_lockouts(LosesCountsOfPasswords::new) =>
        [lockout_admits_exactly_the_threshold, wrong_passwords_and_locks_are_in_the_trail];
    /// admits the right password while the account is locked
    LetsTheRightPasswordThroughTheLock, a_lock_that_opens: storage_cases,
        behind_lockouts(LetsTheRightPasswordThroughTheLock) =>
        [lockout_refuses_the_right_password_and_success_resets_the_count];
    /// opens a session without a look at the lockout
    OpensThroughTheLock, a_lock_that_a_login_opens: storage_cases, behind_sessions(OpensThroughTheLock) =>
        [a_session_opens_only_while_no_lockout_holds, raced_logins_all_open_sessions];
    /// selects the mail that is due, and then leases it
    GivesOneMailToTwo, a_mail_given_to_two: storage_cases, behind_mails(GivesOneMailToTwo::new) =>
        [a_claimed_mail_is_nobody_elses, a_lease_that_ran_out_frees_the_mail];
    /// puts a mail that failed back to where it was
    TriesAgainAtOnce, a_mail_tried_again_at_once: storage_cases, behind_mails(TriesAgainAtOnce) =>
        [a_mail_given_back_waits_until_it_is_due, a_mail_that_waits_already_stands_for_both,
            the_mail_due_longest_is_claimed_first, operators_see_how_each_mail_stands];
    /// keeps the moments of events in milliseconds
    RoundsEvents, rounded_events: storage_cases, behind_audit_trail(RoundsEvents) =>
        [events_are_kept_as_they_were_given, events_are_found_by_user_kind_and_time, events_are_listed_in_pages,
            events_are_counted_by_day_and_outcome, old_events_are_deleted_in_batches];
    /// lists the oldest events of a page first
    ListsOldEventsFirst, events_in_the_wrong_order: storage_cases, behind_audit_trail(ListsOldEventsFirst) =>
        [events_are_listed_in_pages, events_are_found_by_user_kind_and_time];
    /// keeps texts as MySQL's `utf8` does, without emoji
    KeepsTheBasicPlaneOnly, text_without_emoji: storage_cases, behind_roles(KeepsTheBasicPlaneOnly) =>
        [a_role_is_kept_as_it_was_given];
    /// counts what one role names, and not what all of them name together
    CountsOneRoleOnly, permissions_of_one_role_counted: storage_cases, behind_roles(CountsOneRoleOnly) =>
        [what_roles_name_stays_within_its_limit, raced_roles_name_no_more_than_the_limit];
    /// adds up what roles name, and then stores another
    AddsUpBeforeItPermits, permissions_counted_first: storage_cases, behind_roles(AddsUpBeforeItPermits) =>
        [raced_roles_name_no_more_than_the_limit];
    /// looks for the newest key, and then stores another
    MakesTwoFirstKeys, two_first_keys: storage_cases, behind_signing_keys(MakesTwoFirstKeys) =>
        [raced_first_keys_leave_one];
    /// stores an account and its mail in two transactions
    RegistersInTwoTransactions, a_registration_in_two_transactions: fault_cases, that_breaks_in_the_middle() =>
        [a_registration_is_stored_whole_or_not_at_all];
    /// takes the tag off an address
    DropsTags, a_tag_dropped: mailer_cases, in_front_of_a_mailbox(DropsTags) =>
        [an_odd_address_has_no_second_recipient];
    /// sends a link that is not the one it was given
    BreaksLinks, a_broken_link: mailer_cases, in_front_of_a_mailbox(BreaksLinks) =>
        [a_mail_carries_its_secrets];
    /// writes every mail into one buffer
    SharesOneBuffer, a_shared_buffer: mailer_cases, in_front_of_a_mailbox(SharesOneBuffer::new) =>
        [mails_sent_at_once_all_arrive];
    /// reads 72 octets of a password, as bcrypt does
    Reads72Octets, a_password_cut: hasher_cases, hashing_with(Reads72Octets::default()) =>
        [every_octet_of_a_long_password_counts];
    /// has one salt for all
    SaltsAllAlike, one_salt_for_all: hasher_cases, hashing_with(SaltsAllAlike::default()) =>
        [every_hash_has_a_salt_of_its_own];
    /// checks imported hashes against the normal form only
    ForgetsWhatWasTyped, what_was_typed_forgotten: hasher_cases, hashing_with(ForgetsWhatWasTyped::default()) =>
        [an_imported_hash_of_what_was_typed_matches_and_is_outdated];
    /// answers at once where there is no account
    AnswersEarly, an_early_answer: hasher_cases, hashing_with(AnswersEarly::default()) =>
        [no_account_costs_what_a_wrong_password_costs];
    /// trims what it is sent
    TrimsTokens, trimmed_tokens: access_tokens_cases, tokens_of(|tokens, _| TrimsTokens(tokens)) =>
        [a_token_counts_in_one_spelling];
    /// lets tokens count for a minute longer than they say
    ForgivesExpiry, expiry_with_a_leeway: access_tokens_cases, tokens_of(|tokens, _| ForgivesExpiry(tokens)) =>
        [a_token_counts_until_it_expires];
    /// accepts tokens of whoever else has keys
    AcceptsAnyIssuer, any_issuer: access_tokens_cases, tokens_of(AcceptsAnyIssuer) =>
        [a_token_of_another_installation_is_refused];
    /// publishes its keys whole
    PublishesPrivateKeys, private_keys_published: access_tokens_cases,
        tokens_of(|tokens, _| PublishesPrivateKeys(tokens)) =>
        [published_keys_have_no_private_part];
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/writing-an-adapter.md");
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_page_says_what_is_new_in_this_version() {
    assert!(
        page().contains(&format!("\n| {VERSION} | ")),
        "docs/writing-an-adapter.md has a row for {VERSION}"
    );
}

#[test]
fn the_page_shows_what_a_failed_case_says() {
    let page = page();
    let (_, after) = page.split_once("```text\n").expect("an example is there");
    let (example, _) = after.split_once("```").unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let cases = storage_cases();
    let case = cases.iter().find(|case| example.contains(case.name())).expect("it names a case");
    let failure = runtime.block_on(case.check(&behind_tokens(RedeemsAResetTwice))).unwrap_err();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(example), words(&failure.to_string()));
}

#[test]
fn the_page_has_this_table() {
    let page = page();
    let (_, after) =
        page.split_once("| wrong adapter | its lie | caught by |\n").expect("the table is there");
    let rows = after.lines().skip(1).take_while(|line| line.starts_with('|'));
    let written: Vec<_> = rows.map(row).collect();
    let expected = table();
    let lines: String = expected.iter().map(line).collect();
    assert!(written == expected, "the table in docs/writing-an-adapter.md has to be:\n{lines}");
}

/// The row that a line of the page is.
fn row(text: &str) -> Row {
    let cells: Vec<_> = text.trim_matches('|').split('|').map(str::trim).collect();
    let [adapter, lie, caught_by] = cells[..] else { panic!("a row has three cells: {text}") };
    let code = |text: &str| text.trim().trim_matches('`').to_owned();
    Row { adapter: code(adapter), lie: lie.to_owned(), caught_by: caught_by.split(',').map(code).collect() }
}

/// The line of the page that a row is.
fn line(Row { adapter, lie, caught_by }: &Row) -> String {
    let caught_by: Vec<_> = caught_by.iter().map(|case| format!("`{case}`")).collect();
    format!("| `{adapter}` | {lie} | {} |\n", caught_by.join(", "))
}
