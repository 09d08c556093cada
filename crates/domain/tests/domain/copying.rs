//! Moving an installation from one store to another.

use std::sync::{Arc, Mutex};

use portcullis_domain::archive::{Record, RecordKind};
use portcullis_domain::audit::AuditKind;
use portcullis_domain::mail::MailKind;
use portcullis_domain::ports::{
    InstallationArchive as _, MailQueue as _, ProfileUpdate, UserRepository as _,
};
use portcullis_domain::use_cases::{
    CopiedKind, CopyError, CopyInstallation, CopyProgress, CopyStage, DeliverMail,
};
use portcullis_domain::{Account, ProfileChange, UserId};
use portcullis_testkit::fixtures::{NOW, PASSWORD, account, event, mail, password_hash, user};
use portcullis_testkit::{MemoryStorage, TestDomain};

use crate::ADA;

/// Users enough for two pages.
const TWO_PAGES: usize = CopyInstallation::PAGE as usize + 1;
/// Users enough for three.
const THREE_PAGES: usize = CopyInstallation::PAGE as usize * 2 + 1;

async fn store_of(users: usize) -> MemoryStorage {
    let store = MemoryStorage::default();
    let users: Vec<_> = (0..users)
        .map(|number| {
            let user = user(&format!("user{number}@example.com"));
            Record::User(Account { user, password_hash: Some(password_hash()) })
        })
        .collect();
    store.write_page(users).await.unwrap();
    store
}

async fn copy(source: &MemoryStorage, target: &MemoryStorage) -> Result<Vec<CopiedKind>, CopyError> {
    copy_and_observe(source, target, |_| {}).await
}

async fn copy_and_observe(
    source: &MemoryStorage,
    target: &MemoryStorage,
    observer: impl Fn(CopyProgress) + Send + Sync,
) -> Result<Vec<CopiedKind>, CopyError> {
    CopyInstallation::new(Arc::new(source.clone()), Arc::new(target.clone())).copy(&observer).await
}

async fn everything(store: &MemoryStorage) -> Vec<Record> {
    let mut records = Vec::new();
    for kind in RecordKind::ALL {
        records.extend(store.read_page(kind.first_page(), u32::MAX).await.unwrap());
    }
    records
}

fn of_users(copied: &[CopiedKind]) -> CopiedKind {
    *copied.iter().find(|copied| copied.kind == RecordKind::Users).unwrap()
}

#[tokio::test]
async fn a_copy_holds_all_that_its_source_holds() {
    let domain = TestDomain::new();
    domain.verified(ADA).await;
    domain.login(ADA, PASSWORD).await.unwrap();
    domain.login(ADA, "wrong").await.unwrap_err();
    domain.register("bob@example.com").await.unwrap();
    let before = everything(&domain.storage).await;
    let target = MemoryStorage::default();
    let copied = copy(&domain.storage, &target).await.unwrap();
    assert_eq!(everything(&target).await, before);
    assert_eq!(everything(&domain.storage).await, before, "the source is as it was");
    let kinds: Vec<_> = copied.iter().map(|copied| copied.kind).collect();
    assert_eq!(kinds, RecordKind::ALL);
    let users = of_users(&copied);
    assert_eq!((users.tally.count, users.new), (2, 2));
    assert_eq!((copied[0].tally.count, copied[0].new), (2, 0), "the built-in roles were there");
}

#[tokio::test]
async fn a_copy_tells_how_far_it_is() {
    let told = Mutex::new(Vec::new());
    let source = store_of(THREE_PAGES).await;
    let observer = |progress: CopyProgress| told.lock().unwrap().push(progress);
    copy_and_observe(&source, &MemoryStorage::default(), observer).await.unwrap();
    let told = told.into_inner().unwrap();
    let of_users = |stage| {
        let told = told.iter().filter(move |told| told.stage == stage && told.kind == RecordKind::Users);
        told.map(|told| (told.done, told.total)).collect::<Vec<_>>()
    };
    assert_eq!(of_users(CopyStage::Comparing), [(0, 0)]);
    assert_eq!(of_users(CopyStage::Copying), [(0, 1001), (0, 1001), (500, 1001), (1000, 1001), (1001, 1001)]);
    let verified = of_users(CopyStage::Verifying);
    assert_eq!((verified[0], verified[3], verified[6]), ((0, 2002), (1001, 2002), (2002, 2002)));
    assert!(told.is_sorted_by_key(|told| (told.stage as u8, told.kind)), "stage by stage, kind by kind");
}

