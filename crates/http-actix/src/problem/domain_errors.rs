//! How each error of the domain is answered.

use portcullis_domain::PasswordRefusal;
use portcullis_domain::ports::{HasherOverloaded, StorageError};
use portcullis_domain::use_cases::{
    AssignRoleError, AuthenticateError, ChangePasswordError, ConfirmEmailChangeError, CreateRoleError,
    CreateUserError, DeleteAccountError, DeleteRoleError, DeleteUserError, EndSessionError, FindRoleError,
    FindUserError, ListAuditEventsError, ListRolesError, ListUsersError, LoginError, LogoutError,
    PasswordCheckError, RefreshError, RegisterError, RequestEmailChangeError, ResetPasswordError,
    RevokeRoleError, RevokeSessionsError, UnlockUserError, UpdateProfileError, UpdateRoleError,
    UpdateUserError, VerifyEmailByCodeError, VerifyEmailError, VerifyUserError,
};

use super::{Code, FieldCode, Problem};
use crate::fields::Fault;

/// An error, with the codes that it is answered with beside those that any call can meet.
pub(crate) trait Answers: Into<Problem> {
    /// For the document.
    const CODES: &'static [Code];
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let code = if error.is_unavailable() { Code::StoreUnavailable } else { Code::Internal };
        Self::new(code).caused_by(error)
    }
}

impl Answers for StorageError {
    const CODES: &'static [Code] = &[];
}

impl From<HasherOverloaded> for Problem {
    fn from(error: HasherOverloaded) -> Self {
        Self::passing(Code::Overloaded, error.retry_after).caused_by(error)
    }
}

impl From<PasswordCheckError> for Problem {
    fn from(error: PasswordCheckError) -> Self {
        match error {
            PasswordCheckError::Wrong => Self::new(Code::WrongPassword),
            PasswordCheckError::Locked { retry_after } => Self::passing(Code::AccountLocked, retry_after),
            PasswordCheckError::Overloaded(error) => error.into(),
            PasswordCheckError::Storage(error) => error.into(),
        }
    }
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::InvalidAccessToken => Self::new(Code::InvalidAccessToken),
            AuthenticateError::Storage(error) => error.into(),
        }
    }
}

impl Answers for AuthenticateError {
    const CODES: &'static [Code] = &[];
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Closed => Self::new(Code::RegistrationClosed),
            RegisterError::Refused(reason) => Self::new(Code::RegistrationClosed).with_detail(reason),
            RegisterError::PasswordRefused(refusal) => refused("password", refusal),
            RegisterError::EmailTaken => Self::new(Code::EmailTaken),
            RegisterError::UsernameTaken => Self::new(Code::UsernameTaken),
            RegisterError::Overloaded(error) => error.into(),
            RegisterError::Storage(error) => error.into(),
        }
    }
}

impl Answers for RegisterError {
    const CODES: &'static [Code] =
        &[Code::RegistrationClosed, Code::EmailTaken, Code::UsernameTaken, Code::Overloaded];
}

impl From<VerifyEmailError> for Problem {
    fn from(error: VerifyEmailError) -> Self {
        match error {
            VerifyEmailError::InvalidToken => Self::new(Code::InvalidToken),
            VerifyEmailError::Storage(error) => error.into(),
        }
    }
}

impl Answers for VerifyEmailError {
    const CODES: &'static [Code] = &[Code::InvalidToken];
}

impl From<VerifyEmailByCodeError> for Problem {
    fn from(error: VerifyEmailByCodeError) -> Self {
        match error {
            VerifyEmailByCodeError::InvalidCode => Self::new(Code::InvalidCode),
            VerifyEmailByCodeError::TooManyAttempts { retry_after } => {
                Self::passing(Code::TooManyAttempts, retry_after)
            }
            VerifyEmailByCodeError::Storage(error) => error.into(),
        }
    }
}

impl Answers for VerifyEmailByCodeError {
    const CODES: &'static [Code] = &[Code::InvalidCode, Code::TooManyAttempts];
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::InvalidCredentials => Self::new(Code::InvalidCredentials),
            LoginError::EmailNotVerified => Self::new(Code::EmailNotVerified),
            LoginError::AccountDisabled => Self::new(Code::AccountDisabled),
            LoginError::Locked { retry_after } => Self::passing(Code::AccountLocked, retry_after),
            LoginError::Overloaded(error) => error.into(),
            LoginError::Storage(error) => error.into(),
        }
    }
}

