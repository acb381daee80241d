# Everyday commands; each is a plain cargo command.

# List the recipes.
default:
    @just --list

# Build the program as it is installed.
build:
    cargo build --release

# All tests.
test:
    cargo test

# All tests of the lean core: no polars, no plotters.
test-lean:
    cargo test --no-default-features

# Only the house rules: floors, plug-ins, sizes, dead files.
tidy:
    cargo test --no-default-features --test it tidy

# Lints, in both feature sets.
lint:
    cargo clippy --all-targets -- -D warnings
    cargo clippy --all-targets --no-default-features -- -D warnings

# Format the code.
fmt:
    cargo fmt -- src/intervene/*.rs

# Documentation of the library.
doc:
    cargo doc --no-deps --open

# Fuzz each target for so many seconds.
fuzz seconds="600":
    tests/fuzz/run {{seconds}}

# Measure the hot paths.
bench:
    cargo bench

# Write one committed report again; then read the diff.
report name="order-774":
    cargo run --release -- report {{name}}

# What the model says of order 774 does not move.
still:
    cargo run --release -- gate --baseline recorded/order-774.baseline.json --candidate order-774 --budget scenarios/unmoved.toml

# Everything that CI runs, in its order.
ci:
    .ci/run
