-- Accounts, roles, sessions, one-time secrets, counts of failed attempts, waiting mails, signing keys and the
-- audit trail.
--
-- Ids are the 16 octets of a UUID, moments are microseconds since the Unix epoch, digests are 32 octets.
-- A column `…_canonical` holds the form by which addresses and usernames are compared, octet by octet; a
-- column `…_folded` that by which names are searched.
-- Tables of short rows are WITHOUT ROWID: one tree to search instead of two.

-- "Port": tells this database from those of other applications.
PRAGMA application_id = 0x506F7274;

CREATE TABLE users (
    id                 BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    email              TEXT    NOT NULL,
    email_canonical    TEXT    NOT NULL,
    email_verified     INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    username           TEXT,
    username_canonical TEXT,
    name               TEXT,
    first_name         TEXT,
    last_name          TEXT,
    name_folded        TEXT,
    first_name_folded  TEXT,
    last_name_folded   TEXT,
    password_hash      TEXT,
    is_active          INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    locale             TEXT    NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER,
    last_login_at      INTEGER,
    CHECK ((username IS NULL) = (username_canonical IS NULL)),
    CHECK ((name IS NULL) = (name_folded IS NULL)),
    CHECK ((first_name IS NULL) = (first_name_folded IS NULL)),
    CHECK ((last_name IS NULL) = (last_name_folded IS NULL))
) STRICT;

CREATE UNIQUE INDEX users_email ON users (email_canonical);
CREATE UNIQUE INDEX users_username ON users (username_canonical);
CREATE INDEX users_by_name ON users (name_folded) WHERE name_folded IS NOT NULL;
CREATE INDEX users_by_first_name ON users (first_name_folded) WHERE first_name_folded IS NOT NULL;
CREATE INDEX users_by_last_name ON users (last_name_folded) WHERE last_name_folded IS NOT NULL;
CREATE INDEX users_by_verification ON users (email_verified, id);
CREATE INDEX users_by_activity ON users (is_active, id);

