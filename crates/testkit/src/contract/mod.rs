//! The contracts of the ports, as cases that any adapter can be held to.
//!
//! Each case is one documented function on a fresh, empty [`Storage`](crate::Storage). The
//! documentation of the ports names the case that proves a promise.
//! [`storage_contract!`](crate::storage_contract) lists them all.

#![expect(clippy::missing_panics_doc, reason = "every case panics when the adapter fails it")]

pub mod users;

mod race;

/// The version of the contracts. It grows when a case is added or asks for more: an adapter says
/// which version it passes.
pub const VERSION: u32 = 1;

/// Expands to one `#[tokio::test]` for each case of the storage contract.
///
/// Takes an expression that gives a [`Storage`](crate::Storage) on a store of its own, fresh and
/// empty. The expression may await, and is evaluated for each case. The calling crate depends on
/// `tokio` with the features `macros` and `rt-multi-thread`.
///
/// ```
/// # use portcullis_testkit::Storage;
/// async fn my_storage() -> Storage {
/// #     portcullis_testkit::MemoryStorage::default().into()
/// }
///
/// portcullis_testkit::storage_contract!(my_storage().await);
/// ```
#[macro_export]
macro_rules! storage_contract {
    ($storage:expr) => {
        $crate::storage_contract! { @test $storage;
            users::raced_registrations_leave_one_account,
            users::a_refused_registration_stores_nothing,
        }
    };
    (@test $storage:expr; $($port:ident::$case:ident,)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $case() {
            let storage: $crate::Storage = $storage;
            $crate::contract::$port::$case(&storage).await;
        }
    )+};
}
