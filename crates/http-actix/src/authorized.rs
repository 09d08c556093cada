use std::fmt;
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use portcullis_domain::{Permission, Principal};

use crate::access;
use crate::authenticated::Authenticated;
use crate::problem::Problem;

/// A permission that a route asks for, as a type.
pub trait RequiredPermission: 'static {
    /// What it is called in roles: `noun:verb`. Anything else does not compile where it is asked for.
    const NAME: &'static str;
}

/// Who is calling, and holds the permission `P` at the moment of the call: a handler that takes it lets nobody else
/// in. Who is not signed in is answered 401, and who lacks the permission 403.
///
/// It is for routes of an application's own, which [`Api::recognise_callers`](crate::Api::recognise_callers) tells
/// what they need to know.
///
/// ```
/// use portcullis_http_actix::{Authorized, RequiredPermission};
///
/// /// To read reports.
/// struct ReadReports;
///
/// impl RequiredPermission for ReadReports {
///     const NAME: &'static str = "reports:read";
/// }
///
/// async fn reports(caller: Authorized<ReadReports>) -> String {
///     format!("The reports for {}", caller.principal.user.email)
/// }
/// ```
///
/// What is no permission does not compile:
///
/// ```compile_fail
/// # use portcullis_http_actix::{Authorized, RequiredPermission};
/// # struct ReadReports;
/// impl RequiredPermission for ReadReports {
///     const NAME: &'static str = "Read reports";
/// }
/// # async fn reports(_: Authorized<ReadReports>) -> &'static str { "" }
/// # actix_web::web::get().to(reports);
/// ```
pub struct Authorized<P> {
    /// Who is calling.
    pub principal: Principal,
    permission: PhantomData<fn() -> P>,
}

impl<P> fmt::Debug for Authorized<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authorized").field("principal", &self.principal).finish_non_exhaustive()
    }
}

impl<P: RequiredPermission> FromRequest for Authorized<P> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        const { assert!(Permission::is_well_formed(P::NAME), "a permission is written `noun:verb`") };
        let authenticated = Authenticated::from_request(request, payload);
        let authorized = async {
            let Authenticated(principal) = authenticated.await?;
            let permission = Permission::parse(P::NAME).map_err(Problem::internal)?;
            if principal.permissions.allow(&permission) {
                Ok(Self { principal, permission: PhantomData })
            } else {
                Err(access::lacks(&permission))
            }
        };
        authorized.boxed_local()
    }
}
