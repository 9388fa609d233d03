# `make test` is the quick tier; `make test-all` is everything. Both install what they need from the
# package registries and nowhere else.
CARGO ?= cargo
TOOLS := $(or $(CARGO_TARGET_DIR),target)/tools
DENY_VERSION := 0.20.2
DENY := $(TOOLS)/bin/cargo-deny
FUZZ_VERSION := 0.13.2
FUZZ := $(TOOLS)/bin/cargo-fuzz
FUZZ_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))/fuzz
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
# Seconds for each target; `make fuzz FUZZ_SECONDS=3600` looks longer.
FUZZ_SECONDS ?= 8

# Where a release is put, and the only date in it: that of the commit.
OUT := $(abspath $(or $(CARGO_TARGET_DIR),target))/dist
EPOCH := $(shell git log -1 --format=%ct 2> /dev/null || echo 0)

.PHONY: test test-all fmt clippy postgres postgres-test unit doc deny fuzz fuzz-seeds advisories sbom \
	reproducible browser recipes bench bench-build peers growth scale semver msrv python notebooks \
	notebooks-check cluster

test: fmt clippy postgres unit doc deny fuzz browser recipes python notebooks-check

# The slow kinds in full, and a minute for each fuzz target: CHIPCAST_SLOW widens every loop that the quick tier runs once.
test-all: FUZZ_SECONDS = 60
test-all: fmt clippy postgres doc deny fuzz browser
	CHIPCAST_SLOW=1 $(CARGO) test --release --locked --all-features
	$(MAKE) recipes CHIPCAST_SLOW=1
	$(MAKE) python
	$(MAKE) notebooks cluster

fmt:
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	@! git grep -nE '^(<<<<<<<|>>>>>>>) ' || { echo "a merge was not finished"; exit 1; }

clippy:
	$(CARGO) clippy --locked --all-targets -- -D warnings

# A PostgreSQL server for the tests of the ledger of runs, from Debian's packages; without one, and
# without the right to install it, they say that they were left out.
postgres:
	@command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 \
		|| { apt-get update -q && apt-get install -y -q --no-install-recommends postgresql; } \
		|| echo "no PostgreSQL server here: its tests will be left out"

postgres-test: postgres
	$(CARGO) test --release --locked --test it job_history -- --nocapture

# Whether the library still offers what its last release did, or `make semver BASELINE=COMMIT`; without either
# there is nothing to compare.
SEMVER_VERSION := 0.51.0
SEMVER := $(TOOLS)/bin/cargo-semver-checks
BASELINE := $(shell git describe --tags --abbrev=0 2> /dev/null)

$(SEMVER):
	$(CARGO) install --locked --root $(TOOLS) --version $(SEMVER_VERSION) cargo-semver-checks

semver: $(if $(BASELINE),$(SEMVER))
	$(if $(BASELINE),$(SEMVER) semver-checks --package chipcast --baseline-rev $(BASELINE),@echo \
		"no baseline: no release is tagged, so the public interface was compared with nothing")

# The build with the oldest compiler that Cargo.toml promises; where it is the one in use, every build is it.
MSRV := $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
msrv:
	@if rustc --version | grep -q "^rustc $(MSRV)[. ]"; then \
		echo "rustc $(MSRV), the oldest promised, is the one in use"; \
		$(CARGO) clippy --locked --all-targets -- -D warnings; \
	elif rustup run $(MSRV) rustc --version > /dev/null 2>&1; then rustup run $(MSRV) $(CARGO) check --locked; \
	else echo "rustc $(MSRV), the oldest promised, is not here: the build with it was left out"; fi

# One optimised build serves `cargo run --release` and the tests.
unit:
	$(CARGO) test --release --locked

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps

$(DENY):
	$(CARGO) install --locked --root $(TOOLS) --version $(DENY_VERSION) cargo-deny

deny: $(DENY)
	$(DENY) check licenses bans sources

$(FUZZ):
	$(CARGO) install --locked --root $(TOOLS) --version $(FUZZ_VERSION) cargo-fuzz

