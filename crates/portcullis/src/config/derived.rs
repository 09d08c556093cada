//! What follows from settings: defaults that depend on others, and values as the crates behind want them.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use portcullis_adapters_crypto::HashingCapacity;
use portcullis_adapters_smtp::{InvalidLinkTemplate, LinkTemplate, LinkTemplates, SmtpSettings};
use portcullis_domain::SessionLifetime;
use portcullis_domain::policy::{Lifetimes, Policy};
use portcullis_domain::ports::LockoutPolicy;
use portcullis_pages_actix::linked_pages;

use super::settings::Config;
use super::text::LogFilter;
use super::urls::{DatabaseUrl, HttpUrl};

impl Config {
    /// Where the service is for everybody, when it listens on `bound`.
    #[must_use]
    pub fn public_url_at(&self, bound: SocketAddr) -> HttpUrl {
        self.public_url.clone().unwrap_or_else(|| HttpUrl::of_address(bound))
    }

    /// Where accounts are stored.
    #[must_use]
    pub fn database(&self) -> DatabaseUrl {
        let embedded = || DatabaseUrl::Sqlite(self.data_dir.join("portcullis.db"));
        self.database_url.clone().unwrap_or_else(embedded)
    }

    /// How many connections to the store.
    #[must_use]
    pub fn database_connections(&self) -> NonZeroUsize {
        const A_CORE: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
        positive(self.database_pool).unwrap_or_else(|| cores().saturating_mul(A_CORE))
    }

    /// Where a generated secret key is kept.
    #[must_use]
    pub fn secret_key_file(&self) -> PathBuf {
        self.data_dir.join("secret.key")
    }

    /// Where mails are written when there is no mail server.
    #[must_use]
    pub fn mailbox(&self) -> PathBuf {
        self.data_dir.join("mailbox")
    }

    /// How to reach the mail server, if there is one.
    #[must_use]
    pub fn smtp(&self) -> Option<SmtpSettings> {
        let url = self.smtp_url.clone()?;
        Some(SmtpSettings { url, ca_file: self.smtp_ca_file.clone(), timeout: SmtpSettings::TIMEOUT })
    }

    /// Where the links in mails lead: to the pages at `public_url`, unless a frontend has its own.
    ///
    /// # Errors
    ///
    /// [`InvalidLinkTemplate`] when `public_url` has a character that links cannot have.
    pub fn links(&self, public_url: &HttpUrl) -> Result<LinkTemplates, InvalidLinkTemplate> {
        let link = |frontend: &Option<LinkTemplate>, page| match frontend {
            Some(link) => Ok(link.clone()),
            None => LinkTemplate::to_page(public_url.as_str(), page),
        };
        Ok(LinkTemplates {
            verify: link(&self.frontend_verify_url, linked_pages::VERIFY_EMAIL)?,
            reset: link(&self.frontend_reset_url, linked_pages::RESET_PASSWORD)?,
            email_change: link(&self.frontend_email_change_url, linked_pages::CONFIRM_EMAIL_CHANGE)?,
        })
    }

    /// How many passwords are hashed at once, and how many may wait.
    #[must_use]
    pub fn hashing_capacity(&self) -> HashingCapacity {
        HashingCapacity {
            threads: positive(self.hashing_threads).unwrap_or_else(cores),
            queue: size(self.hashing_queue),
        }
    }

    /// Which records are logged.
    #[must_use]
    pub fn log_filter(&self) -> &str {
        self.log.as_deref().unwrap_or(LogFilter::DEFAULT)
    }

    /// What the installation decides about its accounts.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            registration: self.registration,
            email_verification: self.email_verification,
            password: self.password_min_length,
            lockout: LockoutPolicy { threshold: self.lockout_threshold, duration: self.lockout_duration },
            lifetimes: Lifetimes {
                access_token: self.access_token_ttl,
                session: SessionLifetime { idle: self.refresh_token_ttl, absolute: self.session_ttl },
                refresh_grace: self.refresh_grace,
                verification_link: self.verify_link_ttl,
                verification_code: self.verify_code_ttl,
                password_reset: self.reset_ttl,
                invitation: self.invite_ttl,
                audit: self.audit_retention,
            },
            locale: self.locale.clone(),
            ..Policy::default()
        }
    }
}

/// How many threads can run at once on this machine, as far as it tells.
pub(crate) fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn size(number: u32) -> usize {
    usize::try_from(number).expect("a pointer has 32 bits or more")
}

fn positive(number: Option<u32>) -> Option<NonZeroUsize> {
    number.and_then(|number| NonZeroUsize::new(size(number)))
}
