use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, PASSWORD, Server, SignedIn};

/// The items of a list.
#[track_caller]
pub(crate) fn items(list: &Value) -> &[Value] {
    list["items"].as_array().unwrap_or_else(|| panic!("no list: {list}"))
}

/// One member of each.
#[track_caller]
pub(crate) fn each<'a>(items: &'a [Value], member: &str) -> Vec<&'a str> {
    items.iter().map(|item| item[member].as_str().unwrap_or_else(|| panic!("{member}: {item}"))).collect()
}

#[track_caller]
pub(crate) fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap_or_else(|| panic!("no id: {object}"))
}

/// A part of a query as it is written in an address.
pub(crate) fn encoded(text: &str) -> String {
    let octets: Vec<_> = text.bytes().map(|octet| format!("%{octet:02X}")).collect();
    octets.concat()
}

/// What administrators do again and again.
impl Server {
    pub(crate) async fn patch_as(&self, access_token: &str, path: &str, body: Value) -> Answer {
        self.call_as(access_token, Method::PATCH, path, body).await
    }

    pub(crate) async fn delete_as(&self, access_token: &str, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path).bearer_auth(access_token)).await
    }

    /// Makes a verified account with [`PASSWORD`], and returns it.
    pub(crate) async fn made_user(&self, admin: &SignedIn, email: &str) -> Value {
        let body = json!({ "email": email, "password": PASSWORD, "email_verified": true });
        self.post_as(&admin.access_token, "/api/v1/users", body).await.json(201)
    }

    /// Makes a role with these permissions, and returns its id.
    pub(crate) async fn made_role(&self, admin: &SignedIn, name: &str, permissions: &[&str]) -> String {
        let body = json!({ "name": name, "permissions": permissions });
        id(&self.post_as(&admin.access_token, "/api/v1/roles", body).await.json(201)).to_owned()
    }

    /// The id of the role of this name.
    pub(crate) async fn role_called(&self, admin: &SignedIn, name: &str) -> String {
        let roles = self.get_as(&admin.access_token, "/api/v1/roles").await.json(200);
        let role = items(&roles).iter().find(|role| role["name"] == name).expect("the role is there");
        id(role).to_owned()
    }

    pub(crate) async fn grant(&self, admin: &SignedIn, user: &str, role: &str) {
        let path = format!("/api/v1/users/{user}/roles/{role}");
        self.post_as(&admin.access_token, &path, json!({})).await.empty(204);
    }

    /// A signed-in user who holds these permissions, by a role that is called as they are.
    pub(crate) async fn holding(&self, admin: &SignedIn, email: &str, permissions: &[&str]) -> SignedIn {
        let user = self.made_user(admin, email).await;
        let name = email.split('@').next().expect("a local part").replace('.', "-");
        let role = self.made_role(admin, &name, permissions).await;
        self.grant(admin, id(&user), &role).await;
        self.login(email, PASSWORD).await
    }

    /// Every item of a list, page by page from the first to the last.
    pub(crate) async fn walk(&self, access_token: &str, path: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut next = self.page(access_token, path, None).await;
        loop {
            found.extend_from_slice(items(&next));
            match next["next_cursor"].as_str() {
                Some(cursor) => next = self.page(access_token, path, Some(cursor)).await,
                None => return found,
            }
        }
    }

    /// One page of a list.
    pub(crate) async fn page(&self, access_token: &str, path: &str, cursor: Option<&str>) -> Value {
        let joint = if path.contains('?') { '&' } else { '?' };
        let cursor = cursor.map(|cursor| format!("{joint}cursor={}", encoded(cursor))).unwrap_or_default();
        self.get_as(access_token, &format!("{path}{cursor}")).await.json(200)
    }

    /// The events of the audit trail that a query asks for, the newest first.
    pub(crate) async fn events(&self, admin: &SignedIn, query: &str) -> Vec<Value> {
        self.walk(&admin.access_token, &format!("/api/v1/audit-events?{query}")).await
    }
}