# Every parser against bytes that nobody thought of, in bounded time and memory. No sanitizer: there is
# no unsafe code to watch, and the stable toolchain will do. Each starts from tests/fixtures, or from seeds of
# its own: `make fuzz-seeds` writes those anew.
fuzz: $(FUZZ)
	cd fuzz && CARGO_TARGET_DIR= $(abspath $(FUZZ)) fuzz build --release --sanitizer none \
		--fuzz-dir . --target-dir $(FUZZ_DIR)
	@set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p $(FUZZ_DIR)/corpus/$$target; log=$(FUZZ_DIR)/$$target.log; \
		seeds=tests/fixtures/*/; ! test -d fuzz/corpus_seed/$$target || seeds=fuzz/corpus_seed/$$target; \
		$(FUZZ_DIR)/*/release/$$target $(FUZZ_DIR)/corpus/$$target $$seeds \
			-max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=1024 \
			-artifact_prefix=$(FUZZ_DIR)/ > $$log 2>&1 || { tail -40 $$log; exit 1; }; \
		echo "fuzz $$target: $$(tail -1 $$log)"; \
	done

fuzz-seeds:
	$(CARGO) build --release --locked
	python3 fuzz/seeds.py $(abspath $(or $(CARGO_TARGET_DIR),target))/release/chipcast

# Known holes in what is built in, from the RustSec database; where the network does not allow, it says so.
advisories: $(DENY)
	@if $(DENY) fetch db > /dev/null 2>&1; then $(DENY) check advisories; \
	else echo "the advisory database cannot be reached: the check was left out"; fi

# What the program and the wheel are made of, as CycloneDX: of Cargo.lock alone, offline, without a path of
# this machine.
SBOM_VERSION := 0.5.9
SBOM := $(TOOLS)/bin/cargo-cyclonedx
$(SBOM):
	$(CARGO) install --locked --root $(TOOLS) --version $(SBOM_VERSION) cargo-cyclonedx

sbom: $(SBOM)
	SOURCE_DATE_EPOCH=$(EPOCH) $(SBOM) cyclonedx --quiet --format json --spec-version 1.5 \
		--override-filename chipcast.cdx
	mkdir -p $(OUT) && sed -i 's|file://$(CURDIR)|file:///src|g' chipcast.cdx.json python/chipcast.cdx.json
	mv chipcast.cdx.json $(OUT)/ && mv python/chipcast.cdx.json $(OUT)/chipcast-python.cdx.json

# Two builds in two folders give the same program, to the byte: paths are mapped away, and the only date is
# that of the commit. The second folder is a clone, so that nothing that is not committed goes in.
CARGO_HOME_DIR := $(or $(CARGO_HOME),$(HOME)/.cargo)
REPRODUCED := $(OUT)/reproduced
define build_in
	cd $(1) && SOURCE_DATE_EPOCH=$(EPOCH) CARGO_INCREMENTAL=0 CARGO_TARGET_DIR=$(1)/target CFLAGS="-ffile-prefix-map=$(1)=/src -ffile-prefix-map=$(CARGO_HOME_DIR)=/cargo" \
		RUSTFLAGS="--remap-path-prefix=$(1)=/src --remap-path-prefix=$(CARGO_HOME_DIR)=/cargo" \
		$(CARGO) build --release --locked --bin chipcast
endef
reproducible:
	rm -rf $(REPRODUCED) && mkdir -p $(REPRODUCED)
	git clone -q . $(REPRODUCED)/one && git clone -q . $(REPRODUCED)/another-name
	$(call build_in,$(REPRODUCED)/one)
	$(call build_in,$(REPRODUCED)/another-name)
	cd $(REPRODUCED) && sha256sum one/target/release/chipcast another-name/target/release/chipcast
	cmp $(REPRODUCED)/one/target/release/chipcast $(REPRODUCED)/another-name/target/release/chipcast
	cp $(REPRODUCED)/one/target/release/chipcast $(OUT)/ && rm -rf $(REPRODUCED)
	cd $(OUT) && sha256sum chipcast > SHA256SUMS && cat SHA256SUMS