impl Answers for LoginError {
    const CODES: &'static [Code] = &[
        Code::InvalidCredentials,
        Code::EmailNotVerified,
        Code::AccountDisabled,
        Code::AccountLocked,
        Code::Overloaded,
    ];
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Invalid | RefreshError::Reused { .. } => Self::new(Code::InvalidRefreshToken),
            RefreshError::Storage(error) => error.into(),
        }
    }
}

impl From<LogoutError> for Problem {
    fn from(error: LogoutError) -> Self {
        match error {
            LogoutError::InvalidRefreshToken => Self::new(Code::InvalidRefreshToken),
            LogoutError::Storage(error) => error.into(),
        }
    }
}

impl Answers for LogoutError {
    const CODES: &'static [Code] = &[Code::InvalidRefreshToken];
}

impl From<EndSessionError> for Problem {
    fn from(error: EndSessionError) -> Self {
        match error {
            EndSessionError::NotFound => Self::new(Code::NotFound),
            EndSessionError::Storage(error) => error.into(),
        }
    }
}

impl Answers for EndSessionError {
    const CODES: &'static [Code] = &[Code::NotFound];
}

impl From<ResetPasswordError> for Problem {
    fn from(error: ResetPasswordError) -> Self {
        match error {
            ResetPasswordError::InvalidToken => Self::new(Code::InvalidToken),
            ResetPasswordError::PasswordRefused(refusal) => refused("new_password", refusal),
            ResetPasswordError::Overloaded(error) => error.into(),
            ResetPasswordError::Storage(error) => error.into(),
        }
    }
}

impl Answers for ResetPasswordError {
    const CODES: &'static [Code] = &[Code::InvalidToken, Code::Overloaded];
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::PasswordRefused(refusal) => refused("new_password", refusal),
            ChangePasswordError::Check(error) => error.into(),
            ChangePasswordError::Overloaded(error) => error.into(),
            ChangePasswordError::Storage(error) => error.into(),
        }
    }
}

impl Answers for ChangePasswordError {
    const CODES: &'static [Code] = &[Code::WrongPassword, Code::AccountLocked, Code::Overloaded];
}

impl From<UpdateProfileError> for Problem {
    fn from(error: UpdateProfileError) -> Self {
        match error {
            UpdateProfileError::UsernameTaken => Self::new(Code::UsernameTaken),
            // The caller's account was erased after they were let in: their token counts no longer.
            UpdateProfileError::NotFound => Self::new(Code::InvalidAccessToken),
            UpdateProfileError::Storage(error) => error.into(),
        }
    }
}

impl Answers for UpdateProfileError {
    const CODES: &'static [Code] = &[Code::UsernameTaken];
}

impl From<DeleteAccountError> for Problem {
    fn from(error: DeleteAccountError) -> Self {
        match error {
            DeleteAccountError::Check(error) => error.into(),
            DeleteAccountError::LastAdmin => Self::new(Code::LastAdmin),
            DeleteAccountError::Storage(error) => error.into(),
        }
    }
}

impl Answers for DeleteAccountError {
    const CODES: &'static [Code] =
        &[Code::WrongPassword, Code::AccountLocked, Code::LastAdmin, Code::Overloaded];
}

impl From<RequestEmailChangeError> for Problem {
    fn from(error: RequestEmailChangeError) -> Self {
        match error {
            RequestEmailChangeError::Check(error) => error.into(),
            RequestEmailChangeError::EmailTaken => Self::new(Code::EmailTaken),
            RequestEmailChangeError::Storage(error) => error.into(),
        }
    }
}

impl Answers for RequestEmailChangeError {
    const CODES: &'static [Code] =
        &[Code::WrongPassword, Code::AccountLocked, Code::EmailTaken, Code::Overloaded];
}

impl From<ConfirmEmailChangeError> for Problem {
    fn from(error: ConfirmEmailChangeError) -> Self {
        match error {
            ConfirmEmailChangeError::InvalidToken => Self::new(Code::InvalidToken),
            ConfirmEmailChangeError::EmailTaken => Self::new(Code::EmailTaken),
            ConfirmEmailChangeError::Storage(error) => error.into(),
        }
    }
}

impl Answers for ConfirmEmailChangeError {
    const CODES: &'static [Code] = &[Code::InvalidToken, Code::EmailTaken];
}

/// Nobody changes who may do what they may not.
const OUTRANKED_BY_USER: &str = "The user has a permission that the caller lacks.";

