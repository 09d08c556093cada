//! Every case of every contract, with what usually makes an adapter fail it.
//!
//! Each list is written once. `storage_contract!` and its like make tests of it, and
//! [`storage_cases`](super::storage_cases) and its like make values of it.

/// Makes a `#[tokio::test]` of each case of the storage contract.
///
/// Takes an expression that gives a [`Storage`](crate::Storage) on a store of its own, fresh and
/// empty. The expression may await, and is evaluated for each case. The calling crate depends on
/// `tokio` with the features `macros` and `rt-multi-thread`.
///
/// ```
/// # use portcullis_testkit::Storage;
/// async fn my_storage() -> Storage {
/// #     portcullis_testkit::MemoryStorage::default().into()
/// }
///
/// portcullis_testkit::storage_contract!(my_storage().await);
/// ```
#[macro_export]
macro_rules! storage_contract {
    ($storage:expr) => {
        $crate::storage_contract! { @each test_each_case [$crate::Storage, $storage] }
    };
    (@each $expansion:ident $setup:tt) => {
        $crate::$expansion! { $setup
            users::raced_registrations_leave_one_account: CheckThenAct,
            users::a_refused_registration_stores_nothing: HalfDone,
            users::an_unknown_role_is_refused_with_all_that_came_with_it: HalfDone,
            users::look_alike_addresses_never_meet: Folding,
            users::an_account_is_kept_as_it_was_given: Lossy,
            users::roles_are_held_in_alphabetical_order: Order,
            users::a_registration_signs_in_and_queues_its_mail: HalfDone,
            users::private_registration_of_a_free_address_registers: HalfDone,
            users::private_registration_of_a_taken_address_tells_its_owner: UncheckedCondition,
            users::private_registration_ends_an_unverified_claim: Incomplete,
            users::private_registration_of_a_taken_username_changes_nothing: HalfDone,
            users::raced_private_registrations_leave_one_account: CheckThenAct,
            users::a_profile_change_keeps_the_rest: TooWide,
            users::a_profile_change_to_a_taken_username_changes_nothing: HalfDone,
            users::raced_profile_changes_leave_one_holder: CheckThenAct,
            users::raced_changes_of_one_profile_lose_none: LostUpdate,
            users::raced_password_changes_have_one_winner: CheckThenAct,
            users::a_password_change_ends_the_other_sessions: Incomplete,
            users::deletion_erases_all_that_hangs_on_the_account: Incomplete,
            users::an_account_is_deleted_by_its_holder_only_under_the_password_that_was_checked: UncheckedCondition,
            users::raced_deletions_leave_an_administrator: CheckThenAct,
            users::only_active_administrators_count: UncheckedCondition,
            users::a_store_that_answers_says_so: Stale,
            users::raced_logins_do_not_outlive_the_password: CheckThenAct,
            users::account_changes_are_in_the_trail: EventApart,
            users::private_registrations_are_in_the_trail: EventApart,
            administration::users_are_listed_newest_first_in_pages: Order,
            administration::users_are_filtered: UncheckedCondition,
            administration::pages_hold_while_users_come_and_go: Offset,
            administration::users_are_listed_by_the_roles_that_they_hold_now: Stale,
            administration::users_are_found_by_how_they_begin: Folding,
            administration::names_are_found_however_they_were_given: Folding,
            administration::many_who_begin_alike_are_listed_in_pages: Offset,
            administration::an_administered_change_keeps_the_rest: TooWide,
            administration::a_new_address_is_unverified_and_ends_what_was_mailed_before: Incomplete,
            administration::deactivation_ends_all_sessions: Incomplete,
            administration::an_activation_queues_its_mails_once: UncheckedCondition,
            administration::mails_go_to_the_addresses_that_they_were_chosen_for: UncheckedCondition,
            administration::an_administered_change_to_something_taken_changes_nothing: HalfDone,
            administration::unlocking_lets_passwords_and_codes_count_from_zero: Incomplete,
            administration::a_password_that_is_set_ends_what_hung_on_the_old_one: Incomplete,
            administration::raced_logins_do_not_outlive_a_password_that_is_set: CheckThenAct,
            administration::imported_accounts_serve: Lossy,
            administration::a_refused_import_spares_the_rest: HalfDone,
            administration::importing_again_changes_nothing: TooWide,
            administration::raced_imports_store_each_account_once: CheckThenAct,
            administration::nobody_administers_who_holds_what_they_lack: UncheckedCondition,
            administration::the_last_administrator_stays: UncheckedCondition,
            administration::raced_demotions_leave_an_administrator: CheckThenAct,
            administration::administered_changes_are_in_the_trail: EventApart,
            roles::raced_roles_of_one_name_leave_one: CheckThenAct,
            roles::a_role_is_kept_as_it_was_given: Lossy,
            roles::a_role_change_keeps_the_rest: TooWide,
            roles::built_in_roles_stay_as_they_are: UncheckedCondition,
            roles::nobody_changes_a_role_beyond_their_authority: UncheckedCondition,
            roles::what_roles_name_stays_within_its_limit: UncheckedCondition,
            roles::raced_roles_name_no_more_than_the_limit: CheckThenAct,
            roles::a_deleted_role_is_held_by_nobody: Incomplete,
            roles::a_role_is_given_and_taken_once: UncheckedCondition,
            roles::raced_assignments_and_a_deletion_leave_no_holder: CheckThenAct,
            roles::a_role_given_counts_at_the_next_call: Stale,
            roles::nobody_hands_out_what_they_lack: UncheckedCondition,
            roles::role_changes_are_in_the_trail: EventApart,
            sessions::a_session_opens_only_under_the_password_that_was_checked: UncheckedCondition,
            sessions::a_session_opens_only_while_no_lockout_holds: UncheckedCondition,
            sessions::raced_logins_all_open_sessions: CheckThenAct,
            sessions::login_renews_the_hash: HalfDone,
            sessions::a_login_is_noted: HalfDone,
            sessions::a_session_is_kept_as_it_was_given: Lossy,
            sessions::an_ended_session_has_no_principal: Stale,
            sessions::raced_endings_end_a_session_once: CheckThenAct,
            sessions::expiry_is_checked_at_use: Boundary,
            sessions::an_inactive_user_has_no_principal: Stale,
            sessions::authority_is_read_at_each_call: Stale,
            sessions::raced_rotation_has_one_successor: CheckThenAct,
            sessions::a_retry_within_the_grace_repeats: Boundary,
            sessions::a_retry_after_the_grace_ends_the_session: Boundary,
            sessions::an_older_generation_ends_the_session: Incomplete,
            sessions::raced_reuse_ends_the_session: CheckThenAct,
            sessions::a_reuse_is_in_the_trail: EventApart,
            sessions::a_generation_that_never_was_changes_nothing: UncheckedCondition,
            sessions::generations_reach_the_end_of_their_range: Lossy,
            sessions::rotation_prolongs_up_to_the_absolute_end: Boundary,
            sessions::raced_rotation_and_logout_leave_no_session: CheckThenAct,
            sessions::sessions_are_listed_newest_first: Order,
            sessions::somebody_elses_session_stays: TooWide,
            sessions::ending_all_sessions_spares_those_of_others: TooWide,
            sessions::ending_all_sessions_of_nobody_is_told: UncheckedCondition,
            sessions::logins_and_logouts_are_in_the_trail: EventApart,
            sessions::expired_sessions_are_deleted_in_batches: Unbounded,
            tokens::an_email_change_is_asked_for_only_under_the_password_that_was_checked: UncheckedCondition,
            tokens::verification_is_for_active_unverified_users: UncheckedCondition,
            tokens::verification_verifies_whom_it_was_mailed_to: UncheckedCondition,
            tokens::finding_a_secret_changes_nothing: TooWide,
            tokens::a_newer_verification_ends_the_older: Incomplete,
            tokens::a_verification_link_repeats_while_it_lives: UncheckedCondition,
            tokens::verification_ends_a_pending_email_change: Incomplete,
            tokens::a_repeated_verification_spares_a_later_email_change: TooWide,
            tokens::a_used_link_ends_its_code: Incomplete,
            tokens::a_right_code_is_spent_and_its_link_lives_on: Incomplete,
            tokens::raced_codes_verify_once: CheckThenAct,
            tokens::raced_wrong_codes_are_all_counted: LostUpdate,
            tokens::a_new_code_frees_the_address_within_the_hourly_limit: Incomplete,
            tokens::the_hourly_limit_outlives_new_codes: Boundary,
            tokens::wrong_codes_count_for_unknown_addresses_alike: UncheckedCondition,
            tokens::resets_are_for_active_users: UncheckedCondition,
            tokens::a_newer_reset_ends_the_older: Incomplete,
            tokens::raced_resets_have_one_winner: CheckThenAct,
            tokens::a_reset_ends_all_that_was_set_before: Incomplete,
            tokens::a_refused_reset_changes_nothing: HalfDone,
            tokens::a_reset_sets_a_first_password: Incomplete,
            tokens::a_requested_email_change_waits_for_its_confirmation: HalfDone,
            tokens::a_taken_address_is_not_asked_for: UncheckedCondition,
            tokens::a_taken_address_that_is_asked_for_privately_is_told_to_its_owner: Incomplete,
            tokens::a_newer_email_change_replaces_the_older: Incomplete,
            tokens::raced_email_changes_have_one_winner: CheckThenAct,
            tokens::an_email_change_ends_all_that_was_mailed_before: Incomplete,
            tokens::an_email_change_to_a_taken_address_changes_nothing: HalfDone,
            tokens::an_email_change_can_respell_the_own_address: Folding,
            tokens::secrets_expire_at_use: Boundary,
            tokens::a_secret_is_good_for_its_own_kind: UncheckedCondition,
            tokens::expired_secrets_are_deleted_in_batches: Unbounded,
            tokens::deleting_expired_secrets_spares_what_still_lives: Boundary,
            tokens::a_verification_is_in_the_trail_once: EventApart,
            tokens::wrong_codes_are_in_the_trail: EventApart,
            tokens::resets_and_email_changes_are_in_the_trail: EventApart,
            lockout::lockout_admits_exactly_the_threshold: LostUpdate,
            lockout::lockout_ends_by_itself: Boundary,
            lockout::lockout_forgets_old_failures: Boundary,
            lockout::lockout_of_zero_is_off: UncheckedCondition,
            lockout::lockout_refuses_the_right_password_and_success_resets_the_count: UncheckedCondition,
            lockout::lockout_keys_are_apart: TooWide,
            lockout::right_passwords_in_parallel_all_succeed: LostUpdate,
            lockout::wrong_passwords_and_locks_are_in_the_trail: EventApart,
            lockout::stale_counts_are_deleted_in_batches: Unbounded,
            mail_queue::a_mail_that_waits_already_stands_for_both: UncheckedCondition,
            mail_queue::raced_requests_queue_one_mail: CheckThenAct,
            mail_queue::a_claimed_mail_stands_for_none: UncheckedCondition,
            mail_queue::a_mail_given_back_yields_to_one_that_waits: UncheckedCondition,
            mail_queue::a_lease_that_ran_out_loses_no_mail: UncheckedCondition,
            mail_queue::raced_returns_and_requests_leave_one_mail: CheckThenAct,
            mail_queue::a_mail_is_kept_as_it_was_given: Lossy,
            mail_queue::a_claimed_mail_is_nobody_elses: CheckThenAct,
            mail_queue::a_lease_that_ran_out_frees_the_mail: Boundary,
            mail_queue::a_late_claimant_changes_nothing: TooWide,
            mail_queue::a_late_delivery_counts_when_nobody_claimed_since: UncheckedCondition,
            mail_queue::a_mail_given_back_waits_until_it_is_due: Boundary,
            mail_queue::a_parked_mail_is_kept_and_not_claimed: TooWide,
            mail_queue::the_mail_due_longest_is_claimed_first: Order,
            mail_queue::operators_see_how_each_mail_stands: Lossy,
            mail_queue::operators_see_how_much_is_in_the_queue: Incomplete,
            mail_queue::mails_are_listed_in_pages: Offset,
            mail_queue::a_parked_mail_sent_again_begins_anew: Incomplete,
            mail_queue::a_waiting_mail_sent_again_is_due_at_once: Boundary,
            mail_queue::a_claimed_mail_sent_again_is_left_alone: TooWide,
            mail_queue::a_mail_sent_again_yields_to_one_that_waits: UncheckedCondition,
            mail_queue::a_mail_that_is_gone_is_not_sent_again: UncheckedCondition,
            mail_queue::a_mail_sent_again_is_in_the_trail: EventApart,
            mail_queue::mails_sent_again_in_a_race_leave_one: CheckThenAct,
            audit::events_are_kept_as_they_were_given: Lossy,
            audit::events_are_found_by_user_kind_and_time: Boundary,
            audit::events_are_listed_in_pages: Offset,
            audit::events_are_counted_by_day_and_outcome: Boundary,
            audit::the_newest_events_are_counted: Order,
            audit::old_events_are_deleted_in_batches: Unbounded,
            audit::a_change_whose_event_cannot_be_stored_is_not_made: EventApart,
            signing_keys::raced_first_keys_leave_one: CheckThenAct,
            signing_keys::rotation_dates_the_predecessor: Boundary,
            signing_keys::a_stale_predecessor_changes_nothing: UncheckedCondition,
            signing_keys::a_new_key_is_in_the_trail: EventApart,
            signing_keys::a_signing_key_is_kept_as_it_was_given: Lossy,
            signing_keys::expired_keys_are_deleted_and_the_newest_never: Boundary,
        }
    };
}