CREATE TABLE roles (
    id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name        TEXT    NOT NULL,
    description TEXT,
    built_in    INTEGER NOT NULL CHECK (built_in IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX roles_name ON roles (name);

INSERT INTO roles (id, name, description, built_in) VALUES
    (x'00000000000070008000000000000001', 'admin', 'Holds every permission there is or will be', 1),
    (x'00000000000070008000000000000002', 'user', 'Held by every account; holds no permission', 1);

CREATE TABLE role_permissions (
    role_id    BLOB NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (role_id, permission)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_roles (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id BLOB NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, role_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_roles_by_role ON user_roles (role_id, user_id);

-- Roles as they are read: with their permissions, separated by commas.
CREATE VIEW complete_roles AS
SELECT
    roles.*,
    (SELECT group_concat(permission) FROM role_permissions WHERE role_id = roles.id) AS permissions
FROM roles;

-- Users as they are read: with the names of their roles, and with what these allow, each separated by
-- commas. Who holds `admin` is allowed whatever any role names. What several roles allow is there several
-- times: to tell it apart here would take a table of its own for each reading.
CREATE VIEW accounts AS
SELECT
    users.*,
    (
        SELECT group_concat(roles.name)
        FROM user_roles JOIN roles ON roles.id = user_roles.role_id
        WHERE user_roles.user_id = users.id
    ) AS roles,
    CASE WHEN EXISTS (
        SELECT 1 FROM user_roles
        WHERE user_roles.user_id = users.id AND user_roles.role_id = x'00000000000070008000000000000001'
    ) THEN (
        SELECT group_concat(permission) FROM role_permissions
    ) ELSE (
        SELECT group_concat(role_permissions.permission)
        FROM user_roles JOIN role_permissions ON role_permissions.role_id = user_roles.role_id
        WHERE user_roles.user_id = users.id
    ) END AS permissions
FROM users;

CREATE TABLE sessions (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id      BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    generation   INTEGER NOT NULL CHECK (generation BETWEEN 0 AND 4294967295),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    ends_at      INTEGER NOT NULL,
    ip           TEXT,
    user_agent   TEXT
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id, created_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- The secrets of a verification mail, good for the address that it was mailed to; no code once it is spent.
CREATE TABLE verifications (
    user_id         BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email_canonical TEXT    NOT NULL,
    link            BLOB    NOT NULL CHECK (length(link) = 32),
    link_expires_at INTEGER NOT NULL,
    code            BLOB    CHECK (length(code) = 32),
    code_expires_at INTEGER,
    expires_at      INTEGER NOT NULL AS (max(link_expires_at, ifnull(code_expires_at, link_expires_at))),
    CHECK ((code IS NULL) = (code_expires_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX verifications_link ON verifications (link);
CREATE INDEX verifications_by_expiry ON verifications (expires_at);

-- The secret of a reset mail, good for the address that it was mailed to.
CREATE TABLE password_resets (
    user_id         BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email_canonical TEXT    NOT NULL,
    digest          BLOB    NOT NULL CHECK (length(digest) = 32),
    expires_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX password_resets_digest ON password_resets (digest);
CREATE INDEX password_resets_by_expiry ON password_resets (expires_at);

-- The address that a user wants instead of theirs; the digest is there once the mail is on its way.
CREATE TABLE email_changes (
    user_id             BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    session_id          BLOB NOT NULL CHECK (length(session_id) = 16),
    new_email           TEXT NOT NULL,
    new_email_canonical TEXT NOT NULL,
    digest              BLOB CHECK (length(digest) = 32),
    expires_at          INTEGER,
    CHECK ((digest IS NULL) = (expires_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX email_changes_digest ON email_changes (digest);
CREATE INDEX email_changes_by_expiry ON email_changes (expires_at);

CREATE TABLE password_attempts (
    key             BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 32),
    failures        INTEGER NOT NULL CHECK (failures > 0),
    last_failure_at INTEGER NOT NULL,
    locked_until    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX password_attempts_by_age ON password_attempts (last_failure_at);

CREATE TABLE code_attempts (
    key             BLOB    NOT NULL PRIMARY KEY CHECK (length(key) = 32),
    since_issued    INTEGER NOT NULL CHECK (since_issued >= 0),
    within_hour     INTEGER NOT NULL CHECK (within_hour > 0),
    hour_started_at INTEGER NOT NULL,
    last_failure_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX code_attempts_by_age ON code_attempts (last_failure_at);

-- `due_at` is when a mail can be claimed next; none once it is parked. `leased_until` is there from when it is
-- claimed until it is given back or parked, and `due_at` is the same then. Of mails alike, one waits.
-- `user_id` is empty where the kind names no user: a NULL would be unlike every other in the unique index.
CREATE TABLE mail_queue (
    id                  BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    kind                TEXT    NOT NULL,
    user_id             BLOB    NOT NULL CHECK (length(user_id) IN (0, 16)),
    recipient           TEXT    NOT NULL,
    recipient_canonical TEXT    NOT NULL,
    locale              TEXT    NOT NULL,
    queued_at           INTEGER NOT NULL,
    attempts            INTEGER NOT NULL CHECK (attempts >= 0),
    due_at              INTEGER,
    leased_until        INTEGER,
    last_failure        TEXT,
    CHECK (leased_until IS NULL OR due_at = leased_until)
) STRICT;

CREATE UNIQUE INDEX mail_queue_waiting ON mail_queue (recipient_canonical, kind, user_id)
    WHERE due_at IS NOT NULL AND leased_until IS NULL;
CREATE INDEX mail_queue_due ON mail_queue (due_at, id);
CREATE INDEX mail_queue_by_recipient ON mail_queue (recipient_canonical);
CREATE INDEX mail_queue_by_user ON mail_queue (user_id);

-- `position` counts up: the newest key is the one with the highest, whatever the clocks of its makers said.
CREATE TABLE signing_keys (
    position       INTEGER NOT NULL PRIMARY KEY,
    id             TEXT    NOT NULL UNIQUE,
    algorithm      TEXT    NOT NULL,
    sealed         BLOB    NOT NULL,
    created_at     INTEGER NOT NULL,
    signs_from     INTEGER NOT NULL,
    verifies_until INTEGER
) STRICT;

CREATE INDEX signing_keys_by_expiry ON signing_keys (verifies_until);

-- What happened. No reference to users: what is said of an account outlives it. Ids are in the order of time.
-- `detail` is a JSON object of texts.
CREATE TABLE audit_events (
    id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at         INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    outcome    TEXT    NOT NULL CHECK (outcome IN ('success', 'failure')),
    actor_id   BLOB    CHECK (length(actor_id) = 16),
    subject_id BLOB    CHECK (length(subject_id) = 16),
    ip         TEXT,
    user_agent TEXT,
    detail     TEXT    NOT NULL CHECK (json_valid(detail))
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_by_subject ON audit_events (subject_id, id) WHERE subject_id IS NOT NULL;
CREATE INDEX audit_events_by_kind ON audit_events (kind, id);
