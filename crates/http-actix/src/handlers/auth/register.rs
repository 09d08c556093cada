use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use portcullis_domain::use_cases::{RegisterCommand, RegisterError, Registered, UseCases};
use portcullis_domain::{EmailAddress, Name, Password, ProfileNames, Username};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Body;
use crate::client::ClientOf;
use crate::dto::{MessageDto, OptionalTokens, TokensDto, UserDto};
use crate::fields::{self, Fields, FromFields};
use crate::locale::PreferredLocale;
use crate::mount_point::MountPoint;
use crate::problem::{Problem, Problems};
use crate::rate_limit::MailPace;
use crate::schemas;

/// What somebody gives to register.
#[derive(ToSchema)]
pub(crate) struct RegisterRequest {
    #[schema(schema_with = schemas::email)]
    email: EmailAddress,
    #[schema(schema_with = schemas::new_password)]
    password: Password,
    #[schema(schema_with = schemas::username, required = false)]
    username: Option<Username>,
    #[schema(schema_with = schemas::name, required = false)]
    name: Option<Name>,
    #[schema(schema_with = schemas::first_name, required = false)]
    first_name: Option<Name>,
    #[schema(schema_with = schemas::last_name, required = false)]
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

/// The new user; with tokens as of a login where an address need not be verified before one.
#[derive(Serialize, ToSchema)]
#[schema(as = Registered)]
struct RegisteredDto<'a> {
    #[serde(flatten)]
    user: UserDto<'a>,
    #[serde(flatten)]
    message: MessageDto,
    #[serde(flatten)]
    #[schema(value_type = OptionalTokens)]
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
    mount_point: MountPoint,
    pace: MailPace,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let RegisterRequest { email, password, username, name, first_name, last_name } = request;
    let profile = ProfileNames { name, first_name, last_name };
    let command = RegisterCommand { email, password, username, profile, locale, client };
    Ok(match pace.register(use_cases, command).await? {
        Registered::Created { user, tokens } => HttpResponse::Created()
            .insert_header((header::LOCATION, format!("{mount_point}/api/v1/users/{}", user.id)))
            .json(RegisteredDto {
                user: user.as_ref().into(),
                message: MessageDto {
                    message: "The account has been created. A mail that verifies the e-mail address is on its way.",
                },
                tokens: tokens.as_ref().map(Into::into),
            }),
        Registered::Pending => pending(),
    })
}

fn pending() -> HttpResponse {
    MessageDto::respond(
        StatusCode::ACCEPTED,
        "The registration has been received. A mail that tells how to go on is on its way.",
    )
}
