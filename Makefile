# `make reports` and `make test` do everything from a fresh machine: git, make and Python >= 3.11 are enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: reports test check format prepare lab docs lock clean

reports: $(READY)
	$(BIN)/psykanalys report

test: $(READY)
	$(BIN)/python tests/run.py

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py tests/test_notebooks.py
	$(BIN)/psykanalys check

format: $(READY)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

prepare: $(READY)
	$(BIN)/psykanalys prepare

lab: $(READY)
	$(BIN)/jupyter lab notebooks

docs: $(READY)
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/generate_methods.py
	$(BIN)/python docs/generate_audit.py

lock:
	uv pip compile pyproject.toml --all-extras --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --output-file requirements.lock

clean:
	rm -rf .venv reports data/processed/*.parquet data/processed/manifest.json

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or later was found. Install one, or run: make PYTHON=/path/to/python3 reports"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)