# The pages in Debian's Chromium, with the binary that the tests built. Debian's packages are installed where
# they are missing, the driver's Python packages into a folder of their own. Where that is not allowed, the
# output says that it was left out.
BROWSER := $(TOOLS)/browser
HAS_BROWSER := command -v chromium > /dev/null && command -v chromedriver > /dev/null \
	&& python3 -c "import ensurepip" 2> /dev/null
$(BROWSER): $(wildcard tests/browser/requirements*.txt)
	python3 -m venv --clear $@
	$@/bin/pip install --quiet --requirement tests/browser/requirements.txt
	$@/bin/pip install --quiet --no-deps --requirement tests/browser/requirements-axe.txt
	touch $@

browser:
	$(CARGO) test --release --locked --no-run
	@{ $(HAS_BROWSER); } || { apt-get update -q && apt-get install -y -q --no-install-recommends \
		chromium chromium-driver python3-venv; } || true
	@if $(HAS_BROWSER); then \
		$(MAKE) $(BROWSER) && CHIPCAST_BINARY=$(or $(CARGO_TARGET_DIR),target)/release/chipcast \
			$(BROWSER)/bin/python tests/browser/test_pages.py; \
	else echo "no Chromium here: the tests in a browser were left out"; fi

# The recipes of docs/jobs.md as they stand there: cron, systemd, GitHub Actions, and in full with Airflow.
# Debian's packages are installed where they are missing and may be, Python's into folders of their own.
RECIPES := $(TOOLS)/recipes
AIRFLOW := $(TOOLS)/airflow
HAS_SCHEDULERS := command -v crontab > /dev/null && command -v systemd-analyze > /dev/null \
	&& python3 -c "import ensurepip" 2> /dev/null
$(RECIPES) $(AIRFLOW): $(wildcard tests/recipes/requirements*.txt)
	python3 -m venv --clear $@
	$@/bin/pip install --quiet --requirement tests/recipes/requirements$(if $(filter %airflow,$@),-airflow).txt
	touch $@

recipes:
	$(CARGO) test --release --locked --no-run
	@{ $(HAS_SCHEDULERS); } || { apt-get update -q && apt-get install -y -q --no-install-recommends \
		cron systemd python3-venv; } || echo "cron or systemd is missing: some tests are left out"
	@$(MAKE) $(RECIPES) $(if $(CHIPCAST_SLOW),$(AIRFLOW))
	@CHIPCAST_BINARY=$(or $(CARGO_TARGET_DIR),target)/release/chipcast CHIPCAST_SLOW=$(CHIPCAST_SLOW) \
		CHIPCAST_AIRFLOW=$(if $(CHIPCAST_SLOW),$(abspath $(AIRFLOW))/bin/python) \
		$(RECIPES)/bin/python tests/recipes/test_recipes.py

# The Python package: the wheel is built upon what the tests built, is imported in an environment that has
# nothing else, and is tested beside every library whose frames it reads.
PYTHON := $(abspath $(TOOLS))/python
PYTHON_BIN := $(PYTHON)/tools/bin
WHEEL_MAX_MB := 40
$(PYTHON)/tools: python/tests/requirements.txt
	python3 -m venv --clear $@
	$@/bin/pip install --quiet --requirement $<
	touch $@

