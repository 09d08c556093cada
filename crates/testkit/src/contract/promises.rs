//! What the cases promise: their documentation, which is written once, where they are.

/// What the documentation of the case with this name says, on one line.
pub(super) fn promise_of(case: &str) -> String {
    let signature = format!("\npub async fn {case}(");
    let before =
        SOURCES.iter().find_map(|source| source.split_once(&signature)).map_or("", |(before, _)| before);
    let mut lines: Vec<_> = before.lines().rev().map_while(|line| line.strip_prefix("///")).collect();
    lines.reverse();
    lines.iter().flat_map(|line| line.split_whitespace()).collect::<Vec<_>>().join(" ")
}

/// Every file that has cases in it.
const SOURCES: &[&str] = &[
    include_str!("access_tokens.rs"),
    include_str!("administration/authority.rs"),
    include_str!("administration/import.rs"),
    include_str!("administration/lists.rs"),
    include_str!("administration/lockouts.rs"),
    include_str!("administration/passwords.rs"),
    include_str!("administration/search.rs"),
    include_str!("administration/trail.rs"),
    include_str!("administration/updates.rs"),
    include_str!("audit/atomicity.rs"),
    include_str!("audit/events.rs"),
    include_str!("faults.rs"),
    include_str!("hasher.rs"),
    include_str!("installation_archive/pages.rs"),
    include_str!("installation_archive/ports.rs"),
    include_str!("installation_archive/refusals.rs"),
    include_str!("installation_archive/writing.rs"),
    include_str!("lockout.rs"),
    include_str!("mail_queue/claims.rs"),
    include_str!("mail_queue/operators.rs"),
    include_str!("mail_queue/queueing.rs"),
    include_str!("mailer.rs"),
    include_str!("roles/definitions.rs"),
    include_str!("roles/holders.rs"),
    include_str!("roles/trail.rs"),
    include_str!("sessions.rs"),
    include_str!("signing_keys.rs"),
    include_str!("tokens/email_changes.rs"),
    include_str!("tokens/every_kind.rs"),
    include_str!("tokens/password_resets.rs"),
    include_str!("tokens/trail.rs"),
    include_str!("tokens/verification.rs"),
    include_str!("users/accounts.rs"),
    include_str!("users/deletion.rs"),
    include_str!("users/password_change.rs"),
    include_str!("users/private_registration.rs"),
    include_str!("users/profile.rs"),
    include_str!("users/registration.rs"),
    include_str!("users/trail.rs"),
];
