//! How the cases list and change accounts, in one line each.

use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    ImportOutcome, PasswordSetting, SetPasswordOutcome, UnlockOutcome, Unlocking, UserFilter, UserQuery,
    UserUpdate, UserUpdateOutcome,
};
use portcullis_domain::{
    Account, EmailAddress, ProfileChange, SearchPrefix, SessionId, TokenDigest, User, UserId,
};

use crate::Storage;
use crate::contract::steps::{TICK, everything};
use crate::contract::tokens::steps::{
    change_address, find_reset, find_verification, mail_reset, mail_verification, would_change,
};
use crate::fixtures::{NOW, account_attempts, code_attempts, event, mail, other_hash, password_hash};

/// A change with every authority that keeps all there is to keep.
pub(super) fn update(user: UserId) -> UserUpdate {
    UserUpdate {
        user,
        authority: everything(),
        profile: ProfileChange::default(),
        email: None,
        verifies_email: false,
        is_active: None,
        now: NOW + TICK,
        mails: vec![],
        seen: None,
        event: event(AuditKind::UserUpdate).about(user),
    }
}

/// A change that deactivates, or activates.
pub(super) fn activation(user: UserId, is_active: bool) -> UserUpdate {
    UserUpdate { is_active: Some(is_active), ..update(user) }
}

/// A change to this address, of which both addresses are told.
pub(super) fn move_to(user: &User, address: EmailAddress) -> UserUpdate {
    let mails = vec![
        mail(MailKind::VerifyEmail, address.as_str()),
        mail(MailKind::EmailChanged, user.email.as_str()),
    ];
    UserUpdate { email: Some(address), mails, ..update(user.id) }
}

/// The lockout of a user, to be lifted with every authority.
pub(super) fn unlocking(user: &User) -> Unlocking {
    Unlocking {
        user: user.id,
        authority: everything(),
        attempts: vec![account_attempts(user.id), code_attempts(user.email.as_str())],
        event: event(AuditKind::AccountUnlock).about(user.id),
    }
}

/// Another password for a user, to be set with every authority.
pub(super) fn setting(user: &User) -> PasswordSetting {
    PasswordSetting {
        user: user.id,
        authority: everything(),
        new_hash: other_hash("set"),
        attempts: account_attempts(user.id),
        notice: mail(MailKind::PasswordChanged, user.email.as_str()),
        event: event(AuditKind::PasswordSet).about(user.id),
    }
}

/// An account of another system with [`password_hash`].
pub(super) fn foreign(user: &User) -> Account {
    Account { user: user.clone(), password_hash: Some(password_hash()) }
}

/// Those who begin so.
pub(super) fn beginning(prefix: &str) -> UserFilter {
    let prefix = SearchPrefix::parse(prefix).expect("a case names a valid prefix");
    UserFilter { prefix: Some(prefix), ..UserFilter::default() }
}

impl Storage {
    pub(super) async fn update(&self, update: UserUpdate) -> UserUpdateOutcome {
        self.administration.update(update).await.expect("update")
    }

    /// Changes an account that nothing stands in the way of.
    pub(super) async fn updated(&self, update: UserUpdate) -> User {
        match self.update(update).await {
            UserUpdateOutcome::Updated(user) => *user,
            outcome => panic!("nothing stands in the way: {outcome:?}"),
        }
    }

    pub(super) async fn unlock(&self, unlocking: Unlocking) -> UnlockOutcome {
        self.administration.unlock(unlocking).await.expect("unlock")
    }

    pub(super) async fn set_password(&self, setting: PasswordSetting) -> SetPasswordOutcome {
        self.administration.set_password(setting).await.expect("set")
    }

    pub(super) async fn import(&self, accounts: &[Account]) -> Vec<ImportOutcome> {
        self.administration.import(accounts.to_vec()).await.expect("import")
    }

    /// Up to `limit` users before this one, or from the newest on.
    pub(super) async fn page(&self, filter: &UserFilter, before: Option<UserId>, limit: u32) -> Vec<User> {
        let query = UserQuery { filter: filter.clone(), before, limit };
        let page = self.administration.list(query).await.expect("list");
        assert!(page.len() as u64 <= limit.into(), "a page has {limit} users at most");
        let goes_on = page.iter().all(|user| before.is_none_or(|before| user.id < before));
        assert!(goes_on, "a page goes on after the one before it");
        page
    }

    /// All users that a filter lets through, listed in pages of `limit`.
    pub(super) async fn list(&self, filter: &UserFilter, limit: u32) -> Vec<User> {
        let (mut listed, mut before) = (Vec::new(), None);
        loop {
            let page = self.page(filter, before, limit).await;
            let goes_on = page.len() as u64 == limit.into();
            before = page.last().map(|user| user.id);
            listed.extend(page);
            if !goes_on {
                return listed;
            }
        }
    }

    /// The addresses of all users that a filter lets through, in alphabetical order.
    pub(super) async fn found(&self, filter: &UserFilter) -> Vec<String> {
        let listed = self.list(filter, 200).await;
        let mut found: Vec<_> = listed.into_iter().map(|user| user.email.to_string()).collect();
        found.sort_unstable();
        found
    }
}

/// A secret of every kind, mailed to one user.
#[derive(Clone, Copy)]
pub(super) struct Mailed {
    pub(super) link: TokenDigest,
    pub(super) reset: TokenDigest,
    pub(super) change: TokenDigest,
}

impl Mailed {
    /// Mails them to an active, unverified user.
    pub(super) async fn to(storage: &Storage, user: &User, session: SessionId) -> Self {
        let link = mail_verification(storage, user).await;
        let reset = mail_reset(storage, user).await;
        let change = change_address(storage, user, session, &format!("new.{}", user.email)).await;
        Self { link, reset, change }
    }

    /// Which of them are good: that of the verification, of the reset, and of the change of address.
    pub(super) async fn are_good(&self, storage: &Storage) -> [bool; 3] {
        [
            find_verification(storage, self.link, NOW).await.is_some(),
            find_reset(storage, self.reset, NOW).await.is_some(),
            would_change(storage, self.change).await,
        ]
    }
}
