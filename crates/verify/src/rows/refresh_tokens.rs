//! Refresh tokens are used once (S1 to S3).

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use crate::accounts::Session;
use crate::answer::{count, tally};
use crate::api::REFRESH;
use crate::ground::Ground;
use crate::outcome::{Finding, ensure};

pub(super) async fn raced(ground: &Ground<'_>) -> Finding {
    let (_, session) = ground.accounts.make_signed_in().await?;
    let body = json!({ "refresh_token": session.refresh_token });
    let race = ground
        .service
        .race(ground.at_once, |_| ground.service.request(Method::POST, REFRESH).json(&body))
        .await?;
    ensure(count(&race.answers, 200) == race.answers.len(), || {
        format!("of {} some were turned away: {}", race.racers(), tally(&race.answers))
    })?;
    let successors: Vec<_> = race.answers.iter().map(Session::read).collect::<Result<_, _>>()?;
    let distinct: BTreeSet<_> = successors.iter().map(|session| &session.refresh_token).collect();
    ensure(distinct.len() == 1, || format!("{} got {} successors", race.racers(), distinct.len()))?;
    ground.accounts.refreshed(&successors[0]).await?;
    Ok(format!("{} got the same one, which is good", race.racers()))
}

pub(super) async fn reused(ground: &Ground<'_>) -> Finding {
    let (_, first) = ground.accounts.make_signed_in().await?;
    let second = ground.accounts.refreshed(&first).await?;
    let third = ground.accounts.refreshed(&second).await?;
    let answer = ground.accounts.refresh(&first.refresh_token).await?;
    answer.problem(401, "invalid_refresh_token")?;
    ground.accounts.ended(&third, "the reuse of a refresh token").await?;
    Ok("the last but one was refused, and the newest is no good any more".to_owned())
}

pub(super) async fn repeated(ground: &Ground<'_>) -> Finding {
    let (_, first) = ground.accounts.make_signed_in().await?;
    let lost = ground.accounts.refreshed(&first).await?;
    let repeated = ground.accounts.refreshed(&first).await?;
    ensure(repeated.refresh_token == lost.refresh_token, || {
        "a repeated refresh got another successor".to_owned()
    })?;
    ground.accounts.refreshed(&repeated).await?;
    Ok("the same successor came again, and is good".to_owned())
}
