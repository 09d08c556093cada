-- Accounts, sessions, one-time secrets, counts of failed attempts, waiting mails, signing keys and the audit trail.
--
-- Digests are 32 octets. A column `…_canonical` holds the form by which addresses and usernames are
-- compared, octet by octet, and so are names and ids: hence COLLATE "C". What is read or changed in a
-- hurry is found by the key of one user or one session. No key comes from a sequence: ids begin with the time
-- at which they were made, so that the greatest is the newest.

-- A login changes `last_login_at`, perhaps `password_hash`, and no indexed column: with space left in the
-- page PostgreSQL need not touch an index for it.
CREATE TABLE users (
    id                 uuid        NOT NULL PRIMARY KEY,
    email              text        NOT NULL,
    email_canonical    text        NOT NULL COLLATE "C",
    email_verified     boolean     NOT NULL,
    username           text,
    username_canonical text        COLLATE "C",
    name               text,
    name_folded        text        COLLATE "C",
    first_name         text,
    first_name_folded  text        COLLATE "C",
    last_name          text,
    last_name_folded   text        COLLATE "C",
    password_hash      text        COLLATE "C",
    is_active          boolean     NOT NULL,
    locale             text        NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz,
    last_login_at      timestamptz,
    CHECK ((username IS NULL) = (username_canonical IS NULL)),
    CHECK ((name IS NULL) = (name_folded IS NULL)),
    CHECK ((first_name IS NULL) = (first_name_folded IS NULL)),
    CHECK ((last_name IS NULL) = (last_name_folded IS NULL))
) WITH (fillfactor = 85);

-- By what administrators look for: how an address, a username or a name begins, and who is verified or active,
-- the newest first. A search counts those who have a prefix by the ids that the indexes bring along: their rows
-- lie all over the table.
CREATE UNIQUE INDEX users_email ON users (email_canonical) INCLUDE (id);
CREATE UNIQUE INDEX users_username ON users (username_canonical) INCLUDE (id);
CREATE INDEX users_by_name ON users (name_folded) INCLUDE (id) WHERE name_folded IS NOT NULL;
CREATE INDEX users_by_first_name ON users (first_name_folded) INCLUDE (id) WHERE first_name_folded IS NOT NULL;
CREATE INDEX users_by_last_name ON users (last_name_folded) INCLUDE (id) WHERE last_name_folded IS NOT NULL;
CREATE INDEX users_by_verification ON users (email_verified, id);
CREATE INDEX users_by_activity ON users (is_active, id);

CREATE TABLE roles (
    id          uuid    NOT NULL PRIMARY KEY,
    name        text    NOT NULL COLLATE "C",
    description text,
    built_in    boolean NOT NULL
);

CREATE UNIQUE INDEX roles_name ON roles (name);

INSERT INTO roles (id, name, description, built_in) VALUES
    ('00000000-0000-7000-8000-000000000001', 'admin', 'Holds every permission there is or will be', TRUE),
    ('00000000-0000-7000-8000-000000000002', 'user', 'Held by every account; holds no permission', TRUE);

CREATE TABLE role_permissions (
    role_id    uuid NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission text NOT NULL COLLATE "C",
    PRIMARY KEY (role_id, permission)
);

CREATE TABLE user_roles (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id uuid NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, role_id)
);

CREATE INDEX user_roles_by_role ON user_roles (role_id, user_id);

-- Roles as they are read: with what they allow.
CREATE VIEW roles_with_permissions AS
SELECT
    roles.*,
    ARRAY(
        SELECT role_permissions.permission FROM role_permissions WHERE role_permissions.role_id = roles.id
    ) AS permissions
FROM roles;

-- Users as they are read: with the names of their roles, and with what these allow. Who holds `admin` is
-- allowed whatever any role names. An update of the view is one of `users`, and can return all of this.
CREATE VIEW accounts AS
SELECT
    users.*,
    ARRAY(
        SELECT roles.name
        FROM user_roles JOIN roles ON roles.id = user_roles.role_id
        WHERE user_roles.user_id = users.id
    ) AS roles,
    CASE WHEN EXISTS (
        SELECT FROM user_roles
        WHERE user_roles.user_id = users.id AND user_roles.role_id = '00000000-0000-7000-8000-000000000001'
    ) THEN ARRAY(
        SELECT role_permissions.permission FROM role_permissions
    ) ELSE ARRAY(
        SELECT role_permissions.permission
        FROM user_roles JOIN role_permissions ON role_permissions.role_id = user_roles.role_id
        WHERE user_roles.user_id = users.id
    ) END AS permissions
FROM users;

-- A refresh moves `expires_at`. Were that column in an index, every refresh would be a new entry in every
-- index of the table. The sweep looks for the day instead, which most refreshes leave as it is; an
-- expression over `expires_at` would not do, because PostgreSQL looks at the column and not at the result.
CREATE TABLE sessions (
    id           uuid        NOT NULL PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    generation   bigint      NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL,
    ip           text,
    user_agent   text,
    expires_on   date        NOT NULL GENERATED ALWAYS AS ((expires_at AT TIME ZONE 'UTC')::date) STORED
) WITH (fillfactor = 75);

CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_day_of_expiry ON sessions (expires_on);

