//! One use means one (S4 to S6).

use reqwest::Method;
use serde_json::{Value, json};

use crate::accounts::Accounts;
use crate::answer::{Answer, count, tally};
use crate::api::{
    EMAIL_CHANGE, EMAIL_CHANGE_CONFIRM, REGISTER, RESET_CONFIRM, USERS, VERIFY, verify_by_link,
};
use crate::ground::Ground;
use crate::outcome::{Finding, Unshown, ensure};
use crate::randomness;
use crate::report::Registration;
use crate::service::Race;

pub(super) async fn mailed_secrets_raced(ground: &Ground<'_>) -> Finding {
    let seen = [reset_raced(ground).await?, email_change_raced(ground).await?, code_raced(ground).await?];
    Ok(seen.join("; "))
}

async fn reset_raced(ground: &Ground<'_>) -> Finding {
    let account = ground.accounts.make().await?;
    let mail = ground.reset_mail(&account.email).await?;
    let body = |password: &str| json!({ "token": mail.secret(), "new_password": password });
    // A refused password costs the secret nothing.
    ground.service.post(RESET_CONFIRM, body("short")).await?.problem(422, "validation_failed")?;
    let password_of: Vec<_> = (0..ground.at_once).map(|_| Accounts::fresh_password()).collect();
    let race = ground
        .service
        .race(ground.at_once, |number| {
            ground.service.request(Method::POST, RESET_CONFIRM).json(&body(&password_of[number]))
        })
        .await?;
    let winner = won_once(&race, "a reset", "invalid_token")?;
    let login = |password| ground.accounts.login(&account.email, password);
    login(&password_of[winner]).await?.json(200)?;
    for other in [&account.password, &password_of[(winner + 1) % ground.at_once]] {
        login(other).await?.problem(401, "invalid_credentials")?;
    }
    Ok(format!("a reset by {} happened once", race.racers()))
}

async fn email_change_raced(ground: &Ground<'_>) -> Finding {
    let (account, session) = ground.accounts.make_signed_in().await?;
    let new = ground.accounts.fresh_address();
    let body = json!({ "new_email": new, "password": account.password });
    ground.service.post_as(&session.access_token, EMAIL_CHANGE, body).await?.json(202)?;
    let mail = ground.next_link_to(&new).await?;
    // Another secret costs this one nothing.
    let body = json!({ "token": randomness::secret() });
    ground.service.post(EMAIL_CHANGE_CONFIRM, body).await?.problem(400, "invalid_token")?;
    let body = json!({ "token": mail.secret() });
    let confirm = |_| ground.service.request(Method::POST, EMAIL_CHANGE_CONFIRM).json(&body);
    let race = ground.service.race(ground.at_once, confirm).await?;
    won_once(&race, "an e-mail change", "invalid_token")?;
    Ok(format!("an e-mail change by {} happened once", race.racers()))
}

async fn code_raced(ground: &Ground<'_>) -> Finding {
    let account = ground.accounts.make_unverified().await?;
    let mail = ground.next_link_to(&account.email).await?;
    let right = code_of(mail.code())?;
    // One wrong code costs the right one nothing.
    let body = json!({ "email": account.email, "code": wrong_code(right) });
    ground.service.post(VERIFY, body).await?.problem(400, "invalid_code")?;
    let body = json!({ "email": account.email, "code": right });
    let verify = |_| ground.service.request(Method::POST, VERIFY).json(&body);
    let race = ground.service.race(ground.at_once, verify).await?;
    ensure(count(&race.answers, 200) == 1, || {
        format!("a code by {} was answered {}", race.racers(), tally(&race.answers))
    })?;
    Ok(format!("a code by {} verified once", race.racers()))
}

fn code_of(code: Option<&str>) -> Finding<&str> {
    code.ok_or_else(|| Unshown::NotRun("the mail has no code of six digits on a line of its own".to_owned()))
}

fn wrong_code(right: &str) -> &'static str {
    if right == "000000" { "000001" } else { "000000" }
}

/// Holds if one of those who raced succeeded, and the others were refused. Says which one.
fn won_once(race: &Race, what: &str, refusal: &str) -> Finding<usize> {
    let refused = race.answers.iter().filter(|answer| answer.is(400, refusal)).count();
    match race.winner {
        Some(winner) if refused + 1 == race.answers.len() => Ok(winner),
        _ => {
            Err(Unshown::Broken(format!("{what} by {} was answered {}", race.racers(), tally(&race.answers))))
        }
    }
}

