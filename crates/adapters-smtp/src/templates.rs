//! The words of mails, by locale.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value};
use portcullis_domain::Locale;

use crate::lifetime;
use crate::links::{LinkTemplate, LinkTemplates};
use crate::mail_template::{MailFacts, MailTemplate};
use crate::template_files::{LIFETIME, TemplateFiles};

/// The templates of every mail in every locale, each tried out once when they were loaded.
///
/// A folder of templates has the layout of the built-in ones:
///
/// | file | what it is |
/// |---|---|
/// | `layout.html`, `layout.txt` | what surrounds the words of every mail |
/// | `elements.html` | macros for links and codes in HTML |
/// | `LOCALE/MAIL.txt` | the text part, with a block `subject` |
/// | `LOCALE/MAIL.html` | the HTML part; everything is escaped |
/// | `LOCALE/lifetime.txt` | puts how long a link or code lives into words |
///
/// where MAIL is `verify-email`, `reset-password`, `invitation`, `confirm-email-change`,
/// `email-change-requested`, `email-changed`, `password-changed` or `address-already-registered`. The language is Jinja's, as
/// [minijinja](minijinja::syntax) speaks it. Templates see `product` and `locale`; in HTML `subject`;
/// in mails with a link `link` and `link_lifetime`; in `verify-email` also `code` and
/// `code_lifetime`.
pub struct Templates {
    environment: Environment<'static>,
    files: TemplateFiles,
    locales: Vec<Locale>,
    fallback: Locale,
}

impl Templates {
    /// Loads the built-in templates, each replaced by the file of the same name in `folder` if there
    /// is one; a locale that is not built in is added when `folder` has all of its files. Who
    /// asks for a locale that there is not gets `fallback`.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] names the file that cannot be used, and says why.
    pub fn load(folder: Option<&Path>, fallback: &Locale) -> Result<Self, TemplateError> {
        let files = match folder {
            Some(folder) => TemplateFiles::with_folder(folder)?,
            None => TemplateFiles::built_in(),
        };
        let locales = files.locales();
        if !locales.contains(fallback) {
            return Err(TemplateError::UnknownLocale(fallback.clone()));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(own_lines_for_blocks());
        for (name, source) in files.iter() {
            environment
                .add_template_owned(name.to_owned(), source.to_owned())
                .map_err(|error| broken(&files, name, &error))?;
        }
        let templates = Self { environment, files, locales, fallback: fallback.clone() };
        templates.try_out()?;
        Ok(templates)
    }

    /// The locales that mails can be written in, in the order of their tags.
    #[must_use]
    pub fn locales(&self) -> &[Locale] {
        &self.locales
    }

    /// The locale that a mail for a reader of `wanted` is written in: that one, else its language,
    /// else the fallback.
    #[must_use]
    pub fn closest(&self, wanted: &Locale) -> &Locale {
        let named = |tag: &str| self.locales.iter().find(|locale| locale.as_str() == tag);
        named(wanted.as_str()).or_else(|| named(wanted.language())).unwrap_or(&self.fallback)
    }

    /// Writes a mail in the [closest](Self::closest) locale.
    pub(crate) fn write(
        &self,
        template: MailTemplate,
        wanted: &Locale,
        product: &str,
        facts: &MailFacts,
    ) -> Result<MailText, TemplateError> {
        let locale = self.closest(wanted);
        let mut values = BTreeMap::from([("product", product.into()), ("locale", locale.as_str().into())]);
        if let Some((code, lifetime)) = &facts.code {
            values.insert("code", code.as_str().into());
            values.insert("code_lifetime", self.in_words(*lifetime, locale)?.into());
        }
        if let Some((link, lifetime)) = &facts.link {
            values.insert("link", link.as_str().into());
            values.insert("link_lifetime", self.in_words(*lifetime, locale)?.into());
        }
        let name = format!("{locale}/{}.txt", template.stem());
        let (subject, text) = self.subject_and_text(&name, &values)?;

        values.insert("subject", subject.as_str().into());
        if let Some((link, _)) = &facts.link {
            values.insert("link", link_in_html(link));
        }
        let html = self.render(&format!("{locale}/{}.html", template.stem()), &values)?;
        Ok(MailText { subject, text, html })
    }

    fn subject_and_text(&self, name: &str, values: &Values) -> Result<(String, String), TemplateError> {
        let rendered = self.environment.get_template(name).and_then(|template| {
            let mut captured = template.render_captured(as_context(values))?;
            let subject = captured.with_state_mut(|state| state.render_block("subject"))?;
            Ok((subject, captured.into_output()))
        });
        let (subject, text) = rendered.map_err(|error| broken(&self.files, name, &error))?;
        // One line, whatever the template says: a subject is a header.
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        if subject.is_empty() {
            return Err(self.unusable(name, "its subject is empty"));
        }
        Ok((subject, text))
    }

    fn in_words(&self, lifetime: Duration, locale: &Locale) -> Result<String, TemplateError> {
        let terms = lifetime::terms(lifetime);
        let words =
            self.render(&format!("{locale}/{LIFETIME}"), &BTreeMap::from([("terms", terms.into())]))?;
        Ok(words.trim().to_owned())
    }

    fn render(&self, name: &str, values: &Values) -> Result<String, TemplateError> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(as_context(values)))
            .map_err(|error| broken(&self.files, name, &error))
    }

    /// Writes a sample of every mail, so that a template cannot fail once the service runs.
    fn try_out(&self) -> Result<(), TemplateError> {
        let link =
            LinkTemplate::parse("https://sample.example/{token}").expect("the sample is an absolute URL");
        let links = LinkTemplates { verify: link.clone(), reset: link.clone(), email_change: link };
        for locale in &self.locales {
            for template in MailTemplate::ALL {
                let facts = MailFacts::of(&template.sample(), &links);
                let mail = self.write(template, locale, "Sample", &facts)?;
                for (part, extension) in [(&mail.text, "txt"), (&mail.html, "html")] {
                    if !facts.are_of_use_in(part) {
                        let name = format!("{locale}/{}.{extension}", template.stem());
                        return Err(self.unusable(&name, "it shows neither the link nor a code"));
                    }
                }
            }
        }
        Ok(())
    }

    fn unusable(&self, name: &str, reason: &str) -> TemplateError {
        TemplateError::Broken { path: self.files.path(name), reason: reason.to_owned() }
    }
}

