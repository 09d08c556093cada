//! Who may call: what the table of routes says of each, and what sees to it.
//!
//! It is seen to before anything of a request is read, and no handler can forget it: whoever may not call
//! learns nothing of what is wrong with the call.

use std::fmt::Display;
use std::slice;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage as _, HttpRequest, Route, web};
use futures_util::future::LocalBoxFuture;
use portcullis_domain::use_cases::UseCases;
use portcullis_domain::{OwnPermission, Principal};
use tracing::Instrument as _;

use crate::authenticated::Bearer;
use crate::built_in_administrator::built_in_administrator;
use crate::problem::{Code, Problem};
use crate::this_machine::is_from_here;
use crate::{Authentication, HttpOptions};

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is signed in and holds this permission at the moment of the call.
    Holding(OwnPermission),
    /// Whoever is signed in and holds all of these at the moment of the call.
    HoldingAll(&'static [OwnPermission]),
}

/// Finds out who is calling where that is not told by an access token: as application data of a scope, for every
/// route in it.
#[derive(Clone, Copy)]
pub struct Recognition(pub fn(HttpRequest) -> LocalBoxFuture<'static, Result<Principal, Problem>>);

impl Access {
    /// The permissions that it takes.
    #[must_use]
    pub const fn permissions(&self) -> &[OwnPermission] {
        match self {
            Self::Open | Self::SignedIn => &[],
            Self::Holding(permission) => slice::from_ref(permission),
            Self::HoldingAll(permissions) => permissions,
        }
    }

    /// `route`, for those who may call it. Its handler finds the [`Principal`] in the extensions of the
    /// request.
    pub(crate) fn guard(self, route: Route) -> Route {
        if self == Self::Open {
            return route;
        }
        route.wrap(from_fn(move |request: ServiceRequest, next: Next<BoxBody>| self.admit(request, next)))
    }

    async fn admit(self, request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
        match self.check(request.request()).await {
            Ok(principal) => {
                request.extensions_mut().insert(principal);
                next.call(request).await
            }
            Err(problem) => Ok(request.error_response(problem)),
        }
    }

    async fn check(self, request: &HttpRequest) -> Result<Principal, Problem> {
        let principal = authenticate(request).await?;
        match self.permissions().iter().find(|permission| !principal.permissions.allow_own(**permission)) {
            Some(lacking) => Err(lacks(lacking)),
            None => Ok(principal),
        }
    }
}

/// Who lacks `permission` may not call.
pub(crate) fn lacks(permission: &impl Display) -> Problem {
    Problem::new(Code::Forbidden).with_detail(format!("This call needs the permission `{permission}`."))
}

/// Who is calling.
pub(crate) async fn authenticate(request: &HttpRequest) -> Result<Principal, Problem> {
    if let Some(Recognition(recognise)) = request.app_data() {
        return recognise(request.clone()).await;
    }
    let options = shared::<HttpOptions>(request)?;
    match options.authentication {
        Authentication::BuiltInAdministrator if is_from_here(request, &options.cors_origins) => {
            Ok(built_in_administrator())
        }
        Authentication::BuiltInAdministrator => Err(Problem::new(Code::Forbidden)
            .with_detail("Where nobody has to sign in, only programs and pages of this machine may call.")),
        Authentication::AccessTokens => match Bearer::of(request) {
            Bearer::Absent => Err(Problem::new(Code::Unauthenticated)),
            Bearer::Unusable => Err(Problem::new(Code::InvalidAccessToken)),
            Bearer::Token(token) => {
                let authenticating = shared::<UseCases>(request)?.authenticate.authenticate(token);
                let span = tracing::debug_span!("use_case", otel.name = "authenticate");
                Ok(authenticating.instrument(span).await?)
            }
        },
    }
}

/// What the interface shares with all that is mounted beside it, such as the use cases.
///
/// # Errors
///
/// 500 when the request did not come through the interface.
pub fn shared<T: 'static>(request: &HttpRequest) -> Result<&web::Data<T>, Problem> {
    request.app_data().ok_or_else(|| Problem::internal("the interface has not been configured"))
}
