//! Where values come from: the file, the environment and the flags of a process.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::problem::{FileProblem, Problem, Problems};
use super::setting::Setting;
use super::values::{Entry, Layer, Place, Source, Values};

/// What a process was given to configure it.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file that `--config` or `PORTCULLIS_CONFIG` names.
    pub named_file: Option<PathBuf>,
    /// The TOML file that is read if it is there and no other is named.
    pub usual_file: Option<PathBuf>,
    /// The environment variables, of which those that start with `PORTCULLIS_` matter, and of those that start with
    /// `OTEL_` the ones that are settings.
    pub environment: Vec<(OsString, OsString)>,
    /// The flags.
    pub flags: Flags,
}

/// The settings that have a flag.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--bind`.
    pub bind: Option<String>,
    /// `--database-url`.
    pub database_url: Option<String>,
    /// `--data-dir`.
    pub data_dir: Option<String>,
}

/// The variable that names the file.
const CONFIG_VARIABLE: &str = "PORTCULLIS_CONFIG";

/// The variable that names the store that `portcullis copy` reads.
pub const COPY_FROM_VARIABLE: &str = "PORTCULLIS_COPY_FROM";

/// The variable that names the store that `portcullis copy` writes.
pub const COPY_TO_VARIABLE: &str = "PORTCULLIS_COPY_TO";

/// The variable with an administrator's access token for `portcullis verify`. Not a setting.
pub const ADMIN_TOKEN_VARIABLE: &str = "PORTCULLIS_ADMIN_TOKEN";

/// The variable with an administrator's password for `portcullis verify`. Not a setting.
pub const ADMIN_PASSWORD_VARIABLE: &str = "PORTCULLIS_ADMIN_PASSWORD";

impl Sources {
    /// What this process was given: `--config` is `named_file`, the other flags are `flags`.
    #[must_use]
    pub fn of_process(named_file: Option<PathBuf>, flags: Flags) -> Self {
        let from_environment = || env::var_os(CONFIG_VARIABLE).filter(|path| !path.is_empty());
        Self {
            named_file: named_file.or_else(|| from_environment().map(PathBuf::from)),
            usual_file: Some(PathBuf::from("portcullis.toml")),
            environment: env::vars_os().collect(),
            flags,
        }
    }

    /// The layers, the first to be overruled by the later ones.
    pub(super) fn layers(self) -> Result<[Layer; 3], Problems> {
        let file = file_layer(self.named_file, self.usual_file).map_err(Problem::File)?;
        Ok([file, environment_layer(&self.environment), flag_layer(self.flags)])
    }
}

fn file_layer(named: Option<PathBuf>, usual: Option<PathBuf>) -> Result<Layer, FileProblem> {
    let Some(path) = named.or_else(|| usual.filter(|path| path.exists())) else {
        return Ok(Layer::default());
    };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(source) => return Err(FileProblem::Unreadable { path, source }),
    };
    // The usual message shows the line, and with it perhaps a secret.
    let table: toml::Table = toml::from_str(&text).map_err(|error| FileProblem::Malformed {
        line: 1 + text[..error.span().map_or(0, |span| span.start)].matches('\n').count(),
        message: error.message().replace('\n', " "),
        path: path.clone(),
    })?;
    let entry = |(name, value): (String, toml::Value)| {
        let place = Place { key: Setting::variable_of(&name), source: Source::File(path.clone()) };
        Entry { name, text: in_one_text(value), place }
    };
    Ok(Layer(table.into_iter().map(entry).collect()))
}

/// A value of a TOML file as the environment would have it; none when it is a table or the like.
fn in_one_text(value: toml::Value) -> Option<Zeroizing<String>> {
    let text = match value {
        toml::Value::String(text) => text,
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(switch) => switch.to_string(),
        toml::Value::Array(items) => {
            let items: Vec<_> = items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect();
            items.into_iter().collect::<Option<Vec<_>>>()?.join(",")
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => return None,
    };
    Some(Zeroizing::new(text))
}

fn environment_layer(environment: &[(OsString, OsString)]) -> Layer {
    let entry = |(variable, value): &(OsString, OsString)| {
        let variable = variable.to_string_lossy();
        Some(Entry {
            name: name_of(&variable)?,
            text: OsStr::to_str(value).map(|text| Zeroizing::new(text.to_owned())),
            place: Place { key: variable.into_owned(), source: Source::Environment },
        })
    };
    Layer(environment.iter().filter_map(entry).collect())
}

/// The key that a variable gives a value; none when it is not for us.
fn name_of(variable: &str) -> Option<String> {
    let lowered = variable.to_lowercase();
    if lowered.starts_with(Setting::OPENTELEMETRY) {
        // It has many more than are settings.
        return (variable == variable.to_uppercase() && Values::knows(&lowered)).then_some(lowered);
    }
    let name = variable.strip_prefix(Setting::PREFIX).filter(|_| !is_foreign(variable))?;
    let lowered = name.to_lowercase();
    let is_spelled_right = name == name.to_uppercase() && !lowered.starts_with(Setting::OPENTELEMETRY);
    // Keys are in lower case: what was not spelled right stays unknown.
    Some(if is_spelled_right { lowered } else { name.to_uppercase() })
}

/// Whether a variable with our prefix is no setting: it names the file, or is read by one command, or Kubernetes
/// injects it for a service called portcullis, or tests use it.
fn is_foreign(variable: &str) -> bool {
    const OTHERS: [&str; 3] = ["PORTCULLIS_SERVICE_", "PORTCULLIS_PORT", "PORTCULLIS_TEST_"];
    const OF_COMMANDS: [&str; 4] =
        [COPY_FROM_VARIABLE, COPY_TO_VARIABLE, ADMIN_TOKEN_VARIABLE, ADMIN_PASSWORD_VARIABLE];
    variable == CONFIG_VARIABLE
        || OF_COMMANDS.contains(&variable)
        || OTHERS.iter().any(|prefix| variable.starts_with(prefix))
}

fn flag_layer(flags: Flags) -> Layer {
    let given = [("bind", flags.bind), ("database_url", flags.database_url), ("data_dir", flags.data_dir)];
    let entry = |(name, text): (&str, Option<String>)| {
        let place = Place { key: Setting::variable_of(name), source: Source::Flag };
        text.map(|text| Entry { name: name.to_owned(), text: Some(Zeroizing::new(text)), place })
    };
    Layer(given.into_iter().filter_map(entry).collect())
}
