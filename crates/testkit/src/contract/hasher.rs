//! Cases of [`PasswordHasher`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_domain::ports::{HashingError, PasswordHasher, PasswordVerdict};
use portcullis_domain::{AcceptedPassword, Identity, Password, PasswordHash, PasswordPolicy};
use tokio::task::JoinSet;

use crate::fixtures::email;

/// A password hasher as the contract suite meets it.
#[derive(Clone)]
pub struct HasherSetup {
    /// Hashes passwords, at least two at once.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Hashes these octets as another system did, whose hashes the hasher imports.
    pub hash_elsewhere: fn(&[u8]) -> String,
}

const RIGHT: PasswordVerdict = PasswordVerdict::Match { outdated: false };
const PASSWORD: &str = "correct horse battery staple";

/// What a stranger who measures answers over a network does not see.
const UNNOTICED: Duration = Duration::from_micros(200);

fn password(text: &str) -> Password {
    Password::parse(text).expect("a password")
}

fn accepted(text: &str) -> AcceptedPassword {
    let identity = Identity { email: &email("ada@example.com"), username: None, names: [None; 3] };
    PasswordPolicy::default().accept(password(text), &identity).expect("a password that is accepted")
}

impl HasherSetup {
    async fn hash(&self, text: &str) -> PasswordHash {
        self.hasher.hash(accepted(text)).await.expect("hash")
    }

    async fn verify(&self, text: &str, hash: &PasswordHash) -> PasswordVerdict {
        self.hasher.verify(password(text), Some(hash.clone())).await.expect("verify")
    }
}

/// A password matches the hash that was made of it, which is of today's settings, and no other password does.
pub async fn a_password_matches_its_hash_and_no_other(setup: &HasherSetup) {
    let hash = setup.hash(PASSWORD).await;
    assert_eq!(setup.verify(PASSWORD, &hash).await, RIGHT, "the password matches");
    for other in [
        "",
        "correct horse battery stapl",
        "correct horse battery staple ",
        "correct horse battery staplf",
        "Correct horse battery staple",
        "correct horse battery staple\0",
    ] {
        assert_eq!(
            setup.verify(other, &hash).await,
            PasswordVerdict::Mismatch,
            "{other:?} is another password"
        );
    }
}

/// Two hashes of one password differ: who has a list of them cannot tell who has the same password.
pub async fn every_hash_has_a_salt_of_its_own(setup: &HasherSetup) {
    let [first, second] = [setup.hash(PASSWORD).await, setup.hash(PASSWORD).await];
    assert_ne!(first.as_str(), second.as_str(), "each hash has a salt of its own");
    for hash in [first, second] {
        assert_eq!(setup.verify(PASSWORD, &hash).await, RIGHT, "both are of the password");
    }
}

/// Every octet of a password counts, however long it is.
pub async fn every_octet_of_a_long_password_counts(setup: &HasherSetup) {
    let long = "a passphrase of many words ".repeat(4);
    let hash = setup.hash(&(long.clone() + "and an end")).await;
    assert_eq!(setup.verify(&(long.clone() + "and an end"), &hash).await, RIGHT);
    for end in ["and an enD", "and an en", "", "and an end and more"] {
        let verified = setup.verify(&(long.clone() + end), &hash).await;
        assert_eq!(verified, PasswordVerdict::Mismatch, "octets from the {}th on count, too", long.len());
    }
}

/// A password is the same one however a keyboard composes its characters (NFKC).
pub async fn a_password_counts_however_it_is_typed(setup: &HasherSetup) {
    let spellings =
        ["Zoe\u{308} et la cre\u{300}me", "Zo\u{eb} et la cr\u{e8}me", "Ｚo\u{eb} et la cr\u{e8}me"];
    for made in spellings {
        let hash = setup.hash(made).await;
        for typed in spellings {
            assert_eq!(setup.verify(typed, &hash).await, RIGHT, "{made:?} is {typed:?}");
        }
        let verified = setup.verify("Zoe et la creme", &hash).await;
        assert_eq!(verified, PasswordVerdict::Mismatch, "accents count");
    }
}

