//! The schemas of values that requests carry: what the document says of them is exactly what is accepted, as
//! far as JSON Schema can say it. Names that are one of a few are the same in answers.

use portcullis_domain::{EmailAddress, Password, PasswordPolicy};
use utoipa::openapi::schema::{ArrayItems, KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Array, ArrayBuilder, Object, ObjectBuilder};

/// Characters that hide or reorder the others, but for joiners. Those past U+FFFF stand for themselves: the dialects
/// of regular expressions do not agree on how else to write them.
macro_rules! deceptive {
    () => {
        concat!(
            r"\u0000-\u001F\u007F-\u009F\u00AD\u034F\u061C\u115F\u1160\u180E\u200B\u200E\u200F\u2028-\u202E",
            r"\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF0-\uFFFB",
            "\u{E0000}-\u{E0FFF}"
        )
    };
}

/// Characters that join and shape those beside them.
macro_rules! joining {
    () => {
        r"\u200C\u200D\uFE00-\uFE0F"
    };
}

/// White space, then what stands between two visible characters, then white space.
macro_rules! text_without {
    ($forbidden:expr) => {
        concat!(r"^\s*[^\s", $forbidden, r"](?:[^", $forbidden, r"]*[^\s", $forbidden, r"])?\s*$")
    };
}

const NAME_PATTERN: &str = text_without!(deceptive!());

const DESCRIPTION_PATTERN: &str = text_without!(concat!(deceptive!(), joining!()));

const USERNAME_PATTERN: &str = "^[a-zA-Z][a-zA-Z0-9._-]*$";

const ROLE_NAME_PATTERN: &str = "^[a-z0-9_-]*$";

const PERMISSION_PATTERN: &str = "^[a-z0-9_-]{1,32}:[a-z0-9_-]{1,32}$";

/// One address.
pub(crate) fn email() -> Object {
    text("One address; white space around it is ignored.")
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
        .max_length(Some(EmailAddress::MAX_OCTETS))
        .examples(["ada@example.com"])
        .build()
}

const NEW_PASSWORD: &str = "At least 8 Unicode characters after NFKC, more where the installation asks for it, and at most 128. \
    Neither a common password nor one that contains the e-mail address, the username or a name.";

/// A password that somebody wants to have.
pub(crate) fn new_password() -> Object {
    password_to_be(text(NEW_PASSWORD))
}

/// A password for somebody else, or none, so that they are invited to set it.
pub(crate) fn optional_new_password() -> Object {
    password_to_be(optional(NEW_PASSWORD))
}