/// Makes a `#[tokio::test]` of each case of steps that fail half-way, for stores that can be broken in the middle
/// of a step.
///
/// Takes an expression that gives a [`FaultSetup`](crate::contract::faults::FaultSetup) on a store of its own;
/// otherwise as [`storage_contract!`](crate::storage_contract).
#[macro_export]
macro_rules! fault_contract {
    ($setup:expr) => {
        $crate::fault_contract! { @each test_each_case [$crate::contract::faults::FaultSetup, $setup] }
    };
    (@each $expansion:ident $setup:tt) => {
        $crate::$expansion! { $setup
            faults::a_registration_is_stored_whole_or_not_at_all: HalfDone,
            faults::a_claim_ends_whole_or_not_at_all: HalfDone,
            faults::a_login_is_stored_whole_or_not_at_all: HalfDone,
            faults::a_password_change_is_made_whole_or_not_at_all: HalfDone,
            faults::a_password_reset_is_made_whole_or_not_at_all: HalfDone,
            faults::an_email_change_is_made_whole_or_not_at_all: HalfDone,
            faults::an_administered_change_is_made_whole_or_not_at_all: HalfDone,
            faults::a_deletion_is_made_whole_or_not_at_all: HalfDone,
        }
    };
}

/// Makes a `#[tokio::test]` of each case of the contract of archives, which only stores that installations
/// are copied from or to need to keep.
///
/// Takes an expression that gives an [`ArchiveSetup`](crate::contract::installation_archive::ArchiveSetup)
/// on a store of its own, fresh and empty but for the built-in roles; otherwise as
/// [`storage_contract!`](crate::storage_contract).
#[macro_export]
macro_rules! archive_contract {
    ($setup:expr) => {
        $crate::archive_contract! { @each test_each_case [$crate::contract::installation_archive::ArchiveSetup, $setup] }
    };
    (@each $expansion:ident $setup:tt) => {
        $crate::$expansion! { $setup
            installation_archive::the_built_in_roles_are_the_same_in_every_store: Lossy,
            installation_archive::every_kind_comes_back_as_it_was_written: Lossy,
            installation_archive::what_the_ports_keep_is_in_the_archive: Lossy,
            installation_archive::what_is_written_serves: Lossy,
            installation_archive::roles_that_name_too_much_are_kept_and_can_name_less: UncheckedCondition,
            installation_archive::pages_follow_each_other_in_the_order_of_the_keys: Order,
            installation_archive::a_page_begins_after_a_key_that_is_gone: Offset,
            installation_archive::records_are_counted: Incomplete,
            installation_archive::a_page_is_written_whole_or_not_at_all: HalfDone,
            installation_archive::writing_again_changes_nothing: TooWide,
            installation_archive::raced_writers_store_each_record_once: CheckThenAct,
            installation_archive::a_record_with_other_content_is_refused: UncheckedCondition,
            installation_archive::a_record_that_collides_is_refused: UncheckedCondition,
            installation_archive::a_record_that_names_what_is_not_stored_is_refused: UncheckedCondition,
        }
    };
}