#[tokio::test]
async fn an_interrupted_copy_goes_on_where_it_ended() {
    let source = store_of(THREE_PAGES).await;
    for call in [2, 15, 30] {
        let target = MemoryStorage::default();
        let calls = Mutex::new(0);
        let interrupted = copy_and_observe(&source, &target, |progress| {
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            if *calls == call {
                let store = if progress.stage == CopyStage::Copying { &target } else { &source };
                store.fail_next();
            }
        });
        let error = interrupted.await.expect_err("a store fails");
        assert!(matches!(error, CopyError::Source(_) | CopyError::Target(_)), "{error:?}");
        let held = target.count(RecordKind::Users).await.unwrap();
        let copied = copy(&source, &target).await.unwrap();
        assert_eq!(of_users(&copied).new, THREE_PAGES as u64 - held, "what was there is not written again");
        assert_eq!(everything(&target).await, everything(&source).await);
    }
}

#[tokio::test]
async fn a_page_that_was_refused_by_the_store_is_written_by_the_next_copy() {
    let (source, target) = (store_of(THREE_PAGES).await, MemoryStorage::default());
    let pages = Mutex::new(0);
    let error = copy_and_observe(&source, &target, |progress| {
        if progress.kind == RecordKind::Users && progress.stage == CopyStage::Copying {
            *pages.lock().unwrap() += 1;
            if *pages.lock().unwrap() == 3 {
                target.fail_next_call_to("InstallationArchive::write_page");
            }
        }
    })
    .await
    .expect_err("the store fails");
    assert!(matches!(&error, CopyError::Target(cause) if cause.is_unavailable()), "{error:?}");
    assert_eq!(target.count(RecordKind::Users).await.unwrap(), u64::from(CopyInstallation::PAGE));
    let copied = copy(&source, &target).await.unwrap();
    assert_eq!(of_users(&copied).new, THREE_PAGES as u64 - u64::from(CopyInstallation::PAGE));
}

#[tokio::test]
async fn a_finished_copy_is_only_verified() {
    let (source, target) = (store_of(TWO_PAGES).await, MemoryStorage::default());
    let first = copy(&source, &target).await.unwrap();
    let written = Mutex::new(false);
    let again = copy_and_observe(&source, &target, |progress| {
        if progress.stage == CopyStage::Copying && !*written.lock().unwrap() {
            *written.lock().unwrap() = true;
            target.fail_next_call_to("InstallationArchive::write_page");
        }
    });
    let again = again.await.expect("nothing is written");
    assert!(again.iter().all(|copied| copied.new == 0));
    let tallies = |copied: &[CopiedKind]| copied.iter().map(|copied| copied.tally).collect::<Vec<_>>();
    assert_eq!(tallies(&again), tallies(&first));
}

#[tokio::test]
async fn what_has_gone_from_the_target_comes_back() {
    let (source, target) = (store_of(TWO_PAGES).await, MemoryStorage::default());
    source.enqueue(mail(MailKind::VerifyEmail, ADA)).await.unwrap();
    copy(&source, &target).await.unwrap();
    let delivered = target.claim(NOW, NOW + DeliverMail::LEASE).await.unwrap().expect("a mail waits");
    target.complete(&delivered).await.unwrap();
    let copied = copy(&source, &target).await.unwrap();
    let of_mails = copied.iter().find(|copied| copied.kind == RecordKind::Mails).unwrap();
    assert_eq!(of_mails.new, 1);
    assert_eq!(everything(&target).await, everything(&source).await);
}

