//! What pages are put together from: cards, panels, forms and their fields. A page says what is on it; how that is
//! marked up, for browsers and screen readers, stands in the templates alone.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use askama::Template;
use portcullis_domain::Timestamp;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use zeroize::Zeroizing;

use crate::refusals::Refusals;

mod field;
mod table;

pub(crate) use field::{Check, Choice, Content, Field};
pub(crate) use table::Table;

/// A way to another page.
#[derive(Clone)]
pub(crate) struct Link {
    /// What precedes it, in the same line.
    pub(crate) before: Option<&'static str>,
    pub(crate) label: &'static str,
    pub(crate) href: String,
}

impl Link {
    pub(crate) fn new(label: &'static str, href: impl Into<String>) -> Self {
        Self { before: None, label, href: href.into() }
    }
}

/// One thing to do or to know.
#[derive(Template)]
#[template(path = "card.html")]
pub(crate) struct Card {
    pub(crate) sign: Sign,
    pub(crate) title: String,
    pub(crate) banner: Option<Banner>,
    /// The address concerned.
    pub(crate) address: Option<String>,
    pub(crate) text: Vec<String>,
    pub(crate) forms: Vec<Form>,
    pub(crate) links: Vec<Link>,
}

impl Card {
    /// A card with nothing but a title.
    pub(crate) fn new(sign: Sign, title: impl Into<String>) -> Self {
        Self {
            sign,
            title: title.into(),
            banner: None,
            address: None,
            text: Vec::new(),
            forms: Vec::new(),
            links: Vec::new(),
        }
    }
}

/// How things stand, as a drawing.
#[derive(Clone, Copy)]
pub(crate) enum Sign {
    Mail,
    Password,
    Person,
    Success,
    Problem,
}

impl Sign {
    fn class(self) -> &'static str {
        match self {
            Self::Mail | Self::Password | Self::Person => "plain",
            Self::Success => "success",
            Self::Problem => "problem",
        }
    }

    fn drawing(self) -> &'static str {
        match self {
            Self::Mail => "M6.5 8.5h11v7.5h-11zm0 .5 5.5 4 5.5-4",
            Self::Password => "M7.5 11h9v6h-9zM9.5 11V8.5a2.5 2.5 0 0 1 5 0V11",
            Self::Person => "M12 12a3 3 0 1 0 0-6 3 3 0 0 0 0 6zm-5.5 5.8a5.6 5.6 0 0 1 11 0",
            Self::Success => "m7 12.5 3.5 3.5 6.5-7.5",
            Self::Problem => "M12 6.5v7M12 17v.5",
        }
    }
}

/// What came of the last thing done.
#[derive(Template)]
#[template(path = "banner.html")]
pub(crate) struct Banner {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    pub(crate) link: Option<Link>,
}

/// Whether it is good or bad.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Success,
    Problem,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Problem => "problem",
        }
    }

    /// How urgently a screen reader tells it.
    fn role(self) -> &'static str {
        match self {
            Self::Success => "status",
            Self::Problem => "alert",
        }
    }
}

/// Something to fill in and send. Those of an account are made by
/// [`Visit::form`](crate::visit::Visit::form), which sees to it that they are told from forged ones.
#[derive(Template)]
#[template(path = "form.html")]
pub(crate) struct Form {
    /// Where it is sent.
    pub(crate) action: String,
    pub(crate) hidden: Vec<(&'static str, Zeroizing<String>)>,
    /// Whose password is asked for, where no field says it.
    pub(crate) account: Option<String>,
    pub(crate) fields: Vec<Field>,
    /// A way elsewhere, for who cannot fill it in.
    pub(crate) aside: Option<Link>,
    /// A way back beside the button, for who thinks better of it.
    pub(crate) cancel: Option<Link>,
    pub(crate) button: &'static str,
    /// What the button is about, for who cannot see what it stands beside.
    pub(crate) button_about: Option<String>,
    pub(crate) weight: Weight,
    /// Something else to do with the same fields, and where they are sent for it.
    pub(crate) alternative: Option<(&'static str, String)>,
}

impl Form {
    /// A form that sends nothing yet.
    pub(crate) fn new(action: impl Into<String>, button: &'static str) -> Self {
        Self {
            action: action.into(),
            hidden: Vec::new(),
            account: None,
            fields: Vec::new(),
            aside: None,
            cancel: None,
            button,
            button_about: None,
            weight: Weight::Primary,
            alternative: None,
        }
    }

    pub(crate) fn hidden(mut self, name: &'static str, value: Zeroizing<String>) -> Self {
        self.hidden.push((name, value));
        self
    }

    pub(crate) fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }
}

/// How much a button stands out.
#[derive(Clone, Copy)]
pub(crate) enum Weight {
    Primary,
    Secondary,
    /// What it does cannot be undone.
    Danger,
}

impl Weight {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "",
            Self::Secondary => "secondary",
            Self::Danger => "danger",
        }
    }
}

