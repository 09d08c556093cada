//! `portcullis health`: asks the service that runs here how it is.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::config::Config;

/// How long each step of the conversation may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Succeeds if the service wants requests, or with `live`, if it answers at all.
pub(super) fn run(config: &Config, live: bool) -> anyhow::Result<()> {
    let (address, variable) = match config.ops_bind {
        Some(address) => (address, "PORTCULLIS_OPS_BIND"),
        None => (config.bind, "PORTCULLIS_BIND"),
    };
    ensure!(address.port() != 0, "{variable} has port 0, which does not tell where the service is");
    let address = reachable(address);
    let path = if live { "/health/live" } else { "/health/ready" };
    let answer = ask(address, path).with_context(|| format!("nobody answers at {address} ({variable})"))?;
    let status = answer.lines().next().unwrap_or_default();
    let is_fine = status.split(' ').nth(1) == Some("200");
    ensure!(is_fine, "{path} at {address} answers: {status}");
    Ok(())
}

/// Where a service is found that listens on all addresses of the machine.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

/// The whole answer to a `GET`.
fn ask(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    write!(connection, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_on_all_addresses_is_asked_at_loopback() {
        for (bound, asked) in [
            ("0.0.0.0:9090", "127.0.0.1:9090"),
            ("[::]:9090", "[::1]:9090"),
            ("192.0.2.1:9090", "192.0.2.1:9090"),
        ] {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), asked);
        }
    }
}
