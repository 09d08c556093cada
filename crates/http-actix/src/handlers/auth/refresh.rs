use actix_web::{HttpRequest, HttpResponse, web};
use portcullis_domain::use_cases::{RefreshError, UseCases};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::authenticated::Bearer;
use crate::body::OptionalBody;
use crate::client::ClientOf;
use crate::dto::TokensDto;
use crate::fields::{self, Fields, FromFields};
use crate::problem::{Answers, Code, Problem, Problems};
use crate::schemas;

/// A refresh token to be exchanged.
#[derive(ToSchema)]
pub(crate) struct RefreshRequest {
    #[schema(schema_with = schemas::refresh_token)]
    refresh_token: Zeroizing<String>,
}

impl FromFields for RefreshRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let refresh_token = fields.required("refresh_token", fields::verbatim);
        Some(Self { refresh_token: refresh_token? })
    }
}

/// Exchanges a refresh token for the next pair of tokens
///
/// The refresh token is given in the body, or as Bearer without a body. It is spent: to use it again ends the
/// session, except that within 10 seconds (unless configured) the last one spent gets the same successor again.
#[utoipa::path(
    post,
    path = "/api/v1/auth/refresh",
    tag = "Sessions",
    request_body = Option<RefreshRequest>,
    responses((status = 200, description = "The next pair of tokens.", body = TokensDto), Problems<NotRefreshed>)
)]
pub(crate) async fn refresh(
    request: HttpRequest,
    OptionalBody(given): OptionalBody<RefreshRequest>,
    ClientOf(client): ClientOf,
    use_cases: web::Data<UseCases>,
) -> Result<HttpResponse, Problem> {
    let refresh_token = match (&given, Bearer::of(&request)) {
        (Some(given), _) => given.refresh_token.as_str(),
        (None, Bearer::Token(token)) => token,
        (None, Bearer::Unusable) => return Err(NotRefreshed::Refused(RefreshError::Invalid).into()),
        (None, Bearer::Absent) => return Err(NotRefreshed::NothingSent.into()),
    };
    let tokens = use_cases.refresh.refresh(refresh_token, client).await.map_err(NotRefreshed::Refused)?;
    Ok(HttpResponse::Ok().json(TokensDto::from(&tokens)))
}

/// Why no tokens are given.
enum NotRefreshed {
    /// Neither a body nor a Bearer.
    NothingSent,
    Refused(RefreshError),
}

impl From<NotRefreshed> for Problem {
    fn from(reason: NotRefreshed) -> Self {
        match reason {
            NotRefreshed::NothingSent => Self::new(Code::Unauthenticated)
                .with_detail("This call needs a refresh token, in the body or as Bearer."),
            NotRefreshed::Refused(error) => error.into(),
        }
    }
}

impl Answers for NotRefreshed {
    const CODES: &'static [Code] = &[Code::Unauthenticated, Code::InvalidRefreshToken];
}
