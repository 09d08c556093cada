use crate::site::{ADA, Site};

#[actix_web::test]
async fn a_page_speaks_the_language_that_its_reader_prefers() {
    let site = Site::new();
    let token = site.verification_link(ADA).await;
    let link = format!("/verify-email?token={}", token.expose().as_str());
    for (accepted, tag, title) in [
        ("de-AT, en;q=0.5", "de", "Bestätigen Sie Ihre E\u{2011}Mail-Adresse"),
        ("en-GB, de;q=0.5", "en", "Confirm your e\u{2011}mail address"),
        ("fr, de;q=0.5", "de", "Bestätigen Sie Ihre E\u{2011}Mail-Adresse"),
    ] {
        let page = site.get_in(accepted, &link).await;
        page.assert_is_page(200);
        page.assert_contains(&format!("<html lang=\"{tag}\">"));
        page.assert_contains(&format!("<h1>{title}</h1>"));
        assert_eq!(page.header("content-language"), Some(tag));
    }
}

#[actix_web::test]
async fn who_prefers_none_of_them_gets_the_one_of_the_installation() {
    for (configured, tag) in [("de-ch", "de"), ("en", "en"), ("fr", "en")] {
        let site = Site::new().speaking(configured);
        site.get_in("fr, it", "/reset-password").await.assert_contains(&format!("<html lang=\"{tag}\">"));
        site.get("/reset-password").await.assert_contains(&format!("<html lang=\"{tag}\">"));
    }
}

#[actix_web::test]
async fn failures_and_refusals_are_told_in_the_same_language() {
    let site = Site::new().speaking("de");
    site.storage.fail_next();
    let token = portcullis_domain::TokenSecret::parse(&"A".repeat(43)).unwrap();
    site.open("/verify-email", &token)
        .await
        .assert_contains("<h1>Bitte versuchen Sie es gleich noch einmal</h1>");

    site.verified(ADA).await;
    let token = site.reset_link(ADA).await;
    let form = format!("token={}&new_password=kurz&password_confirm=kurz", token.expose().as_str());
    site.submit("/reset-password", form).await.assert_contains("Verwenden Sie mindestens 8 Zeichen.");
}
