//! The words of the pages, one file a language: a language that lacks a word, or has one too many, does not load.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The words of every page in English.
pub(crate) static ENGLISH: LazyLock<Texts> =
    LazyLock::new(|| Texts::read(include_str!("../templates/texts/en.json")));

/// The words of every page in German.
pub(crate) static GERMAN: LazyLock<Texts> =
    LazyLock::new(|| Texts::read(include_str!("../templates/texts/de.json")));

/// One entry a paragraph.
pub(crate) type Paragraphs = Vec<String>;

/// What programs call things, and what people do.
pub(crate) type Labels = BTreeMap<String, String>;

/// Something to know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notice {
    pub(crate) title: String,
    pub(crate) text: Paragraphs,
}

/// Something to agree to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) title: String,
    pub(crate) text: Paragraphs,
    pub(crate) button: String,
}

/// Makes [`Texts`], and a type for the words of each page.
macro_rules! texts {
    ($($section:ident: $name:ident { $($word:ident: $form:ty,)+ })+) => {
        /// The words of every page in one language.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Texts {
            $(pub(crate) $section: $name,)+
            /// There was too much to do.
            pub(crate) try_again: Notice,
            /// Somebody asked for too much.
            pub(crate) too_many: Notice,
            /// The service met a defect.
            pub(crate) failure: Notice,
            /// Somebody is where they may not be.
            pub(crate) forbidden: Notice,
            /// A form that is not from the page it says.
            pub(crate) forged: Notice,
            pub(crate) not_found: Notice,
        }

        $(
            #[derive(Deserialize)]
            #[serde(deny_unknown_fields)]
            pub(crate) struct $name {
                $(pub(crate) $word: $form,)+
            }
        )+
    };
}

texts! {
    layout: LayoutTexts {
        skip: String,
        sign_out: String,
    }
    common: CommonTexts {
        email: String,
        password: String,
        current_password: String,
        new_password: String,
        password_confirm: String,
        password_hint: String,
        optional: String,
        show: String,
        cancel: String,
        sign_in: String,
        to_account: String,
    }
    sign_in: SignInTexts {
        title: String,
        identifier: String,
        button: String,
        forgot: String,
        no_account: String,
        sign_up: String,
        enter_code: String,
    }
    sign_up: SignUpTexts {
        title: String,
        name: String,
        button: String,
        have_account: String,
        closed: Notice,
    }
    verify_code: VerifyCodeTexts {
        title: String,
        text: Paragraphs,
        code: String,
        button: String,
        resend: String,
    }
    forgot_password: ForgotPasswordTexts {
        title: String,
        text: Paragraphs,
        button: String,
        back: String,
        done: Notice,
    }
    verify_email: VerifyEmailTexts {
        question: Question,
        done: Notice,
        dead_link: Notice,
    }
    reset_password: ResetPasswordTexts {
        form: Question,
        done: Notice,
        dead_link: Notice,
    }
    confirm_email_change: ConfirmEmailChangeTexts {
        question: Question,
        done: Notice,
        dead_link: Notice,
        taken: Notice,
    }
    account: AccountTexts {
        nav_label: String,
        profile: String,
        email: String,
        password: String,
        sessions: String,
        administration: String,
    }
    profile: ProfileTexts {
        title: String,
        text: String,
        name: String,
        username: String,
        username_hint: String,
        first_name: String,
        last_name: String,
        button: String,
        about: String,
        address: String,
        roles: String,
        since: String,
        last_login: String,
        verified: String,
        unverified: String,
        delete_title: String,
        delete_text: String,
        delete: String,
    }
    email: EmailTexts {
        title: String,
        text: String,
        new_email: String,
        button: String,
    }
    password: PasswordTexts {
        title: String,
        text: String,
        button: String,
    }
    sessions: SessionsTexts {
        title: String,
        text: String,
        this_device: String,
        signed_in: String,
        last_used: String,
        end: String,
        others_title: String,
        others_text: String,
        end_others: String,
        unknown_device: String,
        device: String,
    }
    deletion: DeletionTexts {
        title: String,
        text: String,
        button: String,
    }
    notices: NoticesTexts {
        address_confirmed: String,
        code_sent: String,
        profile_saved: String,
        password_changed: String,
        email_change_requested: String,
        session_ended: String,
        others_ended: String,
        signed_out: String,
        nothing_saved: String,
        account_deleted: String,
        user_created: String,
        user_saved: String,
        user_verified: String,
        user_unlocked: String,
        user_disabled: String,
        user_enabled: String,
        user_signed_out: String,
        user_deleted: String,
        role_given: String,
        role_taken: String,
        role_created: String,
        role_saved: String,
        role_deleted: String,
        mail_sent_again: String,
        key_rotated: String,
    }
    refusals: RefusalsTexts {
        required: String,
        invalid: String,
        email: String,
        username: String,
        name: String,
        too_short: String,
        too_long: String,
        common: String,
        contains_identity: String,
        mismatch: String,
        email_taken: String,
        username_taken: String,
        wrong_password: String,
        invalid_credentials: String,
        email_not_verified: String,
        account_disabled: String,
        account_locked: String,
        invalid_code: String,
        too_many_attempts: String,
        last_admin: String,
        outranked: String,
        built_in_role: String,
        role_taken: String,
        role_name: String,
        role_description: String,
        permission: String,
        too_many_permissions: String,
        lost_place: String,
        nobody: String,
        address_or_id: String,
        day: String,
    }
    console: ConsoleTexts {
        nav_label: String,
        own_account: String,
        overview: String,
        users: String,
        roles: String,
        audit: String,
        mail: String,
        keys: String,
        search: String,
        reset: String,
        any: String,
        nothing: String,
        pages: String,
        next: String,
        first: String,
        save: String,
    }
    console_users: ConsoleUsersTexts {
        new: String,
        caption: String,
        q: String,
        role: String,
        email_verified: String,
        is_active: String,
        account: String,
        roles: String,
        state: String,
        since: String,
        last_login: String,
        never: String,
        verified: String,
        unverified: String,
        active: String,
        disabled: String,
        sign_in: String,
        locked_until: String,
        create: String,
        password_hint: String,
        is_verified: String,
        edit: String,
        edit_text: String,
        about: String,
        id: String,
        updated: String,
        trail: String,
        sessions: String,
        no_sessions: String,
        acts: String,
        last_acts: String,
        verify: Question,
        unlock: Question,
        enable: Question,
        disable: Question,
        sign_out: Question,
        delete: Question,
        give: String,
        give_label: String,
        choose: String,
        take: Question,
        no_roles: String,
    }
    console_roles: ConsoleRolesTexts {
        new: String,
        caption: String,
        name: String,
        description: String,
        permissions: String,
        kind: String,
        built_in: String,
        own: String,
        every: String,
        none: String,
        holders: String,
        edit: String,
        create: String,
        name_hint: String,
        permissions_hint: String,
        further: String,
        further_hint: String,
        about: String,
        delete: Question,
        own_permissions: Labels,
    }
    console_audit: ConsoleAuditTexts {
        caption: String,
        user: String,
        kind: String,
        since: String,
        until: String,
        at: String,
        actor: String,
        subject: String,
        ip: String,
        detail: String,
        failure: String,
        kinds: Labels,
    }
    console_overview: ConsoleOverviewTexts {
        text: String,
        registrations: String,
        logins: String,
        successes: String,
        failures: String,
        day: String,
        table: String,
        summary: String,
        of_day: String,
        cut_off: String,
    }
    console_mail: ConsoleMailTexts {
        text: String,
        caption: String,
        recipient: String,
        kind: String,
        queued: String,
        state: String,
        waiting: String,
        claimed: String,
        parked: String,
        attempts: String,
        failure: String,
        act: String,
        send_again: String,
    }
    mail_kinds: MailKindsTexts {
        verify_email: String,
        reset_password: String,
        invitation: String,
        confirm_email_change: String,
        email_change_requested: String,
        email_changed: String,
        password_changed: String,
        address_already_registered: String,
    }
    console_keys: ConsoleKeysTexts {
        text: String,
        caption: String,
        id: String,
        algorithm: String,
        created: String,
        signs_from: String,
        verifies_until: String,
        state: String,
        announced: String,
        signing: String,
        verifying: String,
        expired: String,
        rotate: Question,
        rotate_again: Question,
    }
    mailbox: MailboxTexts {
        title: String,
        about: String,
        empty: String,
        back: String,
        to: String,
        from: String,
        date: String,
        code: String,
        links: String,
        html: String,
        text: String,
        copy: String,
        copied: String,
        not_copied: String,
    }
}

