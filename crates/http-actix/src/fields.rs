//! Fields: what a request says, taken one by one, with everything that is wrong told at once.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::LazyLock;

use portcullis_domain::{
    Change, EmailAddress, Identity, InvalidId, InvalidValue, PageLimit, Password, PasswordPolicy,
    PasswordRefusal, RoleName, Timestamp,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::json::Json;
use crate::problem::{FieldCode, FieldError, Problem};

/// What is made from the fields of a request.
///
/// An implementation takes every field before it gives up on one, so that all faults are found:
///
/// ```
/// use portcullis_domain::{EmailAddress, Name};
/// use portcullis_http_actix::building_blocks::{Fields, FromFields};
///
/// struct Contact {
///     email: EmailAddress,
///     name: Option<Name>,
/// }
///
/// impl FromFields for Contact {
///     fn from_fields(fields: &mut Fields) -> Option<Self> {
///         let email = fields.required("email", EmailAddress::parse);
///         let name = fields.optional("name", Name::parse);
///         Some(Self { email: email?, name: name? })
///     }
/// }
///
/// let sent = vec![("name".to_owned(), "Ada".to_owned())];
/// let problem = Fields::of_form(sent).read::<Contact>().err().expect("there is no address");
/// assert_eq!(problem.errors()[0].field, "email");
/// ```
pub trait FromFields: Sized {
    /// None if and only if `fields` has noted a fault.
    fn from_fields(fields: &mut Fields) -> Option<Self>;
}

/// The fields of a request and the faults found in them so far.
#[derive(Default)]
pub struct Fields {
    values: Vec<(String, Json)>,
    faults: Vec<FieldError>,
    #[cfg(test)]
    asked_for: Vec<&'static str>,
}

/// What is wrong with a field.
pub struct Fault {
    code: FieldCode,
    /// Continues a sentence that the field's name begins.
    reason: String,
}

/// Makes a `T` of the value of a field. Most values are texts, and every function that reads one will do.
pub trait Parse<T> {
    /// # Errors
    ///
    /// What is wrong with the value.
    fn parse(self, value: &Json) -> Result<T, Fault>;
}

impl<F, T, E> Parse<T> for F
where
    F: FnOnce(&str) -> Result<T, E>,
    E: Into<Fault>,
{
    fn parse(self, value: &Json) -> Result<T, Fault> {
        match value {
            Json::Text(text) => self(text).map_err(Into::into),
            _ => Err(Fault::new(FieldCode::Invalid, "has to be one string")),
        }
    }
}

/// Reads `true` or `false`.
pub struct Flag;

impl Parse<bool> for Flag {
    fn parse(self, value: &Json) -> Result<bool, Fault> {
        match value {
            Json::Flag(flag) => Ok(*flag),
            _ => Err(Fault::new(FieldCode::Invalid, "has to be true or false")),
        }
    }
}

/// Reads a list of texts, each of them in this way; one that is named twice counts once.
pub struct Each<F>(pub F);

impl<F, T, E> Parse<BTreeSet<T>> for Each<F>
where
    F: Fn(&str) -> Result<T, E>,
    T: Ord,
    E: Into<Fault>,
{
    fn parse(self, value: &Json) -> Result<BTreeSet<T>, Fault> {
        let of_strings = || Fault::new(FieldCode::Invalid, "has to be a list of strings");
        let Json::List(items) = value else { return Err(of_strings()) };
        let item = |item: &Json| match item {
            Json::Text(text) => (self.0)(text).map_err(Into::into),
            _ => Err(of_strings()),
        };
        items.iter().map(item).collect()
    }
}

impl Fields {
    /// The members of a JSON object; unknown ones are ignored.
    pub(crate) fn of_object(members: Vec<(String, Json)>) -> Self {
        Self { values: members, ..Self::default() }
    }

    /// The parameters of a query; one that is given twice is invalid to whoever reads it.
    #[must_use]
    pub fn of_query(pairs: Vec<(String, String)>) -> Self {
        let mut fields = Self::default();
        // There is room for thousands of names in a request: to look for each among all would take a second.
        let mut places: HashMap<_, usize> = HashMap::with_capacity(pairs.len());
        for (name, value) in pairs {
            match places.entry(name) {
                Entry::Occupied(place) => fields.values[*place.get()].1 = Json::Other,
                Entry::Vacant(place) => {
                    let value = Json::Text(Zeroizing::new(value));
                    fields.values.push((place.key().clone(), value));
                    place.insert(fields.values.len() - 1);
                }
            }
        }
        fields
    }

    /// The fields of a form that a browser sends: it leaves none out, so an empty one is null.
    #[must_use]
    pub fn of_form(pairs: Vec<(String, String)>) -> Self {
        let mut fields = Self::of_query(pairs);
        for (_, value) in &mut fields.values {
            if matches!(value, Json::Text(text) if text.is_empty()) {
                *value = Json::Null;
            }
        }
        fields
    }

    /// Makes a `T` of them.
    ///
    /// # Errors
    ///
    /// 422 with every fault.
    pub fn read<T: FromFields>(mut self) -> Result<T, Problem> {
        T::from_fields(&mut self)
            .filter(|_| self.faults.is_empty())
            .ok_or_else(|| Problem::validation_failed(self.faults))
    }

    /// A field that has to be there.
    pub fn required<T>(&mut self, name: &'static str, parse: impl Parse<T>) -> Option<T> {
        match self.take(name) {
            None | Some(Json::Null) => self.refuse(name, Fault::new(FieldCode::Required, "is required")),
            Some(value) => self.parsed(name, &value, parse),
        }
    }

    /// A field that may be absent or null.
    pub fn optional<T>(&mut self, name: &'static str, parse: impl Parse<T>) -> Option<Option<T>> {
        match self.take(name) {
            None | Some(Json::Null) => Some(None),
            Some(value) => self.parsed(name, &value, parse).map(Some),
        }
    }

    /// A field of a change: absent keeps what there is, null clears it.
    pub fn change<T>(&mut self, name: &'static str, parse: impl Parse<T>) -> Option<Change<T>> {
        match self.take(name) {
            None => Some(Change::Keep),
            Some(Json::Null) => Some(Change::Clear),
            Some(value) => self.parsed(name, &value, parse).map(Change::Set),
        }
    }

    /// A field of a change that cannot be cleared: absent keeps what there is.
    pub fn replacement<T>(&mut self, name: &'static str, parse: impl Parse<T>) -> Option<Option<T>> {
        match self.take(name) {
            None => Some(None),
            Some(Json::Null) => self.refuse(name, Fault::new(FieldCode::Required, "cannot be cleared")),
            Some(value) => self.parsed(name, &value, parse).map(Some),
        }
    }

    /// Notes that a field is not valid.
    pub fn refuse<T>(&mut self, name: &'static str, fault: Fault) -> Option<T> {
        self.faults.push(fault.of(name));
        None
    }

    fn take(&mut self, name: &'static str) -> Option<Json> {
        #[cfg(test)]
        self.asked_for.push(name);
        let position = self.values.iter().position(|(known, _)| known == name)?;
        Some(self.values.swap_remove(position).1)
    }

    fn parsed<T>(&mut self, name: &'static str, value: &Json, parse: impl Parse<T>) -> Option<T> {
        match parse.parse(value) {
            Ok(parsed) => Some(parsed),
            Err(fault) => self.refuse(name, fault),
        }
    }
}

/// A text that stands for itself, whatever it is.
///
/// # Errors
///
/// None.
#[must_use]
pub fn verbatim(text: &str) -> Result<Zeroizing<String>, Infallible> {
    Ok(Zeroizing::new(text.to_owned()))
}

/// A switch in a query.
///
/// # Errors
///
/// What is wrong with it.
pub fn flag(text: &str) -> Result<bool, Fault> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::new(FieldCode::Invalid, "has to be true or false")),
    }
}

