//! What the cases need done to the database behind the ports' backs, with a plain statement.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::UserId;
use portcullis_testkit::BackDoor;
use portcullis_throwaway_postgres::Database;

pub(crate) struct PostgresBackDoor(pub(crate) Arc<Database>);

#[async_trait]
impl BackDoor for PostgresBackDoor {
    async fn set_active(&self, user: UserId, is_active: bool) {
        let set = format!("UPDATE users SET is_active = {is_active} WHERE id = '{user}' RETURNING id");
        assert_eq!(self.0.run(&set).await.len(), 1, "the user exists");
    }
}