fn password_to_be(schema: ObjectBuilder) -> Object {
    schema
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

/// What somebody says the address of their account is. Whatever names no account is answered alike.
pub(crate) fn claimed_email() -> Object {
    text("The address of the account.").examples(["ada@example.com"]).build()
}

/// What somebody says the username of their account is. Whatever names no account is answered alike.
pub(crate) fn claimed_username() -> Object {
    text("The username of the account.").examples(["ada"]).build()
}

/// A field that must not be given.
pub(crate) fn nothing() -> Object {
    Object::with_type(Type::Null)
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

/// What a role is called.
pub(crate) fn role_name() -> Object {
    text("A name that no other role has.")
        .min_length(Some(2))
        .max_length(Some(64))
        .pattern(Some(ROLE_NAME_PATTERN))
        .examples(["analyst"])
        .build()
}

/// What a role is for, if that is said.
pub(crate) fn role_description() -> Object {
    optional("What the role is for; white space around it is ignored.")
        .min_length(Some(1))
        .max_length(Some(500))
        .pattern(Some(DESCRIPTION_PATTERN))
        .examples(["Reads the reports"])
        .build()
}

/// All that the holders of a role may do.
pub(crate) fn optional_permissions() -> Array {
    let permission = text("`noun:verb`.").pattern(Some(PERMISSION_PATTERN)).examples(["reports:read"]);
    let schema_type = SchemaType::from_iter([Type::Array, Type::Null]);
    list("All that the holders of the role may do.", schema_type, permission.build())
}

/// Which roles somebody gets, if any.
pub(crate) fn optional_role_names() -> Array {
    let name = text("The name of a role.").examples(["analyst"]).build();
    let description = "The names of roles to hold, besides `user`, which every account gets.";
    list(description, SchemaType::from_iter([Type::Array, Type::Null]), name)
}

fn list(description: &str, schema_type: SchemaType, item: Object) -> Array {
    ArrayBuilder::new()
        .schema_type(schema_type)
        .description(Some(description))
        .items(ArrayItems::RefOrSchema(Box::new(item.into())))
        .build()
}

/// A token of either kind. Anything else is good for nothing.
pub(crate) fn any_token() -> Object {
    text("An access token or a refresh token.").examples([REFRESH_TOKEN]).build()
}

/// The six digits of a mail. Anything else counts as a wrong code, so no pattern is given.
pub(crate) fn code() -> Object {
    text("The six digits of the mail.").examples(["123456"]).build()
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

/// `true`, by which an object is told from its alternative.
pub(crate) fn always_true() -> Object {
    always(true)
}

/// `false`, by which an object is told from its alternative.
pub(crate) fn always_false() -> Object {
    always(false)
}

fn always(flag: bool) -> Object {
    let schema = ObjectBuilder::new().schema_type(SchemaType::new(Type::Boolean));
    schema.description(Some(format!("Always {flag}."))).enum_values(Some([flag])).build()
}

/// One of these names.
pub(crate) fn names(description: &str, names: impl IntoIterator<Item = &'static str>) -> Object {
    text(description).enum_values(Some(names)).build()
}

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

#[cfg(test)]
mod tests {
    use portcullis_domain::{Name, Permission, RoleDescription, RoleName, Username};

    use super::*;

    /// The example and the lengths of a schema, as the parser sees them.
    fn check(schema: &Object, parse: impl Fn(&str) -> bool) {
        let example = schema.examples[0].as_str().unwrap();
        assert!(parse(example), "{example}");
        let (least, most) = (schema.min_length.unwrap_or(1), schema.max_length.unwrap());
        assert!(parse(&"x".repeat(least)), "the shortest");
        assert!(!parse(&"x".repeat(least - 1)), "shorter");
        assert!(parse(&"x".repeat(most)), "the longest");
        assert!(!parse(&"x".repeat(most + 1)), "longer");
    }

    #[test]
    fn schemas_say_what_is_accepted() {
        for schema in [name(), first_name(), last_name()] {
            check(&schema, |text| Name::parse(text).is_ok());
        }
        check(&username(), |text| Username::parse(text).is_ok());
        check(&role_name(), |text| RoleName::parse(text).is_ok());
        check(&role_description(), |text| RoleDescription::parse(text).is_ok());
        let ArrayItems::RefOrSchema(permission) = optional_permissions().items else { panic!("one schema") };
        let permission = serde_json::to_value(permission).unwrap();
        assert!(Permission::parse(permission["examples"][0].as_str().unwrap()).is_ok());
    }

    /// Whether a schema and a parser agree on a text.
    fn compare(schema: &Object, parse: impl Fn(&str) -> bool) {
        let pattern = regex::Regex::new(schema.pattern.as_deref().unwrap()).unwrap();
        for character in '\0'..=char::MAX {
            for text in [format!("x{character}x"), format!("{character}x"), format!("x{character}")] {
                assert_eq!(pattern.is_match(&text), parse(&text), "{character:?} in {text:?}");
            }
        }
    }

    #[test]
    fn patterns_allow_the_characters_that_are_accepted_and_no_others() {
        compare(&name(), |text| Name::parse(text).is_ok());
        compare(&role_description(), |text| RoleDescription::parse(text).is_ok());
    }

    #[test]
    fn the_longest_address_is_accepted_and_no_longer_one() {
        let most = email().max_length.unwrap();
        let address = |octets: usize| {
            let domain =
                ["x".repeat(63), "y".repeat(63), "z".repeat(octets - 64 - 1 - 128 - 4), "com".to_owned()];
            format!("{}@{}", "a".repeat(64), domain.join("."))
        };
        assert_eq!(address(most).len(), most);
        assert!(EmailAddress::parse(&address(most)).is_ok());
        assert!(EmailAddress::parse(&address(most + 1)).is_err());
        let schema = email();
        assert!(EmailAddress::parse(schema.examples[0].as_str().unwrap()).is_ok());
    }
}
