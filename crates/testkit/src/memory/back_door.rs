use async_trait::async_trait;
use portcullis_domain::UserId;

use super::MemoryStorage;
use crate::BackDoor;

#[async_trait]
impl BackDoor for MemoryStorage {
    async fn set_active(&self, user: UserId, is_active: bool) {
        self.state().account_mut(user).expect("the user exists").user.is_active = is_active;
    }
}
