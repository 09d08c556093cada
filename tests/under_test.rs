//! The binary `portcullis`, under a name of its own.

fn main() -> std::process::ExitCode {
    portcullis::main()
}
