//! The pages for people: accounts, what mailed links lead to, and the mailbox of a developer.
//!
//! They are written on the server and need no script. Each is a thin handler over the use cases that the API
//! serves too: input is read by the same rules, calls are counted in the same groups, and what goes wrong is the same
//! [`Problem`](portcullis_http_actix::building_blocks::Problem), told in words. A `GET` changes nothing but which
//! refresh token a browser holds; forms act.
//!
//! - `routes` is the table of paths; `account/`, `entry/` and `links/` hold what is behind them, and `mailbox`;
//! - `console/` is the administrator's console, with a table of its own that says who may see and do what;
//! - `visit` says who visits, `submission` reads the forms they send, `refusals` tells what was wrong with one;
//! - `elements` is what pages are put together from, `frame` what goes around each;
//! - `cookies`, `form_token` and `origin` keep what one browser does apart from what another site makes it do.

mod account;
mod assets;
mod brand;
mod console;
mod cookies;
mod elements;
mod entry;
mod form_token;
mod frame;
mod in_words;
mod language;
pub mod linked_pages;
mod links;
mod mailbox;
mod notice;
mod options;
mod origin;
mod own_path;
mod refusals;
mod routes;
mod site;
mod submission;
mod texts;
mod visit;

pub use brand::{Brand, InvalidLogo, Logo};
pub use console::console_routes;
pub use form_token::FormTokens;
pub use mailbox::{Mail, MailboxError, MailboxReader};
pub use options::PagesOptions;
pub use site::Pages;
