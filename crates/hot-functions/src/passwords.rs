use std::num::NonZeroUsize;
use std::sync::Arc;

use actix_web::rt::Runtime;
use portcullis_adapters_crypto::{Argon2Hasher, Argon2Settings, HashingCapacity};
use portcullis_domain::PasswordHash;
use portcullis_domain::ports::{PasswordHasher as _, PasswordVerdict};
use portcullis_testkit::{ScriptedEntropy, fixtures};

use crate::calls::{self, Calls};

/// Of `a password of usual length`.
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YSBzYWx0IG9mIDE2IG9jdA$gtZq4rxDibshVn9ihssX/NHfW7jSLAWiasnrzpv8EzU";

/// Checks a password by its Argon2id hash of the default costs, on a thread that hashes.
pub(crate) fn check_password() -> Calls {
    let runtime = Runtime::new().expect("a runtime starts");
    let capacity = HashingCapacity { threads: NonZeroUsize::MIN, queue: 0 };
    let entropy = Arc::new(ScriptedEntropy::default());
    let hasher = Argon2Hasher::start(Argon2Settings::default(), capacity, entropy).expect("a thread starts");
    calls::with_inputs(
        || (fixtures::password("a password of usual length"), Some(PasswordHash::new(HASH))),
        move |(password, hash)| {
            let verdict = runtime.block_on(hasher.verify(password, hash));
            assert_eq!(verdict.expect("the thread is free"), PasswordVerdict::Match { outdated: false });
        },
    )
}