/// Nobody hands out what they do not have.
const OUTRANKED_BY_ROLE: &str = "The role has a permission that the caller lacks.";

/// Who gives a role, or takes it, does both.
const OUTRANKED_BY_EITHER: &str = "The user or the role has a permission that the caller lacks.";

impl From<ListUsersError> for Problem {
    fn from(error: ListUsersError) -> Self {
        match error {
            ListUsersError::InvalidCursor => invalid_cursor(),
            ListUsersError::UnknownRole => invalid("role", Fault::unknown_role()),
            ListUsersError::Storage(error) => error.into(),
        }
    }
}

impl Answers for ListUsersError {
    const CODES: &'static [Code] = &[];
}

impl From<FindUserError> for Problem {
    fn from(error: FindUserError) -> Self {
        match error {
            FindUserError::NotFound => Self::new(Code::NotFound),
            FindUserError::Storage(error) => error.into(),
        }
    }
}

impl Answers for FindUserError {
    const CODES: &'static [Code] = &[Code::NotFound];
}

impl From<CreateUserError> for Problem {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::Forbidden => {
                Self::new(Code::Forbidden).with_detail("The roles are not the caller's to give.")
            }
            CreateUserError::UnknownRole => invalid("roles", Fault::unknown_role()),
            CreateUserError::PasswordRefused(refusal) => refused("password", refusal),
            CreateUserError::EmailTaken => Self::new(Code::EmailTaken),
            CreateUserError::UsernameTaken => Self::new(Code::UsernameTaken),
            CreateUserError::Overloaded(error) => error.into(),
            CreateUserError::Storage(error) => error.into(),
        }
    }
}

impl Answers for CreateUserError {
    const CODES: &'static [Code] =
        &[Code::Forbidden, Code::EmailTaken, Code::UsernameTaken, Code::Overloaded];
}

impl From<UpdateUserError> for Problem {
    fn from(error: UpdateUserError) -> Self {
        match error {
            UpdateUserError::NotFound => Self::new(Code::NotFound),
            UpdateUserError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_USER),
            UpdateUserError::LastAdmin => Self::new(Code::LastAdmin),
            UpdateUserError::EmailTaken => Self::new(Code::EmailTaken),
            UpdateUserError::UsernameTaken => Self::new(Code::UsernameTaken),
            UpdateUserError::Storage(error) => error.into(),
        }
    }
}

impl Answers for UpdateUserError {
    const CODES: &'static [Code] =
        &[Code::Forbidden, Code::NotFound, Code::LastAdmin, Code::EmailTaken, Code::UsernameTaken];
}

impl From<VerifyUserError> for Problem {
    fn from(error: VerifyUserError) -> Self {
        match error {
            VerifyUserError::NotFound => Self::new(Code::NotFound),
            VerifyUserError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_USER),
            VerifyUserError::Storage(error) => error.into(),
        }
    }
}

impl Answers for VerifyUserError {
    const CODES: &'static [Code] = &[Code::Forbidden, Code::NotFound];
}

impl From<DeleteUserError> for Problem {
    fn from(error: DeleteUserError) -> Self {
        match error {
            DeleteUserError::NotFound => Self::new(Code::NotFound),
            DeleteUserError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_USER),
            DeleteUserError::LastAdmin => Self::new(Code::LastAdmin),
            DeleteUserError::Storage(error) => error.into(),
        }
    }
}

impl Answers for DeleteUserError {
    const CODES: &'static [Code] = &[Code::Forbidden, Code::NotFound, Code::LastAdmin];
}

impl From<UnlockUserError> for Problem {
    fn from(error: UnlockUserError) -> Self {
        match error {
            UnlockUserError::NotFound => Self::new(Code::NotFound),
            UnlockUserError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_USER),
            UnlockUserError::Storage(error) => error.into(),
        }
    }
}

impl Answers for UnlockUserError {
    const CODES: &'static [Code] = &[Code::Forbidden, Code::NotFound];
}

impl From<RevokeSessionsError> for Problem {
    fn from(error: RevokeSessionsError) -> Self {
        match error {
            RevokeSessionsError::NotFound => Self::new(Code::NotFound),
            RevokeSessionsError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_USER),
            RevokeSessionsError::Storage(error) => error.into(),
        }
    }
}

impl Answers for RevokeSessionsError {
    const CODES: &'static [Code] = &[Code::Forbidden, Code::NotFound];
}

