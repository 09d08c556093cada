//! Settings that are a number.

use super::form::{Form, Refusal};

/// A whole number from `MIN` to `MAX`.
pub struct Number<const MIN: u32, const MAX: u32>;

impl<const MIN: u32, const MAX: u32> Form for Number<MIN, MAX> {
    type Value = u32;

    fn allowed() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }

    fn parse(text: &str) -> Result<u32, Refusal> {
        let number = text.parse().map_err(|_| Refusal::new("is not a whole number"))?;
        if (MIN..=MAX).contains(&number) {
            Ok(number)
        } else {
            Err(Refusal::new(format!("is not between {MIN} and {MAX}")))
        }
    }
}
