use std::time::Duration;

use portcullis_domain::mail::{MailKind, MailRecord, MailState};
use portcullis_domain::ports::{Clock as _, MailQueue as _, MailerError};
use portcullis_domain::use_cases::{
    DeliverMail, Delivery, ListMail, RequestEmailChangeCommand, ResendMailError,
};
use portcullis_domain::{Client, Origin};
use portcullis_testkit::fixtures::{self, PASSWORD, password};
use portcullis_testkit::{FrozenClock, TestDomain};

use crate::ADA;

const NEW: &str = "countess@example.com";

async fn deliver(domain: &TestDomain) -> Delivery {
    domain.use_cases.deliver_mail.deliver_next().await.unwrap()
}

#[tokio::test]
async fn a_mail_that_fails_is_tried_again_ever_more_slowly_for_a_day_and_then_set_aside() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    let mut waits = Vec::new();
    loop {
        domain.mailer.fail_next(MailerError::Transient("greylisted".to_owned()));
        match deliver(&domain).await {
            Delivery::Deferred { due_at, .. } => {
                let now = domain.clock.now();
                waits.push(due_at.since(now));
                assert!(waits.len() < 1_000, "it is tried for ever");
                domain.clock.set(due_at);
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
    let now = domain.clock.now();
    assert!(now.since(FrozenClock::START) >= DeliverMail::PATIENCE);
    assert_eq!(deliver(&domain).await, Delivery::Idle);
}

#[tokio::test]
async fn every_attempt_makes_a_new_secret_that_ends_the_older() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.deliver().await;
    let first = domain.mailer.last_token_for(ADA).unwrap();
    domain.use_cases.resend_verification.request(fixtures::email(ADA), None).await.unwrap();
    domain.mailer.fail_next(MailerError::Transient("busy".to_owned()));
    assert!(matches!(deliver(&domain).await, Delivery::Deferred { .. }));
    assert!(domain.verify(&first).await.is_err());
    domain.clock.advance(Duration::from_secs(1));
    assert!(matches!(deliver(&domain).await, Delivery::Delivered(_)));
    let second = domain.mailer.last_token_for(ADA).unwrap();
    domain.verify(&second).await.unwrap();
}

#[tokio::test]
async fn a_mail_refused_for_good_is_set_aside_at_once() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.mailer.fail_next(MailerError::Permanent("no such mailbox".to_owned()));
    assert!(matches!(deliver(&domain).await, Delivery::Parked { .. }));
    assert_eq!(deliver(&domain).await, Delivery::Idle);
}

#[tokio::test]
async fn when_the_store_fails_after_the_mailer_the_mail_comes_again() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.storage.fail_next_call_to("MailQueue::complete");
    assert!(domain.use_cases.deliver_mail.deliver_next().await.is_err());
    assert_eq!(deliver(&domain).await, Delivery::Idle, "it is leased");
    domain.clock.advance(DeliverMail::LEASE);
    assert!(matches!(deliver(&domain).await, Delivery::Delivered(_)));
    let sent = domain.mailer.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].id, sent[1].id, "a receiver can tell the repetition");
}

#[tokio::test]
async fn a_change_of_address_asked_for_again_while_its_mail_is_sent_is_mailed_again() {
    let domain = TestDomain::new();
    let signed_in = domain.signed_in(ADA).await;
    let principal = domain.principal(&signed_in).await;
    let request = || RequestEmailChangeCommand {
        new_email: fixtures::email(NEW),
        password: Some(password(PASSWORD)),
        client: Client::default(),
    };
    domain.use_cases.request_email_change.request(&principal, request()).await.unwrap();
    let now = domain.clock.now();
    let mut being_sent = Vec::new();
    while let Some(claim) = domain.storage.claim(now, now + DeliverMail::LEASE).await.unwrap() {
        being_sent.push(claim);
    }
    assert!(
        being_sent.iter().any(|claim| claim.mail.kind == MailKind::ConfirmEmailChange(principal.user.id))
    );

    domain.use_cases.request_email_change.request(&principal, request()).await.unwrap();
    domain.deliver().await;
    let token = domain.mailer.last_token_for(NEW).expect("the later request is mailed, too");
    domain.confirm(&token).await.unwrap();
}

async fn listed(domain: &TestDomain) -> Vec<MailRecord> {
    domain.use_cases.list_mail.list(None).await.unwrap()
}

#[tokio::test]
async fn operators_see_the_whole_queue_page_by_page() {
    let domain = TestDomain::new();
    let pages = 2 * u64::from(ListMail::PAGE) + 1;
    for number in 0..pages {
        domain.clock.advance(Duration::from_millis(1));
        domain.register(&format!("ada{number}@example.com")).await.unwrap();
    }
    let (mut recipients, mut after) = (Vec::new(), None);
    loop {
        let page = domain.use_cases.list_mail.list(after).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.mail.id);
        recipients.extend(page.into_iter().map(|record| record.mail.recipient.as_str().to_owned()));
    }
    let registered: Vec<_> = (0..pages).map(|number| format!("ada{number}@example.com")).collect();
    assert_eq!(recipients, registered, "the oldest comes first");
}

#[tokio::test]
async fn a_mail_set_aside_has_a_whole_day_again_when_it_is_sent_again() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.mailer.fail_next(MailerError::Permanent("no such mailbox".to_owned()));
    let Delivery::Parked { mail: id, .. } = deliver(&domain).await else { panic!("it is set aside") };
    let parked = listed(&domain).await;
    assert!(
        matches!(&parked[..], [MailRecord { attempts: 1, state: MailState::Parked, last_failure: Some(reason), .. }]
            if reason == "no such mailbox"),
        "{parked:?}"
    );

    domain.clock.advance(DeliverMail::PATIENCE * 2);
    domain.use_cases.resend_mail.resend(&Origin::operator(), id).await.unwrap();
    assert_eq!(domain.delivery.count(), 2, "the delivery worker is woken");
    let now = domain.clock.now();
    assert_eq!(listed(&domain).await[0].state, MailState::Waiting { due_at: now });
    domain.mailer.fail_next(MailerError::Transient("greylisted".to_owned()));
    let Delivery::Deferred { due_at, .. } = deliver(&domain).await else { panic!("it has a day again") };
    assert!(due_at.since(now) <= Duration::from_secs(1), "and begins with short waits");
    domain.clock.set(due_at);
    assert_eq!(deliver(&domain).await, Delivery::Delivered(id));
    assert_eq!(listed(&domain).await, []);
}

#[tokio::test]
async fn a_mail_that_waits_for_another_attempt_can_be_sent_at_once() {
    let domain = TestDomain::new();
    domain.register(ADA).await.unwrap();
    domain.mailer.fail_next(MailerError::Transient("no route to host".to_owned()));
    let Delivery::Deferred { mail: id, .. } = deliver(&domain).await else { panic!("it waits") };
    assert_eq!(deliver(&domain).await, Delivery::Idle);
    domain.use_cases.resend_mail.resend(&Origin::operator(), id).await.unwrap();
    assert_eq!(deliver(&domain).await, Delivery::Delivered(id));
    let again = domain.use_cases.resend_mail.resend(&Origin::operator(), id).await;
    assert!(matches!(again, Err(ResendMailError::NotFound)), "{again:?}");
}
