//! The limiter on a real server: shared, atomic, and nobody's trouble when the server is away.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use portcullis_adapters_redis::{RedisOptions, RedisRateLimiter, RedisUrl};
use portcullis_http_actix::{Allowance, Caller, Rate, RateLimiter as _, RouteGroup};
use portcullis_throwaway_redis::Redis;

/// How long a test waits for what is about to come: far longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn redis() -> Redis {
    Redis::start().unwrap_or_else(|error| panic!("{error}"))
}

/// A limiter that has more patience than a busy machine needs to answer.
async fn limiter_on(url: &str) -> RedisRateLimiter {
    RedisRateLimiter::connect(&RedisOptions { patience: PATIENCE, ..options(url) }).await
}

fn options(url: &str) -> RedisOptions {
    RedisOptions::new(RedisUrl::parse(url).expect("a URL"))
}

fn an_hour(calls: u32) -> Rate {
    Rate { calls: NonZeroU32::new(calls).expect("some"), period: Duration::from_hours(1) }
}

fn caller(number: u32) -> Caller {
    Caller::from(Some(IpAddr::V4(Ipv4Addr::from_bits(number))))
}

async fn login(limiter: &RedisRateLimiter, number: u32, calls: u32) -> Allowance {
    limiter.count(caller(number), RouteGroup::Login, an_hour(calls)).await
}

#[tokio::test]
async fn every_call_takes_its_share_of_the_period() {
    let redis = redis();
    let limiter = limiter_on(&redis.url()).await;
    for remaining in [2, 1, 0] {
        let allowance = login(&limiter, 1, 3).await;
        assert!(allowance.is_admitted);
        assert_eq!(allowance.remaining, remaining);
        assert!(allowance.next_in <= Duration::from_mins(20) && allowance.next_in > Duration::from_mins(19));
    }
    let refused = login(&limiter, 1, 3).await;
    assert!(!refused.is_admitted && refused.next_in <= Duration::from_mins(20));
    assert!(login(&limiter, 2, 3).await.is_admitted, "another caller");
    let other = limiter.count(caller(1), RouteGroup::Other, an_hour(3)).await;
    assert_eq!((other.is_admitted, other.remaining), (true, 2), "another group");
}

#[tokio::test]
async fn a_call_that_is_given_back_can_be_made_again_and_no_more_than_that() {
    let redis = redis();
    let limiter = limiter_on(&redis.url()).await;
    let admitted = async || {
        let mut admitted = 0;
        for _ in 0..5 {
            admitted += u32::from(login(&limiter, 1, 3).await.is_admitted);
        }
        admitted
    };
    let give_back = async || limiter.give_back(caller(1), RouteGroup::Login, an_hour(3)).await;
    give_back().await;
    assert_eq!(admitted().await, 3, "there was nothing to be given back");
    give_back().await;
    assert_eq!(admitted().await, 1);
    for _ in 0..10 {
        give_back().await;
    }
    assert_eq!(admitted().await, 3);
    assert!(limiter.is_shared());
}

#[tokio::test]
async fn calls_come_back_one_by_one() {
    let redis = redis();
    let limiter = limiter_on(&redis.url()).await;
    let share = Duration::from_millis(300);
    let rate = Rate { calls: NonZeroU32::new(2).expect("some"), period: 2 * share };
    let begun = Instant::now();
    let mut admitted = 0;
    let mut call = async || {
        let allowance = limiter.count(caller(1), RouteGroup::Refresh, rate).await;
        admitted += u32::from(allowance.is_admitted);
        let most = 2.0 + begun.elapsed().div_duration_f64(share);
        assert!(f64::from(admitted) <= most, "two at once and one for each share: {admitted}");
        allowance
    };
    for _ in 0..6 {
        let refused = loop {
            let allowance = call().await;
            if !allowance.is_admitted {
                break allowance;
            }
        };
        assert!(refused.next_in <= share, "{:?}", refused.next_in);
        tokio::time::sleep(refused.next_in).await;
        assert!(call().await.is_admitted, "it comes back when it was told to");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_calls_at_once_on_two_instances_no_more_are_admitted_than_the_rate_allows() {
    let redis = redis();
    let instances = [limiter_on(&redis.url()).await, limiter_on(&redis.url()).await];
    let calls = (0..200).map(|number: usize| login(&instances[number % 2], 1, 50));
    let admitted = join_all(calls).await.into_iter().filter(|allowance| allowance.is_admitted).count();
    assert_eq!(admitted, 50);
}

#[tokio::test]
async fn while_the_server_is_dead_each_instance_counts_for_itself_until_it_is_back() {
    let mut redis = redis();
    let limiter = limiter_on(&redis.url()).await;
    assert!(login(&limiter, 1, 1).await.is_admitted);
    assert!(!login(&limiter, 1, 1).await.is_admitted);
    redis.kill().expect("it runs");
    assert!(login(&limiter, 1, 1).await.is_admitted, "it has not seen this caller");
    assert!(!login(&limiter, 1, 1).await.is_admitted, "but it counts");
    redis.restart().unwrap_or_else(|error| panic!("{error}"));
    shares_again(&redis, &limiter).await;
}

#[tokio::test]
async fn while_the_server_hangs_few_calls_wait_and_none_for_long() {
    let redis = redis();
    let limiter = RedisRateLimiter::connect(&options(&redis.url())).await;
    let begun = Instant::now();
    while !limiter.is_shared() {
        assert!(begun.elapsed() < PATIENCE, "the server is not used");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    redis.pause().expect("it runs");
    let begun = Instant::now();
    assert!(login(&limiter, 2, 1).await.is_admitted);
    for number in 0..1_000 {
        login(&limiter, number, 1).await;
    }
    // If each of them waited it would be a hundred seconds.
    assert!(begun.elapsed() < PATIENCE, "few of them wait: {:?}", begun.elapsed());
    redis.resume().expect("it is there");
    shares_again(&redis, &limiter).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_used_once_it_is() {
    let mut redis = redis();
    redis.kill().expect("it runs");
    let limiter = limiter_on(&redis.url()).await;
    assert!(login(&limiter, 1, 1).await.is_admitted);
    assert!(!login(&limiter, 1, 1).await.is_admitted);
    redis.restart().unwrap_or_else(|error| panic!("{error}"));
    shares_again(&redis, &limiter).await;
}

/// What the limiter counts is seen by another instance, soon.
async fn shares_again(redis: &Redis, limiter: &RedisRateLimiter) {
    let other = limiter_on(&redis.url()).await;
    let back = Instant::now();
    for number in 1_000.. {
        login(limiter, number, 1).await;
        if !login(&other, number, 1).await.is_admitted {
            return;
        }
        assert!(back.elapsed() < PATIENCE, "the server is not used again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
