use std::convert::Infallible;
use std::future::{Ready, ready};
use std::num::NonZeroU32;
use std::panic::resume_unwind;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, rt, web};
use portcullis_domain::EmailAddress;
use portcullis_domain::use_cases::{RegisterCommand, RegisterError, Registered, UseCases};
use tracing::Instrument as _;

use super::{Allowance, Caller, Rate, RateLimiting, RouteGroup};
use crate::HttpOptions;
use crate::problem::{Code, Problem};

/// Holds back mails to addresses that are not known to be the caller's: anybody can name one, from as many of their own as
/// they have.
///
/// Six to an address at once, and after that one every ten minutes, for each group of routes. More would help nobody: each
/// mail makes the link of the one before it void, so who is flooded with them could never use one. Where calls are not
/// limited, neither are mails.
pub struct MailPace(Option<web::Data<HttpOptions>>);

const PACE: Rate =
    Rate { calls: NonZeroU32::new(6).expect("six is not zero"), period: Duration::from_hours(1) };

impl FromRequest for MailPace {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.app_data::<web::Data<HttpOptions>>().cloned())))
    }
}

impl MailPace {
    /// Registers whoever `command` describes. Where registration is private each makes a mail, and those that come too
    /// often are answered alike, and do nothing.
    ///
    /// One that is refused makes none, and is not counted: else whoever has claimed an address could, with registrations
    /// that are refused, keep out its owner's, which would end the claim.
    ///
    /// # Errors
    ///
    /// Those of [`Register::register`](portcullis_domain::use_cases::Register::register).
    pub async fn register(
        self,
        use_cases: web::Data<UseCases>,
        command: RegisterCommand,
    ) -> Result<Registered, RegisterError> {
        if !use_cases.register.is_private() {
            return use_cases.register.register(command).await;
        }
        let registering = async move {
            let email = command.email.clone();
            if !self.admits(RouteGroup::Register, &email).await {
                return Ok(Registered::Pending);
            }
            let registered = use_cases.register.register(command).await;
            if registered.is_err() {
                self.give_back(RouteGroup::Register, &email).await;
            }
            registered
        };
        // By a task, so that who goes away in the middle leaves nothing counted that was not done.
        let registered = rt::spawn(registering.in_current_span()).await;
        registered.unwrap_or_else(|failed| resume_unwind(failed.into_panic()))
    }

    /// Counts a mail that a call to `group` asks for, unless it is one too many. What is answered to strangers must not tell.
    pub async fn admits(&self, group: RouteGroup, address: &EmailAddress) -> bool {
        self.count(group, address).await.is_none_or(|allowance| allowance.is_admitted)
    }

    /// Takes back the mail that a call to `group` asked for and then did not make.
    async fn give_back(&self, group: RouteGroup, address: &EmailAddress) {
        if let Some(limiting) = self.limiting() {
            limiting.limiter.give_back(Caller::writing_to(address), group, PACE).await;
        }
    }

    /// The same as [`admits`](Self::admits) for callers who are signed in, and may be told.
    ///
    /// # Errors
    ///
    /// 429 `rate_limited`, with the time until there may be another.
    pub async fn admit(&self, group: RouteGroup, address: &EmailAddress) -> Result<(), Problem> {
        match self.count(group, address).await {
            Some(allowance) if !allowance.is_admitted => {
                Err(Problem::passing(Code::RateLimited, allowance.next_in))
            }
            _ => Ok(()),
        }
    }

    /// None where calls are not limited.
    async fn count(&self, group: RouteGroup, address: &EmailAddress) -> Option<Allowance> {
        Some(self.limiting()?.limiter.count(Caller::writing_to(address), group, PACE).await)
    }

    fn limiting(&self) -> Option<&RateLimiting> {
        self.0.as_ref()?.rate_limiting.as_ref()
    }
}
