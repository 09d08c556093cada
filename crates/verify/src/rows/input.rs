//! Nobody sets what is not theirs, nor reaches it (S51, S52).

use reqwest::Method;
use serde_json::{Value, json};

use crate::accounts::Accounts;
use crate::api::{ME, REGISTER, SESSIONS, USERS};
use crate::ground::Ground;
use crate::outcome::{Finding, Unshown, ensure};
use crate::randomness;
use crate::report::Registration;

pub(super) async fn inert_fields(ground: &Ground<'_>) -> Finding {
    let wished = json!({
        "id": randomness::unused_id(), "roles": ["admin"], "permissions": ["users:read"], "email_verified": true,
        "is_active": false, "is_admin": true, "created_at": "1999-01-01T00:00:00Z",
    });
    let mut shown = Vec::new();
    if ground.installation.registration != Registration::Closed {
        let email = ground.accounts.fresh_address();
        let body = with(&wished, &json!({ "email": email, "password": Accounts::fresh_password() }));
        let answer = ground.service.post(REGISTER, body).await?;
        ensure(answer.is_success(), || answer.instead_of("201 or 202"))?;
        let mut found = ground.accounts.found(&email).await?;
        let user = found.pop().ok_or_else(|| Unshown::Broken("a registration made no account".to_owned()))?;
        ensure_unmoved(&user, &wished, REGISTER)?;
        ensure(user["email_verified"] == false, || "a registration verified its own address".to_owned())?;
        shown.push("registration");
    }
    let (account, session) = ground.accounts.make_signed_in().await?;
    let body = with(&wished, &json!({ "email": ground.accounts.fresh_address() }));
    for method in [Method::PATCH, Method::PUT] {
        ground.service.call_as(&session.access_token, method, ME, body.clone()).await?.json(200)?;
        let user = ground.administrator().get(&format!("{USERS}/{}", account.id)).await?.json(200)?;
        ensure_unmoved(&user, &wished, ME)?;
        ensure(user["email"] == account.email.as_str(), || format!("{ME} changed the e-mail address"))?;
    }
    shown.push("profile");
    Ok(format!("by {}", shown.join(" and ")))
}

/// One object with the members of both.
fn with(first: &Value, second: &Value) -> Value {
    let members = [first, second].into_iter().filter_map(Value::as_object).flatten();
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn ensure_unmoved(user: &Value, wished: &Value, path: &str) -> Finding<()> {
    let is_unmoved = user["roles"] == json!(["user"])
        && user["is_active"] == true
        && user["id"] != wished["id"]
        && user["created_at"] != wished["created_at"];
    ensure(is_unmoved, || format!("{path} let a user set what is not theirs: {user}"))
}

pub(super) async fn foreign_sessions(ground: &Ground<'_>) -> Finding {
    let (_, session) = ground.accounts.make_signed_in().await?;
    let (_, victim) = ground.accounts.make_signed_in().await?;
    let listed = ground.service.get_as(&victim.access_token, SESSIONS).await?.json(200)?;
    let foreign = listed["items"][0]["id"].as_str().unwrap_or_default().to_owned();
    ensure(!foreign.is_empty(), || "a session is not in the list of its owner".to_owned())?;
    let end = async |id: &str| {
        let path = format!("{SESSIONS}/{id}");
        let request = ground.service.request(Method::DELETE, &path).bearer_auth(&session.access_token);
        ground.service.send(request).await
    };
    let (foreign, unknown) = (end(&foreign).await?, end(&randomness::unused_id()).await?);
    unknown.problem(404, "not_found")?;
    ensure(foreign.likeness() == unknown.likeness(), || {
        format!("somebody else's session is answered {} instead of {}", foreign.summary(), unknown.summary())
    })?;
    ground.accounts.still_live(&victim, "an attempt to end it by somebody else").await?;
    Ok("equal but for ids, and it goes on".to_owned())
}
