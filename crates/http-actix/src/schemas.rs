//! The schemas of values that requests carry: what the document says of them is exactly what is accepted, as
//! far as JSON Schema can say it.

use portcullis_domain::{EmailAddress, OneTimeCode, Password, PasswordPolicy};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Object, ObjectBuilder};

/// Characters that hide or reorder the others; joiners are not among them.
macro_rules! deceptive {
    () => {
        r"\u0000-\u001F\u007F-\u009F\u00AD\u034F\u061C\u115F\u1160\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF0-\uFFFB"
    };
}

/// White space, then a name between two visible characters, then white space.
const NAME_PATTERN: &str =
    concat!(r"^\s*[^\s", deceptive!(), r"](?:[^", deceptive!(), r"]*[^\s", deceptive!(), r"])?\s*$");

const USERNAME_PATTERN: &str = "^[a-zA-Z][a-zA-Z0-9._-]*$";

/// One address.
pub(crate) fn email() -> Object {
    text("One address; white space around it is ignored.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
        .max_length(Some(EmailAddress::MAX_OCTETS))
        .examples(["ada@example.com"])
        .build()
}

/// A password that somebody wants to have.
pub(crate) fn new_password() -> Object {
    let description = "At least 8 Unicode characters after NFKC, more where the installation asks for it, and at most \
        128. Neither a common password nor one that contains the e-mail address, the username or a name.";
    text(description)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .min_length(Some(PasswordPolicy::LOWEST_MINIMUM))
        .max_length(Some(Password::MAX_CHARACTERS))
        .examples(["correct horse battery"])
        .build()
}

/// A new password once more.
pub(crate) fn repeated_password() -> Object {
    optional("The same password again, for forms that ask twice.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .examples(["correct horse battery"])
        .build()
}

/// A password that somebody claims to have.
pub(crate) fn claimed_password() -> Object {
    text("The password of the account.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .examples(["correct horse battery"])
        .build()
}

/// A name to sign in with, if any.
pub(crate) fn username() -> Object {
    optional("A name to sign in with, unique regardless of case.")
        .min_length(Some(3))
        .max_length(Some(32))
        .pattern(Some(USERNAME_PATTERN))
        .examples(["ada"])
        .build()
}

/// What a person is called as a whole, if anything.
pub(crate) fn name() -> Object {
    personal_name("The whole name, or a nickname; white space around it is ignored.", "Ada Lovelace")
}

/// What a person is called by friends, if anything.
pub(crate) fn first_name() -> Object {
    personal_name("The given name; white space around it is ignored.", "Ada")
}

/// What a person's family is called, if anything.
pub(crate) fn last_name() -> Object {
    personal_name("The family name; white space around it is ignored.", "Lovelace")
}

/// The six digits of a mail. Anything else counts as a wrong code, so no pattern is given.
pub(crate) fn code() -> Object {
    let example = "123456";
    debug_assert!(OneTimeCode::parse(example).is_some());
    text("The six digits of the mail.").examples([example]).build()
}

/// The secret of a mailed link. Anything else counts as an expired one.
pub(crate) fn link_token() -> Object {
    text("The secret of the link.").examples(["c2l4dHktZml2ZS1jaGFyYWN0ZXJzLW9mLWJhc2U2NHVybA"]).build()
}

/// A refresh token.
pub(crate) fn refresh_token() -> Object {
    text("The refresh token of the last login or refresh.").examples([REFRESH_TOKEN]).build()
}

/// A refresh token, if any.
pub(crate) fn optional_refresh_token() -> Object {
    let description = "A refresh token of the session to end; that of the call itself if left out.";
    optional(description).examples([REFRESH_TOKEN]).build()
}

const REFRESH_TOKEN: &str = "AZypRQoAdcKGjrWEfcM02AAAAAABpgjIzJBJYTdVxDJUaWE68B_JWcLIlJHNmvdAkm_3Hg";

fn personal_name(description: &str, example: &str) -> Object {
    optional(description)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some(NAME_PATTERN))
        .examples([example])
        .build()
}

fn text(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).description(Some(description))
}

/// A text, or null, which means the same as to leave it out.
fn optional(description: &str) -> ObjectBuilder {
    text(description).schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}
