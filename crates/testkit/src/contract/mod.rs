//! The contracts of the ports, as cases that any adapter can be held to.
//!
//! Each case is one documented function on a fresh, empty [`Storage`](crate::Storage), or on a
//! [`MailerSetup`](mailer::MailerSetup) that has delivered nothing. The
//! documentation of the ports names the case that proves a promise.
//! [`storage_contract!`](crate::storage_contract), [`archive_contract!`](crate::archive_contract) and
//! [`mailer_contract!`](crate::mailer_contract) list them all.

#![expect(clippy::missing_panics_doc, reason = "every case panics when the adapter fails it")]

pub mod administration;
pub mod audit;
pub mod installation_archive;
pub mod lockout;
pub mod mail_queue;
pub mod mailer;
pub mod roles;
pub mod sessions;
pub mod signing_keys;
pub mod tokens;
pub mod users;

mod race;
mod steps;
mod trail;

/// The version of the contracts. It grows when a case is added or asks for more: an adapter says
/// which version it passes.
pub const VERSION: u32 = 3;

/// Expands to one `#[tokio::test]` for each case of the storage contract.
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
        $crate::storage_contract! { @test $storage;
            users::raced_registrations_leave_one_account,
            users::a_refused_registration_stores_nothing,
            users::an_unknown_role_is_refused_with_all_that_came_with_it,
            users::look_alike_addresses_never_meet,
            users::an_account_is_kept_as_it_was_given,
            users::roles_are_held_in_alphabetical_order,
            users::a_registration_signs_in_and_queues_its_mail,
            users::private_registration_of_a_free_address_registers,
            users::private_registration_of_a_taken_address_tells_its_owner,
            users::private_registration_replaces_an_unverified_claim,
            users::private_registration_of_a_taken_username_changes_nothing,
            users::raced_private_registrations_leave_one_account,
            users::a_profile_change_keeps_the_rest,
            users::a_profile_change_to_a_taken_username_changes_nothing,
            users::raced_profile_changes_leave_one_holder,
            users::raced_password_changes_have_one_winner,
            users::a_password_change_ends_the_other_sessions,
            users::deletion_erases_all_that_hangs_on_the_account,
            users::raced_deletions_leave_an_administrator,
            users::only_active_administrators_count,
            users::a_store_that_answers_says_so,
            users::raced_logins_do_not_outlive_the_password,
            users::account_changes_are_in_the_trail,
            users::private_registrations_are_in_the_trail,
            administration::users_are_listed_newest_first_in_pages,
            administration::users_are_filtered,
            administration::pages_hold_while_users_come_and_go,
            administration::users_are_listed_by_the_roles_that_they_hold_now,
            administration::users_are_found_by_how_they_begin,
            administration::names_are_found_however_they_were_given,
            administration::many_who_begin_alike_are_listed_in_pages,
            administration::an_administered_change_keeps_the_rest,
            administration::a_new_address_is_unverified_and_ends_what_was_mailed_before,
            administration::deactivation_ends_all_sessions,
            administration::an_administered_change_to_something_taken_changes_nothing,
            administration::unlocking_lets_passwords_and_codes_count_from_zero,
            administration::a_password_that_is_set_ends_what_hung_on_the_old_one,
            administration::raced_logins_do_not_outlive_a_password_that_is_set,
            administration::imported_accounts_serve,
            administration::a_refused_import_spares_the_rest,
            administration::importing_again_changes_nothing,
            administration::raced_imports_store_each_account_once,
            administration::nobody_administers_who_holds_what_they_lack,
            administration::the_last_administrator_stays,
            administration::raced_demotions_leave_an_administrator,
            administration::administered_changes_are_in_the_trail,
            roles::raced_roles_of_one_name_leave_one,
            roles::a_role_is_kept_as_it_was_given,
            roles::a_role_change_keeps_the_rest,
            roles::built_in_roles_stay_as_they_are,
            roles::nobody_changes_a_role_beyond_their_authority,
            roles::a_deleted_role_is_held_by_nobody,
            roles::a_role_is_given_and_taken_once,
            roles::raced_assignments_and_a_deletion_leave_no_holder,
            roles::a_role_given_counts_at_the_next_call,
            roles::nobody_hands_out_what_they_lack,
            roles::role_changes_are_in_the_trail,
            sessions::a_session_opens_only_under_the_password_that_was_checked,
            sessions::login_renews_the_hash,
            sessions::a_login_is_noted,
            sessions::a_session_is_kept_as_it_was_given,
            sessions::an_ended_session_has_no_principal,
            sessions::raced_endings_end_a_session_once,
            sessions::expiry_is_checked_at_use,
            sessions::an_inactive_user_has_no_principal,
            sessions::authority_is_read_at_each_call,
            sessions::raced_rotation_has_one_successor,
            sessions::a_retry_within_the_grace_repeats,
            sessions::a_retry_after_the_grace_ends_the_session,
            sessions::an_older_generation_ends_the_session,
            sessions::raced_reuse_ends_the_session,
            sessions::a_reuse_is_in_the_trail,
            sessions::a_generation_that_never_was_changes_nothing,
            sessions::generations_reach_the_end_of_their_range,
            sessions::rotation_prolongs_up_to_the_absolute_end,
            sessions::raced_rotation_and_logout_leave_no_session,
            sessions::sessions_are_listed_newest_first,
            sessions::somebody_elses_session_stays,
            sessions::ending_all_sessions_spares_those_of_others,
            sessions::ending_all_sessions_of_nobody_is_told,
            sessions::logins_and_logouts_are_in_the_trail,
            sessions::expired_sessions_are_deleted_in_batches,
            tokens::verification_is_for_active_unverified_users,
            tokens::verification_verifies_whom_it_was_mailed_to,
            tokens::finding_a_secret_changes_nothing,
            tokens::a_newer_verification_ends_the_older,
            tokens::a_verification_link_repeats_while_it_lives,
            tokens::verification_ends_a_pending_email_change,
            tokens::a_repeated_verification_spares_a_later_email_change,
            tokens::a_used_link_ends_its_code,
            tokens::a_right_code_is_spent_and_its_link_lives_on,
            tokens::raced_codes_verify_once,
            tokens::raced_wrong_codes_are_all_counted,
            tokens::a_new_code_frees_the_address_within_the_hourly_limit,
            tokens::the_hourly_limit_outlives_new_codes,
            tokens::wrong_codes_count_for_unknown_addresses_alike,
            tokens::resets_are_for_active_users,
            tokens::a_newer_reset_ends_the_older,
            tokens::raced_resets_have_one_winner,
            tokens::a_reset_ends_all_that_was_set_before,
            tokens::a_refused_reset_changes_nothing,
            tokens::a_reset_sets_a_first_password,
            tokens::a_requested_email_change_waits_for_its_confirmation,
            tokens::a_newer_email_change_replaces_the_older,
            tokens::raced_email_changes_have_one_winner,
            tokens::an_email_change_ends_all_that_was_mailed_before,
            tokens::an_email_change_to_a_taken_address_changes_nothing,
            tokens::an_email_change_can_respell_the_own_address,
            tokens::secrets_expire_at_use,
            tokens::a_secret_is_good_for_its_own_kind,
            tokens::expired_secrets_are_deleted_in_batches,
            tokens::deleting_expired_secrets_spares_what_still_lives,
            tokens::a_verification_is_in_the_trail_once,
            tokens::wrong_codes_are_in_the_trail,
            tokens::resets_and_email_changes_are_in_the_trail,
            lockout::lockout_admits_exactly_the_threshold,
            lockout::lockout_ends_by_itself,
            lockout::lockout_forgets_old_failures,
            lockout::lockout_of_zero_is_off,
            lockout::lockout_refuses_the_right_password_and_success_resets_the_count,
            lockout::lockout_keys_are_apart,
            lockout::right_passwords_in_parallel_all_succeed,
            lockout::wrong_passwords_and_locks_are_in_the_trail,
            lockout::stale_counts_are_deleted_in_batches,
            mail_queue::a_mail_that_waits_already_stands_for_both,
            mail_queue::raced_requests_queue_one_mail,
            mail_queue::a_claimed_mail_stands_for_none,
            mail_queue::a_mail_given_back_yields_to_one_that_waits,
            mail_queue::a_lease_that_ran_out_loses_no_mail,
            mail_queue::raced_returns_and_requests_leave_one_mail,
            mail_queue::a_mail_is_kept_as_it_was_given,
            mail_queue::a_claimed_mail_is_nobody_elses,
            mail_queue::a_lease_that_ran_out_frees_the_mail,
            mail_queue::a_late_claimant_changes_nothing,
            mail_queue::a_late_delivery_counts_when_nobody_claimed_since,
            mail_queue::a_mail_given_back_waits_until_it_is_due,
            mail_queue::a_parked_mail_is_kept_and_not_claimed,
            mail_queue::the_mail_due_longest_is_claimed_first,
            mail_queue::operators_see_how_each_mail_stands,
            mail_queue::operators_see_how_much_is_in_the_queue,
            mail_queue::mails_are_listed_in_pages,
            mail_queue::a_parked_mail_sent_again_begins_anew,
            mail_queue::a_waiting_mail_sent_again_is_due_at_once,
            mail_queue::a_claimed_mail_sent_again_is_left_alone,
            mail_queue::a_mail_sent_again_yields_to_one_that_waits,
            mail_queue::a_mail_that_is_gone_is_not_sent_again,
            mail_queue::a_mail_sent_again_is_in_the_trail,
            mail_queue::mails_sent_again_in_a_race_leave_one,
            audit::events_are_kept_as_they_were_given,
            audit::events_are_found_by_user_kind_and_time,
            audit::events_are_listed_in_pages,
            audit::events_are_counted_by_day_and_outcome,
            audit::the_newest_events_are_counted,
            audit::old_events_are_deleted_in_batches,
            audit::a_change_whose_event_cannot_be_stored_is_not_made,
            signing_keys::raced_first_keys_leave_one,
            signing_keys::rotation_dates_the_predecessor,
            signing_keys::a_stale_predecessor_changes_nothing,
            signing_keys::a_new_key_is_in_the_trail,
            signing_keys::a_signing_key_is_kept_as_it_was_given,
            signing_keys::expired_keys_are_deleted_and_the_newest_never,
        }
    };
    (@test $storage:expr; $($port:ident::$case:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let storage: $crate::Storage = $storage;
            $crate::contract::$port::$case(&storage).await;
        }
    )+};
}

