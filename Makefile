# One word each; a fresh machine with Python 3.11 needs nothing before `make serve` or `make test`.

BIN := .venv/bin
PY := $(BIN)/python
SEEDS := pyproject.toml constraints.txt hatch_build.py tools/setup.sh $(wildcard tests/interop/node/package*.json)
STOMP ?= 127.0.0.1:61613
HTTP ?= 127.0.0.1:8080
FUZZ_SECONDS ?= 60

.PHONY: help setup serve test compiled lint types cover floors slow bench bench-peers instructions profile docs wheel fuzz all
.DELETE_ON_ERROR:

help:            ## say what there is to say
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

.venv/.serve: $(SEEDS)
	bash tools/setup.sh serve

.venv/.ready: $(SEEDS)
	bash tools/setup.sh develop

setup: .venv/.ready            ## install all that the other commands need

serve: .venv/.serve            ## start the broker and its chat page
	$(BIN)/hoofbeat serve --stomp $(STOMP) --http $(HTTP)

test: .venv/.ready             ## every test but the slow ones
	$(PY) -m pytest $(ARGS)

build/compiled/.made: .venv/.ready tools/compile.py $(shell find src/hoofbeat -name '*.py*' -not -name '*.pyc')
	$(PY) tools/compile.py build/compiled >/dev/null
	touch $@

compiled: build/compiled/.made ## the same tests on the compiled core
	PYTHONPATH=build/compiled CORE=compiled $(PY) -m pytest $(ARGS)

lint: .venv/.ready             ## format, rules, floors, size budget
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(PY) tools/budget.py

types: .venv/.ready            ## mypy, strict
	$(BIN)/mypy

cover: .venv/.ready            ## branch coverage, with its floors
	$(PY) -m pytest --cov --cov-report= --cov-report=json:.coverage.json $(ARGS)
	$(PY) tools/coverage_floors.py .coverage.json

floors:                        # those of the last run under coverage
	$(PY) tools/coverage_floors.py .coverage.json

slow: .venv/.ready             ## tests that take minutes
	$(PY) -m pytest -m slow --timeout=1800 $(ARGS)

bench: .venv/.ready            ## measure, beside the peers that are installed; never fails
	-$(PY) benchmarks/run.py $(ARGS)

instructions: build/compiled/.made  ## count instructions per message; a rise of 5 % fails
	$(PY) benchmarks/instructions.py $(ARGS)

profile: build/compiled/.made  ## draw a flame graph of a broker under load, and list the functions that cost most
	$(PY) benchmarks/flame.py $(ARGS)

bench-peers:                   ## install RabbitMQ, ActiveMQ, NATS, Redis, Mosquitto from Debian; starts none
	bash benchmarks/peers.sh

docs: .venv/.ready             ## build the pages; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir build/docs

wheel: .venv/.ready             ## build the wheels, compiled and plain, and try each in an empty place
	bash tools/wheel.sh

fuzz: .venv/.ready             ## FUZZ_SECONDS for every fuzz target
	bash tools/fuzz.sh $(FUZZ_SECONDS)

all: lint types cover compiled instructions docs wheel fuzz  ## what CI runs
