use std::fmt;

/// What usually makes an adapter fail a case: where to look first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UsualCause {
    /// A step looks, decides, and writes.
    CheckThenAct,
    /// A step writes what it computed from something read before.
    LostUpdate,
    /// The parts of a step are apart.
    HalfDone,
    /// The event and the change are apart.
    EventApart,
    /// Something does not come back as it was given.
    Lossy,
    /// The store compares in its own way.
    Folding,
    /// A moment is compared in another way than the port says.
    Boundary,
    /// A statement concerns more rows than it should.
    TooWide,
    /// A statement is missing.
    Incomplete,
    /// An answer is from before.
    Stale,
    /// Rows come in the order in which the store found them.
    Order,
    /// Pages are counted.
    Offset,
    /// A condition is missing.
    UncheckedCondition,
    /// A batch has no end.
    Unbounded,
    /// An address is taken apart.
    Recipient,
    /// A text is wrapped or encoded.
    MangledText,
    /// Callers share something.
    SharedState,
    /// A password is cut.
    Shortened,
    /// A password is hashed in another form than it was.
    NormalForm,
    /// A salt is not random.
    FixedSalt,
    /// The work is skipped.
    EarlyReturn,
    /// What is read is not what was written.
    Lenient,
    /// A private key is written as a whole.
    PrivatePart,
}

impl UsualCause {
    /// The cause, and what helps.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::CheckThenAct => {
                "the step looks, decides and writes in statements of their own, and others come in between. Let one \
                 statement do all of it, lock the row that is looked at (SELECT ... FOR UPDATE), or let a unique \
                 constraint decide and read its violation as the answer."
            }
            Self::LostUpdate => {
                "the step writes what it computed from something read before, so what others wrote in between is \
                 lost. Let the statement that writes compute it (SET n = n + 1), and write only the columns that \
                 change."
            }
            Self::HalfDone => {
                "the parts of the step are not in one transaction, or a refusal returns without rolling back what \
                 came before it."
            }
            Self::EventApart => {
                "the event is not stored in the transaction of its change, is stored although the step refused, or \
                 does not get the subject that the port says."
            }
            Self::Lossy => {
                "a column or a format rounds, cuts or normalises: moments need microseconds, texts every code point \
                 (MySQL's utf8 has not) in their full length, octets no character set, absent values no empty strings."
            }
            Self::Folding => {
                "the store folds case, strips accents, normalises, or reads wildcards: a collation, ILIKE, or a LIKE \
                 without ESCAPE. Canonical forms are made for you; compare them octet by octet (COLLATE \"C\", \
                 BINARY), and let a prefix be a range. What was typed is kept beside them, as it was."
            }
            Self::Boundary => {
                "the moment is compared with <= where < is meant or the other way round, is taken from another \
                 clock, or is left to a job that deletes what has expired. Compare with the `now` that is handed \
                 in, at each use."
            }
            Self::TooWide => {
                "a statement does not say whose row, or which of several, it concerns, or writes columns that nobody \
                 asked it to change."
            }
            Self::Incomplete => {
                "something that the step has to end, lift, count or queue is forgotten. The documentation of the \
                 method lists all of it."
            }
            Self::Stale => {
                "the answer is from a cache, a replica or a copy. Read what is stored at that moment, with each call."
            }
            Self::Order => "there is no ORDER BY, or it names another column than the port does.",
            Self::Offset => {
                "pages are counted (OFFSET), so whoever comes or goes moves them. Begin each page after a key \
                 (WHERE id < ...), which need not be there any more."
            }
            Self::UncheckedCondition => {
                "a condition that the documentation of the method names is not checked, is checked apart from the \
                 write that depends on it, or is there the wrong way round."
            }
            Self::Unbounded => {
                "the DELETE has no limit, counts the limit for each table anew, or deletes what has not expired."
            }
            Self::Recipient => {
                "the address is pasted into a header, a command or a template, and something takes it apart. Hand it \
                 over as an address, in the envelope."
            }
            Self::MangledText => {
                "a line is wrapped, an encoding or a template changes the text. Links and codes have to stand in it \
                 whole once it is decoded."
            }
            Self::SharedState => "callers share a buffer, a connection, a counter or a file name.",
            Self::Shortened => {
                "the algorithm reads a part of the password only (bcrypt: 72 octets, or up to the first NUL)."
            }
            Self::NormalForm => {
                "other octets are hashed or checked than the password gives: `expose()`, which is in NFKC, and for \
                 what is checked `expose_as_typed()` as well."
            }
            Self::FixedSalt => "the salt is a constant, is made from the password, or is remembered.",
            Self::EarlyReturn => {
                "without an account the answer comes before the work, so its time tells who has one. Hash the \
                 password against a decoy of today's settings."
            }
            Self::Lenient => {
                "the token is trimmed, its letters are folded, its padding is accepted, or what follows it is \
                 ignored. Read exactly what is written."
            }
            Self::PrivatePart => "the key is serialised as a whole. Write its public members one by one.",
        }
    }
}

impl fmt::Display for UsualCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.explanation())
    }
}
