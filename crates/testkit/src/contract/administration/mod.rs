//! Cases of [`UserAdministration`](portcullis_domain::ports::UserAdministration).

mod authority;
mod import;
mod lists;
mod lockouts;
mod passwords;
mod search;
mod steps;
mod trail;
mod updates;

pub use authority::*;
pub use import::*;
pub use lists::*;
pub use lockouts::*;
pub use passwords::*;
pub use search::*;
pub use trail::*;
pub use updates::*;
