//! Ending means ended (S10 to S12).

use reqwest::Method;
use serde_json::json;

use crate::accounts::{Account, Accounts};
use crate::api::{
    CHECK, EMAIL_CHANGE, EMAIL_CHANGE_CONFIRM, LOGOUT, LOGOUT_ALL, ME, PASSWORD_CHANGE, RESET_CONFIRM, ROLES,
    SESSIONS, USERS,
};
use crate::ground::Ground;
use crate::outcome::{Finding, Unshown, ensure};

pub(super) async fn of_sessions(ground: &Ground<'_>) -> Finding {
    let Ground { service, accounts, .. } = ground;
    let (account, first) = accounts.make_signed_in().await?;
    let second = accounts.sign_in(&account).await?;
    let logout = service.request(Method::POST, LOGOUT).bearer_auth(&first.access_token);
    ensure_success(&service.send(logout).await?)?;
    accounts.ended(&first, "a logout").await?;
    let second = accounts.still_live(&second, "a logout").await?;

    let third = accounts.sign_in(&account).await?;
    let changed = Account { password: Accounts::fresh_password(), ..account };
    let body = json!({ "current_password": account.password, "new_password": changed.password });
    ensure_success(&service.post_as(&third.access_token, PASSWORD_CHANGE, body).await?)?;
    accounts.ended(&second, "a change of the password").await?;
    let third = accounts.still_live(&third, "a change of the password from it").await?;

    let listed = service.get_as(&third.access_token, SESSIONS).await?.json(200)?;
    let id = listed["items"][0]["id"].as_str().unwrap_or_default();
    let path = format!("{SESSIONS}/{id}");
    let delete = service.request(Method::DELETE, &path).bearer_auth(&third.access_token);
    ensure_success(&service.send(delete).await?)?;
    accounts.ended(&third, "ending it from the list").await?;

    let (fourth, fifth) = (accounts.sign_in(&changed).await?, accounts.sign_in(&changed).await?);
    let logout = service.request(Method::POST, LOGOUT_ALL).bearer_auth(&fourth.access_token);
    ensure_success(&service.send(logout).await?)?;
    accounts.ended(&fourth, "a logout from everywhere").await?;
    accounts.ended(&fifth, "a logout from everywhere").await?;

    let mut ways = vec!["logout", "password change", "the list of sessions", "logout from everywhere"];
    let account = if ground.mailbox.is_some() {
        ways.push("reset");
        end_by_reset(ground, changed).await?
    } else {
        changed
    };

    let path = format!("{USERS}/{}", account.id);
    let session = accounts.sign_in(&account).await?;
    ensure_success(&ground.administrator().patch(&path, json!({ "is_active": false })).await?)?;
    accounts.ended(&session, "deactivation").await?;
    ensure_success(&ground.administrator().patch(&path, json!({ "is_active": true })).await?)?;
    accounts.ended(&session, "deactivation and activation").await?;

    let session = accounts.sign_in(&account).await?;
    let body = json!({ "password": account.password });
    ensure_success(&service.call_as(&session.access_token, Method::DELETE, ME, body).await?)?;
    accounts.ended(&session, "deletion").await?;
    ways.extend(["deactivation", "deletion"]);
    Ok(ways.join(", "))
}

async fn end_by_reset(ground: &Ground<'_>, account: Account) -> Finding<Account> {
    let session = ground.accounts.sign_in(&account).await?;
    let mail = ground.reset_mail(&account.email).await?;
    let account = Account { password: Accounts::fresh_password(), ..account };
    let body = json!({ "token": mail.secret(), "new_password": account.password });
    ground.service.post(RESET_CONFIRM, body).await?.json(200)?;
    ground.accounts.ended(&session, "a reset").await?;
    Ok(account)
}

fn ensure_success(answer: &crate::answer::Answer) -> Finding<()> {
    ensure(answer.is_success(), || answer.instead_of("a success"))
}

pub(super) async fn of_roles(ground: &Ground<'_>) -> Finding {
    let Ground { service, accounts, .. } = ground;
    let name = accounts.fresh_name();
    let body = json!({ "name": name, "permissions": ["users:read"] });
    let role = ground.administrator().post(ROLES, body).await?;
    role.json(201)?;
    let (account, session) = accounts.make_signed_in().await?;
    let path = format!("{USERS}/{}/roles/{}", account.id, role.text_of("id")?);
    ensure_success(&ground.administrator().post(&path, json!({})).await?)?;
    // Its access token says that it holds the role.
    let session = accounts.refreshed(&session).await?;
    let list = format!("{USERS}?limit=1");
    service.get_as(&session.access_token, &list).await?.json(200)?;
    ensure_success(&ground.administrator().delete(&path).await?)?;
    for path in [list, format!("{CHECK}?permission=users:read")] {
        service.get_as(&session.access_token, &path).await?.problem(403, "forbidden")?;
    }
    let check = service.get_as(&session.access_token, CHECK).await?;
    let roles = check.header("x-auth-roles").unwrap_or_default();
    ensure(!roles.contains(&name), || format!("{CHECK} still tells the role that was taken away: {roles}"))?;
    Ok("403 with the token that still names it".to_owned())
}

pub(super) async fn of_secrets(ground: &Ground<'_>) -> Finding {
    let Ground { service, accounts, .. } = ground;
    let (account, session) = accounts.make_signed_in().await?;
    let older = ground.reset_mail(&account.email).await?;
    let newer = ground.reset_mail(&account.email).await?;
    refused(ground, RESET_CONFIRM, older.secret(), "a newer reset was mailed").await?;

    let mut mails = Vec::new();
    for _ in 0..2 {
        let new = accounts.fresh_address();
        let body = json!({ "new_email": new, "password": account.password });
        service.post_as(&session.access_token, EMAIL_CHANGE, body).await?.json(202)?;
        mails.push(ground.next_link_to(&new).await?);
    }
    refused(ground, EMAIL_CHANGE_CONFIRM, mails[0].secret(), "a newer e-mail change was mailed").await?;
    service.post(EMAIL_CHANGE_CONFIRM, json!({ "token": mails[1].secret() })).await?.json(200)?;
    refused(ground, RESET_CONFIRM, newer.secret(), "the e-mail address was changed").await?;
    Ok("resets and e-mail changes by newer ones, a reset by an e-mail change".to_owned())
}

/// Holds if a secret is no good any more.
async fn refused(ground: &Ground<'_>, path: &str, secret: Option<&str>, after: &str) -> Finding<()> {
    let body = json!({ "token": secret, "new_password": Accounts::fresh_password() });
    let answer = ground.service.post(path, body).await?;
    if answer.is(400, "invalid_token") {
        return Ok(());
    }
    Err(Unshown::Broken(format!(
        "after {after}, the older secret: {}",
        answer.instead_of("400 invalid_token")
    )))
}
