//! Passwords are read whole or not at all (S44).

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::api::{LOGIN, REGISTER};
use crate::ground::Ground;
use crate::outcome::{Finding, ensure};
use crate::randomness;

pub(super) async fn read_whole(ground: &Ground<'_>) -> Finding {
    let slowest = huge_ones_refused(ground).await?;
    // bcrypt would look at the first 72 octets.
    let common = randomness::hex(36);
    let (right, wrong) = (format!("{common}-right--"), format!("{common}-wrong--"));
    let account = ground.accounts.make_with(right, true).await?;
    let login = ground.accounts.login(&account.email, &wrong).await?;
    ensure(login.is(401, "invalid_credentials"), || {
        format!("passwords of {} octets that differ in the last: {}", wrong.len(), login.instead_of("401"))
    })?;
    ground.accounts.sign_in(&account).await?;
    Ok(format!("1 MiB refused within {:.1} s; octet 73 counts", slowest.as_secs_f64()))
}

/// Holds if a password of a mebibyte is refused without a look at it. Gives how long the slower took.
async fn huge_ones_refused(ground: &Ground<'_>) -> Finding<Duration> {
    const AT_ONCE: Duration = Duration::from_secs(5);
    let body = json!({ "email": ground.accounts.fresh_address(), "password": "x".repeat(1 << 20) });
    let mut slowest = Duration::ZERO;
    for path in [REGISTER, LOGIN] {
        let answer = ground.service.send(ground.service.request(Method::POST, path).json(&body)).await?;
        ensure(answer.status == 413, || format!("a password of 1 MiB: {}", answer.instead_of("413")))?;
        ensure(answer.took < AT_ONCE, || {
            format!("a password of 1 MiB was refused after {:.1} s", answer.took.as_secs_f64())
        })?;
        slowest = slowest.max(answer.took);
    }
    Ok(slowest)
}
