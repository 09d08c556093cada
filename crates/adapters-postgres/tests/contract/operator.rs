//! What the cases need done to the database behind the ports' backs, with plain statements.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_domain::{Permission, RoleId, RoleName, UserId};
use portcullis_testkit::Operator;
use portcullis_throwaway_postgres::Database;

pub(crate) struct PostgresOperator(pub(crate) Arc<Database>);

// Ids, and the names of roles and permissions, have no character that means anything in SQL.
#[async_trait]
impl Operator for PostgresOperator {
    async fn add_role(&self, id: RoleId, name: &RoleName, permissions: &[Permission]) {
        self.0.run(&format!("INSERT INTO roles (id, name, built_in) VALUES ('{id}', '{name}', FALSE)")).await;
        for permission in permissions {
            self.0.run(&format!("INSERT INTO role_permissions VALUES ('{id}', '{permission}')")).await;
        }
    }

    async fn set_roles(&self, user: UserId, roles: &[RoleName]) {
        self.0.run(&format!("DELETE FROM user_roles WHERE user_id = '{user}'")).await;
        for role in roles {
            let grant = format!(
                "INSERT INTO user_roles SELECT '{user}', id FROM roles WHERE name = '{role}' RETURNING role_id"
            );
            assert_eq!(self.0.run(&grant).await.len(), 1, "the role {role} exists");
        }
    }

    async fn set_active(&self, user: UserId, is_active: bool) {
        let set = format!("UPDATE users SET is_active = {is_active} WHERE id = '{user}' RETURNING id");
        assert_eq!(self.0.run(&set).await.len(), 1, "the user exists");
    }
}
