//! The sockets that the program listens on.

use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;
use tokio::net::TcpSocket;

/// How many connections may wait to be accepted, unless the system allows fewer.
const BACKLOG: u32 = 4_096;

/// Listens on `address`, which the setting `variable` names.
pub(crate) fn bind(address: SocketAddr, variable: &str) -> anyhow::Result<TcpListener> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A restart need not wait for the connections of the last run to fade.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    listen().with_context(|| format!("cannot listen on {address} ({variable})"))
}
