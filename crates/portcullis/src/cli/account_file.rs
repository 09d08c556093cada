use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use portcullis_account_files::AccountFormat;

use super::{OutputFormat, usage_error};

/// A file of accounts.
#[derive(Args, Debug)]
pub(crate) struct AccountFile {
    /// The file, or `-` for standard input or output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How accounts are written in it, unless its name ends in .jsonl, .ndjson or .csv
    #[arg(long = "as", value_name = "FORMAT", value_parser = account_formats())]
    written_as: Option<AccountFormat>,
}

fn account_formats() -> impl TypedValueParser<Value = AccountFormat> {
    const CSV: &str = "csv";
    PossibleValuesParser::new([
        PossibleValue::new("jsonl").help("A JSON object a line"),
        PossibleValue::new(CSV).help("Comma-separated values under a line with the names of the fields"),
    ])
    .map(|name| if name == CSV { AccountFormat::Csv } else { AccountFormat::JsonLines })
}

impl AccountFile {
    /// Where it is; none for standard input or output.
    pub(crate) fn path(&self) -> Option<&Path> {
        (self.file != Path::new("-")).then_some(&self.file)
    }

    /// How accounts are written in it.
    pub(crate) fn format(&self) -> Result<AccountFormat, clap::Error> {
        self.written_as.or_else(|| AccountFormat::of_file(&self.file)).ok_or_else(|| {
            usage_error(ErrorKind::MissingRequiredArgument, "the name of the file does not tell how accounts are written in it; say so with --as jsonl or --as csv")
        })
    }
}

#[derive(Args, Debug)]
pub(crate) struct UserImport {
    #[command(flatten)]
    pub(crate) file: AccountFile,
    /// Where to write which lines were refused and why, as JSON Lines, instead of to standard error
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: OutputFormat,
}

#[derive(Args, Debug)]
pub(crate) struct UserExport {
    #[command(flatten)]
    pub(crate) file: AccountFile,
}
