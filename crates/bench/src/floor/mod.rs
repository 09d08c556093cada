//! The floor for accounts: the least program of the same framework that gives the same guarantees, with statements
//! written by hand. It registers, signs in, refreshes and shows a profile at the paths of the service, and does nothing
//! else: no roles, no lockout, no audit trail, no mail, no log, no limits.

mod hashing;
mod postgres;
mod sqlite;
mod tokens;

use std::num::NonZeroUsize;
use std::sync::Arc;

use actix_web::error::{ErrorConflict, ErrorInternalServerError, ErrorUnauthorized};
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{self, Data, Json};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, rt};
use clap::Args;
use serde::{Deserialize, Serialize};

use self::hashing::HashingThreads;
use self::postgres::PostgresAccounts;
use self::sqlite::SqliteAccounts;
use self::tokens::{Kind, Tokens};
use crate::seed;

#[derive(Clone, Debug, Args)]
pub(crate) struct FloorOptions {
    /// An empty database, of SQLite or PostgreSQL
    #[arg(long)]
    database_url: String,
    /// How many threads serve
    #[arg(long, default_value = "1")]
    workers: NonZeroUsize,
    /// How many passwords are hashed at once
    #[arg(long, default_value = "1")]
    hashing_threads: NonZeroUsize,
    /// Memory of a hash, in KiB
    #[arg(long, default_value_t = 19_456)]
    memory_kib: u32,
    /// Passes over it
    #[arg(long, default_value_t = 2)]
    passes: u32,
}

/// Serves on a free port of loopback until the process is told to end.
pub(crate) fn run(options: &FloorOptions) -> anyhow::Result<()> {
    rt::System::new().block_on(async {
        let store = Store::at(&options.database_url);
        store.prepare().await?;
        let hashing = HashingThreads::start(options.hashing_threads, options.memory_kib, options.passes)?;
        let shared = Shared { hashing: Arc::new(hashing), tokens: Arc::new(Tokens::random()) };
        let server = HttpServer::new(move || {
            let (store, shared) = (store.clone(), shared.clone());
            App::new()
                .data_factory(move || {
                    let store = store.clone();
                    async move { store.open().await }
                })
                .app_data(Data::new(shared))
                .service(
                    web::scope("/api/v1/auth")
                        .route("/register", web::post().to(register))
                        .route("/login", web::post().to(login))
                        .route("/refresh", web::post().to(refresh))
                        .route("/me", web::get().to(me)),
                )
        })
        .workers(options.workers.get())
        .bind("127.0.0.1:0")?;
        println!("listening on http://{}", server.addrs()[0]);
        server.run().await?;
        Ok(())
    })
}

/// What all threads that serve share.
#[derive(Clone)]
struct Shared {
    hashing: Arc<HashingThreads>,
    tokens: Arc<Tokens>,
}

/// Where the database is.
#[derive(Clone)]
enum Store {
    Sqlite(String),
    Postgres(String),
}

impl Store {
    fn at(url: &str) -> Self {
        url.strip_prefix("sqlite://")
            .map_or_else(|| Self::Postgres(url.to_owned()), |path| Self::Sqlite(path.to_owned()))
    }

    async fn prepare(&self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(path) => SqliteAccounts::prepare(path),
            Self::Postgres(url) => PostgresAccounts::prepare(url).await,
        }
    }

    /// Connections for one thread that serves.
    async fn open(&self) -> anyhow::Result<Accounts> {
        Ok(match self {
            Self::Sqlite(path) => Accounts::Sqlite(SqliteAccounts::open(path)?),
            Self::Postgres(url) => Accounts::Postgres(PostgresAccounts::open(url).await?),
        })
    }
}

/// What one thread keeps accounts with.
enum Accounts {
    Sqlite(SqliteAccounts),
    Postgres(PostgresAccounts),
}

/// Somebody new.
struct Registration {
    email: String,
    name: String,
    password_hash: String,
}

/// What a profile shows.
#[derive(Serialize)]
struct Profile {
    id: i64,
    email: String,
    name: String,
    created_at: i64,
}

/// Moments are microseconds.
fn now() -> i64 {
    seed::now().unix_micros()
}

/// When a session expires that is used now.
fn expiry() -> i64 {
    const LIFETIME: i64 = 30 * 24 * 60 * 60 * 1_000_000;
    now() + LIFETIME
}

/// Octets that nobody can guess.
fn random<const OCTETS: usize>() -> [u8; OCTETS] {
    let mut octets = [0; OCTETS];
    aws_lc_rs::rand::fill(&mut octets).expect("the system has entropy");
    octets
}

fn random_id() -> i64 {
    i64::from_le_bytes(random())
}