/// Makes a `#[tokio::test]` of each case of the mailer contract.
///
/// Takes an expression that gives a [`MailerSetup`](crate::contract::mailer::MailerSetup) whose mailer has
/// delivered nothing yet; otherwise as [`storage_contract!`](crate::storage_contract).
#[macro_export]
macro_rules! mailer_contract {
    ($setup:expr) => {
        $crate::mailer_contract! { @each test_each_case [$crate::contract::mailer::MailerSetup, $setup] }
    };
    (@each $expansion:ident $setup:tt) => {
        $crate::$expansion! { $setup
            mailer::every_kind_of_mail_reaches_its_recipient: Recipient,
            mailer::a_mail_carries_its_secrets: MangledText,
            mailer::an_odd_address_has_no_second_recipient: Recipient,
            mailer::an_international_address_is_kept: Recipient,
            mailer::mails_sent_at_once_all_arrive: SharedState,
        }
    };
}

/// Makes a `#[tokio::test]` of each case of the contract of password hashers.
///
/// Takes an expression that gives a [`HasherSetup`](crate::contract::hasher::HasherSetup); otherwise as
/// [`storage_contract!`](crate::storage_contract).
///
/// ```
/// # use std::sync::Arc;
/// use portcullis_testkit::CheapHasher;
/// use portcullis_testkit::contract::hasher::HasherSetup;
///
/// fn setup() -> HasherSetup {
///     HasherSetup {
///         hasher: Arc::new(CheapHasher::default()),
///         hash_elsewhere: CheapHasher::hash_elsewhere,
///     }
/// }
///
/// portcullis_testkit::hasher_contract!(setup());
/// ```
#[macro_export]
macro_rules! hasher_contract {
    ($setup:expr) => {
        $crate::hasher_contract! { @each test_each_case [$crate::contract::hasher::HasherSetup, $setup] }
    };
    (@each $expansion:ident $setup:tt) => {
        $crate::$expansion! { $setup
            hasher::a_password_matches_its_hash_and_no_other: UncheckedCondition,
            hasher::every_hash_has_a_salt_of_its_own: FixedSalt,
            hasher::every_octet_of_a_long_password_counts: Shortened,
            hasher::a_password_counts_however_it_is_typed: NormalForm,
            hasher::an_imported_hash_of_what_was_typed_matches_and_is_outdated: NormalForm,
            hasher::what_is_no_hash_is_refused_and_matches_nothing: UncheckedCondition,
            hasher::no_account_costs_what_a_wrong_password_costs: EarlyReturn,
            hasher::passwords_checked_at_once_do_not_meet: SharedState,
        }
    };
}