impl From<AssignRoleError> for Problem {
    fn from(error: AssignRoleError) -> Self {
        match error {
            AssignRoleError::NotFound => Self::new(Code::NotFound),
            AssignRoleError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_EITHER),
            AssignRoleError::Storage(error) => error.into(),
        }
    }
}

impl Answers for AssignRoleError {
    const CODES: &'static [Code] = &[Code::Forbidden, Code::NotFound];
}

impl From<RevokeRoleError> for Problem {
    fn from(error: RevokeRoleError) -> Self {
        match error {
            RevokeRoleError::NotFound => Self::new(Code::NotFound),
            RevokeRoleError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_EITHER),
            RevokeRoleError::LastAdmin => Self::new(Code::LastAdmin),
            RevokeRoleError::Storage(error) => error.into(),
        }
    }
}

impl Answers for RevokeRoleError {
    const CODES: &'static [Code] = &[Code::Forbidden, Code::NotFound, Code::LastAdmin];
}

impl From<FindRoleError> for Problem {
    fn from(error: FindRoleError) -> Self {
        match error {
            FindRoleError::NotFound => Self::new(Code::NotFound),
            FindRoleError::Storage(error) => error.into(),
        }
    }
}

impl Answers for FindRoleError {
    const CODES: &'static [Code] = &[Code::NotFound];
}

impl From<ListRolesError> for Problem {
    fn from(error: ListRolesError) -> Self {
        match error {
            ListRolesError::NotFound => Self::new(Code::NotFound),
            ListRolesError::Storage(error) => error.into(),
        }
    }
}

impl Answers for ListRolesError {
    const CODES: &'static [Code] = &[Code::NotFound];
}

impl From<CreateRoleError> for Problem {
    fn from(error: CreateRoleError) -> Self {
        match error {
            CreateRoleError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_ROLE),
            CreateRoleError::TooManyPermissions => too_many_permissions(),
            CreateRoleError::NameTaken => Self::new(Code::RoleTaken),
            CreateRoleError::Storage(error) => error.into(),
        }
    }
}

impl Answers for CreateRoleError {
    const CODES: &'static [Code] = &[Code::Forbidden, Code::RoleTaken];
}

impl From<UpdateRoleError> for Problem {
    fn from(error: UpdateRoleError) -> Self {
        match error {
            UpdateRoleError::NotFound => Self::new(Code::NotFound),
            UpdateRoleError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_ROLE),
            UpdateRoleError::BuiltIn => Self::new(Code::BuiltInRole),
            UpdateRoleError::TooManyPermissions => too_many_permissions(),
            UpdateRoleError::NameTaken => Self::new(Code::RoleTaken),
            UpdateRoleError::Storage(error) => error.into(),
        }
    }
}

impl Answers for UpdateRoleError {
    const CODES: &'static [Code] = &[Code::Forbidden, Code::NotFound, Code::BuiltInRole, Code::RoleTaken];
}

impl From<DeleteRoleError> for Problem {
    fn from(error: DeleteRoleError) -> Self {
        match error {
            DeleteRoleError::NotFound => Self::new(Code::NotFound),
            DeleteRoleError::Forbidden => Self::new(Code::Forbidden).with_detail(OUTRANKED_BY_ROLE),
            DeleteRoleError::BuiltIn => Self::new(Code::BuiltInRole),
            DeleteRoleError::Storage(error) => error.into(),
        }
    }
}

impl Answers for DeleteRoleError {
    const CODES: &'static [Code] = &[Code::Forbidden, Code::NotFound, Code::BuiltInRole];
}

impl From<ListAuditEventsError> for Problem {
    fn from(error: ListAuditEventsError) -> Self {
        match error {
            ListAuditEventsError::InvalidCursor => invalid_cursor(),
            ListAuditEventsError::Storage(error) => error.into(),
        }
    }
}

impl Answers for ListAuditEventsError {
    const CODES: &'static [Code] = &[];
}

fn refused(field: &'static str, refusal: PasswordRefusal) -> Problem {
    invalid(field, refusal.into())
}

fn too_many_permissions() -> Problem {
    let reason = "would have all roles name more permissions than an access token has room for";
    invalid("permissions", Fault::new(FieldCode::TooLong, reason))
}

fn invalid_cursor() -> Problem {
    invalid("cursor", Fault::new(FieldCode::Invalid, "was not handed out for this query"))
}

fn invalid(field: &'static str, fault: Fault) -> Problem {
    Problem::validation_failed(vec![fault.of(field)])
}
