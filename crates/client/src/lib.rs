#![doc = include_str!("../README.md")]

mod administration;
mod client;
mod error;
mod objects;
mod open_enum;
mod problem;
mod requests;
mod secret;
mod service;
mod signed_in;
mod token_keeper;
mod tokens;

pub use administration::{Roles, Users};
pub use async_trait::async_trait;
pub use client::{Client, Registered};
pub use error::{BoxError, Error, SetupError};
pub use objects::{
    ActiveToken, AuditEvent, AuditKind, AuditOutcome, Health, Page, Permission, Role, RoleId, Session,
    SessionId, TokenKind, User, UserId,
};
pub use problem::{Code, FieldCode, FieldError, Problem};
pub use requests::{
    AuditQuery, Change, Credentials, Profile, ProfileChange, Registration, RoleChange, RoleCreation,
    UserChange, UserCreation, UserQuery,
};
pub use reqwest;
pub use secret::Secret;
pub use signed_in::SignedIn;
pub use tokens::{TokenStore, Tokens};