/// Makes a `#[tokio::test]` of each case of the contract of access tokens.
///
/// Takes an expression that gives an
/// [`AccessTokensSetup`](crate::contract::access_tokens::AccessTokensSetup); otherwise as
/// [`storage_contract!`](crate::storage_contract).
#[macro_export]
macro_rules! access_tokens_contract {
    ($setup:expr) => {
        $crate::access_tokens_contract! { @each test_each_case [$crate::contract::access_tokens::AccessTokensSetup, $setup] }
    };
    (@each $expansion:ident $setup:tt) => {
        $crate::$expansion! { $setup
            access_tokens::a_token_proves_what_it_was_issued_for: Lossy,
            access_tokens::a_token_counts_until_it_expires: Boundary,
            access_tokens::a_token_issued_far_ahead_does_not_count_yet: Boundary,
            access_tokens::a_token_with_any_character_changed_is_refused: UncheckedCondition,
            access_tokens::a_token_counts_in_one_spelling: Lenient,
            access_tokens::a_token_of_another_installation_is_refused: UncheckedCondition,
            access_tokens::tokens_issued_at_once_are_told_apart: SharedState,
            access_tokens::published_keys_have_no_private_part: PrivatePart,
        }
    };
}

/// A test of each case of a list.
#[doc(hidden)]
#[macro_export]
macro_rules! test_each_case {
    ([$Setup:ty, $setup:expr] $($contract:ident::$case:ident: $cause:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let setup: $Setup = $setup;
            $crate::value_of_case!($contract::$case: $cause).prove(&setup).await;
        }
    )+};
}

/// The cases of a list, in its order.
#[doc(hidden)]
#[macro_export]
macro_rules! list_each_case {
    ([] $($contract:ident::$case:ident: $cause:ident,)+) => {
        vec![$($crate::value_of_case!($contract::$case: $cause)),+]
    };
}

/// A case as a value.
#[doc(hidden)]
#[macro_export]
macro_rules! value_of_case {
    ($contract:ident::$case:ident: $cause:ident) => {
        $crate::contract::Case::new(
            stringify!($contract),
            stringify!($case),
            $crate::contract::UsualCause::$cause,
            |setup| Box::pin($crate::contract::$contract::$case(setup)),
        )
    };
}
