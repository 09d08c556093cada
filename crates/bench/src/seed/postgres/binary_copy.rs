//! Rows in the binary format of `COPY`.

use futures_util::SinkExt as _;
use tokio_postgres::{CopyInSink, Transaction};

use crate::seed::rows::{Cell, Row, Rows, Table};

/// How rows come into a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freeze {
    /// As any other.
    No,
    /// As if it had been vacuumed. The table has to be emptied in the same transaction.
    Yes,
}

/// Writes rows into their table.
pub(super) async fn copy(
    transaction: &Transaction<'_>,
    Rows { table, rows }: Rows,
    freeze: Freeze,
) -> anyhow::Result<()> {
    /// So much is sent at once.
    const CHUNK: usize = 1 << 20;
    let statement = statement(table, freeze);
    let sink: CopyInSink<std::io::Cursor<Vec<u8>>> = transaction.copy_in(&statement).await?;
    let mut sink = std::pin::pin!(sink);
    let mut encoded = HEADER.to_vec();
    for row in rows {
        encode(&row, &mut encoded)?;
        if encoded.len() > CHUNK {
            sink.send(std::io::Cursor::new(std::mem::take(&mut encoded))).await?;
        }
    }
    encoded.extend_from_slice(&TRAILER);
    sink.send(std::io::Cursor::new(encoded)).await?;
    sink.finish().await?;
    Ok(())
}

fn statement(table: &Table, freeze: Freeze) -> String {
    let freeze = if freeze == Freeze::Yes { ", FREEZE" } else { "" };
    format!("COPY {} ({}) FROM STDIN (FORMAT binary{freeze})", table.name, table.columns.join(", "))
}

/// The signature, and no flags and no extension.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

fn encode(row: &Row, into: &mut Vec<u8>) -> anyhow::Result<()> {
    into.extend_from_slice(&i16::try_from(row.len())?.to_be_bytes());
    for cell in row {
        match cell {
            Cell::Nothing => into.extend_from_slice(&(-1_i32).to_be_bytes()),
            Cell::Id(id) => field(id, into)?,
            Cell::Digest(digest) => field(digest, into)?,
            Cell::Text(text) => field(text.as_bytes(), into)?,
            Cell::Flag(flag) => field(&[u8::from(*flag)], into)?,
            Cell::Number(number) => field(&number.to_be_bytes(), into)?,
            Cell::Moment(moment) => field(&(moment.unix_micros() - EPOCH).to_be_bytes(), into)?,
        }
    }
    Ok(())
}

/// PostgreSQL counts from the year 2000 on: this moment, in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

fn field(octets: &[u8], into: &mut Vec<u8>) -> anyhow::Result<()> {
    into.extend_from_slice(&i32::try_from(octets.len())?.to_be_bytes());
    into.extend_from_slice(octets);
    Ok(())
}
