use std::fmt;

/// Routes whose calls are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RouteGroup {
    /// Sign-ins, and whatever else asks for a password.
    Login,
    /// Registrations.
    Register,
    /// Everything about forgotten passwords.
    Reset,
    /// Everything that shows an address to be its owner's.
    Verify,
    /// Exchanges of refresh tokens.
    Refresh,
    /// Everything else.
    Other,
}

impl RouteGroup {
    /// Every group that there is.
    pub const ALL: [Self; 6] =
        [Self::Login, Self::Register, Self::Reset, Self::Verify, Self::Refresh, Self::Other];

    /// What it is called in settings and in headers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Register => "register",
            Self::Reset => "reset",
            Self::Verify => "verify",
            Self::Refresh => "refresh",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for RouteGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
