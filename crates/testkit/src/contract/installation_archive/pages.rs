use portcullis_domain::archive::{PageStart, Record, RecordKind};
use portcullis_domain::{Account, Role};

use super::ArchiveSetup;
use super::samples::installation;
use crate::fixtures::{password_hash, user};

/// A store begins with the built-in roles, and with nothing else.
pub async fn the_built_in_roles_are_the_same_in_every_store(setup: &ArchiveSetup) {
    let built_in = Role::all_built_in().map(Record::Role);
    assert_eq!(setup.read_everything().await, built_in);
    assert_eq!(setup.write(&built_in).await, 0, "they are there already");
    assert_eq!(setup.read_everything().await, built_in);
}

/// Nothing that is known of anything is lost or altered, to the microsecond and to the letter.
pub async fn every_kind_comes_back_as_it_was_written(setup: &ArchiveSetup) {
    let given = installation();
    assert_eq!(setup.write(&given).await as usize, given.len(), "all of them are new");
    let built_in = Role::all_built_in().map(Record::Role);
    let stored: Vec<_> = setup.read_everything().await;
    let stored: Vec<_> = stored.into_iter().filter(|record| !built_in.contains(record)).collect();
    assert_eq!(stored, given);
}

/// Records come in the order of their keys, whatever the size of the pages, and each of them once.
pub async fn pages_follow_each_other_in_the_order_of_the_keys(setup: &ArchiveSetup) {
    let installation = installation();
    setup.write(&installation).await;
    let mut users: Vec<_> = (0..1_203)
        .map(|number| {
            let user = user(&format!("user{number}@example.com"));
            Record::User(Account { user, password_hash: Some(password_hash()) })
        })
        .collect();
    users.extend(installation.into_iter().filter(|record| record.kind() == RecordKind::Users));
    for page in users.chunks(400) {
        setup.write(page).await;
    }
    users.sort_by_key(Record::key);
    assert_eq!(setup.read(RecordKind::Users, 500).await, users, "all of them, by their ids");
    for kind in RecordKind::ALL {
        let at_once = setup.read(kind, u32::MAX).await;
        let strictly_ascending = at_once.is_sorted_by(|left, right| left.key() < right.key());
        assert!(strictly_ascending, "{kind} come in the order of their keys, each once");
        assert!(at_once.iter().all(|record| record.kind() == kind), "a page of {kind} has no others");
        let limit = if kind == RecordKind::Users { 7 } else { 1 };
        assert_eq!(setup.read(kind, limit).await, at_once, "{kind} are the same page by page");
    }
}

/// What has been removed since does not disturb the page that begins after it.
pub async fn a_page_begins_after_a_key_that_is_gone(setup: &ArchiveSetup) {
    let given = installation();
    for absent in &given {
        let page = setup.archive.read_page(PageStart::after(absent), 10).await.expect("read a page");
        assert!(page.iter().all(|record| record.key() > absent.key()), "{absent:?}");
    }
    setup.write(&given).await;
    for kind in RecordKind::ALL {
        let records = setup.read(kind, u32::MAX).await;
        for (index, record) in records.iter().enumerate() {
            let page =
                setup.archive.read_page(PageStart::after(record), u32::MAX).await.expect("read a page");
            assert_eq!(page, records[index + 1..], "{kind}");
        }
    }
}

/// As many are counted as there are.
pub async fn records_are_counted(setup: &ArchiveSetup) {
    for records in [Vec::new(), installation()] {
        setup.write(&records).await;
        for kind in RecordKind::ALL {
            let counted = setup.archive.count(kind).await.expect("count");
            assert_eq!(counted, setup.read(kind, u32::MAX).await.len() as u64, "{kind}");
        }
    }
}
