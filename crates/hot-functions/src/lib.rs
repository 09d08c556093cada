//! The functions that are called most or cost most, each with all that it needs and realistic inputs.
//!
//! They are measured by the benches of this crate: `time` tells how long they take on a machine, `instructions` counts
//! what they do, which a machine has no say in, so that CI can tell when it becomes more.
//!
//! What differs from one run of a process to the next is kept out of them as far as it can be: time stands still,
//! ids and salts are those of a script, and the store is in memory. The signing key is another in every run.

mod access_tokens;
mod calls;
mod passwords;
mod problems;
mod requests;
mod secrets;

pub use calls::{Call, Calls};

/// A hot function, which is set up when it is called.
pub type HotFunction = fn() -> Calls;

/// Every hot function under its name.
pub const HOT_FUNCTIONS: [(&str, HotFunction); 10] = [
    ("sign_access_token", access_tokens::sign_access_token),
    ("check_new_access_token", access_tokens::check_new_access_token),
    ("check_seen_access_token", access_tokens::check_seen_access_token),
    ("write_refresh_token", secrets::write_refresh_token),
    ("read_refresh_token", secrets::read_refresh_token),
    ("digest_code", secrets::digest_code),
    ("check_password", passwords::check_password),
    ("render_problem", problems::render_problem),
    ("turn_away", requests::turn_away),
    ("read_me", requests::read_me),
];

/// The hot function with this name, set up.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn calls_of(name: &str) -> Calls {
    let found = HOT_FUNCTIONS.into_iter().find(|(known, _)| *known == name);
    let (_, set_up) = found.unwrap_or_else(|| panic!("{name} is no hot function"));
    set_up()
}
