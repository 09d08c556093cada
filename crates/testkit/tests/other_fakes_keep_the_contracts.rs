//! The cheap hasher and the fake access tokens are held to what every adapter of their ports is held to.

use std::sync::Arc;

use portcullis_testkit::contract::access_tokens::AccessTokensSetup;
use portcullis_testkit::contract::hasher::HasherSetup;
use portcullis_testkit::{CheapHasher, FakeAccessTokens, access_tokens_contract, hasher_contract};

hasher_contract!(HasherSetup {
    hasher: Arc::new(CheapHasher::default()),
    hash_elsewhere: CheapHasher::hash_elsewhere,
});

access_tokens_contract!(AccessTokensSetup {
    access_tokens: Arc::new(FakeAccessTokens::default()),
    elsewhere: Arc::new(FakeAccessTokens::default()),
});