/// How many items a page has at most.
///
/// # Errors
///
/// What is wrong with it.
pub fn page_limit(text: &str) -> Result<PageLimit, Fault> {
    let is_number = text.bytes().all(|octet| octet.is_ascii_digit());
    let limit = text.parse().ok().filter(|_| is_number).and_then(PageLimit::new);
    limit.ok_or_else(|| {
        Fault::new(FieldCode::Invalid, format!("has to be a number from 1 to {}", PageLimit::MAX))
    })
}

/// A moment as RFC 3339 writes it, in any time zone.
///
/// # Errors
///
/// What is wrong with it.
pub fn moment(text: &str) -> Result<Timestamp, Fault> {
    OffsetDateTime::parse(text, &Rfc3339)
        .map(Timestamp::from)
        .map_err(|_| Fault::new(FieldCode::Invalid, "has to be a moment of RFC 3339"))
}

/// The name of a role. What cannot be one is answered like a name that no role has; whether one has it, the use case
/// finds out.
///
/// # Errors
///
/// What is wrong with it.
pub fn role_name(text: &str) -> Result<RoleName, Fault> {
    RoleName::parse(text).map_err(|_| Fault::unknown_role())
}

/// A password that somebody wants to have. Whether it is good enough is decided once it is known for whom; one
/// that the most lenient policy lets nobody have is refused here, together with what else is wrong.
///
/// # Errors
///
/// What is wrong with it.
pub fn new_password(text: &str) -> Result<Password, Fault> {
    static ANYBODY: LazyLock<EmailAddress> =
        LazyLock::new(|| EmailAddress::parse("a@a.aa").expect("it is an address"));
    let password = Password::parse(text)?;
    let anybody = Identity { email: &ANYBODY, username: None, names: [None; 3] };
    match PasswordPolicy::default().accept(password.clone(), &anybody) {
        Ok(_) | Err(PasswordRefusal::ContainsIdentity) => Ok(password),
        Err(
            refusal
            @ (PasswordRefusal::TooShort { .. } | PasswordRefusal::Common | PasswordRefusal::Breached),
        ) => Err(refusal.into()),
    }
}

