use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, HOST, USER_AGENT};
use actix_web::rt::Runtime;
use actix_web::test::{TestRequest, call_service, init_service};
use portcullis_domain::policy::Policy;
use portcullis_domain::ports::AccessToken;
use portcullis_domain::use_cases::{ClaimedIdentifier, CreateUserCommand, LoginCommand, Ports, UseCases};
use portcullis_domain::{Actor, ProfileNames};
use portcullis_http_actix::{Api, HttpOptions, Rate, RateLimiting};
use portcullis_testkit::{Fakes, ScriptedEntropy, fixtures};

use crate::access_tokens::{access_tokens, at_once};
use crate::calls::{self, Calls};

/// Answers `GET /api/v1/auth/me` of somebody whose token has been seen before, from a store in memory: all that is
/// done between the parsing of the request and the sending of the answer.
pub(crate) fn read_me() -> Calls {
    let fakes = Fakes::default();
    let ports = Ports { access_tokens: Arc::new(access_tokens(&fakes)), ..fakes.ports() };
    let use_cases = UseCases::new(&ports, Policy::default(), &fixtures::secret_key());
    let token = sign_in(&use_cases);
    let request = move || me().insert_header((AUTHORIZATION, format!("Bearer {}", *token)));
    answers(&fakes, use_cases, request, StatusCode::OK)
}

/// Answers the same call of somebody who has no token.
pub(crate) fn turn_away() -> Calls {
    let fakes = Fakes::default();
    answers(&fakes, fakes.use_cases(Policy::default()), me, StatusCode::UNAUTHORIZED)
}

/// An access token of somebody new.
fn sign_in(use_cases: &UseCases) -> AccessToken {
    const EMAIL: &str = "ada@example.com";
    let profile = ProfileNames {
        name: Some(fixtures::name("Ada Lovelace")),
        first_name: Some(fixtures::name("Ada")),
        last_name: Some(fixtures::name("Lovelace")),
    };
    let username = Some(fixtures::username("ada"));
    let account = CreateUserCommand { username, profile, ..fixtures::new_user(EMAIL) };
    at_once(use_cases.create_user.create(&Actor::operator(), account)).expect("nobody has the address");
    let login = LoginCommand {
        identifier: ClaimedIdentifier::Email(EMAIL.to_owned()),
        password: Some(fixtures::password(fixtures::PASSWORD)),
        client: fixtures::client(),
    };
    at_once(use_cases.login.login(login)).expect("the password is right").tokens.access_token
}

/// A request such as a browser sends.
fn me() -> TestRequest {
    TestRequest::with_uri("/api/v1/auth/me")
        .peer_addr(SocketAddr::from(([192, 0, 2, 17], 50_000)))
        .insert_header((HOST, "accounts.example.com"))
        .insert_header((USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101"))
        .insert_header((ACCEPT, "application/json"))
}

/// Calls that let the application answer such requests, with this status.
fn answers(
    fakes: &Fakes,
    use_cases: UseCases,
    request: impl Fn() -> TestRequest + 'static,
    status: StatusCode,
) -> Calls {
    let options = HttpOptions {
        rate_limiting: Some(all_but_unlimited()),
        ..HttpOptions::new(fakes.clock.clone(), Arc::new(ScriptedEntropy::seeded(1)))
    };
    let api = Api::new(Arc::new(use_cases), options);
    let runtime = Runtime::new().expect("a runtime starts");
    let app = App::new().configure(|routes| api.configure(routes));
    let service = runtime.block_on(init_service(app));
    calls::with_inputs(
        move || request().to_request(),
        move |request| {
            runtime.block_on(async {
                let response = call_service(&service, request).await;
                assert_eq!(response.status(), status);
                to_bytes(response.into_body()).await.expect("the body is there")
            })
        },
    )
}

/// Limits that cost what others cost, and let everybody call as often as a bench does.
fn all_but_unlimited() -> RateLimiting {
    let rate = Rate { calls: NonZeroU32::MAX, period: Duration::from_mins(1) };
    let mut limiting = RateLimiting::default();
    limiting.limits.other = rate;
    limiting
}
