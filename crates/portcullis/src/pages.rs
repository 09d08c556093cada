//! The pages as the configuration wants them.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use portcullis_adapters_smtp::Mailbox;
use portcullis_pages_actix::{Brand, FormTokens, Logo, MailboxReader, Pages, PagesOptions};

use crate::config::{Config, HttpUrl};
use crate::mailbox::FileMailbox;

/// The pages of an installation that people reach at `public_url`.
pub(crate) fn pages(config: &Config, public_url: &HttpUrl, form_tokens: FormTokens) -> anyhow::Result<Pages> {
    // Whoever can read the mailbox can take every account over: it is for the same machine only.
    let shows_mailbox = config.smtp_url.is_none() && config.bind.ip().is_loopback();
    let mailbox = || Arc::new(FileMailbox(Mailbox::new(config.mailbox()))) as Arc<dyn MailboxReader>;
    Ok(Pages::new(PagesOptions {
        are_accounts_shown: config.pages,
        public_url: public_url.as_str().to_owned(),
        renewal: config.access_token_ttl,
        registration: config.registration,
        password: config.password_min_length,
        signing_algorithm: config.jwt_algorithm,
        brand: brand(config)?,
        form_tokens,
        mailbox: shows_mailbox.then(mailbox),
    }))
}

/// What the pages are called and look like; reads the files that settings name.
pub(crate) fn brand(config: &Config) -> anyhow::Result<Brand> {
    let read =
        |path: &Path| std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()));
    let logo = |path: &Path| anyhow::Ok(Logo::new(read(path)?)?);
    let stylesheet = |path: &Path| anyhow::Ok(String::from_utf8(read(path)?)?);
    Ok(Brand {
        name: config.pages_name.clone(),
        logo: config
            .pages_logo
            .as_deref()
            .map(logo)
            .transpose()
            .context("the logo cannot be shown (PORTCULLIS_PAGES_LOGO)")?,
        stylesheet: config
            .pages_css
            .as_deref()
            .map(stylesheet)
            .transpose()
            .context("the styles cannot be used (PORTCULLIS_PAGES_CSS)")?,
    })
}
