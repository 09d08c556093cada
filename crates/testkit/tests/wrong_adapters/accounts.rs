//! Stores that are wrong about accounts, and about who administers them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_domain::audit::AuditKind;
use portcullis_domain::ports::{
    DeleteOutcome, Deletion, MailQueue, NewAccount, PasswordChange, ProfileOutcome, ProfileUpdate,
    RegisterOutcome, StorageError, UserAdministration, UserFilter, UserQuery, UserRepository,
};
use portcullis_domain::{
    Account, Change, EmailAddress, LoginIdentifier, Name, ProfileChange, RoleName, User, UserId,
};
use portcullis_testkit::contract::faults::{FaultInjector, FaultSetup, Part};
use portcullis_testkit::{MemoryStorage, Storage, fixtures};
use tokio::task::yield_now;

use crate::honest::{HonestAdministration, HonestUsers, Wrong};

pub(crate) struct LosesUpdates(pub(crate) MemoryStorage);

#[async_trait]
impl HonestUsers for LosesUpdates {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn update_profile(&self, update: ProfileUpdate) -> Result<ProfileOutcome, StorageError> {
        let Some(Account { user, .. }) = self.0.find_by_id(update.user).await? else {
            return Ok(ProfileOutcome::NotFound);
        };
        yield_now().await;
        let ProfileChange { username, name, first_name, last_name } = update.change;
        let change = ProfileChange {
            username: whole(username, user.username),
            name: whole(name, user.profile.name),
            first_name: whole(first_name, user.profile.first_name),
            last_name: whole(last_name, user.profile.last_name),
        };
        self.0.update_profile(ProfileUpdate { change, ..update }).await
    }
}

/// The change, with what it keeps written as it was read.
fn whole<T>(change: Change<T>, read: Option<T>) -> Change<T> {
    change.apply(read).map_or(Change::Clear, Change::Set)
}

pub(crate) struct LooksBeforeItRegisters(pub(crate) MemoryStorage);

#[async_trait]
impl HonestUsers for LooksBeforeItRegisters {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        let by_email = LoginIdentifier::Email(account.user.email.clone());
        let email_is_free = self.0.find_by_login(&by_email).await?.is_none();
        let username_is_free = match account.user.username.clone().map(LoginIdentifier::Username) {
            Some(by_username) => self.0.find_by_login(&by_username).await?.is_none(),
            None => true,
        };
        yield_now().await;
        Ok(match self.0.register(account).await? {
            RegisterOutcome::EmailTaken if email_is_free => RegisterOutcome::Registered(None),
            RegisterOutcome::UsernameTaken if username_is_free => RegisterOutcome::Registered(None),
            honest => honest,
        })
    }
}

pub(crate) struct LooksUpAddressesAsTyped(pub(crate) MemoryStorage);

#[async_trait]
impl HonestUsers for LooksUpAddressesAsTyped {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn find_by_login(&self, identifier: &LoginIdentifier) -> Result<Option<Account>, StorageError> {
        let found = self.0.find_by_login(identifier).await?;
        Ok(found.filter(|account| match identifier {
            LoginIdentifier::Email(typed) => account.user.email.as_str() == typed.as_str(),
            LoginIdentifier::Username(_) => true,
        }))
    }
}

pub(crate) struct StripsAccents(pub(crate) MemoryStorage);

#[async_trait]
impl HonestUsers for StripsAccents {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        let address = account.user.email.canonical();
        let stripped = address.replace('é', "e");
        if stripped != address
            && let Ok(stripped) = EmailAddress::parse(&stripped)
            && self.0.find_by_login(&LoginIdentifier::Email(stripped)).await?.is_some()
        {
            return Ok(RegisterOutcome::EmailTaken);
        }
        self.0.register(account).await
    }
}

pub(crate) struct QueuesTheMailFirst(pub(crate) MemoryStorage);

#[async_trait]
impl HonestUsers for QueuesTheMailFirst {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        if let Some(mail) = account.mail.clone() {
            self.0.enqueue(mail).await?;
        }
        self.0.register(account).await
    }
}

pub(crate) struct StoresTheEventApart(pub(crate) MemoryStorage);

#[async_trait]
impl HonestUsers for StoresTheEventApart {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn change_password(&self, change: PasswordChange) -> Result<bool, StorageError> {
        let another_event = fixtures::event(AuditKind::PasswordChange);
        let without_its_event = PasswordChange { event: another_event, ..change.clone() };
        let outcome = self.0.change_password(change).await;
        if outcome.is_err() {
            self.0.change_password(without_its_event).await?;
        }
        outcome
    }
}

pub(crate) struct LeavesMailsOfTheErased(pub(crate) MemoryStorage);

#[async_trait]
impl HonestUsers for LeavesMailsOfTheErased {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn delete(&self, deletion: Deletion) -> Result<DeleteOutcome, StorageError> {
        let waiting = self.0.waiting_mails();
        let outcome = UserRepository::delete(&self.0, deletion).await?;
        for mail in waiting {
            self.0.enqueue(mail).await?;
        }
        Ok(outcome)
    }
}

pub(crate) struct ForgetsWhatWasChecked(pub(crate) MemoryStorage);

#[async_trait]
impl HonestUsers for ForgetsWhatWasChecked {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn delete(&self, deletion: Deletion) -> Result<DeleteOutcome, StorageError> {
        UserRepository::delete(&self.0, Deletion { verified_hash: None, ..deletion }).await
    }
}

