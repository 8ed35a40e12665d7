# What you need from day to day; `make` alone lists it. Written for GNU make 3.81 and later.

VENV := .venv
PYTHON := $(VENV)/bin/python
PYTHONS ?= python3.13 python3.12 python3.11 python3 python3.14
CODE := config letters signatories

CHECK_DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
CHECK_REDIS_URL ?= redis://127.0.0.1:6379/9
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)

.PHONY: help run test check mutations mix lint format requirements manage clean

help:  ## List these commands
	@echo "Undersigned. Start with: make run"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' Makefile

run: $(VENV)/.run  ## Start everything: http://127.0.0.1:8000 (another port: PORT=8001 make run)
	@exec $(PYTHON) -m config.run

test: $(VENV)/.dev  ## Run the tests that need no services (some of them: ARGS="tests/letters -k seed")
	@unset DATABASE_URL REDIS_URL EMAIL_URL; \
	exec $(PYTHON) -m pytest -n auto --dist worksteal -m "not browser and not services" $(ARGS)

# The keys live as long as one command. Each line that needs them starts with this.
define as_in_production
folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && unset DATABASE_URL REDIS_URL EMAIL_URL && \
export VAR_DIR="$$folder" KEYS_DIR="$$folder/keys" DEBUG=0 \
	SITE_URL=https://letters.example.org ALLOWED_HOSTS=letters.example.org \
	SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	FIELD_KEYS="$$($(PYTHON) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')"
endef

check: lint  ## Run every check: lint, types, templates, migrations, all tests on real services
	@echo "== types" && $(as_in_production) && $(PYTHON) -m mypy $(CODE)
	@echo "== templates" && $(PYTHON) -m djlint --lint $(CODE)
	@echo "== migrations" && $(as_in_production) && $(PYTHON) manage.py makemigrations --check --dry-run
	@echo "== production settings" && $(as_in_production) && $(PYTHON) manage.py check --deploy --fail-level WARNING
	@echo "== services"
	@$(PYTHON) -c 'import sys, psycopg; psycopg.connect(sys.argv[1], connect_timeout=5)' '$(CHECK_DATABASE_URL)' 2>/dev/null || { \
		echo "make check needs a PostgreSQL server at $(CHECK_DATABASE_URL)."; \
		echo "Start one, name another one with CHECK_DATABASE_URL=…, or use .ci/run, which does it."; exit 1; }
	@$(PYTHON) -c 'import sys, redis; redis.from_url(sys.argv[1], socket_connect_timeout=5).ping()' '$(CHECK_REDIS_URL)' 2>/dev/null || { \
		echo "make check needs a Redis server at $(CHECK_REDIS_URL)."; \
		echo "Start one, name another one with CHECK_REDIS_URL=…, or use .ci/run, which does it."; exit 1; }
	@test -x "$(CHROMIUM)" || { \
		echo "make check needs Chromium for the browser tests (apt install chromium)."; \
		echo "Where it is not on the PATH, name it: CHROMIUM=/path/to/chromium make check"; exit 1; }
	@echo "== tests on PostgreSQL and Redis, with browser" && unset EMAIL_URL && \
	CHROMIUM="$(CHROMIUM)" DATABASE_URL='$(CHECK_DATABASE_URL)' REDIS_URL='$(CHECK_REDIS_URL)' \
		$(PYTHON) -m pytest -n auto --dist worksteal $(ARGS)

mutations: $(VENV)/.dev  ## Take out each guard behind a promise and see a test fail (some: ARGS="batch seal")
	@unset DATABASE_URL REDIS_URL EMAIL_URL; exec $(PYTHON) -m tests.mutations $(ARGS)

mix: $(VENV)/.dev  ## Let genuine people, bots, jokers and floods sign, and count (how many: MIX_GENUINE=3000)
	@unset DATABASE_URL REDIS_URL EMAIL_URL; \
	MIX_GENUINE="$${MIX_GENUINE:-3000}" exec $(PYTHON) -m pytest -q -s --show-capture=no tests/mix

lint: $(VENV)/.dev  ## Check style and format of the code
	@echo "== lint" && $(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check .

format: $(VENV)/.dev  ## Put the code into shape
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

manage: $(VENV)/.run  ## Run a management command: make manage ARGS="createsuperuser"
	@$(PYTHON) -m config.run keys && exec env DEBUG="$${DEBUG:-1}" $(PYTHON) manage.py $(ARGS)

requirements: $(VENV)/.run  ## Pin requirements*.txt anew (newer versions: ARGS=--upgrade)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check uv
	$(PYTHON) -m uv pip compile $(COMPILE) requirements.in -o requirements.txt
	$(PYTHON) -m uv pip compile $(COMPILE) -c requirements.txt requirements-dev.in -o requirements-dev.txt

COMPILE = --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-annotate $(ARGS)

clean:  ## Remove the virtual environment and caches; your data in var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(CODE) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The virtual environment. A stamp is older than the file it depends on only where that
# file has changed, so that a second start installs nothing.

# Errors only: what pip says about where it looks concerns nobody here.
INSTALL := $(PYTHON) -m pip install -qq --no-color --disable-pip-version-check --no-input --require-hashes

$(VENV)/.run: requirements.txt $(VENV)/.made
	@echo "Installing what Undersigned needs (about half a minute, only once) …"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@echo "Installing what the tests and checks need (about half a minute, only once) …"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

# An environment whose Python has been removed or replaced is made anew.
ifneq ($(shell $(PYTHON) -c 'print("works")' 2>/dev/null),works)
.PHONY: $(VENV)/.made
endif

IS_RECENT := import sys; sys.exit(sys.version_info < (3, 11))

$(VENV)/.made:
	@if $(PYTHON) -c '$(IS_RECENT)' 2>/dev/null && $(PYTHON) -m pip --version >/dev/null 2>&1; then touch $@; exit; fi; lacking=; \
	for python in $(PYTHONS); do \
		$$python -c '$(IS_RECENT)' 2>/dev/null || continue; \
		$$python -c 'import venv, ensurepip' 2>/dev/null || { lacking=$$python; continue; }; \
		echo "Making a virtual environment in $(VENV) with $$($$python --version) …"; \
		rm -rf $(VENV) && $$python -m venv $(VENV) && touch $@; exit; \
	done; \
	if [ "$$lacking" ]; then \
		version=$$($$lacking -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "Python $$version is here, but without its venv module. On Debian or Ubuntu: apt install python$$version-venv"; \
	else \
		echo "Undersigned needs Python 3.11 or later, and none was found on the PATH."; \
		echo "On Debian: apt install python3 python3-venv. On macOS: brew install python@3.13"; \
	fi; exit 1
