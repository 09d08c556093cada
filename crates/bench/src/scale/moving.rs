//! How quickly all users of a large database move out into a file, and into an empty database.

use portcullis_throwaway_postgres::{Cluster, run};
use tempfile::TempDir;

use super::databases::{Database, Store};
use crate::measuring::Measuring;
use crate::progress::note;
use crate::report::{Table, number};
use crate::service::Finished;
use crate::{seed, store};

/// The table of what moves users.
pub(super) async fn measure(
    measuring: &Measuring,
    cluster: &Cluster,
    databases: &[Database],
) -> anyhow::Result<Table> {
    let mut rows = Vec::new();
    for database in databases {
        for format in ["jsonl", "csv"] {
            note(&format!("{}: moving {} users as {format}", database.store, database.users()));
            let folder = TempDir::new_in(measuring.folder())?;
            let file = folder.path().join("users");
            let file = file.to_str().unwrap_or_default();
            let name = format!("from_{format}");
            let (url, empty) = database.store.prepare(measuring.installation()?, cluster, &name).await?;
            // People are told by the names of their roles, which have to be there before they come.
            seed::write_roles(&*store::open(&url).await?, &database.population).await?;

            database.have_at_hand().await?;
            let out = database.installation.run(&["user", "export", file, "--as", format], "")?;
            let into = empty.run(&["user", "import", file, "--as", format], "")?;
            if database.store == Store::Postgres {
                // What the server would do about it later would be counted as the cost of calls.
                run(&cluster.url("postgres"), &format!("DROP DATABASE {name}")).await;
            }
            for (what, Finished { took, peak_kib }) in [("export to", out), ("import from", into)] {
                let seconds = took.as_secs_f64();
                rows.push(vec![
                    format!("{what} {format}"),
                    database.store.to_string(),
                    database.users(),
                    format!("{seconds:.1}"),
                    format!("{:.0}", f64::from(database.population.size()) / seconds),
                    number(f64::from(peak_kib) / 1_024.0),
                ]);
            }
        }
    }
    run(&cluster.url("postgres"), "CHECKPOINT").await;
    Ok(Table {
        title: "Moving out and in".to_owned(),
        columns: vec!["what", "store", "users", "s", "users a second", "most MiB"],
        rows,
        plot: None,
    })
}