type Values<'a> = BTreeMap<&'a str, Value>;

fn as_context(values: &Values) -> Value {
    Value::from_pairs(values.iter().map(|(name, value)| (*name, value.clone())))
}

/// Block tags on lines of their own leave no empty lines behind.
fn own_lines_for_blocks() -> SyntaxConfig {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .expect("the default delimiters are distinct")
}

/// A link for HTML. Its type leaves `&` alone to escape; minijinja would escape the slashes too, and
/// spam filters take a link so written for one in disguise.
fn link_in_html(link: &str) -> Value {
    Value::from_safe_string(link.replace('&', "&amp;"))
}

/// Names the file at fault: when a template fails in its layout or in a macro, that is another one.
fn broken(files: &TemplateFiles, rendered: &str, error: &minijinja::Error) -> TemplateError {
    let chain = std::iter::successors(Some(error as &(dyn Error + 'static)), |&error| error.source());
    let innermost =
        chain.filter_map(|error| error.downcast_ref::<minijinja::Error>()).last().unwrap_or(error);
    let path = files.path(innermost.name().unwrap_or(rendered));
    let line = innermost.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    let detail = innermost.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    TemplateError::Broken { path, reason: format!("{}{detail}{line}", innermost.kind()) }
}

/// A mail in words.
pub(crate) struct MailText {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// Why templates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A folder or file could not be read, or is not UTF-8.
    #[error("cannot read the mail template {}: {source}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that no mail uses, probably misspelt.
    #[error("{} is the name of no mail template", path.display())]
    Unknown {
        /// The file or folder.
        path: PathBuf,
    },
    /// A locale that is not built in lacks a file.
    #[error("the mail template {name} is missing in {}", folder.display())]
    Missing {
        /// The name of the template.
        name: String,
        /// The folder of its locale.
        folder: PathBuf,
    },
    /// A template does not parse, does not render, or makes a mail that is of no use.
    #[error("the mail template {} is broken: {reason}", path.display())]
    Broken {
        /// The file, or the name of a built-in template.
        path: PathBuf,
        /// What is wrong with it, and in which line.
        reason: String,
    },
    /// The locale to fall back on has no templates.
    #[error("there are no mail templates for the locale {0}")]
    UnknownLocale(Locale),
}
