//! Fields: what a request says, taken one by one, with everything that is wrong told at once.

use std::convert::Infallible;

use portcullis_domain::{Change, InvalidValue, Password, PasswordPolicy, PasswordRefusal};
use zeroize::Zeroizing;

use crate::json::Json;
use crate::problem::{FieldCode, FieldError, Problem};

/// What is made from the fields of a request.
///
/// An implementation takes every field before it gives up on one, so that all faults are found:
///
/// ```ignore
/// fn from_fields(fields: &mut Fields) -> Option<Self> {
///     let email = fields.required("email", EmailAddress::parse);
///     let name = fields.optional("name", Name::parse);
///     Some(Self { email: email?, name: name? })
/// }
/// ```
pub(crate) trait FromFields: Sized {
    /// None if and only if `fields` has noted a fault.
    fn from_fields(fields: &mut Fields) -> Option<Self>;
}

/// The fields of a request and the faults found in them so far.
#[derive(Default)]
pub(crate) struct Fields {
    values: Vec<(String, Json)>,
    faults: Vec<FieldError>,
}

/// What is wrong with a field.
pub(crate) struct Fault {
    code: FieldCode,
    /// Continues a sentence that the field's name begins.
    reason: String,
}

impl Fields {
    /// The members of a JSON object; unknown ones are ignored.
    pub(crate) fn of_object(members: Vec<(String, Json)>) -> Self {
        Self { values: members, faults: Vec::new() }
    }

    /// The parameters of a query; one that is given twice counts as neither.
    pub(crate) fn of_query(pairs: Vec<(String, String)>) -> Self {
        let mut fields = Self::default();
        for (name, value) in pairs {
            let value = Json::Text(Zeroizing::new(value));
            match fields.values.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = Json::Other,
                None => fields.values.push((name, value)),
            }
        }
        fields
    }

    /// Makes a `T` of them.
    ///
    /// # Errors
    ///
    /// 422 with every fault.
    pub(crate) fn read<T: FromFields>(mut self) -> Result<T, Problem> {
        T::from_fields(&mut self)
            .filter(|_| self.faults.is_empty())
            .ok_or_else(|| Problem::validation_failed(self.faults))
    }

    /// A field that has to be there.
    pub(crate) fn required<T, E: Into<Fault>>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match self.take(name) {
            Json::Null => self.refuse(name, Fault::new(FieldCode::Required, "is required")),
            value => self.parsed(name, &value, parse),
        }
    }

    /// A field that may be absent or null.
    #[expect(
        clippy::option_option,
        reason = "the outer one says whether it is valid, the inner one whether it is there"
    )]
    pub(crate) fn optional<T, E: Into<Fault>>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        match self.take(name) {
            Json::Null => Some(None),
            value => self.parsed(name, &value, parse).map(Some),
        }
    }

    /// A field of a change: absent keeps what there is, null clears it.
    pub(crate) fn change<T, E: Into<Fault>>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Change<T>> {
        if !self.has(name) {
            return Some(Change::Keep);
        }
        match self.take(name) {
            Json::Null => Some(Change::Clear),
            value => self.parsed(name, &value, parse).map(Change::Set),
        }
    }

    /// Notes that a field is not valid.
    pub(crate) fn refuse<T>(&mut self, name: &'static str, fault: Fault) -> Option<T> {
        self.faults.push(fault.of(name));
        None
    }

    /// Whether a field is there, be it null.
    fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(known, _)| known == name)
    }

    /// The value of a field; null when it is absent.
    fn take(&mut self, name: &str) -> Json {
        let position = self.values.iter().position(|(known, _)| known == name);
        position.map_or(Json::Null, |position| self.values.swap_remove(position).1)
    }

    fn parsed<T, E: Into<Fault>>(
        &mut self,
        name: &'static str,
        value: &Json,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Json::Text(text) = value else {
            return self.refuse(name, Fault::new(FieldCode::Invalid, "has to be one string"));
        };
        match parse(text) {
            Ok(parsed) => Some(parsed),
            Err(fault) => self.refuse(name, fault.into()),
        }
    }
}

/// A text that stands for itself, whatever it is.
#[expect(clippy::unnecessary_wraps, reason = "has the form of every parser")]
pub(crate) fn verbatim(text: &str) -> Result<Zeroizing<String>, Infallible> {
    Ok(Zeroizing::new(text.to_owned()))
}

/// A password that somebody wants to have. Whether it is good enough is found out once it is known for whom;
/// but nobody may have one that no policy would let them.
pub(crate) fn new_password(text: &str) -> Result<Password, Fault> {
    let password = Password::parse(text)?;
    let characters = String::from_utf8_lossy(password.expose()).chars().count();
    if characters < PasswordPolicy::LOWEST_MINIMUM {
        return Err(PasswordRefusal::TooShort { minimum: PasswordPolicy::LOWEST_MINIMUM }.into());
    }
    Ok(password)
}

/// A password that somebody claims to have; none when it is longer than any password is.
#[expect(clippy::unnecessary_wraps, reason = "has the form of every parser")]
pub(crate) fn claimed_password(text: &str) -> Result<Option<Password>, Infallible> {
    Ok(Password::parse(text).ok())
}

impl Fault {
    /// A fault whose `reason` continues a sentence that the field's name begins.
    pub(crate) fn new(code: FieldCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// The fault as that of a field.
    pub(crate) fn of(self, field: &'static str) -> FieldError {
        FieldError { field, code: self.code, detail: format!("`{field}` {}.", self.reason) }
    }
}

impl From<InvalidValue> for Fault {
    fn from(invalid: InvalidValue) -> Self {
        let code = match invalid {
            InvalidValue::Malformed => FieldCode::Invalid,
            InvalidValue::TooShort { .. } => FieldCode::TooShort,
            InvalidValue::TooLong { .. } => FieldCode::TooLong,
        };
        Self::new(code, invalid.to_string())
    }
}

impl From<PasswordRefusal> for Fault {
    fn from(refusal: PasswordRefusal) -> Self {
        let code = match refusal {
            PasswordRefusal::TooShort { .. } => FieldCode::TooShort,
            PasswordRefusal::Common => FieldCode::CommonPassword,
            PasswordRefusal::ContainsIdentity => FieldCode::ContainsIdentity,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<Infallible> for Fault {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
