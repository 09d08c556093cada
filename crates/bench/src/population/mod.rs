//! People who do not exist, as many as are wanted, for a database to be as full as in use.
//!
//! Whoever has the same number in populations of the same seed, size and end is the same person, down to
//! the id. Anybody can be asked for at any time, so that nobody needs to be kept in memory.

mod names;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::Duration;

use portcullis_domain::ports::Entropy;
use portcullis_domain::{
    Account, Client, EmailAddress, Generation, Locale, Name, PasswordHash, Permission, ProfileNames, Role,
    RoleDescription, RoleId, RoleName, Session, SessionLifetime, Timestamp, User, UserAgent, UserId,
    Username,
};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

use self::names::{FullName, pick};

const DAY: Duration = Duration::from_hours(24);

/// People who have registered over two years.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    seed: u64,
    size: u32,
    until: Timestamp,
    hashes: Vec<PasswordHash>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Resident {
    pub(crate) account: Account,
    /// Those that live, if any do.
    pub(crate) sessions: Vec<Session>,
}

impl Population {
    const SPAN: Duration = Duration::from_hours(2 * 365 * 24);
    /// Of their sessions.
    pub(crate) const LIFETIME: SessionLifetime =
        SessionLifetime { idle: Duration::from_hours(30 * 24), absolute: Duration::from_hours(365 * 24) };

    /// So many people, the last of whom registered before `until`. Each has the hash of a password, `hashes` in
    /// turn.
    pub(crate) fn new(seed: u64, size: u32, until: Timestamp, hashes: Vec<PasswordHash>) -> Self {
        assert!(!hashes.is_empty(), "everybody has a hash");
        Self { seed, size, until, hashes }
    }

    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// The roles that some hold beside those that are built in.
    pub(crate) fn further_roles(&self) -> Vec<Role> {
        let entropy = Dice::new(self.seed);
        let made = self.until - Self::SPAN;
        let role = |name, description: &str, permissions: &[&str]| Role {
            id: RoleId::generate(made, &entropy),
            name: role_name(name),
            description: Some(RoleDescription::parse(description).expect("a description of a role")),
            built_in: false,
            permissions: permissions.iter().map(|text| permission(text)).collect(),
        };
        vec![
            role("auditor", "Reads what happened", &["audit:read", "users:read"]),
            role("editor", "Writes for others to read", &["articles:publish", "articles:write"]),
            role("support", "Helps people with their accounts", &["sessions:revoke", "users:read"]),
        ]
    }

    /// Who has this number, from 0 on: the higher it is, the later they registered.
    pub(crate) fn resident(&self, number: u32) -> Resident {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed.rotate_left(32) ^ u64::from(number));
        let entropy = Dice::new(random.next_u64());
        let created_at = self.registration(number, random.random());
        let name = FullName::draw(&mut random);
        let is_active = random.random_bool(0.97);
        let id = UserId::generate(created_at, &entropy);
        let sessions: Vec<_> =
            (0..devices(is_active, &mut random)).map(|_| self.session(id, created_at, &mut random)).collect();
        let last_login = sessions.iter().map(|session| session.created_at).max();
        let last_login_at =
            last_login.or_else(|| random.random_bool(0.8).then(|| self.between(created_at, random.random())));
        let user = User {
            id,
            email: address(&name, number, &mut random),
            email_verified: random.random_bool(0.9),
            username: random.random_bool(0.7).then(|| username(&name, number, &mut random)),
            profile: profile(&name, &mut random),
            is_active,
            roles: roles(number, &mut random),
            locale: locale(&mut random),
            created_at,
            updated_at: random.random_bool(0.1).then(|| self.between(created_at, random.random())),
            last_login_at,
        };
        let hash = &self.hashes[number as usize % self.hashes.len()];
        Resident { account: Account { user, password_hash: Some(hash.clone()) }, sessions }
    }

    /// One that somebody who registered at `created_at` opened within a year, and used within the last weeks. What has
    /// ended or expired does not stay in a database for long, and is not among them.
    fn session(&self, user: UserId, created_at: Timestamp, random: &mut Xoshiro256PlusPlus) -> Session {
        let entropy = Dice::new(random.next_u64());
        let opened_at = created_at.max(self.until - random.random_range(Duration::ZERO..340 * DAY));
        let last_used_at = opened_at.max(self.until - random.random_range(Duration::ZERO..25 * DAY));
        let opened = Session::open(user, client(random), Self::LIFETIME, opened_at, &entropy);
        Session {
            generation: Generation::new(random.random_range(0..1_000)),
            last_used_at,
            expires_at: Self::LIFETIME.expiry(last_used_at, opened.ends_at),
            ..opened
        }
    }

    /// When somebody registered: all do so in the order of their numbers, each at any moment (a share from 0
    /// to 1) of the time that is theirs.
    fn registration(&self, number: u32, moment: f64) -> Timestamp {
        let time_of_each = Self::SPAN / self.size.max(1);
        (self.until - Self::SPAN) + time_of_each * number + time_of_each.mul_f64(moment)
    }

    /// A moment from `start` on, at a share from 0 to 1 of the time that there was since.
    fn between(&self, start: Timestamp, moment: f64) -> Timestamp {
        start + self.until.since(start).mul_f64(moment)
    }
}