impl Texts {
    fn read(json: &str) -> Self {
        serde_json::from_str(json).expect("the built-in texts are complete")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use portcullis_domain::OwnPermission;
    use portcullis_domain::audit::AuditKind;
    use serde_json::Value;

    use super::*;

    /// Every text by its path, with the placeholders in it.
    fn placeholders(text: &Value, path: String, found: &mut BTreeMap<String, Vec<String>>) {
        match text {
            Value::Object(members) => {
                for (name, member) in members {
                    placeholders(member, format!("{path}/{name}"), found);
                }
            }
            Value::String(text) => {
                let names = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
                found.insert(path, names.map(|(name, _)| name.to_owned()).collect());
            }
            Value::Array(_) => drop(found.insert(path, Vec::new())),
            other => panic!("{path}: {other}"),
        }
    }

    #[test]
    fn every_language_has_the_same_words_with_the_same_placeholders() {
        let of = |json: &str| {
            let mut found = BTreeMap::new();
            placeholders(&serde_json::from_str(json).unwrap(), String::new(), &mut found);
            found
        };
        let english = of(include_str!("../templates/texts/en.json"));
        assert_eq!(of(include_str!("../templates/texts/de.json")), english);
        assert_eq!(english["/refusals/too_short"], ["minimum"]);
    }

    #[test]
    fn what_programs_name_has_a_word_in_every_language() {
        for texts in [&ENGLISH, &GERMAN] {
            let permissions: Vec<_> = OwnPermission::ALL.iter().map(|own| own.name()).collect();
            let kinds: BTreeSet<_> = AuditKind::ALL.iter().map(|kind| kind.name()).collect();
            assert!(texts.console_audit.kinds.keys().eq(kinds), "each kind of event, and no other");
            assert!(
                texts.console_roles.own_permissions.keys().eq(permissions),
                "each permission, and no other"
            );
        }
    }

    #[test]
    fn every_language_loads_and_says_everything_in_its_own_words() {
        assert_ne!(ENGLISH.sign_in.title, GERMAN.sign_in.title);
        assert_ne!(ENGLISH.mailbox.title, GERMAN.mailbox.title);
    }
}
