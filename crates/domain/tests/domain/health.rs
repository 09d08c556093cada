//! Whether an installation can do its work.

use portcullis_testkit::TestDomain;

#[tokio::test]
async fn an_installation_is_as_healthy_as_its_store() {
    let domain = TestDomain::new();
    domain.use_cases.check_health.check().await.unwrap();
    domain.storage.fail_next();
    domain.use_cases.check_health.check().await.unwrap_err();
    domain.use_cases.check_health.check().await.unwrap();
}
