use std::sync::Arc;

use portcullis_domain::archive::{Record, RecordKind};
use portcullis_domain::ports::{RecordRefusal, WritePageError};
use portcullis_domain::{Account, User};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::ArchiveSetup;
use super::samples::installation;
use crate::contract::race::ROUNDS;
use crate::fixtures::{password_hash, session, user};

/// One record that cannot be stored keeps all that come with it out, whatever their kinds.
pub async fn a_page_is_written_whole_or_not_at_all(setup: &ArchiveSetup) {
    let before = setup.read_everything().await;
    let nobody = user("nobody@example.com").id;
    let dangling = Record::Session(session(nobody));
    let account = Account { user: user("ada@example.com"), password_hash: None };
    let changed = Account { password_hash: Some(password_hash()), ..account.clone() };
    let [ada, changed_ada] = [account, changed].map(Record::User);
    let another_ada = Record::User(Account { user: user("ADA@example.com"), password_hash: None });
    for (last, refusal) in [
        (dangling, RecordRefusal::Dangles),
        (another_ada, RecordRefusal::Collides),
        (changed_ada, RecordRefusal::Differs),
    ] {
        let mut page = installation();
        page.extend([ada.clone(), last.clone()]);
        match setup.archive.write_page(page).await {
            Err(WritePageError::Refused(refused)) => {
                assert_eq!((refused.kind, refused.key, refused.refusal), (last.kind(), last.key(), refusal));
            }
            other => panic!("the last record is refused: {other:?}"),
        }
        assert_eq!(setup.read_everything().await, before, "nothing of the page is stored");
    }
}

/// What is stored already is as good as written: a copy that was interrupted goes on.
pub async fn writing_again_changes_nothing(setup: &ArchiveSetup) {
    let given = installation();
    let half = given.len() / 2;
    assert_eq!(setup.write(&given[..half]).await as usize, half);
    assert_eq!(setup.write(&given).await as usize, given.len() - half, "the others are new");
    let stored = setup.read_everything().await;
    assert_eq!(setup.write(&given).await, 0, "none is new");
    assert_eq!(setup.write(&[]).await, 0);
    assert_eq!(setup.read_everything().await, stored);
}

/// However writers of the same records are raced, each record is new to one of them.
pub async fn raced_writers_store_each_record_once(setup: &ArchiveSetup) {
    const WRITERS: usize = 8;
    for round in 0..ROUNDS {
        let page: Vec<_> = (0..40)
            .map(|number| user(&format!("user{number}.{round}@example.com")))
            .flat_map(|user: User| {
                let session = session(user.id);
                [Record::User(Account { user, password_hash: None }), Record::Session(session)]
            })
            .collect();
        let start = Arc::new(Barrier::new(WRITERS));
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let archive = match &setup.second {
                Some(second) if writer % 2 == 1 => second.clone(),
                _ => setup.archive.clone(),
            };
            let (start, page) = (start.clone(), page.clone());
            writers.spawn(async move {
                start.wait().await;
                archive.write_page(page).await.expect("write a page")
            });
        }
        let new: u32 = writers.join_all().await.into_iter().sum();
        assert_eq!(new as usize, page.len());
        let stored = setup.read(RecordKind::Sessions, u32::MAX).await.len();
        assert_eq!(stored, page.len() / 2 * (round + 1));
    }
}
