//! Seats: how many accounts a plan pays for.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::ports::{
    Applicant, RegistrationGate, RegistrationRefusal, UserAdministration, UserFilter, UserQuery,
};

/// Lets people register while there are seats.
///
/// Two who register at the same moment may both get the last one: a bill may have that, a theatre may not.
pub struct Seats {
    accounts: Arc<dyn UserAdministration>,
    seats: u32,
}

impl Seats {
    /// So many seats for `accounts`.
    #[must_use]
    pub fn new(accounts: Arc<dyn UserAdministration>, seats: u32) -> Self {
        Self { accounts, seats }
    }
}

#[async_trait]
impl RegistrationGate for Seats {
    async fn admit(&self, _: &Applicant) -> Result<(), RegistrationRefusal> {
        // Those who may not use their account need no seat.
        let filter = UserFilter { is_active: Some(true), ..UserFilter::default() };
        let query = UserQuery { filter, before: None, limit: self.seats };
        let taken = self.accounts.list(query).await?.len();
        if u32::try_from(taken).is_ok_and(|taken| taken < self.seats) {
            return Ok(());
        }
        Err(RegistrationRefusal::Refused(format!("All {} seats are taken.", self.seats)))
    }
}
