//! Whether the time of an answer tells who has an account. Answers about people who have one and about as many who
//! have none are measured in random order: what the service still does after an answer, as sending a mail, then falls
//! on either kind as often.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng as _};
use serde_json::{Value, json};

use crate::http_client::{Connection, post};
use crate::latency::Latencies;
use crate::measuring::Measuring;
use crate::people::Person;
use crate::placement::Placement;
use crate::process::ServerProcess;
use crate::report::{Table, median, percent};
use crate::rounds::Rounds;

/// In each round, of each call, one with and one without an account, who were not asked about before.
const PAIRS: usize = 200;

/// A call that must not tell who has an account.
struct Call {
    title: &'static str,
    path: &'static str,
    body: fn(&str) -> Value,
    status: u16,
}

const CALLS: [Call; 4] = [
    Call {
        title: "`POST /api/v1/auth/login`, wrong password",
        path: "/api/v1/auth/login",
        body: |email| json!({ "email": email, "password": "not the password at all" }),
        status: 401,
    },
    Call {
        title: "`POST /api/v1/auth/password-reset/request`",
        path: "/api/v1/auth/password-reset/request",
        body: |email| json!({ "email": email }),
        status: 200,
    },
    Call {
        title: "`POST /api/v1/auth/verify/resend`",
        path: "/api/v1/auth/verify/resend",
        body: |email| json!({ "email": email }),
        status: 202,
    },
    Call {
        title: "`POST /api/v1/auth/register`, private",
        path: "/api/v1/auth/register",
        body: |email| json!({ "email": email, "password": Person::PASSWORD }),
        status: 202,
    },
];

/// The pairs of one call in one round.
struct Round {
    known: Latencies,
    unknown: Latencies,
    /// In how many pairs the answer about the known one took longer.
    known_took_longer: u32,
}

/// The table of enumeration.
pub(super) async fn measure(measuring: &Measuring, placement: &Placement) -> anyhow::Result<Vec<Table>> {
    let mut calls = CALLS.map(|call| (call, Vec::new()));
    let mut randomness = Xoshiro256PlusPlus::seed_from_u64(0);
    for _ in 0..measuring.rounds.get() {
        let mut installation = measuring.installation()?;
        let service = installation.start(placement).await?;
        let people = Person::register(service.address(), PAIRS).await?;
        service.stop().await?;
        installation.set("PORTCULLIS_REGISTRATION", "private");
        installation.set("PORTCULLIS_EMAIL_VERIFICATION", "required");
        let service = installation.start(placement).await?;
        for (call, rounds) in &mut calls {
            rounds.push(Round::measure(&service, call, &people, &mut randomness).await?);
            service.settle().await?;
        }
        service.stop().await?;
    }
    Ok(vec![table(&calls)])
}

impl Round {
    async fn measure(
        service: &ServerProcess,
        call: &Call,
        people: &[Person],
        randomness: &mut impl Rng,
    ) -> anyhow::Result<Self> {
        let mut connection = Connection::open(service.address()).await?;
        let mut round = Self { known: Latencies::new(), unknown: Latencies::new(), known_took_longer: 0 };
        let mut order: Vec<_> = (0..2 * people.len()).collect();
        order.shuffle(randomness);
        let mut answers = vec![[Duration::ZERO; 2]; people.len()];
        for asked in order {
            let (person, has_account) = (asked / 2, asked % 2);
            let email = people[person].email();
            // As long as the other, and nobody's.
            let email = if has_account == 1 { email.to_owned() } else { email.replacen("user", "none", 1) };
            let request = post(call.path, &(call.body)(&email));
            answers[person][has_account] = call.answer(&mut connection, &request).await?;
        }
        for [unknown, known] in answers {
            round.known.record(known);
            round.unknown.record(unknown);
            round.known_took_longer += u32::from(known > unknown);
        }
        Ok(round)
    }

    fn gap(&self) -> f64 {
        self.known.quantile(0.5).as_secs_f64() - self.unknown.quantile(0.5).as_secs_f64()
    }
}

impl Call {
    async fn answer(&self, connection: &mut Connection, request: &[u8]) -> anyhow::Result<Duration> {
        let sent = Instant::now();
        let answer = connection.exchange(request).await?;
        let took = sent.elapsed();
        ensure!(answer.status == self.status, "{}: {}", self.title, answer.status);
        Ok(took)
    }
}

fn table(calls: &[(Call, Vec<Round>)]) -> Table {
    let row = |(call, rounds): &(Call, Vec<Round>)| {
        let of = |figure: fn(&Round) -> f64| Rounds::of(rounds, figure);
        let pairs = f64::from(u32::try_from(PAIRS).expect("some hundred"));
        vec![
            call.title.to_owned(),
            median(&of(|round| 1e3 * round.known.quantile(0.5).as_secs_f64())),
            median(&of(|round| 1e3 * round.unknown.quantile(0.5).as_secs_f64())),
            median(&of(|round| 1e6 * round.gap())),
            format!(
                "{:.1} %",
                of(|round| 100.0 * round.gap() / round.known.quantile(0.5).as_secs_f64()).median()
            ),
            percent(&Rounds::of(rounds, |round| f64::from(round.known_took_longer) / pairs)),
        ]
    };
    Table {
        title: format!("People with an account beside people without, {PAIRS} pairs a round"),
        columns: vec![
            "call",
            "with, median ms",
            "without, median ms",
            "gap µs",
            "gap to with",
            "pairs in which *with* took longer",
        ],
        rows: calls.iter().map(row).collect(),
        plot: None,
    }
}
