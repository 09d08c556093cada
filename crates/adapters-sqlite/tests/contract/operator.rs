//! What the cases need done to the database behind the ports' backs, with plain statements.

use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool, Text};
use diesel::{SqliteConnection, sql_query};
use portcullis_domain::{Permission, RoleId, RoleName, UserId};
use portcullis_testkit::Operator;

pub(crate) struct SqliteOperator(Mutex<SqliteConnection>);

impl SqliteOperator {
    pub(crate) fn connect(path: &Path) -> Self {
        let path = path.to_str().expect("temporary folders have plain names");
        let mut connection = SqliteConnection::establish(path).expect("the database opens");
        connection.batch_execute("PRAGMA busy_timeout = 4000").expect("a setting");
        Self(Mutex::new(connection))
    }

    fn connection(&self) -> MutexGuard<'_, SqliteConnection> {
        self.0.lock().expect("no operation panics")
    }
}

#[async_trait]
impl Operator for SqliteOperator {
    async fn add_role(&self, id: RoleId, name: &RoleName, permissions: &[Permission]) {
        let mut connection = self.connection();
        sql_query("INSERT INTO roles (id, name, built_in) VALUES (?, ?, 0)")
            .bind::<Binary, _>(id.uuid().into_bytes())
            .bind::<Text, _>(name.as_str())
            .execute(&mut *connection)
            .expect("the role is new");
        for permission in permissions {
            sql_query("INSERT INTO role_permissions (role_id, permission) VALUES (?, ?)")
                .bind::<Binary, _>(id.uuid().into_bytes())
                .bind::<Text, _>(permission.as_str())
                .execute(&mut *connection)
                .expect("the permission is new to the role");
        }
    }

    async fn set_roles(&self, user: UserId, roles: &[RoleName]) {
        let mut connection = self.connection();
        sql_query("DELETE FROM user_roles WHERE user_id = ?")
            .bind::<Binary, _>(user.uuid().into_bytes())
            .execute(&mut *connection)
            .expect("roles can be taken away");
        for role in roles {
            let granted = sql_query("INSERT INTO user_roles SELECT ?, id FROM roles WHERE name = ?")
                .bind::<Binary, _>(user.uuid().into_bytes())
                .bind::<Text, _>(role.as_str())
                .execute(&mut *connection)
                .expect("a role can be granted");
            assert_eq!(granted, 1, "the role {role} exists");
        }
    }

    async fn set_active(&self, user: UserId, is_active: bool) {
        let changed = sql_query("UPDATE users SET is_active = ? WHERE id = ?")
            .bind::<Bool, _>(is_active)
            .bind::<Binary, _>(user.uuid().into_bytes())
            .execute(&mut *self.connection())
            .expect("a user can be changed");
        assert_eq!(changed, 1, "the user exists");
    }
}
