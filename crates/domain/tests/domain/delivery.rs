use std::time::Duration;

use portcullis_domain::ports::MailerError;
use portcullis_domain::use_cases::{DeliverMail, Delivery};
use portcullis_testkit::FrozenClock;

use crate::world::{ADA, World};

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
                let now = portcullis_domain::ports::Clock::now(world.clock.as_ref());
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
    let now = portcullis_domain::ports::Clock::now(world.clock.as_ref());
    assert!(now.since(FrozenClock::START) >= DeliverMail::PATIENCE);
    assert_eq!(deliver(&world).await, Delivery::Idle);
}

#[tokio::test]
async fn every_attempt_makes_a_new_secret_that_ends_the_older() {
    let world = World::new();
    world.register(ADA).await.unwrap();
    world.deliver().await;
    let first = world.mailer.last_token_for(ADA).unwrap();
    world.domain.resend_verification.request(portcullis_testkit::fixtures::email(ADA), None).await.unwrap();
    world.mailer.fail_next(MailerError::Transient("busy".to_owned()));
    assert!(matches!(deliver(&world).await, Delivery::Deferred { .. }));
    assert!(world.domain.verify_email.verify(&first).await.is_err());
    world.clock.advance(Duration::from_secs(1));
    assert!(matches!(deliver(&world).await, Delivery::Delivered(_)));
    let second = world.mailer.last_token_for(ADA).unwrap();
    world.domain.verify_email.verify(&second).await.unwrap();
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