-- The secrets of a verification mail, good for the address that it was mailed to; no code once it is spent.
CREATE TABLE verifications (
    user_id         uuid        NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email_canonical text        NOT NULL COLLATE "C",
    link            bytea       NOT NULL CHECK (octet_length(link) = 32),
    link_expires_at timestamptz NOT NULL,
    code            bytea       CHECK (octet_length(code) = 32),
    code_expires_at timestamptz,
    expires_at      timestamptz NOT NULL GENERATED ALWAYS AS (greatest(link_expires_at, code_expires_at)) STORED,
    CHECK ((code IS NULL) = (code_expires_at IS NULL))
);

CREATE UNIQUE INDEX verifications_link ON verifications (link);
CREATE INDEX verifications_by_expiry ON verifications (expires_at);

-- The secret of a reset mail, good for the address that it was mailed to.
CREATE TABLE password_resets (
    user_id         uuid        NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email_canonical text        NOT NULL COLLATE "C",
    digest          bytea       NOT NULL CHECK (octet_length(digest) = 32),
    expires_at      timestamptz NOT NULL
);

CREATE UNIQUE INDEX password_resets_digest ON password_resets (digest);
CREATE INDEX password_resets_by_expiry ON password_resets (expires_at);

-- The address that a user wants instead of theirs; the digest is there once the mail is on its way.
CREATE TABLE email_changes (
    user_id             uuid        NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    session_id          uuid        NOT NULL,
    new_email           text        NOT NULL,
    new_email_canonical text        NOT NULL COLLATE "C",
    digest              bytea       CHECK (octet_length(digest) = 32),
    expires_at          timestamptz,
    CHECK ((digest IS NULL) = (expires_at IS NULL))
);

CREATE UNIQUE INDEX email_changes_digest ON email_changes (digest);
CREATE INDEX email_changes_by_expiry ON email_changes (expires_at);

CREATE TABLE password_attempts (
    key             bytea       NOT NULL PRIMARY KEY CHECK (octet_length(key) = 32),
    failures        bigint      NOT NULL CHECK (failures > 0),
    last_failure_at timestamptz NOT NULL,
    locked_until    timestamptz
);

CREATE INDEX password_attempts_by_age ON password_attempts (last_failure_at);

CREATE TABLE code_attempts (
    key             bytea       NOT NULL PRIMARY KEY CHECK (octet_length(key) = 32),
    since_issued    bigint      NOT NULL CHECK (since_issued >= 0),
    within_hour     bigint      NOT NULL CHECK (within_hour > 0),
    hour_started_at timestamptz NOT NULL,
    last_failure_at timestamptz NOT NULL
);

CREATE INDEX code_attempts_by_age ON code_attempts (last_failure_at);

-- `due_at` is when a mail can be claimed next; none once it is parked. `leased_until` is there from when it is
-- claimed until it is given back or parked, and `due_at` is the same then. Of mails alike, one waits.
-- `user_id` is NULL where the kind names no user, which the index of waiting mails takes for a user like any
-- other: two NULLs would be unlike each other.
CREATE TABLE mail_queue (
    id                  uuid        NOT NULL PRIMARY KEY,
    kind                text        NOT NULL COLLATE "C",
    user_id             uuid,
    recipient           text        NOT NULL,
    recipient_canonical text        NOT NULL COLLATE "C",
    locale              text        NOT NULL,
    queued_at           timestamptz NOT NULL,
    attempts            bigint      NOT NULL CHECK (attempts >= 0),
    due_at              timestamptz,
    leased_until        timestamptz,
    last_failure        text,
    CHECK (leased_until IS NULL OR due_at = leased_until)
);

CREATE UNIQUE INDEX mail_queue_waiting
    ON mail_queue (recipient_canonical, kind, coalesce(user_id, '00000000-0000-0000-0000-000000000000'))
    WHERE due_at IS NOT NULL AND leased_until IS NULL;
CREATE INDEX mail_queue_due ON mail_queue (due_at, id);
CREATE INDEX mail_queue_by_recipient ON mail_queue (recipient_canonical);
CREATE INDEX mail_queue_by_user ON mail_queue (user_id);

-- `position` counts up: the newest key is the one with the highest, whatever the clocks of its makers said.
-- It is one more than that of the predecessor, so of several successors one finds it free.
CREATE TABLE signing_keys (
    position       bigint      NOT NULL PRIMARY KEY,
    id             text        NOT NULL UNIQUE COLLATE "C",
    algorithm      text        NOT NULL,
    sealed         bytea       NOT NULL,
    created_at     timestamptz NOT NULL,
    signs_from     timestamptz NOT NULL,
    verifies_until timestamptz
);

CREATE INDEX signing_keys_by_expiry ON signing_keys (verifies_until);

-- What happened. Events outlive the accounts that they name, hence no foreign keys. `detail` is a flat object of
-- texts.
CREATE TABLE audit_events (
    id         uuid        NOT NULL PRIMARY KEY,
    at         timestamptz NOT NULL,
    kind       text        NOT NULL COLLATE "C",
    outcome    text        NOT NULL,
    actor_id   uuid,
    subject_id uuid,
    ip         text,
    user_agent text,
    detail     jsonb       NOT NULL
);

CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_by_subject ON audit_events (subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX audit_events_by_kind ON audit_events (kind, id);
