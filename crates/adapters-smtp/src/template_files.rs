//! The files that templates come from: built in, and in a folder that replaces or adds to them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use portcullis_domain::Locale;

use crate::mail_template::MailTemplate;
use crate::templates::TemplateError;

/// Turns the `lifetime` of a link or code into words.
pub(crate) const LIFETIME: &str = "lifetime.txt";

macro_rules! embedded {
    ($($name:literal)+) => { [$(($name, include_str!(concat!("../templates/", $name)))),+] };
}

const SHARED: [(&str, &str); 3] = embedded! { "layout.html" "layout.txt" "elements.html" };

const LOCALIZED: [(&str, &str); 34] = embedded! {
    "en/address-already-registered.html" "en/address-already-registered.txt"
    "en/confirm-email-change.html" "en/confirm-email-change.txt"
    "en/email-change-requested.html" "en/email-change-requested.txt"
    "en/email-changed.html" "en/email-changed.txt"
    "en/invitation.html" "en/invitation.txt"
    "en/lifetime.txt"
    "en/password-changed.html" "en/password-changed.txt"
    "en/reset-password.html" "en/reset-password.txt"
    "en/verify-email.html" "en/verify-email.txt"
    "de/address-already-registered.html" "de/address-already-registered.txt"
    "de/confirm-email-change.html" "de/confirm-email-change.txt"
    "de/email-change-requested.html" "de/email-change-requested.txt"
    "de/email-changed.html" "de/email-changed.txt"
    "de/invitation.html" "de/invitation.txt"
    "de/lifetime.txt"
    "de/password-changed.html" "de/password-changed.txt"
    "de/reset-password.html" "de/reset-password.txt"
    "de/verify-email.html" "de/verify-email.txt"
};

/// The sources of all templates, by name: `layout.html`, `de/verify-email.txt`.
pub(crate) struct TemplateFiles(BTreeMap<String, TemplateFile>);

struct TemplateFile {
    source: Cow<'static, str>,
    /// Where it was read; none when it is built in.
    path: Option<PathBuf>,
}

impl TemplateFiles {
    pub(crate) fn built_in() -> Self {
        let files = SHARED.into_iter().chain(LOCALIZED);
        Self(files.map(|(name, source)| (name.to_owned(), TemplateFile::built_in(source))).collect())
    }

    /// The built-in files with those of `folder` in their place or beside them.
    ///
    /// A file that no mail would use is refused, since a misspelt name would otherwise go unnoticed.
    /// Names that start with a dot are passed over.
    pub(crate) fn with_folder(folder: &Path) -> Result<Self, TemplateError> {
        let mut files = Self::built_in();
        for path in visible_entries(folder)? {
            let name = file_name(&path);
            if SHARED.iter().any(|(shared, _)| *shared == name) {
                files.read(name, path)?;
            } else if path.is_dir()
                && let Ok(locale) = Locale::parse(&name)
            {
                files.read_locale(&locale, &path)?;
            } else {
                return Err(TemplateError::Unknown { path });
            }
        }
        Ok(files)
    }

    fn read_locale(&mut self, locale: &Locale, folder: &Path) -> Result<(), TemplateError> {
        let expected = localized_names(locale);
        for path in visible_entries(folder)? {
            let name = format!("{locale}/{}", file_name(&path));
            if !expected.contains(&name) {
                return Err(TemplateError::Unknown { path });
            }
            self.read(name, path)?;
        }
        match expected.iter().find(|name| !self.0.contains_key(*name)) {
            Some(missing) => Err(TemplateError::Missing { name: missing.clone(), folder: folder.to_owned() }),
            None => Ok(()),
        }
    }

    fn read(&mut self, name: String, path: PathBuf) -> Result<(), TemplateError> {
        match std::fs::read_to_string(&path) {
            Ok(source) => {
                let source = Cow::Owned(source.replace("\r\n", "\n"));
                self.0.insert(name, TemplateFile { source, path: Some(path) });
                Ok(())
            }
            Err(source) => Err(TemplateError::Unreadable { path, source }),
        }
    }

    /// The locales that have templates, in the order of their tags.
    pub(crate) fn locales(&self) -> Vec<Locale> {
        let mut locales: Vec<Locale> = Vec::new();
        let directories = self.0.keys().filter_map(|name| name.split_once('/'));
        for locale in directories.filter_map(|(directory, _)| Locale::parse(directory).ok()) {
            if locales.last() != Some(&locale) {
                locales.push(locale);
            }
        }
        locales
    }

    /// The names and sources.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, file)| (name.as_str(), file.source.as_ref()))
    }

    /// Where the template `name` was read, or its name when it is built in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.get(name).and_then(|file| file.path.clone()).unwrap_or_else(|| PathBuf::from(name))
    }
}

impl TemplateFile {
    fn built_in(source: &'static str) -> Self {
        Self { source: Cow::Borrowed(source), path: None }
    }
}

fn localized_names(locale: &Locale) -> Vec<String> {
    let mails = MailTemplate::ALL.into_iter();
    mails
        .flat_map(|mail| [format!("{}.txt", mail.stem()), format!("{}.html", mail.stem())])
        .chain([LIFETIME.to_owned()])
        .map(|file| format!("{locale}/{file}"))
        .collect()
}

fn visible_entries(folder: &Path) -> Result<Vec<PathBuf>, TemplateError> {
    let entries = std::fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>());
    let mut paths =
        entries.map_err(|source| TemplateError::Unreadable { path: folder.to_owned(), source })?;
    paths.retain(|path| !file_name(path).starts_with('.'));
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
