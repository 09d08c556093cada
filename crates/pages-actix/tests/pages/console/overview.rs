use std::time::Duration;

use crate::site::{ADA, PASSWORD, Site};

#[actix_web::test]
async fn registrations_and_logins_are_drawn_and_told_by_day_and_outcome() {
    let site = Site::new();
    site.register("bob@example.com").await;
    site.register("eve@example.com").await;
    site.clock.advance(Duration::from_hours(24));
    let (mut browser, _) = site.administered().await;
    site.made(ADA, &[]).await;
    for _ in 0..3 {
        assert!(!site.can_sign_in(ADA, "not the password").await);
    }
    assert!(site.can_sign_in(ADA, PASSWORD).await);

    let page = browser.get("/admin/overview").await;
    page.assert_is_form_page(200);
    let charts: Vec<_> = page.body.split("<figure").skip(1).collect();
    let [registrations, logins] = charts[..] else { panic!("two charts: {}", page.body) };
    assert!(registrations.contains("2 succeeded, 0 failed.\""), "{registrations}");
    assert_eq!(registrations.matches(r#"<rect class="success""#).count(), 1, "on one day");
    assert!(logins.contains("2 succeeded, 3 failed.\""), "with that of the administrator: {logins}");
    assert_eq!(logins.matches(r#"<rect class="success""#).count(), 1);
    assert_eq!(logins.matches(r#"<rect class="failure""#).count(), 1);
    for chart in [registrations, logins] {
        assert_eq!(chart.matches(r#"<rect class="space""#).count(), 30, "each day");
        assert_eq!(chart.matches(r#"<th scope="row""#).count(), 30, "and each in the table");
    }
}

#[actix_web::test]
async fn an_installation_where_nothing_happened_has_an_overview() {
    let site = Site::new();
    let (mut browser, _) = site.administered().await;
    site.clock.advance(Duration::from_hours(24 * 29));
    let page = browser.get("/admin/overview").await;
    page.assert_is_form_page(200);
    page.assert_contains("Registrations");
}