impl Accounts {
    /// Stores an account and a first session; none where the address is taken.
    async fn register(&self, registration: Registration, session: i64) -> anyhow::Result<Option<()>> {
        match self {
            Self::Sqlite(accounts) => accounts.register(registration, session).await,
            Self::Postgres(accounts) => accounts.register(registration, session).await,
        }
    }

    /// The id and the hash of an account.
    async fn find(&self, email: &str) -> anyhow::Result<Option<(i64, String)>> {
        match self {
            Self::Sqlite(accounts) => accounts.find(email),
            Self::Postgres(accounts) => accounts.find(email).await,
        }
    }

    async fn open_session(&self, user: i64, session: i64) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(accounts) => accounts.open_session(user, session).await,
            Self::Postgres(accounts) => accounts.open_session(user, session).await,
        }
    }

    /// Makes the next generation of a session current, if this one is.
    async fn rotate(&self, session: i64, generation: i64) -> anyhow::Result<bool> {
        match self {
            Self::Sqlite(accounts) => accounts.rotate(session, generation).await,
            Self::Postgres(accounts) => accounts.rotate(session, generation).await,
        }
    }

    /// Who has this session, while it lives.
    async fn profile(&self, session: i64) -> anyhow::Result<Option<Profile>> {
        match self {
            Self::Sqlite(accounts) => accounts.profile(session),
            Self::Postgres(accounts) => accounts.profile(session).await,
        }
    }
}

#[derive(Deserialize)]
struct RegistrationBody {
    email: String,
    password: String,
    name: String,
}

#[derive(Deserialize)]
struct LoginBody {
    email: String,
    password: String,
}

#[derive(Deserialize)]
struct RefreshBody {
    refresh_token: String,
}

#[derive(Serialize)]
struct TokensBody {
    access_token: String,
    refresh_token: String,
    token_type: &'static str,
    expires_in: u32,
}

impl Shared {
    fn tokens(&self, session: i64, generation: i64) -> TokensBody {
        TokensBody {
            access_token: self.tokens.issue(Kind::Access, session, generation),
            refresh_token: self.tokens.issue(Kind::Refresh, session, generation),
            token_type: "bearer",
            expires_in: 1_800,
        }
    }
}

async fn register(
    accounts: Data<Accounts>,
    shared: Data<Shared>,
    body: Json<RegistrationBody>,
) -> Result<HttpResponse, Error> {
    let RegistrationBody { email, password, name } = body.into_inner();
    let password_hash = shared.hashing.hash(password).await.map_err(ErrorInternalServerError)?;
    let session = random_id();
    let registration = Registration { email, name, password_hash };
    let registered = accounts.register(registration, session).await.map_err(ErrorInternalServerError)?;
    registered.ok_or_else(|| ErrorConflict("taken"))?;
    Ok(HttpResponse::Created().json(shared.tokens(session, 0)))
}

async fn login(
    accounts: Data<Accounts>,
    shared: Data<Shared>,
    body: Json<LoginBody>,
) -> Result<Json<TokensBody>, Error> {
    let LoginBody { email, password } = body.into_inner();
    let found = accounts.find(&email).await.map_err(ErrorInternalServerError)?;
    let (user, hash) = found.ok_or_else(|| ErrorUnauthorized("wrong"))?;
    if !shared.hashing.verify(password, hash).await.map_err(ErrorInternalServerError)? {
        return Err(ErrorUnauthorized("wrong"));
    }
    let session = random_id();
    accounts.open_session(user, session).await.map_err(ErrorInternalServerError)?;
    Ok(Json(shared.tokens(session, 0)))
}

async fn refresh(
    accounts: Data<Accounts>,
    shared: Data<Shared>,
    body: Json<RefreshBody>,
) -> Result<Json<TokensBody>, Error> {
    let spent = shared.tokens.read(Kind::Refresh, &body.refresh_token);
    let (session, generation) = spent.ok_or_else(|| ErrorUnauthorized("no token"))?;
    if !accounts.rotate(session, generation).await.map_err(ErrorInternalServerError)? {
        return Err(ErrorUnauthorized("spent"));
    }
    Ok(Json(shared.tokens(session, generation + 1)))
}

async fn me(
    accounts: Data<Accounts>,
    shared: Data<Shared>,
    request: HttpRequest,
) -> Result<Json<Profile>, Error> {
    let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer "));
    let read = token.and_then(|token| shared.tokens.read(Kind::Access, token));
    let (session, _) = read.ok_or_else(|| ErrorUnauthorized("no token"))?;
    let profile = accounts.profile(session).await.map_err(ErrorInternalServerError)?;
    profile.map(Json).ok_or_else(|| ErrorUnauthorized("ended"))
}