pub(crate) struct CountsAdministratorsFirst(pub(crate) MemoryStorage);

#[async_trait]
impl HonestUsers for CountsAdministratorsFirst {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn delete(&self, deletion: Deletion) -> Result<DeleteOutcome, StorageError> {
        let filter =
            UserFilter { role: Some(RoleName::admin()), is_active: Some(true), ..UserFilter::default() };
        let query = UserQuery { filter, before: None, limit: u32::MAX };
        let administrators = UserAdministration::list(&self.0, query).await?.len();
        yield_now().await;
        Ok(match UserRepository::delete(&self.0, deletion).await? {
            DeleteOutcome::LastAdmin if administrators > 1 => DeleteOutcome::Deleted,
            honest => honest,
        })
    }
}

pub(crate) struct PagesByOffset {
    store: MemoryStorage,
    /// How many came up to each user whom a page ended with.
    offsets: Mutex<HashMap<UserId, usize>>,
}

impl PagesByOffset {
    pub(crate) fn new(store: MemoryStorage) -> Self {
        Self { store, offsets: Mutex::default() }
    }
}

#[async_trait]
impl HonestAdministration for PagesByOffset {
    fn truth(&self) -> &MemoryStorage {
        &self.store
    }

    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StorageError> {
        let offset = match query.before {
            None => Some(0),
            Some(id) => self.offsets.lock().unwrap().get(&id).copied(),
        };
        let Some(offset) = offset else {
            return UserAdministration::list(&self.store, query).await;
        };
        let limit = query.limit.try_into().unwrap();
        let all = UserQuery { before: None, limit: u32::MAX, ..query };
        let all = UserAdministration::list(&self.store, all).await?;
        let page: Vec<_> = all.into_iter().skip(offset).take(limit).collect();
        let ends = page.iter().enumerate().map(|(index, user)| (user.id, offset + index + 1));
        self.offsets.lock().unwrap().extend(ends);
        Ok(page)
    }
}

pub(crate) struct ReadsWildcards(pub(crate) MemoryStorage);

#[async_trait]
impl HonestAdministration for ReadsWildcards {
    fn truth(&self) -> &MemoryStorage {
        &self.0
    }

    async fn list(&self, query: UserQuery) -> Result<Vec<User>, StorageError> {
        let prefix = query.filter.prefix.as_ref().map(|prefix| prefix.as_str().to_owned());
        let Some(pattern) = prefix.filter(|prefix| prefix.contains(['%', '_'])) else {
            return UserAdministration::list(&self.0, query).await;
        };
        let filter = UserFilter { prefix: None, ..query.filter };
        let all = UserAdministration::list(&self.0, UserQuery { filter, limit: u32::MAX, ..query }).await?;
        let found = all.into_iter().filter(|user| {
            let names = user.profile.as_array().into_iter().flatten().map(Name::canonical);
            let username = user.username.as_ref().map(|username| username.canonical().to_owned());
            let mut texts = names.chain(username);
            is_like(user.email.canonical(), &pattern) || texts.any(|text| is_like(&text, &pattern))
        });
        Ok(found.take(query.limit.try_into().unwrap()).collect())
    }
}

/// Whether `text` begins like `pattern`, as LIKE understands it.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some(first) = pattern.chars().next() else {
        return true;
    };
    let rest = &pattern[first.len_utf8()..];
    match (first, text.chars().next()) {
        ('%', _) => text.char_indices().any(|(index, _)| is_like(&text[index..], rest)) || is_like("", rest),
        ('_', Some(character)) => is_like(&text[character.len_utf8()..], rest),
        (first, Some(character)) => first == character && is_like(&text[character.len_utf8()..], rest),
        (_, None) => false,
    }
}

pub(crate) struct RegistersInTwoTransactions {
    store: MemoryStorage,
    broken: BrokenPart,
}

/// The part of a store that cannot be written to, if there is one.
type BrokenPart = Arc<Mutex<Option<Part>>>;

#[async_trait]
impl HonestUsers for RegistersInTwoTransactions {
    fn truth(&self) -> &MemoryStorage {
        &self.store
    }

    async fn register(&self, account: NewAccount) -> Result<RegisterOutcome, StorageError> {
        if *self.broken.lock().unwrap() != Some(Part::Mails) {
            return self.store.register(account).await;
        }
        let fault = self.store.ping().await;
        let outcome = self.store.register(NewAccount { mail: None, ..account }).await?;
        fault.map(|()| outcome)
    }
}

/// Makes the next step fail that is taken in the storage in memory, whose steps have no middle.
struct Breaker {
    store: MemoryStorage,
    broken: BrokenPart,
}

#[async_trait]
impl FaultInjector for Breaker {
    async fn break_writes_to(&self, part: Part) {
        *self.broken.lock().unwrap() = Some(part);
        self.store.fail_next();
    }

    async fn mend(&self) {
        *self.broken.lock().unwrap() = None;
    }
}

/// A store whose registrations have a middle, in which it can be broken.
pub(crate) fn that_breaks_in_the_middle() -> FaultSetup {
    let (store, broken) = (MemoryStorage::default(), BrokenPart::default());
    let faults = Arc::new(Breaker { store: store.clone(), broken: broken.clone() });
    let users = RegistersInTwoTransactions { store: store.clone(), broken };
    FaultSetup { storage: Storage { users: Arc::new(Wrong(users)), ..store.into() }, faults }
}
