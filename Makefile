# Needs Python 3.11 or later, and nothing else; uv is used where it is installed.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test check attack audit mutants bench soak chaos scale package smoke docs fix lock clean

run: .venv/ready          ## all of it on this machine: DynamoDB, Convoy, the API on port 8080
	@exec $(BIN)/python -m infra.local $(ARGS)

test: .venv/ready         ## every test, with the coverage of app/
	$(BIN)/pytest --cov --numprocesses auto --dist loadfile --no-loadscope-reorder \
	  --max-worker-restart 0

check: .venv/ready        ## what must be clean at every commit
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

attack: .venv/ready       ## ten times the inputs of `make test`, hostile ones and crashes; TIMES=100: more
	ATTACK=$(or $(TIMES),10) $(BIN)/pytest -q --show-capture=no -o faulthandler_timeout=0 \
	  tests/integration/attack tests/integration/properties

audit: .venv/ready        ## whether a pinned package has a known vulnerability; needs network
	@$(BIN)/uv run --quiet --isolated --no-project --with-requirements requirements-audit.txt \
	  pip-audit --strict --disable-pip --require-hashes -r requirements.txt -r requirements-dev.txt

mutants: .venv/ready      ## whether a test fails for each small change to the code; takes a while
	@rm -rf mutants
	@$(MUTMUT) run --max-children=1
	@! $(MUTMUT) results | grep . || { echo 'error: no test fails for the changes above: $(MUTMUT) show NAME' >&2; exit 1; }

MUTMUT = $(BIN)/uv run --quiet --isolated --no-project --python $(BIN)/python \
  --with-requirements requirements-dev.txt --with-requirements requirements-mutants.txt mutmut

bench: .venv/ready        ## the project beside its peers: tables, benchmarks/results.json, a plot
	$(BIN)/python -m benchmarks.compare $(ARGS)

soak: .venv/ready         ## load on a Convoy that fails and loses, with kills: 3 minutes; needs Java
	$(BIN)/python -m benchmarks.soak

chaos: .venv/ready        ## a real Convoy, its processes killed at random: ARGS=--help; needs Java
	@$(BIN)/python -m benchmarks.chaos $(ARGS)

scale: .venv/ready        ## the figures of docs/scale.md
	$(BIN)/python -m benchmarks.scale

package: .venv/ready      ## the Lambda's zip in build/; others: ARGS="--arch x86_64 --python 3.12"
	@$(BIN)/python -m infra.package.build $(ARGS)

smoke: .venv/ready        ## whether a deployed stage works: URL=https://… [TOKEN=…]
	@$(BIN)/python -m infra.checks.smoke $(URL)

docs: .venv/ready         ## docs/openapi.json, docs/events.md, examples/signatures.json
	$(BIN)/python -m infra.docs.contract $(ARGS)

fix: .venv/ready          ## mend what the linter and the formatter can
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

# For the oldest Python, whoever compiles. Extras stay: pip, asked for hashes, refuses
# `coverage[toml]` where the lock pins plain `coverage` and a newer one is out.
lock: .venv/ready         ## compile the pinned requirements anew from pyproject.toml
	@for compiled in "requirements.txt pyproject.toml" \
	    "requirements-dev.txt pyproject.toml --extra cli --group dev" \
	    "requirements-checkov.txt --group checkov" "requirements-audit.txt --group audit" \
	    "requirements-mutants.txt --group mutants -c requirements-dev.txt" \
	    "tests/integration/artefact/older-boto3.txt --group older-boto3" \
	    "benchmarks/compare/locks/powertools.txt --group bench-powertools" \
	    "benchmarks/compare/locks/tutorial.txt --group bench-tutorial"; do \
	  $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	    --no-strip-extras --no-header --python-version 3.11 --output-file $$compiled || exit 1; done

.venv/ready: requirements-dev.txt $(BIN)/python
	@$(BIN)/python -c '$(NEW_ENOUGH)' .venv 'Do away with it: make clean'
	@echo 'Installing the packages of requirements-dev.txt into .venv: a minute or two.'
	@if command -v uv >/dev/null; then \
	  uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.txt; \
	else \
	  $(BIN)/python -m pip install --quiet --no-compile --require-hashes -r requirements-dev.txt; \
	fi
	@touch $@

# Made anew where the Python that it links to is gone: to make, it does not exist then.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'error: there is no $(PYTHON). Install Python 3.11 or later, or name it: make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' $(PYTHON) 'Name another: make PYTHON=...'
	@if command -v uv >/dev/null; then uv venv --quiet --allow-existing --python $(PYTHON) .venv; \
	else $(PYTHON) -m venv --clear .venv; fi

NEW_ENOUGH = import sys; sys.version_info >= (3, 11) or sys.exit("error: Python 3.11 or later is needed, \
  and %s is %s. %s" % (sys.argv[1], sys.version.split()[0], sys.argv[2]))

clean:                    ## forget what was installed, built and logged
	rm -rf .venv .local .serverless build mutants node_modules