/// Expands to one `#[tokio::test]` for each case of the contract of archives, which only stores that
/// installations are copied from or to need to keep.
///
/// Takes an expression that gives an [`ArchiveSetup`](installation_archive::ArchiveSetup) on a store of its
/// own, fresh and empty but for the built-in roles. The expression may await, and is evaluated for each case.
/// The calling crate depends on `tokio` with the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! archive_contract {
    ($setup:expr) => {
        $crate::archive_contract! { @test $setup;
            installation_archive::the_built_in_roles_are_the_same_in_every_store,
            installation_archive::every_kind_comes_back_as_it_was_written,
            installation_archive::what_the_ports_keep_is_in_the_archive,
            installation_archive::what_is_written_serves,
            installation_archive::pages_follow_each_other_in_the_order_of_the_keys,
            installation_archive::a_page_begins_after_a_key_that_is_gone,
            installation_archive::records_are_counted,
            installation_archive::a_page_is_written_whole_or_not_at_all,
            installation_archive::writing_again_changes_nothing,
            installation_archive::raced_writers_store_each_record_once,
            installation_archive::a_record_with_other_content_is_refused,
            installation_archive::a_record_that_collides_is_refused,
            installation_archive::a_record_that_names_what_is_not_stored_is_refused,
        }
    };
    (@test $setup:expr; $($port:ident::$case:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let setup: $crate::contract::installation_archive::ArchiveSetup = $setup;
            $crate::contract::$port::$case(&setup).await;
        }
    )+};
}

/// Expands to one `#[tokio::test]` for each case of the mailer contract.
///
/// Takes an expression that gives a [`MailerSetup`](mailer::MailerSetup) whose mailer has delivered
/// nothing yet. The expression may await, and is evaluated for each case. The calling crate depends on
/// `tokio` with the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! mailer_contract {
    ($setup:expr) => {
        $crate::mailer_contract! { @test $setup;
            mailer::every_kind_of_mail_reaches_its_recipient,
            mailer::a_mail_carries_its_secrets,
            mailer::an_odd_address_has_no_second_recipient,
            mailer::an_international_address_is_kept,
            mailer::mails_sent_at_once_all_arrive,
        }
    };
    (@test $setup:expr; $($port:ident::$case:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let setup: $crate::contract::mailer::MailerSetup = $setup;
            $crate::contract::$port::$case(&setup).await;
        }
    )+};
}
