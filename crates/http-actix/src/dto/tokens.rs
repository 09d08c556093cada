use portcullis_domain::use_cases::Tokens;
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What a client gets to act for a session.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensDto<'a> {
    /// A JWT (RFC 9068), sent with each call as `Authorization: Bearer …`.
    #[schema(examples("eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTljYTBmNCJ9.c2lnbmF0dXJl"))]
    access_token: &'a str,
    /// Exchanged for the next pair of tokens, once. Opaque.
    #[schema(examples("AZypRQoAdcKGjrWEfcM02AAAAAABpgjIzJBJYTdVxDJUaWE68B_JWcLIlJHNmvdAkm_3Hg"))]
    refresh_token: &'a str,
    token_type: TokenType,
    /// How many seconds the access token lives.
    #[schema(examples(1800))]
    expires_in: u64,
    /// How many seconds the refresh token lives.
    #[schema(examples(2_592_000))]
    refresh_expires_in: u64,
}

/// How access tokens are sent (RFC 6750).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenType {
    /// As they are.
    Bearer,
}

impl<'a> From<&'a Tokens> for TokensDto<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        Self {
            access_token: &tokens.access_token,
            refresh_token: &tokens.refresh_token,
            token_type: TokenType::Bearer,
            expires_in: tokens.expires_in.as_secs(),
            refresh_expires_in: tokens.refresh_expires_in.as_secs(),
        }
    }
}

/// Tokens to the document where an answer may lack them: the same members, none of them required.
pub(crate) enum OptionalTokens {}

impl ToSchema for OptionalTokens {}

impl PartialSchema for OptionalTokens {
    fn schema() -> RefOr<Schema> {
        let mut schema = TokensDto::schema();
        if let RefOr::T(Schema::Object(tokens)) = &mut schema {
            tokens.required.clear();
        }
        schema
    }
}