/// Draws ids that are the same each time.
pub(crate) struct Dice(Mutex<Xoshiro256PlusPlus>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(Xoshiro256PlusPlus::seed_from_u64(seed)))
    }
}

impl Entropy for Dice {
    fn fill(&self, octets: &mut [u8]) {
        self.0.lock().expect("drawing does not panic").fill_bytes(octets);
    }
}

/// An address that nobody else has: the number in it is at its end, where it cannot be mistaken for another.
fn address(name: &FullName, number: u32, random: &mut Xoshiro256PlusPlus) -> EmailAddress {
    /// Reserved by RFC 2606: no mail to them ever arrives anywhere.
    const DOMAINS: [&str; 8] = [
        "example.com",
        "example.net",
        "example.org",
        "mail.example",
        "post.example",
        "studio.example",
        "uni.example",
        "works.example",
    ];
    let FullName { given, family, given_spelt, family_spelt } = name;
    let local = match random.random_range(0..6) {
        0 => format!("{given_spelt}.{family_spelt}{number}"),
        1 => format!("{family_spelt}.{given_spelt}{number}"),
        2 => format!("{}{family_spelt}{number}", &given_spelt[..1]),
        3 => format!("{given_spelt}_{number}"),
        4 => format!("{family_spelt}-{number}"),
        _ if given.is_ascii() => format!("{given}.{family}{number}"),
        _ => format!("{family}{number}"),
    };
    let address = format!("{local}@{}", pick(&DOMAINS, random));
    EmailAddress::parse(&address).expect("letters, a number and a domain are an address")
}

/// A username that nobody else has, for the same reason.
fn username(name: &FullName, number: u32, random: &mut Xoshiro256PlusPlus) -> Username {
    let FullName { given_spelt, family, family_spelt, .. } = name;
    let text = match random.random_range(0..3) {
        0 => format!("{given_spelt}{number}"),
        1 => format!("{family_spelt}_{number}"),
        _ => format!("{family}.{number}"),
    };
    Username::parse(&text).expect("letters and a number are a username")
}

fn profile(name: &FullName, random: &mut Xoshiro256PlusPlus) -> ProfileNames {
    let called = |text: &str| Some(Name::parse(text).expect("letters are a name"));
    match random.random_range(0..10) {
        0 => ProfileNames::default(),
        1..5 => ProfileNames {
            name: called(&format!("{} {}", name.given, name.family)),
            ..ProfileNames::default()
        },
        _ => ProfileNames { name: None, first_name: called(name.given), last_name: called(&name.family) },
    }
}

/// Everybody holds `user`; the first one `admin`, and of ten thousand others some twenty another one.
fn roles(number: u32, random: &mut Xoshiro256PlusPlus) -> Vec<RoleName> {
    let further = match random.random_range(0..10_000) {
        _ if number == 0 => Some(RoleName::admin()),
        0..15 => Some(role_name("support")),
        15..20 => Some(role_name("editor")),
        20 => Some(role_name("auditor")),
        _ => None,
    };
    let mut roles: Vec<_> = further.into_iter().chain([RoleName::user()]).collect();
    roles.sort();
    roles
}

/// On how many devices somebody is signed in: three in the mean of all, the inactive and those who stay away among
/// them.
fn devices(is_active: bool, random: &mut Xoshiro256PlusPlus) -> u32 {
    const STAY_AWAY: f64 = 0.227;
    if is_active && !random.random_bool(STAY_AWAY) { random.random_range(1..=7) } else { 0 }
}

fn role_name(text: &str) -> RoleName {
    RoleName::parse(text).expect("a word is a name of a role")
}

fn permission(text: &str) -> Permission {
    Permission::parse(text).expect("a noun and a verb are a permission")
}

fn locale(random: &mut Xoshiro256PlusPlus) -> Locale {
    let tag = pick(&["en", "en", "en", "de", "de", "es", "fr", "pt-BR", "tr"], random);
    Locale::parse(tag).expect("a tag names a locale")
}

