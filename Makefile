# Needs only Python 3.11 or later: pip installs uv, which installs the rest.
PYTHON ?= python3
BIN := .venv/bin

# Whatever the environment says, Python keeps what it compiles: a test run starts hundreds of
# processes, and each would compile the same modules again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run test cover check attack audit mutants bench soak chaos scale package smoke rollback docs docs-site fix lock operator clean

run: .venv/ready          ## everything on this machine: DynamoDB, Convoy, the API on port 8080
	@exec $(BIN)/python -m infra.local $(ARGS)

test: .venv/ready         ## every test
	$(TESTS)

cover: .venv/ready        ## every test, and whether some test runs each line and branch of app/: a third slower
	$(TESTS) --cov

TESTS = $(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --max-worker-restart 0 \
  --durations 10

check: .venv/ready .venv/files  ## linters, formatter, types, import rules: clean at every commit
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Check each file by its schema or its linter, only after one has changed.
FILES := $(wildcard .github/*.yml .github/workflows/*.yml .devcontainer/*.json) .pre-commit-config.yaml CHANGELOG.md

.venv/files: .venv/ready $(FILES)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(filter .github/workflows/%,$^)
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --schemafile .devcontainer/schema.json .devcontainer/devcontainer.json
	$(BIN)/zizmor --offline --quiet --persona pedantic .github
	$(BIN)/pre-commit validate-config .pre-commit-config.yaml
	$(BIN)/pytest --quiet --noconftest -p no:hypothesispytest tests/unit/infra/test_changelog.py
	@touch $@

attack: .venv/ready       ## ten times the hostile inputs and crashes of `make test`; TIMES=100: more
	ATTACK=$(or $(TIMES),10) $(BIN)/pytest -q --show-capture=no -o faulthandler_timeout=0 \
	  tests/integration/attack tests/integration/properties

audit: .venv/ready        ## whether a pinned package has a known vulnerability; needs network
	@$(BIN)/uv export --quiet --locked --no-header --no-emit-project --output-file .venv/audited.txt
	@$(UV_RUN) --only-group audit pip-audit --strict --disable-pip --require-hashes -r .venv/audited.txt

UV_RUN = $(BIN)/uv run --quiet --isolated --locked --python $(BIN)/python

mutants: .venv/ready      ## whether a test fails for each small change to the code; takes long
	@rm -rf mutants
	@$(MUTMUT) run --max-children=1
	@! $(MUTMUT) results | grep . || { echo 'error: no test fails for the changes above: $(MUTMUT) show NAME' >&2; exit 1; }

MUTMUT = $(UV_RUN) --group mutants mutmut

bench: .venv/ready        ## compare the project with its peers: tables, benchmarks/results.json, a plot
	$(BIN)/python -m benchmarks.compare $(ARGS)

soak: .venv/ready         ## load, with a Convoy that fails and loses jobs, and kills: 3 minutes; needs Java
	$(BIN)/python -m benchmarks.soak

chaos: .venv/ready        ## load, with a real Convoy whose processes are killed: ARGS=--help; needs Java
	@$(BIN)/python -m benchmarks.chaos $(ARGS)

scale: .venv/ready        ## the figures of docs/scale.md
	$(BIN)/python -m benchmarks.scale

package: .venv/ready      ## the Lambda's zip in build/; for others: ARGS="--arch x86_64 --python 3.12"
	@$(BIN)/python -m infra.package.build $(ARGS)

smoke: .venv/ready        ## whether a deployed stage works: URL=https://… [TOKEN=…]
	@$(BIN)/python -m infra.checks.smoke $(URL)

docs: .venv/ready         ## the documents that come from the code, and examples/; ARGS=--check: whether they are up to date
	$(BIN)/python -m infra.docs.contract $(ARGS)

docs-site: .venv/ready    ## all documents as a site that needs no network: build/site/html/index.html
	@$(BIN)/python -m infra.site.assemble build/site/source
	@$(UV_RUN) --only-group docs-site sphinx-build --quiet --fail-on-warning --keep-going --fresh-env \
	  build/site/source build/site/html

rollback: .venv/ready     ## move a deployed stage back to the versions before its last deployment: STAGE=prod
	@$(BIN)/python -m infra.checks.rollback $(STAGE)

fix: .venv/ready          ## apply the fixes of the linter and the formatter
	$(BIN)/ruff format
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format --quiet

lock: $(BIN)/uv           ## compile uv.lock from pyproject.toml, and export it
	@$(BIN)/uv lock
	@$(EXPORT) --no-dev --prune rich --prune typer --output-file requirements.txt
	@$(EXPORT) --only-group uv --output-file infra/uv.txt

EXPORT = $(BIN)/uv export --quiet --locked --no-header --no-emit-project

operator: $(BIN)/uv       ## install into .venv only what the operator's command needs
	@$(SYNC) --no-dev --inexact

.venv/ready: uv.lock pyproject.toml $(BIN)/uv
	@echo 'Installing the packages of uv.lock into .venv.'
	@$(SYNC)
	@touch $@

SYNC = UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --locked --python $(BIN)/python

$(BIN)/uv: infra/uv.txt $(BIN)/python
	@$(BIN)/python -c '$(NEW_ENOUGH)' .venv 'Delete it: make clean'
	@echo 'Installing uv into .venv.'
	@if uv=$$(command -v uv || command -v $@); then \
	  "$$uv" pip install --quiet --python $(BIN)/python --require-hashes -r infra/uv.txt; \
	else $(BIN)/python -m pip install --quiet --no-compile --require-hashes -r infra/uv.txt; fi
	@touch $@

# Made again if its Python was uninstalled: make does not see a link without a target.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo 'error: $(PYTHON) is not installed. Install Python 3.11 or later, or name it: make PYTHON=...' >&2; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' $(PYTHON) 'Name another: make PYTHON=...'
	@echo 'Making a virtual environment in .venv.'
	@if command -v uv >/dev/null; then uv venv --quiet --allow-existing --python $(PYTHON) .venv; \
	else $(PYTHON) -m venv --clear .venv; fi

NEW_ENOUGH = import sys; sys.version_info >= (3, 11) or sys.exit("error: %s is Python %s, \
  and 3.11 or later is needed. %s" % (sys.argv[1], sys.version.split()[0], sys.argv[2]))

clean:                    ## delete everything that was installed, built and logged
	rm -rf .venv .local .serverless build mutants node_modules
