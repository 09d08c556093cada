use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{RegisterCommand, RegisterError, Registered, UseCases};
use portcullis_domain::{EmailAddress, Name, Password, ProfileNames, Username};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Body;
use crate::client::ClientOf;
use crate::dto::{MessageDto, TokensDto, UserDto};
use crate::fields::{self, Fields, FromFields};
use crate::locale::PreferredLocale;
use crate::problem::{Problem, Problems};

/// What somebody gives to register.
#[derive(ToSchema)]
pub(crate) struct RegisterRequest {
    /// One address; white space around it is ignored.
    #[schema(value_type = String, format = Email, max_length = 254, examples("ada@example.com"))]
    email: EmailAddress,
    /// 8 to 128 Unicode characters after NFKC; more than 8 where the installation asks for it. Neither a
    /// common one nor one that contains the e-mail address, the username or a name.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128, examples("correct horse battery"))]
    password: Password,
    /// A name to sign in with, unique regardless of case.
    #[schema(value_type = Option<String>, min_length = 3, max_length = 32, pattern = "^[a-zA-Z][a-zA-Z0-9._-]*$", examples("ada"))]
    username: Option<Username>,
    /// The whole name, or a nickname; white space around it is ignored.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255, examples("Ada Lovelace"))]
    name: Option<Name>,
    /// The given name; white space around it is ignored.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255, examples("Ada"))]
    first_name: Option<Name>,
    /// The family name; white space around it is ignored.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255, examples("Lovelace"))]
    last_name: Option<Name>,
}

impl FromFields for RegisterRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", EmailAddress::parse);
        let password = fields.required("password", fields::new_password);
        let username = fields.optional("username", Username::parse);
        let name = fields.optional("name", Name::parse);
        let first_name = fields.optional("first_name", Name::parse);
        let last_name = fields.optional("last_name", Name::parse);
        Some(Self {
            email: email?,
            password: password?,
            username: username?,
            name: name?,
            first_name: first_name?,
            last_name: last_name?,
        })
    }
}

/// The new user, with their tokens where an address need not be verified before a login.
#[derive(Serialize, ToSchema)]
#[schema(as = Registered)]
struct RegisteredDto<'a> {
    #[serde(flatten)]
    user: UserDto<'a>,
    #[serde(flatten)]
    message: MessageDto,
    #[serde(flatten)]
    tokens: Option<TokensDto<'a>>,
}

/// Registers an account
///
/// A mail to the address brings a link and a code that verify it. Where the installation keeps to itself who
/// has an account, the answer is 202, the same for a free and a taken address.
#[utoipa::path(
    post,
    path = "/api/v1/auth/register",
    tag = "Accounts",
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "The account is there.", body = RegisteredDto,
            headers(("Location" = String, description = "Where the user is found."))),
        (status = 202, description = "Whoever reads mails to the address hears more.", body = MessageDto),
        Problems<RegisterError>,
    )
)]
pub(crate) async fn register(
    Body(request): Body<RegisterRequest>,
    PreferredLocale(locale): PreferredLocale,
    ClientOf(client): ClientOf,
    domain: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let RegisterRequest { email, password, username, name, first_name, last_name } = request;
    let profile = ProfileNames { name, first_name, last_name };
    let command = RegisterCommand { email, password, username, profile, locale, client };
    Ok(match domain.register.register(command).await? {
        Registered::Created { user, tokens } => HttpResponse::Created()
            .insert_header((header::LOCATION, format!("/api/v1/users/{}", user.id)))
            .json(RegisteredDto {
                user: user.as_ref().into(),
                message: MessageDto {
                    message: "The account has been created. A mail that verifies the e-mail address is on its way.",
                },
                tokens: tokens.as_ref().map(Into::into),
            }),
        Registered::Pending => MessageDto::respond(
            StatusCode::ACCEPTED,
            "The registration has been received. A mail that tells how to go on is on its way.",
        ),
    })
}
