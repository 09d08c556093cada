//! The tables and the views of `migrations/postgres`, as diesel sees them. Columns that nothing typed reads
//! or compares are left out.

diesel::table! {
    users (id) {
        id -> Uuid,
        email_canonical -> Text,
        username_canonical -> Nullable<Text>,
    }
}

diesel::table! {
    /// A view: `users`, each with its roles and permissions.
    accounts (id) {
        id -> Uuid,
        email -> Text,
        email_canonical -> Text,
        email_verified -> Bool,
        username -> Nullable<Text>,
        username_canonical -> Nullable<Text>,
        name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        is_active -> Bool,
        locale -> Text,
        created_at -> Timestamptz,
        updated_at -> Nullable<Timestamptz>,
        last_login_at -> Nullable<Timestamptz>,
        roles -> Array<Text>,
        permissions -> Array<Text>,
    }
}

diesel::table! {
    roles (id) {
        id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        built_in -> Bool,
    }
}

diesel::table! {
    /// A view: `roles`, each with its permissions.
    roles_with_permissions (id) {
        id -> Uuid,
        name -> Text,
        description -> Nullable<Text>,
        built_in -> Bool,
        permissions -> Array<Text>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        generation -> BigInt,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        expires_at -> Timestamptz,
        ends_at -> Timestamptz,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    verifications (user_id) {
        user_id -> Uuid,
        email_canonical -> Text,
        link -> Binary,
        link_expires_at -> Timestamptz,
        code -> Nullable<Binary>,
        code_expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    password_resets (user_id) {
        user_id -> Uuid,
        email_canonical -> Text,
        digest -> Binary,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    email_changes (user_id) {
        user_id -> Uuid,
        session_id -> Uuid,
        new_email -> Text,
        new_email_canonical -> Text,
        digest -> Nullable<Binary>,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    password_attempts (key) {
        key -> Binary,
        failures -> BigInt,
        last_failure_at -> Timestamptz,
        locked_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    code_attempts (key) {
        key -> Binary,
        since_issued -> BigInt,
        within_hour -> BigInt,
        hour_started_at -> Timestamptz,
        last_failure_at -> Timestamptz,
    }
}

diesel::table! {
    mail_queue (id) {
        id -> Uuid,
        kind -> Text,
        user_id -> Nullable<Uuid>,
        recipient -> Text,
        recipient_canonical -> Text,
        locale -> Text,
        queued_at -> Timestamptz,
        attempts -> BigInt,
        due_at -> Nullable<Timestamptz>,
        leased_until -> Nullable<Timestamptz>,
        last_failure -> Nullable<Text>,
    }
}

diesel::table! {
    signing_keys (position) {
        position -> BigInt,
        id -> Text,
        algorithm -> Text,
        sealed -> Binary,
        created_at -> Timestamptz,
        signs_from -> Timestamptz,
        verifies_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_events (id) {
        id -> Uuid,
        at -> Timestamptz,
        kind -> Text,
        outcome -> Text,
        actor_id -> Nullable<Uuid>,
        subject_id -> Nullable<Uuid>,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        detail -> Jsonb,
    }
}

diesel::table! {
    /// Where diesel keeps which migrations were applied.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

diesel::joinable!(sessions -> accounts (user_id));
diesel::joinable!(verifications -> accounts (user_id));
diesel::joinable!(password_resets -> accounts (user_id));
diesel::joinable!(email_changes -> accounts (user_id));

diesel::allow_tables_to_appear_in_same_query!(accounts, sessions);
diesel::allow_tables_to_appear_in_same_query!(accounts, verifications);
diesel::allow_tables_to_appear_in_same_query!(accounts, password_resets);
diesel::allow_tables_to_appear_in_same_query!(accounts, email_changes);
