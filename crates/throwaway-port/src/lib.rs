//! A port for a test that has to know it before anybody listens there, or while nobody does any more.
//!
//! A port that was free a moment ago is anybody's: parallel tests get it for a listener or a connection of theirs. One
//! that is kept is theirs no more.
//!
//! ```
//! use std::net::{TcpListener, TcpStream};
//!
//! use portcullis_throwaway_port::Port;
//!
//! let port = Port::keep()?;
//! assert!(TcpStream::connect(port.address()).is_err());
//! let _listener = TcpListener::bind(port.address())?;
//! assert!(TcpStream::connect(port.address()).is_ok());
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with};

/// A port of loopback that nobody gets who asks for any, until this is dropped.
///
/// Who connects is refused, until somebody who was told of it listens there. They have to let their address be reused,
/// as servers do: PostgreSQL, Redis, nginx, and whatever binds with the standard library.
#[derive(Debug)]
pub struct Port {
    address: SocketAddr,
    /// Bound, and never listening.
    _socket: OwnedFd,
}

impl Port {
    /// Keeps one that nobody has.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn keep() -> io::Result<Self> {
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        Ok(Self { address: getsockname(&socket)?.try_into()?, _socket: socket })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.address.port()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn listeners_come_and_go_beside_it() {
        let port = Port::keep().unwrap();
        for _ in 0..2 {
            TcpStream::connect(port.address()).expect_err("nobody listens");
            let listener = TcpListener::bind(port.address()).expect("it may be used");
            TcpStream::connect(port.address()).expect("somebody listens");
            TcpListener::bind(port.address()).expect_err("there is one at a time");
            drop(listener);
        }
    }

    #[test]
    fn who_asks_for_any_port_gets_another() {
        let kept: Vec<_> = (0..100).map(|_| Port::keep().unwrap()).collect();
        let listening: Vec<_> = (0..100).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        for listener in listening {
            let address = listener.local_addr().unwrap();
            assert!(kept.iter().all(|port| port.address() != address), "{address}");
        }
    }
}
