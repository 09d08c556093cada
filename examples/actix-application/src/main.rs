//! Serves the application at <http://localhost:8080>, with its accounts in `data/actix-application`.

use std::path::Path;

use actix_web::{App, HttpServer};
use example_actix_application::{Accounts, configure, hooks};

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let folder = Path::new("data/actix-application");
    std::fs::create_dir_all(folder)?;
    let Accounts { api, background, .. } = Accounts::open(folder, hooks()).await?;
    HttpServer::new(move || App::new().configure(|routes| configure(routes, &api)))
        .bind(("127.0.0.1", 8080))?
        .run()
        .await?;
    background.stop().await;
    Ok(())
}
