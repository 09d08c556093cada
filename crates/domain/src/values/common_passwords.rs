//! The passwords that attackers try first.
//!
//! `common_passwords.txt` holds those of at least 8 characters among the 20,000 most common ones
//! (compiled by Royce Williams, as shipped with Django 5.2), in lower case, sorted by octets.

const LIST: &str = include_str!("common_passwords.txt");

/// Whether `password`, in lower case, is on the list. Searches the text where it lies: nothing is
/// built at start, nothing allocated.
pub(super) fn contains(password: &str) -> bool {
    let (mut start, mut end) = (0, LIST.len());
    while start < end {
        let middle = usize::midpoint(start, end);
        let line_start = LIST[..middle].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = LIST[middle..].find('\n').map_or(LIST.len(), |newline| middle + newline);
        match LIST[line_start..line_end].cmp(password) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => start = line_end + 1,
            std::cmp::Ordering::Greater => end = line_start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_password_is_found() {
        assert!(LIST.lines().count() > 8_000);
        assert!(LIST.lines().all(contains));
    }

    #[test]
    fn others_are_not_found() {
        for password in ["", "a", "correct horse battery staple", "zzzzzzzzzzzzz", "passw", "passwor\n"] {
            assert!(!contains(password), "{password:?}");
        }
    }

    #[test]
    fn the_search_relies_on_a_sorted_list() {
        assert!(LIST.lines().is_sorted());
    }
}
