# make demo: the main job on real data.   make test: the tests that everyone runs.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed
export OMP_WAIT_POLICY = passive

.PHONY: demo test slow check clean

demo: $(STAMP)
	$(BIN)/prunekit examples/demo.yml

test: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n auto --dist loadscope

slow: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n auto --dist loadscope -m slow

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=.dev $(BIN)/lint-imports

$(STAMP): pyproject.toml setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
