//! Use cases: one file, one struct that holds the ports it needs, one method that takes one command,
//! one error enum.
//!
//! [`UseCases::new`] builds them all from the [`Ports`] of an installation and its
//! [policy](crate::policy::Policy).

mod authenticate;
mod change_password;
mod check_health;
mod confirm_email_change;
mod copy_installation;
mod create_user;
mod delete_account;
mod deliver_mail;
mod end_session;
mod ensure_signing_key;
mod inspect_link;
mod list_mail;
mod list_sessions;
mod login;
mod logout;
mod logout_all;
mod publish_keys;
mod refresh;
mod register;
mod request_email_change;
mod request_password_reset;
mod resend_mail;
mod resend_verification;
mod reset_password;
mod rotate_signing_key;
mod sweep;
mod update_profile;
mod verify_email;
mod verify_email_by_code;
mod wiring;

pub use authenticate::{Authenticate, AuthenticateError};
pub use change_password::{ChangePassword, ChangePasswordCommand, ChangePasswordError};
pub use check_health::CheckHealth;
pub use confirm_email_change::{ConfirmEmailChange, ConfirmEmailChangeError};
pub use copy_installation::{CopiedKind, CopyError, CopyInstallation, CopyProgress, CopyStage};
pub use create_user::{CreateUser, CreateUserCommand, CreateUserError};
pub use delete_account::{DeleteAccount, DeleteAccountError};
pub use deliver_mail::{DeliverMail, Delivery};
pub use end_session::{EndSession, EndSessionError};
pub use ensure_signing_key::EnsureSigningKey;
pub use inspect_link::{GoodLink, InspectLink, LinkKind};
pub use list_mail::ListMail;
pub use list_sessions::ListSessions;
pub use login::{ClaimedIdentifier, Login, LoginCommand, LoginError, SignedIn};
pub use logout::{Logout, LogoutError};
pub use logout_all::LogoutAll;
pub use publish_keys::PublishKeys;
pub use refresh::{Refresh, RefreshError};
pub use register::{Register, RegisterCommand, RegisterError, Registered};
pub use request_email_change::{RequestEmailChange, RequestEmailChangeCommand, RequestEmailChangeError};
pub use request_password_reset::RequestPasswordReset;
pub use resend_mail::{ResendMail, ResendMailError};
pub use resend_verification::ResendVerification;
pub use reset_password::{ResetPassword, ResetPasswordCommand, ResetPasswordError};
pub use rotate_signing_key::{RotateSigningKey, RotateSigningKeyError, RotationStart};
pub use sweep::Sweep;
pub use update_profile::{UpdateProfile, UpdateProfileError};
pub use verify_email::{VerifyEmail, VerifyEmailError};
pub use verify_email_by_code::{VerifyEmailByCode, VerifyEmailByCodeCommand, VerifyEmailByCodeError};
pub use wiring::{Ports, UseCases};

pub use crate::services::{PasswordCheckError, Tokens};