#[tokio::test]
async fn a_gap_in_the_target_is_filled_by_going_on_before_it() {
    let (source, target) = (store_of(TWO_PAGES).await, MemoryStorage::default());
    let mut users = source.read_page(RecordKind::Users.first_page(), CopyInstallation::PAGE).await.unwrap();
    users.remove(3);
    target.write_page(users).await.unwrap();
    let told = Mutex::new(Vec::new());
    let observer = |progress: CopyProgress| {
        if progress.stage == CopyStage::Copying && progress.kind == RecordKind::Users {
            told.lock().unwrap().push(progress.done);
        }
    };
    let copied = copy_and_observe(&source, &target, observer).await.unwrap();
    assert_eq!(of_users(&copied).new, 2, "the one in the gap, and the one of the second page");
    assert_eq!(everything(&target).await, everything(&source).await);
    assert_eq!(told.into_inner().unwrap(), [0, 3, 501], "what is before the gap is not read again");
}

#[tokio::test]
async fn a_target_that_holds_anything_else_is_refused_before_anything_is_written() {
    let source = store_of(TWO_PAGES).await;
    let stranger = account("stranger@example.com");
    let target = MemoryStorage::default();
    target.register(stranger.clone()).await.unwrap();
    let before = everything(&target).await;
    match copy(&source, &target).await {
        Err(CopyError::Occupied { kind: RecordKind::Users, key }) => assert_eq!(key, stranger.user.id.into()),
        other => panic!("{other:?}"),
    }
    assert_eq!(everything(&target).await, before);
    // Also when it is found last of all.
    let target = MemoryStorage::default();
    target.enqueue(mail(MailKind::VerifyEmail, ADA)).await.unwrap();
    let refused = copy(&source, &target).await;
    assert!(matches!(refused, Err(CopyError::Occupied { kind: RecordKind::Mails, .. })), "{refused:?}");
    assert_eq!(target.count(RecordKind::Users).await.unwrap(), 0);
}

#[tokio::test]
async fn a_target_that_was_changed_since_is_refused() {
    let (source, target) = (store_of(TWO_PAGES).await, MemoryStorage::default());
    copy(&source, &target).await.unwrap();
    let users = target.read_page(RecordKind::Users.first_page(), 1).await.unwrap();
    let Some(Record::User(changed)) = users.first() else { panic!("there are many users") };
    target.update_profile(touch(changed.user.id)).await.unwrap();
    match copy(&source, &target).await {
        Err(CopyError::Occupied { kind: RecordKind::Users, key }) => assert_eq!(key, changed.user.id.into()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_the_source_loses_or_gains_meanwhile_is_found() {
    let changes: [fn(&MemoryStorage, UserId); 2] = [
        |source, _| {
            let register = source.register(account("late@example.com"));
            at_once(register).unwrap();
        },
        |source, first| {
            at_once(source.update_profile(touch(first))).unwrap();
        },
    ];
    for change in changes {
        let (source, target) = (store_of(TWO_PAGES).await, MemoryStorage::default());
        let users = source.read_page(RecordKind::Users.first_page(), 1).await.unwrap();
        let Some(Record::User(first)) = users.first() else { panic!("there are many users") };
        let outcome = copy_and_observe(&source, &target, |progress| {
            let verifying_begins = progress.stage == CopyStage::Verifying && progress.done == 0;
            if verifying_begins && progress.kind == RecordKind::Roles {
                change(&source, first.user.id);
            }
        });
        let differs = outcome.await.expect_err("the source is not as it was");
        assert!(matches!(differs, CopyError::Differs { kind: RecordKind::Users, .. }), "{differs:?}");
        assert!(differs.to_string().contains("do not hold the same users"), "{differs}");
    }
}

/// Notes that a profile changed at this moment, and nothing else.
fn touch(user: UserId) -> ProfileUpdate {
    let event = event(AuditKind::ProfileChange).about(user);
    ProfileUpdate { user, change: ProfileChange::default(), now: NOW, event }
}

/// What a step on a store in memory comes to, which never waits.
fn at_once<T>(step: impl Future<Output = T>) -> T {
    let mut step = std::pin::pin!(step);
    match step.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("a store in memory does not wait"),
    }
}
