//! What the console's pages are put together from besides what all pages are.

use askama::Template;

use crate::elements::Html;

/// Things that can be done, each with what it means.
#[derive(Template)]
#[template(path = "console/acts.html")]
pub(super) struct Acts {
    pub(super) items: Vec<ActItem>,
}

pub(super) struct ActItem {
    pub(super) title: String,
    pub(super) text: String,
    /// The button, or the way to the page that asks first.
    pub(super) way: Option<Html>,
}

/// A way to another page, in a cell.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<a href="{{ href }}" translate="no">{{ self::breakable(label)|safe }}</a>{% if let Some(more) = more %}<span class="more" translate="no">{{ self::breakable(more)|safe }}</span>{% endif %}"#
)]
pub(super) struct Way {
    pub(super) href: String,
    pub(super) label: String,
    /// What else there is to say of where it leads.
    pub(super) more: Option<String>,
}

/// A way to a page that asks before something is done.
#[derive(Template)]
#[template(ext = "html", source = r#"<a class="button secondary" href="{{ href }}">{{ label }} …</a>"#)]
pub(super) struct AskingWay {
    pub(super) href: String,
    pub(super) label: &'static str,
}

/// How things stand, each in a word with the class of its colour.
#[derive(Template)]
#[template(path = "console/badges.html")]
pub(super) struct Badges {
    /// What stands before them.
    pub(super) text: &'static str,
    pub(super) badges: Vec<(&'static str, &'static str)>,
}

/// A text in which words that are too long for a line may be broken, at their joints if they can, and no others.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% for word in words %}{% if word.trim_end().chars().count() > Self::LONGEST %}<span class="long">{% for part in word.split_inclusive(Self::JOINTS) %}{{ part }}<wbr>{% endfor %}</span>{% else %}{{ word }}{% endif %}{% endfor %}"#
)]
struct Breakable<'a> {
    words: Vec<&'a str>,
}

impl Breakable<'_> {
    /// As many characters as the narrowest column has room for.
    const LONGEST: usize = 18;
    /// What parts of addresses and of names end with.
    const JOINTS: [char; 4] = ['@', '.', ':', '/'];
}

pub(super) fn breakable(text: &str) -> Html {
    Html::of(Breakable { words: text.split_inclusive(char::is_whitespace).collect() })
}

/// A text as it is.
#[derive(Template)]
#[template(ext = "html", source = "{{ self::breakable(text)|safe }}")]
struct Words {
    text: String,
}

/// A text that programs made: names of permissions, ids, addresses.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<span class="mono" translate="no">{{ self::breakable(text)|safe }}</span>"#
)]
struct Literal {
    text: String,
}

/// Several of them.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<ul class="tags" translate="no">{% for tag in tags %}<li class="mono">{{ self::breakable(tag)|safe }}</li>{% endfor %}</ul>"#
)]
pub(super) struct Tags {
    pub(super) tags: Vec<String>,
}

pub(super) fn words(text: impl Into<String>) -> Html {
    Html::of(Words { text: text.into() })
}

pub(super) fn literal(text: impl Into<String>) -> Html {
    Html::of(Literal { text: text.into() })
}