python: $(PYTHON)/tools
	$(CARGO) clippy --locked --package chipcast-python -- -D warnings
	rm -rf $(PYTHON)/wheels $(PYTHON)/empty
	$(PYTHON_BIN)/maturin build --quiet --release --locked --manifest-path python/Cargo.toml \
		--out $(PYTHON)/wheels
	@size=$$(du -m $(PYTHON)/wheels/*.whl | cut -f1); echo "wheel: $$size MB, at most $(WHEEL_MAX_MB)"; \
		[ $$size -lt $(WHEEL_MAX_MB) ]
	python3 -m venv --without-pip $(PYTHON)/empty
	$(PYTHON_BIN)/pip --python $(PYTHON)/empty/bin/python install --quiet --no-index $(PYTHON)/wheels/*.whl
	$(PYTHON)/empty/bin/python -c "import chipcast; print('alone:', chipcast.Archive.bundled())"
	$(PYTHON_BIN)/pip install --quiet --no-index --no-deps --force-reinstall $(PYTHON)/wheels/*.whl
	CHIPCAST_BINARY=$(abspath $(or $(CARGO_TARGET_DIR),target))/release/chipcast \
		$(PYTHON_BIN)/pytest -q -rP -k import_is_light python/tests/test_package.py | grep "^import:"
	CHIPCAST_BINARY=$(abspath $(or $(CARGO_TARGET_DIR),target))/release/chipcast \
		$(PYTHON_BIN)/pytest -q -p no:cacheprovider --rootdir python -c python/pyproject.toml python/tests

# The notebooks, run from scratch with the newest wheel that `make python` built; writes docs/notebooks.
# `notebooks-check` runs the quick start alone and writes nothing: its page must be as it is made now.
NOTEBOOKS := $(TOOLS)/notebooks
WHEEL ?= $(lastword $(sort $(wildcard $(PYTHON)/wheels/*.whl)))
$(NOTEBOOKS): tests/notebooks/requirements.txt
	python3 -m venv --clear $@
	$@/bin/pip install --quiet --requirement $<
	touch $@

notebooks notebooks-check: $(NOTEBOOKS)
	@test -n "$(WHEEL)" || { echo "no wheel: \`make python\` builds one"; exit 1; }
	@$(NOTEBOOKS)/bin/pip install --quiet --force-reinstall --no-deps $(WHEEL)
	$(NOTEBOOKS)/bin/python tests/notebooks/render.py $(if $(filter %-check,$@),--check 1_quick_start)

# Lessons in Spark and Ray, which are large: in full runs alone. `$(CLUSTER)/bin/python benches/cluster.py`
# measures them.
CLUSTER := $(TOOLS)/cluster
$(CLUSTER): python/tests/requirements-cluster.txt
	python3 -m venv --clear $@
	$@/bin/pip install --quiet --requirement $<
	touch $@

cluster: $(CLUSTER)
	@test -n "$(WHEEL)" || { echo "no wheel: \`make python\` builds one"; exit 1; }
	@command -v java > /dev/null || { apt-get update -q && apt-get install -y -q --no-install-recommends \
		default-jre-headless; } || echo "no Java here: the test of Spark will fail"
	@$(CLUSTER)/bin/pip install --quiet --force-reinstall --no-deps $(WHEEL)
	CHIPCAST_SLOW=1 $(CLUSTER)/bin/python -m pytest -q python/tests/test_distributed.py

# The parts by divan, whole commands against the budgets, the claims on accuracy where public benchmark data
# lie beside the project; then the peers.
PUBLIC := $(if $(wildcard ../shared/data/bench),../shared)
bench-build:
	$(CARGO) build --release --locked --bins --examples

bench: bench-build
	$(CARGO) bench --locked $(patsubst benches/%.rs,--bench %,$(wildcard benches/*.rs))
	python3 benches/cold.py
	python3 benches/bulk.py
	python3 benches/serve_load.py
	$(if $(PUBLIC),python3 benches/forecasting.py $(PUBLIC))
	$(MAKE) peers

# One table of ratios against statsforecast, scikit-learn, mlforecast, edgartools, scipy, augurs and anofox-forecast, on the
# same inputs: public data where they lie beside the project, made-up data else. `PEERS_OPTIONS=--write` puts it
# into README.md and docs/speed.md.
peers: bench-build
	python3 benches/ratios.py $(PEERS_OPTIONS) $(PUBLIC)

# How time and memory grow with what goes in; exit code 1 if worse than n log n without a reason.
growth: bench-build
	python3 benches/growth.py

# An archive of SEC's shape, up to 100 million rows in 6 GB of disk; writes the tables of docs/scale.md.
scale: bench-build
	python3 benches/scale.py --write
