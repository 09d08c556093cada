//! What was wrong with a form, in words.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use portcullis_domain::Password;
use portcullis_http_actix::building_blocks::{Code, FieldCode, Problem};

use crate::elements::{Banner, Link, Tone};
use crate::texts::RefusalsTexts;
use crate::visit::Visit;

/// The parameter with which a list goes on. It stands in no form, so what is wrong with it concerns the whole.
pub(crate) const CURSOR: &str = "cursor";

/// What was wrong with a form: something with a field, or with the whole.
#[derive(Default)]
pub(crate) struct Refusals {
    fields: Vec<(&'static str, String)>,
    banner: Option<String>,
    status: Option<StatusCode>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Name and password do not go together; the password is what is typed again.
    pub(crate) is_of_credentials: bool,
    /// A locked account can be opened by a new password.
    is_locked: bool,
    /// The password was right, and the address has to be confirmed.
    pub(crate) is_unverified: bool,
}

impl Refusals {
    /// Nothing: the form is shown for the first time.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// What a problem says of a form.
    ///
    /// # Errors
    ///
    /// The problem again, if it is none of the form's.
    pub(crate) fn of(problem: Problem, visit: &Visit) -> Result<Self, Problem> {
        let texts = &visit.texts().refusals;
        let minimum = visit.site().options.password.minimum();
        let mut refusals =
            Self { status: Some(problem.status()), headers: problem.headers(), ..Self::default() };
        match problem.code() {
            Code::ValidationFailed => {
                let in_words = |field, code| words_for(texts, field, code, minimum);
                refusals.fields = problem
                    .errors()
                    .iter()
                    .map(|error| (error.field, in_words(error.field, error.code)))
                    .collect();
                refusals.banner = refusals.with(CURSOR);
            }
            Code::Forbidden => refusals.banner = Some(texts.outranked.clone()),
            Code::BuiltInRole => refusals.banner = Some(texts.built_in_role.clone()),
            Code::RoleTaken => refusals.of_fields(["role_name"], &texts.role_taken),
            Code::EmailTaken => refusals.of_fields(["email", "new_email"], &texts.email_taken),
            Code::UsernameTaken => refusals.of_fields(["username"], &texts.username_taken),
            Code::WrongPassword => {
                refusals.of_fields(["password", "current_password"], &texts.wrong_password);
            }
            Code::InvalidCode => refusals.of_fields(["code"], &texts.invalid_code),
            Code::InvalidCredentials => {
                refusals.banner = Some(texts.invalid_credentials.clone());
                refusals.is_of_credentials = true;
            }
            Code::AccountDisabled => refusals.banner = Some(texts.account_disabled.clone()),
            Code::EmailNotVerified => {
                refusals.banner = Some(texts.email_not_verified.clone());
                refusals.is_unverified = true;
            }
            Code::AccountLocked => {
                let minutes = problem.retry_after().map_or(1, |time| time.as_secs().div_ceil(60).max(1));
                refusals.banner = Some(texts.account_locked.replace("{minutes}", &minutes.to_string()));
                refusals.is_locked = true;
            }
            Code::TooManyAttempts => refusals.banner = Some(texts.too_many_attempts.clone()),
            Code::LastAdmin => refusals.banner = Some(texts.last_admin.clone()),
            // Where nobody can register there is no form: this one was refused for what the problem says.
            Code::RegistrationClosed => refusals.banner = Some(problem.detail().to_owned()),
            _ => return Err(problem),
        }
        Ok(refusals)
    }

    /// What is wrong with a field.
    pub(crate) fn with(&self, field: &str) -> Option<String> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, words)| words.clone())
    }

    /// What is wrong with the whole, and a way on.
    pub(crate) fn banner(&self, visit: &Visit) -> Option<Banner> {
        let link = match self {
            Self { is_unverified: true, .. } => {
                Some(Link::new(&visit.texts().sign_in.enter_code, visit.frame.to("verify-code")))
            }
            Self { is_locked: true, .. } => {
                Some(Link::new(&visit.texts().sign_in.forgot, visit.frame.to("forgot-password")))
            }
            _ => None,
        };
        self.banner.clone().map(|text| Banner { tone: Tone::Problem, text, link })
    }

    /// The status of the page that shows the form again.
    pub(crate) fn status(&self) -> StatusCode {
        self.status.unwrap_or(StatusCode::OK)
    }

    /// What the head of that page says of what was refused.
    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    fn of_fields<const N: usize>(&mut self, fields: [&'static str; N], words: &str) {
        self.fields = fields.map(|field| (field, words.to_owned())).into();
    }
}

/// What to do about a field. Passwords are told apart, as nobody sees what they typed.
fn words_for(texts: &RefusalsTexts, field: &str, code: FieldCode, minimum: usize) -> String {
    let words = match (field, code) {
        (CURSOR, _) => &texts.lost_place,
        (_, FieldCode::Required) => &texts.required,
        (_, FieldCode::CommonPassword) => &texts.common,
        (_, FieldCode::ContainsIdentity) => &texts.contains_identity,
        (_, FieldCode::Mismatch) => &texts.mismatch,
        ("email" | "new_email", _) => &texts.email,
        ("username", _) => &texts.username,
        ("role_name", _) => &texts.role_name,
        ("further", _) => &texts.permission,
        ("permissions", _) => &texts.too_many_permissions,
        ("description", _) => &texts.role_description,
        ("user_id", FieldCode::Unknown) => &texts.nobody,
        ("user_id", _) => &texts.address_or_id,
        ("since" | "until", _) => &texts.day,
        ("name" | "first_name" | "last_name" | "q", _) => &texts.name,
        (_, FieldCode::TooShort) => &texts.too_short,
        (_, FieldCode::TooLong) => &texts.too_long,
        (_, FieldCode::Invalid | FieldCode::Unknown) => &texts.invalid,
    };
    words
        .replace("{minimum}", &minimum.to_string())
        .replace("{maximum}", &Password::MAX_CHARACTERS.to_string())
}
