# make demo: the main job on real data.   make test: the tests that everyone runs.
# Each framework has its environment: .venv PyTorch, .venv-mindspore MindSpore, .venv-both the two together.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed
MINDSPORE = .venv-mindspore
BOTH = .venv-both
PYTEST = OMP_NUM_THREADS=1 $(1)/bin/pytest -q -n auto --dist loadscope
export OMP_WAIT_POLICY = passive

.PHONY: demo demo-mindspore test test-mindspore test-both slow check docs clean

demo: $(STAMP)
	$(BIN)/prunekit examples/demo.yml

demo-mindspore: $(MINDSPORE)/.installed
	$(MINDSPORE)/bin/prunekit examples/demo.yml -b mindspore

test: $(STAMP)
	$(call PYTEST,$(VENV))

test-mindspore: $(MINDSPORE)/.installed
	$(call PYTEST,$(MINDSPORE))

test-both: $(BOTH)/.installed  # what only shows where both can be imported
	$(call PYTEST,$(BOTH)) -m 'both and not slow'

slow: $(STAMP)
	$(call PYTEST,$(VENV)) -m slow

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=.dev $(BIN)/lint-imports

docs: $(STAMP)  # pages of docs/ in build/docs; whatever Sphinx warns of is an error
	$(BIN)/python -m sphinx --builder html --nitpicky --fail-on-warning --keep-going --quiet --jobs auto docs build/docs

$(STAMP): pyproject.toml setup.py constraints.txt
	$(call INSTALL,$(VENV),constraints.txt,dev$(,)docs$(,)pytorch)

$(MINDSPORE)/.installed: pyproject.toml setup.py constraints-mindspore.txt
	$(call INSTALL,$(MINDSPORE),constraints-mindspore.txt,dev$(,)mindspore$(,)onnx)

$(BOTH)/.installed: pyproject.toml setup.py constraints-mindspore.txt
	$(call INSTALL,$(BOTH),constraints-mindspore.txt,dev$(,)mindspore$(,)onnx$(,)pytorch)

, := ,
define INSTALL
	$(PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --quiet --constraint $(2) --editable '.[$(3)]'
	touch $(1)/.installed
endef

clean:
	rm -rf $(VENV) $(MINDSPORE) $(BOTH) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
