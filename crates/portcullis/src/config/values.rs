//! The text of every setting, and where it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::problem::{Problem, Problems};
use super::setting::{DefaultValue, Setting};
use super::settings::SETTINGS;
use super::sources::Sources;

/// The text of every setting, and where it came from. Texts are not in its `Debug` output.
#[derive(Clone, Debug)]
pub struct Values(BTreeMap<&'static str, Value>);

#[derive(Clone)]
struct Value {
    /// Empty when it is unset and has no default.
    text: Zeroizing<String>,
    setting: &'static Setting,
    source: Source,
}

/// Where the value of a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// This TOML file.
    File(PathBuf),
    /// An environment variable.
    Environment,
    /// A flag.
    Flag,
}

/// A key as messages name it, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The environment variable, whatever the source.
    pub key: String,
    /// Where it stands.
    pub source: Source,
}

/// What one source says, before anything is known of its keys.
#[derive(Default)]
pub(super) struct Layer(pub(super) Vec<Entry>);

/// One key and its value.
pub(super) struct Entry {
    /// The key as a TOML file has it.
    pub(super) name: String,
    /// The value; none when it is no text.
    pub(super) text: Option<Zeroizing<String>>,
    /// Where it stands.
    pub(super) place: Place,
}

impl Layer {
    /// The entries but for those that leave the value to the other form of their setting: an empty `_file` names
    /// none, and an empty value beside a file is not given.
    fn without_vacant_forms(self) -> Vec<Entry> {
        let mut entries = self.0;
        entries.retain(|entry| !entry.is_empty() || entry.setting_given_as_file().is_none());
        let from_files: BTreeSet<_> = entries.iter().filter_map(Entry::setting_given_as_file).collect();
        entries.retain(|entry| !entry.is_empty() || !from_files.contains(entry.name.as_str()));
        entries
    }
}

impl Entry {
    fn is_empty(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.trim().is_empty())
    }

    /// The name of the setting whose value stands in a file that this entry names.
    fn setting_given_as_file(&self) -> Option<&'static str> {
        match setting(&self.name)? {
            (setting, Given::AsFile) => Some(setting.name),
            (_, Given::Directly) => None,
        }
    }
}

impl Values {
    /// Reads the sources, the later overruling the earlier.
    pub(super) fn read(sources: Sources) -> Result<Self, Problems> {
        let mut values = Self::defaults();
        let mut problems = Vec::new();
        for layer in sources.layers()? {
            values.overrule(layer, &mut problems);
        }
        if problems.is_empty() { Ok(values) } else { Err(Problems(problems)) }
    }

    fn defaults() -> Self {
        let default = |setting: &'static Setting| {
            let text = match setting.default {
                DefaultValue::Text(text) => text,
                DefaultValue::Unset(_) => "",
            };
            (setting.name, Value { text: Zeroizing::new(text.to_owned()), setting, source: Source::Default })
        };
        Self(SETTINGS.iter().map(default).collect())
    }

    /// Whether a setting is given under this key of a TOML file.
    pub(super) fn knows(name: &str) -> bool {
        setting(name).is_some()
    }

    fn overrule(&mut self, layer: Layer, problems: &mut Vec<Problem>) {
        let mut given = BTreeMap::new();
        for Entry { name, text, place } in layer.without_vacant_forms() {
            let read = known(&name, &place).and_then(|(setting, form)| {
                if let Some(first) = given.insert(setting.name, place.clone()) {
                    return Err(Problem::GivenTwice { first, second: place.clone() });
                }
                let text = text.ok_or_else(|| Problem::NoText { place: place.clone() })?;
                let text = match form {
                    Given::Directly => text,
                    Given::AsFile => read_secret(text.as_str().into(), &place)?,
                };
                Ok((setting, Zeroizing::new(text.trim().to_owned())))
            });
            match read {
                Ok((setting, text)) => {
                    self.0.insert(setting.name, Value { text, setting, source: place.source });
                }
                Err(problem) => problems.push(problem),
            }
        }
    }

    fn get(&self, name: &str) -> &Value {
        self.0.get(name).expect("every setting has a value, if only its default")
    }

    /// The text of the setting `name`; empty when it is unset.
    pub(super) fn text(&self, name: &str) -> &str {
        &self.get(name).text
    }

    /// The text of a setting, as much as may be shown of it; none when it is unset.
    #[must_use]
    pub fn shown(&self, setting: &Setting) -> Option<String> {
        let text = self.text(setting.name);
        (!text.is_empty()).then(|| setting.secrecy.mask(text).into_owned())
    }

    /// Where the value of a setting came from.
    #[must_use]
    pub fn source(&self, setting: &Setting) -> &Source {
        &self.get(setting.name).source
    }

    /// How messages name the setting `name`.
    pub(super) fn place(&self, name: &str) -> Place {
        let value = self.get(name);
        Place { key: value.setting.variable(), source: value.source.clone() }
    }

    /// The text of the setting `name` for a message: none when it holds a secret, even a malformed one.
    pub(super) fn shown_in_messages(&self, name: &str) -> Option<String> {
        let value = self.get(name);
        (!value.setting.has_file_form()).then(|| value.text.to_string())
    }
}

/// How a setting is given.
enum Given {
    Directly,
    AsFile,
}

fn known(name: &str, place: &Place) -> Result<(&'static Setting, Given), Problem> {
    setting(name).ok_or_else(|| Problem::Unknown {
        place: place.clone(),
        nearest: nearest(name).map(|name| Setting::variable_of(&name)),
    })
}

fn setting(name: &str) -> Option<(&'static Setting, Given)> {
    let named = |name: &str| SETTINGS.iter().find(|setting| setting.name == name);
    let as_file = || {
        let setting = named(name.strip_suffix(Setting::FILE_SUFFIX)?)?;
        setting.has_file_form().then_some((setting, Given::AsFile))
    };
    named(name).map(|setting| (setting, Given::Directly)).or_else(as_file)
}

/// The known key that looks most like `name`, if any looks like it at all.
fn nearest(name: &str) -> Option<String> {
    const ALIKE: f64 = 0.8;
    let file_form = |setting: &Setting| format!("{}{}", setting.name, Setting::FILE_SUFFIX);
    let names = SETTINGS.iter().flat_map(|setting| {
        [Some(setting.name.to_owned()), setting.has_file_form().then(|| file_form(setting))]
    });
    let likeness = |known: &String| strsim::jaro_winkler(&name.to_lowercase(), known);
    let rated = names.flatten().map(|known| (likeness(&known), known));
    let (likeness, nearest) = rated.max_by(|(left, _), (right, _)| left.total_cmp(right))?;
    (likeness > ALIKE).then_some(nearest)
}

fn read_secret(path: PathBuf, place: &Place) -> Result<Zeroizing<String>, Problem> {
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(source) => Err(Problem::UnreadableSecret { place: place.clone(), path, source }),
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Value").field("source", &self.source).finish_non_exhaustive()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) => write!(formatter, "{}", path.display()),
            Self::Environment => formatter.write_str("environment"),
            Self::Flag => formatter.write_str("flag"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = || self.key.strip_prefix(Setting::PREFIX).unwrap_or(&self.key).to_lowercase();
        match &self.source {
            Source::Default => write!(formatter, "{} (default)", self.key),
            Source::Environment => write!(formatter, "{} (environment)", self.key),
            Source::Flag => write!(formatter, "{} (flag --{})", self.key, name().replace('_', "-")),
            Source::File(path) => {
                write!(formatter, "{} ({} in {})", self.key, name(), path.display())
            }
        }
    }
}
