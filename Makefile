# Everything that a new machine needs is made here: a virtual environment from the lock file, then the job.
PYTHON ?= python3
BIN := .venv/bin
# The folder that was written last, when the recipe gets there.
newest = "$$(ls -dt $(1) | head -n 1)"

# Some machines forbid it; then each test that starts the program would compile all of it anew. For what is started
# elsewhere on such a machine, the package is compiled when it is installed.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all lint format lock bench docs clean

demo: .venv/ready
	$(BIN)/stasis-sim compare scenarios/connection-previously-existed.yaml
	$(BIN)/stasis-sim sweep scenarios/outage-length.yaml
	$(BIN)/stasis-sim report $(call newest,results/connection-previously-existed/compare-*) $(call newest,results/outage-length/sweep-*)

test: .venv/ready lint
	$(BIN)/pytest

test-all: .venv/ready lint
	$(BIN)/pytest -m ""

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/ready
	$(BIN)/python -m compileall -q stasis_sim
	$(BIN)/python benchmarks/run.py

# Everything is read anew (-E), as pictures and the description of the package depend on more than their page.
docs: .venv/ready
	$(BIN)/sphinx-build -b html -c docs -E -W --keep-going -q -d build/doctrees . build/site
	@echo "build/site/index.html"

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --extra cluster --group dev pyproject.toml -o requirements.lock

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q stasis_sim
	touch $@

clean:
	rm -rf .venv build