/// An imported hash of a password as it was typed elsewhere matches that, and is outdated; one of its NFKC
/// matches however it is typed.
pub async fn an_imported_hash_of_what_was_typed_matches_and_is_outdated(setup: &HasherSetup) {
    let (composed, decomposed) = ("caf\u{e9} cr\u{e8}me", "cafe\u{301} cre\u{300}me");
    let import = |text: &str| {
        let hash = (setup.hash_elsewhere)(text.as_bytes());
        setup.hasher.import(&hash).unwrap_or_else(|refusal| panic!("{hash:?} is imported: it {refusal}"))
    };
    let typed_apart = import(decomposed);
    assert_eq!(
        setup.verify(decomposed, &typed_apart).await,
        PasswordVerdict::Match { outdated: true },
        "what was typed elsewhere matches, and its hash is to be renewed"
    );
    assert_eq!(
        setup.verify(composed, &typed_apart).await,
        PasswordVerdict::Mismatch,
        "the hash is of other octets"
    );
    let normal = import(composed);
    for typed in [composed, decomposed] {
        let verified = setup.verify(typed, &normal).await;
        assert!(matches!(verified, PasswordVerdict::Match { .. }), "{typed:?} is {composed:?}: {verified:?}");
    }
}

/// What is no hash is not imported; found in the store, it is an error, and never a match.
pub async fn what_is_no_hash_is_refused_and_matches_nothing(setup: &HasherSetup) {
    for text in ["", PASSWORD, "$", "$$$$", "$nobody$knows$this", "\u{1F512}", "$argon2id$", "$2b$"] {
        assert!(setup.hasher.import(text).is_err(), "{text:?} is not imported");
        let verified = setup.hasher.verify(password(PASSWORD), Some(PasswordHash::new(text))).await;
        assert_eq!(verified, Err(HashingError::UnknownHash), "{text:?} can be no password's");
    }
}

/// Without an account the answer is no, after as much work as a wrong password takes.
pub async fn no_account_costs_what_a_wrong_password_costs(setup: &HasherSetup) {
    const TRIES: usize = 9;
    const MOST_TRIES: usize = 100;
    let hash = setup.hash(PASSWORD).await;
    // What is not in NFKC is tried as it was typed, too.
    for wrong in ["a wrong password", "a wrong \u{ff50}\u{ff41}\u{ff53}\u{ff53}word"] {
        let [mut known, mut unknown] = [Duration::MAX; 2];
        // A busy machine takes more of them until it has let each of the two run once without a break.
        for tries in 1.. {
            for (shortest, hash) in [(&mut known, Some(hash.clone())), (&mut unknown, None)] {
                let started = Instant::now();
                let verified = setup.hasher.verify(password(wrong), hash).await;
                *shortest = started.elapsed().min(*shortest);
                assert_eq!(verified, Ok(PasswordVerdict::Mismatch));
            }
            let differ = known > unknown * 2 + UNNOTICED || unknown > known * 2 + UNNOTICED;
            if tries >= TRIES && !differ {
                break;
            }
            assert!(tries < MOST_TRIES, "with an account it takes {known:?}, and without one {unknown:?}");
        }
    }
}

/// Of passwords that are checked at once, each is checked against its own hash, or refused for now.
pub async fn passwords_checked_at_once_do_not_meet(setup: &HasherSetup) {
    const ACCOUNTS: usize = 4;
    let mut stored = Vec::new();
    for account in 0..ACCOUNTS {
        stored.push(setup.hash(&format!("{PASSWORD} {account}")).await);
    }
    let mut callers = JoinSet::new();
    for (owner, hash) in stored.into_iter().enumerate() {
        for account in 0..ACCOUNTS {
            let (hasher, hash) = (Arc::clone(&setup.hasher), Some(hash.clone()));
            let wanted = if account == owner { RIGHT } else { PasswordVerdict::Mismatch };
            callers.spawn(async move {
                (wanted, hasher.verify(password(&format!("{PASSWORD} {account}")), hash).await)
            });
        }
    }
    let mut answers = 0;
    for (wanted, verified) in callers.join_all().await {
        if !matches!(verified, Err(HashingError::Overloaded(_))) {
            assert_eq!(verified, Ok(wanted), "nobody meets another's hash");
            answers += 1;
        }
    }
    assert!(answers > 0, "some are checked, however many come at once");
}
