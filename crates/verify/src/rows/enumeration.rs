//! Who has an account is nobody's business (S20, S21).

mod work;

use serde_json::json;

use self::work::Comparison;
use crate::accounts::{Account, Accounts};
use crate::api::{LIVE, REGISTER, RESEND, RESET_REQUEST};
use crate::ground::Ground;
use crate::outcome::{Finding, Unshown, ensure};
use crate::report::Registration;

pub(super) async fn by_login(ground: &Ground<'_>) -> Finding {
    /// What is different stays different; what a busy machine does is lost among more of them.
    const ROUNDS: usize = 4;
    let account = ground.accounts.make().await?;
    let known = ground.accounts.login(&account.email, &Accounts::fresh_password()).await?;
    known.problem(401, "invalid_credentials")?;
    let unknown =
        ground.accounts.login(&ground.accounts.fresh_address(), &Accounts::fresh_password()).await?;
    ensure(known.likeness() == unknown.likeness(), || {
        format!("an unknown account is told by the answer: {} against {}", unknown.summary(), known.summary())
    })?;
    let mut comparison = Comparison::default();
    for _ in 0..ROUNDS {
        compare(ground, &mut comparison).await?;
        if comparison.is_alike() {
            break;
        }
    }
    ensure(comparison.is_alike(), || format!("an unknown account is told by the time: {comparison}"))?;
    Ok(format!("the same answers but for ids; {comparison}"))
}

/// Times wrong passwords for known and unknown accounts in turn, below the lockout of each.
async fn compare(ground: &Ground<'_>, comparison: &mut Comparison) -> Finding<()> {
    const PAIRS: usize = 12;
    let attempts_each = ground.lockout_threshold - 1;
    if attempts_each == 0 {
        return Err(Unshown::NotRun("one wrong password locks an account".to_owned()));
    }
    let mut known: Option<Account> = None;
    for pair in 0..PAIRS {
        if pair % attempts_each == 0 {
            known = Some(ground.accounts.make().await?);
        }
        let known = known.as_ref().map_or("", |account| &account.email);
        let unknown = ground.accounts.fresh_address();
        comparison.idle.push(ground.service.get(LIVE).await?.took);
        comparison.known.push(ground.accounts.login(known, &Accounts::fresh_password()).await?.took);
        comparison.unknown.push(ground.accounts.login(&unknown, &Accounts::fresh_password()).await?.took);
    }
    Ok(())
}

pub(super) async fn by_mail_requests(ground: &Ground<'_>) -> Finding {
    let (verified, unverified) = (ground.accounts.make().await?, ground.accounts.make_unverified().await?);
    let unknown = ground.accounts.fresh_address();
    let mut shown = vec!["reset requests", "resends"];
    for path in [RESET_REQUEST, RESEND] {
        let mut likenesses = Vec::new();
        for email in [&verified.email, &unverified.email, &unknown] {
            let answer = ground.service.post(path, json!({ "email": email })).await?;
            ensure(answer.is_success(), || answer.instead_of("a success"))?;
            likenesses.push(answer.likeness());
        }
        likenesses.dedup();
        ensure(likenesses.len() == 1, || format!("{path} answers differently whether there is an account"))?;
    }
    if ground.installation.registration == Registration::Private {
        let register = async |email: &str| {
            let body = json!({ "email": email, "password": Accounts::fresh_password() });
            ground.service.post(REGISTER, body).await
        };
        let taken = register(&verified.email).await?;
        let free = register(&ground.accounts.fresh_address()).await?;
        ensure(taken.likeness() == free.likeness(), || {
            format!("{REGISTER} answers differently for a taken address")
        })?;
        shown.push("registrations");
    }
    Ok(format!("{} of known and unknown addresses, equal but for ids", shown.join(", ")))
}