/// A password that somebody claims to have; none when it is longer than any password is.
///
/// # Errors
///
/// None.
#[must_use]
pub fn claimed_password(text: &str) -> Result<Option<Password>, Infallible> {
    Ok(Password::parse(text).ok())
}

impl Fault {
    /// A fault whose `reason` continues a sentence that the field's name begins.
    #[must_use]
    pub fn new(code: FieldCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// There is no role of this name.
    #[must_use]
    pub fn unknown_role() -> Self {
        Self::new(FieldCode::Unknown, "names a role that does not exist")
    }

    /// The fault as that of a field.
    #[must_use]
    pub fn of(self, field: &'static str) -> FieldError {
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

impl From<InvalidId> for Fault {
    fn from(invalid: InvalidId) -> Self {
        Self::new(FieldCode::Invalid, invalid.to_string())
    }
}

impl From<PasswordRefusal> for Fault {
    fn from(refusal: PasswordRefusal) -> Self {
        let code = match refusal {
            PasswordRefusal::TooShort { .. } => FieldCode::TooShort,
            PasswordRefusal::Common | PasswordRefusal::Breached => FieldCode::CommonPassword,
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

#[cfg(test)]
impl Fields {
    /// The fields that a `T` is made from: all of them, and those that have to be there.
    pub(crate) fn of<T: FromFields>() -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
        let mut nothing = Self::default();
        T::from_fields(&mut nothing);
        let all = nothing.asked_for.into_iter().collect();
        (all, nothing.faults.into_iter().map(|fault| fault.field).collect())
    }
}
