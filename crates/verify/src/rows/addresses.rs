//! Mail goes where it should and says what it should (S22, S23, S28).

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use url::Url;

use crate::access_token::AccessToken;
use crate::accounts::Accounts;
use crate::api::{REGISTER, RESEND, RESET_CONFIRM, RESET_REQUEST, USERS, verify_by_link};
use crate::ground::Ground;
use crate::mailbox::Mail;
use crate::outcome::{Finding, Unshown, ensure};

/// A name that no installation has.
const ELSEWHERE: &str = "portcullis-verify.invalid";

pub(super) async fn poisoned_headers(ground: &Ground<'_>) -> Finding {
    let account = ground.accounts.make().await?;
    let genuine = ground.reset_mail(&account.email).await?;
    let ask = || ground.service.request(Method::POST, RESET_REQUEST).json(&json!({ "email": account.email }));
    let forwarded = ask()
        .header("x-forwarded-host", ELSEWHERE)
        .header("x-forwarded-proto", "gopher")
        .header("x-original-host", ELSEWHERE)
        .header("forwarded", format!("host={ELSEWHERE};proto=gopher"));
    ground.service.send(forwarded).await?.json(200)?;
    ensure_genuine(&ground.next_link_to(&account.email).await?, &genuine)?;
    // Whatever stands in front may know no such host, which is as good.
    let answer = ground.service.send(ask().header("host", ELSEWHERE)).await?;
    if !answer.is_success() {
        let by = "whoever stands in front refuses another Host";
        return Ok(format!("the same links whatever forwarding headers say; {by}: {}", answer.summary()));
    }
    ensure_genuine(&ground.next_link_to(&account.email).await?, &genuine)?;
    Ok("the same links whatever Host and forwarding headers say".to_owned())
}

fn ensure_genuine(mail: &Mail, genuine: &Mail) -> Finding<()> {
    let mentions = [&mail.text, &mail.html, &mail.to].iter().any(|part| part.contains(ELSEWHERE));
    ensure(!mentions, || "a mail repeats the host that a header named".to_owned())?;
    let (poisoned, genuine) = (mail.link_before_secret(), genuine.link_before_secret());
    ensure(poisoned == genuine, || {
        format!("a header changed where a link leads: {} instead of {}", or_none(poisoned), or_none(genuine))
    })
}

fn or_none(link: Option<&str>) -> &str {
    link.unwrap_or("no link")
}

pub(super) async fn hostile_addresses(ground: &Ground<'_>) -> Finding {
    let victim = ground.accounts.make().await?.email;
    let eve = ground.accounts.fresh_address();
    let hostile = [
        json!([victim, eve]),
        json!(format!("{victim},{eve}")),
        json!(format!("{victim}\r\nBcc: {eve}")),
        json!({ "address": victim }),
        json!(format!("{victim} {eve}")),
        json!(format!("{victim}\n{eve}")),
        json!(format!("{victim}\u{0}")),
        json!(format!("Victim <{victim}>")),
        json!(7),
    ];
    // All of them once, and the worst of them wherever something is mailed: such calls are limited.
    for (path, count) in [(REGISTER, hostile.len()), (RESET_REQUEST, 4), (RESEND, 4)] {
        for email in &hostile[..count] {
            let body = json!({ "email": email, "password": Accounts::fresh_password() });
            ensure_refused(ground, path, ground.service.request(Method::POST, path).json(&body), email)
                .await?;
        }
    }
    let twice = format!(r#"{{"email":"{victim}","email":"{eve}"}}"#);
    let request = ground
        .service
        .request(Method::POST, RESET_REQUEST)
        .header("content-type", "application/json")
        .body(twice);
    ensure_refused(ground, RESET_REQUEST, request, &json!("given twice")).await?;
    if ground.mailbox.is_none() {
        return Ok("refused; whether anything is mailed was not seen without a mailbox".to_owned());
    }
    // Once this has come, what was queued before has come too.
    ground.reset_mail(&victim).await?;
    let mailed = ground.mailbox()?.mails_to(&eve).await?.len();
    ensure(mailed == 0, || format!("{mailed} mails came to an address that was smuggled in"))?;
    Ok("refused, and nothing came to the address that was smuggled in".to_owned())
}

async fn ensure_refused(
    ground: &Ground<'_>,
    path: &str,
    request: RequestBuilder,
    email: &Value,
) -> Finding<()> {
    let answer = ground.service.send(request).await?;
    ensure(matches!(answer.status, 400 | 422), || {
        format!("{path} with the address {email}: {}", answer.instead_of("400 or 422"))
    })
}

pub(super) async fn opened_links(ground: &Ground<'_>) -> Finding {
    let account = ground.accounts.make_unverified().await?;
    let verification = ground.next_link_to(&account.email).await?;
    let reset = ground.reset_mail(&account.email).await?;
    let public = public_url(ground).await?;
    let by_api = verify_by_link(verification.secret().unwrap_or_default());
    for _ in 0..2 {
        for mail in [&verification, &reset] {
            for method in [Method::GET, Method::HEAD] {
                open(ground, mail, &public, method).await?;
            }
        }
        let answer = ground.service.send(ground.service.request(Method::HEAD, &by_api)).await?;
        ensure(answer.status == 200, || answer.instead_of("200"))?;
    }
    let user = ground.administrator().get(&format!("{USERS}/{}", account.id)).await?.json(200)?;
    ensure(user["email_verified"] == false, || "to open a link verified the address".to_owned())?;
    ground.service.get(&by_api).await?.json(200)?;
    let body = json!({ "token": reset.secret(), "new_password": Accounts::fresh_password() });
    ground.service.post(RESET_CONFIRM, body).await?.json(200)?;
    Ok("GET and HEAD changed nothing, and the secrets were good afterwards".to_owned())
}

/// Where the service says that it is: the issuer of its tokens.
async fn public_url(ground: &Ground<'_>) -> Finding {
    let (_, session) = ground.accounts.make_signed_in().await?;
    let claims = AccessToken::take_apart(&session.access_token)?.claims;
    Ok(claims["iss"].as_str().unwrap_or_default().trim_end_matches('/').to_owned())
}

/// Opens the link of a mail as a scanner does. A page of the service itself is opened where the service is
/// examined, which may be inside of what its public URL leads through.
async fn open(ground: &Ground<'_>, mail: &Mail, public: &str, method: Method) -> Finding<()> {
    let link = mail.link().unwrap_or_default();
    let request = match link.strip_prefix(public) {
        Some(path) if path.starts_with('/') => ground.service.request(method, path),
        _ => ground.service.request_elsewhere(method, &elsewhere(link)?),
    };
    let answer = ground.service.exchange(request).await?;
    ensure(answer.status < 400, || answer.instead_of("a page"))
}

fn elsewhere(link: &str) -> Finding<Url> {
    Url::parse(link).map_err(|error| Unshown::Broken(format!("the link of a mail is no URL: {error}")))
}
