use askama::Template;

/// One field of a form, with what is wrong with it right beside it.
#[derive(Template)]
#[template(path = "field.html")]
pub(crate) struct Field {
    name: &'static str,
    label: &'static str,
    kind: FieldKind,
    /// What browsers and password managers may fill in (HTML §4.10.18.7).
    autocomplete: &'static str,
    value: String,
    /// What was shown before anybody typed.
    shown: Option<String>,
    is_required: bool,
    /// The word for that it may be left empty.
    optional: Option<&'static str>,
    hint: Option<String>,
    error: Option<String>,
    has_focus: bool,
    /// The word for showing what is typed.
    reveal: Option<&'static str>,
}

enum FieldKind {
    Text,
    Email,
    Password,
    Code,
    Date,
    /// A text of several lines.
    Lines,
    /// One of several.
    Choice(Vec<Choice>),
    /// Yes or no.
    Switch,
    /// Any of several, each a field of its own.
    Checks(Vec<Check>),
}

/// What stands in a field.
pub(crate) struct Content {
    pub(crate) value: String,
    /// Where the form changes what there is: what was shown before anybody typed. It is sent along, so that what stays as
    /// it was is not taken for a change.
    pub(crate) shown: Option<String>,
}

impl Content {
    /// As it is shown first, in a form that changes it.
    pub(crate) fn to_change(value: String) -> Self {
        Self { shown: Some(value.clone()), value }
    }
}

/// Something to choose.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
}

/// Something to say yes or no to, among others.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) is_checked: bool,
    /// It is not theirs to say.
    pub(crate) is_disabled: bool,
}

impl Choice {
    pub(crate) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

impl FieldKind {
    fn input_type(&self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password => "password",
            Self::Date => "date",
            Self::Switch | Self::Checks(_) => "checkbox",
            Self::Text | Self::Code | Self::Lines | Self::Choice(_) => "text",
        }
    }

    fn attributes(&self) -> &'static str {
        match self {
            Self::Email => r#" autocapitalize="none" spellcheck="false" maxlength="254""#,
            Self::Code => {
                r#" class="digits" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" data-submit-at="6""#
            }
            _ => "",
        }
    }
}

impl Field {
    pub(crate) fn text(name: &'static str, label: &'static str, autocomplete: &'static str) -> Self {
        Self {
            name,
            label,
            kind: FieldKind::Text,
            autocomplete,
            value: String::new(),
            shown: None,
            is_required: true,
            optional: None,
            hint: None,
            error: None,
            has_focus: false,
            reveal: None,
        }
    }

    pub(crate) fn email(name: &'static str, label: &'static str, autocomplete: &'static str) -> Self {
        Self { kind: FieldKind::Email, ..Self::text(name, label, autocomplete) }
    }

    /// A password that somebody has; `reveal` is the word for showing it. What was typed is never sent back.
    pub(crate) fn current_password(name: &'static str, label: &'static str, reveal: &'static str) -> Self {
        let field = Self::text(name, label, "current-password");
        Self { kind: FieldKind::Password, reveal: Some(reveal), ..field }
    }

    /// A password that is being chosen.
    pub(crate) fn new_password(name: &'static str, label: &'static str, reveal: &'static str) -> Self {
        let field = Self::text(name, label, "new-password");
        Self { kind: FieldKind::Password, reveal: Some(reveal), ..field }
    }

    /// Six digits; a script sends the form as soon as they are there.
    pub(crate) fn code(name: &'static str, label: &'static str) -> Self {
        Self { kind: FieldKind::Code, ..Self::text(name, label, "one-time-code") }
    }

    pub(crate) fn date(name: &'static str, label: &'static str) -> Self {
        Self { kind: FieldKind::Date, ..Self::text(name, label, "off") }
    }

    pub(crate) fn lines(name: &'static str, label: &'static str) -> Self {
        Self { kind: FieldKind::Lines, ..Self::text(name, label, "off") }
    }

    pub(crate) fn choice(name: &'static str, label: &'static str, choices: Vec<Choice>) -> Self {
        Self { kind: FieldKind::Choice(choices), ..Self::text(name, label, "off") }
    }

    /// Yes, which is sent as `true`, or no, which is not sent.
    pub(crate) fn switch(name: &'static str, label: &'static str) -> Self {
        Self { kind: FieldKind::Switch, ..Self::text(name, label, "off") }
    }

    /// Any of several, each sent like a [`switch`](Self::switch); `name` is that of the whole.
    pub(crate) fn checks(name: &'static str, label: &'static str, checks: Vec<Check>) -> Self {
        Self { kind: FieldKind::Checks(checks), ..Self::text(name, label, "off") }
    }

    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    pub(crate) fn content(mut self, content: Content) -> Self {
        Content { value: self.value, shown: self.shown } = content;
        self
    }

    /// It may be left empty; `word` says so.
    pub(crate) fn optional(mut self, word: &'static str) -> Self {
        self.optional = Some(word);
        self.unforced()
    }

    /// It may be left empty, as goes without saying.
    pub(crate) fn unforced(mut self) -> Self {
        self.is_required = false;
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn focused(mut self) -> Self {
        self.has_focus = true;
        self
    }

    /// What is wrong with it, if something is.
    pub(crate) fn error(mut self, error: Option<String>) -> Self {
        self.has_focus = error.is_some();
        self.error = error;
        self
    }

    fn id(&self) -> &'static str {
        self.name
    }

    /// What to do is told once: an error says it, too, except of passwords, which take more than it asks for.
    fn shown_hint(&self) -> Option<&str> {
        let is_told = self.error.is_some() && !matches!(self.kind, FieldKind::Password);
        self.hint.as_deref().filter(|_| !is_told)
    }

    fn described_by(&self) -> Option<String> {
        let error = self.error.as_ref().map(|_| format!("{}-error", self.id()));
        let hint = self.shown_hint().map(|_| format!("{}-hint", self.id()));
        let both: Vec<String> = error.into_iter().chain(hint).collect();
        (!both.is_empty()).then(|| both.join(" "))
    }
}
