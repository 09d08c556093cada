use async_trait::async_trait;
use portcullis_domain::{Permission, Role, RoleId, RoleName, UserId};

use super::MemoryStorage;
use crate::Operator;

#[async_trait]
impl Operator for MemoryStorage {
    async fn add_role(&self, id: RoleId, name: &RoleName, permissions: &[Permission]) {
        let permissions = permissions.iter().cloned().collect();
        let role = Role { id, name: name.clone(), description: None, built_in: false, permissions };
        let replaced = self.state().roles.insert(name.clone(), role);
        assert!(replaced.is_none(), "the role {name} is new");
    }

    async fn set_roles(&self, user: UserId, roles: &[RoleName]) {
        let mut state = self.state();
        let roles = state.existing_roles(roles).expect("the roles exist");
        state.account_mut(user).expect("the user exists").user.roles = roles;
    }

    async fn set_active(&self, user: UserId, is_active: bool) {
        self.state().account_mut(user).expect("the user exists").user.is_active = is_active;
    }
}
