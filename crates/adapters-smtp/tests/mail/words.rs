//! What mails say, and that it survives being encoded.

use std::time::Duration;

use portcullis_adapters_smtp::{FileMailer, LinkTemplate, LinkTemplates};
use portcullis_domain::mail::{MailContent, OutgoingMail};
use portcullis_domain::ports::Mailer as _;

use crate::fixtures::{
    CODE, SENDER, TOKEN, as_read, built_in_templates, clock, composer, composer_with, every_content, links,
    locale, mail, reset_password, token, verify_email,
};

#[tokio::test]
async fn every_mail_is_written_in_every_locale() {
    for locale in built_in_templates().locales() {
        for (name, content) in every_content() {
            let sent = OutgoingMail { locale: locale.clone(), ..mail("ada@example.com", content) };
            let read = as_read(composer(), &sent).await;
            let text = format!("Subject: {}\n\n{}", read.subject, read.text);
            let html = read.html;
            insta::assert_snapshot!(format!("{locale}-{name}.txt"), text);
            insta::assert_snapshot!(format!("{locale}-{name}.html"), html);
        }
    }
}

#[tokio::test]
async fn a_mail_is_a_whole_rfc_5322_message() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = FileMailer::open(folder.path(), composer(), clock()).unwrap();
    let sent = OutgoingMail { locale: locale("de"), ..mail("ada@example.com", verify_email()) };
    mailer.send(&sent).await.unwrap();

    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
    let written = std::fs::read_to_string(file.path()).unwrap();
    assert!(written.is_ascii());
    for line in written.split_inclusive('\n') {
        assert!(line.ends_with("\r\n") && line.len() <= 1000, "{line:?}");
    }
    let source = written.replace("\r\n", "\n");
    insta::assert_snapshot!("de-verify-email.eml", source);
}

#[tokio::test]
async fn links_and_codes_survive_the_encoding_on_lines_of_their_own() {
    // The longer ones do not fit into a line of a mail as they are.
    for length in [0, 10, 100] {
        let path = "/=3D/..//a=b/".repeat(length);
        let template = format!("https://shop.example{path}?a=1&token={{token}}&b=%20x#.end");
        let links = LinkTemplates { verify: LinkTemplate::parse(&template).unwrap(), ..links() };
        let link = template.replace("{token}", TOKEN);
        for tag in ["en", "de"] {
            let sent = OutgoingMail { locale: locale(tag), ..mail("ada@example.com", verify_email()) };
            let composer = composer_with(built_in_templates(), links.clone(), SENDER);
            let read = as_read(composer, &sent).await;
            assert_eq!(read.links, [link.as_str()], "{tag}");
            assert_eq!(read.code.as_deref(), Some(CODE), "{tag}");
            assert!(read.text.lines().any(|line| line == link), "{tag}: the link has a line to itself");
            assert!(read.html.replace("&amp;", "&").contains(&format!("href=\"{link}\"")), "{tag}");
        }
    }
}

#[tokio::test]
async fn each_kind_of_link_leads_to_its_own_page() {
    for (page, content) in [
        ("verify-email", verify_email()),
        ("reset-password", reset_password()),
        ("reset-password", MailContent::Invitation { token: token(), lifetime: Duration::ZERO }),
        (
            "confirm-email-change",
            MailContent::ConfirmEmailChange { token: token(), lifetime: Duration::ZERO },
        ),
    ] {
        let read = as_read(composer(), &mail("ada@example.com", content)).await;
        assert_eq!(read.links, [format!("https://shop.example/{page}?token={TOKEN}")]);
    }
}

#[tokio::test]
async fn lifetimes_are_put_into_words() {
    for (seconds, english, german) in [
        (0, "0 seconds", "0 Sekunden"),
        (1, "1 second", "1 Sekunde"),
        (59, "59 seconds", "59 Sekunden"),
        (90, "1 minute and 30 seconds", "1 Minute und 30 Sekunden"),
        (600, "10 minutes", "10 Minuten"),
        (1_800, "30 minutes", "30 Minuten"),
        (3_600, "1 hour", "1 Stunde"),
        (3_601, "1 hour", "1 Stunde"),
        (5_400, "1 hour and 30 minutes", "1 Stunde und 30 Minuten"),
        (86_400, "24 hours", "24 Stunden"),
        (172_799, "47 hours and 59 minutes", "47 Stunden und 59 Minuten"),
        (180_000, "2 days and 2 hours", "2 Tage und 2 Stunden"),
        (604_800, "7 days", "7 Tage"),
    ] {
        for (tag, sentence) in [
            ("en", format!("The link is good for {english} and works once.")),
            ("de", format!("Der Link gilt {german} und nur einmal.")),
        ] {
            let content =
                MailContent::ResetPassword { token: token(), lifetime: Duration::from_secs(seconds) };
            let sent = OutgoingMail { locale: locale(tag), ..mail("ada@example.com", content) };
            let read = as_read(composer(), &sent).await;
            assert!(read.text.contains(&sentence), "{seconds} s: {}", read.text);
            assert!(read.html.contains(&sentence), "{seconds} s: {}", read.html);
        }
    }
}

#[test]
fn a_reader_gets_their_locale_or_its_language_or_the_fallback() {
    let templates = built_in_templates();
    assert_eq!(templates.locales(), [locale("de"), locale("en")]);
    for (wanted, closest) in [("de", "de"), ("de-at", "de"), ("en-gb", "en"), ("fr", "en")] {
        assert_eq!(templates.closest(&locale(wanted)), &locale(closest), "{wanted}");
    }
    let german = portcullis_adapters_smtp::Templates::load(None, &locale("de")).unwrap();
    assert_eq!(german.closest(&locale("fr")), &locale("de"));
}

#[tokio::test]
async fn the_name_of_the_installation_is_escaped_in_html() {
    let composer =
        composer_with(built_in_templates(), links(), r#""Fish & <b>Chips</b>" <no-reply@localhost>"#);
    let read = as_read(composer, &mail("ada@example.com", verify_email())).await;
    assert!(read.text.contains("Fish & <b>Chips</b>"));
    assert!(read.html.contains("Fish &amp; &lt;b&gt;Chips") && !read.html.contains("<b>"));
}

#[tokio::test]
async fn html_needs_nothing_from_elsewhere() {
    for (name, content) in every_content() {
        let html = as_read(composer(), &mail("ada@example.com", content)).await.html;
        for forbidden in ["<script", "<link", "<img", "src=", "url(", "@import", "<iframe", "<form"] {
            assert!(!html.contains(forbidden), "{name} has {forbidden}");
        }
    }
}

#[tokio::test]
async fn an_international_sender_name_and_domain_arrive() {
    let composer = composer_with(built_in_templates(), links(), "Bücher für alle <post@shop.example>");
    let read = as_read(composer, &mail("Ada@BÜCHER.example", verify_email())).await;
    assert_eq!(read.from, "Bücher für alle <post@shop.example>");
    assert_eq!(read.to, "Ada@xn--bcher-kva.example");
}
