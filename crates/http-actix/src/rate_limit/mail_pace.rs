use std::convert::Infallible;
use std::future::{Ready, ready};
use std::num::NonZeroU32;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use portcullis_domain::EmailAddress;

use super::{Allowance, Caller, Rate, RouteGroup};
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
    /// Counts a mail that a call to `group` asks for, unless it is one too many. What is answered to strangers must not tell.
    pub async fn admits(&self, group: RouteGroup, address: &EmailAddress) -> bool {
        self.count(group, address).await.is_none_or(|allowance| allowance.is_admitted)
    }

    /// The same for callers who are signed in, and may be told.
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
        let limiting = self.0.as_ref()?.rate_limiting.as_ref()?;
        Some(limiting.limiter.count(Caller::writing_to(address), group, PACE).await)
    }
}