/// A page among several that belong together, with the way to the others.
#[derive(Template)]
#[template(path = "shell.html")]
pub(crate) struct Shell {
    pub(crate) nav_label: &'static str,
    pub(crate) nav: Vec<NavItem>,
    pub(crate) title: String,
    /// What there is to know of it, below the title.
    pub(crate) lead: Option<&'static str>,
    /// What to do from here, beside the title.
    pub(crate) action: Option<Link>,
    pub(crate) banner: Option<Banner>,
    pub(crate) panels: Vec<Panel>,
    /// What is on it needs room.
    pub(crate) is_wide: bool,
}

/// The way to one of them.
pub(crate) struct NavItem {
    pub(crate) label: &'static str,
    pub(crate) href: String,
    pub(crate) is_current: bool,
}

/// A part of such a page.
#[derive(Default, Template)]
#[template(path = "panel.html")]
pub(crate) struct Panel {
    pub(crate) title: Option<&'static str>,
    pub(crate) text: Vec<String>,
    pub(crate) content: Option<Html>,
    pub(crate) form: Option<Form>,
    pub(crate) link: Option<Link>,
    /// What is done in it cannot be undone.
    pub(crate) is_dangerous: bool,
}

/// What a template has rendered: everything in it that came from outside is escaped.
pub(crate) struct Html(String);

impl Html {
    pub(crate) fn of(template: impl Template) -> Self {
        Self(template.render().expect("a built-in template renders whatever it is given"))
    }
}

impl Html {
    /// These one after another.
    pub(crate) fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(parts.into_iter().map(|Self(part)| part).collect::<Vec<_>>().join(" "))
    }
}

impl std::fmt::Display for Html {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is known of something, in a list.
#[derive(Template)]
#[template(path = "facts.html")]
pub(crate) struct Facts {
    pub(crate) facts: Vec<Fact>,
}

pub(crate) struct Fact {
    pub(crate) label: &'static str,
    pub(crate) value: Html,
}

/// A text as it is, escaped, with a badge if there is something to say of it.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span translate="no">{{ text }}</span>{% if let Some((word, class)) = badge %} <span class="badge {{ class }}">{{ word }}</span>{% endif %}"#
)]
pub(crate) struct Plain {
    pub(crate) text: String,
    pub(crate) badge: Option<(&'static str, &'static str)>,
}

/// A moment: for programs exactly, for people in UTC.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<time datetime="{{ exact }}"{% if is_relative %} data-relative{% endif %}>{{ in_words }}</time>"#
)]
pub(crate) struct Moment {
    exact: String,
    in_words: String,
    /// A script turns it into how long ago it was.
    is_relative: bool,
}

impl Moment {
    /// To the minute; a script turns it into how long ago it was.
    pub(crate) fn at(moment: Timestamp) -> Self {
        let in_words = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
        Self { in_words: written(moment, in_words), is_relative: true, ..Self::to_the_second(moment) }
    }

    /// To the second, and it stays so.
    pub(crate) fn to_the_second(moment: Timestamp) -> Self {
        let exact = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        let in_words = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
        Self { exact: written(moment, exact), in_words: written(moment, in_words), is_relative: false }
    }
}

fn written(moment: Timestamp, format: &[BorrowedFormatItem<'_>]) -> String {
    OffsetDateTime::from(moment).format(format).expect("the format fits every moment")
}

/// A page, ready to be put into the frame that all have.
pub(crate) struct Page<B> {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) title: String,
    pub(crate) body: B,
}

impl From<Card> for Page<Card> {
    fn from(card: Card) -> Self {
        Self::ok(card.title.clone(), card)
    }
}

impl From<Shell> for Page<Shell> {
    fn from(shell: Shell) -> Self {
        Self::ok(shell.title.clone(), shell)
    }
}

impl<B> Page<B> {
    pub(crate) fn ok(title: String, body: B) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), title, body }
    }

    /// Tells the browser, too, what was refused, if something was.
    pub(crate) fn refused(self, refusals: &Refusals) -> Self {
        Self { status: refusals.status(), headers: refusals.headers().to_vec(), ..self }
    }

    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}
