# Targets create .venv when it is missing; only Python 3.11+ is needed beforehand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := --crm reports/demo/crm/crm.yaml --model reports/demo/crm/model.yaml \
  --set cost_ratio=0.11 --output reports/demo

.PHONY: venv demo test coverage test-slow lint bench notebooks sample clean

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: venv  ## draw the demo CRM and render its quarterly audit
	$(BIN)/leadscore demo --output reports/demo

test: venv  ## every test but the slow simulations, on all processors
	$(BIN)/python -m pytest -n auto

coverage: venv  ## the same tests, with the lines that none of them reaches
	$(BIN)/python -m pytest -n auto --cov

test-slow: venv  ## the simulations at full size
	$(BIN)/python -m pytest -m slow

lint: venv  ## format, lint, types, contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

sample: demo  ## make the sample reports anew, on the demo data
	$(BIN)/leadscore report threshold_review $(DEMO) --set capacity_per_week=25 \
	  --set nurture_gain=0.4 --set nurture_cost=0.1
	$(BIN)/leadscore report weight_review $(DEMO)
	mkdir -p reports/sample
	cp reports/demo/*.html reports/demo/*.facts.json reports/demo/weight_review.proposal.yaml \
	  reports/demo/weight_review.diff.md reports/sample/

bench: venv  ## the measurements of the README
	$(BIN)/python -m benchmarks

notebooks: venv  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

clean:
	rm -rf $(VENV) build dist reports/demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
