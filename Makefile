# The commands of README.md. Each sets up what it needs by itself.
PYTHON_BIN := .venv/bin/python
export RASA_TELEMETRY_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL ?= 3
# Tests of the whole assistant have the machine to themselves; all others run two at a time.
WHOLE := rasa or browser or alone
RASA_DATA := data/nlu data/rules data/stories

.PHONY: run test lint bench soak lock clean setup setup-dev

run: setup
	@exec $(PYTHON_BIN) -m bot run

test: setup-dev lint
	@sh scripts/chromium.sh
	$(PYTHON_BIN) -m pytest -m "not ($(WHOLE))" --numprocesses 2 --dist loadfile
	$(PYTHON_BIN) -m pytest -m "$(WHOLE)"

lint: setup-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/rasa data validate --domain domain --data $(RASA_DATA) --fail-on-warnings

bench: setup-dev
	@for bench in throughput growth search search_titles parsing understanding_nlu understanding desk_queue analytics; do echo "== $$bench"; $(PYTHON_BIN) -m benchmarks.$$bench || exit 1; done

# SOAK="--only kills --kills 20 --messages 500" runs a part of it.
soak: setup-dev
	@$(PYTHON_BIN) -m benchmarks.soak $(SOAK)

setup:
	@sh scripts/setup.sh base

setup-dev:
	@sh scripts/setup.sh dev

# Locks for exactly Python 3.10; the addresses of package indexes stay out of the files.
lock: setup-dev
	cd requirements && for kind in uv base dev; do \
	  ../.venv/bin/uv pip compile --quiet --python-version 3.10 --generate-hashes --no-emit-index-url --no-header \
	    $$([ $$kind = dev ] && echo -c base.txt) $$kind.in -o $$kind.txt; done

clean:
	rm -rf .venv var models .pytest_cache .mypy_cache .ruff_cache
