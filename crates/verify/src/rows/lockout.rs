//! Of guesses at passwords, few get an answer (S7, S41).

use reqwest::Method;
use serde_json::json;

use crate::accounts::Account;
use crate::accounts::Accounts;
use crate::answer::{Answer, count, tally};
use crate::api::{LOGIN, RESET_CONFIRM};
use crate::ground::Ground;
use crate::outcome::{Finding, ensure};

pub(super) async fn guesses_raced(ground: &Ground<'_>) -> Finding {
    let account = ground.accounts.make().await?;
    let nobody = ground.accounts.fresh_address();
    let mut guesses = 0;
    for address in [&account.email, &nobody] {
        let answers = guess(ground, address).await?;
        guesses += answers.len();
        ensure(count(&answers, 401) <= ground.lockout_threshold, || {
            format!("guesses at once were answered {}", tally(&answers))
        })?;
    }
    ensure_locked(ground, &account).await?;
    Ok(format!(
        "of {guesses} guesses at two addresses no more than {} each got an answer",
        ground.lockout_threshold
    ))
}

/// More guesses than the lockout allows, as many of them at once as limits let in.
async fn guess(ground: &Ground<'_>, address: &str) -> Finding<Vec<Answer>> {
    let guess = |_| {
        let body = json!({ "email": address, "password": Accounts::fresh_password() });
        ground.service.request(Method::POST, LOGIN).json(&body)
    };
    let mut answers = ground.service.race(ground.at_once, guess).await?.answers;
    while answers.len() < ground.lockout_threshold + 3 {
        answers.push(ground.service.send(guess(0)).await?);
    }
    Ok(answers)
}

async fn ensure_locked(ground: &Ground<'_>, account: &Account) -> Finding<()> {
    let right = ground.accounts.login(&account.email, &account.password).await?;
    right.problem(429, "account_locked")
}

pub(super) async fn harm(ground: &Ground<'_>) -> Finding {
    let (account, session) = ground.accounts.make_signed_in().await?;
    for _ in 0..ground.lockout_threshold {
        let wrong = ground.accounts.login(&account.email, &Accounts::fresh_password()).await?;
        wrong.problem(401, "invalid_credentials")?;
    }
    ensure_locked(ground, &account).await?;
    ground.accounts.still_live(&session, "a lockout").await?;
    let mail = ground.reset_mail(&account.email).await?;
    let account = Account { password: Accounts::fresh_password(), ..account };
    let body = json!({ "token": mail.secret(), "new_password": account.password });
    ground.service.post(RESET_CONFIRM, body).await?.json(200)?;
    ground.accounts.sign_in(&account).await?;
    Ok("the session stayed, and a reset lifted it".to_owned())
}
