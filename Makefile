# The verbs of this project, the same here and in CI.
PYTHON ?= python3

.PHONY: style types test cov bench

style:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m pyright --pythonpath $$($(PYTHON) -c 'import sys; print(sys.executable)')

test:
	$(PYTHON) -m pytest

cov:
	$(PYTHON) -m coverage run -m pytest
	$(PYTHON) -m coverage report

bench:
	$(PYTHON) benchmarks/stream.py
	$(PYTHON) benchmarks/batch.py 100000
	$(PYTHON) benchmarks/limits.py rates waiters
