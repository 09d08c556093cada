use portcullis_account_files::{AccountFormat, AccountReader, AccountRecord, AccountWriter};
use portcullis_domain::PasswordHash;
use portcullis_domain::use_cases::ImportedUser;

/// The first octet chooses the form, the rest is the file.
///
/// It is read to its end, whatever it is; lines are counted onwards; no more is read than there is; and an
/// account that can be brought in can be again, as the same, after it was written in either form.
pub fn account_files(octets: &[u8]) {
    let Some((choice, file)) = octets.split_first() else { return };
    let format = if choice % 2 == 0 { AccountFormat::JsonLines } else { AccountFormat::Csv };
    for record in records(file, format) {
        let Some(account) = imported(&record) else { continue };
        for format in [AccountFormat::JsonLines, AccountFormat::Csv] {
            let written = written(record.clone(), format);
            let again = records(&written, format);
            let again: Vec<_> = again.iter().map(|record| told(imported(record).as_ref())).collect();
            assert_eq!(again, [told(Some(&account))], "{}", String::from_utf8_lossy(&written));
        }
    }
}

fn records(file: &[u8], format: AccountFormat) -> Vec<AccountRecord> {
    let Ok(mut reader) = AccountReader::new(file, format) else { return Vec::new() };
    let (mut records, mut number) = (Vec::new(), 0);
    while let Some(line) = reader.next_line().expect("a file in memory can be read") {
        assert!(line.number >= number, "{} follows {number}", line.number);
        number = line.number;
        records.extend(line.record);
    }
    assert!(reader.octets_read() <= file.len() as u64);
    records
}

fn written(record: AccountRecord, format: AccountFormat) -> Vec<u8> {
    let mut writer = AccountWriter::new(Vec::new(), format, false).expect("memory can be written");
    writer.write(&[record]).expect("memory can be written");
    writer.finish().expect("memory can be written")
}

fn imported(record: &AccountRecord) -> Option<ImportedUser> {
    record.clone().into_imported(|text| Ok(PasswordHash::new(text))).ok()
}

/// All of an account, its hash included.
fn told(account: Option<&ImportedUser>) -> String {
    let hash = account.and_then(|account| account.password_hash.as_ref());
    format!("{account:?} {:?}", hash.map(PasswordHash::as_str))
}
