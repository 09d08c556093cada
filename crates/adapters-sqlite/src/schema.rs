//! The tables and the views of `migrations/sqlite`, as diesel sees them. Columns that nothing reads or
//! compares are left out.

diesel::table! {
    users (id) {
        id -> Binary,
        email -> Text,
        email_canonical -> Text,
        email_verified -> Bool,
        username -> Nullable<Text>,
        username_canonical -> Nullable<Text>,
        name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        name_folded -> Nullable<Text>,
        first_name_folded -> Nullable<Text>,
        last_name_folded -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        is_active -> Bool,
        locale -> Text,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
        last_login_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// A view: `users`, each with its roles and permissions.
    accounts (id) {
        id -> Binary,
        email -> Text,
        email_canonical -> Text,
        email_verified -> Bool,
        username -> Nullable<Text>,
        username_canonical -> Nullable<Text>,
        name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        name_folded -> Nullable<Text>,
        first_name_folded -> Nullable<Text>,
        last_name_folded -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        is_active -> Bool,
        locale -> Text,
        created_at -> BigInt,
        updated_at -> Nullable<BigInt>,
        last_login_at -> Nullable<BigInt>,
        roles -> Nullable<Text>,
        permissions -> Nullable<Text>,
    }
}

diesel::table! {
    roles (id) {
        id -> Binary,
        name -> Text,
        description -> Nullable<Text>,
        built_in -> Bool,
    }
}

diesel::table! {
    /// A view: `roles`, each with its permissions.
    complete_roles (id) {
        id -> Binary,
        name -> Text,
        description -> Nullable<Text>,
        built_in -> Bool,
        permissions -> Nullable<Text>,
    }
}

diesel::table! {
    role_permissions (role_id, permission) {
        role_id -> Binary,
        permission -> Text,
    }
}

diesel::table! {
    user_roles (user_id, role_id) {
        user_id -> Binary,
        role_id -> Binary,
    }
}

diesel::table! {
    sessions (id) {
        id -> Binary,
        user_id -> Binary,
        generation -> BigInt,
        created_at -> BigInt,
        last_used_at -> BigInt,
        expires_at -> BigInt,
        ends_at -> BigInt,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    verifications (user_id) {
        user_id -> Binary,
        email_canonical -> Text,
        link -> Binary,
        link_expires_at -> BigInt,
        code -> Nullable<Binary>,
        code_expires_at -> Nullable<BigInt>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    password_resets (user_id) {
        user_id -> Binary,
        email_canonical -> Text,
        digest -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    email_changes (user_id) {
        user_id -> Binary,
        session_id -> Binary,
        new_email -> Text,
        new_email_canonical -> Text,
        digest -> Nullable<Binary>,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    password_attempts (key) {
        key -> Binary,
        failures -> BigInt,
        last_failure_at -> BigInt,
        locked_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    code_attempts (key) {
        key -> Binary,
        since_issued -> BigInt,
        within_hour -> BigInt,
        hour_started_at -> BigInt,
        last_failure_at -> BigInt,
    }
}

diesel::table! {
    mail_queue (id) {
        id -> Binary,
        kind -> Text,
        user_id -> Binary,
        recipient -> Text,
        recipient_canonical -> Text,
        locale -> Text,
        queued_at -> BigInt,
        attempts -> BigInt,
        due_at -> Nullable<BigInt>,
        leased_until -> Nullable<BigInt>,
        last_failure -> Nullable<Text>,
    }
}

diesel::table! {
    signing_keys (position) {
        position -> BigInt,
        id -> Text,
        algorithm -> Text,
        sealed -> Binary,
        created_at -> BigInt,
        signs_from -> BigInt,
        verifies_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_events (id) {
        id -> Binary,
        at -> BigInt,
        kind -> Text,
        outcome -> Text,
        actor_id -> Nullable<Binary>,
        subject_id -> Nullable<Binary>,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        detail -> Text,
    }
}

diesel::joinable!(user_roles -> users (user_id));
diesel::joinable!(user_roles -> accounts (user_id));
diesel::joinable!(user_roles -> roles (role_id));
diesel::joinable!(user_roles -> complete_roles (role_id));
diesel::joinable!(sessions -> accounts (user_id));
diesel::joinable!(verifications -> accounts (user_id));
diesel::joinable!(password_resets -> accounts (user_id));
diesel::joinable!(email_changes -> accounts (user_id));

diesel::allow_tables_to_appear_in_same_query!(users, user_roles, roles);
diesel::allow_tables_to_appear_in_same_query!(accounts, users);
diesel::allow_tables_to_appear_in_same_query!(accounts, user_roles);
diesel::allow_tables_to_appear_in_same_query!(complete_roles, user_roles);
diesel::allow_tables_to_appear_in_same_query!(accounts, sessions);
diesel::allow_tables_to_appear_in_same_query!(accounts, verifications);
diesel::allow_tables_to_appear_in_same_query!(accounts, password_resets);
diesel::allow_tables_to_appear_in_same_query!(accounts, email_changes);
