use std::convert::Infallible;
use std::future::{Ready, ready};
use std::num::NonZeroU32;
use std::panic::resume_unwind;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, rt, web};
use portcullis_domain::use_cases::{
    RegisterCommand, RegisterError, Registered, RequestEmailChangeCommand, UseCases,
};
use portcullis_domain::{EmailAddress, Principal};
use tracing::Instrument as _;

use super::{Caller, Rate, RateLimiting, RouteGroup};
use crate::HttpOptions;
use crate::problem::{Code, Problem};

/// Holds back mails to addresses that are not known to be the caller's: anybody can name one, from as many of their own as
/// they have.
///
/// Six to an address at once, and after that one every ten minutes, for each group of routes. More would help nobody: each
/// mail makes the link of the one before it void, so who is flooded with them could never use one. Where calls are not
/// limited, neither are mails.
pub struct MailPace(Option<web::Data<HttpOptions>>);

/// A mail that comes too soon.
struct TooMany {
    /// When there may be one.
    next_in: Duration,
}

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
        let address = command.email.clone();
        let registering = async move { use_cases.register.register(command).await };
        let registered = self.counting(RouteGroup::Register, address, registering).await;
        registered.unwrap_or(Ok(Registered::Pending))
    }

    /// Asks the owner of a new address whether the account of `principal` may move to it. One that is refused, as for a
    /// wrong password, makes no mail and is not counted.
    ///
    /// # Errors
    ///
    /// 429 `rate_limited`, with the time until there may be another; else those of
    /// [`RequestEmailChange::request`](portcullis_domain::use_cases::RequestEmailChange::request).
    pub async fn request_email_change(
        self,
        use_cases: web::Data<UseCases>,
        principal: Principal,
        command: RequestEmailChangeCommand,
    ) -> Result<(), Problem> {
        let address = command.new_email.clone();
        let requesting = async move { use_cases.request_email_change.request(&principal, command).await };
        match self.counting(RouteGroup::Login, address, requesting).await {
            Ok(requested) => Ok(requested?),
            Err(TooMany { next_in }) => Err(Problem::passing(Code::RateLimited, next_in)),
        }
    }

    /// Counts a mail that a call to `group` asks for, and says whether it may be sent: not if it is one too many, which no
    /// answer to a stranger may show.
    pub async fn admit(&self, group: RouteGroup, address: &EmailAddress) -> bool {
        self.count(group, address).await.is_ok()
    }

    /// Does what makes a mail, unless it is one too many. Where it fails, the mail is not counted.
    ///
    /// By a task, so that who goes away in the middle leaves nothing counted that was not done.
    async fn counting<T: 'static, E: 'static>(
        self,
        group: RouteGroup,
        address: EmailAddress,
        making: impl Future<Output = Result<T, E>> + 'static,
    ) -> Result<Result<T, E>, TooMany> {
        let counting = async move {
            self.count(group, &address).await?;
            let made = making.await;
            if made.is_err() {
                self.give_back(group, &address).await;
            }
            Ok(made)
        };
        let counted = rt::spawn(counting.in_current_span()).await;
        counted.unwrap_or_else(|failed| resume_unwind(failed.into_panic()))
    }

    /// Where calls are not limited, none is too many.
    async fn count(&self, group: RouteGroup, address: &EmailAddress) -> Result<(), TooMany> {
        let Some(limiting) = self.limiting() else { return Ok(()) };
        let allowance = limiting.limiter.count(Caller::writing_to(address), group, PACE).await;
        if allowance.is_admitted { Ok(()) } else { Err(TooMany { next_in: allowance.next_in }) }
    }

    /// Takes back the mail that a call to `group` asked for and then did not make.
    async fn give_back(&self, group: RouteGroup, address: &EmailAddress) {
        if let Some(limiting) = self.limiting() {
            limiting.limiter.give_back(Caller::writing_to(address), group, PACE).await;
        }
    }

    fn limiting(&self) -> Option<&RateLimiting> {
        self.0.as_ref()?.rate_limiting.as_ref()
    }
}
