//! Triggers that make writes fail in the middle of a step.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_testkit::contract::faults::{FaultInjector, Part};
use portcullis_throwaway_postgres::Database;

pub(crate) struct PostgresFaults(pub(crate) Arc<Database>);

#[async_trait]
impl FaultInjector for PostgresFaults {
    async fn break_writes_to(&self, part: Part) {
        let mut statements = vec![
            "CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'a fault'; END $$;"
                .to_owned(),
        ];
        statements.extend(tables(part).iter().map(|table| {
            format!(
                "CREATE TRIGGER fault BEFORE INSERT OR UPDATE OR DELETE ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION fault();"
            )
        }));
        self.0.run(&statements.concat()).await;
    }

    async fn mend(&self) {
        self.0.run("DROP FUNCTION fault() CASCADE").await;
    }
}

fn tables(part: Part) -> &'static [&'static str] {
    match part {
        Part::Accounts => &["users"],
        Part::Sessions => &["sessions"],
        Part::Secrets => &["verifications", "password_resets", "email_changes"],
        Part::Counts => &["password_attempts"],
        Part::Mails => &["mail_queue"],
        Part::Events => &["audit_events"],
    }
}
