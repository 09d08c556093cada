use portcullis_domain::{CodeDigests, Generation, OneTimeCode, RefreshToken, RefreshTokens, SessionId};
use portcullis_testkit::fixtures;
use uuid::Uuid;

use crate::calls::{self, Calls};

/// Writes a refresh token, with its MAC.
pub(crate) fn write_refresh_token() -> Calls {
    let (tokens, token) = (refresh_tokens(), refresh_token());
    calls::alike(move || tokens.write(token))
}

/// Reads a refresh token and checks its MAC.
pub(crate) fn read_refresh_token() -> Calls {
    let tokens = refresh_tokens();
    let text = tokens.write(refresh_token());
    calls::alike(move || tokens.read(&text).expect("it was written here"))
}

/// Digests the code of a mail, as it is stored.
pub(crate) fn digest_code() -> Calls {
    let digests = CodeDigests::new(&fixtures::secret_key());
    let address = fixtures::email("ada@example.com");
    let code = OneTimeCode::parse("123456").expect("six digits");
    calls::alike(move || digests.digest(&address, &code))
}

fn refresh_tokens() -> RefreshTokens {
    RefreshTokens::new(&fixtures::secret_key())
}

fn refresh_token() -> RefreshToken {
    RefreshToken { session: SessionId::from(Uuid::from_u128(2)), generation: Generation::new(47) }
}