fn client(random: &mut Xoshiro256PlusPlus) -> Client {
    const USER_AGENTS: [&str; 4] = [
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
        "shop-app/4.2 (Android 15)",
    ];
    let ip = Ipv4Addr::new(10, random.random(), random.random(), random.random());
    Client { ip: Some(IpAddr::V4(ip)), user_agent: UserAgent::sanitized(pick(&USER_AGENTS, random)) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const UNTIL: Timestamp = Timestamp::from_unix_micros(1_800_000_000_000_000);

    fn population(size: u32) -> Population {
        Population::new(7, size, UNTIL, vec![PasswordHash::new("first"), PasswordHash::new("second")])
    }

    fn residents(population: &Population) -> Vec<Resident> {
        (0..population.size()).map(|number| population.resident(number)).collect()
    }

    /// How many of a hundred are so.
    fn percentage(residents: &[Resident], is_so: impl Fn(&Resident) -> bool) -> usize {
        100 * residents.iter().filter(|resident| is_so(resident)).count() / residents.len()
    }

    #[test]
    fn the_same_number_is_the_same_person() {
        let (one, again) = (population(1_000).resident(17), population(1_000).resident(17));
        assert_eq!(one.account.user, again.account.user);
        assert_eq!(one.sessions, again.sessions);
        let other = Population { seed: 8, ..population(1_000) }.resident(17);
        assert_ne!(one.account.user.id, other.account.user.id);
        assert_eq!(population(1_000).further_roles(), population(1_000).further_roles());
    }

    #[test]
    fn nobody_has_the_id_address_or_username_of_another() {
        let residents = residents(&population(20_000));
        let users = || residents.iter().map(|resident| &resident.account.user);
        let ids: BTreeSet<_> = users().map(|user| user.id).collect();
        let addresses: BTreeSet<_> = users().map(|user| user.email.canonical()).collect();
        let names: BTreeSet<_> =
            users().filter_map(|user| Some(user.username.as_ref()?.canonical())).collect();
        assert_eq!((ids.len(), addresses.len()), (20_000, 20_000));
        assert_eq!(names.len(), users().filter(|user| user.username.is_some()).count());
    }

    #[test]
    fn addresses_begin_with_every_letter() {
        let residents = residents(&population(2_000));
        let firsts: BTreeSet<_> =
            residents.iter().map(|resident| resident.account.user.email.canonical().chars().next()).collect();
        assert_eq!(firsts, ('a'..='z').map(Some).collect());
    }

    #[test]
    fn they_register_one_after_the_other_over_two_years() {
        let residents = residents(&population(5_000));
        let created = |resident: &Resident| resident.account.user.created_at;
        assert!(residents.is_sorted_by_key(created));
        assert!(residents.windows(2).all(|two| two[0].account.user.id < two[1].account.user.id));
        let (first, last) = (created(&residents[0]), created(&residents[4_999]));
        assert!(UNTIL.since(first) > 729 * DAY && UNTIL.since(first) <= 730 * DAY);
        assert!(last < UNTIL && UNTIL.since(last) < DAY);
        for Resident { account: Account { user, .. }, .. } in &residents {
            let (seconds, nanos) = user.id.uuid().get_timestamp().expect("a time is in it").to_unix();
            let in_id = seconds * 1_000 + u64::from(nanos) / 1_000_000;
            assert_eq!(in_id, user.created_at.unix_millis());
            assert!(user.last_login_at.is_none_or(|login| login >= user.created_at && login < UNTIL));
        }
    }

    #[test]
    fn most_are_verified_and_active_and_have_live_sessions() {
        let residents = residents(&population(10_000));
        let user = |resident: &Resident| resident.account.user.clone();
        assert!((89..92).contains(&percentage(&residents, |resident| user(resident).email_verified)));
        assert!((95..99).contains(&percentage(&residents, |resident| user(resident).is_active)));
        assert!((73..77).contains(&percentage(&residents, |resident| !resident.sessions.is_empty())));
        for Resident { account: Account { user, .. }, sessions } in &residents {
            for session in sessions {
                assert!(user.is_active && session.user_id == user.id);
                assert!(session.created_at <= session.last_used_at && session.last_used_at <= UNTIL);
                assert!(session.is_live(UNTIL + 4 * DAY), "it lives on for a while");
            }
            let newest = sessions.iter().map(|session| session.created_at).max();
            assert!(newest.is_none_or(|newest| user.last_login_at == Some(newest)));
        }
    }

    #[test]
    fn there_are_three_times_as_many_sessions_as_people_each_with_an_id_of_its_own() {
        let residents = residents(&population(20_000));
        let sessions: Vec<_> = residents.iter().flat_map(|resident| &resident.sessions).collect();
        let ids: BTreeSet<_> = sessions.iter().map(|session| session.id).collect();
        assert!((59_000..61_000).contains(&sessions.len()), "{}", sessions.len());
        assert_eq!(ids.len(), sessions.len());
    }

    #[test]
    fn a_handful_hold_further_roles_all_of_which_exist() {
        let population = population(10_000);
        let residents = residents(&population);
        let known: BTreeSet<_> = population.further_roles().into_iter().map(|role| role.name).collect();
        let mut with_further_roles = 0;
        for Resident { account: Account { user, .. }, .. } in &residents {
            assert!(user.roles.is_sorted() && user.roles.contains(&RoleName::user()));
            let further: Vec<_> = user.roles.iter().filter(|role| **role != RoleName::user()).collect();
            assert!(further.iter().all(|role| role.is_admin() || known.contains(role)));
            with_further_roles += further.len();
        }
        assert!((5..60).contains(&with_further_roles), "{with_further_roles}");
        assert!(residents[0].account.user.roles.contains(&RoleName::admin()));
    }

    #[test]
    fn hashes_are_had_in_turn() {
        let hash = |number| population(10).resident(number).account.password_hash.expect("everybody has one");
        assert_eq!(
            [hash(0), hash(1), hash(2)].map(|hash| hash.as_str().to_owned()),
            ["first", "second", "first"]
        );
    }
}
