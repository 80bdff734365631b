# Everything a fresh machine with Python 3.11 or newer and make needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
# Tests run side by side, the tests of one file in one process.
WORKERS ?= 2

.PHONY: run setup test lint bench bundle screenshots clean

run: setup
	@$(BIN)/python packaging/run_workbench.py

setup: $(STAMP)
	@sh packaging/system_libraries.sh

$(STAMP): pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('moedal-gui needs Python 3.11 or newer' if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,bench]"
	@touch $@

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m benchmarks

screenshots: setup
	$(BIN)/python docs/make_screenshots.py

bundle: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "pyinstaller>=6.11"
	$(BIN)/pyinstaller --noconfirm --distpath dist --workpath build packaging/moedal-gui.spec
	$(BIN)/python packaging/bundle_smoke_test.py dist/moedal-gui

clean:
	rm -rf $(VENV) build dist
