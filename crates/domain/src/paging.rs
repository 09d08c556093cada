//! Long lists, a page at a time.

/// How many items a page has at most: 1 to 200, 50 unless asked otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimit(u32);

impl PageLimit {
    /// The most that can be asked for.
    pub const MAX: u32 = 200;

    /// This many; none when it is not 1 to 200.
    #[must_use]
    pub fn new(items: u32) -> Option<Self> {
        (1..=Self::MAX).contains(&items).then_some(Self(items))
    }

    /// As a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}

/// Some items of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// With which the list goes on; none when this is its end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The page of at most `limit` items, out of `found`, which has one more where the list goes on.
    pub(crate) fn of(mut found: Vec<T>, limit: PageLimit, cursor: impl FnOnce(&T) -> String) -> Self {
        let limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        let goes_on = found.len() > limit;
        found.truncate(limit);
        let next_cursor = if goes_on { found.last().map(cursor) } else { None };
        Self { items: found, next_cursor }
    }
}
