//! Access tokens that were not issued are not accepted (S30 to S32).

use serde_json::{Value, json};

use crate::access_token::{AccessToken, Stranger, mistakable_for_secrets};
use crate::api::{CHECK, KEYS, ME};
use crate::ground::Ground;
use crate::outcome::{Finding, ensure};

/// A token that must be refused, and what is wrong with it.
struct Forgery {
    what: String,
    token: String,
}

impl Forgery {
    fn new(what: impl Into<String>, token: String) -> Self {
        Self { what: what.into(), token }
    }
}

/// Holds if none of them is accepted, and the genuine one is, before and after.
async fn ensure_refused(ground: &Ground<'_>, genuine: &str, forgeries: &[Forgery]) -> Finding {
    let accepted = async || ground.service.get_as(genuine, ME).await?.json(200);
    accepted().await?;
    for Forgery { what, token } in forgeries {
        for path in [ME, CHECK] {
            let answer = ground.service.get_as(token, path).await?;
            ensure(answer.status == 401, || format!("{what}: {}", answer.instead_of("401")))?;
        }
    }
    accepted().await?;
    Ok(format!("{} forgeries, all 401", forgeries.len()))
}

pub(super) async fn forged_headers(ground: &Ground<'_>) -> Finding {
    let (_, session) = ground.accounts.make_signed_in().await?;
    let token = AccessToken::take_apart(&session.access_token)?;
    let mut forgeries = without_signature(&token);
    forgeries.extend(with_a_key_brought_along(&token));
    for key in ground.service.get(KEYS).await?.json(200)?["keys"].as_array().into_iter().flatten() {
        let header = token.header_with("kid", key["kid"].clone());
        let forged = |secret: Vec<u8>| token.authenticated_with(&header, &secret);
        let forged = mistakable_for_secrets(key).into_iter().map(forged);
        forgeries.extend(forged.map(|token| Forgery::new("HS256 with a public key as the secret", token)));
    }
    for (kid, secret) in [("../../../../../../dev/null", ""), ("x' UNION SELECT 'secret' -- ", "secret")] {
        let header = token.header_with("kid", json!(kid));
        let forged = token.authenticated_with(&header, secret.as_bytes());
        forgeries.push(Forgery::new(format!("HS256 with the key {kid}"), forged));
    }
    ensure_refused(ground, &session.access_token, &forgeries).await
}

fn without_signature(token: &AccessToken) -> Vec<Forgery> {
    let mut forgeries = Vec::new();
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let header = token.header_with("alg", json!(algorithm));
        let what = format!("alg {algorithm:?}");
        forgeries.push(Forgery::new(format!("{what} without a signature"), token.unsigned(&header)));
        forgeries.push(Forgery::new(format!("{what} with the old one"), token.under(&header)));
    }
    forgeries.push(Forgery::new("no signature", token.unsigned(&token.header)));
    for (member, value) in [
        ("alg", json!("HS256")),
        ("alg", json!("PS512")),
        ("kid", json!("unknown")),
        ("typ", json!("JWT")),
        ("crit", json!(["exp"])),
    ] {
        let what = format!("{member} {value} with the old signature");
        forgeries.push(Forgery::new(what, token.under(&token.header_with(member, value))));
    }
    forgeries
}

/// Signed in earnest, by somebody whose key the header offers or points to.
fn with_a_key_brought_along(token: &AccessToken) -> Vec<Forgery> {
    let stranger = Stranger::new();
    let key = stranger.public_key();
    let place = "https://portcullis-verify.invalid/keys";
    let mut forgeries = Vec::new();
    for (member, value) in [
        ("jwk", key),
        ("jku", json!(place)),
        ("x5u", json!(place)),
        ("x5c", json!(["AAAA"])),
        ("kid", json!("stranger")),
    ] {
        let mut header = token.header_with(member, value);
        for algorithm in [json!("EdDSA"), token.header["alg"].clone()] {
            header["alg"] = algorithm;
            let forged = token.signed_by(&stranger, &header);
            forgeries.push(Forgery::new(format!("signed by a stranger, with {member}"), forged));
        }
    }
    let forged = token.signed_by(&stranger, &token.header);
    forgeries.push(Forgery::new("signed by a stranger under the genuine header", forged));
    forgeries
}

pub(super) async fn other_claims(ground: &Ground<'_>) -> Finding {
    let (account, session) = ground.accounts.make_signed_in().await?;
    let (_, others) = ground.accounts.make_signed_in().await?;
    let (token, foreign) =
        (AccessToken::take_apart(&session.access_token)?, AccessToken::take_apart(&others.access_token)?);
    let subject = token.claims["sub"].as_str();
    ensure(subject == Some(&account.id), || format!("a token is for {subject:?} instead of its owner"))?;
    let changed = |member: &str, value: Value| {
        let mut claims = token.claims.clone();
        claims[member] = value;
        Forgery::new(format!("another {member}"), token.claiming(&claims))
    };
    let mut forgeries = vec![
        changed("exp", json!(99_999_999_999_u64)),
        changed("exp", Value::Null),
        changed("roles", json!(["admin"])),
        changed("permissions", json!(["users:read"])),
        changed("sub", json!(ground.administrator().id)),
        changed("sid", foreign.claims["sid"].clone()),
        Forgery::new("a refresh token as access token", session.refresh_token.clone()),
    ];
    let [header, claims, signature] = &token.parts;
    let [_, foreign_claims, foreign_signature] = &foreign.parts;
    forgeries.push(Forgery::new("somebody else's claims", format!("{header}.{foreign_claims}.{signature}")));
    forgeries
        .push(Forgery::new("somebody else's signature", format!("{header}.{claims}.{foreign_signature}")));
    let seen = ensure_refused(ground, &session.access_token, &forgeries).await?;
    let refresh = ground.accounts.refresh(&session.access_token).await?;
    refresh.problem(401, "invalid_refresh_token")?;
    Ok(format!("{seen}; an access token is no refresh token"))
}

pub(super) async fn other_spellings(ground: &Ground<'_>) -> Finding {
    let (_, session) = ground.accounts.make_signed_in().await?;
    let token = &session.access_token;
    let [header, claims, signature] = &AccessToken::take_apart(token)?.parts;
    let mut forgeries = vec![
        Forgery::new("padded", format!("{token}=")),
        Forgery::new("padded everywhere", format!("{header}=.{claims}=.{signature}=")),
        Forgery::new("a dot more", format!("{token}.")),
        Forgery::new("an octet more", format!("{token}A")),
        Forgery::new("an octet less", token[..token.len() - 1].to_owned()),
        Forgery::new("cut in half", token[..token.len() / 2].to_owned()),
        Forgery::new("two parts", format!("{header}.{claims}")),
        Forgery::new("without claims", format!("{header}..{signature}")),
        Forgery::new("a part more", format!("{token}.{signature}")),
        Forgery::new("in upper case", token.to_uppercase()),
        Forgery::new("with a space", format!("{header}.{claims} .{signature}")),
    ];
    // The last character of 64 octets carries two bits that say something: the others must be zero.
    let spellings = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let shorter = &token[..token.len() - 1];
    let others = spellings.chars().map(|last| format!("{shorter}{last}")).filter(|other| other != token);
    forgeries.extend(others.map(|other| Forgery::new("another last character", other)));
    ensure_refused(ground, token, &forgeries).await
}
