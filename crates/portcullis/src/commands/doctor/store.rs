use std::sync::Arc;

use portcullis_adapters_sqlite::OpenError;

use super::files::AS_THE_SERVICE;
use super::finding::Finding;
use crate::config::Config;
use crate::store::{self, Store};

const CHECK: &str = "store";

/// Finds out whether the store can be read and written, and whether its schema is that of this version.
/// Gives it on if at least it can be read.
pub(super) async fn examine(config: &Config) -> (Option<Arc<dyn Store>>, Finding) {
    let store = match store::open_to_examine(config).await {
        Ok(store) => store,
        Err(error) => {
            let remedy = match error.downcast_ref() {
                Some(OpenError::Inaccessible { .. }) => AS_THE_SERVICE,
                _ => {
                    "see PORTCULLIS_DATABASE_URL and PORTCULLIS_DATA_DIR; `portcullis migrate` sets up a store \
                     that is new"
                }
            };
            return (None, Finding::error(CHECK, error, remedy));
        }
    };
    let unknown = match tokio::try_join!(store.lacking_migrations(), store.unknown_migrations()) {
        Ok((lacking, unknown)) if lacking.is_empty() => unknown,
        Ok((lacking, _)) => {
            let finding = format!("the schema lacks the migrations {}", lacking.join(", "));
            return (None, Finding::failed(CHECK, finding, "apply them with `portcullis migrate`"));
        }
        Err(error) => {
            let remedy = "let the database's user read the table __diesel_schema_migrations";
            return (None, Finding::error(CHECK, error, remedy));
        }
    };
    let finding = match store.ping().await {
        Ok(()) if unknown.is_empty() => {
            Finding::ok(CHECK, "it can be read and written, and its schema is current")
        }
        Ok(()) => Finding::warning(
            CHECK,
            format!(
                "it can be read and written, but its schema has the migrations {}, which this version does not know",
                unknown.join(", ")
            ),
            "go on to the version that applied them: this one can serve meanwhile, but not copy",
        ),
        Err(error) => {
            Finding::error(CHECK, error, "see that it can be written, and that its disk is not full")
        }
    };
    (Some(store), finding)
}
