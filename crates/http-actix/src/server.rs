use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};

use crate::{Api, Operations};

/// How long a client may take to send the head of a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);

/// How long a connection may stay idle between requests: longer than load balancers keep theirs, so that it
/// is they who hang up.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a client may take to hang up when it is asked to.
const GOODBYE: Duration = Duration::from_secs(2);

/// What serving may take.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// How many threads handle requests.
    pub workers: usize,
    /// How long running requests may go on once the server is told to stop; rounded up to whole seconds.
    pub shutdown_grace: Duration,
}

/// Serves the whole interface at `listener`.
///
/// The server is a future that runs when it is polled. It handles no signals: the program that holds its
/// [handle](Server::handle) tells it when to stop.
///
/// # Errors
///
/// When the listener cannot be used.
pub fn serve(listener: TcpListener, api: Api, limits: ServerLimits) -> io::Result<Server> {
    run(listener, limits, move |routes| api.configure(routes))
}

/// Serves what operators ask at `listener`, on one thread of its own, so that it answers however busy the
/// interface is.
///
/// # Errors
///
/// When the listener cannot be used.
pub fn serve_operations(
    listener: TcpListener,
    operations: Operations,
    shutdown_grace: Duration,
) -> io::Result<Server> {
    let limits = ServerLimits { workers: 1, shutdown_grace };
    run(listener, limits, move |routes| operations.configure(routes))
}

fn run(
    listener: TcpListener,
    limits: ServerLimits,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let seconds_of_grace =
        limits.shutdown_grace.as_secs() + u64::from(limits.shutdown_grace.subsec_nanos() > 0);
    let server = HttpServer::new(move || App::new().configure(&configure))
        .disable_signals()
        .workers(limits.workers)
        .shutdown_timeout(seconds_of_grace)
        .client_request_timeout(HEAD_PATIENCE)
        .client_disconnect_timeout(GOODBYE)
        .keep_alive(KEEP_ALIVE)
        .listen(listener)?;
    Ok(server.run())
}
