//! What a configuration is read from, and what is said when it is no good.

mod generated;

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::time::Duration;

use generated::{between, keep_current};
use insta::assert_snapshot;
use portcullis::config::{Configuration, Flags, SETTINGS, Secrecy, Setting, Sources, reference};
use tempfile::TempDir;

/// A configuration in the making: a TOML file, an environment and flags.
struct Given {
    folder: TempDir,
    sources: Sources,
}

fn nothing() -> Given {
    Given { folder: TempDir::new().expect("a folder can be made"), sources: Sources::default() }
}

impl Given {
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a file can be written");
        path
    }

    fn toml(mut self, text: &str) -> Self {
        self.sources.named_file = Some(self.file("portcullis.toml", text));
        self
    }

    fn env(mut self, variable: &str, value: &str) -> Self {
        self.sources.environment.push((variable.into(), value.into()));
        self
    }

    fn flags(mut self, flags: Flags) -> Self {
        self.sources.flags = flags;
        self
    }

    fn load(self) -> Configuration {
        Configuration::load(self.sources).expect("the configuration is good")
    }

    /// What is said, with the folder of this test left out.
    fn refusal(self) -> String {
        let problems = Configuration::load(self.sources).expect_err("the configuration is no good");
        problems.to_string().replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn refusal_of(variable: &str, value: &str) -> String {
    nothing().env(variable, value).refusal()
}

fn bind_flag(address: &str) -> Flags {
    Flags { bind: Some(address.to_owned()), ..Flags::default() }
}

/// 32 different octets.
const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

mod precedence {
    use super::*;

    #[test]
    fn defaults_hold_where_nobody_says_anything() {
        let config = nothing().load().config;
        assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
        assert_eq!(config.session_ttl, Duration::from_hours(365 * 24));
        assert!(config.secret_key.is_none() && config.smtp_url.is_none() && config.cors_origins.is_empty());
    }

    #[test]
    fn the_file_overrules_defaults_the_environment_the_file_and_flags_the_environment() {
        let file = || nothing().toml("bind = '127.0.0.2:1'");
        let environment = || file().env("PORTCULLIS_BIND", "127.0.0.3:1");
        let flags = || environment().flags(bind_flag("127.0.0.4:1"));
        for (given, bind, source) in
            [(environment(), "127.0.0.3:1", "environment"), (flags(), "127.0.0.4:1", "flag")]
        {
            let configuration = given.load();
            let shown = configuration.values.in_force().find(|value| value.key == "PORTCULLIS_BIND").unwrap();
            assert_eq!(configuration.config.bind.to_string(), bind);
            assert_eq!((shown.value.as_deref(), shown.source.as_str()), (Some(bind), source));
        }
        assert_eq!(file().load().config.bind.to_string(), "127.0.0.2:1");
    }

    #[test]
    fn a_file_can_set_every_setting_with_the_types_of_toml() {
        let given = nothing().toml(
            "auth_enabled = true\n\
             rate_limit = false\n\
             lockout_threshold = 7\n\
             cors_origins = ['https://a.example.com', 'https://b.example.com']\n\
             refresh_grace = '0s'\n",
        );
        let config = given.load().config;
        assert!(config.auth_enabled && !config.rate_limit);
        assert_eq!(config.lockout_threshold, 7);
        assert_eq!(config.cors_origins.len(), 2);
        assert_eq!(config.refresh_grace, Duration::ZERO);
    }

    #[test]
    fn an_empty_value_leaves_an_optional_setting_out() {
        let config = nothing()
            .env("PORTCULLIS_OPS_BIND", "")
            .env("PORTCULLIS_SMTP_URL", "")
            .env("PORTCULLIS_TRUSTED_PROXIES", "")
            .env("PORTCULLIS_LOG", "")
            .load()
            .config;
        assert!(config.ops_bind.is_none() && config.smtp_url.is_none());
        assert_eq!(config.log_filter(), "info");
    }

    #[test]
    fn the_usual_file_is_read_if_it_is_there_and_no_other_is_named() {
        let mut given = nothing();
        given.sources.usual_file = Some(given.folder.path().join("portcullis.toml"));
        assert_eq!(Configuration::load(given.sources.clone()).unwrap().config.locale.as_str(), "en");
        given.file("portcullis.toml", "locale = 'de'");
        assert_eq!(Configuration::load(given.sources.clone()).unwrap().config.locale.as_str(), "de");
        given.sources.named_file = Some(given.file("other.toml", "locale = 'de-at'"));
        assert_eq!(given.load().config.locale.as_str(), "de-at");
    }

    #[test]
    fn variables_of_kubernetes_and_of_others_are_passed_over() {
        nothing()
            .env("PORTCULLIS_SERVICE_HOST", "10.0.0.1")
            .env("PORTCULLIS_SERVICE_PORT_HTTP", "8080")
            .env("PORTCULLIS_PORT", "tcp://10.0.0.1:8080")
            .env("PORTCULLIS_PORT_8080_TCP_ADDR", "10.0.0.1")
            .env("PORTCULLIS_TEST_DATABASE", "postgres://localhost")
            .env("PORTCULLIS_CONFIG", "read elsewhere")
            .env("PORTCULLIS_COPY_FROM", "sqlite://old.db")
            .env("PORTCULLIS_COPY_TO", "postgres://localhost/new")
            .env("PORTCULLIS_ADMIN_TOKEN", "of somebody")
            .env("PORTCULLIS_ADMIN_PASSWORD", "of somebody")
            .env("OTEL_TRACES_SAMPLER", "always_on")
            .env("BIND", "nowhere")
            .env("HOME", "/root")
            .load();
    }

    #[test]
    fn variables_of_opentelemetry_are_called_as_everywhere() {
        let config = nothing()
            .toml("otel_service_name = 'accounts'")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/")
            .load()
            .config;
        assert_eq!(config.otel_service_name, "accounts");
        assert_eq!(config.otel_exporter_otlp_endpoint.unwrap().as_str(), "http://collector:4318");
        let prefixed = refusal_of("PORTCULLIS_OTEL_SERVICE_NAME", "accounts");
        assert_snapshot!(prefixed, @"PORTCULLIS_OTEL_SERVICE_NAME (environment) is no setting; did you mean OTEL_SERVICE_NAME?");
        assert_snapshot!(refusal_of("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), @r#"OTEL_EXPORTER_OTLP_ENDPOINT (environment) cannot be "collector:4317": it starts with neither http:// nor https://; allowed: an `http://` or `https://` URL without user, query and fragment, such as `https://accounts.example.com`"#);
    }
}

mod files_with_secrets {
    use super::*;

    #[test]
    fn a_secret_can_stand_in_a_file() {
        let given = nothing();
        let path = given.file("key", &format!("{SECRET}\n"));
        let configuration = given.env("PORTCULLIS_SECRET_KEY_FILE", &path.display().to_string()).load();
        assert!(configuration.config.secret_key.is_some());
    }

    #[test]
    fn a_later_source_overrules_either_form_with_either() {
        let given = nothing();
        let path = given.file("url", "sqlite://from-file.db");
        let toml = format!("database_url_file = '{}'", path.display());
        let config = given.toml(&toml).env("PORTCULLIS_DATABASE_URL", "sqlite://from-env.db").load().config;
        assert_eq!(format!("{:?}", config.database_url), "Some(Sqlite(\"from-env.db\"))");
    }

    #[test]
    fn both_forms_in_one_source_exclude_each_other() {
        let given = nothing().env("PORTCULLIS_SECRET_KEY", SECRET).env("PORTCULLIS_SECRET_KEY_FILE", "/key");
        assert_snapshot!(given.refusal(), @"PORTCULLIS_SECRET_KEY (environment) and PORTCULLIS_SECRET_KEY_FILE (environment) exclude each other; give one of them");
    }

    #[test]
    fn an_empty_form_leaves_the_value_to_the_other() {
        let given = nothing();
        let path = given.file("key", SECRET).display().to_string();
        let from_file = given.env("PORTCULLIS_SECRET_KEY", "").env("PORTCULLIS_SECRET_KEY_FILE", &path);
        assert!(from_file.load().config.secret_key.is_some());
        let direct = nothing().env("PORTCULLIS_SECRET_KEY", SECRET).env("PORTCULLIS_SECRET_KEY_FILE", " ");
        assert!(direct.load().config.secret_key.is_some());
        let neither = nothing().env("PORTCULLIS_SMTP_URL", "").env("PORTCULLIS_SMTP_URL_FILE", "");
        assert!(neither.load().config.smtp_url.is_none());
    }

    #[test]
    fn an_empty_name_of_a_file_overrules_nothing() {
        let toml = "smtp_url = 'smtps://mail.example.com:465'";
        let config = nothing().toml(toml).env("PORTCULLIS_SMTP_URL_FILE", "").load().config;
        assert!(config.smtp_url.is_some());
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        assert_snapshot!(refusal_of("PORTCULLIS_SMTP_URL_FILE", "/nowhere/smtp"), @"PORTCULLIS_SMTP_URL_FILE (environment) names /nowhere/smtp, which cannot be read: No such file or directory (os error 2)");
    }

    #[test]
    fn every_secret_has_this_form_and_nothing_else_has() {
        for setting in SETTINGS {
            let refusal = nothing().toml(&format!("{}_file = '/nowhere'", setting.name)).refusal();
            let known = !refusal.contains("is no setting");
            assert_eq!(known, setting.secrecy != Secrecy::Open, "{refusal}");
        }
    }
}

mod refusals {
    use super::*;

    #[test]
    fn an_unknown_variable_is_named_with_the_nearest_known_one() {
        assert_snapshot!(refusal_of("PORTCULLIS_DATABSE_URL", "sqlite://p.db"), @"PORTCULLIS_DATABSE_URL (environment) is no setting; did you mean PORTCULLIS_DATABASE_URL?");
    }

    #[test]
    fn an_unknown_key_of_the_file_is_named_with_the_nearest_known_one() {
        assert_snapshot!(nothing().toml("acess_token_ttl = '1h'").refusal(), @"PORTCULLIS_ACESS_TOKEN_TTL (acess_token_ttl in portcullis.toml) is no setting; did you mean PORTCULLIS_ACCESS_TOKEN_TTL?");
    }

    #[test]
    fn a_key_like_no_other_is_named_without_a_guess() {
        assert_snapshot!(refusal_of("PORTCULLIS_XYZZY", "1"), @"PORTCULLIS_XYZZY (environment) is no setting");
    }

    #[test]
    fn a_variable_in_lower_case_is_unknown() {
        assert_snapshot!(refusal_of("PORTCULLIS_bind", "127.0.0.1:1"), @"PORTCULLIS_bind (environment) is no setting; did you mean PORTCULLIS_BIND?");
    }

    #[test]
    fn a_file_that_is_not_there_is_refused_when_it_was_named() {
        let mut given = nothing();
        given.sources.named_file = Some(given.folder.path().join("missing.toml"));
        assert_snapshot!(given.refusal(), @"the configuration file missing.toml cannot be read: No such file or directory (os error 2)");
    }

    #[test]
    fn a_file_that_is_no_toml_is_refused_without_showing_what_is_in_it() {
        let refusal = nothing().toml("bind = '127.0.0.1:1'\nsecret_key = 'hunter2\n").refusal();
        assert!(!refusal.contains("hunter2"), "{refusal}");
        assert_snapshot!(refusal, @"the configuration file portcullis.toml is not TOML: line 2: invalid literal string, expected `'`");
    }

    #[test]
    fn a_table_is_no_value() {
        assert_snapshot!(nothing().toml("[rate_limits]\nlogin = '1/1m'").refusal(), @"PORTCULLIS_RATE_LIMITS (rate_limits in portcullis.toml) is not text; a table, a fraction, a date or octets that are not UTF-8 cannot be a value");
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_refused() {
        let mut given = nothing();
        let value = OsString::from_vec(vec![b'e', 0xFF]);
        given.sources.environment.push(("PORTCULLIS_LOCALE".into(), value));
        assert!(given.refusal().starts_with("PORTCULLIS_LOCALE (environment) is not text"));
    }

    #[test]
    fn a_value_from_a_flag_is_refused_by_the_name_of_the_flag() {
        assert_snapshot!(nothing().flags(bind_flag("localhost")).refusal(), @r#"PORTCULLIS_BIND (flag --bind) cannot be "localhost": it is not an IP address and a port; allowed: an IP address and a port, such as `127.0.0.1:8080` or `[::]:8080`"#);
    }

    #[test]
    fn a_value_from_the_file_is_refused_by_key_and_file() {
        assert_snapshot!(nothing().toml("password_min_length = 7").refusal(), @r#"PORTCULLIS_PASSWORD_MIN_LENGTH (password_min_length in portcullis.toml) cannot be "7": it is too small or too great; allowed: a whole number from 8 to 64"#);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let given = nothing().env("PORTCULLIS_BIND", "nowhere").env("PORTCULLIS_MIGRATE", "perhaps");
        assert_eq!(given.refusal().lines().count(), 2);
    }

    #[test]
    fn impossible_values_are_refused_with_what_is_allowed() {
        let refusals: Vec<_> = [
            ("BIND", "localhost:8080"),
            ("OPS_BIND", "9090"),
            ("PUBLIC_URL", "ftp://example.com"),
            ("PUBLIC_URL", "https://example.com/?a"),
            ("DATABASE_URL", "mysql://ada:hunter2@db/app"),
            ("DATABASE_POOL", "0"),
            ("DATABASE_WAIT", "-1s"),
            ("MIGRATE", "yes"),
            ("SMTP_URL", "smtp://ada:hunter2@mail.example.com:25"),
            ("MAIL_FROM", "nobody"),
            ("LOCALE", "english!"),
            ("SECRET_KEY", "dG9vIHNob3J0"),
            ("SECRET_KEY", "%%%"),
            ("JWT_ALGORITHM", "HS256"),
            ("ACCESS_TOKEN_TTL", "0s"),
            ("REFRESH_TOKEN_TTL", "30"),
            ("SESSION_TTL", "100years"),
            ("AUDIT_RETENTION", "1h"),
            ("REFRESH_GRACE", "2h"),
            ("EMAIL_VERIFICATION", "maybe"),
            ("REGISTRATION", "invite"),
            ("AUTH_ENABLED", "no"),
            ("PASSWORD_MIN_LENGTH", "65"),
            ("ARGON2", "m=19456,t=0,p=1"),
            ("HASHING_THREADS", "many"),
            ("LOCKOUT_THRESHOLD", "10001"),
            ("RATE_LIMIT", "1"),
            ("RATE_LIMITS", "login=none"),
            ("RATE_LIMIT_REDIS_URL", "http://ada:hunter2@cache"),
            ("TRUSTED_PROXIES", "10.0.0.0/33"),
            ("CORS_ORIGINS", "https://example.com, *"),
            ("FRONTEND_RESET_URL", "https://example.com/reset"),
            ("LOG", "warning"),
            ("LOG_FORMAT", "xml"),
            ("LOG_EMAIL_ADDRESSES", "some"),
            ("SHUTDOWN_GRACE", "soon"),
        ]
        .map(|(name, value)| refusal_of(&format!("PORTCULLIS_{name}"), value))
        .into();
        let refusals = refusals.join("\n");
        assert!(!refusals.contains("hunter2") && !refusals.contains("dG9v"), "{refusals}");
        assert_snapshot!(refusals);
    }

    #[test]
    fn values_that_do_not_go_together_are_refused() {
        let private = nothing()
            .env("PORTCULLIS_REGISTRATION", "private")
            .env("PORTCULLIS_EMAIL_VERIFICATION", "optional");
        assert_snapshot!(private.refusal(), @"PORTCULLIS_REGISTRATION (environment) is private, which does not go with PORTCULLIS_EMAIL_VERIFICATION=optional: signing in at once would tell that the address was free");
        let twice =
            nothing().env("PORTCULLIS_BIND", "127.0.0.1:8081").env("PORTCULLIS_OPS_BIND", "127.0.0.1:8081");
        assert_snapshot!(twice.refusal(), @"PORTCULLIS_OPS_BIND (environment) must be another address than PORTCULLIS_BIND; empty, it is none");
        assert_snapshot!(refusal_of("PORTCULLIS_BIND", "0.0.0.0:8080"), @"PORTCULLIS_PUBLIC_URL (default) must be given when PORTCULLIS_BIND is not a loopback address, as links in mails start with it");
        let shared = refusal_of("PORTCULLIS_DATABASE_URL", "postgres://ada:hunter2@db:5432/app");
        assert_snapshot!(shared, @"PORTCULLIS_SECRET_KEY (default) must be given when PORTCULLIS_DATABASE_URL names PostgreSQL, as all instances on it share it");
        let open_to_all = nothing()
            .env("PORTCULLIS_AUTH_ENABLED", "false")
            .env("PORTCULLIS_BIND", "0.0.0.0:8080")
            .env("PORTCULLIS_PUBLIC_URL", "https://accounts.example.com");
        assert_snapshot!(open_to_all.refusal(), @"PORTCULLIS_AUTH_ENABLED (environment) may be false only when PORTCULLIS_BIND is a loopback address, as every call acts as an administrator then");
    }
}

mod warnings {
    use super::*;

    fn warnings(given: Given) -> Vec<String> {
        given.load().config.warnings().map(|warning| warning.to_string()).collect()
    }

    #[test]
    fn a_sound_configuration_calls_for_no_attention() {
        let sound = nothing()
            .env("PORTCULLIS_PUBLIC_URL", "https://accounts.example.com")
            .env("PORTCULLIS_SMTP_URL", "smtps://mail.example.com:465")
            .env("PORTCULLIS_MAIL_FROM", "Example Shop <no-reply@example.com>");
        assert_eq!(warnings(sound), Vec::<String>::new());
    }

    #[test]
    fn what_suits_one_machine_is_no_cause_for_concern_there() {
        for url in ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"] {
            let local = nothing().env("PORTCULLIS_PUBLIC_URL", url);
            assert_eq!(warnings(local), Vec::<String>::new());
        }
    }

    #[test]
    fn what_is_allowed_and_perhaps_not_wanted_is_named_with_what_to_do() {
        let exposed = nothing()
            .env("PORTCULLIS_PUBLIC_URL", "http://accounts.example.com")
            .env("PORTCULLIS_AUTH_ENABLED", "false")
            .env("PORTCULLIS_LOCKOUT_THRESHOLD", "0")
            .env("PORTCULLIS_RATE_LIMIT", "off");
        assert_snapshot!(warnings(exposed).join("\n"));
        let nameless = nothing().env("PORTCULLIS_SMTP_URL", "smtps://mail.example.com:465");
        assert_snapshot!(warnings(nameless).join("\n"), @"PORTCULLIS_MAIL_FROM is no address that anybody could answer to, and many mail servers refuse it; give an address of yours");
    }
}

mod documentation {
    use super::*;

    #[test]
    fn what_is_in_force_is_shown_with_its_source_and_without_secrets() {
        let configuration = nothing()
            .toml("locale = 'de'")
            .env("PORTCULLIS_SECRET_KEY", SECRET)
            .env("PORTCULLIS_SMTP_URL", "smtps://ada:hunter2@mail.example.com:465")
            .flags(bind_flag("127.0.0.1:0"))
            .load();
        let source = format!("{:?}", configuration.values);
        let table = configuration.values.table();
        assert!(!table.contains(SECRET) && !source.contains(SECRET) && !table.contains("ada"));
        let table = table
            .lines()
            .map(|line| line.split_once("[/").map_or(line.to_owned(), |(line, _)| format!("{line}[FILE]")));
        assert_snapshot!(table.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn debug_output_of_a_configuration_holds_no_secret() {
        let configuration = nothing()
            .env("PORTCULLIS_SECRET_KEY", SECRET)
            .env("PORTCULLIS_SMTP_URL", "smtps://ada:hunter2@mail.example.com:465")
            .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2")
            .load();
        let shown = format!("{configuration:?}");
        assert!(!shown.contains(SECRET) && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn every_default_is_allowed_and_every_description_is_a_sentence() {
        for Setting { name, description, allowed, .. } in SETTINGS {
            assert!(description.ends_with('.') && !description.contains('|'), "{name}: {description}");
            assert!(!allowed().is_empty() && !allowed().contains('|'), "{name}: {}", allowed());
        }
    }

    #[test]
    fn the_reference_in_the_documentation_is_current() {
        keep_current("configuration.md", |page| between(page, "settings", &reference()));
    }
}
