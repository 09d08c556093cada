use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, BufRead as _, BufReader, BufWriter, ErrorKind, Seek as _, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use portcullis_domain::UserId;
use portcullis_domain::archive::{PageStart, Record, RecordKind};

use super::cannot_be_written;
use crate::cli::UserExport;
use crate::config::Config;
use crate::output::print;
use crate::progress::Progress;
use crate::store::{self, Purpose, Store};
use portcullis_account_files::{AccountFormat, AccountReader, AccountRecord, AccountWriter};

/// How many accounts are read with one step.
const PAGE: u32 = 2_000;

/// What is older is not gone on with: its accounts may have been erased since, and their passwords changed.
const LONGEST_INTERRUPTION: Duration = Duration::from_hours(24);

/// Writes every account, with the hash of its password, into a file that its owner only can read.
///
/// It grows under another name, and is there once it is whole; an export that was interrupted goes on. Nothing else
/// than a file is replaced, and a link to one stays.
pub(super) async fn run(config: &Config, export: UserExport) -> anyhow::Result<()> {
    let format = export.file.format()?;
    let path = export.file.path();
    let target = path.map(replaceable).transpose()?;
    let store = store::open(config, Purpose::Command).await?;
    let (Some(path), Some(target)) = (path, target) else {
        let mut writer = AccountWriter::new(io::stdout().lock(), format, false)?;
        write_accounts(store.as_ref(), None, &mut writer, |_| {}).await?;
        drop(writer.finish()?);
        return Ok(());
    };
    let total = store.count(RecordKind::Users).await?;
    let progress = Progress::on_stderr();
    let unfinished = unfinished(&target);
    let (file, begun) = open(&unfinished, format).with_context(|| cannot_be_written(&unfinished))?;
    if let Some(Begun { last, .. }) = begun {
        refuse_absence(store.as_ref(), last).await.with_context(|| cannot_be_written(&unfinished))?;
    }
    let (last, there) = begun.map_or((None, 0), |Begun { last, accounts }| (Some(last), accounts));
    let mut writer = AccountWriter::new(BufWriter::new(file), format, last.is_some())?;
    let show = |written| progress.show("exporting", there + written, Some(total));
    let written = write_accounts(store.as_ref(), last, &mut writer, show).await;
    progress.clear();
    let written = written.with_context(|| cannot_be_written(&unfinished))?;
    let file = writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all().with_context(|| cannot_be_written(&unfinished))?;
    fs::rename(&unfinished, &target).with_context(|| cannot_be_written(path))?;
    let continued = match there {
        0 => String::new(),
        there => format!(", {there} of them by an export that was interrupted"),
    };
    print(&format!("{} accounts written to {}{continued}", there + written, path.display()))?;
    Ok(())
}

/// Writes the accounts after `last`, and says how many they are.
async fn write_accounts(
    store: &dyn Store,
    last: Option<UserId>,
    writer: &mut AccountWriter<impl Write>,
    progress: impl Fn(u64),
) -> anyhow::Result<u64> {
    let mut start = PageStart::Users(last);
    let mut written = 0;
    loop {
        let page = store.read_page(start, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(written);
        };
        start = PageStart::after(last);
        let records: Vec<_> = page.iter().filter_map(account).collect();
        writer.write(&records)?;
        written += records.len() as u64;
        progress(written);
    }
}

fn account(record: &Record) -> Option<AccountRecord> {
    match record {
        Record::User(account) => Some(AccountRecord::of(account)),
        _ => None,
    }
}

/// The file that is to be there, and may be there already: `path`, or where it leads.
fn replaceable(path: &Path) -> anyhow::Result<PathBuf> {
    let cannot_be_looked_at = || format!("{} cannot be looked at", path.display());
    let is_link = match path.symlink_metadata() {
        Ok(metadata) => metadata.is_symlink(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(error).with_context(cannot_be_looked_at),
    };
    let is_file = path.metadata().with_context(cannot_be_looked_at)?.is_file();
    ensure!(is_file, "{} is no file that can be replaced; `-` writes to standard output", path.display());
    if is_link { path.canonicalize().with_context(cannot_be_looked_at) } else { Ok(path.to_owned()) }
}

/// The file while it grows.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// What an export that was interrupted has left.
struct Begun {
    /// The account of the last whole line.
    last: UserId,
    accounts: u64,
}

/// Opens the file that grows, for this export alone, behind its last whole line, and says what is in it.
fn open(path: &Path, format: AccountFormat) -> anyhow::Result<(File, Option<Begun>)> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!("another export is writing it"),
        Err(TryLockError::Error(error)) => return Err(error).context("it cannot be locked"),
    }
    let whole = length_of_whole_lines(&file)?;
    let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
    ensure!(
        whole == 0 || age <= LONGEST_INTERRUPTION,
        "an export was interrupted {} days ago: delete what it left to begin anew",
        age.as_secs() / LONGEST_INTERRUPTION.as_secs()
    );
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(0))?;
    let begun = if whole == 0 { None } else { accounts_in(&file, format)? };
    // Behind nothing but a head, it begins anew.
    if begun.is_none() {
        file.set_len(0)?;
    }
    // One that was there has the mode that it was made with.
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.seek(SeekFrom::End(0))?;
    Ok((file, begun))
}

/// Refuses to go on behind an account that is not there: those before it would be of another installation, or one of
/// them erased.
async fn refuse_absence(store: &dyn Store, last: UserId) -> anyhow::Result<()> {
    ensure!(
        store.find_by_id(last).await?.is_some(),
        "it ends with an account that is not in this installation, or no longer: delete it to begin anew"
    );
    Ok(())
}

fn length_of_whole_lines(file: &File) -> io::Result<u64> {
    let mut lines = BufReader::new(file);
    let (mut whole, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\n") {
            return Ok(whole);
        }
        whole += read as u64;
    }
}

fn accounts_in(file: &File, format: AccountFormat) -> anyhow::Result<Option<Begun>> {
    let mut reader = AccountReader::new(file, format)?;
    let mut begun: Option<Begun> = None;
    while let Some(line) = reader.next_line()? {
        let id = line.record.ok().and_then(|record| record.id).and_then(|id| UserId::parse(&id).ok());
        let last = id.context("it is there already, and is no export")?;
        begun = Some(Begun { last, accounts: begun.map_or(1, |begun| begun.accounts + 1) });
    }
    Ok(begun)
}
