# `make test` is the quick tier; `make test-all` is everything. Both install what they need from the
# package registries and nowhere else.
CARGO ?= cargo
TOOLS := $(or $(CARGO_TARGET_DIR),target)/tools
DENY_VERSION := 0.20.2
DENY := $(TOOLS)/bin/cargo-deny

.PHONY: test test-all fmt clippy unit doc deny bench

test: fmt clippy unit doc deny

# The slow kinds in full: CHIPCAST_SLOW widens every loop that the quick tier runs once.
test-all: fmt clippy doc deny
	CHIPCAST_SLOW=1 $(CARGO) test --release --locked --all-features

fmt:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --locked --all-targets -- -D warnings

# One optimised build serves `cargo run --release` and the tests.
unit:
	$(CARGO) test --release --locked

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps

$(DENY):
	$(CARGO) install --locked --root $(TOOLS) --version $(DENY_VERSION) cargo-deny

deny: $(DENY)
	$(DENY) check licenses bans sources

bench:
	$(CARGO) build --release --locked
	python3 benches/cold.py
