# Every recipe is plain commands that work without just.

# Build and serve on the embedded default.
run *arguments:
    cargo run -- {{ arguments }}

# Install what the tests need and run all of them.
test:
    ./test

# Exactly what CI runs.
check:
    .ci/run

# Run every fuzzer for so many seconds, or those that are named.
fuzz seconds="60" *fuzzers:
    fuzz/run {{ seconds }} {{ fuzzers }}

# Lock the versions of the workspace for the fuzzers.
fuzz-lock:
    cp Cargo.lock fuzz/Cargo.lock
    cargo update --workspace --manifest-path fuzz/Cargo.toml

# Format everything.
format:
    cargo fmt --all

# Walk the service and its model side by side for longer than the tests do.
state-machine walks="500":
    PORTCULLIS_TEST_WALKS={{ walks }} cargo test -p portcullis-tests --test state_machine

# Race what has one use through two instances, and kill the service in a storm, more often than the tests do.
storm races="200" kills="100":
    for _ in $(seq {{ races }}); do cargo test --quiet -p portcullis-tests --test on_postgres security::one_use || exit; done
    PORTCULLIS_TEST_KILLS={{ kills }} cargo test -p portcullis-tests --test on_postgres --test on_sqlite kill_after_kill

# Find what no test of the domain would miss; `just mutants -f crates/domain/src/session.rs` looks at one file.
mutants *arguments:
    CARGO_PROFILE_DEV_DEBUG=0 cargo mutants -p portcullis-domain {{ arguments }} -- --lib --test domain

# Take pictures of every page, as phones and desktops show them, into target/screenshots/.
screenshots:
    PORTCULLIS_TEST_SCREENSHOTS=1 ./test -p portcullis-tests --test on_sqlite no_page_has_a_serious_barrier

# Accept the snapshots that the last test run proposed.
snapshots:
    INSTA_UPDATE=always cargo test --workspace --all-features

# Write the generated parts of docs/ anew.
docs:
    PORTCULLIS_TEST_UPDATE_DOCS=1 cargo test -p portcullis --test configuration --test http_api is_current
    PORTCULLIS_TEST_UPDATE_DOCS=1 cargo test -p portcullis-telemetry --test documents is_current

# Build docs/ as a book into target/book, and fail on a warning.
book:
    .ci/book

# Make the packages of the crates that are published, and build each as if it came from a registry.
package *arguments:
    .ci/package {{ arguments }}

# Build with the oldest compiler that is promised.
msrv:
    rustup toolchain install 1.91.0 --profile minimal
    cargo +1.91.0 check --workspace --all-features --target-dir target/msrv

# Build with the oldest direct dependencies that the requirements allow, in a copy with a lock file of its own.
minimal-versions:
    rm -rf target/minimal-versions && mkdir -p target/minimal-versions
    git archive HEAD | tar x -C target/minimal-versions
    cd target/minimal-versions && cargo +nightly update -Z direct-minimal-versions
    cargo check --manifest-path target/minimal-versions/Cargo.toml --workspace --all-features

# Licences, sources, banned crates, and known vulnerabilities (fetches the advisory database).
deny:
    cargo deny --all-features check

# Make a Debian package of the release build, in target/debian/.
deb:
    cargo deb --version || cargo install --locked cargo-deb
    cargo build --release -p portcullis
    mkdir -p target/completions
    for shell in bash zsh fish; do target/release/portcullis completions $shell > target/completions/portcullis.$shell; done
    cargo deb --no-build -p portcullis

# Write the bill of materials of the binary (CycloneDX) to target/portcullis.cdx.json.
sbom:
    cargo cyclonedx --version || cargo install --locked cargo-cyclonedx
    cargo cyclonedx --manifest-path crates/portcullis/Cargo.toml --format json --override-filename portcullis
    mv crates/portcullis/portcullis.json target/portcullis.cdx.json

# Time the hot functions, or those whose name holds one of these.
hot-functions *names:
    cargo bench -p portcullis-hot-functions --bench time -- {{ names }}

# Count the instructions of the hot functions, and fail when they are 5 % more than docs/performance.md says; with
# --write put them there.
instructions *arguments:
    .ci/instructions {{ arguments }}

# Measure a release build, and put the figures into docs/performance.md.
bench *arguments:
    cargo build --release -p portcullis
    cargo run --release -p portcullis-bench -- figures --markdown docs/performance.md {{ arguments }}

# Measure it on both stores, with a thousand users, a hundred thousand and a million.
bench-scale *arguments:
    cargo build --release -p portcullis
    cargo run --release -p portcullis-bench -- scale --markdown docs/performance.md {{ arguments }}
