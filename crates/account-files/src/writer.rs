use std::io::{self, Write};

use super::{AccountFormat, AccountRecord};

/// Writes a file of accounts that [`AccountReader`](super::AccountReader) reads.
pub struct AccountWriter<W> {
    output: W,
    format: AccountFormat,
}

impl<W: Write> AccountWriter<W> {
    /// Begins a file, or goes on with one that has its head already.
    ///
    /// # Errors
    ///
    /// When the output fails.
    pub fn new(mut output: W, format: AccountFormat, has_head: bool) -> io::Result<Self> {
        if format == AccountFormat::Csv && !has_head {
            writeln!(output, "{}", AccountRecord::FIELDS.join(","))?;
        }
        Ok(Self { output, format })
    }

    /// Writes accounts, each as a line.
    ///
    /// # Errors
    ///
    /// When the output fails.
    pub fn write(&mut self, records: &[AccountRecord]) -> io::Result<()> {
        match self.format {
            AccountFormat::JsonLines => {
                for record in records {
                    serde_json::to_writer(&mut self.output, record)?;
                    self.output.write_all(b"\n")?;
                }
            }
            AccountFormat::Csv => {
                let mut rows = csv::Writer::from_writer(&mut self.output);
                for record in records {
                    rows.write_record(fields(record))?;
                }
                rows.flush()?;
            }
        }
        Ok(())
    }

    /// Hands on what was written so far.
    ///
    /// # Errors
    ///
    /// When the output fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }
}

/// What stands in the columns, in the order of [`AccountRecord::FIELDS`].
fn fields(record: &AccountRecord) -> [String; AccountRecord::FIELDS.len()] {
    let AccountRecord {
        id,
        email,
        email_verified,
        username,
        name,
        first_name,
        last_name,
        password_hash,
        is_active,
        roles,
        locale,
        created_at,
        updated_at,
        last_login_at,
    } = record;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let flag = |flag: &Option<bool>| flag.map(|flag| flag.to_string()).unwrap_or_default();
    [
        text(id),
        text(email),
        flag(email_verified),
        text(username),
        text(name),
        text(first_name),
        text(last_name),
        text(password_hash),
        flag(is_active),
        roles.join(","),
        text(locale),
        text(created_at),
        text(updated_at),
        text(last_login_at),
    ]
}
