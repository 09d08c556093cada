//! Who the walks are about, and what they have: a handful of each, so that they get into each other's way.

/// A person, and the address by which everybody knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Person {
    /// The administrator who is there at the start.
    Root,
    Ada,
    Bea,
    Cyd,
}

/// How somebody writes what is compared without regard to case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    Plain,
    Shouted,
}

impl Spelling {
    pub(crate) fn of(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Shouted => text.to_uppercase(),
        }
    }
}

impl Person {
    pub(crate) fn email(self, spelling: Spelling) -> String {
        spelling.of(match self {
            Self::Root => "root@example.com",
            Self::Ada => "ada@example.com",
            Self::Bea => "bea@example.com",
            Self::Cyd => "cyd@example.com",
        })
    }
}

/// A username.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nickname {
    Ace,
    Bird,
}

impl Nickname {
    pub(crate) fn spelt(self, spelling: Spelling) -> String {
        spelling.of(match self {
            Self::Ace => "ace",
            Self::Bird => "bird",
        })
    }
}

/// A password that somebody chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Horse,
    Staple,
    /// One that is refused.
    TooShort,
}

impl Choice {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Horse => "correct horse battery",
            Self::Staple => "tomato staple lantern",
            Self::TooShort => "short",
        }
    }
}
