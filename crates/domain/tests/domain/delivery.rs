use portcullis_domain::{Client, Origin};
use std::time::Duration;

use portcullis_domain::mail::{MailKind, MailRecord, MailState};
use portcullis_domain::ports::{Clock as _, MailQueue as _, MailerError};
use portcullis_domain::use_cases::{
    DeliverMail, Delivery, ListMail, RequestEmailChangeCommand, ResendMailError,
};
use portcullis_testkit::{FrozenClock, fixtures};

use crate::world::{ADA, PASSWORD, World, password};

const NEW: &str = "countess@example.com";

async fn deliver(world: &World) -> Delivery {
    world.domain.deliver_mail.deliver_next().await.unwrap()
}

#[tokio::test]
async fn a_mail_that_fails_is_tried_again_ever_more_slowly_for_a_day_and_then_set_aside() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    let mut waits = Vec::new();
    loop {
        world.mailer.fail_next(MailerError::Transient("greylisted".to_owned()));
        match deliver(&world).await {
            Delivery::Deferred { due_at, .. } => {
                let now = world.clock.now();
                waits.push(due_at.since(now));
                world.clock.set(due_at);
            }
            Delivery::Parked { reason, .. } => {
                assert_eq!(reason, "greylisted");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    for (index, wait) in waits.iter().enumerate() {
        let full = Duration::from_secs(1 << index.min(16)).min(DeliverMail::LONGEST_WAIT);
        assert!(*wait <= full && *wait >= full * 4 / 5, "wait {index}: {wait:?}");
    }
    let now = world.clock.now();
    assert!(now.since(FrozenClock::START) >= DeliverMail::PATIENCE);
    assert_eq!(deliver(&world).await, Delivery::Idle);
}

#[tokio::test]
async fn every_attempt_makes_a_new_secret_that_ends_the_older() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.deliver().await;
    let first = world.mailer.last_token_for(ADA).unwrap();
    world.domain.resend_verification.request(fixtures::email(ADA), None).await.unwrap();
    world.mailer.fail_next(MailerError::Transient("busy".to_owned()));
    assert!(matches!(deliver(&world).await, Delivery::Deferred { .. }));
    assert!(world.verify(&first).await.is_err());
    world.clock.advance(Duration::from_secs(1));
    assert!(matches!(deliver(&world).await, Delivery::Delivered(_)));
    let second = world.mailer.last_token_for(ADA).unwrap();
    world.verify(&second).await.unwrap();
}

#[tokio::test]
async fn a_mail_refused_for_good_is_set_aside_at_once() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.mailer.fail_next(MailerError::Permanent("no such mailbox".to_owned()));
    assert!(matches!(deliver(&world).await, Delivery::Parked { .. }));
    assert_eq!(deliver(&world).await, Delivery::Idle);
}

#[tokio::test]
async fn when_the_store_fails_after_the_mailer_the_mail_comes_again() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.storage.fail_next_call_to("MailQueue::complete");
    assert!(world.domain.deliver_mail.deliver_next().await.is_err());
    assert_eq!(deliver(&world).await, Delivery::Idle, "it is leased");
    world.clock.advance(DeliverMail::LEASE);
    assert!(matches!(deliver(&world).await, Delivery::Delivered(_)));
    let sent = world.mailer.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].id, sent[1].id, "a receiver can tell the repetition");
}

#[tokio::test]
async fn a_change_of_address_asked_for_again_while_its_mail_is_sent_is_mailed_again() {
    let world = World::new();
    let signed_in = world.signed_in(ADA).await;
    let principal = world.principal(&signed_in).await;
    let request = || RequestEmailChangeCommand {
        new_email: fixtures::email(NEW),
        password: Some(password(PASSWORD)),
        client: Client::default(),
    };
    world.domain.request_email_change.request(&principal, request()).await.unwrap();
    let now = world.clock.now();
    let mut being_sent = Vec::new();
    while let Some(claim) = world.storage.claim(now, now + DeliverMail::LEASE).await.unwrap() {
        being_sent.push(claim);
    }
    assert!(
        being_sent.iter().any(|claim| claim.mail.kind == MailKind::ConfirmEmailChange(principal.user.id))
    );

    world.domain.request_email_change.request(&principal, request()).await.unwrap();
    world.deliver().await;
    let token = world.mailer.last_token_for(NEW).expect("the later request is mailed, too");
    world.confirm(&token).await.unwrap();
}

async fn listed(world: &World) -> Vec<MailRecord> {
    world.domain.list_mail.list(None).await.unwrap()
}

#[tokio::test]
async fn operators_see_the_whole_queue_page_by_page() {
    let world = World::new();
    let pages = 2 * u64::from(ListMail::PAGE) + 1;
    for number in 0..pages {
        world.clock.advance(Duration::from_millis(1));
        world.register(&format!("ada{number}@example.com")).await.unwrap();
    }
    let (mut recipients, mut after) = (Vec::new(), None);
    loop {
        let page = world.domain.list_mail.list(after).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.mail.id);
        recipients.extend(page.into_iter().map(|record| record.mail.recipient.as_str().to_owned()));
    }
    let registered: Vec<_> = (0..pages).map(|number| format!("ada{number}@example.com")).collect();
    assert_eq!(recipients, registered, "the oldest comes first");
}

#[tokio::test]
async fn a_mail_set_aside_has_a_whole_day_again_when_it_is_sent_again() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.mailer.fail_next(MailerError::Permanent("no such mailbox".to_owned()));
    let Delivery::Parked { mail: id, .. } = deliver(&world).await else { panic!("it is set aside") };
    let parked = listed(&world).await;
    assert!(
        matches!(&parked[..], [MailRecord { attempts: 1, state: MailState::Parked, last_failure: Some(reason), .. }]
            if reason == "no such mailbox"),
        "{parked:?}"
    );

    world.clock.advance(DeliverMail::PATIENCE * 2);
    world.domain.resend_mail.resend(&Origin::operator(), id).await.unwrap();
    assert_eq!(world.signals.count(), 2, "the delivery worker is woken");
    let now = world.clock.now();
    assert_eq!(listed(&world).await[0].state, MailState::Waiting { due_at: now });
    world.mailer.fail_next(MailerError::Transient("greylisted".to_owned()));
    let Delivery::Deferred { due_at, .. } = deliver(&world).await else { panic!("it has a day again") };
    assert!(due_at.since(now) <= Duration::from_secs(1), "and begins with short waits");
    world.clock.set(due_at);
    assert_eq!(deliver(&world).await, Delivery::Delivered(id));
    assert_eq!(listed(&world).await, []);
}

#[tokio::test]
async fn a_mail_that_waits_for_another_attempt_can_be_sent_at_once() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.mailer.fail_next(MailerError::Transient("no route to host".to_owned()));
    let Delivery::Deferred { mail: id, .. } = deliver(&world).await else { panic!("it waits") };
    assert_eq!(deliver(&world).await, Delivery::Idle);
    world.domain.resend_mail.resend(&Origin::operator(), id).await.unwrap();
    assert_eq!(deliver(&world).await, Delivery::Delivered(id));
    let again = world.domain.resend_mail.resend(&Origin::operator(), id).await;
    assert!(matches!(again, Err(ResendMailError::NotFound)), "{again:?}");
}
