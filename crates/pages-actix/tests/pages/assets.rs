use portcullis_pages_actix::{Brand, Logo};

use crate::site::{ADA, Answer, Site};

/// The values of all attributes in which a page names something to load or to go to.
fn urls(page: &Answer) -> Vec<&str> {
    ["href=\"", "src=\"", "action=\""]
        .iter()
        .flat_map(|attribute| page.body.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[actix_web::test]
async fn what_a_page_loads_is_here_and_is_kept_for_good() {
    let site = Site::new();
    let token = site.verification_link(ADA).await;
    let page = site.open("/verify-email", &token).await;
    let assets: Vec<&str> = urls(&page).into_iter().filter(|url| url.starts_with("assets/")).collect();
    assert_eq!(assets.len(), 2, "a stylesheet and an icon: {assets:?}");
    for (url, media_type) in assets.into_iter().zip(["text/css; charset=utf-8", "image/svg+xml"]) {
        assert!(url.contains("?v="), "{url}");
        let asset = site.get(&format!("/{url}")).await;
        assert_eq!(asset.status, 200, "{url}");
        assert_eq!(asset.header("content-type"), Some(media_type));
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert!(!asset.body.contains("url("), "{url} loads something else");
    }
}

#[actix_web::test]
async fn another_version_is_not_kept() {
    let site = Site::new();
    for url in ["/assets/portcullis.css", "/assets/portcullis.css?v=0123456789abcdef"] {
        let asset = site.get(url).await;
        assert_eq!(asset.status, 200);
        assert_eq!(asset.header("cache-control"), Some("no-cache"), "{url}");
    }
    site.get("/assets/other.css").await.assert_is_problem(404, "not_found");
}

#[actix_web::test]
async fn a_brand_has_a_name_a_logo_and_styles_of_its_own() {
    let mut site = Site::new();
    let logo = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec();
    site.pages.brand = Brand {
        name: "Tom & Jerry <Ltd>".to_owned(),
        logo: Some(Logo::new(logo).expect("a picture")),
        stylesheet: Some(":root { --accent: #a00 }".to_owned()),
    };
    let page = site.get("/sign-in").await;
    page.assert_contains("<title>Sign in · Tom &#38; Jerry &#60;Ltd&#62;</title>");
    let loaded = urls(&page);
    let position = |name: &str| loaded.iter().position(|url| url.contains(name)).expect(name);
    assert!(position("portcullis.css") < position("own.css"), "own styles have the last word");
    for (name, media_type) in [("own.css", "text/css; charset=utf-8"), ("assets/logo", "image/svg+xml")] {
        let asset = site.get(&format!("/{}", loaded[position(name)])).await;
        assert_eq!(asset.status, 200, "{name}");
        assert_eq!(asset.header("content-type"), Some(media_type));
        assert_eq!(
            asset.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'")
        );
    }
}
