use std::time::Duration;

use portcullis_domain::audit::AuditKind;
use portcullis_domain::{KeyState, SigningAlgorithm};

use crate::site::Site;

#[actix_web::test]
async fn the_next_key_is_announced_by_who_asked_for_it() {
    let site = Site::new();
    let (mut browser, root) = site.administered().await;
    site.use_cases.ensure_signing_key.ensure(SigningAlgorithm::EdDsa).await.expect("a key");
    site.pass_time();
    let page = browser.get("/admin/keys").await;
    page.assert_is_form_page(200);
    assert_eq!(page.rows().len(), 1);
    browser.get("/admin/keys/rotate").await.assert_contains("signs ten minutes from now");
    assert_eq!(site.use_cases.list_signing_keys.list().await.expect("a list").len(), 1, "asking makes none");

    browser.get("/admin/keys/rotate").await.assert_contains("Make key");
    browser.send("/admin/keys/rotate", &[]).await.assert_redirects_to("../../admin/keys");
    site.assert_audited(AuditKind::SigningKeyRotation, &root, None).await;
    let page = browser.get("/admin/keys").await;
    page.assert_contains("There is a new key.");
    let rows = page.rows();
    assert!(rows[0].contains("announced") && rows[1].contains("signs"), "{rows:?}");
    let states: Vec<_> = site
        .use_cases
        .list_signing_keys
        .list()
        .await
        .expect("a list")
        .into_iter()
        .map(|(_, state)| state)
        .collect();
    assert_eq!(states, [KeyState::Signing, KeyState::Announced]);

    let again = browser.get("/admin/keys/rotate").await;
    again.assert_contains("A key has been announced already");
    again.assert_contains("Make another key");
    site.clock.advance(Duration::from_mins(10));
    let later = browser.get("/admin/keys/rotate").await;
    assert!(!later.body.contains("announced already"), "it signs by now: {}", later.body);
}