pub(super) async fn names_raced(ground: &Ground<'_>) -> Finding {
    let email = ground.accounts.fresh_address();
    let of_address = create_raced(ground, |number| {
        let email = if number % 2 == 0 { email.clone() } else { email.to_uppercase() };
        json!({ "email": email, "password": Accounts::fresh_password() })
    });
    let of_address = of_address.await?;
    ensure_one_account(ground, &of_address, &email, "email_taken").await?;

    // Letters and digits: what a username may be made of.
    let username = format!("v{}", ground.accounts.prefix().replace('-', ""));
    let of_username = create_raced(ground, |_| {
        let email = ground.accounts.fresh_address();
        json!({ "email": email, "password": Accounts::fresh_password(), "username": username })
    });
    let of_username = of_username.await?;
    ensure_one_account(ground, &of_username, &username, "username_taken").await?;
    let by = if ground.installation.registration == Registration::Closed {
        "the administrator"
    } else {
        "anybody"
    };
    Ok(format!(
        "one address by {}, one username by {}, made by {by}",
        of_address.racers(),
        of_username.racers()
    ))
}

/// Makes accounts at once, in the way that is open here.
async fn create_raced(ground: &Ground<'_>, body: impl Fn(usize) -> Value) -> Finding<Race> {
    let race = ground.service.race(ground.at_once, |number| {
        let request = match ground.installation.registration {
            Registration::Closed => ground.administrator().request(Method::POST, USERS),
            Registration::Open | Registration::Private => ground.service.request(Method::POST, REGISTER),
        };
        request.json(&body(number))
    });
    Ok(race.await?)
}

async fn ensure_one_account(ground: &Ground<'_>, race: &Race, name: &str, taken: &str) -> Finding<()> {
    let is_silent = ground.installation.registration == Registration::Private && taken == "email_taken";
    let created = race.answers.iter().filter(|answer| answer.is_success()).count();
    let refused = race.answers.iter().filter(|answer| answer.is(409, taken)).count();
    let is_as_it_must = if is_silent {
        created == race.answers.len()
    } else {
        created == 1 && refused == race.answers.len() - 1
    };
    ensure(is_as_it_must, || format!("{} were answered {}", race.racers(), tally(&race.answers)))?;
    let found = ground.accounts.found(name).await?.len();
    ensure(found == 1, || format!("{} made {found} accounts", race.racers()))
}

pub(super) async fn wrong_codes(ground: &Ground<'_>) -> Finding {
    let account = ground.accounts.make_unverified().await?;
    let mail = ground.next_link_to(&account.email).await?;
    let right = code_of(mail.code())?;
    let wrong = wrong_code(right);
    let nobody = ground.accounts.fresh_address();
    let mut raced = 0;
    for address in [&account.email, &nobody] {
        let answers = guess_codes(ground, address, wrong).await?;
        raced += answers.len();
        ensure(count(&answers, 400) == 5, || format!("wrong codes were answered {}", tally(&answers)))?;
    }
    let body = json!({ "email": account.email, "code": right });
    ground.service.post(VERIFY, body).await?.problem(429, "too_many_attempts")?;
    let secret = mail.secret().unwrap_or_default();
    ground.service.get(&verify_by_link(secret)).await?.json(200)?;
    Ok(format!(
        "of {raced} wrong codes five for each address were looked at; then the right one was no good, the link was"
    ))
}

/// So many wrong codes that the code has to end, as many of them at once as limits let in.
async fn guess_codes(ground: &Ground<'_>, address: &str, wrong: &str) -> Finding<Vec<Answer>> {
    const MORE_THAN_ALLOWED: usize = 8;
    let body = json!({ "email": address, "code": wrong });
    let guess = || ground.service.request(Method::POST, VERIFY).json(&body);
    let mut answers = ground.service.race(ground.at_once, |_| guess()).await?.answers;
    while answers.len() < MORE_THAN_ALLOWED {
        answers.push(ground.service.send(guess()).await?);
    }
    Ok(answers)
}
