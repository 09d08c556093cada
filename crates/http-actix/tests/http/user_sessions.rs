use serde_json::json;

use crate::service::{ADA, Service};

#[tokio::test]
async fn an_administrator_sees_where_users_are_signed_in() {
    let service = Service::start();
    let (ada, again) = (service.signed_in(ADA).await, service.signed_in_again(ADA).await);
    let admin = service.administrator().await;
    let list = service.get_as(&admin.access, &format!("/api/v1/users/{}/sessions", ada.user_id)).await;
    let mut own = service.get_as(&again.access, "/api/v1/auth/sessions").await.json();
    for item in own["items"].as_array_mut().unwrap() {
        item["current"] = json!(false);
    }
    assert_eq!(list.json(), own, "none of them is the one that the administrator calls with");
    let own = service.get_as(&admin.access, &format!("/api/v1/users/{}/sessions", admin.user_id)).await;
    assert_eq!(own.json()["items"][0]["current"], true);
}

#[tokio::test]
async fn an_administrator_signs_a_user_out_everywhere() {
    let service = Service::start();
    let (ada, again) = (service.signed_in(ADA).await, service.signed_in_again(ADA).await);
    let admin = service.administrator().await;
    let path = format!("/api/v1/users/{}/sessions", ada.user_id);
    for _ in 0..2 {
        let revoked = service.delete_as(&admin.access, &path).await;
        assert_eq!((revoked.status.as_u16(), revoked.text.as_str()), (204, ""));
        assert_eq!(service.get_as(&admin.access, &path).await.json(), json!({"items": []}));
    }
    for tokens in [ada, again] {
        assert_eq!(
            service.get_as(&tokens.access, "/api/v1/auth/me").await.problem(),
            "401 invalid_access_token"
        );
    }
    assert_eq!(service.get_as(&admin.access, "/api/v1/auth/me").await.status, 200);
    service.signed_in_again(ADA).await;
}
