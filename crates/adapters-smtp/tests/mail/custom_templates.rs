//! Templates from a folder.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_adapters_smtp::{TemplateError, Templates};
use portcullis_domain::Locale;
use portcullis_domain::mail::{MailContent, OutgoingMail};
use tempfile::TempDir;

use crate::fixtures::{SENDER, as_read, composer_with, links, locale, mail, reset_password, verify_email};

fn built_in_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")
}

fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        write(folder.path(), name, source);
    }
    folder
}

fn write(folder: &Path, name: &str, source: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, source).unwrap();
}

fn load(folder: &TempDir) -> Result<Templates, TemplateError> {
    Templates::load(Some(folder.path()), &Locale::english())
}

fn refusal(files: &[(&str, &str)]) -> String {
    load(&folder_with(files)).err().expect("the templates are refused").to_string()
}

#[tokio::test]
async fn a_file_replaces_the_built_in_one_and_no_other() {
    let folder = folder_with(&[(
        "de/password-changed.txt",
        "{% extends \"layout.txt\" %}\r\n{% block subject %}Neues\r\nPasswort{% endblock %}\r\n\
         {% block body %}Geändert.{% endblock %}",
    )]);
    let composer = || composer_with(load(&folder).unwrap(), links(), SENDER);
    let in_german = |content| OutgoingMail { locale: locale("de"), ..mail("ada@example.com", content) };

    let replaced = as_read(composer(), &in_german(MailContent::PasswordChanged)).await;
    assert_eq!(replaced.subject, "Neues Passwort", "a subject is one line");
    assert!(replaced.text.starts_with("Geändert."));
    assert!(replaced.html.contains("Andere Geräte wurden abgemeldet."), "the HTML part is the built-in one");

    let kept = as_read(composer(), &in_german(reset_password())).await;
    assert_eq!(kept.subject, "Legen Sie ein neues Passwort fest");
}

#[tokio::test]
async fn a_whole_locale_can_be_added() {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(built_in_folder().join("en")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let source = fs::read_to_string(&path).unwrap().replace("Confirm your e-mail address", "Hei du");
        write(folder.path(), &format!("nb-NO/{name}"), &source);
    }
    write(
        folder.path(),
        "nb-NO/lifetime.txt",
        "{% for term in terms %}{{ term.count }} {{ term.unit }}er {% endfor %}",
    );
    let templates = load(&folder).unwrap();
    assert_eq!(templates.locales(), [locale("de"), locale("en"), locale("nb-no")]);

    let sent = OutgoingMail { locale: locale("nb-no"), ..mail("ada@example.com", verify_email()) };
    let read = as_read(composer_with(templates, links(), SENDER), &sent).await;
    assert_eq!(read.subject, "Hei du");
    assert!(read.text.contains("for 24 hourer, the code for 10 minuteer."));
    assert!(read.html.contains("lang=\"nb-no\""));
}

#[test]
fn a_locale_that_lacks_a_file_is_refused_by_its_name() {
    let error = refusal(&[("fr/lifetime.txt", "{{ terms }}")]);
    assert!(error.contains("fr/verify-email.txt is missing"), "{error}");
}

#[test]
fn a_broken_template_is_refused_with_its_file_and_line() {
    const WITHOUT_SUBJECT: &str = "{% extends 'layout.txt' %}{% block body %}{{ link }}{% endblock %}";
    const WITHOUT_LINK: &str = "{% block subject %}Reset{% endblock %}Go and look for the link.";
    for (file, source, reason) in [
        ("en/reset-password.txt", "\n{% if %}", "in line 2"),
        ("en/reset-password.html", "{{ link }}\n{{ lnik }}", "in line 2"),
        ("en/password-changed.html", "{{ link }}", "undefined value"),
        ("en/reset-password.txt", WITHOUT_SUBJECT, "subject"),
        ("en/reset-password.txt", "{{ link }}{% block subject %} {% endblock %}", "its subject is empty"),
        ("en/reset-password.txt", WITHOUT_LINK, "shows neither the link nor a code"),
        ("layout.html", "{{ subject }}\n{{ nonsense }}", "in line 2"),
        ("elements.html", "{% macro button(link, label) %}\n{{ nonsense }}{% endmacro %}", "in line 2"),
        ("de/lifetime.txt", "{{ terms | nonsense }}", "nonsense"),
    ] {
        let error = refusal(&[(file, source)]);
        assert!(error.contains(reason), "{file}: {error}");
        assert!(error.contains(&format!("/{file} is broken")), "{file}: {error}");
    }
}

#[test]
fn names_that_no_mail_uses_are_refused() {
    for (file, refused) in [
        ("en/verify_email.txt", "/en/verify_email.txt"),
        ("en/more/verify-email.txt", "/en/more"),
        ("english/verify-email.txt", "/english"),
        ("layout.htm", "/layout.htm"),
    ] {
        let error = refusal(&[(file, "")]);
        assert!(error.ends_with(&format!("{refused} is the name of no mail template")), "{file}: {error}");
    }
}

#[test]
fn hidden_files_are_passed_over() {
    let folder =
        folder_with(&[(".gitignore", "*"), ("en/.verify-email.txt.swp", "{% broken"), (".git/HEAD", "")]);
    assert!(load(&folder).is_ok());
}

#[test]
fn files_that_cannot_be_read_are_refused_by_their_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("layout.txt"), b"\xFF").unwrap();
    let error = load(&folder).err().unwrap().to_string();
    assert!(error.contains("layout.txt: ") && error.contains("UTF-8"), "{error}");

    let missing = folder.path().join("no-such-folder");
    let error = Templates::load(Some(&missing), &Locale::english()).err().unwrap().to_string();
    assert!(error.contains("no-such-folder"), "{error}");
}

#[test]
fn a_fallback_without_templates_is_refused() {
    let error = Templates::load(None, &locale("fr")).err().unwrap();
    assert_eq!(error.to_string(), "there are no mail templates for the locale fr");
}
