//! Cases of [`AccessTokens`].

use std::sync::Arc;
use std::time::Duration;

use portcullis_domain::ports::{
    AccessClaims, AccessToken, AccessTokenError, AccessTokens, AddedClaims, VerifiedAccessToken,
};
use portcullis_domain::{RoleName, Timestamp, User};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::steps::{HOUR, MINUTE, TICK};
use crate::FrozenClock;
use crate::fixtures::{permission, session, user};

/// Access tokens as the contract suite meets them.
///
/// Both have keys that sign and verify for an hour before [`FrozenClock::START`] and after it.
#[derive(Clone)]
pub struct AccessTokensSetup {
    /// Writes and reads access tokens.
    pub access_tokens: Arc<dyn AccessTokens>,
    /// Does so at another installation, which has keys of its own and else the same settings.
    pub elsewhere: Arc<dyn AccessTokens>,
}

/// A whole second: access tokens know no others.
const ISSUED_AT: Timestamp = FrozenClock::START;
const LIFETIME: Duration = Duration::from_mins(30);

/// The claims of token number `number`, issued at `moment`.
fn claims(number: u128, moment: Timestamp) -> AccessClaims {
    let ada = User { roles: vec![RoleName::admin(), RoleName::user()], ..user("ada@example.com") };
    AccessClaims {
        user_id: ada.id,
        session_id: session(ada.id).id,
        token_id: Uuid::from_u128(number).into(),
        issued_at: moment,
        expires_at: moment + LIFETIME,
        roles: ada.roles,
        permissions: vec![permission("reports:read"), permission("reports:write")],
        email_verified: true,
        added: AddedClaims::new(),
    }
}

impl AccessTokensSetup {
    async fn issue(&self, claims: &AccessClaims) -> AccessToken {
        self.access_tokens.issue(claims).await.expect("issue")
    }

    /// What the token proves at `now`; none when it does not count.
    async fn verify(&self, token: &str, now: Timestamp) -> Option<VerifiedAccessToken> {
        match self.access_tokens.verify(token, now).await {
            Ok(verified) => Some(verified),
            Err(AccessTokenError::Invalid) => None,
            Err(AccessTokenError::Storage(error)) => panic!("the keys can be read: {error:?}"),
        }
    }
}

/// A token proves whose it is, of which session, which one it is, and from when to when it counts.
pub async fn a_token_proves_what_it_was_issued_for(setup: &AccessTokensSetup) {
    for number in [0, 1, u128::MAX] {
        let claims = claims(number, ISSUED_AT);
        let wanted = VerifiedAccessToken {
            user_id: claims.user_id,
            session_id: claims.session_id,
            token_id: claims.token_id,
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
        };
        let token = setup.issue(&claims).await;
        for again in [false, true] {
            let verified = setup.verify(&token, ISSUED_AT).await;
            assert_eq!(verified, Some(wanted), "it says what its claims say (asked again: {again})");
        }
    }
}

/// A token counts up to the moment at which it expires, whether or not it was seen before.
pub async fn a_token_counts_until_it_expires(setup: &AccessTokensSetup) {
    let expires_at = ISSUED_AT + LIFETIME;
    let unseen = setup.issue(&claims(1, ISSUED_AT)).await;
    assert_eq!(setup.verify(&unseen, expires_at).await, None, "it expires unseen");
    let seen = setup.issue(&claims(2, ISSUED_AT)).await;
    for now in [ISSUED_AT, expires_at - TICK] {
        assert!(setup.verify(&seen, now).await.is_some(), "it counts to its last microsecond");
    }
    for now in [expires_at, expires_at + TICK, expires_at + HOUR / 4] {
        assert_eq!(setup.verify(&seen, now).await, None, "it expires, and is not remembered beyond that");
    }
}

/// A token from the future does not count yet, but for what the clocks of instances may differ by.
pub async fn a_token_issued_far_ahead_does_not_count_yet(setup: &AccessTokensSetup) {
    let ahead = ISSUED_AT + 5 * MINUTE;
    let token = setup.issue(&claims(1, ahead)).await;
    assert_eq!(setup.verify(&token, ISSUED_AT).await, None, "five minutes are more than clocks differ by");
    assert!(setup.verify(&token, ahead).await.is_some(), "its time comes");
}

/// Whatever character of a token is changed, it is not one that was issued.
pub async fn a_token_with_any_character_changed_is_refused(setup: &AccessTokensSetup) {
    let token = setup.issue(&claims(1, ISSUED_AT)).await;
    for (position, character) in token.char_indices() {
        let other = if character == 'A' { 'B' } else { 'A' };
        let rest = &token[position + character.len_utf8()..];
        let changed = format!("{}{other}{rest}", &token[..position]);
        assert_eq!(setup.verify(&changed, ISSUED_AT).await, None, "character {position} counts");
    }
}

/// A token counts as it was issued, to the letter, and in no other spelling.
pub async fn a_token_counts_in_one_spelling(setup: &AccessTokensSetup) {
    let token = setup.issue(&claims(1, ISSUED_AT)).await;
    let token = token.as_str();
    let spellings = [
        String::new(),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}\0"),
        format!("{token}="),
        format!("{token}."),
        format!("{token}A"),
        format!("Bearer {token}"),
        format!("{token}.{token}"),
        token[1..].to_owned(),
        token[..token.len() - 1].to_owned(),
        token.to_uppercase(),
    ];
    for spelling in spellings {
        assert_eq!(setup.verify(&spelling, ISSUED_AT).await, None, "{spelling:?} was never issued");
    }
    assert!(setup.verify(token, ISSUED_AT).await.is_some(), "the token itself still counts");
}

/// A token that another installation issued is worth nothing here.
pub async fn a_token_of_another_installation_is_refused(setup: &AccessTokensSetup) {
    let foreign = setup.elsewhere.issue(&claims(1, ISSUED_AT)).await.expect("issue");
    let at_home = setup.elsewhere.verify(&foreign, ISSUED_AT).await;
    assert!(at_home.is_ok(), "it counts where it was issued: {at_home:?}");
    assert_eq!(setup.verify(&foreign, ISSUED_AT).await, None, "it does not count here");
}

/// Tokens that are issued and verified at once are each their own.
pub async fn tokens_issued_at_once_are_told_apart(setup: &AccessTokensSetup) {
    let mut callers = JoinSet::new();
    for number in 0..50 {
        let setup = setup.clone();
        callers.spawn(async move {
            let claims = claims(number, ISSUED_AT);
            let token = setup.issue(&claims).await;
            tokio::task::yield_now().await;
            let verified = setup.verify(&token, ISSUED_AT).await.expect("it counts");
            assert_eq!(
                (verified.token_id, verified.user_id),
                (claims.token_id, claims.user_id),
                "everybody gets their own"
            );
        });
    }
    callers.join_all().await;
}

/// The keys that others verify tokens with are published without anything that signs.
pub async fn published_keys_have_no_private_part(setup: &AccessTokensSetup) {
    let published = setup.access_tokens.public_keys(ISSUED_AT).await.expect("public keys");
    assert!(published.contains("\"keys\""), "it is a JWK Set: {published}");
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert!(!published.contains(&format!("\"{member}\"")), "{member:?} is private (RFC 7518 §6)");
    }
}
